#include "client/connect_packet.h"

#include <algorithm>

#include "base/bytes.h"

namespace client {

using wire::PropertyId;
using wire::Version;

namespace {

// The property given explicitly, else the field of the same name.
std::uint32_t effective(const midge::Options& options, PropertyId id, std::uint32_t field) {
  if (options.version != Version::v5) return field;
  return options.properties.view().number(id).value_or(field);
}

}  // namespace

ConnectPacket::ConnectPacket(const midge::Options& options, std::string_view client_id,
                             bool clean_start) {
  packet_.version = options.version;
  packet_.clean_start = clean_start;
  packet_.keep_alive = options.keep_alive;
  packet_.client_id = client_id;
  if (options.user_name) packet_.user_name = *options.user_name;
  if (options.password) packet_.password = base::as_bytes(*options.password);
  if (options.will) {
    const midge::Will& will = *options.will;
    packet_.will = wire::Will{.qos = will.qos,
                              .retain = will.retain,
                              .properties = will.properties.view(),
                              .topic = will.topic,
                              .payload = base::as_bytes(will.payload)};
  }
  if (options.version == Version::v5) add_properties(options);
}

void ConnectPacket::add_properties(const midge::Options& options) {
  const wire::Properties given = options.properties.view();
  const auto add = [&](PropertyId id, std::uint32_t number) {
    if (!given.find(id)) properties_.add(id, number);
  };
  if (options.session_expiry) add(PropertyId::session_expiry_interval, *options.session_expiry);
  if (options.receive_maximum) add(PropertyId::receive_maximum, *options.receive_maximum);
  if (options.packet_size_max) add(PropertyId::maximum_packet_size, *options.packet_size_max);
  if (options.topic_alias_maximum > 0) {
    add(PropertyId::topic_alias_maximum, options.topic_alias_maximum);
  }
  properties_.add(given);
  packet_.properties = properties_.view();
}

protocol::Limits limits_of(const midge::Options& options) {
  protocol::Limits limits;
  limits.packet_size_max = std::min(
      wire::packet_size_max, effective(options, PropertyId::maximum_packet_size,
                                       options.packet_size_max.value_or(wire::packet_size_max)));
  limits.receive_maximum = static_cast<std::uint16_t>(
      effective(options, PropertyId::receive_maximum, options.receive_maximum.value_or(65'535)));
  limits.topic_alias_maximum = static_cast<std::uint16_t>(
      effective(options, PropertyId::topic_alias_maximum, options.topic_alias_maximum));
  return limits;
}

}  // namespace client
