#include "runtime/failure.h"

#include <system_error>

namespace runtime {

std::string error_text(int code) {
  return std::generic_category().message(code);
}

Failure system_failure(std::string_view what, int code) {
  return {code, std::string(what) + ": " + error_text(code)};
}

}  // namespace runtime
