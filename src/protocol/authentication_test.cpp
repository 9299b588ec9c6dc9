// Enhanced authentication (MQTT 5, 4.12): who may send AUTH, when, and with which reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_peers.h"

namespace protocol {
namespace {

using test::Block;
using test::bytes;
using test::Lone;
using test::Peers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using wire::PropertyId;
using wire::ReasonCode;
using wire::Version;

Block method() {
  return Block{}.text(PropertyId::authentication_method, "M");
}

struct Authentication : testing::Test, Peers {
  const Block with_method = method();
  const wire::Connect connect{.version = Version::v5, .properties = with_method.view()};

  void begin() {
    client.machine.connect(connect, now);
    ASSERT_EQ(to_server(), Next::paused);
    server.take_packets();
  }
  void challenge() {
    server.machine.send_auth(ReasonCode::continue_authentication, with_method.view());
  }
  wire::Auth auth(ReasonCode reason) const {
    return {.reason = reason, .properties = with_method.view()};
  }
};

TEST_F(Authentication, goes_back_and_forth_until_it_is_accepted) {
  begin();
  for (int round = 0; round < 3; ++round) {
    challenge();
    EXPECT_EQ(server.machine.state(), State::await_auth);
    EXPECT_TRUE(server.machine.wants_bytes());
    EXPECT_EQ(to_client(), Next::need_bytes);
    EXPECT_THAT(client.take_packets(), ElementsAre(HasSubstr("reason=0x18")));
    client.machine.send_auth(ReasonCode::continue_authentication, with_method.view());
    EXPECT_EQ(to_server(), Next::paused);
    EXPECT_THAT(server.take_packets(), ElementsAre(HasSubstr("reason=0x18")));
    EXPECT_EQ(server.machine.state(), State::await_decision);
  }
  server.machine.accept({.properties = with_method.view()}, 0, now);
  EXPECT_EQ(to_client(), Next::need_bytes);
  EXPECT_EQ(client.machine.state(), State::connected);
}

// [MQTT-4.12.0-4]
TEST_F(Authentication, may_be_refused_after_any_round) {
  begin();
  challenge();
  client.machine.send_auth(ReasonCode::continue_authentication, with_method.view());
  to_server();
  server.machine.refuse(ReasonCode::not_authorized, "");
  EXPECT_THAT(server.sent(), ElementsAre(StartsWith("AUTH"), HasSubstr("code=0x87")));
  EXPECT_TRUE(server.is_closing());
}

// [MQTT-4.12.0-3]
TEST_F(Authentication, takes_only_continue_for_an_answer) {
  begin();
  challenge();
  server.take_output();
  EXPECT_EQ(server.read(auth(ReasonCode::re_authenticate)), Next::closing);
  EXPECT_THAT(server.sent(), ElementsAre(HasSubstr("code=0x82")));
}

// [MQTT-3.1.2-30]
TEST_F(Authentication, takes_nothing_but_auth_and_disconnect_while_it_goes_on) {
  for (const wire::Packet& packet :
       {wire::Packet{wire::Pingreq{}}, wire::Packet{wire::Publish{.topic = "t"}},
        wire::Packet{connect}}) {
    Peers peers;
    peers.client.machine.connect(connect, peers.now);
    peers.to_server();
    peers.server.machine.send_auth(ReasonCode::continue_authentication, with_method.view());
    peers.server.take_output();
    EXPECT_EQ(peers.server.read(packet), Next::closing);
    EXPECT_THAT(peers.server.sent(), ElementsAre(HasSubstr("code=0x82")));
  }
}

TEST_F(Authentication, lets_the_client_give_up_with_disconnect) {
  begin();
  challenge();
  EXPECT_EQ(server.read_one(wire::Disconnect{}), "DISCONNECT");
}

// [MQTT-3.1.2-30]: what came behind CONNECT is read when the answer to the challenge is due.
TEST_F(Authentication, judges_what_was_kept_behind_connect) {
  client.machine.connect(connect, now);
  client.machine.send(wire::Pingreq{});
  ASSERT_EQ(to_server(), Next::paused);
  challenge();
  EXPECT_EQ(server.read(base::Bytes{}), Next::closing);
}

// [MQTT-4.12.0-7]
TEST(NoAuthentication, lets_a_client_that_named_no_method_send_no_auth) {
  const Block with_method = method();
  Lone server{Role::server};
  server.end.open_server();
  const wire::Auth auth{.reason = ReasonCode::re_authenticate, .properties = with_method.view()};
  EXPECT_EQ(server.end.read(auth), Next::closing);
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x82")));
}

// [MQTT-4.12.0-6]
TEST(NoAuthentication, lets_a_server_send_no_auth_to_a_client_that_named_no_method) {
  const Block with_method = method();
  const wire::Auth auth{.reason = ReasonCode::continue_authentication,
                        .properties = with_method.view()};
  Lone early{Role::client};
  early.end.machine.connect({.version = Version::v5}, early.now);
  early.end.take_output();
  EXPECT_EQ(early.end.read(auth), Next::closing);
  EXPECT_THAT(early.end.take_output(), IsEmpty());
  Lone late{Role::client};
  late.end.open_client();
  EXPECT_EQ(late.end.read(auth), Next::closing);
}

// [MQTT-4.12.1-1]
TEST_F(Authentication, is_done_again_on_an_open_connection) {
  open(connect);
  EXPECT_THAT(server.read_one(auth(ReasonCode::re_authenticate)), HasSubstr("reason=0x19"));
  EXPECT_EQ(server.machine.state(), State::connected);
  challenge();
  EXPECT_EQ(server.machine.state(), State::connected);  // Other packets go on meanwhile.
  EXPECT_EQ(server.read_one(wire::Pingreq{}), "PINGREQ");
  EXPECT_THAT(server.read_one(auth(ReasonCode::continue_authentication)), HasSubstr("0x18"));
  server.machine.send_auth(ReasonCode::success, with_method.view());
  EXPECT_EQ(to_client(), Next::need_bytes);
  EXPECT_EQ(client.take_packets().size(), 2U);
}

TEST(NoAuthentication, exists_before_mqtt_5) {
  for (const Version version : {Version::v31, Version::v311}) {
    Lone server{Role::server};
    server.end.open_server({.version = version, .client_id = "c"});
    EXPECT_EQ(server.end.read(bytes("f0 00")), Next::closing);
    EXPECT_EQ(server.end.reason(), ReasonCode::malformed_packet);
    EXPECT_THAT(server.end.take_output(), IsEmpty());
    Lone client{Role::client};
    client.end.machine.connect({.version = version, .client_id = "c"}, client.now);
    EXPECT_EQ(client.end.read(bytes("f0 00")), Next::closing);
  }
}

}  // namespace
}  // namespace protocol
