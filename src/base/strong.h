// A number that says what it is: Strong<struct PacketIdTag, std::uint16_t> is no other 16-bit
// number.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace base {

template <class Tag, class Rep>
struct Strong {
  Rep value{};
  constexpr auto operator<=>(const Strong&) const = default;

  template <class H>
  friend H AbslHashValue(H state, const Strong& s) {
    return H::combine(std::move(state), s.value);
  }
};

}  // namespace base

template <class Tag, class Rep>
struct std::hash<base::Strong<Tag, Rep>> {
  std::size_t operator()(const base::Strong<Tag, Rep>& s) const {
    return std::hash<Rep>{}(s.value);
  }
};
