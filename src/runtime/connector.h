// Connects to the first of several addresses that answers, one after the other, each with a fair
// share of the time that is left. Lives on one loop's thread; driven by its events and the time it
// is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "runtime/event_loop.h"
#include "runtime/failure.h"
#include "runtime/fd.h"
#include "runtime/socket_address.h"

namespace runtime {

enum class Connecting : std::uint8_t { in_progress, connected, failed };

class Connector final {
 public:
  // Events come with `token`. `addresses`: at least one, best first. `from`: local address to bind,
  // port 0 for any.
  Connector(EventLoop& loop, std::uint64_t token, std::vector<SocketAddress> addresses,
            base::Instant give_up, std::optional<SocketAddress> from = std::nullopt);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector() { abandon(); }

  Connecting start(base::Instant now);
  // An event with our token.
  Connecting on_ready(base::Instant now);
  // At or after deadline().
  Connecting advance(base::Instant now);
  base::Instant deadline() const { return attempt_ends_; }

  // After `connected`, once: non-blocking, TCP_NODELAY set, not watched by the loop.
  Fd take();
  const SocketAddress& peer() const { return addresses_[current_]; }
  // After `failed`: what the last address said.
  const Failure& failure() const { return failure_; }

 private:
  Connecting try_from(std::size_t index, base::Instant now);
  bool open(base::Instant now);
  Connecting finish();
  void note_failure(int code);
  void abandon();

  EventLoop& loop_;
  std::uint64_t token_;
  std::vector<SocketAddress> addresses_;
  std::optional<SocketAddress> from_;
  base::Instant give_up_;
  base::Instant attempt_ends_ = base::Instant::never();
  std::size_t current_ = 0;
  Fd fd_;
  Watch watch_;
  Failure failure_;
};

}  // namespace runtime
