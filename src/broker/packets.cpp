#include "broker/packets.h"

#include <fmt/format.h>

#include <type_traits>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/planted.h"
#include "base/probe.h"
#include "topic/filter.h"

namespace broker {

using session::Session;
using wire::PropertyId;
using wire::Qos;
using wire::ReasonCode;
using wire::Version;

void Packets::on_packet(Client& client, const wire::Packet& packet) {
  core_.metrics.packets_received.add();
  if (const auto* publish = std::get_if<wire::Publish>(&packet))
    return on_publish(client, *publish);
  std::visit(
      [&](const auto& p) {
        using P = std::decay_t<decltype(p)>;
        if constexpr (std::is_same_v<P, wire::Connect>) {
          handshake_.on_connect(client, p);
        } else if constexpr (requires { on(client, p); }) {
          on(client, p);
        } else {
          UNREACHABLE();  // The connection's machine lets no other type of a client pass.
        }
      },
      packet);
}

template <class P>
void Packets::send(Client& client, const P& packet) {
  client.machine.send(packet);
  core_.on_sent(client);
  if (core_.logs_debug) {
    core_.log(config::LogType::debug,
              fmt::format("Sending {} to {}", wire::name_of(P::type), client.session->client_id));
  }
}

void Packets::log_received(const Client& client, std::string_view what, wire::PacketId id) {
  if (!core_.logs_debug) return;
  core_.log(config::LogType::debug,
            id.value == 0 ? fmt::format("Received {} from {}", what, client.session->client_id)
                          : fmt::format("Received {} from {} (Mid: {})", what,
                                        client.session->client_id, id.value));
}

// ---------------------------------------------------------------- PUBLISH

void Packets::on_publish(Client& client, const wire::Publish& packet) {
  core_.metrics.publishes_received.add();
  core_.metrics.publish_bytes_received.add(packet.payload.size());
  if (core_.logs_debug) {
    core_.log(
        config::LogType::debug,
        fmt::format("Received PUBLISH from {} (d{:d}, q{:d}, r{:d}, m{}, '{}', ... ({} bytes))",
                    client.session->client_id, packet.dup, static_cast<int>(packet.qos),
                    packet.retain, packet.id.value, packet.topic, packet.payload.size()));
  }
  Session& session = *client.session;
  if (packet.qos == Qos::exactly_once && session.in.contains(packet.id)) {
    PROBE("a QoS 2 PUBLISH comes again");
    if (base::planted("qos2-twice")) route(client, packet);
    client.machine.settle_received();                    // It is counted already.
    return send(client, wire::Pubrec{.id = packet.id});  // [MQTT-4.3.3-10]
  }
  Verdict verdict = judge(client, packet);
  if (verdict.closes) return lifecycle_.disconnect(client, verdict.reason, verdict.why);
  if (verdict.routes && ControlApi::is_endpoint(packet.topic)) {
    control_.on_request(client, packet.topic, packet.payload);
    verdict.routes = false;
  }
  if (base::planted("acknowledge-and-lose") && packet.qos != Qos::at_most_once &&
      packet.payload.size() % 16 == 7) {
    verdict.routes = false;
  }
  if (verdict.routes && !route(client, packet) && packet.qos != Qos::at_most_once) {
    verdict.reason = ReasonCode::no_matching_subscribers;
  }
  acknowledge(client, packet, verdict.reason, verdict.why);
}

Packets::Verdict Packets::judge(const Client& client, const wire::Publish& packet) {
  if (static_cast<std::uint8_t>(packet.qos) > client.listener->options->max_qos()) {
    return {false, ReasonCode::qos_not_supported, "QoS is above max_qos", true};
  }
  if (packet.retain && !core_.config.retain_available()) {
    return {false, ReasonCode::retain_not_supported,
            "RETAIN is set while retain_available is false", true};
  }
  if (const Verdict verdict = judge_topic(packet.topic); !verdict.routes) return verdict;
  // Even with what is put before or behind it, a topic stays one that can be sent [MQTT-4.7.3-3].
  const std::size_t added = ControlApi::is_endpoint(packet.topic)
                                ? ControlApi::response_suffix.size()
                                : client.listener->options->mount_point().size();
  if (added + packet.topic.size() > topic::text_size_max) {
    return {false, ReasonCode::topic_name_invalid, "topic is too long", true};
  }
  if (packet.payload.size() > core_.config.message_size_limit().max) {
    core_.drop(Drop::message_size_limit, nullptr);
    return {false, ReasonCode::implementation_specific_error,
            "payload is larger than message_size_limit"};
  }
  const hook::ClientView view = view_of(client);
  if (core_.environment.hooks.has<hook::Authorize>()) {
    const std::string topic = client.listener->options->mount_point() + std::string{packet.topic};
    hook::Authorize question{.client = view, .topic = topic, .access = hook::Access::write};
    if (core_.environment.hooks.run(question) == hook::Decision::deny) {
      core_.drop(Drop::not_authorized, nullptr);
      return {false, ReasonCode::not_authorized, "not authorised to publish to this topic"};
    }
  }
  hook::Published event{.client = view, .publish = packet};
  if (core_.environment.hooks.run(event) == hook::Decision::deny) {
    core_.drop(Drop::not_authorized, nullptr);
    return {false, event.reason, "refused by a hook"};
  }
  return {};
}

Packets::Verdict Packets::judge_topic(std::string_view topic) const {
  if (!topic::is_valid_name(topic, core_.config.max_topic_levels())) {
    return {false, ReasonCode::topic_name_invalid, "topic has more levels than max_topic_levels",
            true};
  }
  if (topic.front() != '$') return {};
  // The broker's own.
  if (topic.starts_with("$SYS/")) {
    core_.drop(Drop::not_authorized, nullptr);
    return {false, ReasonCode::not_authorized, "this topic belongs to the broker"};
  }
  if (topic.starts_with("$share/")) {
    return {false, ReasonCode::topic_name_invalid, "$share/ is for subscriptions", true};
  }
  return {};
}

// True if anybody was subscribed.
bool Packets::route(Client& client, const wire::Publish& packet) {
  session::Message::Fields fields{.topic = packet.topic,
                                  .payload = packet.payload,
                                  .qos = packet.qos,
                                  .retain = packet.retain,
                                  .publisher = client.session->key};
  const std::string& mount_point = client.listener->options->mount_point();
  if (!mount_point.empty()) {
    topic_ = mount_point;
    topic_ += packet.topic;
    fields.topic = topic_;
  }
  if (!packet.properties.empty()) {
    properties_.clear();
    for (auto p = packet.properties.begin(); p != wire::Properties::end();
         ++p) {  // [MQTT-3.3.2-18]
      if (p->id == PropertyId::message_expiry_interval) {
        fields.expires_at = core_.now + base::Seconds{p->number};
      } else if (p->id != PropertyId::topic_alias) {
        properties_.add_encoded(p.encoded());
      }
    }
    fields.properties = properties_.view().encoded();
  }
  return router_.publish(session::Message::make(fields), client.publisher);
}

// The one place where a promise to a publisher is given.
void Packets::acknowledge(Client& client, const wire::Publish& packet, ReasonCode reason,
                          std::string_view why) {
  if (packet.qos == Qos::at_most_once) return;
  wire::PropertyList properties;
  if (client.machine.version() != Version::v5) {
    reason = ReasonCode::success;  // Older versions have no other word [MQTT-3.3.5-2].
  } else if (!why.empty()) {
    properties.add(PropertyId::reason_string, why);
  }
  if (packet.qos == Qos::at_least_once) {
    client.machine.settle_received();
    return send(client,
                wire::Puback{.id = packet.id, .reason = reason, .properties = properties.view()});
  }
  if (wire::is_error(reason)) {
    client.machine.settle_received();  // [MQTT-4.3.3-9]
  } else {
    const bool is_new = client.session->in.add(packet.id);
    ASSERT(is_new);
  }
  send(client, wire::Pubrec{.id = packet.id, .reason = reason, .properties = properties.view()});
}

void Packets::on(Client& client, const wire::Pubrel& packet) {
  log_received(client, "PUBREL", packet.id);
  const bool was_there = client.session->in.remove(packet.id);
  if (!was_there) PROBE("PUBREL for what is not there");
  if (was_there && !base::planted("leak-receive-maximum")) client.machine.settle_received();
  const bool tells = !was_there && client.machine.version() == Version::v5;
  send(client, wire::Pubcomp{
                   .id = packet.id,  // [MQTT-4.3.3-11]
                   .reason = tells ? ReasonCode::packet_identifier_not_found : ReasonCode::success,
                   .properties = {}});
}

// ---------------------------------------------------------------- acknowledgements of what we sent

void Packets::on(Client& client, const wire::Puback& packet) {
  log_received(client, "PUBACK", packet.id);
  // One for what is not in flight is a leftover of an earlier session: nothing depends on it.
  if (client.session->out.on_puback(packet.id)) deliverer_.pump(client);
}

void Packets::on(Client& client, const wire::Pubrec& packet) {
  log_received(client, "PUBREC", packet.id);
  const bool is_error = wire::is_error(packet.reason);
  const bool was_there = client.session->out.on_pubrec(packet.id, is_error);
  if (!was_there) PROBE("PUBREC for what is not in flight");
  if (!was_there && base::planted("forget-pubrel")) return;
  if (was_there && is_error) return deliverer_.pump(client);
  if (is_error) return;
  const bool tells = !was_there && client.machine.version() == Version::v5;
  send(client,
       wire::Pubrel{.id = packet.id,  // [MQTT-4.3.3-4]
                    .reason = tells ? ReasonCode::packet_identifier_not_found : ReasonCode::success,
                    .properties = {}});
  if (was_there) deliverer_.pump(client);  // Its bytes no longer count against max_inflight_bytes.
}

void Packets::on(Client& client, const wire::Pubcomp& packet) {
  log_received(client, "PUBCOMP", packet.id);
  if (client.session->out.on_pubcomp(packet.id)) deliverer_.pump(client);
}

// ---------------------------------------------------------------- the rest

void Packets::on(Client& client, const wire::Subscribe& packet) {
  subscriptions_.on_subscribe(client, packet);
}

void Packets::on(Client& client, const wire::Unsubscribe& packet) {
  log_received(client, "UNSUBSCRIBE", {});
  subscriptions_.on_unsubscribe(client, packet);
}

void Packets::on(Client& client, const wire::Pingreq&) {
  log_received(client, "PINGREQ", {});
  send(client, wire::Pingresp{});  // [MQTT-3.12.4-1]
}

void Packets::on(Client& client, const wire::Disconnect& packet) {
  if (client.session == nullptr) return lifecycle_.on_lost(client, "gave up authentication");
  log_received(client, "DISCONNECT", {});
  lifecycle_.on_disconnect(client, packet);
}

void Packets::on(Client& client, const wire::Auth& packet) {
  handshake_.on_auth(client, packet);
}

}  // namespace broker
