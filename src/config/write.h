// A Config as text. Pure.
#pragma once

#include <string>

#include "config/config.h"

namespace config {

// A configuration file that parses to the same Config; only what was given, not the defaults.
std::string text_of(const Config& config);

}  // namespace config
