// The standard's small nouns: versions, packet types, QoS, packet identifiers, faults.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/strong.h"
#include "wire/reason_code.h"

namespace wire {

// Protocol Level / Protocol Version byte of CONNECT (MQTT 5, 3.1.2.2).
enum class Version : std::uint8_t { v31 = 3, v311 = 4, v5 = 5 };

// MQTT Control Packet types, bits 7-4 of the first byte (MQTT 5, 2.1.2).
enum class PacketType : std::uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth,
};
std::string_view name_of(PacketType type);  // "CONNECT"

enum class Qos : std::uint8_t { at_most_once, at_least_once, exactly_once };
constexpr Qos min(Qos a, Qos b) {
  return a < b ? a : b;
}
constexpr Qos max(Qos a, Qos b) {
  return a < b ? b : a;
}

// Never zero on the wire; zero means "none", as in a PUBLISH of QoS 0.
using PacketId = base::Strong<struct PacketIdTag, std::uint16_t>;

// Who sent a packet: some packets, properties and reason codes are for one direction only.
enum class Sender : std::uint8_t { client, server };

// What is wrong with a peer's bytes: the reason code that the standard names and a sentence for the
// log and the Reason String. `what` is a literal; empty means that nothing is wrong.
struct Fault {
  ReasonCode reason = ReasonCode::success;
  std::string_view what{};

  constexpr bool none() const { return what.empty(); }
};
constexpr Fault malformed(std::string_view what) {
  return {ReasonCode::malformed_packet, what};
}
constexpr Fault protocol_error(std::string_view what) {
  return {ReasonCode::protocol_error, what};
}

// The largest Remaining Length and the largest packet (MQTT 5, 2.1.4): four length bytes.
inline constexpr std::uint32_t remaining_length_max = 268'435'455;
inline constexpr std::uint32_t packet_size_max = remaining_length_max + 5;

}  // namespace wire
