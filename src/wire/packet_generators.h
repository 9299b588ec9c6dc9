// RapidCheck generators for tests: any packet that a well-behaved side may send, in any version,
// with properties. Test code only. A GeneratedPacket owns the bytes that its packet looks at;
// copies share them.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "wire/codec.h"

namespace wire::generate {

class Arena final {
 public:
  std::string_view keep(const std::string& text) {
    return base::as_text(keep(std::vector<std::uint8_t>(text.begin(), text.end())));
  }
  base::Bytes keep(std::vector<std::uint8_t> bytes) {
    return blocks_.emplace_back(std::move(bytes));
  }

 private:
  std::deque<std::vector<std::uint8_t>> blocks_;
};

struct GeneratedPacket {
  Version version = Version::v5;
  Sender sender = Sender::client;
  std::shared_ptr<Arena> arena = std::make_shared<Arena>();
  Packet packet{};
};
inline std::ostream& operator<<(std::ostream& out, const GeneratedPacket& generated) {
  return out << "version " << static_cast<int>(generated.version) << ", from "
             << (generated.sender == Sender::client ? "client: " : "server: ")
             << to_text(generated.packet, generated.version);
}

inline std::string utf8_of(const std::vector<std::uint32_t>& code_points) {
  std::string out;
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  for (const std::uint32_t c : code_points) {
    if (c < 0x80) {
      add(c);
    } else if (c < 0x800) {
      add(0xc0 | c >> 6), add(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
      add(0xe0 | c >> 12), add(0x80 | (c >> 6 & 0x3f)), add(0x80 | (c & 0x3f));
    } else {
      add(0xf0 | c >> 18), add(0x80 | (c >> 12 & 0x3f)), add(0x80 | (c >> 6 & 0x3f));
      add(0x80 | (c & 0x3f));
    }
  }
  return out;
}

inline rc::Gen<std::uint32_t> code_point() {
  using rc::gen::inRange;
  return rc::gen::weightedOneOf<std::uint32_t>({{12, inRange<std::uint32_t>(1, 0x80)},
                                                {1, inRange<std::uint32_t>(0x80, 0x800)},
                                                {1, inRange<std::uint32_t>(0x800, 0xd800)},
                                                {1, inRange<std::uint32_t>(0xe000, 0x10000)},
                                                {1, inRange<std::uint32_t>(0x10000, 0x110000)}});
}
inline rc::Gen<std::string> text() {
  return rc::gen::map(rc::gen::container<std::vector<std::uint32_t>>(code_point()), utf8_of);
}
inline rc::Gen<std::string> topic_name() {
  return rc::gen::map(text(), [](std::string topic) {
    std::erase_if(topic, [](char c) { return c == '+' || c == '#'; });
    return topic.empty() ? std::string{"t"} : topic;
  });
}
inline rc::Gen<std::vector<std::uint8_t>> binary() {
  return rc::gen::arbitrary<std::vector<std::uint8_t>>();
}
inline rc::Gen<PacketId> packet_id() {
  return rc::gen::map(rc::gen::inRange(1, 0x10000),
                      [](int id) { return PacketId{static_cast<std::uint16_t>(id)}; });
}
inline rc::Gen<bool> flag() {
  return rc::gen::arbitrary<bool>();
}
inline rc::Gen<Qos> qos() {
  return rc::gen::element(Qos::at_most_once, Qos::at_least_once, Qos::exactly_once);
}

// One value that the table allows.
inline void add_property(PropertyList& list, const PropertySpec& row) {
  switch (row.kind) {
    case PropertyKind::u8:
    case PropertyKind::u16:
    case PropertyKind::u32:
    case PropertyKind::varint: {
      const std::uint64_t end =
          row.kind == PropertyKind::u16 ? 0x1'0000 : std::uint64_t{row.max} + 1;
      return list.add(row.id,
                      static_cast<std::uint32_t>(*rc::gen::inRange<std::uint64_t>(row.min, end)));
    }
    case PropertyKind::utf8:
      return list.add(row.id, row.id == PropertyId::response_topic ? *topic_name() : *text());
    case PropertyKind::binary:
      return list.add(row.id, base::as_text(base::Bytes{*binary()}));
    case PropertyKind::pair:
      return list.add(row.id, *text(), *text());
  }
}

// How often each property appears: some packets have none, some all.
inline int property_count(const PropertySpec& row, PropertyScope where, int density) {
  const bool repeats = (row.repeatable_scopes >> static_cast<unsigned>(where) & 1U) != 0;
  if (*rc::gen::inRange(0, 4) >= density) return 0;
  return repeats ? *rc::gen::inRange(1, 4) : 1;
}

inline Properties properties(Arena& arena, Version version, PropertyScope where, Sender sender) {
  if (version != Version::v5) return {};
  PropertyList list;
  const int density = *rc::gen::inRange(0, 5);
  bool has_method = where == PropertyScope::auth;
  if (has_method) list.add(PropertyId::authentication_method, *text());
  for (const PropertySpec& row : all_properties()) {
    if (!row.is_allowed(where, sender)) continue;
    if (row.id == PropertyId::authentication_method && has_method) continue;
    if (row.id == PropertyId::authentication_data && !has_method) continue;
    const int count = property_count(row, where, density);
    for (int i = 0; i < count; ++i) add_property(list, row);
    if (row.id == PropertyId::authentication_method) has_method = count > 0;
  }
  const base::Bytes encoded = list.view().encoded();
  return Properties{arena.keep(std::vector<std::uint8_t>(encoded.begin(), encoded.end()))};
}

inline ReasonCode reason(PacketType packet, Version version, Sender sender) {
  if (version != Version::v5) {
    return packet == PacketType::suback
               ? *rc::gen::element(ReasonCode::granted_qos_0, ReasonCode::granted_qos_1,
                                   ReasonCode::granted_qos_2, ReasonCode::unspecified_error)
               : ReasonCode::success;
  }
  std::vector<ReasonCode> allowed;
  for (int code = 0; code < 256; ++code) {
    const auto candidate = static_cast<ReasonCode>(code);
    if (is_allowed(candidate, packet, sender)) allowed.push_back(candidate);
  }
  return *rc::gen::elementOf(allowed);
}

inline int list_size() {
  return *rc::gen::inRange(1, 5);
}

// `fill` makes a packet of each type; `to` has the version and the sender already.
inline void fill(GeneratedPacket& to, Will& will) {
  will = {.qos = *qos(),
          .retain = *flag(),
          .properties = properties(*to.arena, to.version, PropertyScope::will, to.sender),
          .topic = to.arena->keep(*topic_name()),
          .payload = to.arena->keep(*binary())};
}
inline void fill(GeneratedPacket& to, Connect& packet) {
  packet.version = to.version;
  packet.bridge = to.version != Version::v5 && *flag();
  packet.clean_start = *flag();
  packet.keep_alive = *rc::gen::arbitrary<std::uint16_t>();
  packet.properties = properties(*to.arena, to.version, PropertyScope::connect, to.sender);
  packet.client_id = to.arena->keep(*text());
  if (*flag()) fill(to, packet.will.emplace());
  if (*flag()) packet.user_name = to.arena->keep(*text());
  const bool may_have_password = packet.user_name || to.version == Version::v5;
  if (may_have_password && *flag()) packet.password = to.arena->keep(*binary());
}
inline void fill(GeneratedPacket& to, Connack& packet) {
  packet.session_present = to.version != Version::v31 && *flag();
  packet.code = to.version == Version::v5
                    ? static_cast<std::uint8_t>(reason(PacketType::connack, to.version, to.sender))
                    : static_cast<std::uint8_t>(*rc::gen::inRange(0, 6));
  packet.properties = properties(*to.arena, to.version, PropertyScope::connack, to.sender);
}
inline void fill(GeneratedPacket& to, Publish& packet) {
  packet.qos = *qos();
  packet.dup = packet.qos != Qos::at_most_once && *flag();
  packet.retain = *flag();
  packet.topic = to.arena->keep(*topic_name());
  if (packet.qos != Qos::at_most_once) packet.id = *packet_id();
  packet.properties = properties(*to.arena, to.version, PropertyScope::publish, to.sender);
  packet.payload = to.arena->keep(*binary());
}
template <PacketType type>
void fill(GeneratedPacket& to, Acknowledgement<type>& packet) {
  packet.id = *packet_id();
  packet.reason = reason(type, to.version, to.sender);
  packet.properties =
      properties(*to.arena, to.version, static_cast<PropertyScope>(type), to.sender);
}
inline void fill(GeneratedPacket& to, Subscribe& packet) {
  packet.id = *packet_id();
  packet.properties = properties(*to.arena, to.version, PropertyScope::subscribe, to.sender);
  for (int i = list_size(); i > 0; --i) {
    SubscriptionRequest request{.filter = to.arena->keep(*text()), .qos = *qos()};
    if (to.version == Version::v5) {
      request.no_local = !request.filter.starts_with("$share/") && *flag();
      request.retain_as_published = *flag();
      request.retain_handling = *rc::gen::element(RetainHandling::send, RetainHandling::send_if_new,
                                                  RetainHandling::do_not_send);
    }
    packet.requests.push_back(request);
  }
}
inline void fill(GeneratedPacket& to, Suback& packet) {
  packet.id = *packet_id();
  packet.properties = properties(*to.arena, to.version, PropertyScope::suback, to.sender);
  for (int i = list_size(); i > 0; --i) {
    packet.codes.push_back(reason(PacketType::suback, to.version, to.sender));
  }
}
inline void fill(GeneratedPacket& to, Unsubscribe& packet) {
  packet.id = *packet_id();
  packet.properties = properties(*to.arena, to.version, PropertyScope::unsubscribe, to.sender);
  for (int i = list_size(); i > 0; --i) packet.filters.push_back(to.arena->keep(*text()));
}
inline void fill(GeneratedPacket& to, Unsuback& packet) {
  packet.id = *packet_id();
  if (to.version != Version::v5) return;
  packet.properties = properties(*to.arena, to.version, PropertyScope::unsuback, to.sender);
  for (int i = list_size(); i > 0; --i) {
    packet.codes.push_back(reason(PacketType::unsuback, to.version, to.sender));
  }
}
inline void fill(GeneratedPacket& /*to*/, Pingreq& /*packet*/) {}
inline void fill(GeneratedPacket& /*to*/, Pingresp& /*packet*/) {}
inline void fill(GeneratedPacket& to, Disconnect& packet) {
  packet.reason = reason(PacketType::disconnect, to.version, to.sender);
  packet.properties = properties(*to.arena, to.version, PropertyScope::disconnect, to.sender);
}
inline void fill(GeneratedPacket& to, Auth& packet) {
  packet.reason = reason(PacketType::auth, to.version, to.sender);
  packet.properties = properties(*to.arena, to.version, PropertyScope::auth, to.sender);
}

inline Sender sender_of(PacketType type, Version version) {
  using enum PacketType;
  for (const PacketType only_client : {connect, subscribe, unsubscribe, pingreq}) {
    if (type == only_client) return Sender::client;
  }
  for (const PacketType only_server : {connack, suback, unsuback, pingresp}) {
    if (type == only_server) return Sender::server;
  }
  if (type == disconnect && version != Version::v5) return Sender::client;
  return *rc::gen::element(Sender::client, Sender::server);
}

template <class P>
rc::Gen<GeneratedPacket> packet(Version version) {
  return rc::gen::exec([version] {
    GeneratedPacket generated{.version = version, .sender = sender_of(P::type, version)};
    fill(generated, generated.packet.emplace<P>());
    return generated;
  });
}

// Any packet of any type in any version.
inline rc::Gen<GeneratedPacket> any_packet(Version version) {
  using rc::gen::oneOf;
  const auto before_v5 =
      oneOf(packet<Connect>(version), packet<Connack>(version), packet<Publish>(version),
            packet<Puback>(version), packet<Pubrec>(version), packet<Pubrel>(version),
            packet<Pubcomp>(version), packet<Subscribe>(version), packet<Suback>(version),
            packet<Unsubscribe>(version), packet<Unsuback>(version), packet<Pingreq>(version),
            packet<Pingresp>(version), packet<Disconnect>(version));
  return version == Version::v5 ? oneOf(before_v5, packet<Auth>(version)) : before_v5;
}
inline rc::Gen<GeneratedPacket> any_packet() {
  return rc::gen::mapcat(rc::gen::element(Version::v31, Version::v311, Version::v5),
                         [](Version version) { return any_packet(version); });
}

inline std::vector<std::uint8_t> encoded(const Packet& packet, Version version) {
  std::vector<std::uint8_t> bytes(encoded_size(packet, version));
  encode(packet, version, bytes.data());
  return bytes;
}

// Field by field; written by hand, so that a field that a layout forgets is missed here.
inline bool same(base::Bytes a, base::Bytes b) {
  return std::ranges::equal(a, b);
}
inline bool same(const Properties& a, const Properties& b) {
  return same(a.encoded(), b.encoded());
}
inline bool same(const Will& a, const Will& b) {
  return a.qos == b.qos && a.retain == b.retain && same(a.properties, b.properties) &&
         a.topic == b.topic && same(a.payload, b.payload);
}
inline bool same(const Connect& a, const Connect& b) {
  const bool same_will = a.will && b.will ? same(*a.will, *b.will) : !a.will && !b.will;
  const bool same_password =
      a.password && b.password ? same(*a.password, *b.password) : !a.password && !b.password;
  return a.version == b.version && a.bridge == b.bridge && a.clean_start == b.clean_start &&
         a.keep_alive == b.keep_alive && same(a.properties, b.properties) &&
         a.client_id == b.client_id && same_will && a.user_name == b.user_name && same_password;
}
inline bool same(const Connack& a, const Connack& b) {
  return a.session_present == b.session_present && a.code == b.code &&
         same(a.properties, b.properties);
}
inline bool same(const Publish& a, const Publish& b) {
  return a.dup == b.dup && a.qos == b.qos && a.retain == b.retain && a.topic == b.topic &&
         a.id == b.id && same(a.properties, b.properties) && same(a.payload, b.payload);
}
template <PacketType type>
bool same(const Acknowledgement<type>& a, const Acknowledgement<type>& b) {
  return a.id == b.id && a.reason == b.reason && same(a.properties, b.properties);
}
inline bool same(const SubscriptionRequest& a, const SubscriptionRequest& b) {
  return a.filter == b.filter && a.qos == b.qos && a.no_local == b.no_local &&
         a.retain_as_published == b.retain_as_published && a.retain_handling == b.retain_handling;
}
inline bool same(const Subscribe& a, const Subscribe& b) {
  return a.id == b.id && same(a.properties, b.properties) &&
         std::ranges::equal(a.requests, b.requests,
                            [](const auto& x, const auto& y) { return same(x, y); });
}
inline bool same(const Suback& a, const Suback& b) {
  return a.id == b.id && same(a.properties, b.properties) && a.codes == b.codes;
}
inline bool same(const Unsubscribe& a, const Unsubscribe& b) {
  return a.id == b.id && same(a.properties, b.properties) && a.filters == b.filters;
}
inline bool same(const Unsuback& a, const Unsuback& b) {
  return a.id == b.id && same(a.properties, b.properties) && a.codes == b.codes;
}
inline bool same(const Pingreq& /*a*/, const Pingreq& /*b*/) {
  return true;
}
inline bool same(const Pingresp& /*a*/, const Pingresp& /*b*/) {
  return true;
}
inline bool same(const Disconnect& a, const Disconnect& b) {
  return a.reason == b.reason && same(a.properties, b.properties);
}
inline bool same(const Auth& a, const Auth& b) {
  return a.reason == b.reason && same(a.properties, b.properties);
}
inline bool same(const Packet& a, const Packet& b) {
  return std::visit(
      [&]<class P>(const P& left) {
        const P* const right = std::get_if<P>(&b);
        return right != nullptr && same(left, *right);
      },
      a);
}

}  // namespace wire::generate
