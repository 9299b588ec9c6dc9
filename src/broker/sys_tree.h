// The $SYS topics: figures over all shards, published by shard 0, retained, QoS 2, when they
// changed. Names and payload forms are Mosquitto's, since exporters and dashboards depend on them;
// $SYS/broker/publish/messages/ dropped/<reason> is Midge's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "broker/core.h"
#include "broker/router.h"

namespace broker {

// Exponentially weighted averages per minute, as Mosquitto smooths them: of a counter's growth.
class LoadAverage final {
 public:
  // `elapsed` since the last call; the counter stands at `total`.
  void update(std::uint64_t total, base::Duration elapsed);
  double one() const { return averages_[0]; }
  double five() const { return averages_[1]; }
  double fifteen() const { return averages_[2]; }

 private:
  std::array<double, 3> averages_{};
  std::uint64_t last_total_ = 0;
};

// How many messages one client lost to limits, retained on $SYS/broker/clients/<client
// id>/messages/dropped. An empty count takes the topic away.
session::MessageRef drops_message(std::string_view client_id, std::string_view count);

// Publishes it for the clients of one shard whose count changed; each shard has one.
class ClientDrops final {
 public:
  ClientDrops(Core& core, Router& router) : core_(core), router_(router) {}
  void update();

 private:
  Core& core_;
  Router& router_;
};

class SysTree final {
 public:
  SysTree(Core& core, Router& router, base::Instant start);

  // Publishes what changed. `now` is in Core.
  void update();
  // Until the next wall-clock multiple of sys_interval.
  base::Duration until_next() const;
  bool is_on() const { return interval_ != base::Seconds{0}; }

 private:
  void publish_counts(std::uint64_t dropped);
  void publish_loads(base::Duration elapsed, std::uint64_t dropped);
  void put(std::string_view topic, std::string payload);
  void put(std::string_view topic, std::uint64_t value) { put(topic, std::to_string(value)); }
  std::uint64_t sum(Counter Metrics::* counter) const;
  std::uint64_t sum_drops(std::size_t reason) const;

  Core& core_;
  Router& router_;
  const base::Seconds interval_;
  const base::Instant start_;
  base::Instant last_update_;
  absl::flat_hash_map<std::string, std::string> published_;
  std::array<LoadAverage, 9> loads_{};
};

}  // namespace broker
