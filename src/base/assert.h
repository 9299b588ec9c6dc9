// ASSERT: our own mistakes stop the process, in release too; a wrong broker is worse than a
// restarted one. One condition each; never on what a peer, a file or a person can cause.
#pragma once

namespace base {
[[noreturn]] void assertion_failed(const char* file, int line, const char* condition);
}

#define ASSERT(condition)                                                                 \
  do {                                                                                    \
    if (!(condition)) [[unlikely]] {                                                      \
      ::base::assertion_failed(static_cast<const char*>(__FILE__), __LINE__, #condition); \
    }                                                                                     \
  } while (false)

// For a place that a switch over all enumerators cannot reach.
#define UNREACHABLE() \
  ::base::assertion_failed(static_cast<const char*>(__FILE__), __LINE__, "reached")
