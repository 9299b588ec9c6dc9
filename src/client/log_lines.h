// The debug lines of a client, one a packet, in the words that users of mosquitto_pub -d and
// mosquitto_sub -d (and their scripts) know. Formats only when somebody listens.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "client/message.h"
#include "wire/packet.h"

namespace client {

class LogLines final {
 public:
  using Sink = std::function<void(std::string_view line)>;

  void set_sink(Sink sink) { sink_ = std::move(sink); }
  void set_client_id(std::string_view id);

  // "Client X sending PINGREQ".
  void sending(wire::PacketType type) const;
  void received(wire::PacketType type) const;
  void sending(const wire::Publish& sent, wire::PacketId id) const;
  void received(const wire::Publish& came) const;
  // PUBACK and PUBREC say their reason.
  void sending_acknowledgement(wire::PacketType type, wire::PacketId id,
                               wire::ReasonCode reason) const;
  void received_acknowledgement(wire::PacketType type, wire::PacketId id,
                                wire::ReasonCode reason) const;
  void sending_subscribe(wire::PacketId id, const midge::Subscription& subscription) const;
  void sending_unsubscribe(wire::PacketId id, std::string_view filter) const;
  void received_code(wire::PacketType type, unsigned code) const;
  // "Warning: ...", about the packet of that type.
  void unknown_id(wire::PacketType type, wire::PacketId id) const;
  void resubscribe_refused(std::string_view filter, wire::ReasonCode reason) const;

 private:
  void publish(std::string_view verb, const wire::Publish& publish, wire::PacketId id) const;

  Sink sink_;
  std::string id_ = "(null)";
};

}  // namespace client
