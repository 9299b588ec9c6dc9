// Bytes to packets and back. Decoding checks everything that can be seen in one packet alone
// (structure, reserved bits, UTF-8, properties, reason codes, topic names without wildcards); what
// needs to know other packets is `protocol`'s. No allocation but for the lists of SUBSCRIBE,
// SUBACK, UNSUBSCRIBE and UNSUBACK.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "wire/packet.h"

namespace wire {

// The fixed header (MQTT 5, 2.1).
struct FixedHeader {
  std::uint8_t first = 0;  // Type and flags.
  std::uint8_t size = 0;   // Bytes of the fixed header itself, 2 to 5. 0: more bytes are needed.
  std::uint32_t remaining_length = 0;  // Bytes that follow it.

  std::uint8_t type_bits() const { return static_cast<std::uint8_t>(first >> 4); }
  std::uint8_t flags() const { return static_cast<std::uint8_t>(first & 0x0f); }
  std::size_t packet_size() const { return std::size_t{size} + remaining_length; }
};

// Reads the fixed header at the start of `in`. `header.size` stays 0 when `in` ends within it. A
// fifth length byte or a length that is not the shortest form [MQTT-1.5.5-1] is malformed.
Fault read_fixed_header(base::Bytes in, FixedHeader& header);

// Each decodes the body behind a fixed header. The packet's views look into `body`. On a fault the
// packet is of no use. Flag bits are checked per version (MQTT 3.1 lets PUBREL, SUBSCRIBE and
// UNSUBSCRIBE carry DUP and ignores the other unused bits). `sender` is who sent it.
Fault decode(FixedHeader header, base::Bytes body,
             Connect& out);  // Knows its version only afterwards.
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Connack& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Publish& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Puback& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Pubrec& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Pubrel& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Pubcomp& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Subscribe& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Suback& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender,
             Unsubscribe& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Unsuback& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Pingreq& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Pingresp& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Disconnect& out);
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Auth& out);

// The same behind one door, for tests, tools and fuzzers. CONNECT ignores `version`.
Fault decode(FixedHeader header, base::Bytes body, Version version, Sender sender, Packet& out);

// Size of the whole packet, fixed header included. May exceed packet_size_max: the caller compares
// it with the peer's Maximum Packet Size before it encodes.
std::size_t encoded_size(const Packet& packet, Version version);
// Writes exactly encoded_size() bytes. Asserts what only our own code can get wrong (strings over
// 65,535 bytes, packets over packet_size_max).
void encode(const Packet& packet, Version version, std::uint8_t* out);
// Both exist for each packet type as well: no variant, no copy.
template <class P>
std::size_t encoded_size(const P& packet, Version version);
template <class P>
void encode(const P& packet, Version version, std::uint8_t* out);

// For callers that write a PUBLISH in pieces, the payload from elsewhere: everything but the
// payload, which only counts in the Remaining Length. The hot path: no allocation. Returns the end
// of what it wrote.
std::size_t publish_head_size(const Publish& packet, Version version);
std::uint8_t* encode_publish_head(const Publish& packet, Version version, std::uint8_t* out);
// A fixed header of its own. Its size is 2 to 5.
std::size_t fixed_header_size(std::size_t remaining_length);
std::uint8_t* write_fixed_header(std::uint8_t* out, std::uint8_t first,
                                 std::uint32_t remaining_length);

// One line for debugging: "PUBLISH dup=0 qos=1 retain=0 topic=\"a/b\" id=7 payload=12 bytes".
std::string to_text(const Packet& packet, Version version);

}  // namespace wire
