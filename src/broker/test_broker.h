// Test code only: one to three shards in one thread, joined by lanes, sockets and a clock that are
// moved by hand, and clients that a test speaks through, so that it reads as a script. Encodes and
// decodes with wire::, never with the broker's own code. At its end every TestBroker lets all
// clients go and checks that nothing of them is left.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/shard.h"
#include "gtest/gtest.h"
#include "wire/codec.h"

namespace broker::test {

using namespace std::chrono_literals;
using wire::PropertyId;
using wire::Qos;
using wire::ReasonCode;
using wire::Version;
using Texts = std::vector<std::string>;

inline constexpr Qos qos0 = Qos::at_most_once;
inline constexpr Qos qos1 = Qos::at_least_once;
inline constexpr Qos qos2 = Qos::exactly_once;
inline constexpr Version v31 = Version::v31;
inline constexpr Version v311 = Version::v311;
inline constexpr Version v5 = Version::v5;

struct WillOptions {
  std::string topic;
  std::string payload = "gone";
  Qos qos = qos0;
  bool retain = false;
  std::optional<std::uint32_t> delay{};
  std::optional<std::uint32_t> expiry{};
};

struct ConnectOptions {
  Version version = v5;
  bool clean_start = true;
  std::uint16_t keep_alive = 0;
  std::optional<std::uint32_t> expiry{};
  std::optional<std::uint32_t> receive_maximum{};
  std::optional<std::uint32_t> packet_max{};
  std::optional<std::uint32_t> alias_max{};
  std::optional<std::string> user{};
  std::optional<std::string> password{};
  std::optional<std::string> method{};
  std::optional<std::string> data{};
  std::optional<WillOptions> will{};
  std::size_t listener = 0;
};
// A session that stays, as each version asks for it.
ConnectOptions lasting(Version version = v5);
ConnectOptions again(Version version = v5);  // The same, and what was kept is wanted.

struct PublishOptions {
  Qos qos = qos0;
  bool retain = false;
  std::optional<std::uint32_t> expiry{};
  std::optional<std::string> response_topic{};
  std::optional<std::string> user_property{};  // Its value; the name is "n".
};
inline constexpr auto retained = [](Qos qos = qos0) {
  return PublishOptions{.qos = qos, .retain = true};
};

struct SubscribeOptions {
  Qos qos = qos0;
  std::uint32_t identifier = 0;
  bool no_local = false;
  bool retain_as_published = false;
  wire::RetainHandling handling = wire::RetainHandling::send;
};

// A packet that came, with its bytes.
struct Received {
  std::vector<std::uint8_t> bytes;
  wire::Packet packet{wire::Pingreq{}};
};

// A PUBLISH that came.
struct Publication {
  std::string topic;
  std::string payload;
  Qos qos = qos0;
  bool retain = false;
  bool dup = false;
  std::uint16_t id = 0;
  std::vector<std::uint32_t> identifiers;
  std::optional<std::uint32_t> expiry;
  std::optional<std::string> response_topic;
  std::optional<std::string> user_property;
};

struct Answer {
  bool came = false;
  bool session_present = false;
  std::uint8_t code = 0xff;
  std::vector<std::uint8_t> properties;
  std::optional<std::uint32_t> number(PropertyId id) const;
  std::optional<std::string> text(PropertyId id) const;
  bool accepted() const { return came && code == 0; }
};

class RecordingLog final : public Log {
 public:
  explicit RecordingLog(bool debug) : debug_(debug) {}
  bool wants(config::LogType type) const override {
    return debug_ || type != config::LogType::debug;
  }
  void write(config::LogType, std::string line) override { lines.push_back(std::move(line)); }
  bool has(std::string_view part) const;
  std::vector<std::string> lines;

 private:
  const bool debug_;
};

class TestBroker;

class TestClient final {
 public:
  TestClient(TestBroker& broker, std::string id) : broker_(broker), id_(std::move(id)) {}

  // ---- what it does
  Answer connect(const ConnectOptions& options = {});
  Answer connect(Version version) { return connect(ConnectOptions{.version = version}); }
  ReasonCode subscribe(std::string_view filter, const SubscribeOptions& options);
  ReasonCode subscribe(std::string_view filter, Qos qos = qos0) {
    return subscribe(filter, SubscribeOptions{.qos = qos});
  }
  std::optional<ReasonCode> unsubscribe(std::string_view filter);
  // The reason of its acknowledgement, if one came.
  std::optional<ReasonCode> publish(std::string_view topic, std::string_view payload,
                                    const PublishOptions& options);
  std::optional<ReasonCode> publish(std::string_view topic, std::string_view payload,
                                    Qos qos = qos0) {
    return publish(topic, payload, PublishOptions{.qos = qos});
  }
  void disconnect(ReasonCode reason = ReasonCode::normal_disconnection,
                  std::optional<std::uint32_t> expiry = {});
  void drop();  // The network fails.
  void ping();
  template <class P>
  void send(const P& packet) {
    const std::size_t at = unread_.size();
    unread_.resize(at + wire::encoded_size(packet, version_));
    wire::encode(packet, version_, unread_.data() + at);
    run();
  }
  void send_bytes(const std::vector<std::uint8_t>& bytes);
  std::uint16_t next_id() { return ++last_id_ == 0 ? ++last_id_ : last_id_; }
  void acknowledge(std::uint16_t id);   // PUBACK.
  void open(std::size_t listener = 0);  // A connection without a CONNECT.
  static std::vector<std::uint8_t> connect_bytes(std::string_view id,
                                                 const ConnectOptions& options);

  // ---- how it behaves
  bool acknowledges = true;  // Answers PUBLISH and PUBREL by itself,
  bool releases = true;      // and PUBREC.
  bool reads = true;         // Its network takes what the broker writes.

  // ---- what came
  std::vector<Publication> take();  // Since the last time.
  Texts payloads();                 // The same, the payloads alone.
  Texts topics();
  std::size_t count() const { return publications_.size(); }  // Not yet taken.
  // All of this type since the last CONNECT.
  template <class P>
  std::vector<P> all() const {
    std::vector<P> found;
    for (const Received& one : received_) {
      if (const auto* packet = std::get_if<P>(&one.packet)) found.push_back(*packet);
    }
    return found;
  }
  bool is_open() const { return is_open_; }
  // Of the DISCONNECT that the broker sent.
  std::optional<ReasonCode> disconnect_reason() const;
  const std::string& id() const { return id_; }
  Version version() const { return version_; }

 private:
  friend class TestBroker;
  void run();
  void on_output(base::Bytes bytes);
  void on_packet(const Received& received);
  Answer answer() const;

  TestBroker& broker_;
  const std::string id_;
  Version version_ = v5;
  bool is_open_ = false;
  bool is_moving_ = false;
  std::size_t shard_ = 0;
  ConnectionId connection_{};
  std::vector<std::uint8_t> unread_;  // By the broker.
  std::vector<std::uint8_t> partial_;
  std::deque<Received> received_;
  std::vector<Publication> publications_;
  std::map<std::uint16_t, std::string> aliases_;
  std::uint16_t last_id_ = 0;
};

class TestBroker final {
 public:
  // `options`: lines of a configuration file. No $SYS unless they say so.
  explicit TestBroker(std::string_view options = {}, std::size_t shards = 1, bool debug = false);
  ~TestBroker();
  TestBroker(const TestBroker&) = delete;
  TestBroker& operator=(const TestBroker&) = delete;

  // The same one each time. Connections of one more than `shards` clients do not all begin on the
  // same shard.
  TestClient& client(const std::string& id);
  TestClient& operator()(const std::string& id) { return client(id); }
  // A second client with an id that is taken.
  TestClient& twin(const std::string& id);
  // A client id that lives on this shard.
  std::string id_on(std::size_t shard, std::string_view stem = "c") const;

  // ---- time and turns
  void pass(base::Duration time);  // Stops at every deadline on the way.
  void run();                      // Until nothing moves any more.
  base::Instant now() const { return now_; }

  // ---- lanes, for tests that hold messages on their way
  bool lanes_stand = false;
  bool deliver_one(std::size_t from, std::size_t to);
  bool lanes_are_empty() const;
  std::size_t lane_size(std::size_t from, std::size_t to) const { return lanes_[from][to].size(); }

  // ---- slow work
  bool departures_wait = false;  // The driver looks at its outputs later.
  bool jobs_wait = false;
  std::vector<std::pair<std::size_t, Job>> jobs;  // With their shard, while they wait.
  void finish_job(std::size_t at);

  // ---- figures over all shards
  std::uint64_t sum(Counter Metrics::* counter) const;
  std::uint64_t drops(Drop why) const;
  std::uint64_t all_drops() const;

  // Called at the end of the test by itself.
  void check_empty();

  hook::Hooks hooks;  // Before the first client.
  RecordingLog log;
  const std::unique_ptr<config::Config> config;
  Totals totals;
  std::vector<ListenerState> listeners;
  topic::InterestTable interest;
  RetainedStore retained_store;
  std::vector<Metrics> metrics;
  Shard& shard(std::size_t at) {
    start();
    return *shards_[at];
  }
  // Its network takes bytes again.
  void flush(TestClient& client);

 private:
  friend class TestClient;
  struct Link final : Transport {
    explicit Link(TestClient* of) : client(of) {}
    TestClient* client;
  };
  void start();
  void accept(TestClient& client, std::size_t listener);
  void close(TestClient& client, std::string_view why);
  bool turn(std::size_t shard);
  bool read_all(std::size_t shard);
  bool write_touched(std::size_t shard);
  bool write(TestClient& client);
  void take_departures(std::size_t shard);
  bool take_jobs(std::size_t shard);
  bool fill_lanes(std::size_t shard);
  TestClient* at(std::size_t shard, ConnectionId id);

  base::Instant now_{1000s};
  std::optional<Environment> environment_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::vector<std::deque<ShardMessage>>> lanes_;  // From, to.
  std::vector<std::unique_ptr<TestClient>> clients_;
  std::vector<std::map<std::uint32_t, TestClient*>> open_;  // By shard and connection.
  std::size_t accept_next_ = 0;
  bool keeps_nothing_ = true;
};

std::ostream& operator<<(std::ostream& out, const Publication& publication);

}  // namespace broker::test
