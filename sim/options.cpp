#include "sim/options.h"

#include <fmt/format.h>

namespace sim {

namespace {

class Draw final {
 public:
  explicit Draw(base::Random& random) : random_(random) {}
  bool percent(Percent chance) { return random_.range(1, 100) <= chance; }
  // Switched off in some runs, else within bounds.
  std::uint64_t sometimes(Percent chance, std::uint64_t low, std::uint64_t high) {
    const std::uint64_t value = random_.range(low, high);
    return percent(chance) ? value : 0;
  }
  std::uint64_t range(std::uint64_t low, std::uint64_t high) { return random_.range(low, high); }
  Ms ms(Ms low, Ms high) {
    return static_cast<Ms>(
        random_.range(static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high)));
  }

 private:
  base::Random& random_;
};

void draw_features(Options& o, Draw& draw) {
  o.qos_max = static_cast<int>(draw.percent(70) ? 2 : draw.range(0, 2));
  o.has_v5 = draw.percent(85);
  o.has_v3 = !o.has_v5 || draw.percent(60);
  for (bool* feature : {&o.has_wildcards, &o.has_shared, &o.has_retained, &o.has_wills,
                        &o.has_expiry, &o.has_unsubscribe, &o.has_aliases, &o.has_identifiers,
                        &o.has_no_local, &o.has_large, &o.has_pipelining}) {
    *feature = draw.percent(60);
  }
  o.has_durable = draw.percent(85);
  o.topics = draw.range(1, 6);
  o.packet_ids = draw.percent(50) ? draw.range(8, 40) : 65'535;
  o.slow_acknowledgement = draw.sometimes(60, 1, 60);
  o.burst = draw.sometimes(10, 1, 2);
  o.confused = draw.sometimes(20, 1, 5);
}

void draw_faults(Options& o, Draw& draw) {
  o.split = draw.range(0, 100);
  o.cut = draw.sometimes(70, 1, 8);
  o.half_open = draw.sometimes(60, 1, 60);
  o.delay_ms = draw.percent(30) ? 1 : draw.ms(1, 300);
  o.stall = draw.sometimes(40, 1, 10);
  o.takeover = draw.sometimes(50, 1, 10);
  o.storm = draw.sometimes(25, 1, 2);
  o.window = draw.percent(60) ? 65'536 : draw.range(20, 2'000);
  o.lane_capacity = draw.percent(60) ? 4096 : draw.range(1, 8);
  o.lane_budget = draw.percent(60) ? 4096 : draw.range(1, 4);
  o.turn_delay_ms = draw.percent(50) ? 0 : draw.ms(0, 40);
  o.pause = draw.sometimes(30, 1, 3);
  o.crash = draw.sometimes(10, 1, 3);
  o.wall_jump = draw.sometimes(30, 1, 5);
  o.deferred_login = draw.sometimes(30, 1, 80);
  o.has_access_rules = draw.percent(25);
}

void draw_limits(Options& o, Draw& draw) {
  o.inflight_max = draw.percent(50) ? 20 : draw.range(1, 6);
  o.queued_max = draw.sometimes(20, 2, 30);
  o.queued_bytes_max = draw.sometimes(10, 100, 5'000);
  o.inflight_bytes_max = draw.sometimes(20, 10, 3'000);
  o.output_bytes_max = draw.sometimes(15, 4'096, 9'000);
  o.memory_limit = draw.sometimes(8, 2'000, 50'000);
  // Which retained message a full memory refuses is nothing the model can know.
  if (o.memory_limit != 0) o.has_retained = false;
  o.full_policy = static_cast<int>(draw.range(0, 2));
  o.queues_qos0 = draw.percent(30);
  o.allows_duplicates = draw.percent(40);
  o.has_sys = draw.percent(15);
  o.broker_aliases = draw.percent(50) ? 10 : draw.range(0, 3);
  o.expiration_cap_s = draw.sometimes(15, 2, 30);
}

}  // namespace

Options Options::draw(base::Random& random) {
  Options o;
  Draw draw{random};
  o.shards = draw.percent(30) ? 1 : draw.range(2, 4);
  o.clients = draw.range(2, 8);
  o.safety_ms = draw.ms(2'000, 30'000);
  o.action_gap_ms = draw.ms(20, 400);
  draw_features(o, draw);
  draw_faults(o, draw);
  draw_limits(o, draw);
  return o;
}

std::string Options::config() const {
  constexpr std::string_view policies[] = {"drop_newest", "drop_oldest", "disconnect"};
  std::string text = fmt::format(
      "listener 1883\nallow_anonymous true\nsys_interval {}\nmax_inflight_messages {}\n"
      "max_queued_messages {}\nmax_queued_bytes {}\nmax_inflight_bytes {}\nqueue_full_policy {}\n"
      "queue_qos0_messages {}\nallow_duplicate_messages {}\nmax_topic_alias_broker {}\n"
      "memory_limit {}\n",
      has_sys ? 10 : 0, inflight_max, queued_max, queued_bytes_max, inflight_bytes_max,
      policies[full_policy], queues_qos0, allows_duplicates, broker_aliases, memory_limit);
  if (output_bytes_max != 0) text += fmt::format("max_output_bytes {}\n", output_bytes_max);
  if (expiration_cap_s != 0) {
    text += fmt::format("persistent_client_expiration {}s\n", expiration_cap_s);
  }
  return text;
}

std::string Options::text() const {
  return fmt::format(
             "shards={} clients={} safety={}ms gap={}ms qos<={} v5={:d} v3={:d} wildcards={:d} "
             "shared={:d} retained={:d} wills={:d} expiry={:d} unsubscribe={:d} aliases={:d} "
             "identifiers={:d} no_local={:d} large={:d} pipelining={:d} durable={:d} topics={} "
             "ids={} slow_ack={}% burst={}% confused={}%",
             shards, clients, safety_ms, action_gap_ms, qos_max, has_v5, has_v3, has_wildcards,
             has_shared, has_retained, has_wills, has_expiry, has_unsubscribe, has_aliases,
             has_identifiers, has_no_local, has_large, has_pipelining, has_durable, topics,
             packet_ids, slow_acknowledgement, burst, confused) +
         fmt::format(
             "\n  split={}% cut={}% half_open={}% delay<={}ms stall={}% takeover={}% storm={}% "
             "window={} lane={}/{} turn_delay<={}ms pause={}% crash={} wall_jump={}% "
             "deferred_login={}% access_rules={:d}",
             split, cut, half_open, delay_ms, stall, takeover, storm, window, lane_capacity,
             lane_budget, turn_delay_ms, pause, crash, wall_jump, deferred_login,
             has_access_rules) +
         fmt::format(
             "\n  inflight={} queued={} queued_bytes={} inflight_bytes={} output={} memory={} "
             "policy={} queue_qos0={:d} duplicates={:d} sys={:d} aliases_out={} expiration<={}s",
             inflight_max, queued_max, queued_bytes_max, inflight_bytes_max, output_bytes_max,
             memory_limit, full_policy, queues_qos0, allows_duplicates, has_sys, broker_aliases,
             expiration_cap_s);
}

}  // namespace sim
