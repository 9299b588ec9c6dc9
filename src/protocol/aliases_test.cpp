// Topic aliases (MQTT 5, 3.3.2.3.4), of the peer and our own.
#include "protocol/aliases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_peers.h"

namespace protocol {
namespace {

using test::Block;
using test::Lone;
using test::Peers;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using wire::PropertyId;
using wire::ReasonCode;
using wire::Version;

const Limits three_aliases{.topic_alias_maximum = 3};

// What the server makes of a PUBLISH with this topic and alias.
struct Learning : testing::Test {
  Lone server{Role::server, three_aliases};
  Learning() { server.end.open_server(); }

  std::string publish(std::string_view topic, std::uint32_t alias) {
    // Not by PropertyList: 0 is to be sent too.
    const std::uint8_t property[] = {0x23, static_cast<std::uint8_t>(alias >> 8),
                                     static_cast<std::uint8_t>(alias)};
    return server.end.read_one(
        wire::Publish{.topic = topic, .properties = wire::Properties{property}});
  }
};

TEST_F(Learning, fills_in_the_topic_of_an_alias_that_it_was_told) {
  EXPECT_THAT(publish("first", 1), HasSubstr("topic=\"first\""));
  EXPECT_THAT(publish("third", 3), HasSubstr("topic=\"third\""));
  EXPECT_THAT(publish("", 1), HasSubstr("topic=\"first\""));
  EXPECT_THAT(publish("", 3), HasSubstr("topic=\"third\""));
}

TEST_F(Learning, takes_the_newest_topic_of_an_alias) {
  publish("old", 2);
  publish("new", 2);
  EXPECT_THAT(publish("", 2), HasSubstr("topic=\"new\""));
}

// [MQTT-3.3.2-12]
TEST_F(Learning, knows_each_alias_up_to_the_maximum) {
  for (std::uint32_t alias = 3; alias > 0; --alias) publish("t" + std::to_string(alias), alias);
  for (std::uint32_t alias = 1; alias <= 3; ++alias) {
    EXPECT_THAT(publish("", alias), HasSubstr("topic=\"t" + std::to_string(alias) + "\""));
  }
}

// [MQTT-3.3.2-8]
TEST_F(Learning, takes_alias_0_for_invalid) {
  publish("t", 0);
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x94")));
}

// [MQTT-3.3.2-9]
TEST_F(Learning, takes_an_alias_above_the_maximum_for_invalid) {
  publish("t", 4);
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x94")));
}

TEST_F(Learning, takes_an_alias_that_it_was_not_told_for_a_protocol_error) {
  publish("t", 2);
  publish("", 1);
  EXPECT_THAT(server.end.sent(), ElementsAre(HasSubstr("reason=0x82")));
}

TEST(Learner, without_aliases_takes_any_for_invalid) {
  Lone server{Role::server};
  server.end.open_server();
  const Block alias = Block{}.number(PropertyId::topic_alias, 1);
  EXPECT_EQ(server.end.read(wire::Publish{.topic = "t", .properties = alias.view()}),
            Next::closing);
  EXPECT_EQ(server.end.reason(), ReasonCode::topic_alias_invalid);
}

// [MQTT-3.3.2-10]
TEST(Learner, is_the_client_too) {
  Lone client{Role::client, three_aliases};
  client.end.open_client();
  const Block alias = Block{}.number(PropertyId::topic_alias, 3);
  client.end.read(wire::Publish{.topic = "t", .properties = alias.view()});
  EXPECT_THAT(client.end.take_packets(), ElementsAre(HasSubstr("topic=\"t\"")));
  client.end.read(wire::Publish{.topic = "", .properties = alias.view()});
  EXPECT_THAT(client.end.take_packets(), ElementsAre(HasSubstr("topic=\"t\"")));
}

// [MQTT-3.3.2-7]
TEST(Learner, begins_without_aliases_on_each_connection) {
  const Block alias = Block{}.number(PropertyId::topic_alias, 1);
  Lone first{Role::server, three_aliases};
  first.end.open_server();
  first.end.read(wire::Publish{.topic = "t", .properties = alias.view()});
  Lone second{Role::server, three_aliases};
  second.end.open_server();
  EXPECT_EQ(second.end.read(wire::Publish{.topic = "", .properties = alias.view()}), Next::closing);
}

// ---------------------------------------------------------------- our own

// A server towards a client that takes two aliases and packets up to 200 bytes.
struct Assigning : testing::Test {
  Peers peers{three_aliases};
  const Block announced = Block{}
                              .number(PropertyId::topic_alias_maximum, 2)
                              .number(PropertyId::maximum_packet_size, 200);
  const wire::Connect connect{.version = Version::v5, .properties = announced.view()};

  std::string publish(std::string_view topic, std::size_t payload = 1) {
    const std::vector<std::uint8_t> bytes(payload);
    if (!peers.server.machine.send_publish({.topic = topic, .payload = bytes}, {})) return "";
    const std::vector<std::string> sent = peers.server.sent();
    return sent.size() == 1 ? sent[0] : "(several)";
  }
};

TEST_F(Assigning, sends_the_topic_with_a_new_alias_and_then_the_alias_alone) {
  peers.open(connect);
  EXPECT_THAT(publish("a"), AllOf(HasSubstr("topic=\"a\""), HasSubstr("topic-alias=1")));
  EXPECT_THAT(publish("a"), AllOf(HasSubstr("topic=\"\""), HasSubstr("topic-alias=1")));
  EXPECT_THAT(publish("b"), AllOf(HasSubstr("topic=\"b\""), HasSubstr("topic-alias=2")));
  EXPECT_THAT(publish("b"), AllOf(HasSubstr("topic=\"\""), HasSubstr("topic-alias=2")));
}

// [MQTT-3.3.2-11], [MQTT-3.1.2-26]
TEST_F(Assigning, sends_further_topics_without_alias) {
  peers.open(connect);
  publish("a");
  publish("b");
  EXPECT_THAT(publish("c"), AllOf(HasSubstr("topic=\"c\""), Not(HasSubstr("alias"))));
  EXPECT_THAT(publish("a"), HasSubstr("topic=\"\""));
}

// [MQTT-3.1.2-27]
TEST_F(Assigning, is_not_done_towards_a_client_that_takes_none) {
  peers.open({.version = Version::v5});
  EXPECT_THAT(publish("a"), Not(HasSubstr("alias")));
}

TEST_F(Assigning, is_not_widened_by_our_own_cap) {
  peers.client.machine.connect(connect, peers.now);
  peers.to_server();
  peers.server.machine.limit_aliases_out(10);
  peers.server.machine.accept({}, 0, peers.now);
  peers.server.take_output();
  for (const auto* topic : {"a", "b"}) publish(topic);
  EXPECT_THAT(publish("c"), Not(HasSubstr("alias")));
}

TEST_F(Assigning, keeps_within_our_own_cap) {
  for (const bool before_connect : {true, false}) {
    Peers capped;
    if (before_connect) capped.server.machine.limit_aliases_out(1);
    capped.client.machine.connect(connect, capped.now);
    capped.to_server();
    if (!before_connect) capped.server.machine.limit_aliases_out(1);
    capped.server.machine.accept({}, 0, capped.now);
    capped.server.take_output();
    for (const auto* topic : {"a", "b"}) capped.server.machine.send_publish({.topic = topic}, {});
    EXPECT_THAT(capped.server.sent(),
                ElementsAre(HasSubstr("topic-alias=1"), Not(HasSubstr("alias"))));
  }
}

// [MQTT-3.2.2-17]
TEST(Assigner, is_the_client_too) {
  Lone client{Role::client};
  const Block one = Block{}.number(PropertyId::topic_alias_maximum, 1);
  client.end.open_client({.version = Version::v5}, {.properties = one.view()});
  for (int i = 0; i < 2; ++i) client.end.machine.send_publish({.topic = "a"}, {});
  client.end.machine.send_publish({.topic = "b"}, {});
  EXPECT_THAT(client.end.sent(), ElementsAre(HasSubstr("\"a\" topic-alias=1"),
                                             HasSubstr("\"\" topic-alias=1"), HasSubstr("\"b\"")));
}

TEST_F(Assigning, stands_behind_subscription_identifiers_and_before_the_publishers_properties) {
  peers.open(connect);
  const Block own = Block{}
                        .number(PropertyId::subscription_identifier, 7)
                        .number(PropertyId::subscription_identifier, 8)
                        .pair("k", "v")
                        .text(PropertyId::content_type, "text");
  peers.server.machine.send_publish({.topic = "a", .properties = own.view()}, {});
  EXPECT_THAT(peers.server.sent(),
              ElementsAre(HasSubstr("subscription-identifier=7 subscription-identifier=8 "
                                    "topic-alias=1 user-property=\"k\":\"v\" content-type")));
}

TEST_F(Assigning, is_taken_back_when_the_packet_was_too_large_to_send) {
  peers.open(connect);
  EXPECT_EQ(publish("a", 300), "");
  EXPECT_THAT(publish("b"), AllOf(HasSubstr("topic=\"b\""), HasSubstr("topic-alias=1")));
  EXPECT_THAT(publish("a"), AllOf(HasSubstr("topic=\"a\""), HasSubstr("topic-alias=2")));
  EXPECT_EQ(publish("a", 300), "");
  EXPECT_THAT(publish("a"), AllOf(HasSubstr("topic=\"\""), HasSubstr("topic-alias=2")));
}

// A message is dropped for its size alone [MQTT-3.1.2-25], not for the bytes that we add.
TEST_F(Assigning, is_left_out_where_only_without_it_the_packet_is_small_enough) {
  peers.open(connect);
  const std::size_t head = wire::publish_head_size({.topic = "a"}, Version::v5) + 1;
  EXPECT_THAT(publish("a", 200 - head), AllOf(HasSubstr("\"a\""), Not(HasSubstr("alias"))));
  EXPECT_EQ(publish("a", 201 - head), "");
  EXPECT_THAT(publish("a"), AllOf(HasSubstr("topic=\"a\""), HasSubstr("topic-alias=1")));
  EXPECT_THAT(publish("a", 200 - head), AllOf(HasSubstr("\"a\""), Not(HasSubstr("alias"))));
}

TEST_F(Assigning, is_understood_by_the_other_end) {
  peers.open(connect);
  const std::vector<std::string> topics{"a", "b", "a", "c", "b", "a", "c"};
  for (const std::string& topic : topics) {
    peers.server.machine.send_publish({.topic = topic}, {});
  }
  ASSERT_EQ(peers.to_client(1), Next::need_bytes);
  ASSERT_EQ(peers.client.packets.size(), topics.size());
  for (std::size_t i = 0; i < topics.size(); ++i) {
    EXPECT_THAT(peers.client.packets[i], HasSubstr("topic=\"" + topics[i] + "\""));
  }
}

TEST(Aliases, keep_their_number_for_a_topic) {
  Aliases aliases;
  bool is_new = false;
  EXPECT_EQ(aliases.assign("a", 2, is_new), 1);
  EXPECT_TRUE(is_new);
  is_new = false;
  EXPECT_EQ(aliases.assign("a", 2, is_new), 1);
  EXPECT_FALSE(is_new);
  EXPECT_EQ(aliases.assign("b", 1, is_new), 0);
  EXPECT_EQ(aliases.topic(65'535), "");
}

TEST(AliasesDeathTest, are_never_0) {
  Aliases aliases;
  EXPECT_DEATH(aliases.learn(0, "t"), "alias > 0");
  EXPECT_DEATH((void)aliases.topic(0), "alias > 0");
}

}  // namespace
}  // namespace protocol
