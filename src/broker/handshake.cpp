#include "broker/handshake.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/hash.h"
#include "base/planted.h"
#include "base/probe.h"
#include "topic/filter.h"
#include "wire/codec.h"

namespace broker {

using session::Session;
using wire::PropertyId;
using wire::ReasonCode;
using wire::Version;

namespace {

config::ProtocolVersion option_of(Version version) {
  switch (version) {
    case Version::v31:
      return config::ProtocolVersion::mqtt31;
    case Version::v311:
      return config::ProtocolVersion::mqtt311;
    case Version::v5:
      return config::ProtocolVersion::mqtt5;
  }
  UNREACHABLE();
}

base::Bytes bytes_of(const std::string& text) {
  return base::as_bytes(text);
}

}  // namespace

// ---------------------------------------------------------------- CONNECT

void Handshake::on_connect(Client& client, const wire::Connect& packet) {
  core_.metrics.connects.add();
  copy_request(client, packet);
  if (const Refusal refusal = check(client, packet); !refusal.why.empty()) {
    return lifecycle_.refuse(client, refusal.reason, refusal.why);
  }
  const topic::ShardId home = home_of(client.request->client_id, core_.environment.shards());
  if (home == core_.id) return authenticate(client);
  const ConnectionId from = client.id;
  core_.departures.push_back({from, home, core_.detach(from)});
}

Handshake::Refusal Handshake::check(const Client& client, const wire::Connect& packet) const {
  const config::Listener& options = *client.listener->options;
  if (!options.accept_protocol_versions().has(option_of(packet.version))) {
    return {ReasonCode::unsupported_protocol_version,
            "protocol version not accepted here (accept_protocol_versions)"};
  }
  if (const Refusal refusal = check_client_id(client, packet); !refusal.why.empty()) return refusal;
  if (const Refusal refusal = check_keep_alive(packet); !refusal.why.empty()) return refusal;
  return packet.will ? check_will(client, *packet.will) : Refusal{};
}

Handshake::Refusal Handshake::check_client_id(const Client& client,
                                              const wire::Connect& packet) const {
  if (client.listener->options->use_username_as_clientid()) {
    if (packet.user_name && !packet.user_name->empty()) return {};
    return {ReasonCode::not_authorized,
            "no user name to take as client id (use_username_as_clientid)"};
  }
  if (packet.client_id.empty()) {
    const bool has_state =
        packet.version == Version::v31 || (packet.version == Version::v311 && !packet.clean_start);
    if (has_state) {  // [MQTT-3.1.3-8] of 3.1.1
      return {ReasonCode::client_identifier_not_valid, "empty client id without a clean session"};
    }
    if (!core_.config.security_of(*client.listener->options).allow_zero_length_clientid()) {
      return {ReasonCode::client_identifier_not_valid,
              "empty client id (allow_zero_length_clientid)"};
    }
    return {};
  }
  if (!packet.client_id.starts_with(core_.config.clientid_prefixes())) {
    return {ReasonCode::not_authorized,
            "client id has not the prefix asked for (clientid_prefixes)"};
  }
  return {};
}

// MQTT 5 clients are told what to do instead; older ones can only be sent away.
Handshake::Refusal Handshake::check_keep_alive(const wire::Connect& packet) const {
  const base::Seconds most = core_.config.max_keepalive();
  if (most == base::Seconds{0} || packet.version == Version::v5) return {};
  if (packet.keep_alive != 0 && base::Seconds{packet.keep_alive} <= most) return {};
  return {ReasonCode::client_identifier_not_valid, "keep alive is above max_keepalive"};
}

Handshake::Refusal Handshake::check_will(const Client& client, const wire::Will& will) const {
  if (static_cast<std::uint8_t>(will.qos) >
      client.listener->options->max_qos()) {  // [MQTT-3.2.2-12]
    return {ReasonCode::qos_not_supported, "will QoS is above max_qos"};
  }
  if (will.retain && !core_.config.retain_available()) {  // [MQTT-3.2.2-13]
    return {ReasonCode::retain_not_supported, "retained will while retain_available is false"};
  }
  const std::size_t size = client.listener->options->mount_point().size() + will.topic.size();
  const bool is_valid = size <= topic::text_size_max &&
                        topic::is_valid_name(will.topic, core_.config.max_topic_levels());
  if (!is_valid || will.topic.starts_with("$SYS/") || will.topic.starts_with("$share/")) {
    return {ReasonCode::topic_name_invalid, "will topic is not a topic to publish to"};
  }
  return {};
}

void Handshake::copy_request(Client& client, const wire::Connect& packet) {
  client.request = std::make_unique<ConnectRequest>();
  ConnectRequest& request = *client.request;
  request.version = packet.version;
  request.is_bridge = packet.bridge;
  request.clean_start = packet.clean_start;
  request.keep_alive = packet.keep_alive;
  request.user_name = packet.user_name;
  if (packet.password) request.password = base::as_text(*packet.password);
  request.client_id = packet.client_id;
  if (client.listener->options->use_username_as_clientid() && packet.user_name) {
    request.client_id = *packet.user_name;
  } else if (packet.client_id.empty()) {
    request.client_id = make_client_id(client);  // [MQTT-3.1.3-6]
    request.is_assigned_id = true;
  }
  if (packet.version == Version::v5) {
    request.expiry =
        base::Seconds{packet.properties.number(PropertyId::session_expiry_interval).value_or(0)};
    request.asked_expiry = request.expiry;
    if (const auto method = packet.properties.text(PropertyId::authentication_method)) {
      request.method = *method;
    }
    if (const auto data = packet.properties.text(PropertyId::authentication_data)) {
      request.method_data = *data;
    }
  } else {
    request.expiry = packet.clean_start ? base::Seconds{0} : Session::never_expires;
  }
  request.expiry = std::min(request.expiry, core_.config.persistent_client_expiration().most);
  if (packet.will) request.will = will_of(client, *packet.will);
}

session::Will Handshake::will_of(const Client& client, const wire::Will& will) const {
  wire::PropertyList properties;
  session::Will kept;
  for (auto p = will.properties.begin(); p != wire::Properties::end(); ++p) {  // [MQTT-3.1.3-10]
    if (p->id == PropertyId::will_delay_interval) {
      kept.delay = base::Seconds{p->number};
    } else if (p->id == PropertyId::message_expiry_interval) {
      kept.expiry = base::Seconds{p->number};
    } else {
      properties.add_encoded(p.encoded());
    }
  }
  const std::string topic =
      fmt::format("{}{}", client.listener->options->mount_point(), will.topic);
  kept.message = session::Message::make(
      {.topic = topic,
       .payload = will.payload,
       .properties = properties.view().encoded(),
       .qos = will.qos,
       .retain = will.retain,
       .publisher = session::ClientKey{base::stable_hash(client.request->client_id)}});
  return kept;
}

// In the form that Mosquitto gives them: a prefix and a random UUID.
std::string Handshake::make_client_id(const Client& client) {
  const std::uint64_t high = core_.random.next();
  const std::uint64_t low = core_.random.next();
  return fmt::format("{}{:08X}-{:04X}-{:04X}-{:04X}-{:012X}",
                     core_.config.auto_id_prefix_for(*client.listener->options), high >> 32,
                     high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffff'ffff'ffff);
}

// ---------------------------------------------------------------- who is it

void Handshake::authenticate(Client& client) {
  ConnectRequest& request = *client.request;
  if (request.method) {
    client.method = *request.method;
    std::optional<base::Bytes> data;
    if (request.method_data) data = bytes_of(*request.method_data);
    return authenticate_enhanced(client, data);
  }
  const hook::ClientView view = view_of(client);
  hook::Authenticate question{.client = view, .password = {}};
  if (request.password) question.password = bytes_of(*request.password);
  const hook::Decision decision = core_.environment.hooks.run(question);
  if (decision != hook::Decision::defer) return on_decision(client, decision);
  PROBE("a login is decided later");
  ASSERT(question.work);
  core_.jobs.push_back({client.id, client.serial, std::move(question.work)});
}

void Handshake::on_decision(Client& client, hook::Decision decision) {
  const bool may_enter = decision == hook::Decision::allow ||
                         (decision == hook::Decision::next && client.listener->allow_anonymous);
  if (!may_enter) return lifecycle_.refuse(client, ReasonCode::not_authorized, "not authorised");
  accept(client, {});
}

void Handshake::authenticate_enhanced(Client& client, std::optional<base::Bytes> data) {
  const hook::ClientView view = view_of(client);
  hook::EnhancedAuthentication question{.client = view,
                                        .method = client.method,
                                        .data = data,
                                        .exchange = client.serial,
                                        .round = client.authentication_round++};
  const hook::Decision decision = core_.environment.hooks.run(question);
  const bool is_handshake = client.request != nullptr;
  wire::PropertyList properties;
  properties.add(PropertyId::authentication_method, client.method);  // [MQTT-4.12.0-5]
  if (!question.reply.empty()) properties.add(PropertyId::authentication_data, question.reply);
  switch (decision) {
    case hook::Decision::defer:  // [MQTT-4.12.0-2]
      client.machine.send_auth(ReasonCode::continue_authentication, properties.view());
      break;
    case hook::Decision::allow:
      client.authentication_round = 0;
      if (is_handshake) return accept(client, question.reply);
      client.machine.send_auth(ReasonCode::success, properties.view());
      break;
    case hook::Decision::deny:
    case hook::Decision::next: {
      const bool is_known = decision == hook::Decision::deny;
      const ReasonCode reason =
          is_known ? ReasonCode::not_authorized : ReasonCode::bad_authentication_method;
      const std::string_view why =
          is_known ? "not authorised" : "authentication method not supported";
      if (is_handshake) return lifecycle_.refuse(client, reason, why);  // [MQTT-4.12.0-1]
      return lifecycle_.disconnect(client, reason, why);                // [MQTT-4.12.1-2]
    }
  }
  core_.on_sent(client);
}

void Handshake::on_auth(Client& client, const wire::Auth& packet) {
  const auto method = packet.properties.text(PropertyId::authentication_method);
  const bool starts_again = packet.reason == ReasonCode::re_authenticate;
  if (!method || *method != client.method) {  // [MQTT-4.12.0-5], [MQTT-4.12.1-1]
    const auto why = "AUTH names another Authentication Method than CONNECT";
    if (client.request) return lifecycle_.refuse(client, ReasonCode::protocol_error, why);
    return lifecycle_.disconnect(client, ReasonCode::protocol_error, why);
  }
  if (starts_again) client.authentication_round = 0;
  if (!starts_again && client.authentication_round == 0) {
    return lifecycle_.disconnect(client, ReasonCode::protocol_error,
                                 "AUTH continues an exchange that was not begun");
  }
  std::optional<base::Bytes> data;
  if (const auto text = packet.properties.text(PropertyId::authentication_data)) {
    data = base::as_bytes(*text);
  }
  authenticate_enhanced(client, data);
}

// ---------------------------------------------------------------- come in

void Handshake::accept(Client& client, std::string_view authentication_data) {
  const wire::PropertyList properties =
      connack_properties(client, *client.request, authentication_data);
  const wire::Connack connack{.properties = properties.view()};
  if (wire::encoded_size(connack, client.request->version) >
      client.machine.peer_packet_size_max()) {  // [MQTT-3.1.2-24]
    return lifecycle_.refuse(client, ReasonCode::packet_too_large,
                             "CONNACK is larger than the client's Maximum Packet Size");
  }
  bool session_present = false;
  Session* session = take_session(client, session_present);
  if (session == nullptr) return;
  const std::unique_ptr<ConnectRequest> request = std::move(client.request);
  auto* publisher = new session::Publisher;
  publisher->client_id = request->client_id;
  publisher->user_name = request->user_name;
  publisher->address = client.peer.address;
  publisher->listener = client.listener_number;
  client.publisher = PublisherRef{publisher};
  client.session = session;
  session->publisher = client.publisher;
  session->version = request->version;
  session->expiry = request->expiry;
  session->will = std::move(request->will);
  session->connection = client.id.value;
  session->drop_was_logged = false;
  core_.metrics.sessions_online.add();
  Totals& totals = core_.environment.totals;
  const std::uint64_t online = totals.online.fetch_add(1, std::memory_order_relaxed) + 1;
  std::uint64_t most = totals.sessions_max.load(std::memory_order_relaxed);
  while (online > most && !totals.sessions_max.compare_exchange_weak(most, online)) {
  }
  send_connack(client, session_present, *request, properties);
  // A client whose Maximum Packet Size does not even take CONNACK.
  if (client.machine.is_closing()) return lifecycle_.on_fault(client);
  log_accepted(client, *request);
  const hook::ClientView view = view_of(client);
  hook::Connected event{.client = view, .session_present = session_present};
  core_.environment.hooks.run(event);
  subscriptions_.set_presence(*session, topic::Presence::online);
  subscriptions_.resume_retained(client);
  deliverer_.pump(client);
}

Session* Handshake::take_session(Client& client, bool& session_present) {
  const ConnectRequest& request = *client.request;
  Session* session = core_.sessions.find(request.client_id);
  if (session != nullptr) {
    if (session->is_online()) take_over(*session);
    session = core_.sessions.find(request.client_id);  // A session without expiry ended with that.
  }
  if (session != nullptr && request.clean_start &&
      !base::planted("ignore-clean-start")) {  // [MQTT-3.1.2-4]
    lifecycle_.end(*session);
    session = nullptr;
  }
  session_present = session != nullptr &&
                    !base::planted("session-present-lies");  // [MQTT-3.2.2-2], [MQTT-3.2.2-3]
  if (session != nullptr) {
    lifecycle_.keep(*session);
    return session;
  }
  std::atomic<std::uint64_t>& count = core_.environment.totals.sessions;
  if (count.fetch_add(1, std::memory_order_relaxed) >= core_.config.global_max_clients().max) {
    count.fetch_sub(1, std::memory_order_relaxed);
    lifecycle_.refuse(client, ReasonCode::server_busy, "global_max_clients is reached");
    return nullptr;
  }
  core_.metrics.sessions.add();
  return &core_.sessions.create(request.client_id);
}

void Handshake::take_over(Session& session) {
  Client& old = core_.client_of(session);
  if (session.out.in_flight() > 0) PROBE("takeover with messages in flight");
  if (session.in.size() > 0) PROBE("takeover while QoS 2 is in flight");
  if (core_.config.connection_messages() && core_.logs(config::LogType::notice)) {
    core_.log(
        config::LogType::notice,
        fmt::format("Client {} already connected, closing old connection.", session.client_id));
  }
  lifecycle_.disconnect(old, ReasonCode::session_taken_over,
                        "session taken over");  // [MQTT-3.1.4-3]
}

std::uint16_t Handshake::keep_alive_of(const ConnectRequest& request) const {
  const base::Seconds most = core_.config.max_keepalive();
  if (most == base::Seconds{0} || request.version != Version::v5) return request.keep_alive;
  if (request.keep_alive != 0 && base::Seconds{request.keep_alive} <= most)
    return request.keep_alive;
  return static_cast<std::uint16_t>(most.count());
}

// The order is Mosquitto's, so that a packet capture is the same after the swap.
wire::PropertyList Handshake::connack_properties(const Client& client,
                                                 const ConnectRequest& request,
                                                 std::string_view authentication_data) const {
  wire::PropertyList list;
  if (request.version != Version::v5) return list;
  const config::Listener& options = *client.listener->options;
  const std::uint16_t keep_alive = keep_alive_of(request);
  const auto add = [&list](bool wanted, PropertyId id, std::uint32_t value) {
    if (wanted) list.add(id, value);
  };
  add(options.max_topic_alias() > 0, PropertyId::topic_alias_maximum, options.max_topic_alias());
  add(request.expiry != request.asked_expiry, PropertyId::session_expiry_interval,
      request.expiry.count());
  add(keep_alive != request.keep_alive, PropertyId::server_keep_alive, keep_alive);
  if (request.is_assigned_id) {  // [MQTT-3.1.3-7]
    list.add(PropertyId::assigned_client_identifier, request.client_id);
  }
  if (request.method) list.add(PropertyId::authentication_method, *request.method);
  if (!authentication_data.empty()) list.add(PropertyId::authentication_data, authentication_data);
  add(!core_.config.retain_available(), PropertyId::retain_available, 0);
  list.add(PropertyId::maximum_packet_size, client.listener->limits.packet_size_max);
  add(client.listener->limits.receive_maximum != 65'535, PropertyId::receive_maximum,
      client.listener->limits.receive_maximum);
  add(options.max_qos() < 2, PropertyId::maximum_qos, options.max_qos());  // [MQTT-3.2.2-9]
  return list;
}

void Handshake::send_connack(Client& client, bool session_present, const ConnectRequest& request,
                             const wire::PropertyList& properties) {
  client.machine.limit_aliases_out(client.listener->options->max_topic_alias_broker());
  client.machine.accept({.session_present = session_present && request.version != Version::v31,
                         .code = 0,
                         .properties = properties.view()},
                        keep_alive_of(request), core_.now);
  if (core_.logs_debug) {
    core_.log(config::LogType::debug,
              fmt::format("Sending CONNACK to {} ({:d}, 0)", request.client_id, session_present));
  }
  core_.on_sent(client);
  core_.timers.cancel(client.timer);
  if (!client.machine.deadline().is_never()) {
    client.timer =
        core_.timers.set(client.machine.deadline(), {Timer::Kind::connection, client.id.value});
  }
  core_.touch(client);
}

void Handshake::log_accepted(const Client& client, const ConnectRequest& request) {
  if (!core_.config.connection_messages() || !core_.logs(config::LogType::notice)) return;
  const std::string user =
      request.user_name ? fmt::format(", u'{}'", *request.user_name) : std::string{};
  core_.log(
      config::LogType::notice,
      fmt::format("New client connected from {}:{} as {} (p{}, c{:d}, k{}{}).", client.peer.address,
                  client.peer.port, request.client_id, static_cast<int>(request.version),
                  request.clean_start, request.keep_alive, user));
}

}  // namespace broker
