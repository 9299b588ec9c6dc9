// Keep Alive (MQTT 5, 3.1.2.10) of both roles, by a clock that is moved by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_peers.h"

namespace protocol {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Block;
using test::bytes;
using test::Lone;
using test::Peers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::PropertyId;
using wire::ReasonCode;
using wire::Version;

constexpr base::Duration a_moment{1};

wire::Connect every(std::uint16_t keep_alive, Version version = Version::v5) {
  return {.version = version, .keep_alive = keep_alive, .client_id = "c"};
}

// ---------------------------------------------------------------- server

// [MQTT-3.1.2-22]
TEST(ServerKeepAlive, closes_after_one_and_a_half_times_and_not_a_moment_before) {
  for (const std::uint16_t keep_alive : std::initializer_list<std::uint16_t>{1, 10, 65'535}) {
    Lone server{Role::server};
    server.end.open_server(every(keep_alive));
    const base::Duration silence = milliseconds{1500} * keep_alive;
    EXPECT_EQ(server.end.machine.deadline(), server.now + silence);
    server.wait(silence - a_moment);
    EXPECT_FALSE(server.end.machine.advance(server.now));
    server.wait(a_moment);
    EXPECT_TRUE(server.end.machine.advance(server.now));
    EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x8d")));
    EXPECT_EQ(server.end.reason(), ReasonCode::keep_alive_timeout);
    EXPECT_TRUE(server.end.is_closing());
    EXPECT_TRUE(server.end.machine.deadline().is_never());
    EXPECT_FALSE(server.end.machine.advance(server.now));
  }
}

TEST(ServerKeepAlive, closes_without_a_word_before_mqtt_5) {
  for (const Version version : {Version::v31, Version::v311}) {
    Lone server{Role::server};
    server.end.open_server(every(10, version));
    server.wait(seconds{15});
    EXPECT_TRUE(server.end.machine.advance(server.now));
    EXPECT_THAT(server.end.take_output(), IsEmpty());
  }
}

TEST(ServerKeepAlive, of_0_is_off) {
  Lone server{Role::server};
  server.end.open_server(every(0));
  EXPECT_TRUE(server.end.machine.deadline().is_never());
  server.wait(std::chrono::hours{24 * 365});
  EXPECT_FALSE(server.end.machine.advance(server.now));
}

TEST(ServerKeepAlive, begins_anew_with_each_packet) {
  Lone server{Role::server};
  server.end.open_server(every(10));
  for (int i = 0; i < 5; ++i) {
    server.wait(seconds{14});
    EXPECT_FALSE(server.end.machine.advance(server.now));
    server.end.read(wire::Pingreq{});
  }
  EXPECT_EQ(server.end.machine.deadline(), server.now + seconds{15});
}

// A large packet on a slow line may take longer than Keep Alive, and no PINGREQ fits into it.
TEST(ServerKeepAlive, begins_anew_with_bytes_of_an_unfinished_packet) {
  Lone server{Role::server};
  server.end.open_server(every(10));
  server.end.read(bytes("30 64 00"));
  for (int i = 0; i < 5; ++i) {
    server.wait(seconds{14});
    EXPECT_FALSE(server.end.machine.advance(server.now));
    server.end.read(bytes("01"));
  }
  EXPECT_EQ(server.end.machine.deadline(), server.now + seconds{15});
  server.end.read(base::Bytes{});
  server.wait(seconds{15});
  EXPECT_TRUE(server.end.machine.advance(server.now));
}

TEST(ServerKeepAlive, is_not_moved_by_what_the_server_sends) {
  Lone server{Role::server};
  server.end.open_server(every(10));
  const base::Instant deadline = server.end.machine.deadline();
  server.wait(seconds{10});
  server.end.machine.send_publish({.topic = "t"}, {});
  server.end.take_output();
  EXPECT_EQ(server.end.machine.deadline(), deadline);
}

TEST(ServerKeepAlive, is_what_accept_says_not_what_was_asked_for) {
  Lone server{Role::server};
  server.end.read(wire::generate::encoded(every(10), Version::v5));
  server.wait(seconds{100});  // The decision may take its time.
  server.end.machine.accept({}, 20, server.now);
  EXPECT_EQ(server.end.machine.deadline(), server.now + seconds{30});
}

// ---------------------------------------------------------------- client

// [MQTT-3.1.2-20]
TEST(ClientKeepAlive, pings_when_nothing_was_sent_for_that_long) {
  Lone client{Role::client};
  client.end.open_client(every(10));
  EXPECT_EQ(client.end.machine.deadline(), client.now + seconds{10});
  client.wait(seconds{10} - a_moment);
  EXPECT_FALSE(client.end.machine.advance(client.now));
  EXPECT_THAT(client.end.take_output(), IsEmpty());
  client.wait(a_moment);
  EXPECT_FALSE(client.end.machine.advance(client.now));
  EXPECT_EQ(client.end.take_output(), bytes("c0 00"));
}

TEST(ClientKeepAlive, pings_again_after_each_answer) {
  Peers peers;
  peers.open(every(10));
  for (int i = 0; i < 5; ++i) {
    peers.wait(seconds{10});
    EXPECT_FALSE(peers.client.machine.advance(peers.now));
    EXPECT_EQ(peers.to_server(), Next::need_bytes);
    EXPECT_THAT(peers.server.take_packets(), ElementsAre("PINGREQ"));
    EXPECT_FALSE(peers.server.machine.advance(peers.now));
    peers.server.machine.send(wire::Pingresp{});
    EXPECT_EQ(peers.to_client(), Next::need_bytes);
    EXPECT_THAT(peers.client.take_packets(), ElementsAre("PINGRESP"));
  }
}

TEST(ClientKeepAlive, does_not_ping_while_packets_go_both_ways) {
  Lone client{Role::client};
  client.end.open_client(every(10));
  for (int i = 0; i < 5; ++i) {
    client.wait(seconds{9});
    EXPECT_FALSE(client.end.machine.advance(client.now));
    client.end.machine.send(wire::Puback{.id = wire::PacketId{1}});
    client.end.take_output();
    client.end.read(wire::Publish{.topic = "t"});
  }
  EXPECT_EQ(client.end.machine.deadline(), client.now + seconds{10});
}

// What was sent counts from when the transport took it, not from when it was queued.
TEST(ClientKeepAlive, counts_from_the_last_bytes_written) {
  Lone client{Role::client};
  client.end.open_client(every(10));
  client.end.read(wire::Publish{.topic = "t"});
  client.wait(seconds{4});
  client.end.machine.send(wire::Puback{.id = wire::PacketId{1}});
  client.end.read(wire::Publish{.topic = "t"});
  EXPECT_EQ(client.end.machine.deadline(), client.now + seconds{6});
  client.end.take_output();
  EXPECT_EQ(client.end.machine.deadline(), client.now + seconds{10});
}

TEST(ClientKeepAlive, closes_when_the_ping_is_not_answered_for_one_more) {
  Lone client{Role::client};
  client.end.open_client(every(10));
  client.wait(seconds{10});
  client.end.machine.advance(client.now);
  client.end.take_output();
  client.wait(seconds{10} - a_moment);
  EXPECT_FALSE(client.end.machine.advance(client.now));
  client.wait(a_moment);
  EXPECT_TRUE(client.end.machine.advance(client.now));
  EXPECT_TRUE(client.end.is_closing());
  EXPECT_EQ(client.end.reason(), ReasonCode::keep_alive_timeout);
  EXPECT_THAT(client.end.take_output(), IsEmpty());  // No second PINGREQ, no DISCONNECT.
}

// [MQTT-3.1.2-21], [MQTT-3.2.2-21], [MQTT-3.2.2-22]
TEST(ClientKeepAlive, is_what_the_server_says_in_connack) {
  const Block five = Block{}.number(PropertyId::server_keep_alive, 5);
  const Block off = Block{}.number(PropertyId::server_keep_alive, 0);
  const auto adopted = [](std::uint16_t asked, wire::Properties said) {
    Lone client{Role::client};
    client.end.open_client(every(asked), {.properties = said});
    return client.end.machine.keep_alive();
  };
  EXPECT_EQ(adopted(10, five.view()), 5);
  EXPECT_EQ(adopted(0, five.view()), 5);
  EXPECT_EQ(adopted(10, off.view()), 0);
  EXPECT_EQ(adopted(10, {}), 10);
}

TEST(ClientKeepAlive, of_0_is_off) {
  Lone client{Role::client};
  client.end.open_client(every(0));
  EXPECT_TRUE(client.end.machine.deadline().is_never());
}

TEST(ClientKeepAlive, does_not_run_before_connack) {
  Lone client{Role::client};
  client.end.machine.connect(every(10), client.now);
  client.end.take_output();
  EXPECT_TRUE(client.end.machine.deadline().is_never());
}

}  // namespace
}  // namespace protocol
