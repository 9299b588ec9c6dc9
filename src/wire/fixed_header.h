// Internal to wire: the flags of the fixed header (MQTT 5, 2.1.3) and who may send which packet.
#pragma once

#include <cstdint>

#include "wire/packet.h"
#include "wire/types.h"

namespace wire {

inline constexpr unsigned publish_dup = 0x08;
inline constexpr unsigned publish_qos_shift = 1;
inline constexpr unsigned publish_retain = 0x01;

// The constant flags of every packet but PUBLISH [MQTT-2.1.3-1].
constexpr std::uint8_t reserved_flags(PacketType type) {
  const bool is_request = type == PacketType::pubrel || type == PacketType::subscribe ||
                          type == PacketType::unsubscribe;
  return is_request ? 2 : 0;
}

constexpr std::uint8_t first_byte(PacketType type, unsigned flags) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags);
}
template <class P>
constexpr std::uint8_t first_byte(const P& /*packet*/) {
  return first_byte(P::type, reserved_flags(P::type));
}
constexpr std::uint8_t first_byte(const Publish& packet) {
  return first_byte(PacketType::publish, (packet.dup ? publish_dup : 0) |
                                             static_cast<unsigned>(packet.qos)
                                                 << publish_qos_shift |
                                             (packet.retain ? publish_retain : 0));
}

}  // namespace wire
