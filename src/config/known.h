// Names that Mosquitto 2.1 knows and that are not options of Midge: not there yet, without effect,
// or long dead. So that an error or a warning can say which, and nothing is ignored silently.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace config {

enum class Standing : std::uint8_t { not_yet, without_effect, dead };

struct Known {
  std::string_view name;
  Standing standing;
  std::string_view about;  // not_yet: what it belongs to; else: why it does nothing.
};

// Null: not one of these. plugin_opt_* and auth_opt_* are found by what they start with.
const Known* find_known(std::string_view name);
const std::vector<Known>& known_options();

}  // namespace config
