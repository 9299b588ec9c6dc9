// The planted bugs (base/planted.h): the whole list, and the search for each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sim {

struct Planted {
  std::string_view name;  // As in the product's code.
  std::string_view what;
};
std::span<const Planted> all_planted();
// Empty: none is on. False: this build has none, or not this one.
bool plant(std::string_view name);

}  // namespace sim
