// Planted bugs: mistakes built into the product on purpose, one at a time, to prove that the
// simulator finds them (docs/simulator.md). Only builds with MIDGE_PLANTED_BUGS have them; in all
// others planted() is constantly false and the compiler removes what it guards.
#pragma once

#include <string_view>

namespace base {

#ifdef MIDGE_PLANTED_BUGS
// The one that is on. Set before anything runs; never while threads do.
inline std::string_view planted_bug{};
inline bool planted(std::string_view name) {
  return name == planted_bug;
}
#else
constexpr bool planted(std::string_view) {
  return false;
}
#endif

}  // namespace base
