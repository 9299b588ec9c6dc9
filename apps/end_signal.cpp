#include "end_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "base/assert.h"

namespace apps {
namespace {

std::atomic<int> event{-1};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler reads it");

void on_signal(int) {
  const int saved = errno;
  const std::uint64_t one = 1;
  // A full counter is readable already.
  [[maybe_unused]] const ssize_t written = ::write(event.load(), &one, sizeof one);
  errno = saved;
}

void set_handler(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;  // Without SA_RESTART: a blocked write returns.
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

EndSignal::EndSignal() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  ASSERT(event.load() < 0);
  event.store(event_.get());
  set_handler(on_signal);
}

EndSignal::~EndSignal() {
  set_handler(SIG_DFL);
  event.store(-1);
}

}  // namespace apps
