#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/packet_generators.h"
#include "wire/test_bytes.h"

namespace wire {
namespace {

using generate::GeneratedPacket;
using test::ByteVector;

// `body` is memory of its own, so that a sanitizer sees each read beyond it.
Fault decode_part(FixedHeader header, const ByteVector& body, const GeneratedPacket& like,
                  Packet& out) {
  header.remaining_length = static_cast<std::uint32_t>(body.size());
  return decode(header, body, like.version, like.sender, out);
}

void expect_round_trip(const GeneratedPacket& sent) {
  const ByteVector bytes = generate::encoded(sent.packet, sent.version);
  Packet got;
  const Fault fault = test::decode_whole(bytes, sent.version, sent.sender, got);
  RC_ASSERT(fault.what == std::string_view{});
  RC_ASSERT(generate::same(sent.packet, got));
}

template <class P>
class RoundTrip : public testing::Test {};

using AllPackets =
    testing::Types<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe, Suback,
                   Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;
TYPED_TEST_SUITE(RoundTrip, AllPackets);

TYPED_TEST(RoundTrip, WhatIsEncodedDecodesToTheSame) {
  for (const Version version : {Version::v31, Version::v311, Version::v5}) {
    if (TypeParam::type == PacketType::auth && version != Version::v5) continue;
    EXPECT_TRUE(rc::check([version] { expect_round_trip(*generate::packet<TypeParam>(version)); }));
  }
}

TYPED_TEST(RoundTrip, EachTypeEncodesAloneAsInTheVariant) {
  EXPECT_TRUE(rc::check([] {
    const GeneratedPacket sent = *generate::packet<TypeParam>(Version::v5);
    const auto& packet = *std::get_if<TypeParam>(&sent.packet);
    ByteVector alone(encoded_size(packet, sent.version));
    encode(packet, sent.version, alone.data());
    RC_ASSERT(alone == generate::encoded(sent.packet, sent.version));
  }));
}

RC_GTEST_PROP(AnyPacket, DecodesAgainIntoAPacketThatWasUsedBefore, ()) {
  const Version version = *rc::gen::element(Version::v31, Version::v311, Version::v5);
  const GeneratedPacket first = *generate::packet<Publish>(version);
  const GeneratedPacket second = *generate::packet<Publish>(version);
  Publish out;
  for (const GeneratedPacket* sent : {&first, &second}) {
    const ByteVector bytes = generate::encoded(sent->packet, version);
    FixedHeader header;
    RC_ASSERT(read_fixed_header(bytes, header).none());
    RC_ASSERT(
        decode(header, base::Bytes{bytes}.subspan(header.size), version, sent->sender, out).none());
    RC_ASSERT(generate::same(out, *std::get_if<Publish>(&sent->packet)));
  }
}

RC_GTEST_PROP(AnyPacket, CutShortNeedsMoreBytes, ()) {
  const GeneratedPacket sent = *generate::any_packet();
  const ByteVector bytes = generate::encoded(sent.packet, sent.version);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    FixedHeader header;
    RC_ASSERT(read_fixed_header(base::Bytes{bytes}.first(size), header).none());
    RC_ASSERT(header.size == 0 || header.packet_size() > size);
  }
}

// Packets that end neither where their length says nor before a part that may be left out.
bool has_one_length(const GeneratedPacket& sent) {
  using enum PacketType;
  const PacketType type = std::visit([]<class P>(const P&) { return P::type; }, sent.packet);
  if (type == connect || type == connack || type == auth) return true;
  if (type == publish || type == suback || type == subscribe || type == unsubscribe) return false;
  return sent.version != Version::v5;
}

RC_GTEST_PROP(AnyPacket, WithAShortenedBodyIsAFaultOrAShorterPacket, ()) {
  const GeneratedPacket sent = *generate::any_packet();
  const ByteVector bytes = generate::encoded(sent.packet, sent.version);
  FixedHeader header;
  RC_ASSERT(read_fixed_header(bytes, header).none());
  const base::Bytes body = base::Bytes{bytes}.subspan(header.size);
  for (std::size_t size = 0; size < body.size(); ++size) {
    Packet out;
    const ByteVector part(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    const Fault fault = decode_part(header, part, sent, out);
    const bool is_v31_connect =
        sent.version == Version::v31 && std::holds_alternative<Connect>(sent.packet);
    RC_ASSERT(!fault.none() || !has_one_length(sent) || is_v31_connect);
    RC_ASSERT(!fault.none() || encoded_size(out, sent.version) <= header.size + size);
  }
}

RC_GTEST_PROP(AnyPacket, WithAByteLeftOverIsAFault, ()) {
  const GeneratedPacket sent = *generate::any_packet();
  RC_PRE(has_one_length(sent));
  ByteVector bytes = generate::encoded(sent.packet, sent.version);
  FixedHeader header;
  RC_ASSERT(read_fixed_header(bytes, header).none());
  ByteVector body(bytes.begin() + header.size, bytes.end());
  body.push_back(*rc::gen::arbitrary<std::uint8_t>());
  Packet out;
  RC_ASSERT(decode_part(header, body, sent, out).reason == ReasonCode::malformed_packet);
}

RC_GTEST_PROP(AnyPacket, WithOneByteChangedIsReadWithinItsBounds, ()) {
  const GeneratedPacket sent = *generate::any_packet();
  ByteVector bytes = generate::encoded(sent.packet, sent.version);
  FixedHeader header;
  RC_ASSERT(read_fixed_header(bytes, header).none());
  RC_PRE(header.remaining_length > 0);
  const auto place = *rc::gen::inRange<std::size_t>(header.size, bytes.size());
  bytes[place] = *rc::gen::arbitrary<std::uint8_t>();
  const ByteVector body(bytes.begin() + header.size, bytes.end());
  Packet out;
  const Fault fault = decode_part(header, body, sent, out);
  RC_ASSERT(fault.none() || is_error(fault.reason));
  RC_ASSERT(!fault.none() || encoded_size(out, sent.version) <= bytes.size());
}

RC_GTEST_PROP(AnyBody, OfRandomBytesIsReadWithinItsBounds, ()) {
  const auto first = *rc::gen::arbitrary<std::uint8_t>();
  const auto body = *rc::gen::arbitrary<ByteVector>();
  const GeneratedPacket like{.version = *rc::gen::element(Version::v31, Version::v311, Version::v5),
                             .sender = *rc::gen::element(Sender::client, Sender::server)};
  Packet out;
  const Fault fault = decode_part({.first = first, .size = 2}, body, like, out);
  RC_ASSERT(fault.none() || is_error(fault.reason));
}

RC_GTEST_PROP(PublishHead, IsThePacketWithoutItsPayload, ()) {
  const GeneratedPacket sent =
      *generate::packet<Publish>(*rc::gen::element(Version::v31, Version::v311, Version::v5));
  const auto& publish = *std::get_if<Publish>(&sent.packet);
  ByteVector whole = generate::encoded(sent.packet, sent.version);
  ByteVector head(publish_head_size(publish, sent.version));
  const std::uint8_t* const end = encode_publish_head(publish, sent.version, head.data());
  RC_ASSERT(end == head.data() + head.size());
  whole.resize(whole.size() - publish.payload.size());
  RC_ASSERT(head == whole);
}

RC_GTEST_PROP(FixedHeaders, ReadBackAsWritten, ()) {
  const auto first = *rc::gen::arbitrary<std::uint8_t>();
  const auto length = *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 20'000),
                                      rc::gen::inRange<std::uint32_t>(0, remaining_length_max + 1));
  ByteVector bytes(fixed_header_size(length));
  const std::uint8_t* const end = write_fixed_header(bytes.data(), first, length);
  RC_ASSERT(end == bytes.data() + bytes.size());
  FixedHeader header;
  RC_ASSERT(read_fixed_header(bytes, header).none());
  RC_ASSERT(header.first == first);
  RC_ASSERT(header.size == bytes.size());
  RC_ASSERT(header.remaining_length == length);
}

}  // namespace
}  // namespace wire
