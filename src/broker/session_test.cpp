// How sessions begin, are taken over, are kept and end; wills; keep alive.
#include "broker/test_broker.h"

namespace broker::test {
namespace {

class Sessions : public ::testing::TestWithParam<std::size_t> {
 protected:
  explicit Sessions(std::string_view options = "max_keepalive 0") : broker(options, GetParam()) {}
  TestBroker broker;
  TestClient& alice = broker("alice");
  TestClient& bob = broker("bob");
  // Sees what wills say.
  TestClient& watcher() {
    TestClient& client = broker("watcher");
    client.connect();
    client.subscribe("will/#", qos2);
    return client;
  }
  static ConnectOptions with_will(ConnectOptions options, WillOptions will) {
    options.will = std::move(will);
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(Shards, Sessions, ::testing::Values(1, 3));

// ---------------------------------------------------------------- session present

TEST_P(Sessions, CleanStartFindsNoSession) {  // [MQTT-3.1.2-4], [MQTT-3.2.2-2]
  alice.connect(lasting());
  alice.disconnect();
  EXPECT_FALSE(alice.connect(lasting()).session_present);
}

TEST_P(Sessions, SessionIsThereAgain) {  // [MQTT-3.1.2-5], [MQTT-3.2.2-3]
  for (const Version version : {v311, v5}) {
    EXPECT_FALSE(alice.connect(lasting(version)).session_present);
    alice.disconnect();
    EXPECT_TRUE(alice.connect(again(version)).session_present);
    alice.connect({.version = version});  // Ends it.
  }
}

TEST_P(Sessions, Mqtt31IsNeverToldOfASession) {
  alice.connect(lasting(v31));
  alice.subscribe("a", qos1);
  alice.disconnect();
  EXPECT_FALSE(alice.connect(again(v31)).session_present);
  bob.connect();
  bob.publish("a", "x", qos1);
  EXPECT_EQ(alice.payloads(), Texts{"x"});  // Though it is there.
}

TEST_P(Sessions, SessionWithoutExpiryEndsWithItsConnection) {
  alice.connect({.clean_start = false});
  alice.subscribe("a", qos1);
  alice.drop();
  EXPECT_EQ(broker.sum(&Metrics::sessions), 0U);
  EXPECT_FALSE(alice.connect({.clean_start = false}).session_present);
}

TEST_P(Sessions, SessionExpiresWhenItsTimeHasCome) {
  alice.connect({.expiry = 60});
  alice.disconnect();
  broker.pass(59s);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 1U);
  broker.pass(2s);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 0U);
  EXPECT_EQ(broker.sum(&Metrics::clients_expired), 1U);
  EXPECT_FALSE(alice.connect({.clean_start = false}).session_present);
}

TEST_P(Sessions, ComingBackStopsTheExpiry) {
  alice.connect({.expiry = 60});
  alice.disconnect();
  broker.pass(50s);
  EXPECT_TRUE(alice.connect({.clean_start = false, .expiry = 60}).session_present);
  broker.pass(100s);
  EXPECT_TRUE(alice.is_open());
  EXPECT_EQ(broker.sum(&Metrics::sessions), 1U);
}

TEST_P(Sessions, DisconnectMayShortenOrLengthenTheExpiry) {
  alice.connect({.expiry = 60});
  alice.disconnect(ReasonCode::normal_disconnection, 10);
  broker.pass(11s);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 0U);
  alice.connect({.expiry = 60});
  alice.disconnect(ReasonCode::normal_disconnection, 0);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 0U);
}

TEST_P(Sessions, DisconnectMayNotMakeASessionLastThatDidNot) {  // 3.14.2.2.2
  alice.connect();
  alice.disconnect(ReasonCode::normal_disconnection, 10);
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::protocol_error);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 0U);
}

TEST_P(Sessions, NothingBehindDisconnectCounts) {  // [MQTT-3.14.4-1]
  bob.connect();
  bob.subscribe("a");
  alice.connect();
  std::vector<std::uint8_t> bytes;
  const auto add = [&bytes](const auto& packet) {
    const std::size_t at = bytes.size();
    bytes.resize(at + wire::encoded_size(packet, v5));
    wire::encode(packet, v5, bytes.data() + at);
  };
  add(wire::Publish{.topic = "a", .payload = base::as_bytes("before")});
  add(wire::Disconnect{});
  add(wire::Publish{.topic = "a", .payload = base::as_bytes("behind")});
  alice.send_bytes(bytes);
  EXPECT_EQ(bob.payloads(), Texts{"before"});
  EXPECT_FALSE(alice.is_open());
}

// ---------------------------------------------------------------- takeover

TEST_P(Sessions, SecondConnectionTakesTheSessionOver) {  // [MQTT-3.1.4-3]
  TestClient& other = broker.twin("alice");
  alice.connect(lasting());
  alice.subscribe("a", qos1);
  EXPECT_TRUE(other.connect(again()).session_present);
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::session_taken_over);
  EXPECT_FALSE(alice.is_open());
  bob.connect();
  bob.publish("a", "x", qos1);
  EXPECT_EQ(other.payloads(), Texts{"x"});
  EXPECT_EQ(alice.count(), 0U);
}

TEST_P(Sessions, TakeoverOfAClientBeforeMqtt5SaysNothing) {
  TestClient& other = broker.twin("alice");
  alice.connect(v311);
  other.connect(v311);
  EXPECT_FALSE(alice.is_open());
  EXPECT_EQ(alice.all<wire::Disconnect>().size(), 0U);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 1U);
}

TEST_P(Sessions, ClientThatDoesNotReadIsTakenOverToo) {
  TestClient& other = broker.twin("alice");
  alice.connect(lasting());
  alice.subscribe("a", qos1);
  alice.reads = false;
  bob.connect();
  bob.publish("a", "x", qos1);
  other.connect(again());
  EXPECT_EQ(other.payloads(), Texts{"x"});
  bob.publish("a", "y", qos1);
  EXPECT_EQ(other.payloads(), Texts{"y"});
  alice.reads = true;
  broker.flush(alice);
  EXPECT_EQ(alice.payloads(), Texts{"x"});
  EXPECT_FALSE(alice.is_open());
  EXPECT_TRUE(other.is_open());
}

// ---------------------------------------------------------------- wills

TEST_P(Sessions, WillIsPublishedWhenTheConnectionIsLost) {  // [MQTT-3.1.2-8]
  TestClient& seer = watcher();
  alice.connect(with_will({}, {.topic = "will/a", .qos = qos1}));
  alice.drop();
  const auto got = seer.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].payload, "gone");
  EXPECT_EQ(got[0].qos, qos1);
}

TEST_P(Sessions, WillIsNotPublishedAfterANormalDisconnect) {  // [MQTT-3.1.2-10], [MQTT-3.14.4-3]
  TestClient& seer = watcher();
  for (const Version version : {v31, v311, v5}) {
    alice.connect(with_will(lasting(version), {.topic = "will/a"}));
    alice.disconnect();
    alice.connect({.version = version});
    alice.drop();
  }
  EXPECT_EQ(seer.count(), 0U);
}

TEST_P(Sessions, WillIsPublishedAfterDisconnectWithWill) {
  TestClient& seer = watcher();
  alice.connect(with_will({}, {.topic = "will/a"}));
  alice.disconnect(ReasonCode::disconnect_with_will_message);
  EXPECT_EQ(seer.payloads(), Texts{"gone"});
}

TEST_P(Sessions, WillIsPublishedOnce) {
  TestClient& seer = watcher();
  alice.connect(with_will(lasting(), {.topic = "will/a"}));
  alice.drop();
  alice.connect(again());
  alice.drop();
  EXPECT_EQ(seer.count(), 1U);
}

TEST_P(Sessions, WillWaitsForItsDelay) {
  TestClient& seer = watcher();
  alice.connect(with_will(lasting(), {.topic = "will/a", .delay = 30}));
  alice.drop();
  broker.pass(29s);
  EXPECT_EQ(seer.count(), 0U);
  broker.pass(2s);
  EXPECT_EQ(seer.count(), 1U);
}

TEST_P(Sessions, ComingBackInTimeCancelsTheWill) {  // [MQTT-3.1.3-9]
  TestClient& seer = watcher();
  alice.connect(with_will(lasting(), {.topic = "will/a", .delay = 30}));
  alice.drop();
  broker.pass(20s);
  alice.connect(again());
  broker.pass(60s);
  EXPECT_EQ(seer.count(), 0U);
}

TEST_P(Sessions, WillDoesNotOutliveItsSession) {  // 3.1.3.2.2
  TestClient& seer = watcher();
  alice.connect(with_will({.expiry = 10}, {.topic = "will/a", .delay = 30}));
  alice.drop();
  broker.pass(11s);
  EXPECT_EQ(seer.count(), 1U);
  alice.connect(with_will({.expiry = 100}, {.topic = "will/a", .delay = 30}));
  alice.drop();
  alice.connect();  // A clean start ends the session, so the will is due.
  EXPECT_EQ(seer.count(), 2U);
  broker.pass(100s);
  EXPECT_EQ(seer.count(), 2U);
}

TEST_P(Sessions, TakeoverPublishesAWillWithoutDelay) {
  TestClient& seer = watcher();
  TestClient& other = broker.twin("alice");
  alice.connect(with_will(lasting(), {.topic = "will/a"}));
  other.connect(again());
  EXPECT_EQ(seer.count(), 1U);
  alice.connect(with_will(again(), {.topic = "will/a", .delay = 5}));
  other.connect(again());  // Cancels it.
  broker.pass(10s);
  EXPECT_EQ(seer.count(), 1U);
}

TEST_P(Sessions, WillMayBeRetainedAndExpires) {  // [MQTT-3.1.2-15]
  alice.connect(with_will({}, {.topic = "will/a", .retain = true, .expiry = 10}));
  broker.pass(20s);  // Its expiry begins when it is published.
  alice.drop();
  TestClient& seer = watcher();
  auto got = seer.take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(got[0].retain);
  EXPECT_EQ(got[0].expiry, 10U);
  seer.drop();
  broker.pass(11s);
  watcher();
  EXPECT_EQ(seer.count(), 0U);
}

TEST_P(Sessions, ProtocolErrorPublishesTheWill) {
  TestClient& seer = watcher();
  alice.connect(with_will({}, {.topic = "will/a"}));
  alice.send_bytes(TestClient::connect_bytes("alice", {}));  // [MQTT-3.1.0-2]
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::protocol_error);
  EXPECT_EQ(seer.count(), 1U);
}

TEST_P(Sessions, BrokersEndPublishesWillsAndTellsEverybody) {
  TestClient& seer = watcher();
  alice.connect(with_will({}, {.topic = "will/a"}));
  bob.connect(with_will(lasting(), {.topic = "will/b", .delay = 50}));
  bob.drop();
  for (std::size_t i = 0; i < GetParam(); ++i) broker.shard(i).publish_wills(broker.now());
  broker.run();
  EXPECT_EQ(seer.count(), 2U);
  for (std::size_t i = 0; i < GetParam(); ++i) broker.shard(i).disconnect_all(broker.now());
  broker.run();
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::server_shutting_down);
  EXPECT_FALSE(seer.is_open());
  EXPECT_EQ(seer.count(), 2U);  // Once.
}

// ---------------------------------------------------------------- keep alive

TEST_P(Sessions, SilenceForOneAndAHalfKeepAlivesEndsTheConnection) {  // [MQTT-3.1.2-22]
  alice.connect({.keep_alive = 10});
  broker.pass(14s);
  EXPECT_TRUE(alice.is_open());
  broker.pass(2s);
  EXPECT_FALSE(alice.is_open());
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::keep_alive_timeout);
}

TEST_P(Sessions, AnyPacketKeepsAlive) {
  alice.connect({.version = v311, .keep_alive = 10});
  for (int i = 0; i < 5; ++i) {
    broker.pass(12s);
    alice.ping();
  }
  EXPECT_TRUE(alice.is_open());
  EXPECT_EQ(alice.all<wire::Pingresp>().size(), 5U);  // [MQTT-3.12.4-1]
}

TEST_P(Sessions, KeepAliveOfZeroIsOff) {
  alice.connect();
  broker.pass(24h);
  EXPECT_TRUE(alice.is_open());
}

TEST_P(Sessions, ConnectionWithoutConnectIsClosedInTime) {
  alice.open();
  broker.pass(29s);
  EXPECT_TRUE(alice.is_open());
  broker.pass(2s);
  EXPECT_FALSE(alice.is_open());
}

// ---------------------------------------------------------------- limits on who may come

struct CappedSessions : Sessions {
  CappedSessions() : Sessions("persistent_client_expiration 1h\nmax_keepalive 60") {}
};
INSTANTIATE_TEST_SUITE_P(Shards, CappedSessions, ::testing::Values(1, 3));

TEST_P(CappedSessions, CapOfTheExpiryIsToldAndKept) {
  const Answer answer = alice.connect({.keep_alive = 10, .expiry = 7200});
  EXPECT_EQ(answer.number(PropertyId::session_expiry_interval), 3600U);
  alice.disconnect();
  broker.pass(3601s);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 0U);
  EXPECT_FALSE(
      alice.connect({.keep_alive = 10, .expiry = 60}).number(PropertyId::session_expiry_interval));
}

TEST_P(CappedSessions, CapHoldsForOlderVersionsToo) {
  ConnectOptions options = lasting(v311);
  options.keep_alive = 10;
  alice.connect(options);
  alice.disconnect();
  broker.pass(3601s);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 0U);
}

TEST_P(CappedSessions, ServerKeepAliveReplacesALongerOne) {  // [MQTT-3.1.2-21], [MQTT-3.2.2-21]
  EXPECT_EQ(alice.connect({.keep_alive = 100}).number(PropertyId::server_keep_alive), 60U);
  broker.pass(89s);
  EXPECT_TRUE(alice.is_open());
  broker.pass(2s);
  EXPECT_FALSE(alice.is_open());
  EXPECT_EQ(alice.connect({.keep_alive = 0}).number(PropertyId::server_keep_alive), 60U);
  EXPECT_FALSE(alice.connect({.keep_alive = 60}).number(PropertyId::server_keep_alive));
}

TEST_P(CappedSessions, OlderClientsAreRefusedForALongerKeepAlive) {
  EXPECT_EQ(alice.connect({.version = v311, .keep_alive = 100}).code, 2);
  EXPECT_TRUE(alice.connect({.version = v311, .keep_alive = 60}).accepted());
}

TEST(Connections, ConnectionThatMovesKeepsItsPlaceUntilTheDriverLetItGo) {
  TestBroker broker{"", 3};
  broker("warm-up").open();  // On shard 0; the next ones on 1 and 2.
  broker("warm-up-1").open();
  broker("warm-up-2").open();
  TestClient& mover = broker(broker.id_on(1));
  mover.open();  // On shard 0 again.
  broker.departures_wait = true;
  mover.send_bytes(TestClient::connect_bytes(mover.id(), {}));
  broker("x-1").open();
  broker("x-2").open();
  broker("x-3").open();
  TestClient& next = broker("next");
  next.open();  // The harness objects when it gets the mover's place.
  broker.departures_wait = false;
  broker.run();
  EXPECT_EQ(mover.all<wire::Connack>().size(), 1U);
  EXPECT_EQ(next.all<wire::Connack>().size(), 0U);
}

TEST(Connections, NetworkThatFailsWhileAConnectionMovesIsNoticed) {
  TestBroker broker{"", 3};
  broker.lanes_stand = true;
  TestClient& mover = broker(broker.id_on(1));
  mover.connect();
  mover.drop();
  broker.lanes_stand = false;
  broker.run();
  EXPECT_EQ(broker.sum(&Metrics::sockets), 0U);
}

TEST(Connections, MaxConnectionsCountsThoseOfTheListener) {
  TestBroker broker{
      "listener 1883\nallow_anonymous true\nmax_connections 2\n"
      "listener 1884\n"};
  EXPECT_TRUE(broker("a").connect().accepted());
  EXPECT_TRUE(broker("b").connect().accepted());
  EXPECT_FALSE(broker("c").connect().came);
  EXPECT_TRUE(broker("d").connect({.listener = 1}).accepted());
  broker("a").drop();
  EXPECT_TRUE(broker("c").connect().accepted());
}

TEST(Connections, GlobalMaxConnectionsCountsAll) {
  TestBroker broker{"global_max_connections 2", 3};
  EXPECT_TRUE(broker("a").connect().accepted());
  EXPECT_TRUE(broker("b").connect().accepted());
  EXPECT_FALSE(broker("c").connect().came);
}

TEST(Connections, GlobalMaxClientsCountsSessions) {
  TestBroker broker{"global_max_clients 2", 3};
  EXPECT_TRUE(broker("a").connect(lasting()).accepted());
  broker("a").disconnect();
  EXPECT_TRUE(broker("b").connect().accepted());
  EXPECT_EQ(broker("c").connect().code, static_cast<std::uint8_t>(ReasonCode::server_busy));
  EXPECT_TRUE(broker("a").connect(again()).session_present);  // It has one already.
  broker("b").disconnect();
  EXPECT_TRUE(broker("c").connect().accepted());
}

// ---------------------------------------------------------------- CONNECT is checked

TEST(ConnectChecks, VersionsThatAListenerDoesNotAccept) {  // [MQTT-3.1.2-2]
  TestBroker broker{"listener 1883\nallow_anonymous true\naccept_protocol_versions 4"};
  EXPECT_EQ(broker("a").connect(v5).code,
            static_cast<std::uint8_t>(ReasonCode::unsupported_protocol_version));
  EXPECT_EQ(broker("a").connect(v31).code, 1);
  EXPECT_TRUE(broker("a").connect(v311).accepted());
}

TEST(ConnectChecks, EmptyClientIdGetsOne) {  // [MQTT-3.1.3-6], [MQTT-3.1.3-7]
  TestBroker broker{"", 3};
  TestClient& client = broker("");
  const Answer answer = client.connect();
  EXPECT_TRUE(answer.accepted());
  const auto id = answer.text(PropertyId::assigned_client_identifier);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->substr(0, 5), "auto-");
  EXPECT_TRUE(client.connect(v311).accepted());
}

TEST(ConnectChecks, EmptyClientIdNeedsACleanSession) {  // [MQTT-3.1.3-8] of 3.1.1
  TestBroker broker;
  EXPECT_EQ(broker("").connect(lasting(v311)).code, 2);
  EXPECT_EQ(broker("").connect(v31).code, 2);
}

TEST(ConnectChecks, EmptyClientIdMayBeForbidden) {
  TestBroker broker{"allow_zero_length_clientid false"};
  EXPECT_EQ(broker("").connect().code,
            static_cast<std::uint8_t>(ReasonCode::client_identifier_not_valid));
}

TEST(ConnectChecks, ClientIdNeedsItsPrefix) {
  TestBroker broker{"clientid_prefixes ok-"};
  EXPECT_EQ(broker("bad").connect().code, static_cast<std::uint8_t>(ReasonCode::not_authorized));
  EXPECT_TRUE(broker("ok-1").connect().accepted());
}

TEST(ConnectChecks, UserNameMayBeTheClientId) {
  TestBroker broker{"listener 1883\nallow_anonymous true\nuse_username_as_clientid true", 3};
  EXPECT_EQ(broker("x").connect().code, static_cast<std::uint8_t>(ReasonCode::not_authorized));
  TestClient& one = broker("one");
  TestClient& two = broker("two");
  EXPECT_TRUE(one.connect({.user = "same"}).accepted());
  EXPECT_TRUE(two.connect({.user = "same"}).accepted());
  EXPECT_EQ(one.disconnect_reason(), ReasonCode::session_taken_over);
}

TEST(ConnectChecks, MaxQosIsToldAndKept) {  // [MQTT-3.2.2-9], [MQTT-3.2.2-11], [MQTT-3.2.2-12]
  TestBroker broker{"listener 1883\nallow_anonymous true\nmax_qos 1"};
  TestClient& client = broker("a");
  EXPECT_EQ(client.connect().number(PropertyId::maximum_qos), 1U);
  EXPECT_EQ(client.subscribe("a", qos2), ReasonCode::granted_qos_1);  // [MQTT-3.2.2-10]
  client.publish("a", "x", qos2);
  EXPECT_EQ(client.disconnect_reason(), ReasonCode::qos_not_supported);
  EXPECT_EQ(client.connect({.will = WillOptions{.topic = "w", .qos = qos2}}).code,
            static_cast<std::uint8_t>(ReasonCode::qos_not_supported));
}

TEST(ConnectChecks, RetainMayBeUnavailable) {  // [MQTT-3.2.2-13], [MQTT-3.2.2-14]
  TestBroker broker{"retain_available false"};
  TestClient& client = broker("a");
  EXPECT_EQ(client.connect().number(PropertyId::retain_available), 0U);
  client.publish("a", "x", retained());
  EXPECT_EQ(client.disconnect_reason(), ReasonCode::retain_not_supported);
  EXPECT_EQ(client.connect({.will = WillOptions{.topic = "w", .retain = true}}).code,
            static_cast<std::uint8_t>(ReasonCode::retain_not_supported));
}

TEST(ConnectChecks, WillTopicMustBeOneToPublishTo) {
  TestBroker broker;
  EXPECT_EQ(broker("a").connect({.will = WillOptions{.topic = "$SYS/x"}}).code,
            static_cast<std::uint8_t>(ReasonCode::topic_name_invalid));
}

}  // namespace
}  // namespace broker::test
