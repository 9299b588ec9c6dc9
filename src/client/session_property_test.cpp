// A session against a model of a server, over connections that break at any byte: what QoS promises
// must hold in both directions, whatever happens.
#include <gtest/gtest.h>
#include <rapidcheck.h>
// After both of them.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "client/session.h"
#include "wire/codec.h"

namespace client {
namespace {

using wire::PacketId;
using wire::Qos;

constexpr wire::Version version = wire::Version::v5;
using Names = std::vector<std::string>;

// A server that keeps its session, and remembers what was delivered.
class ModelServer final {
 public:
  void on_bytes(base::Bytes bytes) {
    in_.insert(in_.end(), bytes.begin(), bytes.end());
    base::Bytes rest{in_};
    wire::FixedHeader header;
    while (wire::read_fixed_header(rest, header).none() && header.size != 0 &&
           rest.size() >= header.packet_size()) {
      wire::Packet packet;
      const wire::Fault fault =
          wire::decode(header, rest.subspan(header.size, header.remaining_length), version,
                       wire::Sender::client, packet);
      RC_ASSERT(fault.none());
      std::visit([this](const auto& p) { on(p); }, packet);
      rest = rest.subspan(header.packet_size());
      header = {};
    }
    in_.assign(rest.begin(), rest.end());
  }
  void on_connection_lost() {
    in_.clear();
    out_.clear();
    online_ = false;
  }
  void publish(const std::string& name, Qos qos) {
    waiting_.push_back({{++last_id_}, qos, name, false, false});
    if (online_) send_one(waiting_.back());
  }
  std::vector<std::uint8_t> take_output() { return std::exchange(out_, {}); }
  bool is_idle() const { return waiting_.empty() && received_.empty(); }
  const Names& delivered() const { return delivered_; }

 private:
  struct Waiting {
    PacketId id;
    Qos qos;
    std::string name;
    bool was_sent;
    bool released;
  };

  void on(const wire::Connect& connect) {
    if (connect.clean_start) start_anew();
    send(wire::Connack{.session_present = connected_before_});
    connected_before_ = online_ = true;
    for (Waiting& waiting : waiting_) send_one(waiting);
  }
  void on(const wire::Publish& publish) {
    const std::string name{base::as_text(publish.payload)};
    if (publish.qos == Qos::at_least_once) {
      delivered_.push_back(name);
      send(wire::Puback{.id = publish.id});
      return;
    }
    if (received_.insert(publish.id).second) delivered_.push_back(name);
    send(wire::Pubrec{.id = publish.id});
  }
  void on(const wire::Pubrel& pubrel) {
    received_.erase(pubrel.id);
    send(wire::Pubcomp{.id = pubrel.id});
  }
  void on(const wire::Puback& puback) { finish(puback.id); }
  void on(const wire::Pubrec& pubrec) {
    for (Waiting& waiting : waiting_) {
      if (waiting.id == pubrec.id) waiting.released = true;
    }
    send(wire::Pubrel{.id = pubrec.id});
  }
  void on(const wire::Pubcomp& pubcomp) { finish(pubcomp.id); }
  template <class P>
  void on(const P&) {
    RC_FAIL("a packet that the session should not send");
  }

  // The client never heard of an earlier session, if its CONNACK was lost. What is to be published
  // stays.
  void start_anew() {
    connected_before_ = false;
    received_.clear();
    for (Waiting& waiting : waiting_) waiting.was_sent = waiting.released = false;
  }
  void finish(PacketId id) {
    std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.id == id; });
  }
  void send_one(Waiting& waiting) {
    if (waiting.released) return send(wire::Pubrel{.id = waiting.id});
    send(wire::Publish{.dup = std::exchange(waiting.was_sent, true),
                       .qos = waiting.qos,
                       .topic = "t",
                       .id = waiting.id,
                       .payload = base::as_bytes(waiting.name)});
  }
  template <class P>
  void send(const P& packet) {
    const std::size_t at = out_.size();
    out_.resize(at + wire::encoded_size(packet, version));
    wire::encode(packet, version, out_.data() + at);
  }

  std::vector<std::uint8_t> in_;
  std::vector<std::uint8_t> out_;
  bool connected_before_ = false;
  bool online_ = false;
  std::uint16_t last_id_ = 0;
  std::deque<Waiting> waiting_;
  std::set<PacketId> received_;
  Names delivered_;
};

class World final {
 public:
  explicit World(std::uint16_t in_flight_max) : options_(make(in_flight_max)), session_(options_) {}

  void publish(Qos qos) {
    const std::string name = std::to_string(published_.size());
    const auto done = [this, name](const midge::PublishResult& result) {
      RC_ASSERT(result.ok());
      done_.push_back(name);
    };
    RC_ASSERT(bool{session_.publish("t", name, {.qos = qos}, done)});
    published_.push_back(name);
  }
  void publish_from_server(Qos qos) {
    server_published_.push_back(std::to_string(server_published_.size()));
    server_.publish(server_published_.back(), qos);
  }
  void connect() {
    if (open_) return;
    session_.start(now_);
    open_ = true;
  }
  void lose() {
    if (!open_) return;
    session_.lose({.code = midge::ErrorCode::connection_lost, .text = "lost"});
    run({});
    session_.close();
    run({});
    server_.on_connection_lost();
    on_the_way_.clear();
    open_ = false;
  }
  // Carries at most `most` bytes each way.
  void carry(std::size_t most) {
    if (!open_) return;
    std::array<base::Bytes, 1> pieces;
    if (session_.output().gather(pieces) > 0) {
      const base::Bytes some = pieces[0].first(std::min(most, pieces[0].size()));
      server_.on_bytes(some);
      session_.on_written(some.size(), now_);
    }
    const std::vector<std::uint8_t> more = server_.take_output();
    on_the_way_.insert(on_the_way_.end(), more.begin(), more.end());
    const std::size_t size = std::min(most, on_the_way_.size());
    const std::vector<std::uint8_t> arrived(
        on_the_way_.begin(), on_the_way_.begin() + static_cast<std::ptrdiff_t>(size));
    on_the_way_.erase(on_the_way_.begin(), on_the_way_.begin() + static_cast<std::ptrdiff_t>(size));
    run(arrived);
  }
  void finish() {
    connect();
    for (int i = 0; i < 10'000; ++i) {
      carry(1'000);
      if (session_.pending() == 0 && server_.is_idle() && !session_.has_output()) return;
    }
    RC_FAIL("messages stay in flight for ever");
  }

  Names& published() { return published_; }
  Names& done() { return done_; }
  Names& server_published() { return server_published_; }
  Names& received() { return received_; }
  const Names& delivered() const { return server_.delivered(); }

 private:
  static midge::Options make(std::uint16_t in_flight_max) {
    midge::Options options;
    options.client_id = "c";
    options.session_expiry = 1'000;
    options.in_flight_max = in_flight_max;
    return options;
  }
  void run(base::Bytes bytes) {
    Event event;
    while (session_.next(bytes, now_, event)) {
      if (auto* done = std::get_if<PublishDone>(&event)) done->done(done->result);
      if (auto* message = std::get_if<midge::Message>(&event)) {
        received_.emplace_back(message->text());
      }
    }
  }

  midge::Options options_;
  Session session_;
  ModelServer server_;
  base::Instant now_{std::chrono::seconds{1}};
  bool open_ = false;
  std::vector<std::uint8_t> on_the_way_;
  Names published_;
  Names done_;
  Names server_published_;
  Names received_;
};

void misbehave(World& world, Qos qos, int steps) {
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
      case 1:
        world.publish(qos);
        break;
      case 2:
      case 3:
        world.publish_from_server(qos);
        break;
      case 4:
        world.lose();
        break;
      case 5:
        world.connect();
        break;
      default:
        world.carry(*rc::gen::inRange<std::size_t>(1, 40));
        break;
    }
  }
  world.finish();
}

Names without_repeats(const Names& names) {
  Names once;
  for (const std::string& name : names) {
    if (std::ranges::find(once, name) == once.end()) once.push_back(name);
  }
  return once;
}

// [MQTT-4.3.3-7], [MQTT-4.3.3-10], [MQTT-4.6.0-1]
RC_GTEST_PROP(SessionProperty, Qos2ArrivesOnceAndInOrderBothWays, ()) {
  World world{*rc::gen::inRange<std::uint16_t>(1, 6)};
  misbehave(world, Qos::exactly_once, *rc::gen::inRange(10, 150));
  RC_ASSERT(world.delivered() == world.published());
  RC_ASSERT(world.received() == world.server_published());
  RC_ASSERT(world.done() == world.published());
}

// [MQTT-4.3.2-3], [MQTT-4.6.0-1]
RC_GTEST_PROP(SessionProperty, Qos1ArrivesAtLeastOnceAndInOrderBothWays, ()) {
  World world{*rc::gen::inRange<std::uint16_t>(1, 6)};
  misbehave(world, Qos::at_least_once, *rc::gen::inRange(10, 150));
  RC_ASSERT(without_repeats(world.delivered()) == world.published());
  RC_ASSERT(without_repeats(world.received()) == world.server_published());
  RC_ASSERT(world.done() == world.published());
}

}  // namespace
}  // namespace client
