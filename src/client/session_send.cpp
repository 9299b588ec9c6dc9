// How a session publishes: the queue, the send quota, what is in flight.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "client/check.h"
#include "client/session.h"
#include "client/texts.h"
#include "wire/codec.h"

namespace client {

using wire::PropertyId;
using wire::Qos;

midge::Result<void> Session::publish(std::string_view topic, const midge::Payload& payload,
                                     const midge::PublishOptions& options,
                                     midge::PublishHandler done) {
  if (auto checked = check_publish(topic, payload.bytes(), options, options_); !checked) {
    return checked;
  }
  if (online_) {
    auto error = check_server_limits(options.qos, options.retain);
    if (!error && options.properties) error = check_alias(options.properties->view());
    if (error) return base::Error{*error};
  } else if (options.qos == Qos::at_most_once && !options_.queue_qos0_offline) {
    return base::Error{no_connection()};
  }
  if (!has_room(options.qos)) {
    blocked_ = true;
    return base::Error{queue_full()};
  }
  if (goes_at_once(options.qos)) {
    const wire::Publish publish{
        .retain = options.retain,
        .topic = topic,
        .properties = options.properties ? options.properties->view() : wire::Properties{},
        .payload = payload.bytes()};
    return send_unkept(publish, payload.owner(), std::move(done));
  }
  queue_.push_back(keep(topic, payload, options, std::move(done)));
  if (options.qos == Qos::at_most_once) ++queued_qos0_;
  pump();
  return {};
}

std::optional<midge::Error> Session::check_server_limits(Qos qos, bool retain) const {
  if (qos > qos_max_) return qos_too_high(qos_max_);                // [MQTT-3.2.2-11]
  if (retain && !retain_available_) return no_retained_messages();  // [MQTT-3.2.2-14]
  return std::nullopt;
}

// One that the application chose; our own are within the maximum anyway.
std::optional<midge::Error> Session::check_alias(const wire::Properties& properties) const {
  if (properties.empty()) return std::nullopt;
  const auto alias = properties.number(PropertyId::topic_alias);
  if (!alias || *alias <= alias_max_) return std::nullopt;
  return alias_too_high(alias_max_);  // [MQTT-3.2.2-17], [MQTT-3.2.2-18]
}

// QoS 0 overtakes what waits for the send quota, but not its own kind.
bool Session::goes_at_once(Qos qos) const {
  return online_ && qos == Qos::at_most_once && queued_qos0_ == 0;
}

bool Session::has_output_room() const {
  return connection_->output().size() < options_.output_bytes_max;
}

bool Session::has_room(Qos qos) const {
  return goes_at_once(qos) ? has_output_room() : queue_.size() < options_.queue_max;
}

Session::Outgoing Session::keep(std::string_view topic, const midge::Payload& payload,
                                const midge::PublishOptions& options, midge::PublishHandler done) {
  Outgoing outgoing{.qos = options.qos,
                    .retain = options.retain,
                    .connection = online_ ? accepted_ : accepted_ + 1,
                    .topic = std::string{topic},
                    .owner = payload.owner(),
                    .payload = payload.bytes(),
                    .done = std::move(done)};
  if (options.properties != nullptr) outgoing.properties = *options.properties;
  if (!outgoing.owner && !outgoing.payload.empty()) {
    auto* text = new OwnedText{std::string{base::as_text(outgoing.payload)}};
    outgoing.owner = base::Ref<const base::Shared>{text};
    outgoing.payload = text->bytes();
  }
  return outgoing;
}

midge::Result<void> Session::send_unkept(const wire::Publish& publish,
                                         const base::Ref<const base::Shared>& owner,
                                         midge::PublishHandler done) {
  if (!write(publish, owner)) {
    return base::Error{too_large_for(connection_->peer_packet_size_max())};
  }
  if (done) unwritten_.push_back({written_ + connection_->output().size(), std::move(done)});
  return {};
}

// The application's own topic alias and ours would clash: then it alone decides.
bool Session::write(const wire::Publish& publish, const base::Ref<const base::Shared>& owner) {
  // QoS 0 has no identifier, but the debug lines of mosquitto's clients count it.
  log_.sending(publish, publish.id.value != 0 ? publish.id : wire::PacketId{++last_id_});
  return connection_->send_publish(publish, owner);
}

// Sends what quota and output allow: first again what was in flight, in its order [MQTT-4.6.0-1].
void Session::pump() {
  while (online_ && has_output_room()) {
    if (unsent_ > 0) {
      if (!has_quota()) break;
      resend_first();
      continue;
    }
    if (queue_.empty()) break;
    if (queue_.front().qos != Qos::at_most_once && !has_quota()) break;  // [MQTT-4.9.0-2]
    send_first();
  }
  note_room();
}

void Session::resend_first() {
  Outgoing& outgoing = in_flight_[in_flight_.size() - unsent_];
  --unsent_;
  ++quota_used_;
  if (!send(outgoing)) settle(outgoing);
}

void Session::send_first() {
  Outgoing outgoing = std::move(queue_.front());
  queue_.pop_front();
  if (outgoing.qos == Qos::at_most_once) {
    --queued_qos0_;
    if (send(outgoing) && outgoing.done) {
      unwritten_.push_back({written_ + connection_->output().size(), std::move(outgoing.done)});
    }
    return;
  }
  outgoing.id = take_id();
  if (!send(outgoing)) {
    ids_.erase(outgoing.id);
    return;
  }
  ++quota_used_;
  in_flight_.push_back(std::move(outgoing));
}

// False: it can't be sent on this connection, and its handler will hear why.
bool Session::send(Outgoing& outgoing) {
  std::optional<midge::Error> error = check_server_limits(outgoing.qos, outgoing.retain);
  if (!error && !prepare_alias(outgoing)) error = alias_forgotten();
  if (!error) error = check_alias(outgoing.properties.view());
  if (!error) {
    const wire::Publish publish{.dup = outgoing.dup,
                                .qos = outgoing.qos,
                                .retain = outgoing.retain,
                                .topic = outgoing.topic,
                                .id = outgoing.id,
                                .properties = outgoing.properties.view(),
                                .payload = outgoing.payload};
    if (write(publish, outgoing.owner)) return true;
    error = too_large_for(connection_->peer_packet_size_max());
  }
  if (!outgoing.abandoned) fail(std::move(outgoing.done), *error);
  return false;
}

// A topic alias that the application chose is for the connection it was chosen on [MQTT-3.3.2-7].
bool Session::prepare_alias(Outgoing& outgoing) {
  if (outgoing.properties.empty() || outgoing.connection == accepted_) return true;
  const wire::Properties given = outgoing.properties.view();
  if (!given.find(PropertyId::topic_alias)) return true;
  if (outgoing.topic.empty()) return false;
  wire::PropertyList others;
  for (auto p = given.begin(); p != wire::Properties::end(); ++p) {
    if (p->id != PropertyId::topic_alias) others.add_encoded(p.encoded());
  }
  outgoing.properties = std::move(others);
  return true;
}

void Session::fail(midge::PublishHandler done, const midge::Error& why) {
  if (done) events_.emplace_back(PublishDone{std::move(done), {.error = why}});
}

// Linear, but acknowledgements come in the order of the messages: it is the first one.
Session::Outgoing* Session::find_sent(wire::PacketId id) {
  const std::size_t sent = in_flight_.size() - unsent_;
  for (std::size_t i = 0; i < sent; ++i) {
    if (in_flight_[i].id == id) return &in_flight_[i];
  }
  return nullptr;
}

Session::Releasing* Session::find_releasing(wire::PacketId id) {
  const auto found = std::ranges::find(releasing_, id, &Releasing::id);
  return found == releasing_.end() ? nullptr : &*found;
}

void Session::settle(Outgoing& outgoing) {
  ASSERT(quota_used_ > 0);
  --quota_used_;
  ids_.erase(outgoing.id);
  remove(outgoing);
}

void Session::remove(Outgoing& outgoing) {
  in_flight_.erase(std::ranges::find(in_flight_, outgoing.id, &Outgoing::id));
}

void Session::note_room() {
  if (!blocked_ || queue_.size() > options_.queue_max / 2) return;
  if (online_ && connection_->output().size() > options_.output_bytes_max / 2) return;
  blocked_ = false;
  events_.emplace_back(Writable{});
}

std::size_t Session::pending() const {
  const auto in_flight = std::ranges::count(in_flight_, false, &Outgoing::abandoned);
  const auto releasing = std::ranges::count(releasing_, false, &Releasing::abandoned);
  return queue_.size() + unwritten_.size() + static_cast<std::size_t>(in_flight + releasing);
}

}  // namespace client
