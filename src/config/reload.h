// What differs between the Config in use and a new one, and when each difference takes effect.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace config {

struct Difference {
  std::string option;
  std::string listener;  // "1883", "1883 host" or "0 /path"; empty for a global option.
  std::string was;
  std::string is;
  Reload takes_effect = Reload::live;
  std::string text() const;  // A sentence for the log.
};

std::vector<Difference> differences(const Config& running, const Config& wanted);

}  // namespace config
