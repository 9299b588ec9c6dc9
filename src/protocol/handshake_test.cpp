// The order of packets around CONNECT and CONNACK (MQTT 5, 3.1 and 3.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_peers.h"

namespace protocol {
namespace {

using test::Block;
using test::bytes;
using test::ByteVector;
using test::Lone;
using test::Peers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using wire::PropertyId;
using wire::ReasonCode;
using wire::Version;

const ByteVector connect_v31 = bytes("10 0f 0006 'MQIsdp' 03 02 003c 0001 'c'");
const ByteVector connect_v311 = bytes("10 0d 0004 'MQTT' 04 02 003c 0001 'c'");
const ByteVector connect_v5 = bytes("10 0e 0004 'MQTT' 05 02 003c 00 0001 'c'");

ByteVector joined(ByteVector first, const ByteVector& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

class EachVersion : public testing::TestWithParam<Version> {
 public:
  static wire::Connect connect() {
    return {.version = GetParam(), .keep_alive = 60, .client_id = "c"};
  }
};
INSTANTIATE_TEST_SUITE_P(Handshake, EachVersion,
                         testing::Values(Version::v31, Version::v311, Version::v5),
                         [](const auto& version) {
                           return "v" + std::to_string(static_cast<int>(version.param));
                         });

TEST_P(EachVersion, opens_with_connect_and_connack) {
  Peers peers;
  peers.client.machine.connect(connect(), peers.now);
  EXPECT_EQ(peers.client.machine.state(), State::await_connack);
  EXPECT_EQ(peers.to_server(), Next::paused);
  EXPECT_EQ(peers.server.machine.state(), State::await_decision);
  EXPECT_EQ(peers.server.machine.version(), GetParam());
  EXPECT_THAT(peers.server.take_packets(), ElementsAre(StartsWith("CONNECT ")));

  peers.server.machine.accept({.session_present = true}, 60, peers.now);
  EXPECT_EQ(peers.server.machine.state(), State::connected);
  EXPECT_EQ(peers.to_client(), Next::need_bytes);
  EXPECT_EQ(peers.client.machine.state(), State::connected);
  EXPECT_THAT(peers.client.take_packets(), ElementsAre(HasSubstr("code=0x00")));
}

TEST_P(EachVersion, opens_byte_by_byte) {
  Peers peers;
  peers.client.machine.connect(connect(), peers.now);
  EXPECT_EQ(peers.to_server(1), Next::paused);
  peers.server.machine.accept({}, 60, peers.now);
  EXPECT_EQ(peers.to_client(1), Next::need_bytes);
  EXPECT_EQ(peers.client.machine.state(), State::connected);
}

// [MQTT-3.1.0-2]
TEST_P(EachVersion, takes_a_second_connect_for_a_protocol_error) {
  Lone server{Role::server};
  server.end.open_server(connect());
  EXPECT_EQ(server.end.read(connect()), Next::closing);
  EXPECT_EQ(server.end.reason(), ReasonCode::protocol_error);
}

// [MQTT-3.2.0-2]
TEST_P(EachVersion, takes_a_second_connack_for_a_protocol_error) {
  Lone client{Role::client};
  client.end.open_client(connect());
  EXPECT_EQ(client.end.read(wire::Connack{}), Next::closing);
  EXPECT_EQ(client.end.reason(), ReasonCode::protocol_error);
}

// [MQTT-3.1.0-1]: nothing is said, since the version is not known.
TEST(Handshake, closes_silently_when_the_first_packet_is_not_connect) {
  for (int type = 2; type <= 15; ++type) {
    Lone server{Role::server};
    const auto first = static_cast<std::uint8_t>(type << 4);
    EXPECT_EQ(server.end.read(ByteVector{first}), Next::closing) << type;
    EXPECT_THAT(server.end.take_output(), IsEmpty());
    EXPECT_EQ(server.end.reason(), ReasonCode::protocol_error);
  }
}

TEST(Handshake, knows_tls_on_a_plain_port) {
  Lone server{Role::server};
  EXPECT_EQ(server.end.read(bytes("16 03 01 00 c8 01")), Next::closing);
  EXPECT_THAT(server.end.take_output(), IsEmpty());
  EXPECT_THAT(std::string{server.end.machine.fault().what}, HasSubstr("TLS"));
}

TEST(Handshake, takes_packet_type_0_for_malformed) {
  Lone server{Role::server};
  EXPECT_EQ(server.end.read(bytes("00")), Next::closing);
  EXPECT_EQ(server.end.reason(), ReasonCode::malformed_packet);
}

TEST(Handshake, closes_a_client_that_is_sent_bytes_before_it_sent_connect) {
  Lone client{Role::client};
  EXPECT_EQ(client.end.read(wire::Connack{}), Next::closing);
  EXPECT_THAT(client.end.take_output(), IsEmpty());
}

// [MQTT-3.2.0-1]
TEST(Handshake, takes_a_packet_before_connack_for_a_protocol_error) {
  for (const wire::Packet& packet :
       {wire::Packet{wire::Publish{.topic = "t"}}, wire::Packet{wire::Pingresp{}},
        wire::Packet{wire::Disconnect{}}}) {
    Lone client{Role::client};
    client.end.machine.connect({.version = Version::v5}, client.now);
    client.end.take_output();
    EXPECT_EQ(client.end.read(packet), Next::closing);
    EXPECT_EQ(client.end.fault(), "packet before CONNACK");
    EXPECT_THAT(client.end.take_output(), IsEmpty());
  }
}

TEST(Handshake, keeps_what_follows_connect_at_once_and_gives_it_out_after_accept) {
  Lone server{Role::server};
  const ByteVector more = bytes("30 04 0001 't' 'x' c0 00");
  EXPECT_EQ(server.end.read(joined(connect_v311, more)), Next::paused);
  EXPECT_EQ(server.end.take_packets().size(), 1U);
  EXPECT_FALSE(server.end.machine.wants_bytes());
  EXPECT_EQ(server.end.machine.held_size(), more.size());

  server.end.machine.accept({}, 60, server.now);
  EXPECT_TRUE(server.end.machine.wants_bytes());
  EXPECT_EQ(server.end.read(base::Bytes{}), Next::need_bytes);
  EXPECT_THAT(server.end.take_packets(), ElementsAre(StartsWith("PUBLISH "), "PINGREQ"));
  EXPECT_EQ(server.end.machine.held_size(), 0U);
}

TEST(Handshake, completes_a_packet_of_which_the_start_came_with_connect) {
  for (const std::size_t connect_piece : {std::size_t{3}, test::whole}) {
    Lone server{Role::server};
    EXPECT_EQ(server.end.read(connect_v311, connect_piece), Next::paused);
    server.end.machine.keep(bytes("30 04 00"));
    server.end.machine.keep(bytes("01"));
    server.end.machine.accept({}, 60, server.now);
    server.end.take_packets();
    EXPECT_EQ(server.end.read(bytes("'t' 'x' c0 00")), Next::need_bytes);
    EXPECT_THAT(server.end.take_packets(), ElementsAre(StartsWith("PUBLISH "), "PINGREQ"));
  }
}

TEST(Handshake, takes_a_connection_with_its_kept_bytes_to_another_owner) {
  Lone server{Role::server};
  base::Bytes in{connect_v5};
  wire::Packet packet;
  ASSERT_EQ(server.end.machine.next(in, server.now, packet), Next::packet);
  server.end.machine.keep(bytes("c0 00 c0"));

  Connection moved{std::move(server.end.machine)};
  EXPECT_EQ(moved.state(), State::await_decision);
  EXPECT_EQ(moved.version(), Version::v5);
  EXPECT_EQ(moved.held_size(), 3U);
  moved.accept({}, 60, server.now);
  base::Bytes none;
  ASSERT_EQ(moved.next(none, server.now, packet), Next::packet);
  EXPECT_TRUE(std::holds_alternative<wire::Pingreq>(packet));
  base::Bytes rest;
  const ByteVector last = bytes("00");
  rest = last;
  ASSERT_EQ(moved.next(rest, server.now, packet), Next::packet);
  EXPECT_EQ(test::take_output(moved, server.now), bytes("20 03 00 00 00"));
}

// Not a byte more is read than one call brings: the transport waits for the decision.
TEST(Handshake, is_paused_until_the_decision) {
  Lone server{Role::server};
  ASSERT_EQ(server.end.read(connect_v5), Next::paused);
  EXPECT_EQ(server.end.read(base::Bytes{}), Next::paused);
  EXPECT_TRUE(server.end.machine.deadline().is_never());
}

// ---------------------------------------------------------------- refusal

TEST(Refusal, of_mqtt_5_names_the_reason_and_says_it) {
  Lone server{Role::server};
  server.end.read(connect_v5);
  server.end.machine.refuse(ReasonCode::banned, "go away");
  EXPECT_EQ(server.end.take_output(), bytes("20 0d 00 8a 0a 1f 0007 'go away'"));
  EXPECT_TRUE(server.end.is_closing());  // [MQTT-3.2.2-7]
}

// MQTT 3.1.1, table 3.1; MQTT 3.1 has the same numbers.
TEST(Refusal, before_mqtt_5_is_the_nearest_return_code) {
  const std::pair<ReasonCode, int> codes[] = {
      {ReasonCode::unsupported_protocol_version, 1}, {ReasonCode::client_identifier_not_valid, 2},
      {ReasonCode::server_unavailable, 3},           {ReasonCode::server_busy, 3},
      {ReasonCode::bad_user_name_or_password, 4},    {ReasonCode::not_authorized, 5}};
  for (const ByteVector& connect : {connect_v31, connect_v311}) {
    for (const auto& [reason, code] : codes) {
      Lone server{Role::server};
      server.end.read(connect);
      server.end.machine.refuse(reason, "not said");
      ByteVector expected = bytes("20 02 00");
      expected.push_back(static_cast<std::uint8_t>(code));
      EXPECT_EQ(server.end.take_output(), expected);
      EXPECT_TRUE(server.end.is_closing());
    }
  }
}

// [MQTT-3.1.4-6]
TEST(Refusal, ignores_everything_that_comes_after_it) {
  Lone server{Role::server};
  server.end.read(joined(connect_v5, bytes("c0 00")));
  server.end.take_packets();
  server.end.machine.refuse(ReasonCode::not_authorized, "");
  EXPECT_EQ(server.end.read(bytes("c0 00")), Next::closing);
  EXPECT_THAT(server.end.take_packets(), IsEmpty());
  EXPECT_EQ(server.end.machine.held_size(), 0U);
}

TEST(Refusal, comes_out_at_the_client_as_a_packet_and_then_it_closes) {
  Peers peers;
  peers.client.machine.connect({.version = Version::v5}, peers.now);
  peers.to_server();
  peers.server.machine.refuse(ReasonCode::server_busy, "full");
  EXPECT_EQ(peers.to_client(), Next::closing);
  EXPECT_THAT(peers.client.take_packets(), ElementsAre(HasSubstr("code=0x89")));
  EXPECT_TRUE(peers.client.machine.fault().none());
}

// [MQTT-3.1.2-2]: told in the words of the version that is nearest.
TEST(Refusal, of_an_unknown_version_tells_so) {
  Lone newer{Role::server};
  EXPECT_EQ(newer.end.read(bytes("10 0d 0004 'MQTT' 06 02 003c 0001 'c'")), Next::closing);
  EXPECT_THAT(newer.end.sent(), ElementsAre(HasSubstr("code=0x84")));
  Lone older{Role::server};
  EXPECT_EQ(older.end.read(bytes("10 0d 0004 'MQTT' 02 02 003c 0001 'c'")), Next::closing);
  EXPECT_EQ(older.end.take_output(), bytes("20 02 00 01"));
}

// [MQTT-3.1.4-1]: MQTT 5 has reasons for it. MQTT 3.1.1 says: close without a CONNACK.
TEST(Refusal, of_a_malformed_connect_is_told_in_mqtt_5_alone) {
  Lone v5{Role::server};
  EXPECT_EQ(v5.end.read(bytes("10 0e 0004 'MQTT' 05 03 003c 00 0001 'c'")), Next::closing);
  EXPECT_THAT(v5.end.sent(), ElementsAre(HasSubstr("code=0x81")));
  EXPECT_TRUE(v5.end.is_closing());
  for (const auto* written :
       {"10 0d 0004 'MQTT' 04 03 003c 0001 'c'", "10 0f 0006 'MQIsdp' 03 1a 003c 0001 'c'"}) {
    Lone v3{Role::server};
    EXPECT_EQ(v3.end.read(bytes(written)), Next::closing);
    EXPECT_THAT(v3.end.take_output(), IsEmpty());
  }
}

// [MQTT-3.1.2-24], [MQTT-3.2.2-19]
TEST(Refusal, leaves_out_the_reason_string_that_the_client_has_no_room_for) {
  Lone server{Role::server};
  server.end.read(bytes("10 13 0004 'MQTT' 05 02 003c 05 27 00000008 0001 'c'"));
  server.end.machine.refuse(ReasonCode::not_authorized, "a long sentence");
  EXPECT_EQ(server.end.take_output(), bytes("20 03 00 87 00"));
}

// ---------------------------------------------------------------- acceptance

TEST(Acceptance, sets_the_code_itself) {
  Lone server{Role::server};
  server.end.read(connect_v311);
  server.end.machine.accept({.code = 5}, 60, server.now);
  EXPECT_EQ(server.end.take_output(), bytes("20 02 00 00"));
}

TEST(Acceptance, adopts_what_the_client_announced) {
  const auto announced = Block{}
                             .number(PropertyId::receive_maximum, 7)
                             .number(PropertyId::topic_alias_maximum, 3)
                             .number(PropertyId::maximum_packet_size, 1000)
                             .number(PropertyId::request_problem_information, 0);
  Peers peers;
  peers.open({.version = Version::v5, .properties = announced.view()});
  const Connection& server = peers.server.machine;
  EXPECT_EQ(server.peer_receive_maximum(), 7);
  EXPECT_EQ(server.peer_packet_size_max(), 1000U);
  EXPECT_TRUE(server.uses_topic_aliases());
  EXPECT_FALSE(server.wants_problem_information());
}

TEST(Acceptance, takes_what_the_standard_says_for_what_was_not_announced) {
  Lone server{Role::server};
  server.end.open_server();
  EXPECT_EQ(server.end.machine.peer_receive_maximum(), 65'535);
  EXPECT_EQ(server.end.machine.peer_packet_size_max(), wire::packet_size_max);
  EXPECT_FALSE(server.end.machine.uses_topic_aliases());  // [MQTT-3.1.2-27]
  EXPECT_TRUE(server.end.machine.wants_problem_information());
}

// [MQTT-3.2.0-1]: a client without CONNACK may be sent nothing else, so there is no way on.
TEST(Acceptance, closes_when_connack_is_larger_than_the_client_takes) {
  Lone server{Role::server};
  server.end.read(bytes("10 13 0004 'MQTT' 05 02 003c 05 27 00000008 0001 'c'"));
  const auto needed = Block{}.text(PropertyId::assigned_client_identifier, "auto-123456");
  server.end.machine.accept({.properties = needed.view()}, 60, server.now);
  EXPECT_TRUE(server.end.is_closing());
  EXPECT_EQ(server.end.reason(), ReasonCode::packet_too_large);
  EXPECT_THAT(server.end.take_output(), IsEmpty());
}

TEST(HandshakeDeathTest, is_decided_once) {
  Lone server{Role::server};
  server.end.open_server();
  EXPECT_DEATH(server.end.machine.accept({}, 60, server.now), "await_decision");
  EXPECT_DEATH(server.end.machine.refuse(ReasonCode::banned, ""), "connected");  // [MQTT-3.2.0-2]
}

}  // namespace
}  // namespace protocol
