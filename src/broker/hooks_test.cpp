// Where hooks decide: authentication in one step, later, or in rounds; what may be published,
// delivered and subscribed. Every hook point is reached.
#include <set>

#include "broker/test_broker.h"

namespace broker::test {
namespace {

using hook::Decision;

constexpr auto not_authorized = static_cast<std::uint8_t>(ReasonCode::not_authorized);

class Hooked : public ::testing::TestWithParam<std::size_t> {
 protected:
  explicit Hooked(std::string_view options = "", bool debug = false)
      : broker(options, GetParam(), debug) {}
  template <class E>
  void on(std::function<Decision(E&)> handler) {
    broker.hooks.on<E>("test", std::move(handler));
  }
  // Hooks write here until the broker has gone.
  std::string seen_client;
  Texts seen;
  std::set<std::string_view> reached;
  TestBroker broker;
  static ConnectOptions as(const std::string& user, const std::string& password) {
    return {.user = user, .password = password};
  }
};
INSTANTIATE_TEST_SUITE_P(Shards, Hooked, ::testing::Values(1, 3));

// ---------------------------------------------------------------- authentication

TEST_P(Hooked, AuthenticationSeesWhoComes) {
  on<hook::Authenticate>([&](hook::Authenticate& event) {
    seen_client = std::string{event.client.id} + " " +
                  std::string{event.client.user.value_or("-")} + " " +
                  std::string{event.client.address} + " " +
                  (event.password ? std::string{base::as_text(*event.password)} : "-");
    return Decision::allow;
  });
  EXPECT_TRUE(broker("alice").connect(as("u", "secret")).accepted());
  EXPECT_EQ(seen_client, "alice u 192.0.2.1 secret");
  EXPECT_TRUE(broker("bob").connect().accepted());
  EXPECT_EQ(seen_client, "bob - 192.0.2.1 -");
}

TEST_P(Hooked, DeniedClientGetsInNowhere) {  // [MQTT-3.1.4-2], [MQTT-3.2.2-7]
  on<hook::Authenticate>([](hook::Authenticate&) { return Decision::deny; });
  TestClient& alice = broker("alice");
  EXPECT_EQ(alice.connect(v5).code, not_authorized);
  EXPECT_FALSE(alice.is_open());
  EXPECT_EQ(alice.connect(v311).code, 5);
  EXPECT_EQ(broker.sum(&Metrics::sessions), 0U);
}

TEST_P(Hooked, RefusedClientTakesNoSessionOver) {
  on<hook::Authenticate>([](hook::Authenticate& event) {
    return event.client.user == "bad" ? Decision::deny : Decision::next;
  });
  TestClient& alice = broker("alice");
  alice.connect();
  TestClient& thief = broker.twin("alice");
  EXPECT_EQ(thief.connect(as("bad", "x")).code, not_authorized);
  EXPECT_TRUE(alice.is_open());
}

TEST_P(Hooked, RefusedClientsWillIsNotPublished) {
  on<hook::Authenticate>([](hook::Authenticate& event) {
    return event.client.user == "bad" ? Decision::deny : Decision::next;
  });
  TestClient& seer = broker("seer");
  seer.connect();
  seer.subscribe("#");
  ConnectOptions options = as("bad", "x");
  options.will = WillOptions{.topic = "w"};
  broker("alice").connect(options);
  EXPECT_EQ(seer.count(), 0U);
}

struct NotAnonymous : Hooked {
  NotAnonymous() : Hooked("allow_anonymous false") {}
};
INSTANTIATE_TEST_SUITE_P(Shards, NotAnonymous, ::testing::Values(1, 3));

TEST_P(NotAnonymous, WhomNoHookKnowsStaysOutside) {
  on<hook::Authenticate>([](hook::Authenticate& event) {
    return event.client.user == "good" ? Decision::allow : Decision::next;
  });
  EXPECT_EQ(broker("alice").connect().code, not_authorized);
  EXPECT_TRUE(broker("alice").connect(as("good", "")).accepted());
}

TEST_P(Hooked, SlowAnswerComesLater) {
  on<hook::Authenticate>([](hook::Authenticate& event) {
    if (!event.client.user) return Decision::next;
    event.work = [right = base::as_text(*event.password) == "right"] {
      return right ? Decision::allow : Decision::deny;
    };
    return Decision::defer;
  });
  broker.jobs_wait = true;
  TestClient& alice = broker("alice");
  TestClient& bob = broker("bob");
  EXPECT_FALSE(alice.connect(as("u", "right")).came);
  EXPECT_FALSE(bob.connect(as("u", "wrong")).came);
  ASSERT_EQ(broker.jobs.size(), 2U);
  alice.ping();  // Waits for the answer.
  broker.finish_job(1);
  broker.finish_job(0);
  EXPECT_EQ(alice.all<wire::Connack>().at(0).code, 0);
  EXPECT_EQ(alice.all<wire::Pingresp>().size(), 1U);
  EXPECT_EQ(bob.all<wire::Connack>().at(0).code, not_authorized);
}

TEST_P(Hooked, AnswerForAClientThatHasGoneIsIgnored) {
  on<hook::Authenticate>([](hook::Authenticate& event) {
    event.work = [] { return Decision::allow; };
    return Decision::defer;
  });
  broker.jobs_wait = true;
  TestClient& alice = broker("alice");
  alice.connect();
  alice.drop();
  TestClient& twin = broker.twin("alice");  // Perhaps in the same place.
  twin.connect();
  ASSERT_EQ(broker.jobs.size(), 2U);
  broker.finish_job(0);
  EXPECT_EQ(twin.all<wire::Connack>().size(), 0U);
  broker.finish_job(0);
  EXPECT_EQ(twin.all<wire::Connack>().size(), 1U);
}

// ---------------------------------------------------------------- enhanced authentication

// Two rounds: "hello" is answered by "who?", and "alice" is let in with "welcome".
Decision two_rounds(hook::EnhancedAuthentication& event) {
  if (event.method != "two-rounds") return Decision::next;
  const std::string data{event.data ? base::as_text(*event.data) : ""};
  if (event.round == 0 && data == "hello") {
    event.reply = "who?";
    return Decision::defer;
  }
  if (event.round == 1 && data == "alice") {
    event.reply = "welcome";
    return Decision::allow;
  }
  return Decision::deny;
}

struct Enhanced : Hooked {
  explicit Enhanced(bool debug = false) : Hooked("", debug) {
    on<hook::EnhancedAuthentication>(two_rounds);
  }
  void say(const std::string& data, ReasonCode reason = ReasonCode::continue_authentication,
           const std::string& method = "two-rounds") {
    wire::PropertyList properties;
    properties.add(PropertyId::authentication_method, method);
    properties.add(PropertyId::authentication_data, data);
    alice.send(wire::Auth{.reason = reason, .properties = properties.view()});
  }
  TestClient& alice = broker("alice");
  const ConnectOptions hello{.method = "two-rounds", .data = "hello"};
};
INSTANTIATE_TEST_SUITE_P(Shards, Enhanced, ::testing::Values(1, 3));

TEST_P(Enhanced, GoesOnUntilItIsDone) {  // [MQTT-4.12.0-2], [MQTT-4.12.0-5]
  EXPECT_FALSE(alice.connect(hello).came);
  const auto asked = alice.all<wire::Auth>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].reason, ReasonCode::continue_authentication);
  EXPECT_EQ(asked[0].properties.text(PropertyId::authentication_method), "two-rounds");
  EXPECT_EQ(asked[0].properties.text(PropertyId::authentication_data), "who?");
  say("alice");
  const auto answers = alice.all<wire::Connack>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].code, 0);
  EXPECT_EQ(answers[0].properties.text(PropertyId::authentication_method), "two-rounds");
  EXPECT_EQ(answers[0].properties.text(PropertyId::authentication_data), "welcome");
}

TEST_P(Enhanced, WrongAnswerIsRefused) {  // [MQTT-4.12.0-1]
  alice.connect(hello);
  say("mallory");
  EXPECT_EQ(alice.all<wire::Connack>().at(0).code, not_authorized);
  EXPECT_FALSE(alice.is_open());
}

TEST_P(Enhanced, UnknownMethodIsRefused) {
  EXPECT_EQ(alice.connect({.method = "magic"}).code,
            static_cast<std::uint8_t>(ReasonCode::bad_authentication_method));
}

TEST_P(Enhanced, MethodMayNotChange) {
  alice.connect(hello);
  say("alice", ReasonCode::continue_authentication, "other");
  EXPECT_EQ(alice.all<wire::Connack>().at(0).code,
            static_cast<std::uint8_t>(ReasonCode::protocol_error));
}

TEST_P(Enhanced, NothingElseMayComeMeanwhile) {  // [MQTT-3.1.2-30]
  alice.connect(hello);
  alice.ping();
  EXPECT_EQ(alice.all<wire::Connack>().at(0).code,
            static_cast<std::uint8_t>(ReasonCode::protocol_error));
  EXPECT_FALSE(alice.is_open());
}

TEST_P(Enhanced, SilenceIsNotWaitedForForEver) {
  alice.connect(hello);
  broker.pass(31s);
  EXPECT_FALSE(alice.is_open());
}

TEST_P(Enhanced, ClientMayAuthenticateAgain) {  // 4.12.1
  alice.connect(hello);
  say("alice");
  say("hello", ReasonCode::re_authenticate);
  ASSERT_EQ(alice.all<wire::Auth>().size(), 2U);
  EXPECT_EQ(alice.all<wire::Auth>()[1].reason, ReasonCode::continue_authentication);
  alice.publish("a", "x", qos1);  // The flow goes on meanwhile.
  EXPECT_EQ(alice.all<wire::Puback>().size(), 1U);
  say("alice");
  ASSERT_EQ(alice.all<wire::Auth>().size(), 3U);
  EXPECT_EQ(alice.all<wire::Auth>()[2].reason, ReasonCode::success);
  EXPECT_TRUE(alice.is_open());
}

TEST_P(Enhanced, FailedSecondTimeEndsTheConnection) {  // [MQTT-4.12.1-2]
  alice.connect(hello);
  say("alice");
  say("nonsense", ReasonCode::re_authenticate);
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::not_authorized);
}

TEST_P(Enhanced, ContinuingWhatWasNotBegunIsAProtocolError) {
  alice.connect(hello);
  say("alice");
  say("alice");
  EXPECT_EQ(alice.disconnect_reason(), ReasonCode::protocol_error);
}

struct EnhancedWithDebugLog : Enhanced {
  EnhancedWithDebugLog() : Enhanced(true) {}
};
INSTANTIATE_TEST_SUITE_P(Shards, EnhancedWithDebugLog, ::testing::Values(1, 3));

TEST_P(EnhancedWithDebugLog, ClientMayGiveUp) {
  alice.connect(hello);
  alice.disconnect();
  EXPECT_FALSE(alice.is_open());
}

// ---------------------------------------------------------------- authorization

TEST_P(Hooked, DeniedPublishGoesNowhereAndIsCounted) {
  on<hook::Authorize>([](hook::Authorize& event) {
    return event.access == hook::Access::write && event.topic == "no" ? Decision::deny
                                                                      : Decision::next;
  });
  TestClient& alice = broker("alice");
  alice.connect();
  alice.subscribe("#", qos2);
  EXPECT_EQ(alice.publish("no", "x", qos1), ReasonCode::not_authorized);
  EXPECT_EQ(alice.publish("no", "x", qos2), ReasonCode::not_authorized);
  alice.publish("no", "x", qos0);
  alice.publish("yes", "x", qos0);
  EXPECT_EQ(alice.topics(), Texts{"yes"});
  EXPECT_EQ(broker.drops(Drop::not_authorized), 3U);
  alice.connect(v311);
  EXPECT_EQ(alice.publish("no", "x", qos1), ReasonCode::success);  // Has no other word.
}

TEST_P(Hooked, DeniedQos2PublishFreesItsIdentifier) {  // [MQTT-4.3.3-9]
  on<hook::Authorize>(
      [](hook::Authorize& event) { return event.topic == "no" ? Decision::deny : Decision::next; });
  TestClient& alice = broker("alice");
  alice.connect();
  TestClient& bob = broker("bob");
  bob.connect();
  bob.subscribe("yes", qos2);
  alice.send(wire::Publish{.qos = qos2, .topic = "no", .id = wire::PacketId{1}});
  alice.send(wire::Publish{.qos = qos2, .topic = "yes", .id = wire::PacketId{1}});
  EXPECT_EQ(bob.count(), 1U);
}

TEST_P(Hooked, DeniedDeliveryReachesNobodyElse) {
  on<hook::Authorize>([](hook::Authorize& event) {
    return event.access == hook::Access::read && event.client.id == "bob" ? Decision::deny
                                                                          : Decision::next;
  });
  broker("bob").connect();
  broker("bob").subscribe("#");
  broker("carol").connect();
  broker("carol").subscribe("#");
  broker("alice").connect();
  broker("alice").publish("a", "x", retained());
  EXPECT_EQ(broker("bob").count(), 0U);
  EXPECT_EQ(broker("carol").count(), 1U);
  broker("bob").subscribe("a");
  EXPECT_EQ(broker("bob").count(), 0U);
}

TEST_P(Hooked, DeniedWillIsNotPublished) {
  on<hook::Authorize>([](hook::Authorize& event) {
    return event.access == hook::Access::write && event.topic == "w" && event.client.id == "alice"
               ? Decision::deny
               : Decision::next;
  });
  broker("seer").connect();
  broker("seer").subscribe("#");
  broker("alice").connect({.will = WillOptions{.topic = "w"}});
  broker("alice").drop();
  EXPECT_EQ(broker("seer").count(), 0U);
  EXPECT_EQ(broker.drops(Drop::not_authorized), 1U);
}

TEST_P(Hooked, PublishedMaySwallowAMessage) {
  on<hook::Published>([](hook::Published& event) {
    event.reason = ReasonCode::payload_format_invalid;
    return event.publish.topic == "bad" ? Decision::deny : Decision::next;
  });
  TestClient& alice = broker("alice");
  alice.connect();
  alice.subscribe("#");
  EXPECT_EQ(alice.publish("bad", "x", qos1), ReasonCode::payload_format_invalid);
  EXPECT_EQ(alice.count(), 0U);
}

TEST_P(Hooked, SubscribedMayRefuseOrLowerTheQos) {
  on<hook::Subscribed>([](hook::Subscribed& event) {
    if (event.filter == "no") return Decision::deny;
    event.qos = qos1;
    return Decision::next;
  });
  TestClient& alice = broker("alice");
  alice.connect();
  EXPECT_EQ(alice.subscribe("no", qos2), ReasonCode::not_authorized);
  EXPECT_EQ(alice.subscribe("yes", qos2), ReasonCode::granted_qos_1);
}

TEST_P(Hooked, ConnectedAndDisconnectedFrameEachSession) {
  on<hook::Connected>([&](hook::Connected& event) {
    seen.push_back("+" + std::string{event.client.id} + (event.session_present ? "!" : ""));
    return Decision::next;
  });
  on<hook::Disconnected>([&](hook::Disconnected& event) {
    seen.push_back("-" + std::string{event.client.id});
    return Decision::next;
  });
  TestClient& alice = broker("alice");
  alice.connect(lasting());
  broker.twin("alice").connect(again());
  broker.twin("alice").connect(again());
  EXPECT_EQ(seen, (Texts{"+alice", "-alice", "+alice!", "-alice", "+alice!"}));
}

// A new hook point without its call in the broker fails here.
template <class... Points>
void expect_all_reached(TestBroker& broker, std::set<std::string_view>& reached,
                        const std::tuple<Points...>*) {
  (broker.hooks.on<Points>("test",
                           [&reached](Points&) {
                             reached.insert(Points::name);
                             return Decision::next;
                           }),
   ...);
  TestClient& alice = broker("alice");
  alice.connect();
  alice.subscribe("a");
  alice.publish("a", "x");
  alice.unsubscribe("a");
  alice.disconnect();
  alice.connect({.method = "m"});
  for (const std::string_view name : {Points::name...}) EXPECT_TRUE(reached.contains(name)) << name;
}

TEST_P(Hooked, EveryPointIsReached) {
  expect_all_reached(broker, reached, static_cast<const hook::HookPoints*>(nullptr));
}

}  // namespace
}  // namespace broker::test
