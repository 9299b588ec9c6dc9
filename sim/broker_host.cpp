#include "sim/broker_host.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "config/parse.h"

namespace sim {

using broker::ConnectionId;

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr int output_rounds = 4;
constexpr Ms pause_max = 3'000;
constexpr Ms never = INT64_MAX;

class OneFile final : public config::Files {
 public:
  explicit OneFile(std::string text) : text_(std::move(text)) {}
  base::Result<std::string, std::string> read(const std::string&) const override { return text_; }
  base::Result<std::vector<std::string>, std::string> list(const std::string&) const override {
    return base::Error{std::string{"no directories here"}};
  }

 private:
  std::string text_;
};

std::unique_ptr<config::Config> config_from(const Options& options) {
  config::CommandLine command_line;
  command_line.config_file = "sim.conf";
  auto parsed = config::parse(command_line, OneFile{options.config()});
  if (!parsed) std::fprintf(stderr, "%s\n", parsed.error().text().c_str());
  ASSERT(parsed.has_value());
  return std::move(*parsed);
}

Ms ms_of(base::Instant at) {
  if (at.is_never()) return never;
  return std::chrono::ceil<std::chrono::milliseconds>(at.since_start).count();
}

// Fills in the topic of a PUBLISH that has only an alias.
void resolve_alias(std::map<std::uint32_t, std::string>& aliases, Packet& packet) {
  const auto alias = number_of(packet.properties, property::topic_alias);
  if (packet.type != Type::publish || !alias) return;
  std::string& known = aliases[*alias];
  if (!packet.topic.empty()) known = packet.topic;
  packet.topic = known;
}

}  // namespace

BrokerHost::BrokerHost(World& world, Network& network, Observer& observer, const hook::Hooks& hooks)
    : world_(world),
      network_(network),
      observer_(observer),
      config_(config_from(world.options)),
      listeners_(broker::listener_states(*config_)),
      interest_(world.options.shards),
      retained_(&broker::size_of),
      metrics_(world.options.shards),
      environment_{*config_, hooks, log_, listeners_, interest_, retained_, totals_, metrics_},
      lanes_(world.options.shards),
      open_(world.options.shards),
      turn_at_(world.options.shards, never),
      paused_until_(world.options.shards, 0) {
  for (auto& from : lanes_) from = std::vector<Lane>(world.options.shards);
  for (std::uint8_t i = 0; i < world.options.shards; ++i) {
    shards_.push_back(std::make_unique<broker::Shard>(topic::ShardId{i}, environment_,
                                                      world.instant(), world.random.next()));
    shards_.back()->advance(world.instant(), wall());
    schedule(i, 0);
  }
}

BrokerHost::~BrokerHost() {
  *is_alive_ = false;
}

base::WallTime BrokerHost::wall() const {
  return base::WallTime{std::chrono::milliseconds{world_.now() + wall_offset_ms_}};
}

// ---------------------------------------------------------------- one call

template <class Work>
void BrokerHost::call(Call::Kind kind, std::size_t shard, Link* link, std::vector<Packet> inputs,
                      Work&& work) {
  Call call{.kind = kind, .shard = shard, .link = link, .inputs = std::move(inputs)};
  work(*shards_[shard]);
  tap(call);
  observer_.on_call(call);
}

void BrokerHost::tap(Call& call) {
  for (const ConnectionId id : shards_[call.shard]->touched()) {
    const auto at = open_[call.shard].find(id.value);
    if (at == open_[call.shard].end()) continue;
    Link& link = *at->second;
    tap_output(call, link);
    if (!shards_[call.shard]->is_over(id) || std::exchange(link.was_over, true)) continue;
    call.over.push_back(&link);
  }
}

void BrokerHost::tap_output(Call& call, Link& link) {
  const base::OutputQueue& output = shards_[call.shard]->output(link.id);
  if (output.size() == link.tapped) return;
  std::vector<base::Bytes> pieces(output.size());
  pieces.resize(output.gather(pieces));
  std::string all;
  for (const base::Bytes piece : pieces) all += base::as_text(piece);
  const std::string_view fresh = std::string_view{all}.substr(link.tapped);
  link.tapped = output.size();
  world_.trace(link.number);
  world_.trace(fresh);
  link.from_broker.feed(fresh);
  while (auto packet = link.from_broker.next()) {
    resolve_alias(link.broker_aliases, *packet);
    call.outputs.emplace_back(&link, std::move(*packet));
  }
  if (!link.from_broker.error().empty()) world_.broken("decoder", link.from_broker.error());
  if (!link.from_broker.is_between_packets()) world_.broken("decoder", "half a packet was written");
}

// ---------------------------------------------------------------- turns

void BrokerHost::schedule(std::size_t shard, Ms delay) {
  const Ms at = std::max(world_.now() + delay, paused_until_[shard]);
  if (turn_at_[shard] <= at) return;
  turn_at_[shard] = at;
  world_.after(at - world_.now(), [this, shard, at, alive = is_alive_] {
    if (!*alive || turn_at_[shard] != at) return;
    turn_at_[shard] = never;
    turn(shard);
  });
}

void BrokerHost::turn(std::size_t shard) {
  if (world_.fault(world_.options.pause))
    paused_until_[shard] = world_.now() + world_.up_to(pause_max);
  if (world_.fault(world_.options.wall_jump)) wall_offset_ms_ += world_.up_to(200'000) - 100'000;
  if (paused_until_[shard] > world_.now()) return schedule(shard, 0);
  world_.trace(static_cast<std::uint64_t>(world_.now()) << 4U | shard);
  read_all(shard);
  drain_lanes(shard);
  call(Call::Kind::advance, shard, nullptr, {},
       [&](broker::Shard& s) { s.advance(world_.instant(), wall()); });
  deal_with_outputs(shard);
  const Ms next = ms_of(shards_[shard]->deadline());
  if (next != never) schedule(shard, std::max<Ms>(next - world_.now(), 1));
}

std::vector<std::size_t> BrokerHost::shuffled(std::size_t count) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) {
    order[i] = i;
    std::swap(order[i], order[world_.random.range(0, i)]);
  }
  return order;
}

void BrokerHost::read_all(std::size_t shard) {
  std::vector<LinkPtr> ready;
  for (const auto& [id, link] : open_[shard]) ready.push_back(link);
  for (const std::size_t at : shuffled(ready.size())) {
    Link& link = *ready[at];
    if (link.place != Link::Place::open) continue;
    if (!shards_[shard]->output(link.id).empty()) write(shard, link);
    if (link.place == Link::Place::open) read(shard, link);
  }
}

void BrokerHost::read(std::size_t shard, Link& link) {
  if (link.has_failed) return close(shard, link, "connection lost");
  if (!link.has_ended && link.arrived.empty()) return;
  if (!shards_[shard]->may_read(link.id)) return;
  if (link.arrived.empty()) return close(shard, link, "connection closed by client");
  std::size_t size = std::min(link.arrived.size(), read_size);
  if (world_.percent(world_.options.split)) size = world_.random.range(1, size);
  // A copy of its own size, so that a sanitizer sees who looks at it afterwards.
  const std::string bytes = link.arrived.substr(0, size);
  link.arrived.erase(0, size);
  world_.trace(link.number);
  world_.trace(bytes);
  link.from_client.feed(bytes);
  std::vector<Packet> packets;
  while (auto packet = link.from_client.next()) {
    resolve_alias(link.client_aliases, *packet);
    if (packet->type == Type::connect) link.from_broker.set_version(packet->version);
    packets.push_back(std::move(*packet));
  }
  if (!link.from_client.error().empty()) world_.broken("simulator", link.from_client.error());
  call(Call::Kind::bytes, shard, &link, std::move(packets), [&](broker::Shard& s) {
    s.on_bytes(link.id, base::as_bytes(bytes), world_.instant());
    take_departures(shard);
  });
  if (!link.arrived.empty() || link.has_ended) schedule(shard, 1);
}

std::string BrokerHost::take(std::size_t shard, Link& link) {
  const base::OutputQueue& output = shards_[shard]->output(link.id);
  std::size_t size = std::min(output.size(), network_.room(link));
  if (size > 0 && world_.percent(world_.options.split)) size = world_.random.range(1, size);
  std::vector<base::Bytes> pieces(size);
  pieces.resize(output.gather(pieces));
  std::string bytes;
  for (const base::Bytes piece : pieces) bytes += base::as_text(piece);
  bytes.resize(std::min(size, bytes.size()));
  return bytes;
}

void BrokerHost::write(std::size_t shard, Link& link) {
  const LinkPtr held = link.shared_from_this();
  while (true) {
    const std::string bytes = take(shard, link);
    if (bytes.empty()) break;
    network_.to_client(held, bytes);
    link.tapped -= bytes.size();
    call(Call::Kind::written, shard, &link, {},
         [&](broker::Shard& s) { s.on_written(link.id, bytes.size(), world_.instant()); });
  }
  if (shards_[shard]->is_done(link.id)) close(shard, link, "");
}

void BrokerHost::close(std::size_t shard, Link& link, std::string_view why) {
  const LinkPtr held = open_[shard].at(link.id.value);
  open_[shard].erase(link.id.value);
  link.arrived.clear();
  call(Call::Kind::closed, shard, &link, {},
       [&](broker::Shard& s) { s.on_closed(link.id, why, world_.instant()); });
  network_.close_by_broker(held);
}

// ---------------------------------------------------------------- lanes

void BrokerHost::drain_lanes(std::size_t shard) {
  bool has_more = false;
  for (const std::size_t from : shuffled(shards_.size())) has_more |= drain_lane(from, shard);
  if (has_more) schedule(shard, 1);
}

// True when its budget did not suffice.
bool BrokerHost::drain_lane(std::size_t from, std::size_t to) {
  Lane& lane = lanes_[from][to];
  const bool was_full = lane.waiting.size() >= world_.options.lane_capacity;
  for (std::uint64_t budget = world_.has_faults ? world_.options.lane_budget : 4096;
       budget > 0 && !lane.waiting.empty(); --budget) {
    broker::ShardMessage message = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    ++lane.popped;
    auto* arrival = std::get_if<broker::Arrival>(&message);
    if (arrival == nullptr) {
      call(Call::Kind::message, to, nullptr, {},
           [&](broker::Shard& s) { s.on_message(std::move(message), world_.instant()); });
    } else {
      const LinkPtr link = static_cast<Transport&>(*arrival->transport).link;
      call(Call::Kind::message, to, link.get(), {}, [&](broker::Shard& s) {
        link->id = s.on_arrival(std::move(arrival->client), world_.instant());
        link->shard = to;
        link->place = Link::Place::open;
        open_[to][link->id.value] = link;
      });
      schedule(to, 1);
    }
    observer_.on_lane_popped(from, to);
  }
  if (was_full) schedule(from, 0);
  return !lane.waiting.empty();
}

void BrokerHost::flush_lanes(std::size_t shard) {
  for (std::uint8_t to = 0; to < shards_.size(); ++to) {
    auto& outbox = shards_[shard]->outbox(topic::ShardId{to});
    Lane& lane = lanes_[shard][to];
    const std::uint64_t capacity = world_.has_faults ? world_.options.lane_capacity : 4096;
    while (!outbox.empty() && lane.waiting.size() < capacity) {
      lane.waiting.push_back(outbox.pop_front());
    }
    if (!lane.waiting.empty()) schedule(to, world_.up_to(world_.options.turn_delay_ms));
  }
  shards_[shard]->on_outboxes_drained();
  write_touched(shard);
}

std::uint64_t BrokerHost::posted(std::size_t from, std::size_t to) const {
  const Lane& lane = lanes_[from][to];
  return lane.popped + lane.waiting.size() +
         shards_[from]->outbox(topic::ShardId{static_cast<std::uint8_t>(to)}).size();
}

// ---------------------------------------------------------------- what the shard wants

void BrokerHost::deal_with_outputs(std::size_t shard) {
  for (int round = 0; round < output_rounds; ++round) {
    take_departures(shard);
    take_jobs(shard);
    if (!write_touched(shard)) break;
  }
  flush_lanes(shard);
  if (!shards_[shard]->touched().empty()) schedule(shard, 1);
}

bool BrokerHost::write_touched(std::size_t shard) {
  const auto touched = shards_[shard]->touched();
  const std::vector<ConnectionId> ids{touched.begin(), touched.end()};
  shards_[shard]->clear_touched();
  for (const ConnectionId id : ids) {
    const auto at = open_[shard].find(id.value);
    if (at == open_[shard].end()) continue;
    const LinkPtr link = at->second;
    write(shard, *link);
    if (!link->arrived.empty() || link->has_ended) schedule(shard, 1);
  }
  return !ids.empty();
}

void BrokerHost::take_departures(std::size_t shard) {
  for (broker::Departure& departure : shards_[shard]->take_departures()) {
    const LinkPtr link = open_[shard].at(departure.from.value);
    open_[shard].erase(departure.from.value);
    link->place = Link::Place::moving;
    shards_[shard]
        ->outbox(departure.to)
        .push_back(broker::Arrival{std::move(departure.client), std::make_unique<Transport>(link)});
  }
}

void BrokerHost::take_jobs(std::size_t shard) {
  for (broker::Job& job : shards_[shard]->take_jobs()) {
    auto shared = std::make_shared<broker::Job>(std::move(job));
    world_.after(world_.up_to(500), [this, shard, shared, alive = is_alive_] {
      if (!*alive) return;
      const auto at = open_[shard].find(shared->connection.value);
      Link* link = at == open_[shard].end() ? nullptr : at->second.get();
      call(Call::Kind::job, shard, link, {}, [&](broker::Shard& s) {
        s.on_job_done(shared->connection, shared->serial, shared->work(), world_.instant());
      });
      schedule(shard, 0);
    });
  }
}

// ---------------------------------------------------------------- the network's word

void BrokerHost::on_connection(const LinkPtr& link) {
  const std::size_t shard = world_.random.range(0, shards_.size() - 1);
  call(Call::Kind::accepted, shard, link.get(), {}, [&](broker::Shard& s) {
    const auto id = s.on_accepted(0, {"192.0.2.1", 4000}, world_.instant());
    if (!id) return world_.broken("simulator", "a connection was refused");
    link->id = *id;
    link->shard = shard;
    link->place = Link::Place::open;
    open_[shard][id->value] = link;
  });
  schedule(shard, 0);
}

void BrokerHost::on_ready(Link& link) {
  if (link.place != Link::Place::open) return;
  schedule(link.shard, world_.up_to(world_.has_faults ? world_.options.turn_delay_ms : 0));
}

// ---------------------------------------------------------------- figures

std::uint64_t BrokerHost::sum(broker::Counter broker::Metrics::* counter) const {
  std::uint64_t total = 0;
  for (const broker::Metrics& one : metrics_) total += (one.*counter).value();
  return total;
}

std::uint64_t BrokerHost::drops(broker::Drop why) const {
  std::uint64_t total = 0;
  for (const broker::Metrics& one : metrics_)
    total += one.dropped[static_cast<std::size_t>(why)].value();
  return total;
}

bool BrokerHost::is_quiet() const {
  for (std::size_t from = 0; from < shards_.size(); ++from) {
    for (std::size_t to = 0; to < shards_.size(); ++to) {
      if (posted(from, to) != lanes_[from][to].popped) return false;
    }
  }
  return true;
}

base::Instant BrokerHost::deadline() const {
  base::Instant first = base::Instant::never();
  for (const auto& shard : shards_) first = std::min(first, shard->deadline());
  return first;
}

}  // namespace sim
