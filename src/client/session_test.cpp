#include "client/session.h"

#include <chrono>
#include <string>

#include "client/scripted_server_test.h"

namespace client {
namespace {

using midge::ErrorCode;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using wire::PacketId;
using wire::PropertyId;
using wire::Qos;
using wire::ReasonCode;
using wire::Version;

midge::Options options_of(Version version = Version::v5) {
  midge::Options options;
  options.version = version;
  options.client_id = "c";
  return options;
}

wire::PropertyList property(PropertyId id, std::uint32_t number) {
  wire::PropertyList list;
  list.add(id, number);
  return list;
}

// ---------------------------------------------------------------- connecting

TEST(Session, SendsConnectFirstAndReportsConnack) {
  ScriptedServer server{options_of()};
  EXPECT_EQ(server.start(), "CONNECT 'c' clean");
  server.send(wire::Connack{});
  EXPECT_THAT(server.events(), ElementsAre("connected"));
  EXPECT_TRUE(server.session().is_online());
}

TEST(Session, ARefusalEndsTheConnectionWithTheServersReason) {
  ScriptedServer server{options_of()};
  server.start();
  wire::PropertyList why;
  why.add(PropertyId::reason_string, "try the other one");
  server.send(wire::Connack{.code = 0x87, .properties = why.view()});
  EXPECT_THAT(server.events(), ElementsAre("ended: the server refused the connection: Not "
                                           "authorized (try the other one)"));
}

TEST(Session, ARefusalBeforeMqtt5HasItsOwnCodes) {
  ScriptedServer server{options_of(Version::v311)};
  server.start();
  server.send(wire::Connack{.code = 5});
  EXPECT_THAT(server.events(), SizeIs(1));
  EXPECT_FALSE(server.session().is_online());
}

// [MQTT-3.2.2-4]
TEST(Session, ASessionNobodyAskedForIsNotAccepted) {
  ScriptedServer server{options_of()};
  EXPECT_THAT(server.connect(true), ElementsAre("DISCONNECT rc130"));
  EXPECT_THAT(server.events(), ElementsAre("ended: the server broke the rules of MQTT: Session "
                                           "Present after Clean Start"));
}

TEST(Session, ReconnectsResumeTheSessionWithTheAssignedIdentifier) {
  midge::Options options = options_of();
  options.client_id.clear();
  ScriptedServer server{options};
  EXPECT_EQ(server.start(), "CONNECT '' clean");
  wire::PropertyList assigned;
  assigned.add(PropertyId::assigned_client_identifier, "given");
  server.send(wire::Connack{.properties = assigned.view()});
  server.lose();
  EXPECT_EQ(server.start(), "CONNECT 'given'");
}

TEST(Session, BeforeMqtt5ACleanSessionStaysCleanOnReconnect) {
  ScriptedServer server{options_of(Version::v311)};
  server.connect();
  server.lose();
  EXPECT_EQ(server.start(), "CONNECT 'c' clean");
}

TEST(Session, TheServersDisconnectSaysWhy) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  server.send(wire::Disconnect{.reason = ReasonCode::session_taken_over});
  EXPECT_THAT(server.events(),
              ElementsAre("ended: the server ended the connection: Session taken over"));
}

TEST(Session, BrokenBytesEndTheConnectionWithTheReasonCodeSent) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  const std::uint8_t subscribe[] = {0x82, 0x00};
  server.run(subscribe);
  EXPECT_THAT(server.events(), ElementsAre(testing::StartsWith("ended: the server broke")));
  EXPECT_THAT(server.take(), ElementsAre(testing::StartsWith("DISCONNECT rc1")));
}

TEST(Session, DisconnectGoesOutBehindWhatWasSentBefore) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish("m", Qos::at_most_once));
  server.session().disconnect(ReasonCode::normal_disconnection, {});
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 0 q0 t=m", "DISCONNECT"));
  EXPECT_THAT(server.events(), testing::UnorderedElementsAre("done m ok", "ended"));
}

TEST(Session, AnAuthExchangeGoesThroughTheApplication) {
  midge::Options options = options_of();
  options.properties.add(PropertyId::authentication_method, "scram");
  ScriptedServer server{options};
  server.start();
  wire::PropertyList method;
  method.add(PropertyId::authentication_method, "scram");
  server.send(
      wire::Auth{.reason = ReasonCode::continue_authentication, .properties = method.view()});
  EXPECT_THAT(server.events(), ElementsAre("auth 24"));
  EXPECT_TRUE(server.session().authenticate(ReasonCode::continue_authentication, method.view()));
  EXPECT_THAT(server.take(), ElementsAre("AUTH rc24"));
  server.send(wire::Connack{.properties = method.view()});
  EXPECT_THAT(server.events(), ElementsAre("connected"));
}

// ---------------------------------------------------------------- publishing

TEST(Session, Qos0IsDoneWhenTheKernelHasTheBytes) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish("m", Qos::at_most_once));
  server.run({});
  EXPECT_THAT(server.events(), IsEmpty());
  EXPECT_EQ(server.session().pending(), 1U);
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 0 q0 t=m"));
  EXPECT_THAT(server.events(), ElementsAre("done m ok"));
  EXPECT_EQ(server.session().pending(), 0U);
}

// [MQTT-4.3.2-2], [MQTT-4.3.2-3]
TEST(Session, Qos1IsDoneWithPuback) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish("m", Qos::at_least_once));
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 1 q1 t=m"));
  EXPECT_THAT(server.events(), IsEmpty());
  server.send(wire::Puback{.id = {1}});
  EXPECT_THAT(server.events(), ElementsAre("done m ok"));
}

TEST(Session, APubackWithAnErrorIsTheEndToo) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish("m", Qos::at_least_once));
  server.send(wire::Puback{.id = {1}, .reason = ReasonCode::quota_exceeded});
  EXPECT_THAT(server.events(),
              ElementsAre("done m: the server refused the message: Quota exceeded"));
}

// [MQTT-4.3.3-4], [MQTT-4.3.3-5]
TEST(Session, Qos2IsDoneWithPubcomp) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish("m", Qos::exactly_once));
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 1 q2 t=m"));
  server.send(wire::Pubrec{.id = {1}});
  EXPECT_THAT(server.take(), ElementsAre("PUBREL 1"));
  EXPECT_THAT(server.events(), IsEmpty());
  server.send(wire::Pubcomp{.id = {1}});
  EXPECT_THAT(server.events(), ElementsAre("done m ok"));
}

// [MQTT-4.4.0-2]
TEST(Session, APubrecWithAnErrorIsTheEndAndFreesTheIdentifier) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish("m", Qos::exactly_once));
  server.take();
  server.send(wire::Pubrec{.id = {1}, .reason = ReasonCode::not_authorized});
  EXPECT_THAT(server.take(), IsEmpty());
  EXPECT_THAT(server.events(),
              ElementsAre("done m: the server refused the message: Not authorized"));
  server.lose();
  EXPECT_THAT(server.connect(true), IsEmpty());
}

// [MQTT-2.2.1-3]
TEST(Session, AnIdentifierInFlightIsNotUsedAgain) {
  ScriptedServer server{options_of()};
  server.connect();
  EXPECT_TRUE(server.publish("first", Qos::at_least_once));
  server.take();
  for (int i = 0; i < 65'534; ++i) {
    EXPECT_TRUE(server.session().publish("t", "m", {.qos = Qos::at_least_once}, {}));
    const Lines sent = server.take();
    ASSERT_THAT(sent, SizeIs(1));
    const auto id = static_cast<std::uint16_t>(std::stoul(sent[0].substr(8)));
    ASSERT_GT(id, 1);
    server.send(wire::Puback{.id = {id}});
  }
  EXPECT_TRUE(server.publish("m", Qos::at_least_once));
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 2 q1 t=m"));
}

// [MQTT-3.3.4-7], [MQTT-4.9.0-2]
TEST(Session, NoMoreThanReceiveMaximumIsInFlight) {
  ScriptedServer server{options_of()};
  server.connect(false, property(PropertyId::receive_maximum, 2));
  for (const auto* name : {"a", "b", "c"}) EXPECT_TRUE(server.publish(name, Qos::exactly_once));
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 1 q2 t=a", "PUBLISH 2 q2 t=b"));
  server.send(wire::Pubrec{.id = {1}});
  EXPECT_THAT(server.take(), ElementsAre("PUBREL 1"));
  server.send(wire::Pubcomp{.id = {1}});
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 3 q2 t=c"));
}

// [MQTT-4.9.0-3]
TEST(Session, AnExhaustedQuotaHoldsUpNeitherQos0NorOtherPackets) {
  ScriptedServer server{options_of()};
  server.connect(false, property(PropertyId::receive_maximum, 1));
  EXPECT_TRUE(server.publish("a", Qos::at_least_once));
  EXPECT_TRUE(server.publish("b", Qos::at_least_once));
  EXPECT_TRUE(server.publish("c", Qos::at_most_once));
  EXPECT_TRUE(server.session().subscribe({{.filter = "f"}}, {}, {}));
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 1 q1 t=a", "PUBLISH 0 q0 t=c", "SUBSCRIBE 3 f"));
}

TEST(Session, WhatIsPublishedBeforeTheConnectionGoesOutOnItInOrder) {
  ScriptedServer server{options_of()};
  EXPECT_TRUE(server.publish("a", Qos::at_most_once));
  EXPECT_TRUE(server.publish("b", Qos::at_least_once));
  EXPECT_THAT(server.connect(), ElementsAre("PUBLISH 0 q0 t=a", "PUBLISH 2 q1 t=b"));
}

TEST(Session, AFullQueueTakesNothingAndSaysWhenThereIsRoom) {
  midge::Options options = options_of();
  options.queue_max = 2;
  options.in_flight_max = 1;
  ScriptedServer server{options};
  server.connect();
  for (const auto* name : {"a", "b", "c"}) EXPECT_TRUE(server.publish(name, Qos::at_least_once));
  const auto refused = server.publish("d", Qos::at_least_once);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::queue_full);
  server.take();
  server.events();
  server.send(wire::Puback{.id = {1}});
  EXPECT_THAT(server.events(), testing::UnorderedElementsAre("done a ok", "writable"));
}

TEST(Session, Qos0IsHeldBackByTheBytesThatWaitForTheSocket) {
  midge::Options options = options_of();
  options.output_bytes_max = 20;
  ScriptedServer server{options};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish(std::string(30, 'x'), Qos::at_most_once));
  const auto refused = server.publish("b", Qos::at_most_once);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::queue_full);
  server.take();
  EXPECT_THAT(server.events(), testing::Contains("writable"));
}

// [MQTT-3.2.2-11], [MQTT-3.2.2-14], [MQTT-3.2.2-15]
TEST(Session, WhatTheServerDoesNotSupportIsNotSent) {
  ScriptedServer server{options_of()};
  wire::PropertyList limits;
  limits.add(PropertyId::maximum_qos, 1);
  limits.add(PropertyId::retain_available, 0);
  limits.add(PropertyId::maximum_packet_size, 50);
  server.connect(false, limits);
  EXPECT_EQ(server.publish("m", Qos::exactly_once).error().code, ErrorCode::qos_not_supported);
  EXPECT_EQ(server.session().publish("t", "m", {.retain = true}, {}).error().code,
            ErrorCode::retain_not_supported);
  EXPECT_EQ(server.publish(std::string(60, 'x'), Qos::at_most_once).error().code,
            ErrorCode::oversize_packet);
  EXPECT_THAT(server.take(), IsEmpty());
}

TEST(Session, AQueuedMessageThatTurnsOutTooLargeEndsWithAnError) {
  ScriptedServer server{options_of()};
  EXPECT_TRUE(server.session().publish("t", std::string(60, 'x'), {.qos = Qos::at_least_once},
                                       server.handler("big")));
  EXPECT_TRUE(server.publish("small", Qos::at_least_once));
  EXPECT_THAT(server.connect(false, property(PropertyId::maximum_packet_size, 50)),
              ElementsAre("PUBLISH 2 q1 t=small"));
  EXPECT_THAT(
      server.events(),
      testing::Contains("done big: the packet is larger than the 50 bytes that the server takes"));
}

TEST(Session, PubackForQos2IsAProtocolError) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish("m", Qos::exactly_once));
  server.take();
  server.send(wire::Puback{.id = {1}});
  EXPECT_THAT(server.take(), ElementsAre("DISCONNECT rc130"));
  EXPECT_THAT(server.events(), ElementsAre(testing::HasSubstr("PUBACK for a message of QoS 2")));
}

TEST(Session, AnUnknownPubrecIsAnsweredAndAnUnknownPubackIgnored) {
  ScriptedServer server{options_of()};
  server.connect();
  server.send(wire::Puback{.id = {7}});
  server.send(wire::Pubcomp{.id = {7}});
  server.send(wire::Pubrec{.id = {7}});
  EXPECT_THAT(server.take(), ElementsAre("PUBREL 7 rc146"));
}

// ---------------------------------------------------------------- reconnecting

// [MQTT-4.4.0-1], [MQTT-4.6.0-1], [MQTT-3.3.1-1]
TEST(Session, WhatIsInFlightIsSentAgainInItsOrderWithDup) {
  ScriptedServer server{options_of()};
  server.connect();
  for (const auto* name : {"a", "b", "c"}) EXPECT_TRUE(server.publish(name, Qos::at_least_once));
  server.take();
  server.send(wire::Puback{.id = {2}});
  server.lose();
  EXPECT_THAT(server.connect(true), ElementsAre("PUBLISH 1 q1d t=a", "PUBLISH 3 q1d t=c"));
  server.events();
  server.send(wire::Puback{.id = {1}});
  server.send(wire::Puback{.id = {3}});
  EXPECT_THAT(server.events(), ElementsAre("done a ok", "done c ok"));
}

// [MQTT-4.3.3-6], [MQTT-4.6.0-4]
TEST(Session, AfterPubrecOnlyPubrelIsSentAgainInTheOrderOfPubrec) {
  ScriptedServer server{options_of()};
  server.connect();
  for (const auto* name : {"a", "b", "c"}) EXPECT_TRUE(server.publish(name, Qos::exactly_once));
  server.send(wire::Pubrec{.id = {3}});
  server.send(wire::Pubrec{.id = {1}});
  server.take();
  server.lose();
  EXPECT_THAT(server.connect(true), ElementsAre("PUBREL 3", "PUBREL 1", "PUBLISH 2 q2d t=b"));
}

TEST(Session, SendingAgainKeepsToASmallerReceiveMaximum) {
  ScriptedServer server{options_of()};
  server.connect();
  for (const auto* name : {"a", "b", "c"}) EXPECT_TRUE(server.publish(name, Qos::at_least_once));
  server.take();
  server.lose();
  EXPECT_THAT(server.connect(true, property(PropertyId::receive_maximum, 1)),
              ElementsAre("PUBLISH 1 q1d t=a"));
  server.send(wire::Puback{.id = {1}});
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 2 q1d t=b"));
}

// [MQTT-3.2.2-5]
TEST(Session, WithoutTheServersSessionQos1IsPublishedAnewAndQos2IsReported) {
  ScriptedServer server{options_of()};
  server.connect();
  EXPECT_TRUE(server.publish("a", Qos::at_least_once));
  EXPECT_TRUE(server.publish("b", Qos::exactly_once));
  EXPECT_TRUE(server.publish("c", Qos::exactly_once));
  server.send(wire::Pubrec{.id = {3}});
  server.take();
  server.lose();
  server.events();
  EXPECT_THAT(server.connect(false), ElementsAre("PUBLISH 4 q1 t=a"));
  EXPECT_THAT(server.events(),
              testing::UnorderedElementsAre(
                  "connected", testing::StartsWith("done b: the server forgot the session"),
                  testing::StartsWith("done c: the server forgot the session")));
}

TEST(Session, Qos0ThatWasNotWrittenEndsWithTheConnection) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(server.publish("m", Qos::at_most_once));
  server.lose();
  EXPECT_THAT(server.events(), ElementsAre("ended: lost", "done m: lost"));
}

TEST(Session, GivingUpEndsAllThatWaits) {
  ScriptedServer server{options_of()};
  server.connect(false, property(PropertyId::receive_maximum, 1));
  EXPECT_TRUE(server.publish("a", Qos::at_least_once));
  EXPECT_TRUE(server.publish("b", Qos::at_least_once));
  EXPECT_TRUE(server.session().subscribe({{.filter = "f"}}, server.answer("s"), {}));
  server.lose();
  server.events();
  server.session().give_up({.code = ErrorCode::disconnected, .text = "over"});
  server.run({});
  EXPECT_THAT(server.events(),
              testing::UnorderedElementsAre("done a: over", "done b: over", "answer s: over"));
  EXPECT_EQ(server.session().pending(), 0U);
}

// An identifier that the server may still hold must not name another message.
TEST(Session, AfterGivingUpALaterConnectionFinishesWhatWasInFlight) {
  ScriptedServer server{options_of()};
  server.connect();
  EXPECT_TRUE(server.publish("a", Qos::exactly_once));
  server.take();
  server.lose();
  server.session().give_up({.code = ErrorCode::disconnected, .text = "over"});
  server.run({});
  server.events();
  EXPECT_TRUE(server.publish("b", Qos::exactly_once));
  EXPECT_THAT(server.connect(true), ElementsAre("PUBLISH 1 q2d t=a", "PUBLISH 2 q2 t=b"));
}

// [MQTT-3.3.2-7]
TEST(Session, ATopicAliasOfTheApplicationEndsWithItsConnection) {
  ScriptedServer server{options_of()};
  wire::PropertyList alias = property(PropertyId::topic_alias, 3);
  server.connect(false, property(PropertyId::topic_alias_maximum, 5));
  const midge::PublishOptions with_alias{.qos = Qos::at_least_once, .properties = &alias};
  EXPECT_TRUE(server.session().publish("t", "a", with_alias, server.handler("a")));
  EXPECT_TRUE(server.session().publish("", "b", with_alias, server.handler("b")));
  EXPECT_THAT(server.take(), ElementsAre("PUBLISH 1 q1 t=a alias 3", "PUBLISH 2 q1 =b alias 3"));
  server.lose();
  server.events();
  EXPECT_THAT(server.connect(true), ElementsAre("PUBLISH 1 q1d t=a"));
  EXPECT_THAT(server.events(),
              testing::Contains("done b: the topic alias was for a connection that ended"));
}

// [MQTT-3.2.2-17], [MQTT-3.2.2-18]
TEST(Session, ATopicAliasAboveTheServersMaximumIsNotSent) {
  ScriptedServer server{options_of()};
  wire::PropertyList alias = property(PropertyId::topic_alias, 6);
  server.connect(false, property(PropertyId::topic_alias_maximum, 5));
  const midge::PublishOptions with_alias{.qos = Qos::at_least_once, .properties = &alias};
  EXPECT_FALSE(server.session().publish("t", "a", with_alias, server.handler("a")));
  EXPECT_THAT(server.take(), ElementsAre());
}

TEST(Session, Mqtt31TakesAWantedSessionToBeThere) {
  midge::Options options = options_of(Version::v31);
  options.clean_start = false;
  ScriptedServer server{options};
  server.connect();
  EXPECT_TRUE(server.publish("a", Qos::at_least_once));
  server.take();
  server.lose();
  EXPECT_THAT(server.connect(), ElementsAre("PUBLISH 1 q1d t=a"));
}

// ---------------------------------------------------------------- receiving

wire::Publish message(std::uint16_t id, Qos qos, std::string_view payload) {
  return {.qos = qos, .topic = "t", .id = {id}, .payload = base::as_bytes(payload)};
}

// [MQTT-4.6.0-2], [MQTT-4.6.0-3], [MQTT-4.3.2-4], [MQTT-4.3.3-8]
TEST(Session, MessagesAreAcknowledgedInTheOrderTheyCame) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  server.send(message(0, Qos::at_most_once, "a"));
  server.send(message(5, Qos::exactly_once, "b"));
  server.send(message(4, Qos::at_least_once, "c"));
  server.send(message(3, Qos::at_least_once, "d"));
  EXPECT_THAT(server.take(), ElementsAre("PUBREC 5", "PUBACK 4", "PUBACK 3"));
  EXPECT_THAT(server.events(),
              ElementsAre("message t=a", "message t=b", "message t=c", "message t=d"));
}

// [MQTT-4.3.3-10], [MQTT-4.3.3-11], [MQTT-4.3.3-12]
TEST(Session, Qos2IsDeliveredOnceAlsoOverAReconnect) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  server.send(message(1, Qos::exactly_once, "a"));
  server.lose();
  server.connect(true);
  server.send(message(1, Qos::exactly_once, "a"));
  server.send(wire::Pubrel{.id = {1}});
  EXPECT_THAT(server.take(), ElementsAre("PUBREC 1", "PUBCOMP 1"));
  server.send(message(1, Qos::exactly_once, "b"));
  EXPECT_THAT(server.events(),
              ElementsAre("message t=a", "ended: lost", "connected again", "message t=b"));
}

TEST(Session, AForgottenSessionForgetsTheIdentifiersReceivedToo) {
  ScriptedServer server{options_of()};
  server.connect();
  server.send(message(1, Qos::exactly_once, "a"));
  server.lose();
  server.connect(false);
  server.events();
  server.send(message(1, Qos::exactly_once, "b"));
  EXPECT_THAT(server.events(), ElementsAre("message t=b"));
}

TEST(Session, AnUnknownPubrelIsAnsweredWithItsReasonCode) {
  ScriptedServer server{options_of()};
  server.connect();
  server.send(wire::Pubrel{.id = {9}});
  EXPECT_THAT(server.take(), ElementsAre("PUBCOMP 9 rc146"));
}

// [MQTT-3.3.4-9]: the server may send as many as we said, and again as many once they are settled.
TEST(Session, SettledMessagesMakeRoomInOurReceiveMaximum) {
  midge::Options options = options_of();
  options.receive_maximum = 1;
  ScriptedServer server{options};
  server.connect();
  server.events();
  for (std::uint16_t id = 1; id < 5; ++id) {
    server.send(message(id, Qos::exactly_once, "a"));
    server.send(wire::Pubrel{.id = {id}});
    server.send(message(id, Qos::at_least_once, "b"));
  }
  EXPECT_THAT(server.events(), SizeIs(8));
  EXPECT_TRUE(server.session().is_online());
}

TEST(Session, WhilePausedNothingIsReadAndTheRestComesAfterwards) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  server.session().pause(server.now());
  const wire::Publish publish = message(0, Qos::at_most_once, "a");
  std::vector<std::uint8_t> bytes(wire::encoded_size(publish, Version::v5));
  wire::encode(publish, Version::v5, bytes.data());
  server.run(bytes);
  EXPECT_THAT(server.events(), IsEmpty());
  server.session().resume(server.now());
  server.run(bytes);
  EXPECT_THAT(server.events(), ElementsAre("message t=a"));
}

// ---------------------------------------------------------------- subscribing

TEST(Session, ASubscribeIsAnsweredWithOneCodeAFilter) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  EXPECT_TRUE(
      server.session().subscribe({{.filter = "a"}, {.filter = "b"}}, server.answer("s"), {}));
  EXPECT_THAT(server.take(), ElementsAre("SUBSCRIBE 1 a b"));
  server.send(wire::Suback{.id = {1}, .codes = {ReasonCode::success, ReasonCode::not_authorized}});
  EXPECT_THAT(server.events(), ElementsAre("answer s 0 135"));
}

TEST(Session, ASubackWithAnotherNumberOfCodesIsAProtocolError) {
  ScriptedServer server{options_of()};
  server.connect();
  EXPECT_TRUE(server.session().subscribe({{.filter = "a"}, {.filter = "b"}}, {}, {}));
  server.take();
  server.send(wire::Suback{.id = {1}, .codes = {ReasonCode::success}});
  EXPECT_THAT(server.take(), ElementsAre("DISCONNECT rc130"));
}

TEST(Session, AnUnansweredSubscribeIsAskedAgainOnTheNextConnection) {
  ScriptedServer server{options_of()};
  server.connect();
  EXPECT_TRUE(server.session().subscribe({{.filter = "a"}}, server.answer("s"), {}));
  server.take();
  server.lose();
  EXPECT_THAT(server.connect(true), ElementsAre("SUBSCRIBE 2 a"));
}

class Resubscribing : public testing::Test {
 protected:
  static Lines subscribed_again(midge::Resubscribe policy, bool session_present) {
    midge::Options options = options_of();
    options.resubscribe = policy;
    ScriptedServer server{options};
    server.connect();
    EXPECT_TRUE(
        server.session().subscribe({{.filter = "a"}, {.filter = "b"}, {.filter = "no"}}, {}, {}));
    EXPECT_TRUE(server.session().unsubscribe({"b"}, {}, {}));
    server.take();
    server.send(wire::Suback{
        .id = {1},
        .codes = {ReasonCode::success, ReasonCode::success, ReasonCode::not_authorized}});
    server.send(wire::Unsuback{.id = {2}, .codes = {ReasonCode::success}});
    server.lose();
    return server.connect(session_present);
  }
};

TEST_F(Resubscribing, HappensWhenTheServerForgotTheSession) {
  EXPECT_THAT(subscribed_again(midge::Resubscribe::when_session_is_gone, false),
              ElementsAre("SUBSCRIBE 3 a"));
  EXPECT_THAT(subscribed_again(midge::Resubscribe::when_session_is_gone, true), IsEmpty());
}

TEST_F(Resubscribing, HappensAlwaysOrNeverIfWanted) {
  EXPECT_THAT(subscribed_again(midge::Resubscribe::always, true), ElementsAre("SUBSCRIBE 3 a"));
  EXPECT_THAT(subscribed_again(midge::Resubscribe::never, false), IsEmpty());
}

TEST(Session, ManySubscriptionsAreMadeAgainInPacketsOfModerateSize) {
  ScriptedServer server{options_of()};
  server.connect();
  for (std::uint16_t i = 0; i < 120; ++i) {
    EXPECT_TRUE(server.session().subscribe({{.filter = "f" + std::to_string(i)}}, {}, {}));
    server.take();
    server.send(
        wire::Suback{.id = {static_cast<std::uint16_t>(i + 1)}, .codes = {ReasonCode::success}});
  }
  server.lose();
  EXPECT_THAT(server.connect(false), SizeIs(3));
}

// ---------------------------------------------------------------- keep alive

// [MQTT-3.1.2-20]
TEST(Session, AnIdleConnectionIsKeptAliveAndEndsWithoutAnAnswer) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  server.wait(seconds{60});
  server.session().advance(server.now());
  EXPECT_THAT(server.take(), ElementsAre("PINGREQ"));
  server.send(wire::Pingresp{});
  server.wait(seconds{60});
  server.session().advance(server.now());
  EXPECT_THAT(server.take(), ElementsAre("PINGREQ"));
  server.wait(seconds{61});
  server.session().advance(server.now());
  server.run({});
  EXPECT_THAT(server.events(), ElementsAre("ended: the server did not answer PINGREQ within 60 s"));
}

TEST(Session, ServerKeepAliveReplacesOurs) {  // [MQTT-3.2.2-21]
  ScriptedServer server{options_of()};
  server.connect(false, property(PropertyId::server_keep_alive, 5));
  EXPECT_LE(server.session().deadline(), server.now() + seconds{5});
}

TEST(Session, WhilePausedAMissingAnswerIsOurOwnFault) {
  ScriptedServer server{options_of()};
  server.connect();
  server.events();
  server.session().pause(server.now());
  for (int i = 0; i < 5; ++i) {
    server.wait(seconds{61});
    server.session().advance(server.now());
    EXPECT_THAT(server.take(), ElementsAre("PINGREQ"));
  }
  server.session().resume(server.now());
  server.send(wire::Pingresp{});
  server.session().advance(server.now());
  EXPECT_TRUE(server.session().is_online());
}

// ---------------------------------------------------------------- debug lines

TEST(Session, DebugLinesAreThoseOfMosquittosClients) {
  ScriptedServer server{options_of()};
  Lines log;
  server.session().set_log([&](std::string_view line) { log.emplace_back(line); });
  server.connect();
  EXPECT_TRUE(server.session().subscribe({{.filter = "a/#", .qos = Qos::exactly_once}}, {}, {}));
  EXPECT_TRUE(server.publish("m", Qos::exactly_once));
  server.take();
  server.send(wire::Suback{.id = {1}, .codes = {ReasonCode::granted_qos_2}});
  server.send(wire::Pubrec{.id = {2}});
  server.send(wire::Pubcomp{.id = {2}});
  server.send(message(1, Qos::at_least_once, "hello"));
  server.session().disconnect(ReasonCode::normal_disconnection, {});
  EXPECT_THAT(
      log, ElementsAre("Client c sending CONNECT", "Client c received CONNACK (0)",
                       "Client c sending SUBSCRIBE (Mid: 1, Topic: a/#, QoS: 2, Options: 0x00)",
                       "Client c sending PUBLISH (d0, q2, r0, m2, 't', ... (1 bytes))",
                       "Client c received SUBACK", "Client c received PUBREC (Mid: 2)",
                       "Client c sending PUBREL (m2)", "Client c received PUBCOMP (Mid: 2, RC:0)",
                       "Client c received PUBLISH (d0, q1, r0, m1, 't', ... (5 bytes))",
                       "Client c sending PUBACK (m1, rc0)", "Client c sending DISCONNECT"));
}

}  // namespace
}  // namespace client
