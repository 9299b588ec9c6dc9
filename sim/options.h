// What one run is like, all of it drawn from its seed ("swarm": most runs have whole features
// switched off, so that the others get further). A failure prints them; nothing else varies.
#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"

namespace sim {

using Percent = std::uint64_t;
using Ms = std::int64_t;  // The simulator's time: milliseconds since the run began.

struct Options {
  // ---- size
  std::uint64_t shards = 1;
  std::uint64_t clients = 4;
  Ms safety_ms = 10'000;    // With faults.
  Ms liveness_ms = 10'000;  // Without.
  Ms action_gap_ms = 100;   // Of one client, on average.
  // ---- what clients do
  int qos_max = 2;
  bool has_v5 = true, has_v3 = true;
  bool has_wildcards = true, has_shared = true, has_retained = true, has_wills = true;
  bool has_expiry = true, has_unsubscribe = true, has_aliases = true, has_identifiers = true;
  bool has_no_local = true, has_large = true, has_pipelining = true, has_durable = true;
  std::uint64_t topics = 4;
  std::uint64_t packet_ids = 20;  // Clients use so many, so that they come round.
  Percent slow_acknowledgement = 10;
  Percent burst = 0;     // Of actions: more messages at once than a lane holds.
  Percent confused = 0;  // Of actions: acknowledges what is not in flight.
  // ---- network
  Percent split = 50, cut = 1, half_open = 20;
  Ms delay_ms = 20;
  Percent stall = 0;              // Of actions: the client stops reading for a while.
  Percent takeover = 0;           // Of actions: the same client id on a second connection.
  Percent storm = 0;              // Of actions: all connections are cut.
  std::uint64_t window = 65'536;  // Bytes on the way to a client.
  // ---- the broker's surroundings
  std::uint64_t lane_capacity = 4096;
  std::uint64_t lane_budget = 4096;
  Ms turn_delay_ms = 0;
  Percent pause = 0;  // Of turns: the thread does not run for a while.
  Percent crash = 0;  // Of actions, in tenths: the process dies and starts again.
  Percent wall_jump = 0;
  Percent deferred_login = 0;
  bool has_access_rules = false;
  // ---- the broker's own options
  std::uint64_t inflight_max = 20, queued_max = 0, queued_bytes_max = 0;
  std::uint64_t inflight_bytes_max = 0, output_bytes_max = 0, memory_limit = 0;
  int full_policy = 0;
  bool queues_qos0 = false, allows_duplicates = false, has_sys = false;
  std::uint64_t broker_aliases = 10, expiration_cap_s = 0;

  static Options draw(base::Random& random);
  // Lines of a configuration file.
  std::string config() const;
  std::string text() const;
  bool may_drop() const {
    return queued_max != 0 || queued_bytes_max != 0 || output_bytes_max != 0 || memory_limit != 0;
  }
};

}  // namespace sim
