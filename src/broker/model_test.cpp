// Random scripts of many clients against a naive model: every QoS 1 and 2 message reaches exactly
// the sessions that subscribed to it, in each publisher's order, whatever breaks in between. Lanes
// are emptied after every step; retained_test.cpp interleaves them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <set>

#include "broker/test_broker.h"
#include "topic/filter.h"

namespace broker::test {
namespace {

constexpr std::array<const char*, 4> names{"a", "a/b", "a/c", "d"};
constexpr std::array<const char*, 6> filters{"a", "a/b", "a/+", "#", "a/#", "+"};
constexpr std::size_t clients = 4;

// One session as the model sees it.
struct Model {
  std::map<std::string, Qos> subscriptions;
  std::set<std::string> expected;  // Payloads.
};

// What, which client, which topic or filter, QoS.
using Step = std::tuple<int, std::size_t, std::size_t, int>;

rc::Gen<std::vector<Step>> scripts() {
  return rc::gen::container<std::vector<Step>>(
      60, rc::gen::tuple(rc::gen::inRange(0, 12), rc::gen::inRange<std::size_t>(0, clients),
                         rc::gen::inRange<std::size_t>(0, filters.size()), rc::gen::inRange(1, 3)));
}

class Play {
 public:
  explicit Play(std::size_t shards) : broker_("max_inflight_messages 3", shards) {
    for (std::size_t i = 0; i < clients; ++i) {
      client(i).connect(lasting(version_of(i)));
    }
  }

  void run(const std::vector<Step>& script) {
    for (const Step& step : script) {
      take(step);
      for (std::size_t i = 0; i < clients; ++i) collect(i);
    }
    for (std::size_t i = 0; i < clients; ++i) {
      client(i).acknowledges = client(i).reads = true;
      client(i).connect(again(version_of(i)));
      collect(i);
    }
    for (std::size_t i = 0; i < clients; ++i) check(i);
    RC_ASSERT(broker_.all_drops() == 0U);
  }

 private:
  TestClient& client(std::size_t i) { return broker_("client-" + std::to_string(i)); }
  static Version version_of(std::size_t i) { return i % 2 == 0 ? v5 : v311; }

  void take(const Step& step) {
    const auto [what, number, which, level] = step;
    TestClient& who = client(number);
    const Qos qos{static_cast<std::uint8_t>(level)};
    if (!who.is_open() && what != 0) return;
    switch (what) {
      case 0:
        who.acknowledges = who.reads = true;
        who.connect(again(version_of(number)));
        return;
      case 1:
        return who.drop();
      case 2:
        who.acknowledges = false;
        return;
      case 3:
        who.reads = false;
        return;
      case 4:
      case 5:
        return subscribe(number, filters[which], qos);
      case 6:
        if (models_[number].subscriptions.erase(filters[which]) == 0) return;
        who.unsubscribe(filters[which]);
        return;
      default:
        return publish(number, names[which % names.size()], qos);
    }
  }

  void subscribe(std::size_t i, const char* filter, Qos qos) {
    models_[i].subscriptions[filter] = qos;
    client(i).subscribe(filter, qos);
  }

  // Each payload is its number, so that a publisher's order can be seen.
  void publish(std::size_t from, const char* topic, Qos qos) {
    // Who does not read sees no PUBREC, and would soon exceed the broker's Receive Maximum.
    if (!client(from).reads) qos = qos1;
    const std::string payload = std::to_string(++last_);
    by_[payload] = from;
    for (Model& model : models_) {
      for (const auto& [filter, granted] : model.subscriptions) {
        if (topic::matches(filter, topic)) model.expected.insert(payload);
      }
    }
    client(from).publish(topic, payload, qos);
  }

  void collect(std::size_t i) {
    for (const Publication& one : client(i).take()) got_[i].push_back(one);
  }

  // What came is what was published; QoS 2 once; no publisher's messages of one QoS and topic
  // overtake each other, leaving repetitions aside [MQTT-4.6.0-5].
  void check(std::size_t i) const {
    const Model& model = models_[i];
    std::set<std::string> seen;
    std::map<std::tuple<std::size_t, std::string, Qos>, int> newest;
    for (const Publication& one : got_[i]) {
      seen.insert(one.payload);
      if (one.dup || version_of(i) != v5) continue;
      int& last = newest[{by_.at(one.payload), one.topic, one.qos}];
      RC_ASSERT(std::stoi(one.payload) > last);
      last = std::stoi(one.payload);
    }
    RC_ASSERT(seen == model.expected);
  }

  TestBroker broker_;
  std::array<Model, clients> models_;
  std::array<std::vector<Publication>, clients> got_;
  std::map<std::string, std::size_t> by_;  // The publisher of each payload.
  int last_ = 0;
};

RC_GTEST_PROP(Model, EveryMessageReachesExactlyItsSubscribersOnOneShard, ()) {
  Play play{1};
  play.run(*scripts());
}

RC_GTEST_PROP(Model, EveryMessageReachesExactlyItsSubscribersOnThreeShards, ()) {
  Play play{3};
  play.run(*scripts());
}

}  // namespace
}  // namespace broker::test
