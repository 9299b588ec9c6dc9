// How a client connects, and its limits. Plain values: fill in, hand to Client, forget.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "wire/property.h"
#include "wire/types.h"

namespace midge {

using wire::PropertyId;
using wire::PropertyList;
using wire::Qos;
using wire::ReasonCode;
using wire::Version;
using Properties = wire::Properties;

struct Will {
  std::string topic{};
  std::string payload{};
  Qos qos = Qos::at_most_once;
  bool retain = false;
  PropertyList properties{};  // MQTT 5.
};

// What happens when a connection fails or ends without disconnect(). The pause doubles from `first`
// to `most` and is drawn between half of it and all of it, so that clients do not come back in
// step.
struct ReconnectPolicy {
  bool enabled = false;
  std::chrono::milliseconds first{1'000};
  std::chrono::milliseconds most{60'000};
  std::uint32_t attempts_max = 0;  // In a row; 0: no limit.
  // Refusals that trying again does not mend (wrong password, not authorized, bad client
  // identifier, ...) end the client unless this is set.
  bool after_permanent_refusal = false;
};

// What happens to subscriptions when the server comes back without the session.
enum class Resubscribe : std::uint8_t {
  never,
  when_session_is_gone,  // Only if CONNACK has Session Present 0.
  always,                // After each reconnect.
};

struct Options {
  // ---- where
  std::string host = "localhost";
  std::uint16_t port = 1883;
  std::string unix_socket{};   // A path: host and port are not used then.
  std::string bind_address{};  // Local address or host name to connect from.
  bool tcp_nodelay = true;
  // From connect() to CONNACK, name lookup included.
  std::chrono::milliseconds connect_timeout{30'000};

  // ---- CONNECT
  Version version = Version::v5;
  std::string client_id{};        // Empty: the server chooses (not in MQTT 3.1).
  bool clean_start = true;        // On the first connect; reconnects resume the session.
  std::uint16_t keep_alive = 60;  // Seconds; 0 is off.
  std::optional<std::string> user_name{};
  std::optional<std::string> password{};
  std::optional<Will> will{};
  // MQTT 5. A property given here wins over the field of the same name below.
  PropertyList properties{};
  std::optional<std::uint32_t> session_expiry{};  // Seconds; 0xFFFFFFFF: never.
  std::optional<std::uint16_t> receive_maximum{};
  // Of what the server may send us, in bytes; bounds memory in any version of MQTT.
  std::optional<std::uint32_t> packet_size_max{};
  std::uint16_t topic_alias_maximum = 0;  // Of aliases that the server may use.

  // ---- limits of what is sent
  // QoS 1 and 2 at once; the server's Receive Maximum bounds it too.
  std::uint16_t in_flight_max = 20;
  // Not yet sent publishes, and the bytes that wait for the socket. Beyond either publish() is
  // queue_full.
  std::size_t queue_max = 1'000;
  std::size_t output_bytes_max = 1 << 20;
  std::size_t requests_max = 1'000;         // SUBSCRIBE and UNSUBSCRIBE without an answer yet.
  std::size_t subscriptions_max = 100'000;  // Remembered to subscribe again.
  // Topic aliases of our own; the server's Topic Alias Maximum bounds them too. 0: none, then a
  // publish may name one itself (property topic_alias).
  std::uint16_t topic_aliases_out_max = 0;
  // QoS 0 publishes while there is no connection: kept in the queue, or an error (not_connected).
  bool queue_qos0_offline = true;

  ReconnectPolicy reconnect{};
  Resubscribe resubscribe = Resubscribe::when_session_is_gone;
};

}  // namespace midge
