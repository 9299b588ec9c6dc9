// Three shards on threads of their own behind a real socket, clients of a few bytes by hand. What
// MQTT says is tested in `broker`; here is what only threads and sockets can get wrong.
#include "server/shard_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/environment.h"
#include "config/test_files.h"
#include "runtime/clock.h"

namespace server {
namespace {

using std::string_literals::operator""s;
using testing::Contains;

constexpr std::size_t shards = 3;
constexpr int patience_ms = 30'000;

struct Lines final : broker::Log {
  std::mutex mutex;
  std::vector<std::string> all;
  bool wants(config::LogType type) const override { return type != config::LogType::debug; }
  void write(config::LogType, std::string line) override {
    const std::lock_guard lock(mutex);
    all.push_back(std::move(line));
  }
};

template <class Condition>
void wait_until(Condition&& is_true) {
  const base::Instant give_up = runtime::now() + std::chrono::milliseconds{patience_ms};
  while (!is_true()) {
    ASSERT_LT(runtime::now(), give_up);
    std::this_thread::yield();
  }
}

// What server::run() builds, without signals.
struct Fleet {
  std::unique_ptr<config::Config> config =
      config::config_of("listener 1883 127.0.0.1\nallow_anonymous true\nsys_interval 0\n");
  Lines log;
  hook::Hooks hooks;
  std::vector<broker::ListenerState> states = broker::listener_states(*config);
  topic::InterestTable interest{shards};
  broker::RetainedStore retained{&broker::size_of};
  broker::Totals totals;
  std::vector<broker::Metrics> metrics{shards};
  broker::Environment environment{*config, hooks, log, states, interest, retained, totals, metrics};
  std::vector<OpenListener> listeners;
  runtime::Lanes<broker::ShardMessage> lanes{shards, 64};
  runtime::WorkerPool workers{{.threads = 2}};
  Threads threads{environment, listeners, lanes, workers};
  bool has_stopped = false;

  Fleet() {
    auto sockets = runtime::listen_tcp({.host = "127.0.0.1"}).value();
    for (runtime::Listening& socket : sockets) listeners.push_back({std::move(socket), 0});
  }
  ~Fleet() { stop(); }

  void start() {
    for (std::uint8_t i = 0; i < shards; ++i) {
      threads.all.push_back(ShardThread::create(topic::ShardId{i}, threads, i).value());
    }
    for (auto& thread : threads.all) thread->start();
  }
  void stop() {
    if (std::exchange(has_stopped, true)) return;
    for (auto& thread : threads.all) EXPECT_TRUE(thread->post(PublishWills{}));
    for (auto& thread : threads.all) wait_until([&] { return thread->wills_done(); });
    for (auto& thread : threads.all) EXPECT_TRUE(thread->post(DisconnectAll{}));
    for (auto& thread : threads.all) {
      wait_until([&] { return thread->has_ended(); });
      thread->join();
    }
    workers.stop();
  }
};

std::string text_field(std::string_view text) {
  return std::string{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())} +
         std::string{text};
}
std::string packet(char first, const std::string& body) {
  EXPECT_LT(body.size(), 16'384U);
  std::string size{static_cast<char>(body.size())};
  if (body.size() > 127) {
    size = {static_cast<char>(body.size() % 128 | 128U), static_cast<char>(body.size() / 128)};
  }
  return std::string{first} + size + body;
}
std::string connect(std::string_view id, std::string_view will_topic = {}) {
  const bool has_will = !will_topic.empty();
  std::string body = text_field("MQTT") + '\5' + (has_will ? '\6' : '\2') + "\0\0"s + '\0';
  body += text_field(id);
  if (has_will) body += '\0' + text_field(will_topic) + text_field("gone");
  return packet('\x10', body);
}
std::string subscribe(std::string_view filter) {
  return packet('\x82', "\0\1\0"s + text_field(filter) + '\0');
}
std::string publish(std::string_view topic, std::string_view payload, bool is_acknowledged = true) {
  const std::string id = is_acknowledged ? "\0\7"s : ""s;
  return packet(is_acknowledged ? '\x32' : '\x30',
                text_field(topic) + id + '\0' + std::string{payload});
}
const std::string ping = "\xc0\0"s;

constexpr int connack = 2;
constexpr int published = 3;
constexpr int puback = 4;
constexpr int suback = 9;
constexpr int pingresp = 13;
constexpr int disconnect = 14;
constexpr int closed = 0;

struct Got {
  int type = closed;
  std::string body;
};

class Peer final {
 public:
  explicit Peer(const Fleet& fleet)
      : fd_(runtime::start_connect(fleet.listeners.front().socket.address).value()) {}
  Peer(const Fleet& fleet, std::string_view id, std::string_view will_topic = {}) : Peer(fleet) {
    send(connect(id, will_topic));
    EXPECT_EQ(next(connack).body.substr(0, 2), "\0\0"s);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      wait_for(POLLOUT);
      const runtime::Io io = runtime::write(fd_.get(), base::as_bytes(bytes));
      if (io.state == runtime::IoState::would_block) continue;
      if (io.state != runtime::IoState::done) return;
      bytes.remove_prefix(io.bytes);
    }
  }
  // The next packet; `closed` at the end.
  Got next() {
    while (true) {
      if (auto got = take()) return *got;
      std::array<std::uint8_t, 4096> buffer{};
      wait_for(POLLIN);
      const runtime::Io io = runtime::read(fd_.get(), buffer);
      if (io.state == runtime::IoState::would_block) continue;
      if (io.state != runtime::IoState::done) return {};
      received_ += base::as_text(base::Bytes{buffer}.first(io.bytes));
    }
  }
  Got next(int type) {
    Got got = next();
    EXPECT_EQ(got.type, type);
    return got;
  }
  void subscribe_to(std::string_view filter) {
    send(subscribe(filter));
    next(suback);
  }
  std::string next_payload() {
    const std::string body = next(published).body;
    const std::size_t topic_end = 2U + static_cast<unsigned char>(body.at(1));
    const std::size_t properties = static_cast<unsigned char>(body.at(topic_end));
    return body.substr(topic_end + 1 + properties);  // QoS 0: no packet identifier.
  }
  void close() { fd_.reset(); }

 private:
  void wait_for(short events) const {
    pollfd one{fd_.get(), events, 0};
    ASSERT_EQ(::poll(&one, 1, patience_ms), 1);
  }
  std::optional<Got> take() {
    if (received_.size() < 2) return std::nullopt;
    std::size_t head = 2;
    std::size_t size = static_cast<unsigned char>(received_[1]);
    if (size > 127) {
      if (received_.size() < 3) return std::nullopt;
      head = 3;
      size = size % 128 + static_cast<unsigned char>(received_[2]) * std::size_t{128};
    }
    if (received_.size() < head + size) return std::nullopt;
    Got got{static_cast<unsigned char>(received_[0]) >> 4, received_.substr(head, size)};
    received_.erase(0, head + size);
    return got;
  }

  runtime::Fd fd_;
  std::string received_;
};

std::string id_at(std::size_t shard, int number) {
  for (int i = 0;; ++i) {
    const std::string id = std::to_string(number) + "-" + std::to_string(i);
    if (broker::home_of(id, shards).value == shard) return id;
  }
}

struct ShardThreadTest : testing::Test {
  Fleet fleet;
};

TEST_F(ShardThreadTest, APublishReachesSubscribersOnEveryShardInOrder) {
  fleet.start();
  std::vector<std::unique_ptr<Peer>> subscribers;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    subscribers.push_back(std::make_unique<Peer>(fleet, id_at(shard, 1)));
    subscribers.back()->subscribe_to("a/+");
  }
  for (std::size_t shard = 0; shard < shards; ++shard) {
    Peer publisher{fleet, id_at(shard, 2)};
    for (int i = 0; i < 200; ++i) publisher.send(publish("a/b", std::to_string(i)));
    for (int i = 0; i < 200; ++i) publisher.next(puback);
    for (auto& subscriber : subscribers) {
      for (int i = 0; i < 200; ++i) ASSERT_EQ(subscriber->next_payload(), std::to_string(i));
    }
  }
}

// The lanes have room for 64 messages: who fills one is held back, and nobody waits for ever.
TEST_F(ShardThreadTest, AFloodThroughFullLanesLosesNothing) {
  fleet.start();
  Peer subscriber{fleet, id_at(0, 1)};
  subscriber.subscribe_to("flood");
  std::vector<std::thread> publishers;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    publishers.emplace_back([this, shard] {
      Peer publisher{fleet, id_at(shard, 2)};
      for (int i = 0; i < 3000; ++i) publisher.send(publish("flood", "x", false));
      publisher.send(ping);
      publisher.next(pingresp);
    });
  }
  for (std::size_t i = 0; i < shards * 3000; ++i) ASSERT_EQ(subscriber.next_payload(), "x");
  for (std::thread& publisher : publishers) publisher.join();
}

// Which shard accepts is up to the kernel; all have the same home.
TEST_F(ShardThreadTest, TheNewestConnectionOfAClientIdTakesOver) {
  fleet.start();
  auto last = std::make_unique<Peer>(fleet, "me");
  for (int i = 0; i < 30; ++i) {
    auto next = std::make_unique<Peer>(fleet, "me");
    EXPECT_EQ(last->next(disconnect).body.at(0), '\x8e');
    EXPECT_EQ(last->next().type, closed);
    last = std::move(next);
  }
  EXPECT_EQ(fleet.totals.online.load(), 1U);
}

// A connection that moves to another shard leaves its number to the next. All shards are stopped
// by a hook while CONNECTs and new connections pile up, so that they see both in one turn.
TEST_F(ShardThreadTest, ConnectionsThatComeTogetherAreNotMixedUp) {
  std::mutex standstill;
  fleet.hooks.on<hook::Published>("standstill", [&](hook::Published& event) {
    if (event.publish.topic == "stop") const std::lock_guard lock(standstill);
    return hook::Decision::next;
  });
  fleet.start();
  std::vector<std::unique_ptr<Peer>> stoppers;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    stoppers.push_back(std::make_unique<Peer>(fleet, id_at(shard, 1)));
  }
  constexpr std::size_t count = 40;
  std::vector<std::unique_ptr<Peer>> peers;
  const auto add_peers = [&] {
    for (std::size_t i = 0; i < count; ++i) peers.push_back(std::make_unique<Peer>(fleet));
  };
  const auto say_all = [&](std::size_t from) {
    for (std::size_t i = from; i < from + count; ++i) {
      const std::string own = std::to_string(i);
      peers[i]->send(connect("client " + own) + subscribe("own/" + own) +
                     publish("own/" + own, own, false));
    }
  };
  add_peers();
  wait_until([&] { return fleet.totals.connections.load() == shards + count; });
  {
    const std::lock_guard lock(standstill);
    for (auto& stopper : stoppers) stopper->send(publish("stop", "", false));
    say_all(0);
    add_peers();
  }
  say_all(count);
  for (std::size_t i = 0; i < peers.size(); ++i) {
    peers[i]->next(connack);
    peers[i]->next(suback);
    ASSERT_EQ(peers[i]->next_payload(), std::to_string(i));
  }
}

TEST_F(ShardThreadTest, AtTheStopWillsComeFirstAndThenTheReason) {
  fleet.start();
  std::vector<std::unique_ptr<Peer>> watchers;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    watchers.push_back(std::make_unique<Peer>(fleet, id_at(shard, 1), "will"));
    watchers.back()->subscribe_to("will");
  }
  std::thread peers{[&watchers] {
    for (auto& watcher : watchers) {
      for (std::size_t i = 0; i < shards; ++i) EXPECT_EQ(watcher->next_payload(), "gone");
      EXPECT_EQ(watcher->next(disconnect).body.at(0), '\x8b');
      EXPECT_EQ(watcher->next().type, closed);
      watcher->close();
    }
  }};
  fleet.stop();
  peers.join();
}

TEST_F(ShardThreadTest, ItStopsWhilePeersConnectAndFlood) {
  fleet.start();
  std::atomic<bool> is_over{false};
  std::vector<std::thread> peers;
  for (int i = 0; i < 3; ++i) {
    peers.emplace_back([this, i, &is_over] {
      while (!is_over) {
        Peer peer{fleet};
        peer.send(connect(std::to_string(i), "will") + subscribe("flood"));
        for (int n = 0; n < 50 && !is_over; ++n) peer.send(publish("flood", "x", false));
      }
    });
  }
  wait_until([this] { return fleet.totals.online.load() > 0; });
  fleet.stop();
  is_over = true;
  // Their last connections wait in the listening socket's queue; closing it resets them.
  for (std::thread& peer : peers) peer.join();
}

// A login that takes long keeps nobody else waiting, and who gives up meanwhile is not missed.
TEST_F(ShardThreadTest, SlowLoginsRunBesideTheShards) {
  std::mutex mutex;
  std::condition_variable changed;
  bool may_go_on = false;
  fleet.hooks.on<hook::Authenticate>("slow", [&](hook::Authenticate& event) {
    if (!event.client.id.starts_with("slow")) return hook::Decision::allow;
    event.work = [&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return may_go_on; });
      return hook::Decision::allow;
    };
    return hook::Decision::defer;
  });
  fleet.start();
  Peer slow{fleet};
  slow.send(connect("slow one"));
  Peer gives_up{fleet};
  gives_up.send(connect("slow two"));
  gives_up.close();
  Peer quick{fleet, "quick"};
  quick.subscribe_to("a");
  quick.send(publish("a", "served", false));
  EXPECT_EQ(quick.next_payload(), "served");
  {
    const std::lock_guard lock(mutex);
    may_go_on = true;
  }
  changed.notify_all();
  slow.next(connack);
}

TEST_F(ShardThreadTest, LogLinesReachSubscribers) {
  fleet.start();
  Peer watcher{fleet, "watcher"};
  watcher.subscribe_to("$SYS/broker/log/#");
  EXPECT_TRUE(fleet.threads.all[0]->post_log_line({"$SYS/broker/log/N", "hello"}));
  EXPECT_EQ(watcher.next_payload(), "hello");
}

TEST_F(ShardThreadTest, LogLinesThatNobodyFetchesAreLimited) {
  for (std::uint8_t i = 0; i < shards; ++i) {
    fleet.threads.all.push_back(ShardThread::create(topic::ShardId{i}, fleet.threads, i).value());
  }
  ShardThread& first = *fleet.threads.all[0];  // Not started, so it takes nothing.
  int taken = 0;
  while (taken < 1'000'000 && first.post_log_line({"$SYS/broker/log/N", "x"})) ++taken;
  EXPECT_EQ(taken, 10'000);
  EXPECT_TRUE(first.post(PublishWills{})) << "commands still find room";
  fleet.has_stopped = true;
}

TEST_F(ShardThreadTest, WhatWasWrongIsLogged) {
  fleet.start();
  Peer peer{fleet, "evil"};
  peer.send("\0\0"s);
  EXPECT_EQ(peer.next(disconnect).body.at(0), '\x81');
  EXPECT_EQ(peer.next().type, closed);
  fleet.stop();
  EXPECT_THAT(
      fleet.log.all,
      Contains(testing::MatchesRegex("Client evil .127\\.0\\.0\\.1:[0-9]+. disconnected: .*")));
}

}  // namespace
}  // namespace server
