#include "broker/test_broker.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "config/test_files.h"

namespace broker::test {

namespace {

std::string text_of(base::Bytes bytes) {
  return std::string{base::as_text(bytes)};
}

std::unique_ptr<config::Config> config_from(std::string_view options) {
  return config::config_of("sys_interval 0\n" + std::string{options} + "\n");
}

void add_number(wire::PropertyList& list, PropertyId id, std::optional<std::uint32_t> value) {
  if (value) list.add(id, *value);
}

}  // namespace

ConnectOptions lasting(Version version) {
  if (version == v5) return {.version = v5, .clean_start = true, .expiry = 0xffff'ffffU};
  return {.version = version, .clean_start = false};
}

ConnectOptions again(Version version) {
  ConnectOptions options = lasting(version);
  options.clean_start = false;
  return options;
}

std::optional<std::uint32_t> Answer::number(PropertyId id) const {
  return wire::Properties{base::Bytes{properties}}.number(id);
}

std::optional<std::string> Answer::text(PropertyId id) const {
  const auto found = wire::Properties{base::Bytes{properties}}.text(id);
  if (!found) return std::nullopt;
  return std::string{*found};
}

bool RecordingLog::has(std::string_view part) const {
  return std::any_of(lines.begin(), lines.end(), [part](const std::string& line) {
    return line.find(part) != std::string::npos;
  });
}

std::ostream& operator<<(std::ostream& out, const Publication& p) {
  return out << p.topic << " '" << p.payload << "' qos " << static_cast<int>(p.qos)
             << (p.retain ? " retain" : "") << (p.dup ? " dup" : "");
}

// ---------------------------------------------------------------- TestClient: what it does

std::vector<std::uint8_t> TestClient::connect_bytes(std::string_view id,
                                                    const ConnectOptions& options) {
  wire::Connect packet{.version = options.version,
                       .clean_start = options.clean_start,
                       .keep_alive = options.keep_alive,
                       .client_id = id};
  wire::PropertyList properties;
  wire::PropertyList will_properties;
  add_number(properties, PropertyId::session_expiry_interval, options.expiry);
  add_number(properties, PropertyId::receive_maximum, options.receive_maximum);
  add_number(properties, PropertyId::maximum_packet_size, options.packet_max);
  add_number(properties, PropertyId::topic_alias_maximum, options.alias_max);
  if (options.method) properties.add(PropertyId::authentication_method, *options.method);
  if (options.data) properties.add(PropertyId::authentication_data, *options.data);
  packet.properties = properties.view();
  if (options.user) packet.user_name = *options.user;
  if (options.password) packet.password = base::as_bytes(*options.password);
  if (options.will) {
    add_number(will_properties, PropertyId::will_delay_interval, options.will->delay);
    add_number(will_properties, PropertyId::message_expiry_interval, options.will->expiry);
    packet.will = wire::Will{.qos = options.will->qos,
                             .retain = options.will->retain,
                             .properties = will_properties.view(),
                             .topic = options.will->topic,
                             .payload = base::as_bytes(options.will->payload)};
  }
  std::vector<std::uint8_t> bytes(wire::encoded_size(packet, options.version));
  wire::encode(packet, options.version, bytes.data());
  return bytes;
}

void TestClient::open(std::size_t listener) {
  if (is_open_) drop();
  partial_.clear();
  unread_.clear();
  received_.clear();
  aliases_.clear();
  broker_.accept(*this, listener);
}

Answer TestClient::connect(const ConnectOptions& options) {
  open(options.listener);
  version_ = options.version;
  send_bytes(connect_bytes(id_, options));
  return answer();
}

Answer TestClient::answer() const {
  const auto answers = all<wire::Connack>();
  if (answers.empty()) return {};
  const wire::Connack& connack = answers.front();
  const base::Bytes properties = connack.properties.encoded();
  return {true, connack.session_present, connack.code, {properties.begin(), properties.end()}};
}

ReasonCode TestClient::subscribe(std::string_view filter, const SubscribeOptions& options) {
  wire::PropertyList properties;
  if (options.identifier != 0) {
    properties.add(PropertyId::subscription_identifier, options.identifier);
  }
  const wire::PacketId id{next_id()};
  send(wire::Subscribe{.id = id,
                       .properties = properties.view(),
                       .requests = {{.filter = filter,
                                     .qos = options.qos,
                                     .no_local = options.no_local,
                                     .retain_as_published = options.retain_as_published,
                                     .retain_handling = options.handling}}});
  for (const auto& answer : all<wire::Suback>()) {
    if (answer.id == id) return answer.codes.at(0);
  }
  return ReasonCode::malformed_packet;
}

std::optional<ReasonCode> TestClient::unsubscribe(std::string_view filter) {
  const wire::PacketId id{next_id()};
  send(wire::Unsubscribe{.id = id, .properties = {}, .filters = {filter}});
  for (const auto& answer : all<wire::Unsuback>()) {
    if (answer.id == id) return version_ == v5 ? answer.codes.at(0) : ReasonCode::success;
  }
  return std::nullopt;
}

std::optional<ReasonCode> TestClient::publish(std::string_view topic, std::string_view payload,
                                              const PublishOptions& options) {
  wire::PropertyList properties;
  add_number(properties, PropertyId::message_expiry_interval, options.expiry);
  if (options.response_topic) properties.add(PropertyId::response_topic, *options.response_topic);
  if (options.user_property) properties.add(PropertyId::user_property, "n", *options.user_property);
  const wire::PacketId id{options.qos == qos0 ? std::uint16_t{0} : next_id()};
  send(wire::Publish{.qos = options.qos,
                     .retain = options.retain,
                     .topic = topic,
                     .id = id,
                     .properties = properties.view(),
                     .payload = base::as_bytes(payload)});
  std::optional<ReasonCode> reason;
  for (const auto& answer : all<wire::Puback>()) {
    if (answer.id == id) reason = answer.reason;
  }
  for (const auto& answer : all<wire::Pubrec>()) {
    if (answer.id == id) reason = answer.reason;
  }
  return reason;
}

void TestClient::acknowledge(std::uint16_t id) {
  send(wire::Puback{.id = wire::PacketId{id}});
}

void TestClient::ping() {
  send(wire::Pingreq{});
}

void TestClient::disconnect(ReasonCode reason, std::optional<std::uint32_t> expiry) {
  wire::PropertyList properties;
  add_number(properties, PropertyId::session_expiry_interval, expiry);
  send(wire::Disconnect{.reason = reason, .properties = properties.view()});
}

void TestClient::drop() {
  if (!is_open_) return;
  broker_.close(*this, "connection closed by client");
  run();
}

void TestClient::send_bytes(const std::vector<std::uint8_t>& bytes) {
  unread_.insert(unread_.end(), bytes.begin(), bytes.end());
  run();
}

void TestClient::run() {
  broker_.run();
}

// ---------------------------------------------------------------- TestClient: what came

void TestClient::on_output(base::Bytes bytes) {
  partial_.insert(partial_.end(), bytes.begin(), bytes.end());
  while (true) {
    wire::FixedHeader header;
    const wire::Fault fault = wire::read_fixed_header(base::Bytes{partial_}, header);
    ASSERT_TRUE(fault.none()) << fault.what;
    if (header.size == 0 || partial_.size() < header.packet_size()) return;
    const auto end = partial_.begin() + static_cast<std::ptrdiff_t>(header.packet_size());
    Received& received = received_.emplace_back();
    received.bytes.assign(partial_.begin(), end);
    partial_.erase(partial_.begin(), end);
    const wire::Fault wrong = wire::decode(header, base::Bytes{received.bytes}.subspan(header.size),
                                           version_, wire::Sender::server, received.packet);
    ASSERT_TRUE(wrong.none()) << id_ << ": " << wrong.what;
    on_packet(received);
  }
}

void TestClient::on_packet(const Received& received) {
  const auto reply = [this](const auto& packet) {
    const std::size_t at = unread_.size();
    unread_.resize(at + wire::encoded_size(packet, version_));
    wire::encode(packet, version_, unread_.data() + at);
  };
  if (const auto* pubrec = std::get_if<wire::Pubrec>(&received.packet)) {
    if (releases && !wire::is_error(pubrec->reason)) reply(wire::Pubrel{.id = pubrec->id});
  } else if (const auto* pubrel = std::get_if<wire::Pubrel>(&received.packet)) {
    if (acknowledges) reply(wire::Pubcomp{.id = pubrel->id});
  }
  const auto* publish = std::get_if<wire::Publish>(&received.packet);
  if (publish == nullptr) return;
  Publication& p = publications_.emplace_back();
  p.topic = publish->topic;
  p.payload = text_of(publish->payload);
  p.qos = publish->qos;
  p.retain = publish->retain;
  p.dup = publish->dup;
  p.id = publish->id.value;
  p.expiry = publish->properties.number(PropertyId::message_expiry_interval);
  for (const wire::Property& property : publish->properties) {
    if (property.id == PropertyId::subscription_identifier) {
      p.identifiers.push_back(property.number);
    } else if (property.id == PropertyId::user_property) {
      p.user_property = property.value;
    } else if (property.id == PropertyId::response_topic) {
      p.response_topic = property.text;
    }
  }
  if (const auto alias = publish->properties.number(PropertyId::topic_alias)) {
    std::string& known = aliases_[static_cast<std::uint16_t>(*alias)];
    if (!p.topic.empty()) known = p.topic;
    p.topic = known;
  }
  if (!acknowledges) return;
  if (p.qos == qos1) reply(wire::Puback{.id = publish->id});
  if (p.qos == qos2) reply(wire::Pubrec{.id = publish->id});
}

std::vector<Publication> TestClient::take() {
  return std::exchange(publications_, {});
}

Texts TestClient::payloads() {
  Texts texts;
  for (const Publication& p : take()) texts.push_back(p.payload);
  return texts;
}

Texts TestClient::topics() {
  Texts texts;
  for (const Publication& p : take()) texts.push_back(p.topic);
  return texts;
}

std::optional<ReasonCode> TestClient::disconnect_reason() const {
  const auto packets = all<wire::Disconnect>();
  if (packets.empty()) return std::nullopt;
  return packets.back().reason;
}

// ---------------------------------------------------------------- TestBroker

TestBroker::TestBroker(std::string_view options, std::size_t shards, bool debug)
    : log(debug),
      config(config_from(options)),
      listeners(listener_states(*config)),
      interest(shards),
      retained_store(&size_of),
      metrics(shards),
      lanes_(shards),
      open_(shards) {
  for (auto& from : lanes_) from.resize(shards);
}

TestBroker::~TestBroker() {
  check_empty();
}

void TestBroker::start() {
  if (environment_) return;
  environment_.emplace(
      Environment{*config, hooks, log, listeners, interest, retained_store, totals, metrics});
  for (std::uint8_t i = 0; i < metrics.size(); ++i) {
    shards_.push_back(std::make_unique<Shard>(topic::ShardId{i}, *environment_, now_, i + 1U));
    shards_.back()->advance(now_, base::WallTime{now_.since_start});
  }
}

TestClient& TestBroker::client(const std::string& id) {
  for (const auto& known : clients_) {
    if (known->id() == id) return *known;
  }
  return twin(id);
}

TestClient& TestBroker::twin(const std::string& id) {
  start();
  return *clients_.emplace_back(std::make_unique<TestClient>(*this, id));
}

std::string TestBroker::id_on(std::size_t shard, std::string_view stem) const {
  for (int i = 0;; ++i) {
    std::string id = std::string{stem} + "-" + std::to_string(i);
    if (home_of(id, metrics.size()).value == shard) return id;
  }
}

TestClient* TestBroker::at(std::size_t shard, ConnectionId id) {
  const auto found = open_[shard].find(id.value);
  return found == open_[shard].end() ? nullptr : found->second;
}

void TestBroker::accept(TestClient& client, std::size_t listener) {
  const std::size_t shard = accept_next_++ % shards_.size();
  const auto id = shards_[shard]->on_accepted(listener, {"192.0.2.1", 4000}, now_);
  client.is_open_ = id.has_value();
  if (!id) return;
  EXPECT_EQ(at(shard, *id), nullptr) << "the driver still has a connection in this place";
  client.shard_ = shard;
  client.connection_ = *id;
  open_[shard][id->value] = &client;
}

void TestBroker::close(TestClient& client, std::string_view why) {
  if (!client.is_moving_) {
    open_[client.shard_].erase(client.connection_.value);
    shards_[client.shard_]->on_closed(client.connection_, why, now_);
  }
  client.is_open_ = false;
}

// ---------------------------------------------------------------- turns

void TestBroker::run() {
  for (int rounds = 0; rounds < 20'000; ++rounds) {
    bool worked = false;
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) worked |= turn(shard);
    if (!lanes_stand) {
      for (std::size_t from = 0; from < shards_.size(); ++from) {
        for (std::size_t to = 0; to < shards_.size(); ++to) {
          while (deliver_one(from, to)) worked = true;
        }
      }
    }
    if (!worked) return;
  }
  FAIL() << "the broker never comes to rest";
}

bool TestBroker::turn(std::size_t shard) {
  bool worked = read_all(shard);
  if (shards_[shard]->deadline() <= now_) {
    shards_[shard]->advance(now_, base::WallTime{now_.since_start});
    worked |= shards_[shard]->deadline() <= now_;
  }
  take_departures(shard);
  worked |= take_jobs(shard);
  worked |= write_touched(shard);
  worked |= fill_lanes(shard);
  return worked;
}

// As in the server, connections that move are dealt with after all reading.
bool TestBroker::read_all(std::size_t shard) {
  bool worked = false;
  const auto open = open_[shard];
  for (const auto& [id, client] : open) {
    // As in the server: whoever is watched is asked about once more right before reading.
    if (client->unread_.empty() || !shards_[shard]->wants_bytes(ConnectionId{id})) continue;
    if (!shards_[shard]->may_read(ConnectionId{id})) continue;
    // A copy of its own size, so that a sanitizer sees who looks at it afterwards.
    const std::vector<std::uint8_t> bytes = std::exchange(client->unread_, {});
    shards_[shard]->on_bytes(ConnectionId{id}, base::Bytes{bytes}, now_);
    take_departures(shard);
    worked = true;
  }
  return worked;
}

void TestBroker::take_departures(std::size_t shard) {
  if (departures_wait) return;
  for (Departure& departure : shards_[shard]->take_departures()) {
    TestClient* client = at(shard, departure.from);
    ASSERT_NE(client, nullptr);
    open_[shard].erase(departure.from.value);
    client->is_moving_ = true;
    shards_[shard]
        ->outbox(departure.to)
        .push_back(Arrival{std::move(departure.client), std::make_unique<Link>(client)});
  }
}

bool TestBroker::take_jobs(std::size_t shard) {
  std::vector<Job> taken = shards_[shard]->take_jobs();
  for (Job& job : taken) {
    if (jobs_wait) {
      jobs.emplace_back(shard, std::move(job));
    } else {
      shards_[shard]->on_job_done(job.connection, job.serial, job.work(), now_);
    }
  }
  return !taken.empty();
}

void TestBroker::finish_job(std::size_t which) {
  auto [shard, job] = std::move(jobs.at(which));
  jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(which));
  shards_[shard]->on_job_done(job.connection, job.serial, job.work(), now_);
  run();
}

bool TestBroker::write_touched(std::size_t shard) {
  const auto touched = shards_[shard]->touched();
  const std::vector<ConnectionId> ids{touched.begin(), touched.end()};
  shards_[shard]->clear_touched();
  for (const ConnectionId id : ids) {
    TestClient* client = at(shard, id);
    if (client != nullptr) write(*client);
  }
  return !ids.empty();
}

bool TestBroker::write(TestClient& client) {
  Shard& shard = *shards_[client.shard_];
  const ConnectionId id = client.connection_;
  bool worked = false;
  while (client.reads && !shard.output(id).empty()) {
    std::vector<base::Bytes> pieces(8);
    pieces.resize(shard.output(id).gather(pieces));
    std::size_t size = 0;
    for (const base::Bytes piece : pieces) {
      client.on_output(piece);
      size += piece.size();
    }
    shard.on_written(id, size, now_);
    worked = true;
  }
  if (shard.is_done(id)) close(client, "");
  return worked;
}

void TestBroker::flush(TestClient& client) {
  if (client.is_open_ && !client.is_moving_) write(client);
  run();
}

bool TestBroker::fill_lanes(std::size_t shard) {
  bool worked = false;
  for (std::uint8_t to = 0; to < shards_.size(); ++to) {
    auto& outbox = shards_[shard]->outbox(topic::ShardId{to});
    for (; !outbox.empty() && lanes_[shard][to].size() < 4096; worked = true) {
      lanes_[shard][to].push_back(outbox.pop_front());
    }
  }
  shards_[shard]->on_outboxes_drained();
  return worked;
}

bool TestBroker::deliver_one(std::size_t from, std::size_t to) {
  auto& lane = lanes_[from][to];
  if (lane.empty()) return false;
  ShardMessage message = std::move(lane.front());
  lane.pop_front();
  auto* arrival = std::get_if<Arrival>(&message);
  if (arrival == nullptr) {
    shards_[to]->on_message(std::move(message), now_);
    return true;
  }
  TestClient& client = *static_cast<Link&>(*arrival->transport).client;
  const ConnectionId id = shards_[to]->on_arrival(std::move(arrival->client), now_);
  client.is_moving_ = false;
  client.shard_ = to;
  client.connection_ = id;
  open_[to][id.value] = &client;
  if (!client.is_open_) {  // The network failed on the way.
    client.is_open_ = true;
    close(client, "connection lost");
  }
  return true;
}

bool TestBroker::lanes_are_empty() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& from) {
    return std::all_of(from.begin(), from.end(), [](const auto& lane) { return lane.empty(); });
  });
}

void TestBroker::pass(base::Duration time) {
  start();
  const base::Instant end = now_ + time;
  while (true) {
    base::Instant next = base::Instant::never();
    for (const auto& shard : shards_) next = std::min(next, shard->deadline());
    if (next > end) break;
    now_ = std::max(now_, next);
    run();
  }
  now_ = end;
  run();
}

// ---------------------------------------------------------------- figures

std::uint64_t TestBroker::sum(Counter Metrics::* counter) const {
  std::uint64_t total = 0;
  for (const Metrics& one : metrics) total += (one.*counter).value();
  return total;
}

std::uint64_t TestBroker::drops(Drop why) const {
  std::uint64_t total = 0;
  for (const Metrics& one : metrics) total += one.dropped[static_cast<std::size_t>(why)].value();
  return total;
}

std::uint64_t TestBroker::all_drops() const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < drop_reasons; ++i) total += drops(static_cast<Drop>(i));
  return total;
}

// Sessions are ended as clients would: a last clean connection that leaves nothing behind.
void TestBroker::check_empty() {
  if (!environment_ || !std::exchange(keeps_nothing_, false)) return;
  lanes_stand = jobs_wait = departures_wait = false;
  while (!jobs.empty()) finish_job(0);
  run();
  for (std::size_t i = 0; i < clients_.size(); ++i) clients_[i]->drop();
  const std::size_t known = clients_.size();
  for (std::size_t i = 0; i < known && totals.sessions.load() > 0; ++i) {
    TestClient& last = *clients_[i];
    last.reads = last.acknowledges = true;
    ConnectOptions options{.version = v311, .keep_alive = 10};
    if (last.id().size() < 1000) options.user = last.id();  // It may be the client id.
    const auto answer = last.connect(options);
    if (answer.accepted()) last.disconnect();
    last.drop();
  }
  EXPECT_EQ(totals.connections.load(), 0U);
  EXPECT_EQ(totals.sessions.load(), 0U);
  EXPECT_EQ(totals.online.load(), 0U);
  EXPECT_EQ(totals.message_bytes.load(), 0U);
  EXPECT_EQ(sum(&Metrics::sockets), 0U);
  EXPECT_EQ(sum(&Metrics::sessions), 0U);
  EXPECT_EQ(sum(&Metrics::sessions_online), 0U);
  EXPECT_EQ(sum(&Metrics::subscriptions), 0U);
  EXPECT_EQ(sum(&Metrics::shared_subscriptions), 0U);
  EXPECT_EQ(sum(&Metrics::queued_messages), 0U);
  EXPECT_EQ(sum(&Metrics::queued_bytes), 0U);
  EXPECT_EQ(sum(&Metrics::output_packets), 0U);
  EXPECT_EQ(sum(&Metrics::output_bytes), 0U);
  EXPECT_EQ(interest.filter_count(), 0U);
  EXPECT_TRUE(lanes_are_empty());
  for (const ListenerState& listener : listeners) EXPECT_EQ(listener.connections.load(), 0U);
}

}  // namespace broker::test
