#include "sim/flight_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

void FlightCheck::broken(const Session& session, const std::string& what) {
  model_.world().broken(name(), session.id + ": " + what);
}

void FlightCheck::accepted(const Session& session, const Link&, const Packet&) {
  Flight& flight = flights_[session.id];
  flight.last_again = 0;
  const std::size_t too_large =
      session.packet_size_max - std::min<std::size_t>(session.packet_size_max, 120);
  for (auto& [id, known] : flight.packets) {
    known.may_vanish = known.may_vanish || known.payload.size() > too_large;
  }
  flight.window = std::min<std::size_t>(session.receive_maximum, model_.options().inflight_max);
}

void FlightCheck::received(const Session& session, const Link& link, const Packet& packet) {
  if (packet.type == Type::pubrec && packet.reason < 0x80) {
    unanswered_[link.number].insert(packet.id);
  }
  Flight& flight = flights_[session.id];
  const auto at = flight.packets.find(packet.id);
  if (at == flight.packets.end()) return;
  const bool is_error = packet.reason >= 0x80;
  const State state = at->second.state;
  const bool settles = (packet.type == Type::puback && state == State::await_puback) ||
                       (packet.type == Type::pubcomp && state == State::await_pubcomp) ||
                       (packet.type == Type::pubrec && state != State::await_puback && is_error);
  if (settles) {
    flight.packets.erase(at);
  } else if (packet.type == Type::pubrec && state == State::await_pubrec) {
    at->second.state = State::await_pubcomp;
  }
}

void FlightCheck::sent(const Session& session, const Link& link, const Packet& packet) {
  if (packet.size > session.packet_size_max) {  // [MQTT-3.1.2-24]
    return broken(session, fmt::format("a packet of {} bytes, more than its Maximum Packet Size",
                                       packet.size));
  }
  Flight& flight = flights_[session.id];
  if (packet.type == Type::pubrel) return on_pubrel(session, flight, link, packet);
  if (packet.type == Type::publish && packet.qos > 0) on_publish(session, flight, link, packet);
}

void FlightCheck::on_publish(const Session& session, Flight& flight, const Link& link,
                             const Packet& packet) {
  const auto at = flight.packets.find(packet.id);
  if (packet.dup) {
    if (at == flight.packets.end()) {
      return broken(session, fmt::format("id {} is sent again and not in flight", packet.id));
    }
    if (at->second.state == State::await_pubcomp) {
      return broken(session,
                    fmt::format("id {} is sent again after PUBREC", packet.id));  // [MQTT-4.3.3-6]
    }
    if (at->second.payload != packet.payload) {
      return broken(session, fmt::format("id {} is sent again with another message", packet.id));
    }
    return on_again(session, flight, link, at->second);
  }
  if (at != flight.packets.end() && !at->second.may_vanish) {  // [MQTT-2.2.1-4]
    return broken(session, fmt::format("id {} names two messages in flight", packet.id));
  }
  const State state = packet.qos == 1 ? State::await_puback : State::await_pubrec;
  flight.packets[packet.id] = {packet.payload, state, ++order_, link.number};
  const auto on_this =
      std::count_if(flight.packets.begin(), flight.packets.end(),
                    [&](const auto& one) { return one.second.sent_on == link.number; });
  if (static_cast<std::size_t>(on_this) > flight.window) {  // [MQTT-3.3.4-9]
    broken(session, fmt::format("{} in flight, Receive Maximum is {}", on_this, flight.window));
  }
}

void FlightCheck::on_again(const Session& session, Flight& flight, const Link& link,
                           InFlight& known) {
  if (std::exchange(known.sent_on, link.number) == link.number) {
    return broken(session, "a packet is sent twice on one connection");
  }
  if (known.order <= flight.last_again) broken(session, "sent again in another order");
  flight.last_again = known.order;
}

void FlightCheck::on_pubrel(const Session& session, Flight& flight, const Link& link,
                            const Packet& packet) {
  auto& unanswered = unanswered_[link.number];
  if (const auto asked = unanswered.find(packet.id); asked != unanswered.end()) {
    unanswered.erase(asked);
  }
  const auto at = flight.packets.find(packet.id);
  if (at == flight.packets.end()) {  // An answer to a PUBREC of an earlier session.
    const bool told = packet.reason == 0x92 || session.version != 5;
    if (!told) broken(session, fmt::format("PUBREL for id {}, which is not in flight", packet.id));
    return;
  }
  if (at->second.state != State::await_pubcomp) {
    return broken(session, fmt::format("PUBREL for id {} before PUBREC", packet.id));
  }
  at->second.sent_on = link.number;
}

// With everybody there and answering, nothing stays in flight.
void FlightCheck::at_rest() {
  for (const auto& [id, session] : model_.sessions()) {
    if (session.online == nullptr) continue;
    if (!unanswered_[session.online->number].empty()) {
      return broken(session, "a PUBREC is never answered");
    }
    for (const auto& [number, known] : flights_[id].packets) {
      if (known.may_vanish) continue;
      return broken(session, fmt::format("packet {} is never acknowledged", number));
    }
  }
}

}  // namespace sim
