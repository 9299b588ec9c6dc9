// Asks a person for a new password, twice and without echo; from a pipe it reads two lines. The
// terminal is as before when it returns, and also when a signal ends the process meanwhile.
#pragma once

#include <cstdio>
#include <string>

#include "base/result.h"

namespace apps {

struct PromptError {
  std::string message;
  int exit_status;  // As mosquitto_passwd's: 1 for an empty password, 2 for two that differ.
};
// Reads standard input; the prompts go to `screen`.
base::Result<std::string, PromptError> ask_new_password(std::FILE* screen);

}  // namespace apps
