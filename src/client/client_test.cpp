#include "client/client.h"

#include <unistd.h>

#include <string>
#include <thread>

#include "client/coroutine.h"
#include "client/loopback_server_test.h"

namespace midge {
namespace {

wire::Publish message(std::uint16_t id, Qos qos, std::string_view payload) {
  return {.qos = qos, .topic = "t", .id = {id}, .payload = base::as_bytes(payload)};
}

TEST(Client, ConnectsPublishesAndDisconnects) {
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    EXPECT_EQ(peer.receive(), "PUBLISH 1 q1 t=hello");
    peer.send(wire::Puback{.id = {1}});
    EXPECT_EQ(peer.receive(), "DISCONNECT");
    EXPECT_EQ(peer.receive(), "end");
  }}};
  Client client{server.options()};
  std::string events;
  client.on_disconnected([&](const Disconnection& end) { events += end.error ? "!" : "."; });
  ASSERT_TRUE(client.connect([&](const Error& error) { events += error ? "!" : "c"; }));
  ASSERT_TRUE(
      client.publish("t", "hello", {.qos = Qos::at_least_once}, [&](const PublishResult& result) {
        events += result.ok() ? "p" : "!";
        client.disconnect();
      }));
  EXPECT_TRUE(client.run());
  EXPECT_EQ(events, "cp.");
  EXPECT_TRUE(client.is_at_rest());
}

TEST(Client, HandlersNeverRunInsideTheCallThatCausesThem) {
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    peer.receive();
    peer.receive();
  }}};
  Client client{server.options()};
  bool inside = false;
  client.on_connected([&](const ConnectInfo&) {
    inside = true;
    EXPECT_TRUE(client.publish("t", "m", {}, [&](const PublishResult&) { EXPECT_FALSE(inside); }));
    client.disconnect();
    inside = false;
  });
  client.on_disconnected([&](const Disconnection&) { EXPECT_FALSE(inside); });
  ASSERT_TRUE(client.connect());
  EXPECT_TRUE(client.run());
}

TEST(Client, ARefusedPortIsASentenceWithTheAddress) {
  Options options;
  options.host = "127.0.0.1";
  options.port = 1;  // Nobody listens there.
  Client client{options};
  Error told;
  ASSERT_TRUE(client.connect([&](const Error& error) { told = error; }));
  const auto ended = client.run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::system);
  EXPECT_EQ(ended.error().system_error, ECONNREFUSED);
  EXPECT_THAT(told.text, testing::HasSubstr("127.0.0.1:1: Connection refused"));
}

TEST(Client, AFailureBeforeTheFirstTurnEndsTheRunToo) {
  Options options;
  options.unix_socket = "/nonexistent/socket";
  Client client{options};
  ASSERT_TRUE(client.connect());
  const auto ended = client.run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().system_error, ENOENT);
}

TEST(Client, AConnectionThatEndsWithoutConnackSaysSo) {
  LoopbackServer server{{[](Peer& peer) { peer.receive(); }}};
  Client client{server.options()};
  ASSERT_TRUE(client.connect());
  const auto ended = client.run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::connection_lost);
  EXPECT_THAT(ended.error().text, testing::HasSubstr("closed the connection without CONNACK"));
}

TEST(Client, ARefusalCarriesTheReasonCode) {
  LoopbackServer server{{[](Peer& peer) {
    peer.receive();
    peer.send(wire::Connack{.code = 0x87});
  }}};
  Client client{server.options()};
  ASSERT_TRUE(client.connect());
  const auto ended = client.run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::connection_refused);
  EXPECT_EQ(ended.error().reason, 0x87);
}

TEST(Client, ReconnectsAndFinishesWhatWasInFlight) {
  LoopbackServer server{{[](Peer& peer) {
                           peer.welcome();
                           EXPECT_EQ(peer.receive(), "PUBLISH 1 q2 t=m");
                         },
                         [](Peer& peer) {
                           peer.welcome(true);
                           EXPECT_EQ(peer.receive(), "PUBLISH 1 q2d t=m");
                           peer.send(wire::Pubrec{.id = {1}});
                           EXPECT_EQ(peer.receive(), "PUBREL 1");
                           peer.send(wire::Pubcomp{.id = {1}});
                           EXPECT_EQ(peer.receive(), "DISCONNECT");
                         }}};
  Options options = server.options();
  options.reconnect = {.enabled = true, .first = std::chrono::milliseconds{1}};
  Client client{options};
  int retries = 0;
  client.on_disconnected([&](const Disconnection& end) { retries += end.will_retry ? 1 : 0; });
  ASSERT_TRUE(client.connect());
  ASSERT_TRUE(
      client.publish("t", "m", {.qos = Qos::exactly_once}, [&](const PublishResult& result) {
        EXPECT_TRUE(result.ok());
        client.disconnect();
      }));
  EXPECT_TRUE(client.run());
  EXPECT_EQ(retries, 1);
}

TEST(Client, DisconnectInsideAMessageHandlerLeavesTheMessageReadable) {
  const std::string large(100'000, 'x');  // Comes in several reads, so it is kept inside.
  LoopbackServer server{{[&](Peer& peer) {
    peer.welcome();
    peer.send(message(1, Qos::at_least_once, large));
    EXPECT_EQ(peer.receive(), "PUBACK 1");
    EXPECT_EQ(peer.receive(), "DISCONNECT");
  }}};
  Client client{server.options()};
  client.on_message([&](const Message& received) {
    client.disconnect();
    EXPECT_EQ(received.text(), large);
  });
  ASSERT_TRUE(client.connect());
  EXPECT_TRUE(client.run());
}

TEST(Client, APausedClientReadsNothingAndLosesNothing) {
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    for (std::uint16_t id = 1; id <= 100; ++id) peer.send(message(id, Qos::at_least_once, "m"));
    while (peer.receive() != "end") {
    }
  }}};
  Client client{server.options()};
  int received = 0;
  client.on_message([&](const Message&) {
    ++received;
    client.pause_receiving();
    // The rest of what was read waits until the posted call.
    EXPECT_TRUE(client.loop().post([&] { client.resume_receiving(); }));
    if (received == 100) client.disconnect();
  });
  ASSERT_TRUE(client.connect());
  EXPECT_TRUE(client.run());
  EXPECT_EQ(received, 100);
}

TEST(Client, BackPressureKeepsTheQueueBoundedAndLosesNothing) {
  constexpr int count = 2'000;
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    for (int i = 0; i < count; ++i) EXPECT_EQ(peer.receive().substr(0, 11), "PUBLISH 0 q");
    EXPECT_EQ(peer.receive(), "DISCONNECT");
  }}};
  Options options = server.options();
  options.output_bytes_max = 10'000;
  Client client{options};
  int taken = 0;
  int done = 0;
  const std::function<void()> publish = [&] {
    while (taken < count && client.publish(
                                "t", std::string(1'000, 'x'), {},
                                [&](const PublishResult& result) {
                                  EXPECT_TRUE(result.ok());
                                  if (++done == count) client.disconnect();
                                })) {
      ++taken;
      EXPECT_LE(client.pending(), 12U);
    }
  };
  client.on_connected([&](const ConnectInfo&) { publish(); });
  client.on_writable(publish);
  ASSERT_TRUE(client.connect());
  EXPECT_TRUE(client.run());
  EXPECT_EQ(done, count);
}

TEST(Client, LargePayloadsGoOutWhole) {
  const std::string large(3'000'000, 'y');
  LoopbackServer server{{[&](Peer& peer) {
    peer.welcome();
    EXPECT_EQ(peer.receive(), "PUBLISH 1 q1 t=" + large);
    peer.send(wire::Puback{.id = {1}});
    EXPECT_EQ(peer.receive(), "DISCONNECT");
  }}};
  Client client{server.options()};
  ASSERT_TRUE(client.connect());
  ASSERT_TRUE(client.publish("t", std::string{large}, {.qos = Qos::at_least_once},
                             [&](const PublishResult&) { client.disconnect(); }));
  EXPECT_TRUE(client.run());
}

TEST(Client, SharesALoopWithDescriptorsTimersAndOtherClients) {
  LoopbackServer server{{[](Peer& peer) {
                           peer.welcome();
                           EXPECT_EQ(peer.receive(), "PUBLISH 0 q0 t=line");
                           peer.receive();
                         },
                         [](Peer& peer) {
                           peer.welcome();
                           peer.receive();
                         }}};
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Loop loop;
  Client first{loop, server.options()};
  Client second{loop, server.options()};
  ASSERT_TRUE(loop.watch(ends[0], [&] {
    char line[10];
    const ssize_t size = ::read(ends[0], line, sizeof line);
    EXPECT_TRUE(first.publish("t", std::string_view{line, static_cast<std::size_t>(size)}));
    loop.unwatch(ends[0]);
    first.disconnect();
  }));
  first.on_connected([&](const ConnectInfo&) {
    EXPECT_TRUE(second.connect());
    EXPECT_EQ(::write(ends[1], "line", 4), 4);
  });
  second.on_connected([&](const ConnectInfo&) {
    loop.call_after(std::chrono::milliseconds{1}, [&] { second.disconnect(); });
  });
  second.on_disconnected([&](const Disconnection&) { loop.stop(); });
  ASSERT_TRUE(first.connect());
  loop.run();
  EXPECT_TRUE(second.is_at_rest());
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Client, StopAndPostComeFromAnyThread) {
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    EXPECT_EQ(peer.receive(), "PUBLISH 0 q0 t=m");
    EXPECT_EQ(peer.receive(), "end");
  }}};
  std::thread other;
  {
    Client client{server.options()};
    client.on_connected([&](const ConnectInfo&) {
      other = std::thread{[&] {
        EXPECT_TRUE(client.loop().post([&] {
          EXPECT_TRUE(client.publish("t", "m", {}, [&](const PublishResult&) { client.stop(); }));
        }));
      }};
    });
    ASSERT_TRUE(client.connect());
    EXPECT_TRUE(client.run());
    other.join();
  }
}

TEST(Client, OptionsThatMqttDoesNotAllowFailAtOnce) {
  Options options;
  options.version = Version::v31;
  Client client{options};
  const auto refused = client.connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

// ---------------------------------------------------------------- coroutines

Task<> subscribe_and_answer(AsyncClient& client, int& answered) {
  EXPECT_FALSE(co_await client.connect_async());
  const Subscribed subscribed = co_await client.subscribe_async("ask");
  EXPECT_TRUE(subscribed.ok());
  while (auto asked = co_await client.next_message()) {
    const Published published =
        co_await client.publish_async("answer", asked->payload, {.qos = Qos::at_least_once});
    EXPECT_TRUE(published.ok());
    if (++answered == 2) co_await client.disconnect_async();
  }
}

TEST(AsyncClient, AwaitsConnectSubscribeMessagesAndPublish) {
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    EXPECT_EQ(peer.receive(), "SUBSCRIBE 1 ask");
    peer.send(wire::Suback{.id = {1}, .codes = {ReasonCode::success}});
    peer.send(message(0, Qos::at_most_once, "a"));
    peer.send(message(0, Qos::at_most_once, "b"));
    EXPECT_EQ(peer.receive(), "PUBLISH 2 q1 answer=a");
    peer.send(wire::Puback{.id = {2}});
    EXPECT_EQ(peer.receive(), "PUBLISH 3 q1 answer=b");
    peer.send(wire::Puback{.id = {3}});
    EXPECT_EQ(peer.receive(), "DISCONNECT");
  }}};
  AsyncClient client{server.options()};
  int answered = 0;
  client.run(subscribe_and_answer(client, answered));
  EXPECT_EQ(answered, 2);
}

Task<> read_all(AsyncClient& client, int& received) {
  EXPECT_FALSE(co_await client.connect_async());
  while (co_await client.next_message()) ++received;
}

TEST(AsyncClient, NoMessageIsLostWhenManyWait) {
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    for (int i = 0; i < 500; ++i) peer.send(message(0, Qos::at_most_once, "m"));
    peer.send(wire::Disconnect{.reason = ReasonCode::server_shutting_down});
  }}};
  AsyncClient client{server.options(), 10};
  int received = 0;
  client.run(read_all(client, received));
  EXPECT_EQ(received, 500);
}

Task<> publish_many(AsyncClient& client, int& published) {
  EXPECT_FALSE(co_await client.connect_async());
  for (int i = 0; i < 50; ++i) {
    if (!(co_await client.publish_async("t", std::string(1'000, 'x'))).ok()) co_return;
    ++published;
  }
  co_await client.disconnect_async();
}

TEST(AsyncClient, PublishWaitsForRoomInsteadOfFailing) {
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    while (peer.receive() != "end") {
    }
  }}};
  Options options = server.options();
  options.output_bytes_max = 100;
  AsyncClient client{options};
  int published = 0;
  client.run(publish_many(client, published));
  EXPECT_EQ(published, 50);
}

Task<> wait_for_ever(AsyncClient& client) {
  EXPECT_FALSE(co_await client.connect_async());
  client.client().stop();
  co_await client.publish_async("t", "never acknowledged", {.qos = Qos::at_least_once});
}

TEST(AsyncClient, StopEndsACoroutineThatWaits) {
  LoopbackServer server{{[](Peer& peer) {
    peer.welcome();
    while (peer.receive() != "end") {
    }
  }}};
  AsyncClient client{server.options()};
  client.run(wait_for_ever(client));
  EXPECT_FALSE(client.client().is_at_rest());
}

}  // namespace
}  // namespace midge
