#include "broker/deliverer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/planted.h"
#include "base/probe.h"
#include "broker/queue_account.h"

namespace broker {

using session::Delivery;
using session::Message;
using session::MessageRef;
using session::Outbound;
using session::Queued;
using session::Session;
using wire::PacketId;
using wire::PropertyId;
using wire::Qos;
using wire::Version;

namespace {

session::OnFull on_full(config::QueueFullPolicy policy) {
  switch (policy) {
    case config::QueueFullPolicy::drop_newest:
      return session::OnFull::drop_newest;
    case config::QueueFullPolicy::drop_oldest:
      return session::OnFull::drop_oldest;
    case config::QueueFullPolicy::disconnect:
      return session::OnFull::disconnect;
  }
  UNREACHABLE();
}

std::size_t cache_index(const Delivery& delivery, Version version) {
  return (version == Version::v5 ? 8U : 0U) | static_cast<std::size_t>(delivery.qos) << 1U |
         (delivery.retain ? 1U : 0U);
}

}  // namespace

Deliverer::Deliverer(Core& core)
    : core_(core),
      limits_{.messages_max = core.config.max_queued_messages().max,
              .bytes_max = core.config.max_queued_bytes().max,
              .on_full = on_full(core.config.queue_full_policy())},
      output_max_(core.config.max_output_bytes().bytes),
      checks_access_(core.environment.hooks.has<hook::Authorize>()) {}

void Deliverer::begin(const MessageRef& message) {
  encoded_message_ = message.get();
  if (base::planted("reuse-encoded") && message->payload().size() % 8 == 2) return;
  for (Encoded& encoded : encoded_) encoded.is_filled = false;
}

bool Deliverer::has_output_room(const Client& client) const {
  return client.machine.output().size() < output_max_;
}

session::Window Deliverer::window_of(const Client& client) const {
  const std::uint64_t in_flight_max = core_.config.max_inflight_messages().max;
  return {.messages_max = static_cast<std::uint16_t>(
              std::min<std::uint64_t>(in_flight_max, client.machine.peer_receive_maximum())),
          .bytes_max = core_.config.max_inflight_bytes().max};
}

bool Deliverer::may_read(const Session& session, const Message& message) const {
  const hook::ClientView view = view_of(*session.publisher, core_.environment);
  hook::Authorize question{.client = view, .topic = message.topic(), .access = hook::Access::read};
  return core_.environment.hooks.run(question) != hook::Decision::deny;
}

void Deliverer::deliver(Session& session, Delivery delivery) {
  if (delivery.message->is_expired(core_.now) &&
      !base::planted("expire-in-queues-only")) {  // On its way from another shard [MQTT-3.3.2-5].
    PROBE("a message expires between two shards");
    return core_.drop(Drop::expired, &session);
  }
  if (checks_access_ && !may_read(session, *delivery.message) && !base::planted("forget-access")) {
    return;
  }
  if (!session.is_online()) {
    // QoS 0 for absent clients is not kept, unless asked for.
    if (delivery.qos == Qos::at_most_once && !core_.config.queue_qos0_messages()) return;
    return queue(session, std::move(delivery));
  }
  Client& client = core_.client_of(session);
  if (delivery.qos == Qos::at_most_once) {
    if (session.out.has_waiting_qos0() && !base::planted("qos0-overtakes")) {
      PROBE("QoS 0 waits behind QoS 0");
      return queue(session, std::move(delivery));
    }
    if (!has_output_room(client)) return core_.drop(Drop::output_full, &session);
    if (!send(client, delivery, PacketId{}, false)) core_.drop(Drop::packet_too_large, &session);
    return;
  }
  if (!has_output_room(client) || !session.out.can_bypass(window_of(client))) {
    PROBE("a message waits for room in flight or in the output");
    return queue(session, std::move(delivery));
  }
  const PacketId id = session.out.begin(std::move(delivery));
  if (!send(client, session.out.newest(), id, false)) {
    PROBE("a QoS 1 or 2 message is too large for its client");
    session.out.discard(id);  // [MQTT-3.1.2-25]
    core_.drop(Drop::packet_too_large, &session);
  }
}

void Deliverer::queue(Session& session, Delivery delivery) {
  const std::uint64_t limit = core_.config.memory_limit().max;
  const std::uint64_t held = core_.environment.totals.message_bytes.load(std::memory_order_relaxed);
  if (held + delivery.payload_size() > limit) return core_.drop(Drop::memory_limit, &session);
  const QueueAccount account{core_, session.out};
  const std::size_t with_it = session.out.waiting() + 1;
  switch (session.out.push(std::move(delivery), limits_)) {
    case Queued::waiting:
      return;
    case Queued::dropped_newest:
    case Queued::dropped_oldest:  // Perhaps both, when the new one is large.
      for (std::size_t left = session.out.waiting(); left < with_it; ++left) {
        core_.drop(Drop::queue_full, &session);
      }
      return;
    case Queued::must_disconnect:
      PROBE("a client is given up for its full queue");
      core_.drop(Drop::queue_full, &session);
      if (!session.is_online()) return;
      Client& client = core_.client_of(session);
      core_.doomed.push_back({client.id, client.serial, wire::ReasonCode::quota_exceeded,
                              "its queue is full (max_queued_messages)"});
      return;
  }
  UNREACHABLE();
}

void Deliverer::pump(Client& client) {
  Session& session = *client.session;
  if (session.out.empty()) return;
  const QueueAccount account{core_, session.out};
  const session::Window window = window_of(client);
  encoded_message_ = nullptr;  // Encoded at another time: its expiry has moved on since.
  std::uint64_t expired = 0;
  while (has_output_room(client)) {
    const auto step = session.out.next(window, core_.now, expired);
    if (!step) break;
    if (step->kind == Outbound::Kind::release) {
      client.machine.send(wire::Pubrel{.id = step->id});
      core_.on_sent(client);
      continue;
    }
    if (step->delivery->message.get() != encoded_message_) begin(step->delivery->message);
    if (send(client, *step->delivery, step->id, step->is_repeat)) continue;
    if (step->id.value != 0) session.out.discard(step->id);
    core_.drop(Drop::packet_too_large, &session);
  }
  encoded_message_ = nullptr;  // It may be freed before the next one is encoded.
  for (; expired > 0; --expired) core_.drop(Drop::expired, &session);
  if (session.out.waiting() == 0) session.drop_was_logged = false;
}

// ---------------------------------------------------------------- encoding

bool Deliverer::send(Client& client, const Delivery& delivery, PacketId id, bool dup) {
  const bool is_shared_form =
      !dup && delivery.identifier == 0 && delivery.more_identifiers == nullptr &&
      !client.machine.uses_topic_aliases() && client.listener->options->mount_point().empty() &&
      delivery.message.get() == encoded_message_;
  const bool sent =
      is_shared_form ? send_encoded(client, delivery, id) : send_own(client, delivery, id, dup);
  if (sent) count_sent(client, delivery, id, dup);
  return sent;
}

bool Deliverer::send_encoded(Client& client, const Delivery& delivery, PacketId id) {
  if (client.machine.is_closing()) return true;  // Nothing more goes out; not too large either.
  const Encoded& form = encoded(delivery, client.machine.version());
  const base::Bytes payload = delivery.message->payload();
  const bool is_large = payload.size() >= protocol::Connection::share_from;
  const std::size_t size = form.bytes.size() + (is_large ? payload.size() : 0);
  if (size > client.machine.peer_packet_size_max() && !base::planted("too-large")) return false;
  base::OutputQueue& output = client.machine.output();
  std::uint8_t* at = output.extend(form.bytes.size());
  std::memcpy(at, form.bytes.data(), form.bytes.size());
  if (form.id_at != 0) {
    at[form.id_at] = static_cast<std::uint8_t>(id.value >> 8);
    at[form.id_at + 1] = static_cast<std::uint8_t>(id.value);
  }
  if (is_large) output.append_shared(delivery.message, payload);
  return true;
}

namespace {

// The publisher's own in their order, Message Expiry Interval last, as Mosquitto has it.
void add_message_properties(wire::PropertyList& list, const Message& message, base::Instant now) {
  list.add(message.properties());
  if (!message.expires_at().is_never()) {
    list.add(PropertyId::message_expiry_interval, message.seconds_left(now));
  }
}

wire::Publish publish_of(const Delivery& delivery, PacketId id, bool dup) {
  return {.dup = dup,
          .qos = delivery.qos,
          .retain = delivery.retain,
          .topic = delivery.message->topic(),
          .id = id,
          .payload = delivery.message->payload()};
}

}  // namespace

const Deliverer::Encoded& Deliverer::encoded(const Delivery& delivery, Version version) {
  Encoded& form = encoded_[cache_index(delivery, version)];
  if (form.is_filled) return form;
  wire::Publish publish = publish_of(delivery, PacketId{1}, false);
  if (version == Version::v5) {
    properties_.clear();
    add_message_properties(properties_, *delivery.message, core_.now);
    publish.properties = properties_.view();
  }
  const bool is_large = publish.payload.size() >= protocol::Connection::share_from;
  const std::size_t head = wire::publish_head_size(publish, version);
  form.bytes.resize(head + (is_large ? 0 : publish.payload.size()));
  wire::encode_publish_head(publish, version, form.bytes.data());
  if (!is_large && !publish.payload.empty()) {
    std::memcpy(form.bytes.data() + head, publish.payload.data(), publish.payload.size());
  }
  // Fixed header, then topic with its two length bytes, then the identifier (MQTT 5, 3.3.2).
  wire::FixedHeader header;
  const wire::Fault fault = wire::read_fixed_header(base::Bytes{form.bytes}, header);
  ASSERT(fault.none());
  form.id_at = delivery.qos == Qos::at_most_once ? 0 : header.size + 2U + publish.topic.size();
  form.is_filled = true;
  return form;
}

bool Deliverer::send_own(Client& client, const Delivery& delivery, PacketId id, bool dup) {
  wire::Publish publish = publish_of(delivery, id, dup);
  const std::string& mount_point = client.listener->options->mount_point();
  if (publish.topic.starts_with(mount_point)) publish.topic.remove_prefix(mount_point.size());
  properties_.clear();
  if (client.machine.version() == Version::v5) {
    if (delivery.identifier != 0) {  // [MQTT-3.3.4-3]
      properties_.add(PropertyId::subscription_identifier, delivery.identifier);
    }
    if (delivery.more_identifiers) {  // [MQTT-3.3.4-4]
      for (const std::uint32_t more : *delivery.more_identifiers) {
        properties_.add(PropertyId::subscription_identifier, more);
      }
    }
    add_message_properties(properties_, *delivery.message, core_.now);
    publish.properties = properties_.view();
  }
  return client.machine.send_publish(publish, delivery.message);
}

void Deliverer::count_sent(Client& client, const Delivery& delivery, PacketId id, bool dup) {
  core_.on_sent(client);
  core_.metrics.publishes_sent.add();
  core_.metrics.publish_bytes_sent.add(delivery.payload_size());
  if (core_.logs_debug) log_sent(client, delivery, id, dup);
}

void Deliverer::log_sent(const Client& client, const Delivery& delivery, PacketId id, bool dup) {
  core_.log(
      config::LogType::debug,
      fmt::format("Sending PUBLISH to {} (d{:d}, q{:d}, r{:d}, m{}, '{}', ... ({} bytes))",
                  client.session->client_id, dup, static_cast<int>(delivery.qos), delivery.retain,
                  id.value, delivery.message->topic(), delivery.payload_size()));
}

}  // namespace broker
