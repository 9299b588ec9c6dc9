#include "client/log_lines.h"

#include <fmt/format.h>

namespace client {

using wire::PacketId;
using wire::PacketType;
using wire::ReasonCode;

void LogLines::set_client_id(std::string_view id) {
  id_ = id.empty() ? "(null)" : id;
}

void LogLines::sending(PacketType type) const {
  if (sink_) sink_(fmt::format("Client {} sending {}", id_, wire::name_of(type)));
}

void LogLines::received(PacketType type) const {
  if (sink_) sink_(fmt::format("Client {} received {}", id_, wire::name_of(type)));
}

void LogLines::sending(const wire::Publish& sent, PacketId id) const {
  publish("sending", sent, id);
}

void LogLines::received(const wire::Publish& came) const {
  publish("received", came, came.id);
}

void LogLines::publish(std::string_view verb, const wire::Publish& publish, PacketId id) const {
  if (!sink_) return;
  sink_(fmt::format("Client {} {} PUBLISH (d{:d}, q{:d}, r{:d}, m{}, '{}', ... ({} bytes))", id_,
                    verb, publish.dup, static_cast<int>(publish.qos), publish.retain, id.value,
                    publish.topic, publish.payload.size()));
}

void LogLines::sending_acknowledgement(PacketType type, PacketId id, ReasonCode reason) const {
  if (!sink_) return;
  if (type == PacketType::puback || type == PacketType::pubrec) {
    sink_(fmt::format("Client {} sending {} (m{}, rc{})", id_, wire::name_of(type), id.value,
                      static_cast<unsigned>(reason)));
    return;
  }
  sink_(fmt::format("Client {} sending {} (m{})", id_, wire::name_of(type), id.value));
}

void LogLines::received_acknowledgement(PacketType type, PacketId id, ReasonCode reason) const {
  if (!sink_) return;
  if (type == PacketType::puback || type == PacketType::pubcomp) {
    sink_(fmt::format("Client {} received {} (Mid: {}, RC:{})", id_, wire::name_of(type), id.value,
                      static_cast<unsigned>(reason)));
    return;
  }
  sink_(fmt::format("Client {} received {} (Mid: {})", id_, wire::name_of(type), id.value));
}

void LogLines::sending_subscribe(PacketId id, const midge::Subscription& subscription) const {
  if (!sink_) return;
  const auto handling = static_cast<unsigned>(subscription.retain_handling);
  const unsigned options = (subscription.no_local ? 0x04U : 0U) |
                           (subscription.retain_as_published ? 0x08U : 0U) | (handling << 4U);
  sink_(fmt::format("Client {} sending SUBSCRIBE (Mid: {}, Topic: {}, QoS: {}, Options: 0x{:02x})",
                    id_, id.value, subscription.filter, static_cast<int>(subscription.qos),
                    options));
}

void LogLines::sending_unsubscribe(PacketId id, std::string_view filter) const {
  if (!sink_) return;
  sink_(fmt::format("Client {} sending UNSUBSCRIBE (Mid: {}, Topic: {})", id_, id.value, filter));
}

void LogLines::received_code(PacketType type, unsigned code) const {
  if (sink_) sink_(fmt::format("Client {} received {} ({})", id_, wire::name_of(type), code));
}

void LogLines::unknown_id(PacketType type, PacketId id) const {
  if (!sink_) return;
  sink_(fmt::format("Warning: Client {} received {} for an unknown packet identifier {}.", id_,
                    wire::name_of(type), id.value));
}

void LogLines::resubscribe_refused(std::string_view filter, ReasonCode reason) const {
  if (!sink_) return;
  sink_(fmt::format("Warning: Client {} could not subscribe to '{}' again: {}.", id_, filter,
                    wire::name_of(reason)));
}

}  // namespace client
