#include "runtime/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/assert.h"

namespace runtime {

namespace {

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGRTMIN}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

Signal named(std::uint32_t number) {
  switch (static_cast<int>(number)) {
    case SIGINT:
      return Signal::interrupt;
    case SIGTERM:
      return Signal::terminate;
    case SIGHUP:
      return Signal::hangup;
    case SIGUSR1:
      return Signal::user1;
    case SIGUSR2:
      return Signal::user2;
    default:
      ASSERT(static_cast<int>(number) == SIGRTMIN);
      return Signal::reopen_logs;
  }
}

}  // namespace

void block_signals() {
  const sigset_t set = watched_signals();
  ASSERT(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  ASSERT(::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

Outcome<Signals> Signals::create() {
  const sigset_t set = watched_signals();
  Fd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.is_open()) return base::Error{system_failure("creating a signalfd", errno)};
  return Signals(std::move(fd));
}

std::optional<Signal> Signals::take() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return named(info.ssi_signo);
}

}  // namespace runtime
