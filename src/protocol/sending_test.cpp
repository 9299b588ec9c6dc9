// What goes out: the peer's Maximum Packet Size, Request Problem Information, shared payloads, and
// that nothing follows the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "protocol/test_peers.h"

namespace protocol {
namespace {

using test::Block;
using test::bytes;
using test::Lone;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using wire::PacketId;
using wire::PropertyId;
using wire::Qos;
using wire::ReasonCode;
using wire::Version;

Block explanation() {
  return Block{}.text(PropertyId::reason_string, "because").pair("k", "v");
}

// A server towards a client with these properties in CONNECT.
struct Towards : Lone {
  explicit Towards(const Block& announced) : Lone(Role::server) {
    end.open_server({.version = Version::v5, .properties = announced.view()});
  }
  explicit Towards(Version version) : Lone(Role::server) {
    end.open_server({.version = version, .client_id = "c"});
  }
};
Block packets_up_to(std::uint32_t size) {
  return Block{}.number(PropertyId::maximum_packet_size, size);
}

TEST(MaximumPacketSize, lets_a_packet_of_just_that_size_out_and_none_of_one_byte_more) {
  Towards server{packets_up_to(20)};  // [MQTT-3.1.2-24]
  const std::vector<std::uint8_t> payload(20 - 6);
  EXPECT_TRUE(server.end.machine.send_publish({.topic = "t", .payload = payload}, {}));
  EXPECT_EQ(server.end.take_output().size(), 20U);
  const std::vector<std::uint8_t> more(20 - 5);
  EXPECT_FALSE(server.end.machine.send_publish({.topic = "t", .payload = more}, {}));
  EXPECT_THAT(server.end.take_output(), IsEmpty());
}

TEST(MaximumPacketSize, counts_a_payload_that_is_only_referenced) {
  Towards server{packets_up_to(2000)};
  const std::vector<std::uint8_t> payload(2000);
  class Owner final : public base::Shared {};
  const base::Ref<const base::Shared> owner{new Owner};
  EXPECT_FALSE(server.end.machine.send_publish({.topic = "t", .payload = payload}, owner));
  EXPECT_TRUE(server.end.machine.output().empty());
}

// [MQTT-3.2.2-15]
TEST(MaximumPacketSize, binds_the_client_too) {
  Lone client{Role::client};
  const Block small = packets_up_to(20);
  client.end.open_client({.version = Version::v5}, {.properties = small.view()});
  const std::vector<std::uint8_t> payload(20);
  EXPECT_FALSE(client.end.machine.send_publish({.topic = "t", .payload = payload}, {}));
  EXPECT_FALSE(client.end.machine.send(
      wire::Subscribe{.id = PacketId{1}, .requests = {{.filter = "much/too/long/for/it"}}}));
  EXPECT_THAT(client.end.take_output(), IsEmpty());
}

// [MQTT-3.4.2-2], [MQTT-3.4.2-3] and their like for each packet that has them.
TEST(MaximumPacketSize, leaves_out_reason_string_and_user_property_where_they_do_not_fit) {
  const Block why = explanation();
  Towards server{packets_up_to(12)};
  Connection& machine = server.end.machine;
  const PacketId id{1};
  EXPECT_TRUE(machine.send(wire::Puback{id, ReasonCode::not_authorized, why.view()}));
  EXPECT_TRUE(machine.send(wire::Pubrec{id, ReasonCode::not_authorized, why.view()}));
  EXPECT_TRUE(machine.send(wire::Pubrel{id, ReasonCode::success, why.view()}));
  EXPECT_TRUE(machine.send(wire::Pubcomp{id, ReasonCode::success, why.view()}));
  EXPECT_TRUE(machine.send(wire::Suback{id, why.view(), {ReasonCode::granted_qos_0}}));
  EXPECT_TRUE(machine.send(wire::Unsuback{id, why.view(), {ReasonCode::success}}));
  EXPECT_TRUE(machine.send(wire::Disconnect{ReasonCode::server_busy, why.view()}));
  EXPECT_THAT(server.end.sent(),
              ElementsAre("PUBACK id=1 reason=0x87", "PUBREC id=1 reason=0x87", "PUBREL id=1",
                          "PUBCOMP id=1", "SUBACK id=1 reason=0x00", "UNSUBACK id=1 reason=0x00",
                          "DISCONNECT reason=0x89"));
}

TEST(MaximumPacketSize, leaves_out_nothing_that_the_client_needs) {
  const Block both = Block{}
                         .text(PropertyId::reason_string, "a long sentence for people")
                         .text(PropertyId::server_reference, "other");
  Towards server{packets_up_to(20)};
  EXPECT_TRUE(
      server.end.machine.send(wire::Disconnect{ReasonCode::use_another_server, both.view()}));
  EXPECT_THAT(server.end.sent(), ElementsAre("DISCONNECT reason=0x9c server-reference=\"other\""));
}

// [MQTT-3.14.2-3]
TEST(MaximumPacketSize, holds_for_our_own_disconnect) {
  Towards server{packets_up_to(5)};
  server.end.machine.disconnect(ReasonCode::server_shutting_down, "a long sentence");
  EXPECT_EQ(server.end.take_output(), bytes("e0 01 8b"));
  EXPECT_TRUE(server.end.is_closing());
}

// ---------------------------------------------------------------- Request Problem Information

// [MQTT-3.1.2-29]
TEST(ProblemInformation, goes_only_where_it_always_may_when_the_client_asks_for_none) {
  const Block none = Block{}.number(PropertyId::request_problem_information, 0);
  const Block why = explanation();
  const Block said = Block{}.pair("k", "v");
  Towards server{none};
  Connection& machine = server.end.machine;
  machine.send(wire::Puback{PacketId{1}, ReasonCode::not_authorized, why.view()});
  machine.send(wire::Suback{PacketId{2}, why.view(), {ReasonCode::not_authorized}});
  machine.send_publish({.topic = "t", .properties = said.view()}, {});
  machine.send(wire::Publish{.topic = "t", .properties = said.view()});
  machine.disconnect(ReasonCode::server_busy, "because");
  EXPECT_THAT(server.end.sent(),
              ElementsAre("PUBACK id=1 reason=0x87", "SUBACK id=2 reason=0x87", HasSubstr("\"k\""),
                          HasSubstr("\"k\""), HasSubstr("\"because\"")));
}

TEST(ProblemInformation, is_in_connack_always) {
  const Block none = Block{}.number(PropertyId::request_problem_information, 0);
  Lone server{Role::server};
  const wire::Connect connect{.version = Version::v5, .properties = none.view()};
  server.end.read(wire::generate::encoded(connect, Version::v5));
  server.end.machine.refuse(ReasonCode::banned, "because");
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("\"because\"")));
}

TEST(ProblemInformation, is_for_servers_to_leave_out_not_for_clients) {
  const Block none = Block{}.number(PropertyId::request_problem_information, 0);
  const Block why = explanation();
  Lone client{Role::client};
  client.end.open_client({.version = Version::v5, .properties = none.view()});
  client.end.machine.send(wire::Puback{PacketId{1}, ReasonCode::not_authorized, why.view()});
  EXPECT_THAT(client.end.sent(), ElementsAre(HasSubstr("\"because\"")));
}

TEST(ProblemInformation, goes_out_when_nobody_objects) {
  const Block why = explanation();
  Towards server{Version::v5};
  server.end.machine.send(wire::Puback{PacketId{1}, ReasonCode::not_authorized, why.view()});
  EXPECT_THAT(server.end.sent(), ElementsAre(AllOf(HasSubstr("because"), HasSubstr("\"k\""))));
}

// ---------------------------------------------------------------- shared payloads

class Payload final : public base::Shared {
 public:
  Payload(std::size_t size, bool& is_freed) : bytes_(size, 7), is_freed_(is_freed) {}
  ~Payload() override { is_freed_ = true; }
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;
  base::Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
  bool& is_freed_;
};

class SharedPayload : public testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Sending, SharedPayload,
                         testing::Values(Version::v31, Version::v311, Version::v5));

TEST_P(SharedPayload, is_referenced_from_1_KiB_on_and_copied_below) {
  for (const std::size_t size : {Connection::share_from - 1, Connection::share_from}) {
    Towards server{GetParam()};
    bool is_freed = false;
    base::Ref<const Payload> payload{new Payload(size, is_freed)};
    ASSERT_TRUE(
        server.end.machine.send_publish({.topic = "t", .payload = payload->bytes()}, payload));
    base::Bytes pieces[3];
    const bool is_shared = size == Connection::share_from;
    ASSERT_EQ(server.end.machine.output().gather(pieces), is_shared ? 2U : 1U);
    if (is_shared) {
      EXPECT_EQ(pieces[1].data(), payload->bytes().data());
    }
    payload = {};
    EXPECT_EQ(is_freed, !is_shared);
    EXPECT_THAT(server.end.sent(),
                ElementsAre(HasSubstr("payload=" + std::to_string(size) + " bytes")));
    EXPECT_TRUE(is_freed);
  }
}

TEST(SharedPayloads, that_nobody_owns_are_copied) {
  Towards server{Version::v5};
  {
    const std::vector<std::uint8_t> payload(5000);
    server.end.machine.send_publish({.topic = "t", .payload = payload}, {});
  }
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("payload=5000 bytes")));
}

TEST(SharedPayloads, are_let_go_when_the_connection_goes) {
  bool is_freed = false;
  {
    Towards server{Version::v5};
    const base::Ref<const Payload> payload{new Payload(5000, is_freed)};
    server.end.machine.send_publish({.topic = "t", .payload = payload->bytes()}, payload);
  }
  EXPECT_TRUE(is_freed);
}

// ---------------------------------------------------------------- the end

class Disconnecting : public testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Sending, Disconnecting,
                         testing::Values(Version::v31, Version::v311, Version::v5));

// Before MQTT 5 only clients have a DISCONNECT, and it has no reason.
TEST_P(Disconnecting, says_what_the_version_has_words_for) {
  const bool is_v5 = GetParam() == Version::v5;
  Towards server{GetParam()};
  server.end.machine.disconnect(ReasonCode::session_taken_over, "");
  EXPECT_EQ(server.end.take_output(), is_v5 ? bytes("e0 01 8e") : bytes(""));
  EXPECT_TRUE(server.end.is_closing());

  Lone parting{Role::client};
  parting.end.open_client({.version = GetParam(), .client_id = "c"});
  parting.end.machine.disconnect(ReasonCode::normal_disconnection, "");
  EXPECT_EQ(parting.end.take_output(), bytes("e0 00"));

  Lone offended{Role::client};
  offended.end.open_client({.version = GetParam(), .client_id = "c"});
  offended.end.machine.disconnect(ReasonCode::protocol_error, "why");
  EXPECT_EQ(offended.end.take_output(), is_v5 ? bytes("e0 08 82 06 1f 0003 'why'") : bytes(""));
}

// [MQTT-3.14.0-1]
TEST_P(Disconnecting, says_nothing_before_connack) {
  const wire::Connect connect{.version = GetParam(), .client_id = "c"};
  Lone before{Role::server};
  before.end.machine.disconnect(ReasonCode::server_shutting_down, "");
  EXPECT_THAT(before.end.take_output(), IsEmpty());
  Lone undecided{Role::server};
  undecided.end.read(wire::generate::encoded(connect, GetParam()));
  undecided.end.machine.disconnect(ReasonCode::server_shutting_down, "");
  EXPECT_THAT(undecided.end.take_output(), IsEmpty());
  EXPECT_TRUE(undecided.end.is_closing());
}

// [MQTT-3.14.4-1], [MQTT-3.14.4-2]. As if lost on the way, not as if too large: a message is not to
// be counted as delivered.
TEST_P(Disconnecting, sends_nothing_after_the_last_word) {
  Towards server{GetParam()};
  Connection& machine = server.end.machine;
  machine.disconnect(ReasonCode::server_busy, "");
  server.end.take_output();
  EXPECT_TRUE(machine.send(wire::Puback{.id = PacketId{1}}));
  EXPECT_TRUE(machine.send(wire::Pingresp{}));
  EXPECT_TRUE(machine.send_publish({.topic = "t"}, {}));
  bool is_freed = false;
  const base::Ref<const Payload> payload{new Payload(5000, is_freed)};
  EXPECT_TRUE(machine.send_publish({.topic = "t", .payload = payload->bytes()}, payload));
  machine.send_encoded(bytes("d0 00"));
  machine.disconnect(ReasonCode::server_busy, "");
  EXPECT_THAT(server.end.take_output(), IsEmpty());
  EXPECT_EQ(server.end.read(wire::Pingreq{}), Next::closing);
}

TEST_P(Disconnecting, lets_out_what_was_waiting_before) {
  Towards server{GetParam()};
  server.end.machine.send(wire::Pingresp{});
  server.end.machine.close();
  EXPECT_EQ(server.end.take_output(), bytes("d0 00"));
}

// [MQTT-4.13.1-1]
TEST(Faults, of_an_open_connection_are_told_in_mqtt_5) {
  const auto told = [](Version version) {
    Towards server{version};
    EXPECT_EQ(server.end.read(bytes("36 05 0001 't' 0001")), Next::closing);  // QoS 3.
    return server.end.sent();
  };
  EXPECT_THAT(told(Version::v5), ElementsAre(HasSubstr("reason=0x81")));
  EXPECT_THAT(told(Version::v311), IsEmpty());
  EXPECT_THAT(told(Version::v31), IsEmpty());
}

// [MQTT-3.14.1-1]
TEST(Faults, include_reserved_flags_of_disconnect) {
  Towards server{Version::v5};
  EXPECT_EQ(server.end.read(bytes("e1 00")), Next::closing);
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x81")));
}

TEST(Faults, include_packets_that_only_the_other_side_sends) {
  for (const auto* packet : {"90 04 0001 00 00", "b0 04 0001 00 00", "d0 00"}) {
    Towards server{Version::v5};
    EXPECT_EQ(server.end.read(bytes(packet)), Next::closing);
    EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x82")));
  }
  for (const auto* packet : {"10 00", "82 00", "a2 00", "c0 00"}) {
    Lone client{Role::client};
    client.end.open_client();
    EXPECT_EQ(client.end.read(bytes(packet)), Next::closing);
    EXPECT_THAT(client.end.sent(), ElementsAre(HasSubstr("reason=0x82")));
  }
}

// MQTT 3.1.1, 3.14: it goes from the client to the server.
TEST(Faults, include_disconnect_from_a_server_before_mqtt_5) {
  for (const Version version : {Version::v31, Version::v311}) {
    Lone client{Role::client};
    client.end.open_client({.version = version, .client_id = "c"});
    EXPECT_EQ(client.end.read(bytes("e0 00")), Next::closing);
    EXPECT_THAT(client.end.take_output(), IsEmpty());
  }
}

TEST(Faults, leave_the_packets_before_them_as_they_are) {
  Towards server{Version::v311};
  EXPECT_EQ(server.end.read(bytes("c0 00 c0 00 c1 00 c0 00")), Next::closing);
  EXPECT_THAT(server.end.take_packets(), ElementsAre("PINGREQ", "PINGREQ"));
}

}  // namespace
}  // namespace protocol
