#include "sim/client.h"

#include <algorithm>
#include <utility>

#include "sim/topics.h"

namespace sim {

namespace {
constexpr Ms reconnect_max = 2'000;
constexpr std::size_t large = 3'000;
}  // namespace

Client::Client(World& world, Network& network, std::string id, std::uint64_t& numbers)
    : world_(world), network_(network), id_(std::move(id)), numbers_(numbers) {
  const Options& o = world_.options;
  next_version_ = o.has_v5 && (!o.has_v3 || world_.percent(60)) ? 5 : world_.percent(80) ? 4 : 3;
}

void Client::start() {
  world_.after(world_.up_to(500), [this] {
    connect();
    act_later();
  });
}

// ---------------------------------------------------------------- coming

void Client::connect() {
  is_reconnecting_ = false;
  if (is_connected_ || mood_ == Mood::gone || mood_ == Mood::away) return;
  version_ = next_version_;
  decoder_ = Decoder{true};
  decoder_.set_version(version_);
  aliases_in_.clear();
  aliases_out_.clear();
  answers_.clear();
  asked_.clear();
  aliases_max_ = 0;
  quota_ = 1;
  link_ = network_.open(*this);
  connect_ = connect_packet();
  is_clean_ = connect_.clean_start;
  is_doubtful_ = is_doubtful_ || is_unanswered_;
  is_unanswered_ = true;
  if (is_clean_) forget_session();
  send(connect_);
  if (mood_ == Mood::leaving) {
    send({.type = Type::disconnect});
    network_.close_by_client(link_);
    mood_ = Mood::gone;
    return;
  }
  const bool pipelines = world_.options.has_pipelining && is_clean_ && mood_ == Mood::busy;
  if (!pipelines || !world_.percent(40)) return;
  publish(true);
}

Packet Client::connect_packet() {
  const Options& o = world_.options;
  Packet packet{.type = Type::connect};
  packet.version = static_cast<std::uint8_t>(version_);
  packet.topic = id_;
  const bool is_busy = mood_ == Mood::busy;
  // Who has forgotten a session says so until it is heard.
  packet.clean_start = mood_ == Mood::leaving || (is_unanswered_ && is_clean_) ||
                       (is_busy && (!o.has_durable || world_.percent(20)));
  const auto add = [&](std::uint8_t id, std::uint64_t number) {
    if (version_ == 5)
      packet.properties.push_back({.id = id, .number = static_cast<std::uint32_t>(number)});
  };
  if (mood_ == Mood::settled) add(property::session_expiry, UINT32_MAX);
  if (!is_busy) return packet;
  if (world_.percent(30))
    packet.keep_alive = static_cast<std::uint16_t>(world_.random.range(1, 10));
  if (o.has_durable && world_.percent(80)) {
    add(property::session_expiry, world_.percent(50) ? UINT32_MAX : world_.random.range(1, 8));
  }
  if (world_.percent(30)) add(property::receive_maximum, world_.random.range(1, 5));
  if (o.has_large && world_.percent(15))
    add(property::maximum_packet_size, world_.random.range(150, 2'500));
  if (o.has_aliases && world_.percent(50))
    add(property::topic_alias_maximum, world_.random.range(1, 4));
  if (o.has_wills && world_.percent(60)) packet.will = make_will();
  return packet;
}

Will Client::make_will() {
  const Options& o = world_.options;
  Will will{.topic = topic(), .payload = payload_of(++numbers_, payload_size())};
  will.qos = static_cast<int>(world_.random.range(0, static_cast<std::uint64_t>(o.qos_max)));
  will.retain = o.has_retained && world_.percent(30);
  if (version_ == 5 && world_.percent(50)) {
    will.properties.push_back({.id = property::will_delay,
                               .number = static_cast<std::uint32_t>(world_.random.range(0, 6))});
  }
  return will;
}

void Client::on_connack(const Packet& packet) {
  if (packet.reason != 0) return drop();
  is_connected_ = true;
  is_unanswered_ = false;
  if (std::exchange(is_doubtful_, false)) received_.clear();
  quota_ = number_of(packet.properties, property::receive_maximum).value_or(65'535);
  aliases_max_ = number_of(packet.properties, property::topic_alias_maximum).value_or(0);
  if (packet.session_present) return resend();
  // MQTT 3.1 has no word for it: a client that asks for its session believes that it is there.
  if (version_ == 3 && !is_clean_) return resend();
  if (!is_clean_) forget_session();
}

void Client::forget_session() {
  outgoing_.clear();
  order_.clear();
  received_.clear();
  filters_.clear();
}

void Client::resend() {
  for (const std::uint16_t id : order_) {
    Outgoing& one = outgoing_.at(id);
    if (one.is_released) {
      send({.type = Type::pubrel, .id = id});
      continue;
    }
    one.publish.dup = true;
    send(one.publish);
  }
}

// ---------------------------------------------------------------- going

void Client::reconnect_later() {
  if (std::exchange(is_reconnecting_, true)) return;
  const Ms most = world_.has_faults ? reconnect_max : 20;
  // Sometimes so late that its session has expired.
  const Ms delay = world_.fault(10) ? world_.up_to(12'000) : world_.up_to(most);
  world_.after(delay, [this] {
    if (is_reconnecting_) connect();
  });
}

void Client::drop() {
  is_connected_ = false;
  network_.close_by_client(link_);
  reconnect_later();
}

void Client::on_closed(Link& link) {
  if (&link != link_.get()) return;
  is_connected_ = false;
  if (mood_ != Mood::gone && mood_ != Mood::away) reconnect_later();
}

void Client::disconnect() {
  Packet packet{.type = Type::disconnect};
  if (version_ == 5 && world_.percent(30)) packet.reason = 0x04;
  const auto asked = number_of(connect_.properties, property::session_expiry);
  if (version_ == 5 && asked.value_or(0) != 0 && world_.percent(30)) {
    packet.properties.push_back({.id = property::session_expiry,
                                 .number = static_cast<std::uint32_t>(world_.random.range(0, 5))});
  }
  send(packet);
  drop();
}

void Client::take_over() {
  is_connected_ = false;  // The old connection is left to the broker.
  connect();
}

void Client::settle() {
  mood_ = Mood::settled;
  if (!is_connected_ || connect_.clean_start || connect_.keep_alive != 0 || connect_.will ||
      number_of(connect_.properties, property::session_expiry).value_or(0) != UINT32_MAX) {
    if (is_connected_) network_.close_by_client(link_);
    is_connected_ = false;
    is_reconnecting_ = false;
    connect();
  }
  send_answers();
}

void Client::go_away() {
  mood_ = Mood::away;
  is_connected_ = false;
  network_.close_by_client(link_);
}

void Client::come_back() {
  mood_ = Mood::settled;
  connect();
}

void Client::leave() {
  mood_ = Mood::leaving;
  if (link_) network_.close_by_client(link_);
  is_connected_ = false;
  is_reconnecting_ = false;
  connect();
}

// ---------------------------------------------------------------- doing

void Client::act_later() {
  world_.after(1 + world_.up_to(2 * world_.options.action_gap_ms), [this] {
    if (mood_ != Mood::busy) return;
    if (is_connected_) act();
    act_later();
  });
}

void Client::act() {
  const Options& o = world_.options;
  if (world_.percent(o.takeover)) return take_over();
  if (world_.percent(o.stall)) return disrupt();
  if (world_.percent(o.burst)) return burst();
  if (world_.percent(o.confused)) return confuse();
  const std::uint64_t dice = world_.random.range(1, 100);
  if (dice <= 70) return publish(false);
  if (dice <= 84) return subscribe();
  if (dice <= 92) return unsubscribe();
  if (dice <= 95) return send({.type = Type::pingreq});
  if (dice <= 98) return disconnect();
  drop();
}

void Client::disrupt() {
  network_.set_reading(link_, false);
  world_.after(world_.up_to(8'000), [this, link = link_] { network_.set_reading(link, true); });
}

// More than a lane and what waits before it hold.
void Client::burst() {
  Packet packet{.type = Type::publish};
  packet.topic = topic();
  std::string bytes;
  for (int i = 0; i < 1'500; ++i) {
    packet.payload = payload_of(++numbers_, 0);
    bytes += encode(packet, version_);
  }
  network_.to_broker(link_, bytes);
}

// Answers to what was in flight in a session that is gone.
void Client::confuse() {
  static constexpr Type answers[] = {Type::puback, Type::pubrec, Type::pubcomp, Type::pubrel};
  const auto id = static_cast<std::uint16_t>(world_.random.range(60'000, 60'010));
  send({.type = answers[world_.random.range(0, 3)], .id = id});
}

bool Client::has_send_quota() const {
  return outgoing_.size() < quota_ &&
         outgoing_.size() + asked_.size() < world_.options.packet_ids - 1;
}

void Client::publish(bool before_connack) {
  const Options& o = world_.options;
  Packet packet{.type = Type::publish};
  packet.qos = static_cast<int>(world_.random.range(0, static_cast<std::uint64_t>(o.qos_max)));
  packet.retain = o.has_retained && world_.percent(30);
  const std::string where = topic();
  packet.topic = where;
  const bool is_empty = packet.retain && world_.percent(15);
  if (!is_empty) packet.payload = payload_of(++numbers_, payload_size());
  if (packet.qos > 0 && !before_connack && !has_send_quota()) return;
  if (version_ == 5 && o.has_expiry && world_.percent(20)) {
    packet.properties.push_back({.id = property::message_expiry,
                                 .number = static_cast<std::uint32_t>(world_.random.range(1, 5))});
  }
  if (packet.qos > 0) {
    packet.id = next_id();
    outgoing_[packet.id] = {packet};
    order_.push_back(packet.id);
  }
  // What is sent again goes with its topic: aliases are the connection's.
  if (o.has_aliases && version_ == 5 && aliases_max_ > 0 && world_.percent(40)) {
    const auto [at, is_new] =
        aliases_out_.try_emplace(where, static_cast<std::uint16_t>(aliases_out_.size() + 1));
    if (at->second > aliases_max_) {
      aliases_out_.erase(at);
    } else {
      packet.properties.push_back({.id = property::topic_alias, .number = at->second});
      if (!is_new) packet.topic.clear();
    }
  }
  send(packet);
}

void Client::publish_to(const std::string& topic, int qos, bool retain, bool is_empty) {
  Packet packet{.type = Type::publish, .qos = qos, .retain = retain};
  packet.topic = topic;
  if (!is_empty) packet.payload = payload_of(++numbers_, 10);
  if (qos > 0) {
    packet.id = next_id();
    outgoing_[packet.id] = {packet};
    order_.push_back(packet.id);
  }
  send(packet);
}

void Client::subscribe() {
  if (!has_send_quota()) return;
  const Options& o = world_.options;
  Packet packet{.type = Type::subscribe, .id = next_id()};
  asked_.insert(packet.id);
  for (std::uint64_t count = world_.random.range(1, 3); count > 0; --count) {
    Filter filter{this->filter()};
    const auto qos = world_.random.range(0, static_cast<std::uint64_t>(o.qos_max));
    filter.options = static_cast<std::uint8_t>(qos);
    if (version_ == 5) {
      if (o.has_no_local && !is_shared(filter.text) && world_.percent(25)) filter.options |= 4;
      if (world_.percent(30)) filter.options |= 8;
      filter.options = static_cast<std::uint8_t>(filter.options | world_.random.range(0, 2) << 4);
    }
    filters_.insert(filter.text);
    packet.filters.push_back(std::move(filter));
  }
  if (version_ == 5 && o.has_identifiers && world_.percent(60)) {
    packet.properties.push_back(
        {.id = property::subscription_identifier,
         .number = static_cast<std::uint32_t>(world_.random.range(1, 300))});
  }
  send(packet);
}

void Client::subscribe_to(const std::vector<std::string>& filters) {
  Packet packet{.type = Type::subscribe, .id = next_id()};
  asked_.insert(packet.id);
  for (const std::string& text : filters) packet.filters.push_back({text, 1});
  send(packet);
}

void Client::unsubscribe() {
  if (!world_.options.has_unsubscribe || !has_send_quota()) return;
  Packet packet{.type = Type::unsubscribe, .id = next_id()};
  asked_.insert(packet.id);
  std::string text = filter();
  if (!filters_.empty() && world_.percent(80)) {
    auto at = filters_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(world_.random.range(0, filters_.size() - 1)));
    text = *at;
  }
  filters_.erase(text);
  packet.filters.push_back({text});
  send(packet);
}

// ---------------------------------------------------------------- hearing

void Client::on_bytes(Link& link, std::string_view bytes) {
  if (&link != link_.get()) return;
  decoder_.feed(bytes);
  while (auto packet = decoder_.next()) {
    on_packet(*packet);
    if (&link != link_.get()) return;
  }
  if (!decoder_.error().empty()) world_.broken("decoder", id_ + ": " + decoder_.error());
}

void Client::on_packet(const Packet& packet) {
  const auto at = outgoing_.find(packet.id);
  const bool is_known = at != outgoing_.end();
  const auto settle_id = [&] {
    outgoing_.erase(packet.id);
    std::erase(order_, packet.id);
  };
  switch (packet.type) {
    case Type::connack:
      return on_connack(packet);
    case Type::publish:
      return on_publish(packet);
    case Type::puback:
      if (is_known && at->second.publish.qos == 1) settle_id();
      return;
    case Type::pubrec:
      if (packet.reason >= 0x80) return settle_id();
      if (is_known) at->second.is_released = true;
      return answer({.type = Type::pubrel, .id = packet.id});
    case Type::pubcomp:
      if (is_known && at->second.is_released) settle_id();
      return;
    case Type::pubrel:
      received_.erase(packet.id);
      return answer({.type = Type::pubcomp, .id = packet.id});
    case Type::suback:
    case Type::unsuback:
      asked_.erase(packet.id);
      return;
    case Type::none:
    case Type::connect:
    case Type::subscribe:
    case Type::unsubscribe:
    case Type::pingreq:
    case Type::pingresp:
    case Type::disconnect:
    case Type::auth:
      return;
  }
}

void Client::on_publish(const Packet& packet) {
  if (const auto alias = number_of(packet.properties, property::topic_alias)) {
    std::string& known = aliases_in_[static_cast<std::uint16_t>(*alias)];
    if (!packet.topic.empty()) known = packet.topic;
    if (known.empty()) world_.broken("decoder", id_ + ": an alias that nobody told");
  }
  if (packet.qos == 1) answer({.type = Type::puback, .id = packet.id});
  if (packet.qos != 2) return;
  const bool is_repeated = !received_.insert(packet.id).second;
  // MQTT 3.1 does not say that a session is gone.
  if (is_repeated && !packet.dup && version_ != 3)
    world_.broken("exactly once", id_ + ": an id that is not released");
  answer({.type = Type::pubrec, .id = packet.id});
}

// In the order of what they answer [MQTT-4.6.0-2], perhaps later.
void Client::answer(Packet packet) {
  answers_.push_back(std::move(packet));
  if (is_answering_) return;
  if (!world_.fault(world_.options.slow_acknowledgement)) return send_answers();
  is_answering_ = true;
  world_.after(world_.up_to(3'000), [this] {
    is_answering_ = false;
    send_answers();
  });
}

void Client::send_answers() {
  for (const Packet& packet : std::exchange(answers_, {})) {
    if (is_connected_) send(packet);
  }
}

void Client::send(const Packet& packet) {
  network_.to_broker(link_, encode(packet, version_));
}

std::uint16_t Client::next_id() {
  do {
    last_id_ = static_cast<std::uint16_t>(last_id_ % world_.options.packet_ids + 1);
  } while (outgoing_.contains(last_id_) || asked_.contains(last_id_));
  return last_id_;
}

// ---------------------------------------------------------------- what about

std::string Client::topic() {
  const Options& o = world_.options;
  const std::string last = std::to_string(world_.random.range(0, o.topics - 1));
  const std::uint64_t dice = world_.random.range(1, 100);
  if (o.has_shared && dice <= 30) return "$s/" + last;
  if (dice <= 40) return "$m/" + last;
  if (dice <= 60) return "a/b/" + last;
  return "a/" + last;
}

std::string Client::filter() {
  const Options& o = world_.options;
  const std::string last = std::to_string(world_.random.range(0, o.topics - 1));
  const std::uint64_t dice = world_.random.range(1, 100);
  if (o.has_shared && dice <= 25) {
    const std::string group = world_.percent(70) ? "$share/g/" : "$share/h/";
    return group + (o.has_wildcards && world_.percent(30) ? "$s/+" : "$s/" + last);
  }
  if (!o.has_wildcards || dice <= 50) return dice % 3 == 0 ? "a/b/" + last : "a/" + last;
  static constexpr const char* wild[] = {"#",     "a/#",   "a/+",  "+/+",
                                         "+/b/#", "a/+/+", "$m/#", "$m/+"};
  return wild[world_.random.range(0, 7)];
}

std::size_t Client::payload_size() {
  if (!world_.options.has_large || world_.percent(70)) return world_.random.range(4, 40);
  return world_.random.range(40, large);
}

}  // namespace sim
