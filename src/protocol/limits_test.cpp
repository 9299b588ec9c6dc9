// What a peer may make us take: sizes of packets, messages in flight, kept bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_memory.h"
#include "protocol/test_peers.h"

namespace protocol {
namespace {

using test::bytes;
using test::ByteVector;
using test::Lone;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::PacketId;
using wire::Qos;
using wire::ReasonCode;
using wire::Version;

Limits limits_of(std::uint32_t packet_size_max) {
  return {.packet_size_max = packet_size_max};
}

ByteVector publish_of(std::size_t size) {
  ASSERT(size > 5 && size < 130);
  ByteVector packet = bytes("30 00 0001 't'");
  packet.resize(size);
  packet[1] = static_cast<std::uint8_t>(size - 2);
  return packet;
}

const wire::Connect v311{.version = Version::v311, .client_id = "c"};

TEST(SizeLimit, lets_a_packet_of_just_that_size_pass_and_none_of_one_byte_more) {
  Lone server{Role::server, limits_of(100)};
  server.end.open_server(v311);
  EXPECT_EQ(server.end.read(publish_of(100)), Next::need_bytes);
  EXPECT_EQ(server.end.packets.size(), 1U);
  EXPECT_EQ(server.end.read(publish_of(101)), Next::closing);
  EXPECT_EQ(server.end.reason(), ReasonCode::packet_too_large);
}

TEST(SizeLimit, is_told_in_mqtt_5) {
  Lone server{Role::server, limits_of(100)};
  server.end.open_server();
  EXPECT_EQ(server.end.read(bytes("30 65")), Next::closing);
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x95")));
}

TEST(SizeLimit, acts_before_a_byte_of_the_body_is_kept) {
  for (const std::size_t piece : {std::size_t{1}, test::whole}) {
    Lone server{Role::server, limits_of(100)};
    server.end.open_server(v311);
    EXPECT_EQ(server.end.read(bytes("30 ff ff ff 7f"), piece), Next::closing);
    EXPECT_EQ(server.end.machine.held_size(), 0U);
  }
}

TEST(SizeLimit, binds_each_type_to_its_own) {
  const Limits limits{
      .connect_size_max = 50, .subscribe_size_max = 40, .acknowledgement_size_max = 30};
  // The fixed header alone: first byte and Remaining Length.
  const auto fault_of = [&](std::string_view header) {
    Lone server{Role::server, limits};
    server.end.open_server();
    server.end.read(bytes(header));
    return server.end.reason();
  };
  EXPECT_EQ(fault_of("82 27"), ReasonCode::packet_too_large);
  EXPECT_EQ(fault_of("82 26"), ReasonCode::success);
  EXPECT_EQ(fault_of("a2 27"), ReasonCode::packet_too_large);
  for (const auto* type : {"40", "50", "62", "70", "e0"}) {
    EXPECT_EQ(fault_of(std::string{type} + "1d"), ReasonCode::packet_too_large) << type;
    EXPECT_EQ(fault_of(std::string{type} + "1c"), ReasonCode::success) << type;
  }
  EXPECT_EQ(fault_of("f0 31"), ReasonCode::packet_too_large);
  EXPECT_EQ(fault_of("f0 30"), ReasonCode::success);
  EXPECT_EQ(fault_of("30 ff 7f"), ReasonCode::success);
}

TEST(SizeLimit, of_connect_closes_silently_since_the_version_is_not_known) {
  Lone server{Role::server, {.connect_size_max = 50}};
  EXPECT_EQ(server.end.read(bytes("10 31")), Next::closing);
  EXPECT_EQ(server.end.reason(), ReasonCode::packet_too_large);
  EXPECT_THAT(server.end.take_output(), IsEmpty());
}

TEST(SizeLimit, of_all_packets_binds_where_it_is_the_smaller) {
  Lone server{Role::server, limits_of(20)};
  EXPECT_EQ(server.end.read(bytes("10 13")), Next::closing);
  EXPECT_EQ(server.end.reason(), ReasonCode::packet_too_large);
}

TEST(SizeLimit, binds_the_server_towards_a_client_too) {
  Lone client{Role::client, limits_of(100)};
  client.end.open_client();
  EXPECT_EQ(client.end.read(publish_of(101)), Next::closing);
  EXPECT_THAT(client.end.sent(), ElementsAre(HasSubstr("reason=0x95")));
}

TEST(KeptBytes, are_those_of_one_unfinished_packet) {
  Lone server{Role::server};
  server.end.open_server(v311);
  const ByteVector packet = publish_of(100);
  server.end.read(base::Bytes{packet}.first(60));
  EXPECT_EQ(server.end.machine.held_size(), 60U);
  server.end.read(base::Bytes{packet}.subspan(60));
  EXPECT_EQ(server.end.packets.size(), 1U);
  EXPECT_EQ(server.end.machine.held_size(), 0U);
}

TEST(KeptBytes, are_none_when_packets_come_whole) {
  Lone server{Role::server};
  server.end.open_server(v311);
  ByteVector many;
  for (int i = 0; i < 10; ++i) {
    const ByteVector packet = publish_of(50);
    many.insert(many.end(), packet.begin(), packet.end());
  }
  EXPECT_EQ(server.end.read(many), Next::need_bytes);
  EXPECT_EQ(server.end.packets.size(), 10U);
  EXPECT_EQ(server.end.machine.held_size(), 0U);
}

TEST(KeptBytes, take_the_memory_of_one_packet_at_most_and_give_it_back) {
  constexpr std::size_t size = 1'100'000;
  Lone server{Role::server};
  server.end.open_server(v311);
  ByteVector packet(wire::fixed_header_size(size));
  wire::write_fixed_header(packet.data(), 0x30, size);
  packet.resize(packet.size() + size);
  packet[packet.size() - size + 1] = 1;  // The topic: one byte.
  packet[packet.size() - size + 2] = 't';
  const std::size_t before = base::test::allocated_bytes();
  const base::Bytes in{packet};
  constexpr std::size_t piece = 10'000;
  server.end.read(in.first(piece));
  EXPECT_LE(base::test::allocated_bytes(), before + 2 * piece);
  server.end.read(in.subspan(piece, size - piece), piece);
  EXPECT_LE(base::test::allocated_bytes(), before + size + piece);
  EXPECT_EQ(server.end.read(in.subspan(size)), Next::need_bytes);
  EXPECT_EQ(server.end.take_packets().size(), 1U);
  server.end.read(base::Bytes{});
  EXPECT_LE(base::test::allocated_bytes(), before + piece);
}

TEST(KeptBytes, are_freed_when_it_closes) {
  Lone server{Role::server};
  server.end.open_server(v311);
  server.end.read(bytes("30 64 00"));
  server.end.machine.close();
  EXPECT_EQ(server.end.machine.held_size(), 0U);
}

// ---------------------------------------------------------------- Receive Maximum

wire::Publish message(std::uint16_t id, Qos qos = Qos::at_least_once) {
  return {.qos = qos, .topic = "t", .id = PacketId{id}};
}

// MQTT 5, 3.3.4 and [MQTT-3.3.4-7], [MQTT-3.3.4-8].
TEST(ReceiveMaximum, lets_so_many_messages_be_in_flight_and_no_more) {
  Lone server{Role::server, {.receive_maximum = 2}};
  server.end.open_server();
  EXPECT_EQ(server.end.read(message(1)), Next::need_bytes);
  EXPECT_EQ(server.end.read(message(2, Qos::exactly_once)), Next::need_bytes);
  EXPECT_EQ(server.end.read(message(3)), Next::closing);
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x93")));
}

TEST(ReceiveMaximum, has_room_again_for_each_message_that_is_settled) {
  Lone server{Role::server, {.receive_maximum = 1}};
  server.end.open_server();
  for (std::uint16_t id = 1; id < 10; ++id) {
    EXPECT_EQ(server.end.read(message(id)), Next::need_bytes);
    server.end.machine.settle_received();
  }
  server.end.machine.settle_received();  // One too many gives no more room.
  EXPECT_EQ(server.end.read(message(10)), Next::need_bytes);
  EXPECT_EQ(server.end.read(message(11)), Next::closing);
}

TEST(ReceiveMaximum, does_not_count_qos_0) {
  Lone server{Role::server, {.receive_maximum = 1}};
  server.end.open_server();
  EXPECT_EQ(server.end.read(message(1)), Next::need_bytes);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(server.end.read(wire::Publish{.topic = "t"}), Next::need_bytes);
  }
}

TEST(ReceiveMaximum, does_not_exist_before_mqtt_5) {
  Lone server{Role::server, {.receive_maximum = 1}};
  server.end.open_server(v311);
  for (std::uint16_t id = 1; id < 10; ++id) {
    EXPECT_EQ(server.end.read(message(id)), Next::need_bytes);
  }
}

// [MQTT-3.2.2-15] has a twin for clients: MQTT 5, 3.1.2.11.3.
TEST(ReceiveMaximum, binds_the_server_towards_a_client_too) {
  Lone client{Role::client, {.receive_maximum = 1}};
  client.end.open_client();
  EXPECT_EQ(client.end.read(message(1)), Next::need_bytes);
  EXPECT_EQ(client.end.read(message(2)), Next::closing);
  EXPECT_EQ(client.end.reason(), ReasonCode::receive_maximum_exceeded);
}

}  // namespace
}  // namespace protocol
