// Counters of one shard. The shard's thread writes them, any thread may read: a reader sees each
// value as it was a moment ago, and the sum over shards is good enough for $SYS.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace broker {

// One writer, so no atomic read-modify-write is needed.
class Counter final {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) { add(~n + 1); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Why a message did not reach a client. Each has a topic
// $SYS/broker/publish/messages/dropped/<name>.
enum class Drop : std::uint8_t {
  queue_full,        // max_queued_messages, max_queued_bytes.
  output_full,       // max_output_bytes, at QoS 0.
  packet_too_large,  // The client's Maximum Packet Size.
  expired,           // Message Expiry Interval.
  session_ended,     // Was still queued when its session was discarded.
  not_authorized,    // PUBLISH refused by the access rules.
  message_size_limit,
  memory_limit,
  no_member,  // A shared subscription's last member went while the message was on its way.
};
inline constexpr std::size_t drop_reasons = 9;
constexpr std::array<std::string_view, drop_reasons> drop_names{
    "queue_full",     "output_full",        "packet_too_large", "expired",  "session_ended",
    "not_authorized", "message_size_limit", "memory_limit",     "no_member"};

struct Metrics {
  Counter bytes_received;
  Counter bytes_sent;
  Counter packets_received;
  Counter packets_sent;
  Counter publishes_received;
  Counter publishes_sent;
  Counter publish_bytes_received;  // Payload.
  Counter publish_bytes_sent;
  Counter sockets_opened;
  Counter connects;  // CONNECT packets.
  std::array<Counter, drop_reasons> dropped;
  Counter clients_expired;
  // What is there now.
  Counter sockets;
  Counter sessions;
  Counter sessions_online;
  Counter subscriptions;
  Counter shared_subscriptions;
  Counter queued_messages;
  Counter queued_bytes;
  Counter output_packets;  // Not yet taken by the network.
  Counter output_bytes;

  Counter& drops(Drop why) { return dropped[static_cast<std::size_t>(why)]; }
};

}  // namespace broker
