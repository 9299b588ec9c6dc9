// Shared subscriptions: one member of the group gets each message, whoever comes and goes.
#include <algorithm>

#include "broker/test_broker.h"

namespace broker::test {
namespace {

class Shared : public ::testing::TestWithParam<std::size_t> {
 protected:
  Shared() : broker("max_inflight_messages 2", GetParam()) { publisher.connect(); }
  TestClient& member(const std::string& id, const ConnectOptions& options = {}, Qos qos = qos1) {
    TestClient& client = broker(id);
    client.connect(options);
    client.subscribe("$share/g/job", qos);
    return client;
  }
  void publish(int from, int to, Qos qos = qos1) {
    for (int i = from; i <= to; ++i) publisher.publish("job", std::to_string(i), qos);
  }
  static std::vector<int> numbers(std::initializer_list<TestClient*> clients) {
    std::vector<int> all;
    for (TestClient* client : clients) {
      for (const std::string& text : client->payloads()) all.push_back(std::stoi(text));
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  static std::vector<int> range(int from, int to) {
    std::vector<int> all;
    for (int i = from; i <= to; ++i) all.push_back(i);
    return all;
  }
  TestBroker broker;
  TestClient& publisher = broker("publisher");
};
INSTANTIATE_TEST_SUITE_P(Shards, Shared, ::testing::Values(1, 3));

TEST_P(Shared, EachMessageGoesToOneMemberInTurn) {  // [MQTT-4.8.2-4]
  TestClient& a = member("a");
  TestClient& b = member("b");
  TestClient& c = member("c");
  publish(1, 30);
  EXPECT_EQ(a.count(), 10U);
  EXPECT_EQ(b.count(), 10U);
  EXPECT_EQ(c.count(), 10U);
  EXPECT_EQ(numbers({&a, &b, &c}), range(1, 30));
}

TEST_P(Shared, OrdinarySubscriptionGetsItsOwnCopy) {
  TestClient& a = member("a");
  a.subscribe("job", qos1);
  publish(1, 1);
  EXPECT_EQ(a.count(), 2U);
}

TEST_P(Shared, GroupsAreApart) {
  TestClient& a = member("a");
  TestClient& b = broker("b");
  b.connect();
  b.subscribe("$share/other/job");
  publish(1, 3);
  EXPECT_EQ(a.count(), 3U);
  EXPECT_EQ(b.count(), 3U);
}

TEST_P(Shared, EachMemberHasItsQos) {  // [MQTT-4.8.2-3]
  TestClient& a = member("a", {}, qos0);
  TestClient& b = member("b", {}, qos2);
  publish(1, 2, qos2);
  for (const Publication& one : a.take()) EXPECT_EQ(one.qos, qos0);
  for (const Publication& one : b.take()) EXPECT_EQ(one.qos, qos2);
}

TEST_P(Shared, OfflineMembersAreSkipped) {
  TestClient& a = member("a", lasting());
  TestClient& b = member("b");
  a.drop();
  publish(1, 10);
  EXPECT_EQ(numbers({&b}), range(1, 10));
  a.connect(again());
  EXPECT_EQ(a.count(), 0U);
}

TEST_P(Shared, WhatWaitsForOneWhoGoesMovesToTheOthers) {
  TestClient& a = member("a", lasting());
  a.acknowledges = false;
  publish(1, 8);  // Two in flight, six wait.
  TestClient& b = member("b");
  EXPECT_EQ(b.count(), 0U);  // a is there and may still take them.
  EXPECT_EQ(a.count(), 2U);
  a.drop();
  EXPECT_EQ(numbers({&b}), range(3, 8));
  a.take();
  a.acknowledges = true;
  a.connect(again());
  EXPECT_EQ(numbers({&a}), range(1, 2));
  EXPECT_EQ(broker.all_drops(), 0U);
}

TEST_P(Shared, WhatWaitsForAbsentMembersGoesToTheFirstWhoComes) {
  TestClient& a = member("a", lasting());
  TestClient& b = member("b", lasting());
  a.drop();
  b.drop();
  publish(1, 6);
  EXPECT_EQ(broker.sum(&Metrics::queued_messages), 6U);
  b.connect(again());
  EXPECT_EQ(numbers({&b}), range(1, 6));
  TestClient& c = member("c");
  publish(7, 8);
  EXPECT_EQ(numbers({&b, &c}), range(7, 8));
}

TEST_P(Shared, NewMemberTakesWhatWaitsForAbsentOnes) {
  TestClient& a = member("a", lasting());
  a.drop();
  publish(1, 6);
  TestClient& b = member("b");
  EXPECT_EQ(numbers({&b}), range(1, 6));
}

TEST_P(Shared, Qos1InFlightGoesToOthersWhenTheSessionEnds) {  // [MQTT-4.8.2-6]
  TestClient& a = member("a", {.expiry = 10});
  a.acknowledges = false;
  publish(1, 2);
  EXPECT_EQ(a.count(), 2U);
  a.drop();
  TestClient& b = member("b");
  EXPECT_EQ(b.count(), 0U);  // a may come back.
  broker.pass(11s);
  EXPECT_EQ(numbers({&b}), range(1, 2));
  EXPECT_EQ(broker.all_drops(), 0U);
}

TEST_P(Shared, Qos2InFlightStaysWithItsMember) {  // [MQTT-4.8.2-4], [MQTT-4.8.2-5]
  TestClient& a = member("a", lasting(), qos2);
  a.acknowledges = false;
  publish(1, 2, qos2);
  a.drop();
  TestClient& b = member("b", {}, qos2);
  EXPECT_EQ(b.count(), 0U);
  a.take();
  a.acknowledges = true;
  a.connect(again());
  EXPECT_EQ(numbers({&a}), range(1, 2));
  a.acknowledges = false;
  a.drop();
  EXPECT_EQ(b.count(), 0U);
}

TEST_P(Shared, Qos2InFlightEndsWithItsSession) {
  TestClient& a = member("a", {.expiry = 10}, qos2);
  a.acknowledges = false;
  publish(1, 2, qos2);
  a.drop();
  TestClient& b = member("b", {}, qos2);
  broker.pass(11s);
  EXPECT_EQ(b.count(), 0U);
  EXPECT_EQ(broker.drops(Drop::session_ended), 2U);
}

TEST_P(Shared, LastMemberTakesTheGroupAlong) {
  TestClient& a = member("a");
  a.unsubscribe("$share/g/job");
  EXPECT_EQ(publisher.publish("job", "x", qos1), ReasonCode::no_matching_subscribers);
  EXPECT_EQ(a.count(), 0U);
}

TEST_P(Shared, MemberThatLeavesKeepsWhatItWasGiven) {
  TestClient& a = member("a");
  a.acknowledges = false;
  publish(1, 4);
  TestClient& b = member("b");
  a.unsubscribe("$share/g/job");
  for (const Publication& one : a.take()) a.acknowledge(one.id);
  EXPECT_EQ(numbers({&a}), range(3, 4));
  EXPECT_EQ(b.count(), 0U);
}

// A group's number is used again when its last member has left: what was queued under it must not
// go to the members of the next group that has it.
TEST_P(Shared, NumberOfAGoneGroupNeverMisleadsAMessage) {
  TestClient& a = member("a", lasting());
  a.acknowledges = false;
  publish(1, 6);
  a.unsubscribe("$share/g/job");  // Four of the group's messages still wait.
  TestClient& stranger = broker("stranger");
  stranger.connect();
  stranger.subscribe("$share/secret/elsewhere", qos1);
  a.subscribe("$share/secret/elsewhere", qos1);
  a.drop();
  EXPECT_EQ(stranger.count(), 0U);
  a.take();
  a.acknowledges = true;
  a.connect(again());
  EXPECT_EQ(numbers({&a}), range(1, 6));
}

TEST_P(Shared, AllOfThemAwayAndGoneCountsAsDropped) {
  TestClient& a = member("a", {.expiry = 5});
  a.drop();
  publish(1, 3);
  broker.pass(6s);
  EXPECT_EQ(broker.all_drops(), 3U);
}

TEST_P(Shared, PublisherMayBeAMember) {
  publisher.subscribe("$share/g/job", qos1);
  publish(1, 3);
  EXPECT_EQ(numbers({&publisher}), range(1, 3));
}

TEST(SharedLanes, MemberThatGoesWhileTheMessageIsOnItsWayPassesItOn) {
  TestBroker broker{"", 3};
  TestClient& publisher = broker(broker.id_on(0, "p"));
  TestClient& a = broker(broker.id_on(1, "a"));
  TestClient& b = broker(broker.id_on(2, "b"));
  for (TestClient* client : {&publisher, &a, &b}) client->connect(lasting());
  a.subscribe("$share/g/job", qos1);
  broker.lanes_stand = true;
  publisher.publish("job", "1", qos1);
  b.subscribe("$share/g/job", qos1);
  a.drop();
  broker.lanes_stand = false;
  broker.run();
  EXPECT_EQ(b.payloads(), Texts{"1"});
}

TEST(SharedLanes, GroupThatEndsWhileTheMessageIsOnItsWayCountsIt) {
  TestBroker broker{"", 3};
  TestClient& publisher = broker(broker.id_on(0, "p"));
  TestClient& a = broker(broker.id_on(1, "a"));
  publisher.connect();
  a.connect();
  a.subscribe("$share/g/job", qos1);
  broker.lanes_stand = true;
  publisher.publish("job", "1", qos1);
  a.unsubscribe("$share/g/job");
  broker.lanes_stand = false;
  broker.run();
  EXPECT_EQ(broker.drops(Drop::no_member), 1U);
}

}  // namespace
}  // namespace broker::test
