#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "wire/codec.h"
#include "wire/fixed_header.h"
#include "wire/layout.h"
#include "wire/reader.h"

namespace wire {
namespace {

template <class... Types>
constexpr bool is_one_of(PacketType type, Types... types) {
  return ((type == types) || ...);
}

Fault check_sender(PacketType type, Version version, Sender sender) {
  using enum PacketType;
  if (type == auth && version != Version::v5) return malformed("AUTH does not exist before MQTT 5");
  const bool is_v3_disconnect = type == disconnect && version != Version::v5;
  if (sender == Sender::server) {
    const bool is_wrong =
        is_v3_disconnect || is_one_of(type, connect, subscribe, unsubscribe, pingreq);
    return is_wrong ? protocol_error("a packet that only a client may send") : Fault{};
  }
  return is_one_of(type, connack, suback, unsuback, pingresp)
             ? protocol_error("a packet that only a server may send")
             : Fault{};
}

// In MQTT 3.1 the flags are DUP, QoS and RETAIN for all packets. A repeated request may have DUP;
// what has no meaning for a packet is ignored.
bool are_flags_right(PacketType type, std::uint8_t flags, Version version) {
  constexpr unsigned qos_bits = 0x06;
  const std::uint8_t right = reserved_flags(type);
  if (version != Version::v31) return flags == right;
  return right == 0 || (flags & qos_bits) == right;
}

constexpr Fault wrong_flags = malformed("reserved flags of the fixed header are wrong");

// A decoder is handed the same packet again and again: what a layout may leave alone is made new
// here. Packets whose layout sets all keep the memory of their lists.
template <class P>
constexpr bool is_set_whole = std::is_same_v<P, Subscribe> || std::is_same_v<P, Suback> ||
                              std::is_same_v<P, Unsubscribe> || std::is_same_v<P, Unsuback>;

template <class P>
Fault decode_body(FixedHeader header, base::Bytes body, Version version, Sender sender, P& out) {
  ASSERT(header.type_bits() == static_cast<unsigned>(P::type));
  if (const Fault fault = check_sender(P::type, version, sender); !fault.none()) return fault;
  if (!are_flags_right(P::type, header.flags(), version)) return wrong_flags;
  if constexpr (!is_set_whole<P>) out = P{};
  Reader reader{body, version, sender};
  layout(reader, out);
  return reader.finish();
}

template <class P>
Fault decode_as(FixedHeader header, base::Bytes body, Version version, Sender sender, Packet& out) {
  P& packet = out.emplace<P>();
  if constexpr (std::is_same_v<P, Connect>) {
    if (sender == Sender::server) return protocol_error("a packet that only a client may send");
    return decode(header, body, packet);
  } else {
    return decode(header, body, version, sender, packet);
  }
}

}  // namespace

Fault read_fixed_header(base::Bytes in, FixedHeader& header) {
  header = {};
  std::uint32_t length = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    if (in.size() <= i) return {};
    const std::uint8_t byte = in[i];
    length |= (byte & 0x7fU) << 7 * (i - 1);
    if ((byte & 0x80U) != 0) continue;
    if (byte == 0 && i > 1) return malformed("the Remaining Length is not in its shortest form");
    header = {.first = in[0], .size = static_cast<std::uint8_t>(i + 1), .remaining_length = length};
    return {};
  }
  return malformed("the Remaining Length has more than four bytes");
}

Fault decode(FixedHeader header, base::Bytes body, Connect& out) {
  ASSERT(header.type_bits() == static_cast<unsigned>(Connect::type));
  out = {};
  Reader reader{body, Version::v5, Sender::client};
  layout(reader, out);
  const Fault fault = reader.finish();
  // Only now is the version known, and with it which flags are right.
  const bool is_v31 = out.version == Version::v31;
  return header.flags() != 0 && !is_v31 ? wrong_flags : fault;
}

Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Publish& out) {
  ASSERT(header.type_bits() == static_cast<unsigned>(Publish::type));
  const std::uint8_t flags = header.flags();
  const unsigned qos = flags >> publish_qos_shift & 3U;
  if (qos == 3) [[unlikely]] {
    return malformed("QoS is 3");  // [MQTT-3.3.1-4]
  }
  out.dup = (flags & publish_dup) != 0;
  out.qos = static_cast<Qos>(qos);
  out.retain = (flags & publish_retain) != 0;
  if (out.dup && qos == 0 && version != Version::v31) [[unlikely]] {
    return malformed("DUP is set at QoS 0");  // [MQTT-3.3.1-2]
  }
  out.id = {};
  Reader reader{body, version, sender};
  layout(reader, out);
  return reader.finish();
}

#define MIDGE_DECODE(P)                                                                        \
  Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, P& out) { \
    return decode_body(header, body, version, sender, out);                                    \
  }
MIDGE_DECODE(Connack)
MIDGE_DECODE(Puback)
MIDGE_DECODE(Pubrec)
MIDGE_DECODE(Pubrel)
MIDGE_DECODE(Pubcomp)
MIDGE_DECODE(Subscribe)
MIDGE_DECODE(Suback)
MIDGE_DECODE(Unsubscribe)
MIDGE_DECODE(Unsuback)
MIDGE_DECODE(Pingreq)
MIDGE_DECODE(Pingresp)
MIDGE_DECODE(Disconnect)
MIDGE_DECODE(Auth)
#undef MIDGE_DECODE

Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Packet& out) {
  const auto as = [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    Fault fault = malformed("packet type 0");  // [MQTT-2.1.2]: reserved.
    const auto attempt = [&]<class P>(std::type_identity<P>) {
      if (header.type_bits() != static_cast<unsigned>(P::type)) return false;
      fault = decode_as<P>(header, body, version, sender, out);
      return true;
    };
    (attempt(std::type_identity<std::variant_alternative_t<Index, Packet>>{}) || ...);
    return fault;
  };
  return as(std::make_index_sequence<std::variant_size_v<Packet>>{});
}

}  // namespace wire
