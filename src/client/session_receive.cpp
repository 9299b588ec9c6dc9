// What a session does with the packets of the server.
#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "client/session.h"
#include "client/texts.h"

namespace client {

using wire::PacketId;
using wire::PacketType;
using wire::PropertyId;
using wire::Qos;
using wire::ReasonCode;
using wire::Version;

bool Session::handle(Event& out) {
  return std::visit([&](const auto& packet) { return on(packet, out); }, packet_);
}

// The server broke a rule that only a session can see.
bool Session::break_off(wire::Fault fault, Event& out) {
  connection_->disconnect(fault.reason, fault.what);
  end_error_ = broken_protocol(fault, options_.keep_alive);
  take_back();
  out = Ended{.why = end_error_};
  return true;
}

// ---------------------------------------------------------------- handshake

bool Session::on(const wire::Connack& connack, Event& out) {
  log_.received_code(PacketType::connack, connack.code);
  if (connack.code != 0) {
    end_error_ = refused(connack, options_.version);
    take_back();
    out = Ended{.why = end_error_, .from_server = true, .properties = connack.properties};
    return true;
  }
  if (connack.session_present && asked_clean_) {
    // [MQTT-3.2.2-4]. Without Clean Start the application said that it knows the session.
    return break_off(wire::protocol_error("Session Present after Clean Start"), out);
  }
  return accept(connack, out);
}

bool Session::accept(const wire::Connack& connack, Event& out) {
  const bool present = is_session_present(connack);
  if (!present) forget_session();
  adopt(connack);
  online_ = true;
  const bool again = options_.resubscribe == midge::Resubscribe::always ||
                     (options_.resubscribe == midge::Resubscribe::when_session_is_gone && !present);
  if (accepted_++ > 0 && again) subscribe_again();
  send_requests();
  for (const Releasing& releasing : releasing_) {  // [MQTT-4.4.0-1], [MQTT-4.6.0-4]
    acknowledge<wire::Pubrel>(releasing.id, ReasonCode::success);
  }
  pump();
  out = info_of(connack, present);
  return true;
}

bool Session::is_session_present(const wire::Connack& connack) const {
  // MQTT 3.1 does not say: a session that was wanted is taken to be there.
  return options_.version == Version::v31 ? !asked_clean_ : connack.session_present;
}

// [MQTT-3.2.2-5]. At QoS 1 the messages are published anew, which may repeat them, as QoS 1 may. At
// QoS 2 nobody knows any more whether they arrived: that is for the application to decide.
void Session::forget_session() {
  received_.clear();
  for (Releasing& releasing : std::exchange(releasing_, {})) {
    ids_.erase(releasing.id);
    if (!releasing.abandoned) fail(std::move(releasing.done), session_forgotten());
  }
  std::deque<Outgoing> anew;
  for (Outgoing& outgoing : std::exchange(in_flight_, {})) {
    ids_.erase(outgoing.id);
    if (outgoing.abandoned) continue;
    if (outgoing.qos == Qos::exactly_once) {
      fail(std::move(outgoing.done), session_forgotten());
      continue;
    }
    outgoing.dup = false;
    anew.push_back(std::move(outgoing));
  }
  unsent_ = 0;
  queue_.insert(queue_.begin(), std::make_move_iterator(anew.begin()),
                std::make_move_iterator(anew.end()));
}

void Session::adopt(const wire::Connack& connack) {
  const wire::Properties& said = connack.properties;
  // [MQTT-3.3.4-7], [MQTT-4.9.0-1]
  quota_ = std::min(options_.in_flight_max, connection_->peer_receive_maximum());
  qos_max_ = Qos{static_cast<std::uint8_t>(said.number(PropertyId::maximum_qos).value_or(2))};
  retain_available_ = said.number(PropertyId::retain_available).value_or(1) != 0;
  alias_max_ = static_cast<std::uint16_t>(said.number(PropertyId::topic_alias_maximum).value_or(0));
  if (const auto assigned = said.text(PropertyId::assigned_client_identifier)) {
    client_id_ = *assigned;
    log_.set_client_id(client_id_);
  }
}

midge::ConnectInfo Session::info_of(const wire::Connack& connack, bool present) const {
  return {.session_present = present,
          .client_id = client_id_,
          .keep_alive = connection_->keep_alive(),
          .qos_max = qos_max_,
          .retain_available = retain_available_,
          .packet_size_max = connection_->peer_packet_size_max(),
          .receive_maximum = connection_->peer_receive_maximum(),
          .properties = connack.properties};
}

bool Session::on(const wire::Auth& auth, Event& out) {
  log_.received(PacketType::auth);
  out = midge::AuthEvent{.reason = auth.reason, .properties = auth.properties};
  return true;
}

bool Session::on(const wire::Disconnect& disconnect, Event& out) {
  log_.received_code(PacketType::disconnect, static_cast<unsigned>(disconnect.reason));
  end_error_ = server_disconnected(disconnect);
  take_back();
  out = Ended{.why = end_error_, .from_server = true, .properties = disconnect.properties};
  return true;
}

bool Session::on(const wire::Pingresp&, Event&) {
  log_.received(PacketType::pingresp);
  ping_outstanding_ = false;
  return false;
}

bool Session::on(const wire::Connect&, Event&) {
  UNREACHABLE();
}
bool Session::on(const wire::Subscribe&, Event&) {
  UNREACHABLE();
}
bool Session::on(const wire::Unsubscribe&, Event&) {
  UNREACHABLE();
}
bool Session::on(const wire::Pingreq&, Event&) {
  UNREACHABLE();
}

// ---------------------------------------------------------------- messages to us

template <class Ack>
void Session::acknowledge(PacketId id, ReasonCode reason) {
  log_.sending_acknowledgement(Ack::type, id, reason);
  connection_->send(Ack{.id = id, .reason = reason});
}

// Acknowledgements go out in the order of the messages [MQTT-4.6.0-2], [MQTT-4.6.0-3].
bool Session::on(const wire::Publish& publish, Event& out) {
  log_.received(publish);
  bool is_new = true;
  switch (publish.qos) {
    case Qos::at_most_once:
      break;
    case Qos::at_least_once:
      acknowledge<wire::Puback>(publish.id, ReasonCode::success);  // [MQTT-4.3.2-4]
      connection_->settle_received();
      break;
    case Qos::exactly_once:
      is_new = received_.insert(publish.id);
      // A repeat on the same connection was counted twice.
      if (!received_here_.insert(publish.id)) connection_->settle_received();
      acknowledge<wire::Pubrec>(publish.id, ReasonCode::success);  // [MQTT-4.3.3-8]
      break;
  }
  if (!is_new) return false;  // [MQTT-4.3.3-10]
  out = midge::Message{.topic = publish.topic,
                       .payload = publish.payload,
                       .qos = publish.qos,
                       .retain = publish.retain,
                       .dup = publish.dup,
                       .id = publish.id.value,
                       .properties = publish.properties};
  return true;
}

bool Session::on(const wire::Pubrel& pubrel, Event&) {
  log_.received_acknowledgement(PacketType::pubrel, pubrel.id, pubrel.reason);
  const bool known = received_.erase(pubrel.id);
  if (received_here_.erase(pubrel.id)) connection_->settle_received();
  const bool says_so = !known && options_.version == Version::v5;
  acknowledge<wire::Pubcomp>(  // [MQTT-4.3.3-11]
      pubrel.id, says_so ? ReasonCode::packet_identifier_not_found : ReasonCode::success);
  return false;
}

// ---------------------------------------------------------------- messages of ours

bool Session::publish_done(midge::PublishHandler done, ReasonCode reason,
                           const wire::Properties& properties, Event& out) {
  pump();
  if (!done) return false;
  midge::PublishResult result{.reason = reason, .properties = properties};
  if (wire::is_error(reason)) result.error = rejected(reason, properties);
  out = PublishDone{std::move(done), std::move(result)};
  return true;
}

bool Session::on(const wire::Puback& puback, Event& out) {
  log_.received_acknowledgement(PacketType::puback, puback.id, puback.reason);
  Outgoing* outgoing = find_sent(puback.id);
  if (outgoing == nullptr) {
    log_.unknown_id(PacketType::puback, puback.id);
    return false;
  }
  if (outgoing->qos != Qos::at_least_once) {
    return break_off(wire::protocol_error("PUBACK for a message of QoS 2"), out);
  }
  midge::PublishHandler done = std::move(outgoing->done);
  settle(*outgoing);
  return publish_done(std::move(done), puback.reason, puback.properties, out);
}

bool Session::on(const wire::Pubrec& pubrec, Event& out) {
  log_.received_acknowledgement(PacketType::pubrec, pubrec.id, pubrec.reason);
  Outgoing* outgoing = find_sent(pubrec.id);
  if (outgoing == nullptr) {
    const bool known = find_releasing(pubrec.id) != nullptr;
    if (!known) log_.unknown_id(PacketType::pubrec, pubrec.id);
    if (wire::is_error(pubrec.reason)) return false;
    const bool says_so = !known && options_.version == Version::v5;
    acknowledge<wire::Pubrel>(
        pubrec.id, says_so ? ReasonCode::packet_identifier_not_found : ReasonCode::success);
    return false;
  }
  if (outgoing->qos != Qos::exactly_once) {
    return break_off(wire::protocol_error("PUBREC for a message of QoS 1"), out);
  }
  midge::PublishHandler done = std::move(outgoing->done);
  if (wire::is_error(pubrec.reason)) {  // [MQTT-4.4.0-2]
    settle(*outgoing);
    return publish_done(std::move(done), pubrec.reason, pubrec.properties, out);
  }
  releasing_.push_back(
      {.id = pubrec.id, .counts = true, .abandoned = outgoing->abandoned, .done = std::move(done)});
  remove(*outgoing);                                          // [MQTT-4.3.3-6]
  acknowledge<wire::Pubrel>(pubrec.id, ReasonCode::success);  // [MQTT-4.3.3-4]
  return false;
}

bool Session::on(const wire::Pubcomp& pubcomp, Event& out) {
  log_.received_acknowledgement(PacketType::pubcomp, pubcomp.id, pubcomp.reason);
  Releasing* found = find_releasing(pubcomp.id);
  if (found == nullptr) {
    log_.unknown_id(PacketType::pubcomp, pubcomp.id);
    return false;
  }
  midge::PublishHandler done = std::move(found->done);
  if (found->counts) --quota_used_;
  ids_.erase(pubcomp.id);
  releasing_.erase(releasing_.begin() + (found - &*releasing_.begin()));
  return publish_done(std::move(done), pubcomp.reason, pubcomp.properties, out);
}

// ---------------------------------------------------------------- requests

bool Session::on(const wire::Suback& suback, Event& out) {
  log_.received(PacketType::suback);
  std::optional<Request> request = take_request(suback.id, true);
  if (!request) {
    log_.unknown_id(PacketType::suback, suback.id);
    return false;
  }
  if (suback.codes.size() != request->subscriptions.size()) {
    return break_off(wire::protocol_error("SUBACK with another number of reason codes"), out);
  }
  return request_done(std::move(*request), suback.codes, suback.properties, out);
}

bool Session::on(const wire::Unsuback& unsuback, Event& out) {
  log_.received(PacketType::unsuback);
  std::optional<Request> request = take_request(unsuback.id, false);
  if (!request) {
    log_.unknown_id(PacketType::unsuback, unsuback.id);
    return false;
  }
  const bool has_codes = options_.version == Version::v5;
  if (has_codes && unsuback.codes.size() != request->filters.size()) {
    return break_off(wire::protocol_error("UNSUBACK with another number of reason codes"), out);
  }
  return request_done(std::move(*request), unsuback.codes, unsuback.properties, out);
}

bool Session::request_done(Request request, const std::vector<ReasonCode>& codes,
                           const wire::Properties& properties, Event& out) {
  remember(request, codes);
  send_requests();
  if (!request.done) return false;
  out = RequestDone{std::move(request.done),
                    {.id = request.id.value, .codes = codes, .properties = properties}};
  return true;
}

void Session::remember(const Request& request, const std::vector<ReasonCode>& codes) {
  if (options_.resubscribe == midge::Resubscribe::never) return;
  for (std::size_t i = 0; i < request.subscriptions.size(); ++i) {
    remember_one(request.subscriptions[i], request.properties, codes[i], request.again);
  }
  for (std::size_t i = 0; i < request.filters.size(); ++i) {
    if (i < codes.size() && wire::is_error(codes[i])) continue;
    subscriptions_.erase(request.filters[i]);
  }
}

void Session::remember_one(const midge::Subscription& subscription,
                           const wire::PropertyList& properties, ReasonCode code, bool again) {
  if (!wire::is_error(code)) {
    subscriptions_.insert_or_assign(subscription.filter, Kept{subscription, properties});
    return;
  }
  if (!again) return;  // The handler knows; what was there before stays.
  log_.resubscribe_refused(subscription.filter, code);
  subscriptions_.erase(subscription.filter);
}

}  // namespace client
