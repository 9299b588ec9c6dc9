// Internal to wire: what each packet looks like behind its fixed header, once for all. A layout
// reads like the packet's table in the standard and serves the Reader, Writer, Sizer and Printer as
// `wire`. Bytes made of bits are packed by a function before, and taken apart by its twin when
// reading.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "wire/packet.h"
#include "wire/types.h"

namespace wire {

// The bits that need thought; in bits.cpp.
std::string_view protocol_name(Version version);
Fault read_protocol(std::string_view name, std::uint8_t level, Connect& out);
std::uint8_t connect_flags(const Connect& packet);
Fault read_connect_flags(std::uint8_t flags, Connect& out);
Fault read_connack(std::uint8_t flags, Version version, Connack& out);
std::uint8_t subscription_options(const SubscriptionRequest& request, Version version);
Fault read_subscription_options(std::uint8_t options, Version version, SubscriptionRequest& out);
Fault check_empty_topic(const Publish& packet, Version version);
// Two names for what an empty list is: a Protocol Error in MQTT 5, malformed before.
constexpr Fault empty_list(Version version, std::string_view what) {
  return version == Version::v5 ? protocol_error(what) : malformed(what);
}

template <class T, class P>
concept Of = std::same_as<std::remove_const_t<T>, P>;

// MQTT 3.1, "CONNECT": early clients announce a user name or password and send none; it is then
// absent.
template <class Wire, class T>
void forget_if_missing(const Wire& wire, T& field) {
  if constexpr (Wire::reading) {
    if (wire.version() == Version::v31 && wire.at_end()) field.reset();
  }
}

template <class Wire, Of<Will> P>
void layout(Wire& wire, P& will) {
  wire.properties(will.properties, PropertyScope::will);
  wire.topic("will-topic", will.topic);
  if constexpr (Wire::reading) {
    wire.require(!will.topic.empty(), {ReasonCode::topic_name_invalid, "the Will Topic is empty"});
  }
  wire.binary("will-payload", will.payload);
}

template <class Wire, Of<Connect> P>
void layout_protocol(Wire& wire, P& p) {
  std::string_view name = protocol_name(p.version);
  auto level = static_cast<std::uint8_t>(static_cast<unsigned>(p.version) | (p.bridge ? 0x80U : 0));
  wire.text("protocol", name);
  wire.bits("level", level);
  if constexpr (Wire::reading) {
    wire.require(read_protocol(name, level, p));
    wire.set_version(p.version);
  }
}

template <class Wire, Of<Connect> P>
void layout(Wire& wire, P& p) {
  layout_protocol(wire, p);
  std::uint8_t flags = connect_flags(p);
  wire.bits("flags", flags);
  if constexpr (Wire::reading) wire.require(read_connect_flags(flags, p));
  wire.u16("keep-alive", p.keep_alive);
  wire.properties(p.properties, PropertyScope::connect);
  // [MQTT-3.1.3-1]
  wire.text("client-id", p.client_id);
  if (p.will) layout(wire, *p.will);
  forget_if_missing(wire, p.user_name);
  if (p.user_name) wire.text("user-name", *p.user_name);
  forget_if_missing(wire, p.password);
  if (p.password) wire.binary("password", *p.password);
}

template <class Wire, Of<Connack> P>
void layout(Wire& wire, P& p) {
  std::uint8_t flags = p.session_present ? 1 : 0;
  wire.bits("flags", flags);
  wire.bits("code", p.code);
  if constexpr (Wire::reading) wire.require(read_connack(flags, wire.version(), p));
  wire.properties(p.properties, PropertyScope::connack);
}

template <class Wire, Of<Publish> P>
[[gnu::always_inline]] inline void layout_head(Wire& wire, P& p) {
  wire.topic("topic", p.topic);
  if (p.qos != Qos::at_most_once) wire.packet_id("id", p.id);  // [MQTT-2.2.1-2]
  wire.properties(p.properties, PropertyScope::publish);
}

template <class Wire, Of<Publish> P>
[[gnu::always_inline]] inline void layout(Wire& wire, P& p) {
  layout_head(wire, p);
  if constexpr (Wire::reading) {
    if (p.topic.empty()) [[unlikely]] {
      wire.require(check_empty_topic(p, wire.version()));
    }
  }
  wire.rest("payload", p.payload);
}

template <class Wire, class P>
  requires Of<P, Puback> || Of<P, Pubrec> || Of<P, Pubrel> || Of<P, Pubcomp>
void layout(Wire& wire, P& p) {
  wire.packet_id("id", p.id);
  if (wire.version() != Version::v5) return;
  const bool has_properties = !p.properties.empty();
  wire.tail(has_properties || p.reason != ReasonCode::success, [&] {
    wire.reason("reason", p.reason, P::type);
    wire.tail(has_properties,
              [&] { wire.properties(p.properties, static_cast<PropertyScope>(P::type)); });
  });
}

template <class Wire, Of<SubscriptionRequest> P>
void layout(Wire& wire, P& request) {
  wire.text("filter", request.filter);
  std::uint8_t options = subscription_options(request, wire.version());
  wire.bits("options", options);
  if constexpr (Wire::reading) {
    wire.require(read_subscription_options(options, wire.version(), request));
  }
}

template <class Wire, Of<Subscribe> P>
void layout(Wire& wire, P& p) {
  wire.packet_id("id", p.id);
  wire.properties(p.properties, PropertyScope::subscribe);
  wire.items(p.requests, [&](auto& request) { layout(wire, request); });
  if constexpr (Wire::reading) {  // [MQTT-3.8.3-2]
    wire.require(!p.requests.empty(), empty_list(wire.version(), "SUBSCRIBE without a filter"));
  }
}

template <class Wire, Of<Suback> P>
void layout(Wire& wire, P& p) {
  wire.packet_id("id", p.id);
  wire.properties(p.properties, PropertyScope::suback);
  wire.items(p.codes, [&](auto& code) { wire.reason("reason", code, P::type); });
  if constexpr (Wire::reading) {  // [MQTT-3.8.4-6]
    wire.require(!p.codes.empty(), empty_list(wire.version(), "SUBACK without a reason code"));
  }
}

template <class Wire, Of<Unsubscribe> P>
void layout(Wire& wire, P& p) {
  wire.packet_id("id", p.id);
  wire.properties(p.properties, PropertyScope::unsubscribe);
  wire.items(p.filters, [&](auto& filter) { wire.text("filter", filter); });
  if constexpr (Wire::reading) {  // [MQTT-3.10.3-2]
    wire.require(!p.filters.empty(), empty_list(wire.version(), "UNSUBSCRIBE without a filter"));
  }
}

template <class Wire, Of<Unsuback> P>
void layout(Wire& wire, P& p) {
  wire.packet_id("id", p.id);
  if constexpr (Wire::reading) p.codes.clear();
  wire.properties(p.properties, PropertyScope::unsuback);
  if (wire.version() != Version::v5) return;
  wire.items(p.codes, [&](auto& code) { wire.reason("reason", code, P::type); });
  if constexpr (Wire::reading) {
    wire.require(!p.codes.empty(), protocol_error("UNSUBACK without a reason code"));
  }
}

template <class Wire, class P>
  requires Of<P, Pingreq> || Of<P, Pingresp>
void layout(Wire& /*wire*/, P& /*p*/) {}

template <class Wire, Of<Disconnect> P>
void layout(Wire& wire, P& p) {
  if (wire.version() != Version::v5) return;
  const bool has_properties = !p.properties.empty();
  wire.tail(has_properties || p.reason != ReasonCode::normal_disconnection, [&] {
    wire.reason("reason", p.reason, P::type);
    wire.tail(has_properties, [&] { wire.properties(p.properties, PropertyScope::disconnect); });
  });
}

template <class Wire, Of<Auth> P>
void layout(Wire& wire, P& p) {
  wire.tail(!p.properties.empty() || p.reason != ReasonCode::success, [&] {
    wire.reason("reason", p.reason, P::type);
    wire.properties(p.properties, PropertyScope::auth);
  });
  if constexpr (Wire::reading) {  // The standard lets an AUTH be empty, and then misses the method.
    wire.require(!p.properties.empty(), protocol_error("AUTH without Authentication Method"));
  }
}

}  // namespace wire
