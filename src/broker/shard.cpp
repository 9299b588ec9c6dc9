#include "broker/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/planted.h"
#include "base/probe.h"
#include "broker/control_api.h"
#include "broker/deliverer.h"
#include "broker/handshake.h"
#include "broker/lifecycle.h"
#include "broker/packets.h"
#include "broker/retained_sweep.h"
#include "broker/router.h"
#include "broker/subscriptions.h"
#include "broker/sys_tree.h"

namespace broker {

using wire::ReasonCode;

namespace {

// Packets of one client and call to on_bytes are not counted: one read is a client's share of a
// turn. A lane's messages are the driver's to budget. A client whose output is longer than this is
// not read: it does not take its acknowledgements.
constexpr std::size_t unread_output_max = 4U << 20U;
constexpr base::Duration log_line_expiry = std::chrono::seconds{20};  // As Mosquitto's.

}  // namespace

struct Shard::Parts {
  Parts(Core& core, base::Instant start)
      : deliverer(core),
        router(core, deliverer),
        subscriptions(core, router, deliverer),
        lifecycle(core, router, subscriptions),
        handshake(core, lifecycle, subscriptions, deliverer),
        control(core, deliverer),
        packets(core, router, deliverer, subscriptions, lifecycle, handshake, control),
        sys_tree(core, router, start),
        client_drops(core, router),
        sweep(core) {}

  Deliverer deliverer;
  Router router;
  Subscriptions subscriptions;
  Lifecycle lifecycle;
  Handshake handshake;
  ControlApi control;
  Packets packets;
  SysTree sys_tree;
  ClientDrops client_drops;
  RetainedSweep sweep;
  wire::Packet packet{wire::Pingreq{}};  // The one being handled; here since it is large.
};

Shard::Shard(topic::ShardId id, Environment& environment, base::Instant now, std::uint64_t seed)
    : core_(std::make_unique<Core>(id, environment, now, seed)),
      parts_(std::make_unique<Parts>(*core_, now)) {
  // The first $SYS comes at once, so that nobody who subscribes sees an empty tree.
  if (parts_->sys_tree.is_on()) core_->timers.set(now, {Timer::Kind::sys_tree, 0});
  if (id.value == 0 && parts_->sweep.is_on()) {
    core_->timers.set(now + parts_->sweep.interval(), {Timer::Kind::retained_sweep, 0});
  }
}

Shard::~Shard() = default;

// ---------------------------------------------------------------- connections

std::optional<ConnectionId> Shard::on_accepted(std::size_t listener, Peer peer, base::Instant now) {
  core_->now = now;
  Environment& environment = core_->environment;
  ListenerState& of = environment.listeners[listener];
  const auto refuse = [&](std::string_view option) -> std::optional<ConnectionId> {
    if (core_->logs(config::LogType::notice)) {
      core_->log(
          config::LogType::notice,
          fmt::format("Client connection from {} denied: {} exceeded.", peer.address, option));
    }
    return std::nullopt;
  };
  // Counted first: two shards may be accepting the last one allowed.
  if (of.connections.fetch_add(1, std::memory_order_relaxed) >= of.options->max_connections().max) {
    of.connections.fetch_sub(1, std::memory_order_relaxed);
    return refuse("max_connections");
  }
  std::atomic<std::uint64_t>& all = environment.totals.connections;
  if (all.fetch_add(1, std::memory_order_relaxed) >= core_->config.global_max_connections().max) {
    all.fetch_sub(1, std::memory_order_relaxed);
    of.connections.fetch_sub(1, std::memory_order_relaxed);
    return refuse("global_max_connections");
  }
  core_->metrics.sockets_opened.add();
  if (core_->config.connection_messages() && core_->logs(config::LogType::notice)) {
    core_->log(config::LogType::notice,
               fmt::format("New connection from {}:{} on port {}.", peer.address, peer.port,
                           of.options->listener().port));
  }
  Client& client = core_->add(std::make_unique<Client>(of, static_cast<std::uint16_t>(listener),
                                                       std::move(peer), core_->next_serial(), now));
  client.timer = core_->timers.set(now + core_->config.connect_timeout(),
                                   {Timer::Kind::connection, client.id.value});
  return client.id;
}

ConnectionId Shard::on_arrival(std::unique_ptr<Client> arrived, base::Instant now) {
  core_->now = now;
  arrived->serial = core_->next_serial();
  Client& client = core_->add(std::move(arrived));
  const ConnectionId id = client.id;
  client.timer = core_->timers.set(now + core_->config.connect_timeout(),
                                   {Timer::Kind::connection, client.id.value});
  core_->touch(client);
  parts_->handshake.on_arrival(client);
  run_packets(client, {});
  return id;
}

void Shard::on_bytes(ConnectionId connection, base::Bytes bytes, base::Instant now) {
  core_->now = now;
  core_->metrics.bytes_received.add(bytes.size());
  Client* client = core_->find(connection);
  ASSERT(client != nullptr);
  run_packets(*client, bytes);
}

void Shard::run_packets(Client& client, base::Bytes bytes) {
  const ConnectionId id = client.id;
  while (!client.is_over) {
    const protocol::Next next = client.machine.next(bytes, core_->now, parts_->packet);
    if (next == protocol::Next::closing) {
      parts_->lifecycle.on_fault(client);
      break;
    }
    if (next != protocol::Next::packet) break;
    parts_->packets.on_packet(client, parts_->packet);
    if (core_->find(id) !=
        &client) {  // It moves to another shard; what is left of its bytes goes along.
      ASSERT(!core_->departures.empty());
      if (!bytes.empty()) PROBE("a connection moves with bytes behind CONNECT");
      if (!base::planted("lose-bytes-of-a-move")) {
        core_->departures.back().client->machine.keep(bytes);
      }
      return settle();
    }
  }
  if (!client.is_over && core_->is_congested()) {
    PROBE("a client is held back by a full lane");
    client.is_held_back = has_held_back_ = true;
    core_->touch(client);
  }
  settle();
}

void Shard::on_written(ConnectionId connection, std::size_t size, base::Instant now) {
  core_->now = now;
  core_->metrics.bytes_sent.add(size);
  Client* client = core_->find(connection);
  ASSERT(client != nullptr);
  // Its PINGREQs wait as long as its output is too long to read from it, but it takes the output.
  if (!wants_bytes(connection)) client->machine.on_sign_of_life(now);
  client->machine.on_written(size, now);
  core_->count_output(*client);
  if (client->is_over || client->session == nullptr) return;
  parts_->deliverer.pump(*client);
  settle();
}

void Shard::on_closed(ConnectionId connection, std::string_view why, base::Instant now) {
  core_->now = now;
  Client* client = core_->find(connection);
  ASSERT(client != nullptr);
  if (!client->is_over) parts_->lifecycle.on_lost(*client, why);
  client->listener->connections.fetch_sub(1, std::memory_order_relaxed);
  core_->environment.totals.connections.fetch_sub(1, std::memory_order_relaxed);
  core_->remove(connection);
  settle();
}

void Shard::on_message(ShardMessage message, base::Instant now) {
  core_->now = now;
  if (auto* route = std::get_if<Route>(&message)) {
    parts_->router.on_route(route->message);
  } else if (auto* shared = std::get_if<RouteShared>(&message)) {
    parts_->router.on_route_shared(std::move(*shared));
  } else if (auto* awake = std::get_if<GroupAwake>(&message)) {
    parts_->subscriptions.on_group_awake(*awake);
  } else {
    UNREACHABLE();  // Arrival is the driver's.
  }
  settle();
}

void Shard::on_job_done(ConnectionId connection, std::uint64_t serial, hook::Decision decision,
                        base::Instant now) {
  core_->now = now;
  Client* client = core_->find(connection);
  if (client == nullptr || client->serial != serial || client->is_over) {
    PROBE("a login is decided when its client has gone");
    return;
  }
  parts_->handshake.on_decision(*client, decision);
  run_packets(*client, {});  // What came behind CONNECT.
}

void Shard::publish_log_line(std::string_view topic, std::string_view line, base::Instant now) {
  core_->now = now;
  parts_->router.publish(session::Message::make({.topic = topic,
                                                 .payload = base::as_bytes(line),
                                                 .qos = wire::Qos::exactly_once,
                                                 .expires_at = now + log_line_expiry}),
                         {});
  settle();
}

// Gives up whom routing found to be beyond help.
void Shard::settle() {
  while (!core_->doomed.empty()) {
    const Core::Doomed doomed = core_->doomed.back();
    core_->doomed.pop_back();
    Client* client = core_->find(doomed.connection);
    if (client == nullptr || client->serial != doomed.serial) continue;
    parts_->lifecycle.disconnect(*client, doomed.reason, doomed.why);
  }
}

// ---------------------------------------------------------------- time

void Shard::advance(base::Instant now, base::WallTime wall) {
  core_->now = now;
  core_->wall = wall;
  core_->timers.advance(now, [this](const Timer& timer) { on_timer(timer); });
  if (parts_->subscriptions.has_retained_work()) parts_->subscriptions.continue_retained();
  parts_->sweep.step();
  settle();
}

void Shard::on_timer(const Timer& timer) {
  switch (timer.kind) {
    case Timer::Kind::none:
      break;
    case Timer::Kind::connection:
      return on_connection_timer(*core_->find(ConnectionId{timer.slot}));
    case Timer::Kind::session_expiry:
      return parts_->lifecycle.on_session_expired(
          core_->sessions.at(topic::SubscriberId{timer.slot}));
    case Timer::Kind::will:
      return parts_->lifecycle.on_will_due(core_->sessions.at(topic::SubscriberId{timer.slot}));
    case Timer::Kind::sys_tree:
      if (core_->id.value == 0) parts_->sys_tree.update();
      parts_->client_drops.update();
      core_->timers.set(core_->now + parts_->sys_tree.until_next(), {Timer::Kind::sys_tree, 0});
      return;
    case Timer::Kind::retained_sweep:
      parts_->sweep.start();
      core_->timers.set(core_->now + parts_->sweep.interval(), {Timer::Kind::retained_sweep, 0});
      return;
  }
  UNREACHABLE();
}

void Shard::on_connection_timer(Client& client) {
  const bool is_ours_to_wait_for =
      client.is_held_back || client.machine.state() == protocol::State::await_decision;
  if (is_ours_to_wait_for) {
    // We do not read it, or the password check has a queue: that is not the client's silence.
    const base::Duration patience = client.session == nullptr
                                        ? base::Duration{core_->config.connect_timeout()}
                                        : std::chrono::seconds{client.machine.keep_alive()} * 3 / 2;
    client.timer =
        core_->timers.set(core_->now + patience, {Timer::Kind::connection, client.id.value});
    return;
  }
  if (client.session == nullptr) {
    client.machine.close();
    return parts_->lifecycle.on_lost(client, "no CONNECT in time (connect_timeout)");
  }
  if (client.machine.advance(core_->now)) return parts_->lifecycle.on_fault(client);
  // Something came since it was set: the machine knows the new moment.
  client.timer =
      core_->timers.set(client.machine.deadline(), {Timer::Kind::connection, client.id.value});
}

base::Instant Shard::deadline() const {
  if (parts_->sweep.is_running()) return core_->now;
  if (!core_->retained_queue.empty()) {
    const bool can_go_on = std::any_of(
        core_->retained_queue.begin(), core_->retained_queue.end(),
        [this](ConnectionId id) { return parts_->subscriptions.can_take_more(*core_->find(id)); });
    if (can_go_on) return core_->now;
  }
  return core_->timers.deadline();
}

// ---------------------------------------------------------------- the end of the broker

void Shard::publish_wills(base::Instant now) {
  core_->now = now;
  parts_->lifecycle.publish_wills();
  settle();
}

void Shard::disconnect_all(base::Instant now) {
  core_->now = now;
  core_->for_each_client([this](Client& client) {
    if (!client.is_over) {
      parts_->lifecycle.disconnect(client, ReasonCode::server_shutting_down,
                                   "server shutting down");
    }
  });
  settle();
}

// ---------------------------------------------------------------- outputs

void Shard::clear_touched() {
  for (const ConnectionId id : core_->touched) {
    Client& client = *core_->find(id);
    client.is_touched = false;
    core_->count_output(client);
  }
  core_->touched.clear();
}

base::OutputQueue& Shard::output(ConnectionId connection) {
  return core_->find(connection)->machine.output();
}

bool Shard::wants_bytes(ConnectionId connection) const {
  const Client& client = *core_->find(connection);
  return !client.is_over && !client.is_held_back && client.machine.wants_bytes() &&
         client.machine.output().size() < unread_output_max;
}

bool Shard::may_read(ConnectionId connection) {
  Client& client = *core_->find(connection);
  if (!core_->is_congested()) return wants_bytes(connection);
  client.is_held_back = has_held_back_ = true;
  core_->touch(client);
  return false;
}

bool Shard::is_over(ConnectionId connection) const {
  return core_->find(connection)->is_over;
}

bool Shard::is_done(ConnectionId connection) const {
  return is_over(connection) && core_->find(connection)->machine.output().empty();
}

bool Shard::has_unsent() const {
  return std::any_of(core_->outboxes.begin(), core_->outboxes.end(),
                     [](const auto& outbox) { return !outbox.empty(); });
}

void Shard::on_outboxes_drained() {
  if (!has_held_back_ || core_->is_congested()) return;
  has_held_back_ = false;
  core_->for_each_client([this](Client& client) {
    if (base::planted("hold-back-for-ever") || !std::exchange(client.is_held_back, false)) return;
    core_->touch(client);
  });
}

std::vector<Departure> Shard::take_departures() {
  for (const Departure& departure : core_->departures) core_->give_back(departure.from);
  return std::exchange(core_->departures, {});
}
std::vector<Job> Shard::take_jobs() {
  return std::exchange(core_->jobs, {});
}

}  // namespace broker
