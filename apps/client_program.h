// The start of `midge pub` and `midge sub`: under which name they were called, their options from
// files and command line, their --help. Reads the options file; prints; starts nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client_options.h"

namespace apps {

struct Program {
  Tool tool;
  std::string name;  // "midge pub", or "mosquitto_pub".
  bool is_mosquitto = false;
};
Program program_of(Tool tool, std::string_view argv0);

// A descriptor that the program was started without would be given to a socket, and what is printed
// would go there.
void fill_standard_descriptors();

std::string help_text(const Program& program);

// What is left to do, or the exit status when --help or a mistake in the options ended it; then all
// is said already.
base::Result<ClientOptions, int> options_from(const Program& program, int argc, char** argv);

}  // namespace apps
