// Bytes made of bits, and the pairs of protocol name and level: packing, and taking apart with all
// rules.
#include "wire/layout.h"
#include "wire/reader.h"
#include "wire/utf8.h"

namespace wire {
namespace {

// Connect Flags (MQTT 5, 3.1.2.3).
constexpr unsigned connect_reserved = 0x01;
constexpr unsigned connect_clean = 0x02;
constexpr unsigned connect_will = 0x04;
constexpr unsigned connect_will_qos_shift = 3;
constexpr unsigned connect_will_retain = 0x20;
constexpr unsigned connect_password = 0x40;
constexpr unsigned connect_user_name = 0x80;

// Subscription Options (MQTT 5, 3.8.3.1).
constexpr unsigned options_no_local = 0x04;
constexpr unsigned options_retain_as_published = 0x08;
constexpr unsigned options_retain_handling_shift = 4;
constexpr unsigned options_reserved = 0xc0;
constexpr unsigned options_reserved_before_v5 = 0xfc;

constexpr unsigned level_bridge = 0x80;

constexpr unsigned if_set(bool condition, unsigned bits) {
  return condition ? bits : 0;
}
constexpr unsigned number_of(Qos qos) {
  return static_cast<unsigned>(qos);
}

Fault read_will_bits(unsigned flags, Connect& out) {
  const unsigned qos = flags >> connect_will_qos_shift & 3U;
  const bool retain = (flags & connect_will_retain) != 0;
  if ((flags & connect_will) == 0) {
    if (qos != 0) return malformed("Will QoS without a Will");   // [MQTT-3.1.2-11]
    if (retain) return malformed("Will Retain without a Will");  // [MQTT-3.1.2-13]
    return {};
  }
  if (qos == 3) return malformed("Will QoS is 3");  // [MQTT-3.1.2-12]
  out.will.emplace(Will{.qos = static_cast<Qos>(qos), .retain = retain});
  return {};
}

constexpr Fault unsupported(std::string_view what) {
  return {ReasonCode::unsupported_protocol_version, what};
}

bool is_shared(std::string_view filter) {
  return filter.starts_with("$share/");
}

}  // namespace

Fault check_text(std::string_view text) {
  return is_valid_utf8(text) ? Fault{} : malformed("a string is not valid UTF-8");
}

Fault check_unusual_topic(std::string_view topic) {
  if (!is_valid_utf8(topic)) return malformed("the Topic Name is not valid UTF-8");
  if (topic.find_first_of("+#") == std::string_view::npos) return {};
  return {ReasonCode::topic_name_invalid, "the Topic Name has a wildcard"};
}

Fault check_reason(ReasonCode code, PacketType packet, Version version, Sender sender) {
  if (version != Version::v5) {  // Only SUBACK has any.
    const bool is_known =
        code <= ReasonCode::granted_qos_2 || code == ReasonCode::unspecified_error;
    return is_known ? Fault{} : malformed("a SUBACK code other than 0, 1, 2 and 0x80");
  }
  if (is_allowed(code, packet, sender)) return {};
  return is_defined(code) ? protocol_error("a reason code that this packet may not carry")
                          : malformed("a reason code that the standard does not have");
}

std::string_view protocol_name(Version version) {
  return version == Version::v31 ? "MQIsdp" : "MQTT";
}

// The fixed pairs, [MQTT-3.1.2-1] and [MQTT-3.1.2-2]. Whatever happens `out.version` tells how to
// answer.
Fault read_protocol(std::string_view name, std::uint8_t level, Connect& out) {
  out.bridge = level == (level_bridge | 3U) || level == (level_bridge | 4U);
  const auto version = out.bridge ? static_cast<std::uint8_t>(level & ~level_bridge) : level;
  out.version = version >= 5 ? Version::v5 : Version::v311;
  if (name == "MQIsdp") {
    out.version = Version::v31;
    return version == 3 ? Fault{} : unsupported("protocol MQIsdp with a level other than 3");
  }
  if (name != "MQTT") return unsupported("a protocol name other than MQTT and MQIsdp");
  return version == 4 || version == 5
             ? Fault{}
             : unsupported("protocol MQTT with a level other than 4 and 5");
}

std::uint8_t connect_flags(const Connect& packet) {
  unsigned flags = if_set(packet.clean_start, connect_clean) |
                   if_set(packet.user_name.has_value(), connect_user_name) |
                   if_set(packet.password.has_value(), connect_password);
  if (packet.will) {
    flags |= connect_will | number_of(packet.will->qos) << connect_will_qos_shift |
             if_set(packet.will->retain, connect_will_retain);
  }
  return static_cast<std::uint8_t>(flags);
}

Fault read_connect_flags(std::uint8_t flags, Connect& out) {
  if ((flags & connect_reserved) != 0 && out.version != Version::v31) {
    return malformed("the reserved bit of Connect Flags is set");  // [MQTT-3.1.2-3]
  }
  const bool has_user_name = (flags & connect_user_name) != 0;
  const bool has_password = (flags & connect_password) != 0;
  if (has_password && !has_user_name && out.version != Version::v5) {
    return malformed("a password without a user name");  // [MQTT-3.1.2-22] of 3.1.1
  }
  out.clean_start = (flags & connect_clean) != 0;
  if (has_user_name) out.user_name.emplace();
  if (has_password) out.password.emplace();
  return read_will_bits(flags, out);
}

Fault read_connack(std::uint8_t flags, Version version, Connack& out) {
  out.session_present = (flags & 1U) != 0 && version != Version::v31;  // MQTT 3.1 has no such bit.
  if ((flags & 0xfeU) != 0 && version != Version::v31) {
    return malformed("reserved bits of Connect Acknowledge Flags are set");  // [MQTT-3.2.2-1]
  }
  if (version == Version::v5) {
    const bool is_v3_refusal =
        out.code == static_cast<std::uint8_t>(ConnectReturnCode::unacceptable_protocol_version);
    if (is_v3_refusal) return unsupported("the server answers that it does not speak MQTT 5");
    return check_reason(static_cast<ReasonCode>(out.code), PacketType::connack, version,
                        Sender::server);  // [MQTT-3.2.2-8]
  }
  const bool is_known = out.code <= static_cast<std::uint8_t>(ConnectReturnCode::not_authorized);
  return is_known ? Fault{} : malformed("a Connect Return code over 5");
}

std::uint8_t subscription_options(const SubscriptionRequest& request, Version version) {
  if (version != Version::v5) return static_cast<std::uint8_t>(request.qos);
  return static_cast<std::uint8_t>(
      number_of(request.qos) | if_set(request.no_local, options_no_local) |
      if_set(request.retain_as_published, options_retain_as_published) |
      static_cast<unsigned>(request.retain_handling) << options_retain_handling_shift);
}

Fault read_subscription_options(std::uint8_t options, Version version, SubscriptionRequest& out) {
  const unsigned qos = options & 3U;
  if (qos == 3) {  // MQTT 5, 3.8.3.1; [MQTT-3.8.3-4] of 3.1.1
    return version == Version::v5 ? protocol_error("a subscription's QoS is 3")
                                  : malformed("a subscription's QoS is 3");
  }
  out.qos = static_cast<Qos>(qos);
  if (version == Version::v31) return {};  // It says nothing about the other bits.
  const unsigned reserved = version == Version::v5 ? options_reserved : options_reserved_before_v5;
  if ((options & reserved) != 0) {  // [MQTT-3.8.3-5], [MQTT-3.8.3-4] of 3.1.1
    return malformed("reserved bits of the Subscription Options are set");
  }
  const unsigned handling = options >> options_retain_handling_shift & 3U;
  if (handling == 3) return protocol_error("Retain Handling is 3");
  out.no_local = (options & options_no_local) != 0;
  out.retain_as_published = (options & options_retain_as_published) != 0;
  out.retain_handling = static_cast<RetainHandling>(handling);
  if (out.no_local && is_shared(out.filter)) {
    return protocol_error("No Local on a shared subscription");  // [MQTT-3.8.3-4]
  }
  return {};
}

Fault check_empty_topic(const Publish& packet, Version version) {
  if (version != Version::v5) return malformed("the Topic Name is empty");  // [MQTT-4.7.3-1]
  const bool has_alias = packet.properties.number(PropertyId::topic_alias).has_value();
  return has_alias ? Fault{}
                   : protocol_error("the Topic Name is empty and there is no Topic Alias");
}

}  // namespace wire
