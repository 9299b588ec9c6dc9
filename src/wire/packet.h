// The 15 MQTT Control Packets as values. Everything in them is a view into the bytes they were
// decoded from or will be encoded from: nothing is owned, nothing is copied. Layouts are in
// layout.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "wire/property.h"
#include "wire/types.h"

namespace wire {

struct Will {
  Qos qos = Qos::at_most_once;
  bool retain = false;
  Properties properties{};
  std::string_view topic{};
  base::Bytes payload{};
};

struct Connect {
  static constexpr PacketType type = PacketType::connect;
  Version version = Version::v311;
  bool bridge = false;  // Bit 7 of the level byte: a private extension of bridges.
  bool clean_start = true;
  std::uint16_t keep_alive = 0;  // Seconds; 0 is off.
  Properties properties{};
  std::string_view client_id{};
  std::optional<Will> will{};
  std::optional<std::string_view> user_name{};
  std::optional<base::Bytes> password{};
};

struct Connack {
  static constexpr PacketType type = PacketType::connack;
  bool session_present = false;
  std::uint8_t code = 0;  // A ReasonCode in MQTT 5, a ConnectReturnCode before.
  Properties properties{};
};

struct Publish {
  static constexpr PacketType type = PacketType::publish;
  bool dup = false;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  std::string_view topic{};
  PacketId id{};  // Zero at QoS 0.
  Properties properties{};
  base::Bytes payload{};
};

template <PacketType packet_type>
struct Acknowledgement {
  static constexpr PacketType type = packet_type;
  PacketId id{};
  ReasonCode reason = ReasonCode::success;
  Properties properties{};
};
using Puback = Acknowledgement<PacketType::puback>;
using Pubrec = Acknowledgement<PacketType::pubrec>;
using Pubrel = Acknowledgement<PacketType::pubrel>;
using Pubcomp = Acknowledgement<PacketType::pubcomp>;

// Subscription Options (MQTT 5, 3.8.3.1); before MQTT 5 only the QoS exists.
enum class RetainHandling : std::uint8_t { send, send_if_new, do_not_send };
struct SubscriptionRequest {
  std::string_view filter{};
  Qos qos = Qos::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;
};

struct Subscribe {
  static constexpr PacketType type = PacketType::subscribe;
  PacketId id{};
  Properties properties{};
  std::vector<SubscriptionRequest> requests{};
};

struct Suback {
  static constexpr PacketType type = PacketType::suback;
  PacketId id{};
  Properties properties{};
  std::vector<ReasonCode> codes{};
};

struct Unsubscribe {
  static constexpr PacketType type = PacketType::unsubscribe;
  PacketId id{};
  Properties properties{};
  std::vector<std::string_view> filters{};
};

struct Unsuback {
  static constexpr PacketType type = PacketType::unsuback;
  PacketId id{};
  Properties properties{};
  std::vector<ReasonCode> codes{};  // None before MQTT 5.
};

struct Pingreq {
  static constexpr PacketType type = PacketType::pingreq;
};
struct Pingresp {
  static constexpr PacketType type = PacketType::pingresp;
};

struct Disconnect {
  static constexpr PacketType type = PacketType::disconnect;
  ReasonCode reason = ReasonCode::normal_disconnection;
  Properties properties{};
};

struct Auth {
  static constexpr PacketType type = PacketType::auth;
  ReasonCode reason = ReasonCode::success;
  Properties properties{};
};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe,
                            Suback, Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

}  // namespace wire
