// Documents made from the option declarations, so that they can't disagree with the parser. Pure.
#pragma once

#include <string>

namespace config {

std::string option_reference_markdown();  // docs/reference/options.md
std::string example_config();             // Every option with its default, commented out.
std::string man_page();                   // midge.conf(5), roff.

}  // namespace config
