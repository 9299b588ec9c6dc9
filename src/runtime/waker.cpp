#include "runtime/waker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace runtime {

Outcome<Fd> Waker::create_event_fd() {
  Fd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.is_open()) return base::Error{system_failure("creating an eventfd", errno)};
  return fd;
}

void Waker::wake() {
  if (state_.exchange(State::notified) != State::sleeping) return;
  written_.fetch_add(1, std::memory_order_relaxed);
  // Watched edge-triggered, so nobody reads it: each write is an event, and 2^64 of them don't
  // happen.
  const std::uint64_t one = 1;
  ASSERT(::write(event_fd_.get(), &one, sizeof one) == sizeof one);
}

bool Waker::try_sleep() {
  State expected = State::running;
  return state_.compare_exchange_strong(expected, State::sleeping);
}

void Waker::awake() {
  state_.exchange(State::running);
}

}  // namespace runtime
