#include "sim/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/topics.h"

namespace sim {

namespace {

constexpr Ms timer_resolution = 10;
// A timer may be late by a pause of the thread and by waiting for its turn.
constexpr Ms lateness_max = 10'000;
constexpr Ms connect_timeout = 30'000;

Ms ms_of_seconds(std::uint32_t seconds) {
  return seconds == UINT32_MAX ? never : Ms{1'000} * seconds;
}

std::string line_of(const Packet& packet) {
  std::string line = fmt::format("{} id={} d{:d} q{} r{:d} {} {} {:#x}", name_of(packet.type),
                                 packet.id, packet.dup, packet.qos, packet.retain, packet.topic,
                                 packet.payload.substr(0, 12), packet.reason);
  for (const Filter& filter : packet.filters)
    line += fmt::format(" {}:{:#x}", filter.text, filter.options);
  if (packet.type == Type::connack) line += packet.session_present ? " present" : " new";
  for (const Property& p : packet.properties)
    line += fmt::format(" {:#x}={}{}", p.id, p.number, p.text);
  if (packet.type != Type::connect) return line;
  return line + fmt::format(" v{} clean={:d} keep_alive={}", packet.version, packet.clean_start,
                            packet.keep_alive);
}

}  // namespace

Ms timer_ms(Ms at) {
  return (at + timer_resolution - 1) / timer_resolution * timer_resolution;
}

const Message* Model::find(std::uint64_t number) const {
  const auto at = messages_.find(number);
  return at == messages_.end() ? nullptr : &at->second;
}

std::size_t Model::online() const {
  return static_cast<std::size_t>(
      std::count_if(sessions_.begin(), sessions_.end(),
                    [](const auto& one) { return one.second.online != nullptr; }));
}

bool Model::may_read(const Session& session, const std::string& topic) const {
  return !options().has_access_rules || !is_denied(session.id, topic, Right::read);
}

Ms Model::capped(Ms expiry) const {
  const auto cap = static_cast<Ms>(options().expiration_cap_s) * 1'000;
  return cap == 0 ? expiry : std::min(expiry, cap);
}

// ---------------------------------------------------------------- one call into the product

void Model::on_call(const Call& call) {
  ++calls_;
  if (call.kind == Call::Kind::advance) on_time(call.shard);
  if (call.kind == Call::Kind::accepted) {
    known_[call.link->number].last_packet_at = world_.now();
    open_[call.link->number] = call.link;
  }
  if (call.kind == Call::Kind::closed) {
    part(*call.link, false);
    open_.erase(call.link->number);
  }
  if (!call.inputs.empty()) on_inputs(*call.link, call.inputs);
  for (const auto& [link, packet] : call.outputs) {
    if (packet.type == Type::connack) on_connack(*link, packet);
  }
  // Those with full queues are given up when the call is done, after what filled them.
  const auto goes_first = [this](const Link* link) {
    const Known& known = known_[link->number];
    return known.is_done || is_silent(known);
  };
  std::vector<Link*> later;
  for (Link* link : call.over) {
    if (goes_first(link)) {
      on_given_up(*link);
    } else {
      later.push_back(link);
    }
  }
  for (Link* link : later) on_given_up(*link);
  for (const auto& [link, packet] : call.outputs) on_output(*link, packet);
  if (call.kind == Call::Kind::advance) check_silence(call.shard);
}

void Model::on_lane_popped(std::size_t from, std::size_t to) {
  tell([&](Checker& checker) { checker.lane_popped(from, to); });
}

void Model::at_rest() {
  tell([](Checker& checker) { checker.at_rest(); });
}

void Model::forget_all() {
  sessions_.clear();
  messages_.clear();
  retained_.clear();
  for (auto& [number, known] : known_) known.is_done = true;
  open_.clear();
  tell([](Checker& checker) { checker.forgot_all(); });
}

void Model::on_inputs(Link& link, const std::vector<Packet>& packets) {
  Known& known = known_[link.number];
  for (const Packet& packet : packets) {
    if (world_.is_verbose) world_.say(fmt::format("#{} > {}", link.number, line_of(packet)));
    known.last_packet_at = world_.now();
    if (packet.type == Type::connect) {
      known.connect = packet;
    } else if (!known.is_accepted) {
      known.waiting.push_back(packet);
    } else {
      on_input(link, known, packet);
    }
  }
}

void Model::on_output(Link& link, const Packet& packet) {
  if (world_.is_verbose) world_.say(fmt::format("#{} < {}", link.number, line_of(packet)));
  tell([&](Checker& checker) { checker.written(packet); });
  const Known& known = known_[link.number];
  if (known.is_done && known.done_in != calls_) {
    return world_.broken("owner", fmt::format("{} on connection #{}, which was given up before",
                                              name_of(packet.type), link.number));
  }
  if (!known.is_accepted) {
    const bool is_refusal = packet.type == Type::connack && packet.reason != 0;
    if (!is_refusal) world_.broken("owner", "a packet on a connection that was not accepted");
    return;
  }
  const auto at = sessions_.find(known.session);
  if (at == sessions_.end() || at->second.generation != known.generation) {
    return tell([&](Checker& checker) { checker.sent_in_vain(packet); });
  }
  tell([&](Checker& checker) { checker.sent(at->second, link, packet); });
}

// ---------------------------------------------------------------- coming and going

void Model::on_connack(Link& link, const Packet& connack) {
  Known& known = known_[link.number];
  if (!known.connect || known.is_accepted) return world_.broken("owner", "an unasked CONNACK");
  if (connack.reason != 0) {
    world_.broken("owner", fmt::format("a good CONNECT was refused with {:#x}", connack.reason));
    return;
  }
  accept(link, known, connack);
  for (const Packet& packet : std::exchange(known.waiting, {})) on_input(link, known, packet);
}

void Model::accept(Link& link, Known& known, const Packet& connack) {
  const Packet& connect = *known.connect;
  const std::string& id = connect.topic;
  auto at = sessions_.find(id);
  if (at != sessions_.end() && at->second.online != nullptr) {
    part(*at->second.online, false);  // [MQTT-3.1.4-3]
    at = sessions_.find(id);
  }
  if (at != sessions_.end() && connect.clean_start) {
    end(at->second);
    at = sessions_.end();
  }
  const bool is_present = at != sessions_.end();
  const bool told = is_present && connect.version != 3;
  if (connack.session_present != told) {
    world_.broken("session", fmt::format("{}: Session Present is {} and should be {}", id,
                                         connack.session_present, told));
  }
  Session& session = sessions_[id];
  if (!is_present) session.generation = ++generation_;
  known.session = id;
  known.generation = session.generation;
  known.is_accepted = true;
  known.last_packet_at = world_.now();
  tell([&](Checker& checker) { checker.changing(session); });
  start_session(session, link, connect);
  tell([&](Checker& checker) { checker.changed(session); });
  tell([&](Checker& checker) { checker.accepted(session, link, connack); });
}

void Model::start_session(Session& session, Link& link, const Packet& connect) {
  session.id = connect.topic;
  session.shard = link.shard;
  session.version = connect.version;
  session.online = &link;
  session.ends_at = never;
  if (connect.version == 5) {
    session.expiry =
        ms_of_seconds(number_of(connect.properties, property::session_expiry).value_or(0));
  } else {
    session.expiry = connect.clean_start ? 0 : never;
  }
  session.expiry = capped(session.expiry);
  session.receive_maximum = static_cast<std::uint16_t>(
      number_of(connect.properties, property::receive_maximum).value_or(65'535));
  const auto size = number_of(connect.properties, property::maximum_packet_size);
  session.packet_size_max = size ? std::size_t{*size} : SIZE_MAX;
  session.will.reset();
  if (!connect.will) return;
  session.will = PendingWill{.will = *connect.will};
  session.will->delay =
      ms_of_seconds(number_of(connect.will->properties, property::will_delay).value_or(0));
}

// The broker ended it by itself. Takeover and DISCONNECT were dealt with before.
void Model::on_given_up(Link& link) {
  Known& known = known_[link.number];
  if (!known.is_done && !may_give_up(link, known)) {
    world_.broken("owner",
                  fmt::format("connection #{} of a well-behaved client was ended", link.number));
  }
  part(link, false);
}

bool Model::is_silent(const Known& known) const {
  const Ms silence = world_.now() - known.last_packet_at;
  if (!known.is_accepted) return silence >= connect_timeout;
  const Ms keep_alive = known.connect->keep_alive;
  return keep_alive > 0 && silence >= keep_alive * 1'500;  // [MQTT-3.1.2-22]
}

bool Model::may_give_up(const Link&, const Known& known) const {
  if (is_silent(known)) return true;
  return options().full_policy == 2 && options().may_drop();
}

void Model::part(Link& link, bool discards_will) {
  Known& known = known_[link.number];
  if (!std::exchange(known.is_done, true)) known.done_in = calls_;
  const auto at = sessions_.find(known.session);
  if (!known.is_accepted || at == sessions_.end() || at->second.online != &link) return;
  Session& session = at->second;
  tell([&](Checker& checker) { checker.changing(session); });
  session.online = nullptr;
  session.parted_in = calls_;
  tell([&](Checker& checker) { checker.changed(session); });
  tell([&](Checker& checker) { checker.parted(session, link); });
  if (discards_will) session.will.reset();
  if (session.expiry == 0) return end(session);
  if (session.will) {
    session.will->due = world_.now() + std::min(session.will->delay, session.expiry);
    session.will->order = ++order_;
    if (session.will->due == world_.now()) publish_will(session);
  }
  if (session.expiry == never) return;
  session.ends_at = world_.now() + session.expiry;
  session.ends_order = ++order_;
}

void Model::end(Session& session) {
  tell([&](Checker& checker) { checker.changing(session); });
  tell([&](Checker& checker) { checker.ending(session); });
  session.subscriptions.clear();
  tell([&](Checker& checker) { checker.changed(session); });
  if (session.will) publish_will(session);
  sessions_.erase(std::string{session.id});
}

// ---------------------------------------------------------------- what clients send

void Model::on_input(Link& link, Known& known, const Packet& packet) {
  const auto at = sessions_.find(known.session);
  if (known.is_done || at == sessions_.end() || at->second.online != &link) return;
  Session& session = at->second;
  switch (packet.type) {
    case Type::publish:
      on_publish(session, packet);
      break;
    case Type::pubrel:
      session.received.erase(packet.id);
      break;
    case Type::subscribe:
      on_subscribe(session, packet);
      break;
    case Type::unsubscribe:
      on_unsubscribe(session, packet);
      break;
    case Type::disconnect:
      return on_disconnect(link, session, packet);
    case Type::puback:
    case Type::pubrec:
    case Type::pubcomp:
    case Type::pingreq:
      break;
    case Type::none:
    case Type::connect:
    case Type::connack:
    case Type::suback:
    case Type::unsuback:
    case Type::pingresp:
    case Type::auth:
      world_.broken("simulator", "a client sent what it never does");
  }
  tell([&](Checker& checker) { checker.received(session, link, packet); });
}

void Model::on_publish(Session& session, const Packet& packet) {
  if (packet.qos == 2 && session.received.contains(packet.id)) return;  // [MQTT-4.3.3-10]
  const bool denied =
      options().has_access_rules && is_denied(session.id, packet.topic, Right::write);
  if (packet.qos == 2 && (!denied || session.version != 5)) session.received.insert(packet.id);
  if (denied) return;
  Message message{.number = number_of(packet.payload),
                  .topic = packet.topic,
                  .publisher = session.id,
                  .qos = packet.qos,
                  .retain = packet.retain,
                  .payload_size = packet.payload.size()};
  if (const auto expiry = number_of(packet.properties, property::message_expiry)) {
    message.expires_at = world_.now() + ms_of_seconds(*expiry);
  }
  route(std::move(message), session.shard);
}

void Model::route(Message message, std::size_t shard) {
  Message& known = messages_[message.number];
  const int times = message.number == 0 ? 0 : known.times_routed;
  message.sequence = ++sequence_;
  if (times > 0) message.sequence = known.sequence;
  message.times_routed = times + 1;
  if (times > 0) message.expires_at = std::max(message.expires_at, known.expires_at);
  known = std::move(message);
  tell([&](Checker& checker) { checker.routed(known, shard); });
  if (!known.retain) return;
  if (known.number == 0) {
    retained_.erase(known.topic);
  } else {
    retained_[known.topic] = known.number;
  }
}

void Model::on_subscribe(Session& session, const Packet& packet) {
  const std::uint32_t identifier =
      number_of(packet.properties, property::subscription_identifier).value_or(0);
  for (const Filter& filter : packet.filters) {
    const bool is_new = !session.subscriptions.contains(filter.text);
    const unsigned handling = filter.options >> 4U & 3U;
    tell([&](Checker& checker) { checker.changing(session); });
    Subscription& subscription = session.subscriptions[filter.text];
    const std::uint64_t since = is_new ? sequence_ + 1 : subscription.since;
    subscription = {.qos = filter.options & 3,
                    .no_local = (filter.options & 4) != 0,
                    .retain_as_published = (filter.options & 8) != 0,
                    .identifier = identifier,
                    .since = since};
    tell([&](Checker& checker) { checker.changed(session); });
    const bool wants_retained =
        !is_shared(filter.text) && (handling == 0 || (handling == 1 && is_new));
    tell([&](Checker& checker) {
      checker.subscribed(session, filter.text, subscription, wants_retained);
    });
  }
}

void Model::on_unsubscribe(Session& session, const Packet& packet) {
  for (const Filter& filter : packet.filters) {
    if (!session.subscriptions.contains(filter.text)) continue;
    tell([&](Checker& checker) { checker.changing(session); });
    session.subscriptions.erase(filter.text);
    session.left[filter.text] = sequence_;
    tell([&](Checker& checker) { checker.changed(session); });
    tell([&](Checker& checker) { checker.unsubscribed(session, filter.text); });
  }
}

void Model::on_disconnect(Link& link, Session& session, const Packet& packet) {
  if (const auto expiry = number_of(packet.properties, property::session_expiry)) {
    session.expiry = capped(ms_of_seconds(*expiry));
  }
  part(link, packet.reason == 0);
}

// ---------------------------------------------------------------- wills and time

void Model::publish_will(Session& session) {
  const Will will = std::exchange(session.will, std::nullopt)->will;
  if (world_.is_verbose)
    world_.say(fmt::format("the will of {}: q{} {} {}", session.id, will.qos, will.topic,
                           will.payload.substr(0, 12)));
  if (options().has_access_rules && is_denied(session.id, will.topic, Right::write)) return;
  Message message{.number = number_of(will.payload),
                  .topic = will.topic,
                  .publisher = session.id,
                  .qos = will.qos,
                  .retain = will.retain,
                  .payload_size = will.payload.size()};
  if (const auto expiry = number_of(will.properties, property::message_expiry)) {
    message.expires_at = world_.now() + ms_of_seconds(*expiry);
  }
  route(std::move(message), session.shard);
}

void Model::on_time(std::size_t shard) {
  while (fire_next(shard)) {
  }
}

// The earliest will or session end of this shard that is due, as timers fire.
bool Model::fire_next(std::size_t shard) {
  Session* next = nullptr;
  std::pair<Ms, std::uint64_t> first{world_.now(), UINT64_MAX};
  bool is_will = false;
  for (auto& [id, session] : sessions_) {
    if (session.shard != shard || session.online != nullptr) continue;
    if (session.ends_at != never) {
      const std::pair key{timer_ms(session.ends_at), session.ends_order};
      if (key <= first) first = key, next = &session, is_will = false;
    }
    if (session.will && session.will->due != never) {
      const std::pair key{timer_ms(session.will->due), session.will->order};
      if (key <= first) first = key, next = &session, is_will = true;
    }
  }
  if (next == nullptr) return false;
  if (world_.now() - first.first > lateness_max) {
    world_.broken("timer",
                  fmt::format("{} of {} is late by {} ms", is_will ? "the will" : "the end",
                              next->id, world_.now() - first.first));
  }
  if (is_will) {
    publish_will(*next);
  } else {
    end(*next);
  }
  return true;
}

// Nobody stays connected who was silent for too long [MQTT-3.1.2-22].
void Model::check_silence(std::size_t shard) {
  // After a burst the broker may not listen to a client for a while: no silence of the client's.
  if (options().burst > 0 && world_.has_faults) return;
  for (const auto& [number, link] : open_) {
    const Known& known = known_[number];
    if (link->shard != shard || known.is_done || !known.is_accepted) continue;
    const Ms keep_alive = known.connect->keep_alive;
    if (keep_alive == 0 || !link->arrived.empty()) continue;  // It may be we who do not listen.
    if (world_.now() - known.last_packet_at <= keep_alive * 1'500 + lateness_max) continue;
    world_.broken("timer", fmt::format("#{} is silent and still connected", number));
  }
}

}  // namespace sim
