#include "broker/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/planted.h"
#include "base/probe.h"
#include "broker/sys_tree.h"

namespace broker {

using session::Session;
using wire::ReasonCode;

namespace {

std::string name_of(const Client& client) {
  if (client.session != nullptr) return client.session->client_id;
  if (client.request && !client.request->client_id.empty()) return client.request->client_id;
  return "<unknown>";
}

// The will's Message Expiry Interval runs from the moment it is published.
session::MessageRef expiring(const session::Message& will, base::Instant expires_at) {
  return session::Message::make({.topic = will.topic(),
                                 .payload = will.payload(),
                                 .properties = will.properties().encoded(),
                                 .qos = will.qos(),
                                 .retain = will.retain(),
                                 .expires_at = expires_at,
                                 .publisher = will.publisher()});
}

}  // namespace

// ---------------------------------------------------------------- connections

void Lifecycle::on_fault(Client& client) {
  const wire::Fault& fault = client.machine.fault();
  const bool is_timeout = fault.reason == ReasonCode::keep_alive_timeout;
  const bool was_told = client.session != nullptr && client.machine.version() == wire::Version::v5;
  if (was_told) core_.on_sent(client);  // DISCONNECT
  // Mosquitto's words where log readers know them.
  if (is_timeout) return part(client, WillFate::publish, "exceeded timeout");
  part(client, WillFate::publish, fmt::format("{} ({})", wire::name_of(fault.reason), fault.what));
}

void Lifecycle::disconnect(Client& client, ReasonCode reason, std::string_view why) {
  if (client.is_over) return;
  const std::size_t before = client.machine.output().size();
  client.machine.disconnect(reason, why);
  if (client.machine.output().size() > before) core_.on_sent(client);
  part(client, WillFate::publish, why);
}

void Lifecycle::refuse(Client& client, ReasonCode reason, std::string_view why) {
  client.machine.refuse(reason, why);
  core_.on_sent(client);
  part(client, WillFate::discard, why);
}

void Lifecycle::on_disconnect(Client& client, const wire::Disconnect& packet) {
  Session& session = *client.session;
  const auto expiry = packet.properties.number(wire::PropertyId::session_expiry_interval);
  if (expiry) {
    if (*expiry != 0 && session.expiry == base::Seconds{0}) {  // MQTT 5, 3.14.2.2.2.
      return disconnect(client, ReasonCode::protocol_error,
                        "Session Expiry Interval above 0 in DISCONNECT after 0 in CONNECT");
    }
    session.expiry =
        std::min(base::Seconds{*expiry}, core_.config.persistent_client_expiration().most);
  }
  client.machine.close();
  const bool is_normal =
      packet.reason == ReasonCode::normal_disconnection && !base::planted("will-after-disconnect");
  // [MQTT-3.14.4-3]; any other reason leaves the will to be published (MQTT 5, 3.14.4).
  part(client, is_normal ? WillFate::discard : WillFate::publish, "");
}

void Lifecycle::on_lost(Client& client, std::string_view why) {
  client.machine.close();
  const bool forgets = base::planted("forget-will");
  part(client, forgets ? WillFate::discard : WillFate::publish, why);
}

// Ends the client's part in the shard, once: whoever comes first says why.
void Lifecycle::part(Client& client, WillFate fate, std::string_view why) {
  if (client.is_over) return;
  client.is_over = true;
  log_parting(client, why);
  core_.touch(client);
  core_.timers.cancel(client.timer);
  subscriptions_.pause_retained(client);
  if (client.session == nullptr) return;
  const hook::ClientView view = view_of(client);
  hook::Disconnected event{.client = view, .why = why};
  core_.environment.hooks.run(event);
  Session& session = *std::exchange(client.session, nullptr);
  leave_session(session, fate);
}

void Lifecycle::leave_session(Session& session, WillFate fate) {
  session.connection = Session::offline;
  subscriptions_.set_presence(session, topic::Presence::offline);
  if (session.out.in_flight() > 0) PROBE("a connection ends with messages in flight");
  if (session.in.size() > 0) PROBE("a connection ends with QoS 2 unreleased");
  session.out.rewind();
  core_.metrics.sessions_online.subtract();
  core_.environment.totals.online.fetch_sub(1, std::memory_order_relaxed);
  if (fate == WillFate::discard) session.will.reset();
  if (session.expiry == base::Seconds{0}) return end(session);
  if (session.will) {
    const base::Seconds delay = std::min(session.will->delay, session.expiry);
    if (delay == base::Seconds{0}) {
      publish_will(session);
    } else {
      session.will_timer =
          core_.timers.set(core_.now + delay, {Timer::Kind::will, session.id.value});
    }
  }
  if (session.expiry != Session::never_expires && !base::planted("never-expire")) {
    session.expiry_timer = core_.timers.set(core_.now + session.expiry,
                                            {Timer::Kind::session_expiry, session.id.value});
  }
}

void Lifecycle::log_parting(const Client& client, std::string_view why) {
  if (!core_.config.connection_messages() || !core_.logs(config::LogType::notice)) return;
  const std::string who = fmt::format("Client {} [{}:{}] disconnected", name_of(client),
                                      client.peer.address, client.peer.port);
  core_.log(config::LogType::notice, why.empty() ? who + "." : fmt::format("{}: {}.", who, why));
}

// ---------------------------------------------------------------- sessions

void Lifecycle::keep(Session& session) {
  core_.timers.cancel(session.expiry_timer);
  if (base::planted("will-despite-return")) return;
  if (session.will) PROBE("a client returns before its will is due");
  core_.timers.cancel(session.will_timer);
  session.will.reset();
}

void Lifecycle::end(Session& session) {
  ASSERT(!session.is_online());
  core_.timers.cancel(session.expiry_timer);
  core_.timers.cancel(session.will_timer);
  // Out of the queue while its groups are known; QoS 1 messages of a group may go to others, QoS 2
  // may not [MQTT-4.8.2-5].
  const auto orphans = router_.take_orphans(session, 0, true);
  subscriptions_.remove_all(session);
  if (!orphans.empty()) PROBE("a session ends and others of its group get what waited");
  router_.give_again(orphans);
  core_.metrics.drops(Drop::session_ended).add(session.out.waiting() + session.out.in_flight());
  if (!base::planted("miscount-queued")) {
    core_.metrics.queued_messages.subtract(session.out.waiting());
  }
  if (session.out.in_flight() > 0) PROBE("a session ends with messages in flight");
  core_.metrics.queued_bytes.subtract(session.out.waiting_bytes());
  core_.environment.totals.message_bytes.fetch_sub(session.out.waiting_bytes(),
                                                   std::memory_order_relaxed);
  if (session.will)
    publish_will(session);  // MQTT 5, 3.1.3.2.2: the session's end is the latest moment.
  if (session.has_unpublished_drops) std::erase(core_.dropping, session.id);
  if (session.has_drops_topic) router_.publish(drops_message(session.client_id, {}), {});
  core_.metrics.sessions.subtract();
  core_.environment.totals.sessions.fetch_sub(1, std::memory_order_relaxed);
  core_.sessions.erase(session);
}

void Lifecycle::on_session_expired(Session& session) {
  PROBE("a session expires");
  core_.metrics.clients_expired.add();
  if (core_.logs(config::LogType::notice)) {
    core_.log(config::LogType::notice,
              fmt::format("Expiring client {} due to timeout.", session.client_id));
  }
  end(session);
}

void Lifecycle::on_will_due(Session& session) {
  PROBE("a delayed will is published");
  if (session.will) publish_will(session);
}

void Lifecycle::publish_will(Session& session) {
  const session::Will will = *std::exchange(session.will, std::nullopt);  // Once [MQTT-3.1.2-10].
  const PublisherRef publisher = session.publisher;
  if (base::planted("will-twice")) router_.publish(will.message, publisher);
  const hook::ClientView view = view_of(*publisher, core_.environment);
  hook::Authorize question{
      .client = view, .topic = will.message->topic(), .access = hook::Access::write};
  if (core_.environment.hooks.run(question) == hook::Decision::deny) {
    return core_.drop(Drop::not_authorized, nullptr);
  }
  router_.publish(will.expiry ? expiring(*will.message, core_.now + *will.expiry) : will.message,
                  publisher);
}

void Lifecycle::publish_wills() {
  core_.sessions.for_each([this](Session& session) {
    core_.timers.cancel(session.will_timer);
    if (session.will) publish_will(session);
  });
}

}  // namespace broker
