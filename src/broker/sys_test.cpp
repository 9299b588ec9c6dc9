// $SYS, the figures behind it, and $CONTROL.
#include <map>

#include "broker/test_broker.h"

namespace broker::test {
namespace {

class Sys : public ::testing::TestWithParam<std::size_t> {
 protected:
  explicit Sys(std::string_view options = "sys_interval 10") : broker(options, GetParam()) {}
  // All of $SYS as it stands now, by the topic behind $SYS/broker/.
  std::map<std::string, std::string> tree() {
    TestClient& reader = broker("reader");
    reader.connect();
    reader.subscribe("$SYS/broker/#");
    std::map<std::string, std::string> values;
    for (const Publication& one : reader.take()) values[one.topic.substr(12)] = one.payload;
    reader.disconnect();
    return values;
  }
  TestBroker broker;
  TestClient& alice = broker("alice");
  TestClient& bob = broker("bob");
};
INSTANTIATE_TEST_SUITE_P(Shards, Sys, ::testing::Values(1, 3));

TEST_P(Sys, IsThereFromTheStart) {
  const auto values = tree();
  EXPECT_EQ(values.at("clients/total"), "0");
  EXPECT_EQ(values.at("uptime"), "0 seconds");
  EXPECT_EQ(values.at("publish/messages/dropped"), "0");
  EXPECT_EQ(values.at("version").substr(0, 5), "midge");
}

TEST_P(Sys, CountsSessionsAndSubscriptions) {
  alice.connect(lasting());
  alice.subscribe("a", qos1);
  alice.subscribe("$share/g/b", qos1);
  bob.connect();
  alice.drop();
  bob.publish("a", "12345", qos1);
  broker.pass(10s);
  const auto values = tree();
  EXPECT_EQ(values.at("clients/total"), "2");
  EXPECT_EQ(values.at("clients/connected"), "1");
  EXPECT_EQ(values.at("clients/disconnected"), "1");
  EXPECT_EQ(values.at("clients/maximum"), "2");
  EXPECT_EQ(values.at("subscriptions/count"), "2");
  EXPECT_EQ(values.at("shared_subscriptions/count"), "1");
  EXPECT_EQ(values.at("publish/messages/received"), "1");
  EXPECT_EQ(values.at("publish/bytes/received"), "5");
  EXPECT_EQ(values.at("uptime"), "10 seconds");
  EXPECT_EQ(values.at("connections/socket/count"), "1");
}

TEST_P(Sys, MessagesAddUp) {
  alice.connect();
  alice.subscribe("a", qos2);
  bob.connect();
  for (int i = 0; i < 10; ++i) bob.publish("a", "x", i % 3 == 0 ? qos0 : i % 3 == 1 ? qos1 : qos2);
  EXPECT_EQ(broker.sum(&Metrics::publishes_received), 10U);
  EXPECT_EQ(broker.sum(&Metrics::publishes_sent), 10U);
  // What clients sent: two CONNECTs, a SUBSCRIBE, ten PUBLISHes and their PUBRELs; from alice the
  // acknowledgements of three of QoS 1, and PUBREC and PUBCOMP of three of QoS 2.
  EXPECT_EQ(broker.sum(&Metrics::packets_received), 2U + 1 + 10 + 3 + 3 + 6);
  EXPECT_EQ(broker.sum(&Metrics::packets_sent), 2U + 1 + (3 + 6) + (4 + 3 + 3 + 3));
}

TEST_P(Sys, DisconnectIsCountedAsSent) {
  alice.connect();
  const std::uint64_t before = broker.sum(&Metrics::packets_sent);
  broker.twin("alice").connect();
  EXPECT_EQ(broker.sum(&Metrics::packets_sent), before + 2);  // DISCONNECT and CONNACK.
}

TEST_P(Sys, WhatDidNotChangeIsNotPublishedAgain) {
  alice.connect();
  broker.pass(10s);
  alice.subscribe("$SYS/broker/clients/#");
  alice.take();
  broker.pass(30s);
  EXPECT_EQ(alice.count(), 0U);
  bob.connect();
  broker.pass(10s);
  EXPECT_GT(alice.count(), 0U);
}

TEST_P(Sys, LoadsAreAverages) {
  alice.connect();
  for (int i = 0; i < 60; ++i) alice.publish("a", "x");
  broker.pass(60s);
  EXPECT_GT(std::stod(tree().at("load/publish/received/1min")), 5.0);
}

struct SysWithLimits : Sys {
  SysWithLimits() : Sys("sys_interval 10\nmax_queued_messages 2") {}
  void lose(TestClient& client, int count) {
    client.connect(lasting());
    client.subscribe("a", qos1);
    client.drop();
    bob.connect();
    for (int i = 0; i < count + 2; ++i) bob.publish("a", "x", qos1);
  }
};
INSTANTIATE_TEST_SUITE_P(Shards, SysWithLimits, ::testing::Values(1, 3));

TEST_P(SysWithLimits, DropsAreToldByReasonAndClient) {
  lose(alice, 3);
  broker.pass(20s);
  auto values = tree();
  EXPECT_EQ(values.at("publish/messages/dropped/queue_full"), "3");
  EXPECT_EQ(values.at("publish/messages/dropped"), "3");
  EXPECT_EQ(values.at("clients/alice/messages/dropped"), "3");
  alice.connect();  // Ends that session.
  broker.pass(20s);
  EXPECT_FALSE(tree().contains("clients/alice/messages/dropped"));
}

TEST_P(SysWithLimits, ClientIdTooLongForATopicDoesNoHarm) {
  TestClient& reader = broker("watcher");
  reader.connect();
  reader.subscribe("$SYS/#");
  lose(broker(std::string(65'535, 'c')), 3);
  broker.pass(20s);
  EXPECT_TRUE(reader.is_open());
}

TEST(SysOff, IntervalOfZeroIsNoTree) {
  TestBroker broker{"sys_interval 0"};
  broker("a").connect();
  broker("a").subscribe("$SYS/#");
  broker.pass(100s);
  EXPECT_EQ(broker("a").count(), 0U);
}

TEST(LogTopic, LineReachesSubscribersAndIsNotKept) {
  TestBroker broker{"", 3};
  TestClient& alice = broker("alice");
  alice.connect();
  alice.subscribe("$SYS/broker/log/#", qos1);
  broker.shard(0).publish_log_line("$SYS/broker/log/N", "a line", broker.now());
  broker.run();
  EXPECT_EQ(alice.payloads(), Texts{"a line"});
  EXPECT_EQ(broker.retained_store.count(), 0U);
}

TEST(DebugLog, EveryPacketHasItsLine) {
  TestBroker broker{"", 3, true};
  TestClient& alice = broker("alice");
  alice.connect();
  alice.subscribe("a", qos2);
  alice.publish("a", "x", qos2);
  alice.ping();
  alice.unsubscribe("a");
  alice.disconnect();
  for (const char* line :
       {"Sending CONNACK to alice", "Received SUBSCRIBE from alice", "Sending SUBACK to alice",
        "Received PUBLISH from alice", "Sending PUBREC to alice", "Received PUBREL from alice",
        "Sending PUBCOMP to alice", "Sending PUBLISH to alice", "Received PUBREC from alice",
        "Sending PUBREL to alice", "Received PUBCOMP from alice", "Received PINGREQ from alice",
        "Sending PINGRESP to alice", "Received UNSUBSCRIBE from alice",
        "Received DISCONNECT from alice"}) {
    EXPECT_TRUE(broker.log.has(line)) << line;
  }
}

// ---------------------------------------------------------------- $CONTROL

class Control : public ::testing::Test {
 protected:
  Control() {
    alice.connect();
    bob.connect();
    bob.subscribe("$CONTROL/#");
  }
  std::string ask(std::string_view payload, std::string_view topic = "$CONTROL/broker/v1") {
    alice.publish(topic, payload, qos1);
    const auto got = alice.take();
    EXPECT_EQ(got.size(), 1U);
    return got.empty() ? "" : got[0].payload;
  }
  TestBroker broker{"enable_control_api true", 3};
  TestClient& alice = broker("alice");
  TestClient& bob = broker("bob");
};

TEST_F(Control, AnswersWhoAskedAndNobodyElse) {
  const std::string answer =
      ask(R"({"commands":[{"command":"listListeners","correlationData":"c"}]})");
  EXPECT_NE(answer.find(R"("port":1883)"), std::string::npos) << answer;
  EXPECT_NE(answer.find(R"("correlationData":"c")"), std::string::npos) << answer;
  EXPECT_EQ(bob.count(), 0U);
}

TEST_F(Control, SaysWhatIsWrong) {
  EXPECT_NE(ask("nonsense").find("error"), std::string::npos);
  EXPECT_NE(ask(R"({"commands":[{"command":"fly"}]})").find("Unknown command"), std::string::npos);
  EXPECT_NE(ask(R"({"commands":[7]})").find("Missing command"), std::string::npos);
  EXPECT_NE(ask("{}", "$CONTROL/other").find("not available"), std::string::npos);
}

TEST_F(Control, DeeplyNestedRequestDoesNoHarm) {
  constexpr std::size_t depth = 500'000;
  const std::string nested = std::string(depth, '[') + std::string(depth, ']');
  const std::string answer =
      ask(R"({"commands":[{"command":"listPlugins","correlationData":)" + nested + "}]}");
  EXPECT_EQ(answer.find("correlationData"), std::string::npos);
}

TEST_F(Control, ManyCommandsHaveABoundedAnswer) {
  std::string request = R"({"commands":[{"command":"listListeners"})";
  for (int i = 0; i < 20'000; ++i) request += R"(,{"command":"listListeners"})";
  EXPECT_LT(ask(request + "]}").size(), 100'000U);
}

TEST_F(Control, LongestTopicDoesNoHarm) {
  alice.publish("$CONTROL/" + std::string(65'526, 'x'), "{}", qos1);
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::topic_name_invalid);
}

TEST(ControlOff, IsOffUnlessAskedFor) {
  TestBroker broker;
  TestClient& alice = broker("alice");
  alice.connect();
  alice.publish("$CONTROL/broker/v1", R"({"commands":[{"command":"listListeners"}]})");
  EXPECT_EQ(alice.payloads(), Texts{R"({"error":"endpoint not available"})"});
}

}  // namespace
}  // namespace broker::test
