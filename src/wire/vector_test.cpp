// Packets written down byte by byte from the figures of the standard, both ways.
#include <gtest/gtest.h>

#include "wire/packet_generators.h"
#include "wire/test_bytes.h"

namespace wire {
namespace {

using test::bytes;
using test::ByteVector;
using test::packet;

void expect_bytes(const Packet& value, Version version, Sender sender, const ByteVector& expected) {
  EXPECT_EQ(generate::encoded(value, version), expected) << to_text(value, version);
  Packet got;
  EXPECT_EQ(test::decode_whole(expected, version, sender, got).what, "");
  EXPECT_TRUE(generate::same(value, got)) << to_text(got, version);
}

constexpr auto client = Sender::client;
constexpr auto server = Sender::server;
constexpr auto v31 = Version::v31;
constexpr auto v311 = Version::v311;
constexpr auto v5 = Version::v5;

TEST(Vectors, ConnectOfMqtt31) {
  const Connect value{.version = v31, .clean_start = true, .keep_alive = 60, .client_id = "ab"};
  expect_bytes(value, v31, client, bytes("10 10 0006 'MQIsdp' 03 02 003c 0002 'ab'"));
}

TEST(Vectors, ConnectOfABridge) {
  const Connect value{.version = v311, .bridge = true, .clean_start = false, .client_id = "b"};
  expect_bytes(value, v311, client, bytes("10 0d 0004 'MQTT' 84 00 0000 0001 'b'"));
}

TEST(Vectors, ConnectOfMqtt311WithEverything) {
  const ByteVector payload = bytes("'gone'");
  const ByteVector password = bytes("'pw'");
  const Connect value{
      .version = v311,
      .clean_start = true,
      .keep_alive = 10,
      .client_id = "c",
      .will = Will{.qos = Qos::exactly_once, .retain = true, .topic = "w", .payload = payload},
      .user_name = "u",
      .password = password};
  expect_bytes(
      value, v311, client,
      packet(0x10, "0004 'MQTT' 04 f6 000a 0001 'c' 0001 'w' 0004 'gone' 0001 'u' 0002 'pw'"));
}

TEST(Vectors, ConnectOfMqtt5WithProperties) {
  const ByteVector connect_properties = bytes("11 0000000a 21 0014");
  const ByteVector will_properties = bytes("18 00000005");
  const Connect value{
      .version = v5,
      .clean_start = false,
      .properties = Properties{connect_properties},
      .client_id = "",
      .will =
          Will{.qos = Qos::at_least_once, .properties = Properties{will_properties}, .topic = "w"},
      .password = base::as_bytes("x")};
  expect_bytes(value, v5, client,
               packet(0x10,
                      "0004 'MQTT' 05 4c 0000 08 11 0000000a 21 0014 0000"
                      "05 18 00000005 0001 'w' 0000 0001 'x'"));
}

TEST(Vectors, Connack) {
  expect_bytes(Connack{.session_present = true}, v311, server, bytes("20 02 01 00"));
  expect_bytes(Connack{.code = 5}, v31, server, bytes("20 02 00 05"));
  const ByteVector block = bytes("24 01");
  expect_bytes(Connack{.code = 0, .properties = Properties{block}}, v5, server,
               bytes("20 05 00 00 02 24 01"));
  expect_bytes(Connack{.code = 0x87}, v5, server, bytes("20 03 00 87 00"));
}

TEST(Vectors, PublishAsInTheExampleOfTheStandard) {  // MQTT 3.1.1, figure 3.11: topic a/b, id 10.
  const Publish value{.qos = Qos::at_least_once, .topic = "a/b", .id = PacketId{10}};
  expect_bytes(value, v311, client, bytes("32 07 0003 'a/b' 000a"));
  expect_bytes(value, v5, client, bytes("32 08 0003 'a/b' 000a 00"));
}

TEST(Vectors, PublishWithFlagsPropertiesAndPayload) {
  const ByteVector block = bytes("23 0001 26 0001 'k' 0001 'v'");
  const Publish value{.dup = true,
                      .qos = Qos::exactly_once,
                      .retain = true,
                      .topic = "",
                      .id = PacketId{0xfffe},
                      .properties = Properties{block},
                      .payload = base::as_bytes("hi")};
  expect_bytes(value, v5, server, packet(0x3d, "0000 fffe 0a 23 0001 26 0001 'k' 0001 'v' 'hi'"));
}

TEST(Vectors, PublishOfMoreThan127BytesHasATwoByteLength) {
  const std::string payload(321 - 3, 'x');
  const ByteVector encoded =
      generate::encoded(Publish{.topic = "t", .payload = base::as_bytes(payload)}, v311);
  EXPECT_EQ((ByteVector{encoded.begin(), encoded.begin() + 3}), bytes("30 c1 02"));
}

TEST(Vectors, AcknowledgementsBeforeMqtt5AreTwoBytes) {
  expect_bytes(Puback{.id = PacketId{1}}, v311, client, bytes("40 02 0001"));
  expect_bytes(Pubrec{.id = PacketId{2}}, v31, server, bytes("50 02 0002"));
  expect_bytes(Pubrel{.id = PacketId{3}}, v311, client, bytes("62 02 0003"));
  expect_bytes(Pubcomp{.id = PacketId{4}}, v311, server, bytes("70 02 0004"));
}

TEST(Vectors, AcknowledgementsOfMqtt5LeaveOutWhatSaysNothing) {
  expect_bytes(Puback{.id = PacketId{1}}, v5, client, bytes("40 02 0001"));
  expect_bytes(Puback{.id = PacketId{1}, .reason = ReasonCode::no_matching_subscribers}, v5, server,
               bytes("40 03 0001 10"));
  const ByteVector block = bytes("1f 0001 'x'");
  expect_bytes(Pubrec{.id = PacketId{1}, .properties = Properties{block}}, v5, client,
               bytes("50 08 0001 00 04 1f 0001 'x'"));
  expect_bytes(Pubrel{.id = PacketId{1}, .reason = ReasonCode::packet_identifier_not_found}, v5,
               server, bytes("62 03 0001 92"));
}

TEST(Vectors, AcknowledgementsOfMqtt5MayCarryWhatSaysNothing) {
  for (const std::string_view body : {"0001 00", "0001 00 00"}) {
    Packet got;
    const ByteVector in = packet(0x40, body);
    EXPECT_EQ(test::decode_whole(in, v5, client, got).what, "");
    EXPECT_TRUE(generate::same(got, Puback{.id = PacketId{1}}));
  }
}

TEST(Vectors, Subscribe) {
  const Subscribe value{.id = PacketId{10},
                        .requests = {{.filter = "a/b", .qos = Qos::at_least_once},
                                     {.filter = "c/d", .qos = Qos::exactly_once}}};
  expect_bytes(value, v311, client, bytes("82 0e 000a 0003 'a/b' 01 0003 'c/d' 02"));
  expect_bytes(value, v5, client, bytes("82 0f 000a 00 0003 'a/b' 01 0003 'c/d' 02"));
}

TEST(Vectors, SubscribeWithAllOptions) {
  const ByteVector block = bytes("0b 2a");
  const Subscribe value{.id = PacketId{1},
                        .properties = Properties{block},
                        .requests = {{.filter = "#",
                                      .qos = Qos::at_least_once,
                                      .no_local = true,
                                      .retain_as_published = true,
                                      .retain_handling = RetainHandling::do_not_send}}};
  expect_bytes(value, v5, client, bytes("82 09 0001 02 0b 2a 0001 '#' 2d"));
}

TEST(Vectors, Suback) {
  const Suback value{.id = PacketId{10},
                     .codes = {ReasonCode::granted_qos_1, ReasonCode::unspecified_error}};
  expect_bytes(value, v311, server, bytes("90 04 000a 01 80"));
  expect_bytes(value, v5, server, bytes("90 05 000a 00 01 80"));
}

TEST(Vectors, EveryFailureIs0x80InASubackBeforeMqtt5) {  // [MQTT-3.9.3-2] of 3.1.1
  const Suback value{.id = PacketId{10}, .codes = {ReasonCode::not_authorized}};
  EXPECT_EQ(generate::encoded(value, v311), bytes("90 03 000a 80"));
  EXPECT_EQ(generate::encoded(value, v5), bytes("90 04 000a 00 87"));
}

TEST(Vectors, Unsubscribe) {
  const Unsubscribe value{.id = PacketId{10}, .filters = {"a/b", "c/d"}};
  expect_bytes(value, v311, client, bytes("a2 0c 000a 0003 'a/b' 0003 'c/d'"));
  expect_bytes(value, v5, client, bytes("a2 0d 000a 00 0003 'a/b' 0003 'c/d'"));
}

TEST(Vectors, Unsuback) {
  expect_bytes(Unsuback{.id = PacketId{10}}, v311, server, bytes("b0 02 000a"));
  const Unsuback value{.id = PacketId{10},
                       .codes = {ReasonCode::success, ReasonCode::no_subscription_existed}};
  expect_bytes(value, v5, server, bytes("b0 05 000a 00 00 11"));
}

TEST(Vectors, Pings) {
  expect_bytes(Pingreq{}, v311, client, bytes("c0 00"));
  expect_bytes(Pingresp{}, v5, server, bytes("d0 00"));
}

TEST(Vectors, Disconnect) {
  expect_bytes(wire::Disconnect{}, v311, client, bytes("e0 00"));
  expect_bytes(wire::Disconnect{}, v5, client, bytes("e0 00"));
  expect_bytes(wire::Disconnect{.reason = ReasonCode::disconnect_with_will_message}, v5, client,
               bytes("e0 01 04"));
  const ByteVector block = bytes("11 00000000");
  expect_bytes(wire::Disconnect{.properties = Properties{block}}, v5, client,
               bytes("e0 07 00 05 11 00000000"));
}

TEST(Vectors, Auth) {
  const ByteVector block = bytes("15 0001 'm' 16 0002 0001");
  expect_bytes(
      wire::Auth{.reason = ReasonCode::continue_authentication, .properties = Properties{block}},
      v5, server, bytes("f0 0b 18 09 15 0001 'm' 16 0002 0001"));
}

TEST(Vectors, PropertiesAreLeftOutBeforeMqtt5) {
  const ByteVector block = bytes("23 0001");
  const Publish value{.topic = "t", .properties = Properties{block}};
  EXPECT_EQ(generate::encoded(value, v311), bytes("30 03 0001 't'"));
}

TEST(Text, ShowsAPublishInOneLine) {
  const Publish value{.qos = Qos::at_least_once,
                      .topic = "a/b",
                      .id = PacketId{7},
                      .payload = base::as_bytes("twelve bytes")};
  EXPECT_EQ(to_text(value, v311),
            "PUBLISH dup=0 qos=1 retain=0 topic=\"a/b\" id=7 payload=12 bytes");
}

TEST(Text, ShowsPropertiesByName) {
  const ByteVector block = bytes("02 00000007 26 0001 'k' 0001 'v'");
  const Publish value{.topic = "t", .properties = Properties{block}};
  EXPECT_EQ(to_text(value, v5),
            "PUBLISH dup=0 qos=0 retain=0 topic=\"t\" message-expiry-interval=7 "
            "user-property=\"k\":\"v\" payload=0 bytes");
}

TEST(Text, NeverShowsAPasswordNorLetsATopicForgeALine) {
  const Connect value{
      .version = v5, .client_id = "a\nb\"", .user_name = "u", .password = base::as_bytes("secret")};
  EXPECT_EQ(to_text(value, v311),
            "CONNECT protocol=\"MQTT\" level=0x05 flags=0xc2 keep-alive=0 "
            "client-id=\"a\\x0ab\\\"\" user-name=\"u\" password=6 bytes");
}

}  // namespace
}  // namespace wire
