// Retained messages: stored, replaced, removed, given to new subscriptions in slices.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "broker/test_broker.h"

namespace broker::test {
namespace {

class RetainedMessages : public ::testing::TestWithParam<std::size_t> {
 protected:
  explicit RetainedMessages(std::string_view options = "max_inflight_messages 20")
      : broker(options, GetParam()) {
    alice.connect();
    bob.connect();
  }
  void store(int count, Qos qos = qos0, const std::string& payload = "x") {
    bob.acknowledges = true;
    for (int i = 0; i < count; ++i) {
      bob.publish("many/" + std::to_string(i), payload, retained(qos));
    }
  }
  TestBroker broker;
  TestClient& alice = broker("alice");
  TestClient& bob = broker("bob");
};
INSTANTIATE_TEST_SUITE_P(Shards, RetainedMessages, ::testing::Values(1, 3));

TEST_P(RetainedMessages, NewSubscriptionGetsTheLastOne) {  // [MQTT-3.3.1-5], [MQTT-3.3.1-9]
  bob.publish("a", "old", retained());
  bob.publish("a", "new", retained(qos1));
  alice.subscribe("a", qos2);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].payload, "new");
  EXPECT_TRUE(got[0].retain);  // [MQTT-3.3.1-8]
  EXPECT_EQ(got[0].qos, qos1);
}

TEST_P(RetainedMessages, EmptyPayloadRemovesIt) {  // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
  bob.publish("a", "x", retained());
  bob.publish("a", "", retained());
  alice.subscribe("a");
  EXPECT_EQ(alice.count(), 0U);
  EXPECT_EQ(broker.retained_store.count(), 0U);
}

TEST_P(RetainedMessages, EmptyPayloadIsDeliveredToThoseWhoAreThere) {
  alice.subscribe("a");
  bob.publish("a", "", retained());
  EXPECT_EQ(alice.payloads(), Texts{""});
}

TEST_P(RetainedMessages, MessageWithoutRetainDoesNotReplaceIt) {  // [MQTT-3.3.1-8] of 3.1.1
  bob.publish("a", "x", retained());
  bob.publish("a", "y");
  alice.subscribe("a");
  EXPECT_EQ(alice.payloads(), Texts{"x"});
}

TEST_P(RetainedMessages, FlagIsClearedForThoseWhoWereThere) {  // [MQTT-3.3.1-12]
  alice.subscribe("a");
  bob.publish("a", "x", retained());
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_FALSE(got[0].retain);
}

TEST_P(RetainedMessages, FlagStaysWithRetainAsPublished) {  // [MQTT-3.3.1-13]
  alice.subscribe("a", {.retain_as_published = true});
  bob.publish("a", "x", retained());
  bob.publish("a", "y");
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 2U);
  EXPECT_TRUE(got[0].retain);
  EXPECT_FALSE(got[1].retain);
}

TEST_P(RetainedMessages, RetainHandlingSaysWhenTheyCome) {
  bob.publish("a", "x", retained());
  alice.subscribe("a", {.handling = wire::RetainHandling::do_not_send});  // [MQTT-3.3.1-11]
  EXPECT_EQ(alice.count(), 0U);
  alice.subscribe("a", {.handling = wire::RetainHandling::send_if_new});  // [MQTT-3.3.1-10]
  EXPECT_EQ(alice.count(), 0U);
  alice.subscribe("a", {.handling = wire::RetainHandling::send});
  EXPECT_EQ(alice.payloads(), Texts{"x"});
  alice.unsubscribe("a");
  alice.subscribe("a", {.handling = wire::RetainHandling::send_if_new});
  EXPECT_EQ(alice.payloads(), Texts{"x"});
}

TEST_P(RetainedMessages, ComeAgainWithEachSubscribeOfAnOldClient) {
  bob.publish("a", "x", retained());
  for (const Version version : {v31, v311}) {  // [MQTT-3.8.4-3] of 3.1.1; 3.1 leaves it open.
    TestClient& old = broker(version == v31 ? "old" : "older");
    old.connect({.version = version});
    old.subscribe("a");
    EXPECT_EQ(old.payloads(), Texts{"x"});
    old.subscribe("a");
    EXPECT_EQ(old.payloads(), Texts{"x"});
  }
}

TEST_P(RetainedMessages, TheyExpire) {
  bob.publish("a", "x", {.retain = true, .expiry = 10});
  broker.pass(4s);
  alice.subscribe("a");
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].expiry, 6U);
  broker.pass(7s);
  alice.subscribe("a");
  EXPECT_EQ(alice.count(), 0U);
}

TEST_P(RetainedMessages, NoLocalHoldsForThemToo) {  // [MQTT-3.8.3-3]
  alice.publish("a", "mine", retained());
  alice.subscribe("a", {.no_local = true});
  EXPECT_EQ(alice.count(), 0U);
}

TEST_P(RetainedMessages, SharedSubscriptionsGetNone) {
  bob.publish("a", "x", retained());
  alice.subscribe("$share/g/a");
  EXPECT_EQ(alice.count(), 0U);
}

TEST_P(RetainedMessages, TheyCarryTheSubscriptionIdentifier) {
  bob.publish("a", "x", retained());
  alice.subscribe("a", {.identifier = 17});
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].identifiers, std::vector<std::uint32_t>{17});
}

TEST_P(RetainedMessages, WildcardGetsEachOnce) {
  store(300);
  alice.subscribe("many/+");
  const Texts topics = alice.topics();
  EXPECT_EQ(topics.size(), 300U);
  EXPECT_EQ(std::set<std::string>(topics.begin(), topics.end()).size(), 300U);
}

TEST_P(RetainedMessages, ClientThatDoesNotReadGetsThemAllLaterAndFillsNoMemoryMeanwhile) {
  store(1000, qos0, std::string(2000, 'x'));
  alice.reads = false;
  alice.subscribe("many/#");
  EXPECT_LT(broker.sum(&Metrics::output_bytes), 600'000U);
  alice.reads = true;
  broker.flush(alice);
  EXPECT_EQ(alice.count(), 1000U);
  EXPECT_EQ(broker.all_drops(), 0U);
}

TEST_P(RetainedMessages, ClientThatAcknowledgesSlowlyGetsThemAll) {
  store(200, qos1);
  alice.acknowledges = false;
  alice.subscribe("many/#", qos1);
  std::set<std::string> topics;
  for (auto got = alice.take(); !got.empty(); got = alice.take()) {
    for (const Publication& one : got) {
      topics.insert(one.topic);
      alice.acknowledge(one.id);
    }
  }
  EXPECT_EQ(topics.size(), 200U);
  EXPECT_EQ(broker.all_drops(), 0U);
}

TEST_P(RetainedMessages, NothingComesAfterUnsuback) {  // [MQTT-3.10.4-2]
  store(500, qos0, std::string(2000, 'x'));
  alice.reads = false;
  alice.subscribe("many/#");
  alice.unsubscribe("many/#");
  alice.reads = true;
  broker.flush(alice);
  EXPECT_LT(alice.count(), 500U);
  alice.take();
  broker.pass(1s);
  EXPECT_EQ(alice.count(), 0U);
}

TEST_P(RetainedMessages, SubscribingOverAndOverToTheSameKeepsOneDelivery) {
  store(500, qos0, std::string(2000, 'x'));
  alice.reads = false;
  for (int i = 0; i < 50; ++i) alice.subscribe("many/#");
  alice.reads = true;
  broker.flush(alice);
  const Texts topics = alice.topics();
  EXPECT_EQ(std::set<std::string>(topics.begin(), topics.end()).size(), 500U);
  EXPECT_LT(topics.size(), 1500U);
}

TEST_P(RetainedMessages, SessionThatComesBackGetsTheRest) {  // [MQTT-3.3.1-9]
  store(500, qos1, std::string(2000, 'x'));
  alice.connect(lasting());
  alice.reads = false;
  alice.subscribe("many/#", qos1);
  alice.drop();
  alice.reads = true;
  alice.connect(again());
  const Texts topics = alice.topics();
  EXPECT_EQ(std::set<std::string>(topics.begin(), topics.end()).size(), 500U);
}

TEST_P(RetainedMessages, ClientMayGoInTheMiddle) {
  store(500, qos0, std::string(2000, 'x'));
  alice.reads = false;
  alice.subscribe("many/#");
  alice.disconnect();
  broker.pass(1s);
  alice.drop();
  broker.pass(1s);
  EXPECT_EQ(broker.sum(&Metrics::sockets), 1U);
}

struct TightQueue : RetainedMessages {
  TightQueue()
      : RetainedMessages(
            "max_inflight_messages 2\nmax_queued_messages 5\n"
            "queue_full_policy disconnect\nmax_output_bytes 4096") {}
};
INSTANTIATE_TEST_SUITE_P(Shards, TightQueue, ::testing::Values(1, 3));

TEST_P(TightQueue, NothingRetainedIsDroppedForAFullQueue) {
  store(100, qos1);
  alice.subscribe("many/#", qos1);
  EXPECT_EQ(alice.count(), 100U);
  EXPECT_EQ(broker.all_drops(), 0U);
  EXPECT_TRUE(alice.is_open());
}

TEST_P(TightQueue, NothingRetainedIsDroppedForAFullOutput) {
  store(100, qos0, std::string(500, 'x'));
  alice.subscribe("many/#");
  EXPECT_EQ(alice.count(), 100U);
  EXPECT_EQ(broker.all_drops(), 0U);
}

TEST(RetainedSources, PublisherThatLostItsRightIsHeardNoMore) {
  bool may_write = true;
  TestBroker broker{"check_retain_source true"};
  broker.hooks.on<hook::Authorize>("test", [&](hook::Authorize& event) {
    const bool deny = event.access == hook::Access::write && event.client.id == "bob" && !may_write;
    return deny ? hook::Decision::deny : hook::Decision::next;
  });
  broker("bob").connect();
  broker("bob").publish("a", "x", retained());
  may_write = false;
  broker("alice").connect();
  broker("alice").subscribe("a");
  EXPECT_EQ(broker("alice").count(), 0U);
}

TEST(RetainedSweeps, ExpiredOnesAreRemoved) {
  TestBroker broker{"retain_expiry_interval 1", 3};
  broker("bob").connect();
  for (int i = 0; i < 600; ++i) {
    broker("bob").publish("t/" + std::to_string(i), "x",
                          {.retain = true, .expiry = i % 2 == 0 ? 10U : 1000U});
  }
  EXPECT_EQ(broker.retained_store.count(), 600U);
  broker.pass(70s);
  EXPECT_EQ(broker.retained_store.count(), 300U);
  EXPECT_EQ(broker.drops(Drop::expired), 300U);
}

// However the lanes between three shards are interleaved, a new subscription gets the value that
// was retained at that moment, first, and then each later one once; never an older one.
RC_GTEST_PROP(RetainedOrder, NeverAnOlderValueAfterANewer, ()) {
  TestBroker broker{"", 3};
  TestClient& reader = broker(broker.id_on(0, "reader"));
  TestClient& one = broker(broker.id_on(1, "one"));
  TestClient& two = broker(broker.id_on(2, "two"));
  for (TestClient* client : {&reader, &one, &two}) client->connect();
  broker.lanes_stand = true;
  const auto steps = *rc::gen::container<std::vector<int>>(40, rc::gen::inRange(0, 12));
  int last = 0;
  int at_subscribe = -1;
  for (const int step : steps) {
    if (step < 4) {
      (step < 2 ? one : two).publish("t", std::to_string(++last), retained());
    } else if (step == 4 && at_subscribe < 0) {
      at_subscribe = last;
      reader.subscribe("t");
    } else if (step >= 6) {
      broker.deliver_one(static_cast<std::size_t>(step - 6) / 2 % 3,
                         static_cast<std::size_t>(step) % 3);
      broker.run();
    }
  }
  broker.lanes_stand = false;
  broker.run();
  std::set<int> seen;
  for (const Publication& got : reader.take()) {
    const int value = std::stoi(got.payload);
    RC_ASSERT(value >= at_subscribe);
    RC_ASSERT(got.retain == (value == at_subscribe));
    RC_ASSERT(!got.retain || seen.empty());
    RC_ASSERT(seen.insert(value).second);
  }
  if (at_subscribe < 0) return;
  RC_ASSERT(static_cast<int>(seen.size()) == last - at_subscribe + (at_subscribe > 0 ? 1 : 0));
}

}  // namespace
}  // namespace broker::test
