#include "wire/types.h"

#include <array>
#include <cstddef>

namespace wire {
namespace {

constexpr std::array<std::string_view, 16> packet_names{
    "RESERVED", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
    "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
    "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH"};
static_assert(packet_names[static_cast<std::size_t>(PacketType::auth)] == "AUTH");

}  // namespace

std::string_view name_of(PacketType type) {
  return packet_names[static_cast<std::size_t>(type) % packet_names.size()];
}

}  // namespace wire
