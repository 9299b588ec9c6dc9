#include <algorithm>

#include "base/assert.h"
#include "wire/codec.h"
#include "wire/fixed_header.h"
#include "wire/layout.h"
#include "wire/writer.h"

namespace wire {
namespace {

// CONNECT says itself which version it is in.
template <class P>
Version version_of(const P& /*packet*/, Version version) {
  return version;
}
Version version_of(const Connect& packet, Version /*version*/) {
  return packet.version;
}

template <class P>
[[gnu::always_inline]] inline std::size_t body_size(const P& packet, Version version) {
  Sizer sizer{version_of(packet, version)};
  layout(sizer, packet);
  return sizer.size();
}

[[gnu::always_inline]] inline std::size_t head_body_size(const Publish& packet, Version version) {
  Sizer sizer{version};
  layout_head(sizer, packet);
  return sizer.size();
}

constexpr std::size_t fixed_header_size_of(std::size_t remaining_length) {
  return 1 + varint_size(remaining_length);
}

[[gnu::always_inline]] inline std::uint8_t* write_header(std::uint8_t* out, std::uint8_t first,
                                                         std::size_t remaining_length) {
  return write_varint(write_u8(out, first), remaining_length);
}

}  // namespace

std::uint8_t* write_fixed_header(std::uint8_t* out, std::uint8_t first,
                                 std::uint32_t remaining_length) {
  return write_header(out, first, remaining_length);
}

std::size_t fixed_header_size(std::size_t remaining_length) {
  return fixed_header_size_of(remaining_length);
}

template <class P>
std::size_t encoded_size(const P& packet, Version version) {
  const std::size_t size = body_size(packet, version);
  return fixed_header_size_of(size) + size;
}

template <class P>
void encode(const P& packet, Version version, std::uint8_t* out) {
  Writer writer{write_header(out, first_byte(packet), body_size(packet, version)),
                version_of(packet, version)};
  layout(writer, packet);
}

std::size_t publish_head_size(const Publish& packet, Version version) {
  const std::size_t size = head_body_size(packet, version);
  return fixed_header_size_of(size + packet.payload.size()) + size;
}

std::uint8_t* encode_publish_head(const Publish& packet, Version version, std::uint8_t* out) {
  const std::size_t size = head_body_size(packet, version) + packet.payload.size();
  Writer writer{write_header(out, first_byte(packet), size), version};
  layout_head(writer, packet);
  return writer.position();
}

#define MIDGE_ENCODE(P)                                                   \
  template std::size_t encoded_size<P>(const P& packet, Version version); \
  template void encode<P>(const P& packet, Version version, std::uint8_t* out);
MIDGE_ENCODE(Connect)
MIDGE_ENCODE(Connack)
MIDGE_ENCODE(Publish)
MIDGE_ENCODE(Puback)
MIDGE_ENCODE(Pubrec)
MIDGE_ENCODE(Pubrel)
MIDGE_ENCODE(Pubcomp)
MIDGE_ENCODE(Subscribe)
MIDGE_ENCODE(Suback)
MIDGE_ENCODE(Unsubscribe)
MIDGE_ENCODE(Unsuback)
MIDGE_ENCODE(Pingreq)
MIDGE_ENCODE(Pingresp)
MIDGE_ENCODE(Disconnect)
MIDGE_ENCODE(Auth)
#undef MIDGE_ENCODE

std::size_t encoded_size(const Packet& packet, Version version) {
  return std::visit([&](const auto& p) { return encoded_size(p, version); }, packet);
}

void encode(const Packet& packet, Version version, std::uint8_t* out) {
  std::visit([&](const auto& p) { encode(p, version, out); }, packet);
}

}  // namespace wire
