// Ordinary subscriptions: overlapping ones, options, topics that begin with $, mount points.
#include "broker/test_broker.h"

namespace broker::test {
namespace {

using Ids = std::vector<std::uint32_t>;

class SubscriptionsOf : public ::testing::TestWithParam<std::size_t> {
 protected:
  explicit SubscriptionsOf(std::string_view options = "max_topic_levels 5")
      : broker(options, GetParam()) {}
  TestBroker broker;
  TestClient& alice = broker("alice");
  TestClient& bob = broker("bob");
};
INSTANTIATE_TEST_SUITE_P(Shards, SubscriptionsOf, ::testing::Values(1, 3));

TEST_P(SubscriptionsOf, OverlappingOnesGiveOneCopyWithAllIdentifiersAtTheHighestQos) {
  // [MQTT-3.3.4-2], [MQTT-3.3.4-4]
  alice.connect();
  bob.connect();
  alice.subscribe("a/b", {.qos = qos0, .identifier = 1});
  alice.subscribe("a/+", {.qos = qos2, .identifier = 2});
  alice.subscribe("a/#", {.qos = qos1, .identifier = 3});
  alice.subscribe("#", {.qos = qos1});
  bob.publish("a/b", "x", qos2);
  auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].qos, qos2);
  std::sort(got[0].identifiers.begin(), got[0].identifiers.end());
  EXPECT_EQ(got[0].identifiers, (Ids{1, 2, 3}));
}

TEST_P(SubscriptionsOf, OlderClientsGetOneCopyForEach) {
  alice.connect(v311);
  bob.connect();
  alice.subscribe("a/b", qos0);
  alice.subscribe("a/+", qos1);
  bob.publish("a/b", "x", qos1);
  EXPECT_EQ(alice.count(), 2U);
}

struct WithoutDuplicates : SubscriptionsOf {
  WithoutDuplicates() : SubscriptionsOf("allow_duplicate_messages false") {}
};
INSTANTIATE_TEST_SUITE_P(Shards, WithoutDuplicates, ::testing::Values(1, 3));

TEST_P(WithoutDuplicates, OlderClientsGetOneCopyAtTheHighestQos) {
  alice.connect(v311);
  bob.connect();
  alice.subscribe("a/b", qos0);
  alice.subscribe("a/+", qos1);
  bob.publish("a/b", "x", qos1);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].qos, qos1);
}

TEST_P(SubscriptionsOf, RepeatedSubscribeReplaces) {  // [MQTT-3.8.4-3], [MQTT-3.8.4-4]
  alice.connect();
  bob.connect();
  alice.subscribe("a", {.qos = qos1, .identifier = 1});
  alice.subscribe("a", {.qos = qos0, .identifier = 2});
  bob.publish("a", "x", qos1);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].qos, qos0);
  EXPECT_EQ(got[0].identifiers, Ids{2});
  EXPECT_EQ(broker.sum(&Metrics::subscriptions), 1U);
}

TEST_P(SubscriptionsOf, UnsubscribeEndsIt) {  // [MQTT-3.10.4-1], [MQTT-3.10.4-5]
  alice.connect();
  bob.connect();
  alice.subscribe("a/+", qos1);
  EXPECT_EQ(alice.unsubscribe("a/b"), ReasonCode::no_subscription_existed);
  EXPECT_EQ(alice.unsubscribe("a/+"), ReasonCode::success);
  bob.publish("a/b", "x", qos1);
  EXPECT_EQ(alice.count(), 0U);
}

TEST_P(SubscriptionsOf, OneSubscribeMayHaveManyFilters) {  // [MQTT-3.8.4-5], [MQTT-3.8.4-6]
  alice.connect();
  alice.send(wire::Subscribe{
      .id = wire::PacketId{9},
      .properties = {},
      .requests = {{.filter = "a", .qos = qos2}, {.filter = "x/y/z/1/2/3"}, {.filter = "b"}}});
  const auto answers = alice.all<wire::Suback>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].id.value, 9);  // [MQTT-3.8.4-2]
  EXPECT_EQ(answers[0].codes,
            (std::vector<ReasonCode>{ReasonCode::granted_qos_2, ReasonCode::topic_filter_invalid,
                                     ReasonCode::granted_qos_0}));
}

TEST_P(SubscriptionsOf, RefusalReadsAsEachVersionHasIt) {
  alice.connect(v311);
  EXPECT_EQ(alice.subscribe("x/y/z/1/2/3"), ReasonCode::unspecified_error);  // 0x80
  alice.connect(v31);
  EXPECT_EQ(alice.subscribe("x/y/z/1/2/3"), ReasonCode::granted_qos_0);
}

TEST_P(SubscriptionsOf, NoLocalKeepsOnesOwnMessagesAway) {  // [MQTT-3.8.3-3]
  alice.connect();
  bob.connect();
  alice.subscribe("a", {.no_local = true});
  alice.publish("a", "mine");
  bob.publish("a", "others");
  EXPECT_EQ(alice.payloads(), Texts{"others"});
}

TEST_P(SubscriptionsOf, NoLocalOnASharedSubscriptionIsAProtocolError) {  // [MQTT-3.8.3-4]
  alice.connect();
  alice.subscribe("$share/g/a", {.no_local = true});
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::protocol_error);
}

TEST_P(SubscriptionsOf, WildcardsDoNotMatchTopicsThatBeginWithDollar) {  // [MQTT-4.7.2-1]
  alice.connect();
  bob.connect();
  alice.subscribe("#");
  alice.subscribe("+/x");
  bob.publish("$own/x", "hidden");
  EXPECT_EQ(alice.count(), 0U);
  alice.subscribe("$own/#");
  bob.publish("$own/x", "seen");
  EXPECT_EQ(alice.payloads(), Texts{"seen"});
}

TEST_P(SubscriptionsOf, NobodyPublishesToTheBrokersTopics) {
  alice.connect();
  bob.connect();
  alice.subscribe("$SYS/#");
  EXPECT_EQ(bob.publish("$SYS/broker/version", "mine", qos1), ReasonCode::not_authorized);
  EXPECT_EQ(alice.count(), 0U);
  EXPECT_EQ(broker.drops(Drop::not_authorized), 1U);
  bob.publish("$share/g/a", "x", qos1);
  EXPECT_EQ(bob.disconnect_reason(), ReasonCode::topic_name_invalid);
}

TEST_P(SubscriptionsOf, TopicWithTooManyLevelsEndsTheConnection) {
  bob.connect();
  bob.publish("1/2/3/4/5", "x");
  EXPECT_TRUE(bob.is_open());
  bob.publish("1/2/3/4/5/6", "x");
  EXPECT_EQ(bob.disconnect_reason(), ReasonCode::topic_name_invalid);
}

TEST_P(SubscriptionsOf, SubscriptionsOutliveTheConnection) {
  alice.connect(lasting(v311));
  alice.subscribe("a", qos1);
  alice.drop();
  bob.connect();
  EXPECT_EQ(bob.publish("a", "x", qos1), ReasonCode::success);
  alice.connect(again(v311));
  bob.publish("a", "y", qos1);
  EXPECT_EQ(alice.payloads(), (Texts{"x", "y"}));
}

struct UpgradedQos : SubscriptionsOf {
  UpgradedQos() : SubscriptionsOf("upgrade_outgoing_qos true") {}
};
INSTANTIATE_TEST_SUITE_P(Shards, UpgradedQos, ::testing::Values(1, 3));

TEST_P(UpgradedQos, MessagesComeWithTheQosOfTheSubscription) {
  alice.connect();
  bob.connect();
  alice.subscribe("a", qos2);
  bob.publish("a", "x", qos0);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].qos, qos2);
}

// ---------------------------------------------------------------- mount points

struct Mounted : SubscriptionsOf {
  Mounted()
      : SubscriptionsOf(
            "listener 1883\nallow_anonymous true\n"
            "listener 1884\nmount_point in/") {}
};
INSTANTIATE_TEST_SUITE_P(Shards, Mounted, ::testing::Values(1, 3));

TEST_P(Mounted, ClientsSeeOnlyWhatIsBelowIt) {
  alice.connect({.listener = 1});
  bob.connect();
  alice.subscribe("#", qos1);
  bob.publish("a", "outside", qos1);
  bob.publish("in/a", "inside", qos1);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].topic, "a");
  EXPECT_EQ(got[0].payload, "inside");
}

TEST_P(Mounted, WhatTheyPublishIsPutBelowIt) {
  alice.connect({.will = WillOptions{.topic = "gone"}, .listener = 1});
  bob.connect();
  bob.subscribe("#");
  alice.publish("a", "x", retained());
  alice.drop();
  EXPECT_EQ(bob.topics(), (Texts{"in/a", "in/gone"}));
  alice.connect({.listener = 1});
  alice.subscribe("a");
  EXPECT_EQ(alice.topics(), Texts{"a"});  // The retained one.
  EXPECT_EQ(alice.unsubscribe("a"), ReasonCode::success);
}

TEST_P(Mounted, SharedFiltersAreMountedInside) {
  alice.connect({.listener = 1});
  bob.connect();
  alice.subscribe("$share/g/a");
  bob.publish("in/a", "x");
  EXPECT_EQ(alice.topics(), Texts{"a"});
  EXPECT_EQ(alice.unsubscribe("$share/g/a"), ReasonCode::success);
}

TEST_P(Mounted, SessionMayComeBackThroughAnotherListener) {
  ConnectOptions options = lasting();
  options.listener = 1;
  alice.connect(options);
  alice.subscribe("a", qos1);
  alice.drop();
  bob.connect();
  bob.publish("in/a", "x", qos1);
  alice.connect(again());
  EXPECT_EQ(alice.topics(), Texts{"in/a"});
}

TEST_P(Mounted, TopicsMayNotGrowTooLongUnderIt) {  // [MQTT-4.7.3-3]
  alice.connect({.listener = 1});
  bob.connect();
  bob.subscribe("#", qos1);
  alice.publish(std::string(65'535, 'a'), "x", qos1);
  EXPECT_EQ(bob.count(), 0U);
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::topic_name_invalid);
  alice.connect({.listener = 1});
  EXPECT_EQ(alice.subscribe(std::string(65'535, 'a')), ReasonCode::topic_filter_invalid);
  EXPECT_EQ(
      alice.connect({.will = WillOptions{.topic = std::string(65'535, 'a')}, .listener = 1}).code,
      static_cast<std::uint8_t>(ReasonCode::topic_name_invalid));
}

}  // namespace
}  // namespace broker::test
