// What is wrong with one packet, and the reason code and words that it gets.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "wire/test_bytes.h"

namespace wire {
namespace {

using test::ByteVector;
using test::packet;

constexpr auto client = Sender::client;
constexpr auto server = Sender::server;
constexpr auto v31 = Version::v31;
constexpr auto v311 = Version::v311;
constexpr auto v5 = Version::v5;
constexpr auto malformed_packet = ReasonCode::malformed_packet;
constexpr auto error = ReasonCode::protocol_error;
constexpr auto unsupported = ReasonCode::unsupported_protocol_version;

struct FaultCase {
  std::uint8_t first;
  std::string_view body;
  Version version;
  Sender sender;
  ReasonCode reason;
  std::string_view what;
};
void PrintTo(const FaultCase& given, std::ostream* out) {
  *out << given.what << ", version " << static_cast<int>(given.version);
}

class Wrong : public testing::TestWithParam<FaultCase> {};

TEST_P(Wrong, IsRefusedWithItsReason) {
  const FaultCase& given = GetParam();
  const ByteVector in = packet(given.first, given.body);
  Packet out;
  const Fault fault = test::decode_whole(in, given.version, given.sender, out);
  EXPECT_EQ(fault.what, given.what);
  EXPECT_EQ(fault.reason, given.reason);
}

FaultCase connect(std::string_view body, ReasonCode reason, std::string_view what) {
  return {0x10, body, v5, client, reason, what};
}

INSTANTIATE_TEST_SUITE_P(
    Connect, Wrong,
    testing::Values(
        connect("0004 'MQTT' 05 1e 0000 00 0001 'c' 00 0001 'w' 0000", malformed_packet,
                "Will QoS is 3"),  // [MQTT-3.1.2-12]
        connect("0004 'MQTT' 04 1e 0000 0001 'c' 0001 'w' 0000", malformed_packet,
                "Will QoS is 3"),  // [MQTT-3.1.2-14] of 3.1.1
        connect("0004 'MQTT' 05 08 0000 00 0001 'c'", malformed_packet,
                "Will QoS without a Will"),  // [MQTT-3.1.2-11]
        connect("0004 'MQTT' 05 20 0000 00 0001 'c'", malformed_packet,
                "Will Retain without a Will"),  // [MQTT-3.1.2-13]
        connect("0004 'MQTT' 05 03 0000 00 0001 'c'", malformed_packet,
                "the reserved bit of Connect Flags is set"),  // [MQTT-3.1.2-3]
        connect("0004 'MQTT' 04 03 0000 0001 'c'", malformed_packet,
                "the reserved bit of Connect Flags is set"),
        connect("0004 'MQTT' 04 42 0000 0001 'c' 0001 'p'", malformed_packet,
                "a password without a user name"),  // [MQTT-3.1.2-22] of 3.1.1
        connect("0006 'MQIsdp' 03 42 0000 0001 'c' 0001 'p'", malformed_packet,
                "a password without a user name"),
        connect("0004 'MQTT' 05 02 0000 00", malformed_packet,
                "a string goes on after the end of the packet"),  // [MQTT-3.1.3-3]
        connect("0004 'MQTT' 05 02 0000 00 0002 'c' 00", malformed_packet,
                "a string is not valid UTF-8"),  // [MQTT-1.5.4-2]
        connect("0004 'MQTT' 05 02 0000 00 0001 ff", malformed_packet,
                "a string is not valid UTF-8"),  // [MQTT-3.1.3-4]
        connect("0004 'MQTT' 05 82 0000 00 0001 'c' 0001 ff", malformed_packet,
                "a string is not valid UTF-8"),  // [MQTT-3.1.3-12]
        connect("0004 'MQTT' 05 06 0000 00 0001 'c' 00 0001 ff 0000", malformed_packet,
                "the Topic Name is not valid UTF-8"),  // [MQTT-3.1.3-11]
        connect("0004 'MQTT' 05 06 0000 00 0001 'c' 00 0001 '#' 0000",
                ReasonCode::topic_name_invalid, "the Topic Name has a wildcard"),
        connect("0004 'MQTT' 05 06 0000 00 0001 'c' 00 0000 0000", ReasonCode::topic_name_invalid,
                "the Will Topic is empty"),  // [MQTT-4.7.3-1]
        connect("0004 'MQTT' 05 c2 0000 00 0001 'c' 0001 'u'", malformed_packet,
                "binary data goes on after the end of the packet"),  // [MQTT-3.1.2-19]
        connect("0004 'MQTT' 05 82 0000 00 0001 'c'", malformed_packet,
                "a string goes on after the end of the packet"),  // [MQTT-3.1.2-17]
        connect("0004 'MQTT' 05 02 0000 00 0001 'c' 00", malformed_packet,
                "bytes are left over after the end of the packet"),
        connect("0004 'MQTT' 05 02 0000 03 21 0000 0001 'c'", error, "Receive Maximum is 0"),
        connect("0004 'MQTT' 05 02 0000 05 21 0001 0001 'c'", malformed_packet,
                "a property identifier that the standard does not have"),
        connect("0004 'MQTT' 05 02 0000 7f 21 0001 0001 'c'", malformed_packet,
                "the properties go on after the end of the packet"),
        connect("0004 'MQTT' 05 02 00", malformed_packet, "the packet ends too early"),
        connect("", malformed_packet, "a string goes on after the end of the packet")));

INSTANTIATE_TEST_SUITE_P(ProtocolNameAndLevel, Wrong,
                         testing::Values(  // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
                             connect("0004 'MQTT' 03 02 0000 0001 'c'", unsupported,
                                     "protocol MQTT with a level other than 4 and 5"),
                             connect("0004 'MQTT' 06 02 0000 0001 'c'", unsupported,
                                     "protocol MQTT with a level other than 4 and 5"),
                             connect("0004 'MQTT' 83 02 0000 0001 'c'", unsupported,
                                     "protocol MQTT with a level other than 4 and 5"),
                             connect("0004 'MQTT' 85 02 0000 0001 'c'", unsupported,
                                     "protocol MQTT with a level other than 4 and 5"),
                             connect("0006 'MQIsdp' 04 02 0000 0001 'c'", unsupported,
                                     "protocol MQIsdp with a level other than 3"),
                             connect("0004 'mqtt' 04 02 0000 0001 'c'", unsupported,
                                     "a protocol name other than MQTT and MQIsdp"),
                             connect("0003 'FTP' 04 02 0000 0001 'c'", unsupported,
                                     "a protocol name other than MQTT and MQIsdp")));

INSTANTIATE_TEST_SUITE_P(
    Connack, Wrong,
    testing::Values(
        FaultCase{0x20, "02 00 00", v5, server, malformed_packet,
                  "reserved bits of Connect Acknowledge Flags are set"},  // [MQTT-3.2.2-1]
        FaultCase{0x20, "80 00", v311, server, malformed_packet,
                  "reserved bits of Connect Acknowledge Flags are set"},
        FaultCase{0x20, "00 06", v311, server, malformed_packet, "a Connect Return code over 5"},
        FaultCase{0x20, "00 06", v31, server, malformed_packet, "a Connect Return code over 5"},
        FaultCase{0x20, "00 01", v5, server, unsupported,
                  "the server answers that it does not speak MQTT 5"},
        FaultCase{0x20, "00 92 00", v5, server, error,
                  "a reason code that this packet may not carry"},  // [MQTT-3.2.2-8]
        FaultCase{0x20, "00 ff 00", v5, server, malformed_packet,
                  "a reason code that the standard does not have"},
        FaultCase{0x20, "00 00", v5, server, malformed_packet,
                  "the Property Length is missing or not well formed"},
        FaultCase{0x20, "00 00 00", v311, server, malformed_packet,
                  "bytes are left over after the end of the packet"},
        FaultCase{0x20, "00 00 00", v5, client, error, "a packet that only a server may send"}));

INSTANTIATE_TEST_SUITE_P(
    Publish, Wrong,
    testing::Values(
        FaultCase{0x36, "0001 't' 0001", v311, client, malformed_packet,
                  "QoS is 3"},  // [MQTT-3.3.1-4]
        FaultCase{0x36, "0001 't' 0001 00", v5, client, malformed_packet, "QoS is 3"},
        FaultCase{0x38, "0001 't'", v311, client, malformed_packet,
                  "DUP is set at QoS 0"},  // [MQTT-3.3.1-2]
        FaultCase{0x38, "0001 't' 00", v5, client, malformed_packet, "DUP is set at QoS 0"},
        FaultCase{0x32, "0001 't' 0000", v311, client, malformed_packet,
                  "the Packet Identifier is 0"},  // [MQTT-2.3.1-1] of 3.1.1
        FaultCase{0x34, "0001 't' 0000 00", v5, client, error,
                  "the Packet Identifier is 0"},  // [MQTT-2.2.1-3]
        FaultCase{0x30, "0003 'a/+' 00", v5, client, ReasonCode::topic_name_invalid,
                  "the Topic Name has a wildcard"},  // [MQTT-3.3.2-2]
        FaultCase{0x30, "0001 't'", v5, client, malformed_packet,
                  "the Property Length is missing or not well formed"},
        FaultCase{0x30, "000b 'some/long/#' 00", v311, server, ReasonCode::topic_name_invalid,
                  "the Topic Name has a wildcard"},
        FaultCase{0x30, "0003 'a' 00 'b' 00", v5, client, malformed_packet,
                  "the Topic Name is not valid UTF-8"},  // [MQTT-4.7.3-2]
        FaultCase{0x30, "0001 c0 00", v5, client, malformed_packet,
                  "the Topic Name is not valid UTF-8"},  // [MQTT-3.3.2-1]
        FaultCase{0x30, "0000", v311, client, malformed_packet,
                  "the Topic Name is empty"},  // [MQTT-4.7.3-1]
        FaultCase{0x30, "0000 00", v5, client, error,
                  "the Topic Name is empty and there is no Topic Alias"},
        FaultCase{0x30, "0000 03 23 0000", v5, client, ReasonCode::topic_alias_invalid,
                  "Topic Alias is 0"},  // [MQTT-3.3.2-8]
        FaultCase{0x30, "0001 't' 02 0b 01", v5, client, error,
                  "subscription-identifier is not for this sender to send"},  // [MQTT-3.3.4-6]
        FaultCase{0x30, "0002 't'", v311, client, malformed_packet,
                  "a string goes on after the end of the packet"},
        FaultCase{0x32, "0001 't' 00", v311, client, malformed_packet,
                  "the packet ends too early"}));

INSTANTIATE_TEST_SUITE_P(
    Acknowledgements, Wrong,
    testing::Values(
        FaultCase{0x40, "0000", v311, client, malformed_packet, "the Packet Identifier is 0"},
        FaultCase{0x40, "0000", v5, client, error, "the Packet Identifier is 0"},
        FaultCase{0x40, "0001 00", v311, client, malformed_packet,
                  "bytes are left over after the end of the packet"},
        FaultCase{0x40, "00", v5, client, malformed_packet, "the packet ends too early"},
        FaultCase{0x40, "0001 10", v5, client, error,
                  "a reason code that this packet may not carry"},  // [MQTT-3.4.2-1]
        FaultCase{0x50, "0001 92", v5, client, error,
                  "a reason code that this packet may not carry"},  // [MQTT-3.5.2-1]
        FaultCase{0x62, "0001 80", v5, client, error,
                  "a reason code that this packet may not carry"},  // [MQTT-3.6.2-1]
        FaultCase{0x70, "0001 05", v5, client, malformed_packet,
                  "a reason code that the standard does not have"},  // [MQTT-3.7.2-1]
        FaultCase{0x40, "0001 00 00 00", v5, client, malformed_packet,
                  "bytes are left over after the end of the packet"},
        FaultCase{0x40, "0001 00 03 21 0001", v5, client, malformed_packet,
                  "receive-maximum is not allowed in this packet"}));

INSTANTIATE_TEST_SUITE_P(
    Subscribe, Wrong,
    testing::Values(
        FaultCase{0x82, "0001 00", v5, client, error,
                  "SUBSCRIBE without a filter"},  // [MQTT-3.8.3-2]
        FaultCase{0x82, "0001", v311, client, malformed_packet, "SUBSCRIBE without a filter"},
        FaultCase{0x82, "0001 00 0001 'a' 03", v5, client, error, "a subscription's QoS is 3"},
        FaultCase{0x82, "0001 0001 'a' 03", v311, client, malformed_packet,
                  "a subscription's QoS is 3"},  // [MQTT-3.8.3-4] of 3.1.1
        FaultCase{0x82, "0001 0001 'a' 04", v311, client, malformed_packet,
                  "reserved bits of the Subscription Options are set"},
        FaultCase{0x82, "0001 00 0001 'a' 40", v5, client, malformed_packet,
                  "reserved bits of the Subscription Options are set"},  // [MQTT-3.8.3-5]
        FaultCase{0x82, "0001 00 0001 'a' 80", v5, client, malformed_packet,
                  "reserved bits of the Subscription Options are set"},
        FaultCase{0x82, "0001 00 0001 'a' 30", v5, client, error, "Retain Handling is 3"},
        FaultCase{0x82, "0001 00 000a '$share/g/a' 04", v5, client, error,
                  "No Local on a shared subscription"},  // [MQTT-3.8.3-4]
        FaultCase{0x82, "0001 00 0001 ff 00", v5, client, malformed_packet,
                  "a string is not valid UTF-8"},  // [MQTT-3.8.3-1]
        FaultCase{0x82, "0001 02 0b 00 0001 'a' 00", v5, client, error,
                  "Subscription Identifier is 0"},
        FaultCase{0x82, "0000 00 0001 'a' 00", v5, client, error, "the Packet Identifier is 0"},
        FaultCase{0x82, "0001 00 0001 'a'", v5, client, malformed_packet,
                  "the packet ends too early"},
        FaultCase{0x82, "0001 00 0001 'a' 00", v5, server, error,
                  "a packet that only a client may send"}));

INSTANTIATE_TEST_SUITE_P(
    Others, Wrong,
    testing::Values(
        FaultCase{0xa2, "0001 00", v5, client, error,
                  "UNSUBSCRIBE without a filter"},  // [MQTT-3.10.3-2]
        FaultCase{0xa2, "0001", v311, client, malformed_packet, "UNSUBSCRIBE without a filter"},
        FaultCase{0xa2, "0001 00 0001 ff", v5, client, malformed_packet,
                  "a string is not valid UTF-8"},  // [MQTT-3.10.3-1]
        FaultCase{0x90, "0001 03", v311, server, malformed_packet,
                  "a SUBACK code other than 0, 1, 2 and 0x80"},  // [MQTT-3.9.3-2] of 3.1.1
        FaultCase{0x90, "0001 87", v311, server, malformed_packet,
                  "a SUBACK code other than 0, 1, 2 and 0x80"},
        FaultCase{0x90, "0001", v311, server, malformed_packet, "SUBACK without a reason code"},
        FaultCase{0x90, "0001 00", v5, server, error, "SUBACK without a reason code"},
        FaultCase{0x90, "0001 00 11", v5, server, error,
                  "a reason code that this packet may not carry"},  // [MQTT-3.9.3-2]
        FaultCase{0xb0, "0001 00", v311, server, malformed_packet,
                  "bytes are left over after the end of the packet"},
        FaultCase{0xb0, "0001 00", v5, server, error, "UNSUBACK without a reason code"},
        FaultCase{0xb0, "0001 00 01", v5, server, error,
                  "a reason code that this packet may not carry"},  // [MQTT-3.11.3-2]
        FaultCase{0xc0, "00", v311, client, malformed_packet,
                  "bytes are left over after the end of the packet"},
        FaultCase{0xd0, "00", v5, server, malformed_packet,
                  "bytes are left over after the end of the packet"},
        FaultCase{0xc0, "", v5, server, error, "a packet that only a client may send"},
        FaultCase{0xd0, "", v5, client, error, "a packet that only a server may send"},
        FaultCase{0xe0, "00", v311, client, malformed_packet,
                  "bytes are left over after the end of the packet"},
        FaultCase{0xe0, "", v311, server, error, "a packet that only a client may send"},
        FaultCase{0xe0, "8e", v5, client, error,
                  "a reason code that this packet may not carry"},  // [MQTT-3.14.2-1]
        FaultCase{0xe0, "00 05 11 00000001", v5, server, error,
                  "session-expiry-interval is not for this sender to send"},  // [MQTT-3.14.2-2]
        FaultCase{0xf0, "", v5, client, error, "AUTH without Authentication Method"},
        FaultCase{0xf0, "18 00", v5, client, error, "AUTH without Authentication Method"},
        FaultCase{0xf0, "00 04 15 0001 'm'", v5, client, error,
                  "a reason code that this packet may not carry"},  // [MQTT-3.15.2-1]
        FaultCase{0xf0, "18 04 16 0001 00", v5, client, error,
                  "Authentication Data without Authentication Method"},
        FaultCase{0xf0, "", v311, client, malformed_packet, "AUTH does not exist before MQTT 5"},
        FaultCase{0x00, "", v5, client, malformed_packet, "packet type 0"},
        FaultCase{0x10, "", v5, server, error, "a packet that only a client may send"}));

// [MQTT-2.1.3-1], [MQTT-2.2.2-2] of 3.1.1, [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]
// [MQTT-3.14.1-1] [MQTT-3.15.1-1]
struct Sample {
  std::uint8_t first;
  std::string_view body_v311;
  std::string_view body_v5;
  Sender sender;
};
const Sample samples[] = {
    {0x10, "0004 'MQTT' 04 02 0000 0001 'c'", "0004 'MQTT' 05 02 0000 00 0001 'c'", client},
    {0x20, "00 00", "00 00 00", server},
    {0x40, "0001", "0001", client},
    {0x50, "0001", "0001", client},
    {0x62, "0001", "0001", client},
    {0x70, "0001", "0001", client},
    {0x82, "0001 0001 'a' 00", "0001 00 0001 'a' 00", client},
    {0x90, "0001 00", "0001 00 00", server},
    {0xa2, "0001 0001 'a'", "0001 00 0001 'a'", client},
    {0xb0, "0001", "0001 00 00", server},
    {0xc0, "", "", client},
    {0xd0, "", "", server},
    {0xe0, "", "", client},
};

TEST(ReservedFlags, MakeAPacketMalformedInMqtt311And5) {
  for (const Sample& sample : samples) {
    for (const Version version : {v311, v5}) {
      const std::string_view body = version == v5 ? sample.body_v5 : sample.body_v311;
      for (unsigned flags = 0; flags < 16; ++flags) {
        const auto first = static_cast<std::uint8_t>((sample.first & 0xf0U) | flags);
        const ByteVector in = packet(first, body);
        Packet out;
        const Fault fault = test::decode_whole(in, version, sample.sender, out);
        EXPECT_EQ(fault.none(), first == sample.first) << int{first};
        if (!fault.none()) {
          EXPECT_EQ(fault.reason, malformed_packet);
          EXPECT_EQ(fault.what, "reserved flags of the fixed header are wrong");
        }
      }
    }
  }
}

TEST(ReservedFlags, AreOnlyAQosOf1ForTheRequestsOfMqtt31) {
  for (const Sample& sample : samples) {
    if (sample.first == 0x10) continue;
    const bool is_request = (sample.first & 0x0fU) == 2;
    for (unsigned flags = 0; flags < 16; ++flags) {
      const ByteVector in =
          packet(static_cast<std::uint8_t>((sample.first & 0xf0U) | flags), sample.body_v311);
      Packet out;
      const Fault fault = test::decode_whole(in, v31, sample.sender, out);
      EXPECT_EQ(fault.none(), !is_request || (flags & 6U) == 2) << int{sample.first} << flags;
    }
  }
}

void expect_fine(std::uint8_t first, std::string_view body, Version version, Sender sender,
                 Packet& out, ByteVector& memory) {
  memory = packet(first, body);
  EXPECT_EQ(test::decode_whole(memory, version, sender, out).what, "") << body;
}

TEST(Mqtt31, IgnoresTheFlagsAndTheReservedBitOfConnect) {
  Packet out;
  ByteVector memory;
  expect_fine(0x1b, "0006 'MQIsdp' 03 03 0000 0001 'c'", v31, client, out, memory);
}

TEST(Mqtt31, TakesAnAnnouncedUserNameOrPasswordThatIsMissingAsAbsent) {
  Packet out;
  ByteVector memory;
  expect_fine(0x10, "0006 'MQIsdp' 03 c2 0000 0001 'c'", v31, client, out, memory);
  EXPECT_FALSE(std::get<wire::Connect>(out).user_name);
  EXPECT_FALSE(std::get<wire::Connect>(out).password);
  expect_fine(0x10, "0006 'MQIsdp' 03 c2 0000 0001 'c' 0001 'u'", v31, client, out, memory);
  EXPECT_EQ(std::get<wire::Connect>(out).user_name, "u");
  EXPECT_FALSE(std::get<wire::Connect>(out).password);
}

TEST(Mqtt31, HasNoSessionPresentAndIgnoresItsByte) {
  Packet out;
  ByteVector memory;
  expect_fine(0x20, "ff 00", v31, server, out, memory);
  EXPECT_FALSE(std::get<wire::Connack>(out).session_present);
}

TEST(Mqtt31, IgnoresWhatElseStandsBesideTheRequestedQos) {
  Packet out;
  ByteVector memory;
  expect_fine(0x82, "0001 0001 'a' fe", v31, client, out, memory);
  const SubscriptionRequest request = std::get<wire::Subscribe>(out).requests.at(0);
  EXPECT_EQ(request.qos, Qos::exactly_once);
  EXPECT_FALSE(request.no_local);
}

TEST(Connect, TellsInWhichVersionToRefuse) {
  const auto version_of = [](std::string_view body) {
    const ByteVector content = test::bytes(body);
    wire::Connect out;
    const Fault fault = decode({.first = 0x10, .size = 2}, content, out);
    EXPECT_EQ(fault.reason, unsupported);
    return out.version;
  };
  EXPECT_EQ(version_of("0004 'MQTT' 03 02 0000 0001 'c'"), v311);
  EXPECT_EQ(version_of("0004 'MQTT' 06 02 0000 0001 'c'"), v5);
  EXPECT_EQ(version_of("0006 'MQIsdp' 04 02 0000 0001 'c'"), v31);
}

TEST(Connect, OfMqtt5MayHaveAPasswordAlone) {  // [MQTT-3.1.2-19]
  Packet out;
  ByteVector memory;
  expect_fine(0x10, "0004 'MQTT' 05 42 0000 00 0001 'c' 0001 'p'", v5, client, out, memory);
}

TEST(Connect, MayHaveAnEmptyClientIdentifierAsFarAsThePacketGoes) {
  Packet out;
  ByteVector memory;
  expect_fine(0x10, "0004 'MQTT' 04 00 0000 0000", v311, client, out, memory);
}

TEST(Publish, MayHaveAnEmptyTopicWithAnAlias) {
  Packet out;
  ByteVector memory;
  expect_fine(0x30, "0000 03 23 0001", v5, client, out, memory);
}

ReasonCode reason_for_topic(const std::string& topic) {
  const wire::Publish value{.topic = topic};
  ByteVector in(encoded_size(value, v311));
  encode(value, v311, in.data());
  Packet out;
  return test::decode_whole(in, v311, client, out).reason;
}

TEST(Publish, MayNotHaveAWildcardWhereverItStands) {  // [MQTT-4.7.0-1]
  for (std::size_t size = 1; size < 26; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (int c = 0; c < 0x80; ++c) {
        std::string topic(size, 'a');
        topic[place] = static_cast<char>(c);
        const bool is_wildcard = c == '+' || c == '#';
        const ReasonCode expected = c == 0        ? malformed_packet
                                    : is_wildcard ? ReasonCode::topic_name_invalid
                                                  : ReasonCode::success;
        ASSERT_EQ(reason_for_topic(topic), expected) << size << " " << place << " " << c;
      }
    }
  }
}

TEST(Publish, OfMqtt31MayBeARepeatedOneOfQos0) {
  Packet out;
  ByteVector memory;
  expect_fine(0x38, "0001 't'", v31, client, out, memory);
}

TEST(Publish, MayHaveATopicOutsideAscii) {
  Packet out;
  ByteVector memory;
  expect_fine(0x30, "0005 'a/' e282ac", v311, client, out, memory);
  EXPECT_EQ(std::get<wire::Publish>(out).topic, "a/\xe2\x82\xac");
}

TEST(Subscribe, MayHaveAnEmptyFilterThatTheBrokerThenRefuses) {
  Packet out;
  ByteVector memory;
  expect_fine(0x82, "0001 0000 00", v311, client, out, memory);
}

TEST(FixedHeader, NeedsMoreBytesUntilItsLengthEnds) {
  for (const std::string_view part : {"", "10", "10 80", "10 ff ff ff"}) {
    FixedHeader header;
    EXPECT_TRUE(read_fixed_header(test::bytes(part), header).none()) << part;
    EXPECT_EQ(header.size, 0) << part;
  }
}

TEST(FixedHeader, RefusesALengthOfFiveBytes) {
  FixedHeader header;
  const Fault fault = read_fixed_header(test::bytes("10 80 80 80 80"), header);
  EXPECT_EQ(fault.reason, malformed_packet);
  EXPECT_EQ(fault.what, "the Remaining Length has more than four bytes");
}

TEST(FixedHeader, RefusesALengthThatIsNotTheShortest) {  // [MQTT-1.5.5-1]
  for (const std::string_view padded : {"10 80 00", "10 ff 80 00", "10 81 80 80 00"}) {
    FixedHeader header;
    const Fault fault = read_fixed_header(test::bytes(padded), header);
    EXPECT_EQ(fault.what, "the Remaining Length is not in its shortest form") << padded;
  }
}

TEST(FixedHeader, ReadsTheBoundsOfEachLength) {  // MQTT 5, table 1-1.
  const std::pair<std::string_view, std::uint32_t> bounds[] = {{"00 00", 0},
                                                               {"00 7f", 127},
                                                               {"00 8001", 128},
                                                               {"00 ff7f", 16'383},
                                                               {"00 808001", 16'384},
                                                               {"00 ffff7f", 2'097'151},
                                                               {"00 80808001", 2'097'152},
                                                               {"00 ffffff7f", 268'435'455}};
  for (const auto& [written, length] : bounds) {
    FixedHeader header;
    EXPECT_TRUE(read_fixed_header(test::bytes(written), header).none());
    EXPECT_EQ(header.remaining_length, length);
    EXPECT_EQ(header.packet_size(), length + header.size);
  }
}

TEST(EncodeDeathTest, AssertsOnAStringOver65535Bytes) {
  const std::string topic(65'536, 'a');
  const wire::Publish value{.topic = topic};
  ByteVector out(encoded_size(value, v5));
  EXPECT_DEATH(encode(value, v5, out.data()), "text_size_max");
}

}  // namespace
}  // namespace wire
