// Why something of the operating system did not work: a sentence for a person, and the error number
// for code that decides by it. A value; travels in base::Result.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace runtime {

struct Failure {
  int code = 0;  // errno; 0 when the reason is none of the kernel's.
  std::string message;
};

template <class T>
using Outcome = base::Result<T, Failure>;

// "what: text of the error number".
Failure system_failure(std::string_view what, int code);
// The text alone, without the locking and the static buffer of strerror().
std::string error_text(int code);

}  // namespace runtime
