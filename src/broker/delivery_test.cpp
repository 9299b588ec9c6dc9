// QoS 0, 1 and 2 in both directions, and what a session owes its client across connections.
#include "broker/test_broker.h"

namespace broker::test {
namespace {

class Delivery : public ::testing::TestWithParam<std::size_t> {
 protected:
  TestBroker broker{"max_inflight_messages 3", GetParam()};
  TestClient& alice = broker("alice");
  TestClient& bob = broker("bob");
};
INSTANTIATE_TEST_SUITE_P(Shards, Delivery, ::testing::Values(1, 3));

TEST_P(Delivery, MessageReachesTheSubscriberAtEachQos) {
  alice.connect();
  bob.connect();
  alice.subscribe("a/+", qos2);
  bob.publish("a/0", "x", qos0);
  bob.publish("a/1", "y", qos1);
  bob.publish("a/2", "z", qos2);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0].qos, qos0);
  EXPECT_EQ(got[1].qos, qos1);
  EXPECT_EQ(got[2].qos, qos2);
  EXPECT_EQ(got[2].payload, "z");
  EXPECT_EQ(alice.all<wire::Pubrel>().size(), 1U);  // [MQTT-4.3.3-4]
  EXPECT_EQ(bob.all<wire::Pubcomp>().size(), 1U);   // [MQTT-4.3.3-11]
}

TEST_P(Delivery, QosIsTheLowerOfPublishedAndGranted) {  // [MQTT-3.8.4-8]
  alice.connect();
  bob.connect();
  EXPECT_EQ(alice.subscribe("a", qos1), ReasonCode::granted_qos_1);
  bob.publish("a", "x", qos2);
  bob.publish("a", "y", qos0);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].qos, qos1);
  EXPECT_EQ(got[1].qos, qos0);
}

TEST_P(Delivery, PublisherIsToldWhenNobodySubscribed) {
  bob.connect(v5);
  EXPECT_EQ(bob.publish("a", "x", qos1), ReasonCode::no_matching_subscribers);
  EXPECT_EQ(bob.publish("a", "x", qos2), ReasonCode::no_matching_subscribers);
  EXPECT_EQ(bob.all<wire::Pubcomp>().size(), 1U);  // 0x10 is no error: the exchange goes on.
}

TEST_P(Delivery, RepeatedQos2PublishIsRoutedOnce) {  // [MQTT-4.3.3-10]
  alice.connect();
  alice.subscribe("a", qos2);
  bob.connect(lasting());
  bob.releases = false;
  const wire::Publish packet{.qos = qos2, .topic = "a", .id = wire::PacketId{7}};
  bob.send(packet);
  bob.connect(again());
  wire::Publish repeated = packet;
  repeated.dup = true;
  bob.send(repeated);
  EXPECT_EQ(bob.all<wire::Pubrec>().size(), 1U);
  EXPECT_EQ(alice.count(), 1U);
  bob.send(wire::Pubrel{.id = wire::PacketId{7}});
  ASSERT_EQ(bob.all<wire::Pubcomp>().size(), 1U);
  EXPECT_EQ(bob.all<wire::Pubcomp>()[0].reason, ReasonCode::success);
  bob.send(packet);  // The identifier is free again: a new message.
  EXPECT_EQ(alice.count(), 2U);
}

TEST_P(Delivery, Qos2IdentifierIsFreeAgainAfterPubrel) {  // [MQTT-4.3.3-12]
  bob.connect(v5);
  bob.send(wire::Pubrel{.id = wire::PacketId{9}});
  ASSERT_EQ(bob.all<wire::Pubcomp>().size(), 1U);
  EXPECT_EQ(bob.all<wire::Pubcomp>()[0].reason, ReasonCode::packet_identifier_not_found);
}

TEST_P(Delivery, WhatWasNotAcknowledgedIsSentAgainInOrderWithDup) {  // [MQTT-4.4.0-1]
  alice.connect(lasting());
  alice.subscribe("a", qos2);
  alice.acknowledges = false;
  bob.connect();
  bob.publish("a", "1", qos1);
  bob.publish("a", "2", qos2);
  bob.publish("a", "3", qos1);
  bob.publish("a", "4", qos1);  // Beyond the window.
  const auto first = alice.take();
  ASSERT_EQ(first.size(), 3U);
  EXPECT_FALSE(first[0].dup);
  alice.drop();
  bob.publish("a", "5", qos1);
  EXPECT_TRUE(alice.connect(again()).session_present);
  const auto second = alice.take();
  ASSERT_EQ(second.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(second[i].payload, first[i].payload);
    EXPECT_EQ(second[i].id, first[i].id);
    EXPECT_TRUE(second[i].dup);  // [MQTT-3.3.1-1]
  }
  alice.acknowledges = true;
  alice.connect(again());
  EXPECT_EQ(alice.payloads(), (Texts{"1", "2", "3", "4", "5"}));
}

TEST_P(Delivery, AfterPubrecOnlyPubrelIsSentAgain) {  // [MQTT-4.3.3-6]
  alice.connect(lasting());
  alice.subscribe("a", qos2);
  alice.acknowledges = false;
  bob.connect();
  bob.publish("a", "1", qos2);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  alice.send(wire::Pubrec{.id = wire::PacketId{got[0].id}});
  EXPECT_EQ(alice.all<wire::Pubrel>().size(), 1U);
  alice.connect(again());
  EXPECT_EQ(alice.count(), 0U);
  ASSERT_EQ(alice.all<wire::Pubrel>().size(), 1U);
  EXPECT_EQ(alice.all<wire::Pubrel>()[0].id.value, got[0].id);
  alice.send(wire::Pubcomp{.id = wire::PacketId{got[0].id}});
  alice.connect(again());
  EXPECT_EQ(alice.all<wire::Pubrel>().size(), 0U);
}

TEST_P(Delivery, PubrecWithAnErrorEndsTheExchange) {  // [MQTT-4.4.0-2]
  alice.connect(lasting());
  alice.subscribe("a", qos2);
  alice.acknowledges = false;
  bob.connect();
  bob.publish("a", "1", qos2);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  alice.send(wire::Pubrec{.id = wire::PacketId{got[0].id}, .reason = ReasonCode::quota_exceeded});
  EXPECT_EQ(alice.all<wire::Pubrel>().size(), 0U);
  alice.connect(again());
  EXPECT_EQ(alice.count(), 0U);
}

TEST_P(Delivery, WindowHoldsBackUntilAcknowledged) {  // [MQTT-3.3.4-9]
  alice.connect({.receive_maximum = 2});
  alice.subscribe("a", qos1);
  alice.acknowledges = false;
  bob.connect();
  for (const char* text : {"1", "2", "3", "4"}) bob.publish("a", text, qos1);
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(broker.sum(&Metrics::queued_messages), 2U);
  alice.acknowledge(got[0].id);
  EXPECT_EQ(alice.payloads(), Texts{"3"});
  alice.acknowledge(got[1].id);
  EXPECT_EQ(alice.payloads(), Texts{"4"});
  EXPECT_EQ(broker.sum(&Metrics::queued_messages), 0U);
}

TEST_P(Delivery, MaxInflightMessagesBoundsTheWindowOfAnyVersion) {
  alice.connect(v311);
  alice.subscribe("a", qos1);
  alice.acknowledges = false;
  bob.connect();
  for (int i = 0; i < 5; ++i) bob.publish("a", "x", qos1);
  EXPECT_EQ(alice.count(), 3U);
}

TEST_P(Delivery, MorePublishesThanReceiveMaximumEndTheConnection) {  // [MQTT-3.3.4-7]
  EXPECT_EQ(bob.connect(v5).number(PropertyId::receive_maximum), 3U);
  bob.releases = false;
  for (std::uint16_t id = 1; id <= 4; ++id) {
    bob.send(wire::Publish{.qos = qos2, .topic = "a", .id = wire::PacketId{id}});
  }
  EXPECT_EQ(bob.disconnect_reason(), ReasonCode::receive_maximum_exceeded);
}

TEST_P(Delivery, AcknowledgementForNothingIsIgnored) {
  bob.connect(v5);
  bob.send(wire::Puback{.id = wire::PacketId{5}});
  bob.send(wire::Pubcomp{.id = wire::PacketId{5}});
  bob.send(wire::Pubrec{.id = wire::PacketId{5}});
  ASSERT_EQ(bob.all<wire::Pubrel>().size(), 1U);
  EXPECT_EQ(bob.all<wire::Pubrel>()[0].reason, ReasonCode::packet_identifier_not_found);
  EXPECT_TRUE(bob.is_open());
}

TEST_P(Delivery, MessageExpiryIntervalShrinksWhileItWaits) {  // [MQTT-3.3.2-6]
  alice.connect(lasting());
  alice.subscribe("a", qos1);
  TestClient& carol = broker("carol");
  carol.connect();
  carol.subscribe("a", qos1);
  carol.reads = false;  // Nothing happens between routing and alice's return.
  alice.disconnect();
  bob.connect();
  bob.publish("a", "x", {.qos = qos1, .expiry = 60});
  broker.pass(10s);
  alice.connect(again());
  carol.reads = true;
  broker.flush(carol);
  const auto at_once = carol.take();
  ASSERT_EQ(at_once.size(), 1U);
  EXPECT_EQ(at_once[0].expiry, 60U);
  const auto later = alice.take();
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].expiry, 50U);
}

TEST_P(Delivery, ExpiredMessageIsNotDelivered) {  // [MQTT-3.3.2-5]
  alice.connect(lasting());
  alice.subscribe("a", qos1);
  alice.disconnect();
  bob.connect();
  bob.publish("a", "old", {.qos = qos1, .expiry = 5});
  bob.publish("a", "new", {.qos = qos1, .expiry = 50});
  broker.pass(6s);
  alice.connect(again());
  EXPECT_EQ(alice.payloads(), Texts{"new"});
  EXPECT_EQ(broker.drops(Drop::expired), 1U);
}

TEST_P(Delivery, PropertiesOfThePublisherTravelUnchanged) {  // [MQTT-3.3.2-17], [MQTT-3.3.2-15]
  alice.connect();
  alice.subscribe("a");
  bob.connect();
  bob.publish("a", "x", {.response_topic = "answer/here", .user_property = "v"});
  const auto got = alice.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].response_topic, "answer/here");
  EXPECT_EQ(got[0].user_property, "v");
}

TEST_P(Delivery, LargePayloadArrivesWhole) {
  alice.connect(v311);
  alice.subscribe("a", qos1);
  bob.connect();
  const std::string large(100'000, 'l');
  bob.publish("a", large, qos1);
  EXPECT_EQ(alice.payloads(), Texts{large});
}

TEST_P(Delivery, PacketLargerThanTheClientTakesIsLeftOut) {  // [MQTT-3.1.2-24], [MQTT-3.1.2-25]
  alice.connect({.packet_max = 40});
  alice.subscribe("a", qos1);
  bob.connect();
  const std::string large(100, 'l');
  bob.publish("a", large, qos1);
  bob.publish("a", large, qos0);
  bob.publish("a", "small", qos1);
  EXPECT_EQ(alice.payloads(), Texts{"small"});
  EXPECT_EQ(broker.drops(Drop::packet_too_large), 2U);
}

TEST_P(Delivery, TopicAliasesReplaceTopics) {
  alice.connect({.alias_max = 5});
  alice.subscribe("a/#");
  bob.connect();
  for (const char* text : {"1", "2", "3"}) bob.publish("a/long/topic", text);
  EXPECT_EQ(alice.topics(), (Texts{"a/long/topic", "a/long/topic", "a/long/topic"}));
  EXPECT_EQ(alice.all<wire::Publish>().back().topic, "");
}

TEST_P(Delivery, ClientMayUseTopicAliases) {  // [MQTT-3.3.2-12]
  alice.connect();
  alice.subscribe("#");
  bob.connect();
  wire::PropertyList alias;
  alias.add(PropertyId::topic_alias, 3);
  bob.send(wire::Publish{.topic = "a/b", .properties = alias.view()});
  bob.send(wire::Publish{.topic = "", .properties = alias.view()});
  EXPECT_EQ(alice.topics(), (Texts{"a/b", "a/b"}));
}

TEST_P(Delivery, WhatCameBehindConnectIsReadAfterIt) {
  alice.connect();
  alice.subscribe("a");
  bob.open();
  std::vector<std::uint8_t> bytes = TestClient::connect_bytes("bob", {});
  const wire::Publish publish{.topic = "a", .payload = base::as_bytes("early")};
  const std::size_t at = bytes.size();
  bytes.resize(at + wire::encoded_size(publish, v5));
  wire::encode(publish, v5, bytes.data() + at);
  bob.send_bytes(bytes);
  EXPECT_EQ(alice.payloads(), Texts{"early"});
}

TEST_P(Delivery, BytesMayComeOneByOne) {
  alice.connect();
  alice.subscribe("a");
  bob.open();
  std::vector<std::uint8_t> bytes = TestClient::connect_bytes("bob", {});
  const wire::Publish publish{.topic = "a", .payload = base::as_bytes("slow")};
  const std::size_t at = bytes.size();
  bytes.resize(at + wire::encoded_size(publish, v5));
  wire::encode(publish, v5, bytes.data() + at);
  for (const std::uint8_t byte : bytes) bob.send_bytes({byte});
  EXPECT_EQ(alice.payloads(), Texts{"slow"});
}

}  // namespace
}  // namespace broker::test
