// Everything has a limit, and the limit a policy and a counter.
#include "broker/test_broker.h"

namespace broker::test {
namespace {

struct Scene {
  explicit Scene(std::string_view options, std::size_t shards = 1) : broker(options, shards) {
    publisher.connect();
  }
  // A subscriber that is away, and so many messages for it.
  void queue(int count, std::string_view payload = "") {
    for (int i = 1; i <= count; ++i) {
      publisher.publish("a", payload.empty() ? std::to_string(i) : std::string{payload}, qos1);
    }
  }
  void subscriber_goes() {
    reader.connect(lasting());
    reader.subscribe("a", qos1);
    reader.drop();
  }
  Texts what_comes() {
    reader.connect(again());
    return reader.payloads();
  }
  TestBroker broker;
  TestClient& publisher = broker("publisher");
  TestClient& reader = broker("reader");
};

TEST(QueueLimits, NewestIsDroppedByDefault) {
  Scene scene{"max_queued_messages 3"};
  scene.subscriber_goes();
  scene.queue(5);
  EXPECT_EQ(scene.broker.drops(Drop::queue_full), 2U);
  EXPECT_EQ(scene.what_comes(), (Texts{"1", "2", "3"}));
  EXPECT_TRUE(scene.broker.log.has("messages are being dropped for client reader"));
}

TEST(QueueLimits, OldestIsDroppedWhenAskedFor) {
  Scene scene{"max_queued_messages 3\nqueue_full_policy drop_oldest"};
  scene.subscriber_goes();
  scene.queue(5);
  EXPECT_EQ(scene.broker.drops(Drop::queue_full), 2U);
  EXPECT_EQ(scene.what_comes(), (Texts{"3", "4", "5"}));
}

TEST(QueueLimits, ClientThatIsThereMayBeDisconnectedInstead) {
  Scene scene{"max_queued_messages 2\nmax_inflight_messages 1\nqueue_full_policy disconnect"};
  scene.reader.connect(lasting());
  scene.reader.subscribe("a", qos1);
  scene.reader.acknowledges = false;
  scene.queue(4);
  EXPECT_EQ(scene.reader.disconnect_reason(), ReasonCode::quota_exceeded);
  EXPECT_EQ(scene.broker.drops(Drop::queue_full), 1U);
}

TEST(QueueLimits, PublisherMayBeTheOneWhoseQueueIsFull) {
  TestBroker broker{"max_queued_messages 2\nmax_inflight_messages 1\nqueue_full_policy disconnect"};
  TestClient& alice = broker("alice");
  alice.connect();
  alice.subscribe("a", qos1);
  alice.acknowledges = false;
  std::vector<std::uint8_t> bytes;
  for (std::uint16_t id = 1; id <= 6; ++id) {
    const wire::Publish packet{.qos = qos1, .topic = "a", .id = wire::PacketId{id}};
    const std::size_t at = bytes.size();
    bytes.resize(at + wire::encoded_size(packet, v5));
    wire::encode(packet, v5, bytes.data() + at);
  }
  alice.send_bytes(bytes);
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::quota_exceeded);
}

TEST(QueueLimits, BytesAreCountedToo) {
  Scene scene{"max_queued_bytes 250"};
  scene.subscriber_goes();
  scene.queue(3, std::string(100, 'x'));
  EXPECT_EQ(scene.broker.sum(&Metrics::queued_bytes), 200U);
  EXPECT_EQ(scene.broker.drops(Drop::queue_full), 1U);
  EXPECT_EQ(scene.what_comes().size(), 2U);
}

TEST(QueueLimits, EveryMessageLostToALargeOneIsCounted) {
  Scene scene{"max_queued_bytes 250\nqueue_full_policy drop_oldest"};
  scene.subscriber_goes();
  scene.queue(2, std::string(100, 'x'));
  scene.queue(1, std::string(240, 'y'));
  const std::size_t left = scene.what_comes().size();
  EXPECT_EQ(left + scene.broker.drops(Drop::queue_full), 3U);
}

TEST(QueueLimits, MemoryLimitHoldsForAllTogether) {
  Scene scene{"memory_limit 250", 3};
  scene.subscriber_goes();
  scene.queue(5, std::string(100, 'x'));
  EXPECT_GE(scene.broker.drops(Drop::memory_limit), 3U);
  EXPECT_LE(scene.broker.totals.message_bytes.load(), 250U);
}

TEST(QueueLimits, Qos0IsNotKeptForThoseWhoAreAway) {
  Scene scene{""};
  scene.subscriber_goes();
  scene.publisher.publish("a", "x", qos0);
  EXPECT_EQ(scene.what_comes(), Texts{});
}

TEST(QueueLimits, Qos0IsKeptWhenAskedFor) {
  Scene scene{"queue_qos0_messages true"};
  scene.subscriber_goes();
  scene.publisher.publish("a", "x", qos0);
  scene.publisher.publish("a", "y", qos1);
  EXPECT_EQ(scene.what_comes(), (Texts{"x", "y"}));
}

TEST(QueueLimits, InFlightBytesHoldBack) {
  Scene scene{"max_inflight_bytes 150"};
  scene.reader.connect();
  scene.reader.subscribe("a", qos1);
  scene.reader.acknowledges = false;
  scene.queue(4, std::string(100, 'x'));
  EXPECT_EQ(scene.reader.count(), 2U);
}

TEST(OutputLimits, Qos0IsDroppedAndCountedForAClientThatDoesNotRead) {
  Scene scene{"max_output_bytes 4096"};
  scene.reader.connect();
  scene.reader.subscribe("a", qos1);
  scene.reader.reads = false;
  for (int i = 0; i < 10; ++i) scene.publisher.publish("a", std::string(1000, 'x'), qos0);
  EXPECT_EQ(scene.broker.drops(Drop::output_full), 5U);
  for (int i = 0; i < 10; ++i) scene.publisher.publish("a", std::string(1000, 'y'), qos1);
  scene.reader.reads = true;
  scene.broker.flush(scene.reader);
  EXPECT_EQ(scene.reader.count(), 15U);  // QoS 1 waited.
  EXPECT_EQ(scene.broker.all_drops(), 5U);
}

TEST(SizeLimits, PayloadOverTheLimitIsAcknowledgedAndThrownAway) {
  TestBroker broker{"message_size_limit 10", 3};
  TestClient& alice = broker("alice");
  alice.connect();
  alice.subscribe("a", qos2);
  EXPECT_TRUE(wire::is_error(*alice.publish("a", "12345678901", qos1)));
  EXPECT_TRUE(wire::is_error(*alice.publish("a", "12345678901", qos2)));
  EXPECT_EQ(alice.publish("a", "1234567890", qos1), ReasonCode::success);
  EXPECT_EQ(alice.payloads(), Texts{"1234567890"});
  EXPECT_EQ(broker.drops(Drop::message_size_limit), 2U);
}

TEST(SizeLimits, PacketOverTheLimitEndsTheConnection) {  // [MQTT-3.2.2-15]
  TestBroker broker{"max_packet_size 100"};
  TestClient& alice = broker("alice");
  EXPECT_EQ(alice.connect().number(PropertyId::maximum_packet_size), 100U);
  alice.publish("a", std::string(200, 'x'));
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::packet_too_large);
}

TEST(Congestion, WhoFillsALaneIsHeldBackUntilItDrains) {
  TestBroker broker{"", 3};
  TestClient& publisher = broker(broker.id_on(0, "p"));
  TestClient& reader = broker(broker.id_on(1, "r"));
  publisher.connect();
  reader.connect();
  reader.subscribe("a");
  broker.lanes_stand = true;  // The harness' lanes hold 4096, then the outbox fills.
  int sent = 0;
  for (; sent < 20'000 && broker.shard(0).outbox(topic::ShardId{1}).size() < 1024; ++sent) {
    publisher.publish("a", "x");
  }
  EXPECT_LT(sent, 20'000);
  for (int i = 0; i < 100; ++i, ++sent) publisher.publish("a", "x");
  EXPECT_LE(broker.shard(0).outbox(topic::ShardId{1}).size(), 1025U);
  broker.lanes_stand = false;
  broker.run();
  EXPECT_EQ(reader.count(), static_cast<std::size_t>(sent));
}

TEST(Congestion, ClientHeldBackIsNotTimedOut) {
  TestBroker broker{"", 3};
  TestClient& publisher = broker(broker.id_on(0, "p"));
  TestClient& reader = broker(broker.id_on(1, "r"));
  publisher.connect({.keep_alive = 10});
  reader.connect();
  reader.subscribe("a");
  broker.lanes_stand = true;
  for (int i = 0; i < 6000; ++i) publisher.publish("a", "x");
  broker.pass(20s);
  publisher.ping();  // Not read yet.
  broker.pass(20s);
  EXPECT_TRUE(publisher.is_open());
  broker.lanes_stand = false;
  broker.run();
  EXPECT_EQ(reader.count(), 6000U);
  EXPECT_TRUE(publisher.is_open());
}

}  // namespace
}  // namespace broker::test
