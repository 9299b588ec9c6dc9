// Sockets that said their last word and wait for the peer to close: closing with bytes unread makes
// the kernel send a reset, which may destroy the DISCONNECT or CONNACK before the peer has read it.
// Bounded in number and time; beyond that they are just closed. Owned by a shard's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "runtime/event_loop.h"
#include "runtime/fd.h"

namespace server {

class Farewells final {
 public:
  explicit Farewells(runtime::EventLoop& loop) : loop_(loop) {}

  // Tokens of the loop from here on are this object's.
  static constexpr std::uint64_t first_token = std::uint64_t{1} << 62U;
  static constexpr std::size_t sockets_max = 1024;
  static constexpr base::Duration patience = std::chrono::seconds{1};

  void add(runtime::Fd fd, base::Instant now);
  void on_ready(std::uint64_t token);
  // Closes those whose time is up.
  void advance(base::Instant now);
  base::Instant deadline() const;
  bool empty() const { return waiting_ == 0; }

 private:
  struct Place {
    runtime::Fd fd;
    runtime::Watch watch;
    base::Instant deadline;
  };
  void drop(Place& place);

  runtime::EventLoop& loop_;
  std::vector<Place> places_;
  std::size_t waiting_ = 0;
};

}  // namespace server
