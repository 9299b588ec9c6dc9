#include "runtime/fd.h"

#include <unistd.h>

namespace runtime {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

// Not repeated when interrupted: on Linux the descriptor is gone whatever close() says, and may
// already be another thread's.
void Fd::reset() {
  if (fd_ >= 0) ::close(release());
}

}  // namespace runtime
