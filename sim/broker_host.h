// The broker under test in the simulator's hands: the product's shards unchanged, with lanes,
// sockets, workers and the clock of the simulation around them, in turns as the server takes them.
// After every call into a shard it tells the observer what went in and what came out, as the
// independent decoder reads it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/shard.h"
#include "sim/network.h"
#include "sim/world.h"

namespace sim {

// One call into one shard.
struct Call {
  enum class Kind : std::uint8_t { accepted, bytes, written, closed, message, job, advance };
  Kind kind = Kind::advance;
  std::size_t shard = 0;
  Link* link = nullptr;                             // That it was about.
  std::vector<Packet> inputs{};                     // Of that link.
  std::vector<std::pair<Link*, Packet>> outputs{};  // In order per link.
  std::vector<Link*> over{};                        // Given up by the broker in this call.
};

class BrokerHost;
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_call(const Call& call) = 0;
  // The oldest message of this lane reached its shard.
  virtual void on_lane_popped(std::size_t from, std::size_t to) = 0;
};

class BrokerHost final : public Host {
 public:
  BrokerHost(World& world, Network& network, Observer& observer, const hook::Hooks& hooks);
  ~BrokerHost() override;
  BrokerHost(const BrokerHost&) = delete;
  BrokerHost& operator=(const BrokerHost&) = delete;

  void on_connection(const LinkPtr& link) override;
  void on_ready(Link& link) override;

  // ---- what an observer may ask
  std::size_t shards() const { return shards_.size(); }
  // How many messages were put on that lane since the start, those waiting included.
  std::uint64_t posted(std::size_t from, std::size_t to) const;
  std::uint64_t sum(broker::Counter broker::Metrics::* counter) const;
  std::uint64_t drops(broker::Drop why) const;
  const broker::Totals& totals() const { return totals_; }
  const broker::RetainedStore& retained() const { return retained_; }
  std::size_t interest_filters() const { return interest_.filter_count(); }
  bool is_quiet() const;
  // The earliest of what the shards wait for.
  base::Instant deadline() const;

 private:
  struct Transport final : broker::Transport {
    explicit Transport(LinkPtr of) : link(std::move(of)) {}
    LinkPtr link;
  };
  class QuietLog final : public broker::Log {
   public:
    bool wants(config::LogType) const override { return false; }
    void write(config::LogType, std::string) override {}
  };
  struct Lane {
    std::deque<broker::ShardMessage> waiting;
    std::uint64_t popped = 0;
  };

  template <class Work>
  void call(Call::Kind kind, std::size_t shard, Link* link, std::vector<Packet> inputs,
            Work&& work);
  void tap(Call& call);
  void tap_output(Call& call, Link& link);
  void schedule(std::size_t shard, Ms delay);
  void turn(std::size_t shard);
  void read_all(std::size_t shard);
  void read(std::size_t shard, Link& link);
  void write(std::size_t shard, Link& link);
  std::string take(std::size_t shard, Link& link);
  void close(std::size_t shard, Link& link, std::string_view why);
  void drain_lanes(std::size_t shard);
  bool drain_lane(std::size_t from, std::size_t to);
  void deal_with_outputs(std::size_t shard);
  void take_departures(std::size_t shard);
  void take_jobs(std::size_t shard);
  bool write_touched(std::size_t shard);
  void flush_lanes(std::size_t shard);
  std::vector<std::size_t> shuffled(std::size_t count);
  base::WallTime wall() const;

  World& world_;
  Network& network_;
  Observer& observer_;
  QuietLog log_;
  const std::unique_ptr<config::Config> config_;
  broker::Totals totals_;
  std::vector<broker::ListenerState> listeners_;
  topic::InterestTable interest_;
  broker::RetainedStore retained_;
  std::vector<broker::Metrics> metrics_;
  broker::Environment environment_;
  std::vector<std::unique_ptr<broker::Shard>> shards_;
  std::vector<std::vector<Lane>> lanes_;                // From, to.
  std::vector<std::map<std::uint32_t, LinkPtr>> open_;  // By shard and connection.
  std::vector<Ms> turn_at_;                             // Of each shard; the earliest asked for.
  std::vector<Ms> paused_until_;
  std::int64_t wall_offset_ms_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace sim
