// What all shards share: immutable, or safe to use from any thread. Built by `server` (or the
// simulator) and outlives the shards.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log.h"
#include "broker/metrics.h"
#include "config/config.h"
#include "hook/hooks.h"
#include "protocol/connection.h"
#include "session/message.h"
#include "session/publisher.h"
#include "topic/interest_table.h"
#include "topic/retained.h"

namespace broker {

using session::PublisherRef;

struct Retained {
  session::MessageRef message;
  PublisherRef publisher;
};
using RetainedStore = topic::RetainedStore<Retained>;
inline std::size_t size_of(const Retained& retained) {
  return retained.message->size();
}

// One listener as the shards see it.
struct ListenerState {
  const config::Listener* options = nullptr;
  protocol::Limits limits;
  bool allow_anonymous = false;
  std::atomic<std::uint32_t> connections{0};
};

// Counts over all shards that limits are compared with.
struct Totals {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> sessions{0};
  std::atomic<std::uint64_t> sessions_max{0};  // The most connected at a time, so far.
  std::atomic<std::uint64_t> online{0};
  std::atomic<std::uint64_t> message_bytes{0};  // Waiting in queues, for memory_limit.
  std::atomic<std::uint64_t> retained_sequence{0};
};

struct Environment {
  const config::Config& config;
  const hook::Hooks& hooks;
  Log& log;
  std::vector<ListenerState>& listeners;  // In the order of config.listeners.
  topic::InterestTable& interest;
  RetainedStore& retained;
  Totals& totals;
  std::vector<Metrics>& metrics;  // By shard.
  std::string_view program =
      "midge";  // What $SYS/broker/version calls it; a literal or as long-lived.

  std::size_t shards() const { return metrics.size(); }
};

// The limits and the anonymous rule of each listener, from its options.
std::vector<ListenerState> listener_states(const config::Config& config);

}  // namespace broker
