// The process's signals as readable events of one loop: no handlers, nothing asynchronous. Block
// them in the main thread before any other starts (threads inherit it), then watch fd() and take()
// until empty.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/failure.h"
#include "runtime/fd.h"

namespace runtime {

enum class Signal : std::uint8_t { interrupt, terminate, hangup, user1, user2, reopen_logs };

// SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGRTMIN wait for a Signals; SIGPIPE is ignored.
void block_signals();

class Signals final {
 public:
  // Needs block_signals() before.
  static Outcome<Signals> create();
  int fd() const { return fd_.get(); }
  std::optional<Signal> take();

 private:
  explicit Signals(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace runtime
