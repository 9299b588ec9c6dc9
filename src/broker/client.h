// A network connection and what the broker knows of who is at its other end. Owned by one shard at
// a time; moves once, after CONNECT, to the shard that its client id belongs to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/strong.h"
#include "base/timer_wheel.h"
#include "broker/environment.h"
#include "protocol/connection.h"
#include "session/session.h"

namespace broker {

// A connection's place in its shard; used again when the connection has gone.
using ConnectionId = base::Strong<struct ConnectionIdTag, std::uint32_t>;

struct Peer {
  std::string address;     // "192.0.2.1", "2001:db8::1", or the path of a unix socket.
  std::uint16_t port = 0;  // 0: a unix socket.
};

// CONNECT, copied: it has to outlive the buffer, and perhaps a move and a password check.
struct ConnectRequest {
  wire::Version version = wire::Version::v311;
  bool is_bridge = false;
  bool clean_start = true;
  std::uint16_t keep_alive = 0;
  std::string client_id;
  bool is_assigned_id = false;  // The broker made it up.
  std::optional<std::string> user_name;
  std::optional<std::string> password;  // Gone as soon as it was checked.
  std::optional<session::Will> will;
  base::Seconds expiry{0};            // Granted.
  base::Seconds asked_expiry{0};      // MQTT 5.
  std::optional<std::string> method;  // Enhanced authentication.
  std::optional<std::string> method_data;
};

// A filter whose retained messages are on their way to a client, slice by slice.
struct RetainedDelivery {
  std::string filter;
  std::unique_ptr<RetainedStore::Cursor> cursor;
  session::Subscription subscription;
  std::vector<Retained> slice{};  // Collected; those before `next` are delivered.
  std::size_t next = 0;
  bool is_held = false;           // The slice was collected in an earlier turn.
  bool has_more = true;           // Behind the slice.
  bool waits_for_window = false;  // What is next has QoS 1 or 2 and found no room in flight.
};

struct Client {
  Client(ListenerState& of, std::uint16_t number, Peer from, std::uint64_t unique,
         base::Instant now)
      : machine(protocol::Role::server, of.limits, now),
        listener(&of),
        listener_number(number),
        peer(std::move(from)),
        serial(unique) {}

  protocol::Connection machine;
  ListenerState* listener;
  std::uint16_t listener_number;
  Peer peer;
  std::uint64_t
      serial;  // Never used twice in a shard: tells a late answer that its client has gone.
  ConnectionId id{};
  session::Session* session = nullptr;      // Once accepted, until the connection is given up.
  std::unique_ptr<ConnectRequest> request;  // From CONNECT until accepted.
  std::string method;                       // Authentication Method, when there is one.
  std::uint32_t authentication_round = 0;
  PublisherRef publisher;
  base::TimerId timer{};  // For CONNECT to come, then keep alive.
  std::vector<RetainedDelivery> retained;
  std::size_t unsent_packets = 0;   // Since its output was empty last.
  std::size_t counted_packets = 0;  // Of it and of its output, what is in the shard's figures.
  std::size_t counted_bytes = 0;
  bool is_touched = false;
  bool is_held_back = false;  // It filled a lane: nothing is read from it until that has drained.
  bool is_over = false;       // Given up; what is left is to write out and close.
};

}  // namespace broker
