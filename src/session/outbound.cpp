#include "session/outbound.h"

#include <utility>

#include "base/assert.h"

namespace session {

using wire::PacketId;
using wire::Qos;

Queued Outbound::push(Delivery delivery, const QueueLimits& limits) {
  const auto is_full = [&] {
    return waiting_.size() >= limits.messages_max ||
           waiting_bytes_ + delivery.payload_size() > limits.bytes_max;
  };
  Queued result = Queued::waiting;
  if (is_full()) {
    if (limits.on_full == OnFull::disconnect) return Queued::must_disconnect;
    if (limits.on_full == OnFull::drop_newest || waiting_.empty()) return Queued::dropped_newest;
    take_waiting(0);
    if (is_full()) return Queued::dropped_newest;  // A large one does not push out many small ones.
    result = Queued::dropped_oldest;
  }
  waiting_bytes_ += delivery.payload_size();
  waiting_.push_back(std::move(delivery));
  return result;
}

std::optional<Outbound::Step> Outbound::next(const Window& window, base::Instant now,
                                             std::uint64_t& expired) {
  if (resume_at_ < in_flight_.size()) {
    if (resume_at_ >= window.messages_max) return std::nullopt;
    const InFlight& again = in_flight_[resume_at_++];
    const Kind kind = again.state == State::await_pubcomp ? Kind::release : Kind::publish;
    return Step{kind, again.id, true, &again.delivery};
  }
  while (!waiting_.empty()) {
    if (waiting_.front().message->is_expired(now)) {  // [MQTT-3.3.2-5]
      take_waiting(0);
      ++expired;
      continue;
    }
    if (waiting_.front().qos == Qos::at_most_once) {
      unqueued_ = take_waiting(0);
      return Step{Kind::publish, PacketId{}, false, &unqueued_};
    }
    if (!has_room(window)) return std::nullopt;
    const PacketId id = begin(take_waiting(0));
    return Step{Kind::publish, id, false, &in_flight_.back().delivery};
  }
  return std::nullopt;
}

PacketId Outbound::begin(Delivery delivery) {
  ASSERT(delivery.qos != Qos::at_most_once);
  ASSERT(resume_at_ == in_flight_.size());
  const PacketId id = take_id();
  in_flight_bytes_ += delivery.payload_size();
  const State state =
      delivery.qos == Qos::at_least_once ? State::await_puback : State::await_pubrec;
  in_flight_.push_back({std::move(delivery), id, state});
  resume_at_ = in_flight_.size();
  return id;
}

bool Outbound::on_puback(PacketId id) {
  const std::size_t at = find(id);
  if (at == npos || in_flight_[at].state != State::await_puback) return false;
  settle(at);
  return true;
}

bool Outbound::on_pubrec(PacketId id, bool is_error) {
  const std::size_t at = find(id);
  if (at == npos || in_flight_[at].state == State::await_puback) return false;
  if (is_error) {
    settle(at);
    return true;
  }
  InFlight& entry = in_flight_[at];
  if (entry.state == State::await_pubrec) {
    in_flight_bytes_ -= entry.delivery.payload_size();
    entry.delivery.message = {};  // It is never sent again [MQTT-4.3.3-6].
    entry.state = State::await_pubcomp;
  }
  return true;
}

bool Outbound::on_pubcomp(PacketId id) {
  const std::size_t at = find(id);
  if (at == npos || in_flight_[at].state != State::await_pubcomp) return false;
  settle(at);
  return true;
}

void Outbound::discard(PacketId id) {
  const std::size_t at = find(id);
  ASSERT(at != npos);
  settle(at);
}

// Acknowledgements come in sending order as a rule, so the search ends at the front.
std::size_t Outbound::find(PacketId id) const {
  for (std::size_t i = 0; i < in_flight_.size(); ++i) {
    if (in_flight_[i].id == id) return i;
  }
  return npos;
}

// Ids are given out in a circle and the window keeps that order, so all in use lie between the
// oldest and the newest; only when the circle has closed is there something to search for.
bool Outbound::is_in_use(PacketId id) const {
  if (in_flight_.empty()) return false;
  const auto oldest = in_flight_.front().id.value;
  const auto from_oldest = static_cast<std::uint16_t>(id.value - oldest);
  const auto newest_from_oldest = static_cast<std::uint16_t>(in_flight_.back().id.value - oldest);
  return from_oldest <= newest_from_oldest && find(id) != npos;
}

PacketId Outbound::take_id() {
  ASSERT(in_flight_.size() < 65'535);
  do {
    ++last_id_;
  } while (last_id_ == 0 || is_in_use(PacketId{last_id_}));  // [MQTT-2.2.1-4]
  return PacketId{last_id_};
}

void Outbound::settle(std::size_t at) {
  const InFlight entry = in_flight_.take(at);
  if (entry.delivery.message) in_flight_bytes_ -= entry.delivery.payload_size();
  if (at < resume_at_) --resume_at_;
}

Delivery Outbound::take_waiting(std::size_t at) {
  Delivery delivery = waiting_.take(at);
  waiting_bytes_ -= delivery.payload_size();
  return delivery;
}

void Outbound::forget_group(std::uint32_t group) {
  for (std::size_t i = 0; i < in_flight_.size(); ++i) {
    if (in_flight_[i].delivery.group == group) in_flight_[i].delivery.group = 0;
  }
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (waiting_[i].group == group) waiting_[i].group = 0;
  }
}

std::vector<Delivery> Outbound::take_shared(std::uint32_t group, bool in_flight_qos1) {
  const auto is_wanted = [group](const Delivery& d) {
    return d.group != 0 && (group == 0 || d.group == group);
  };
  std::vector<Delivery> taken;
  for (std::size_t i = 0; in_flight_qos1 && i < in_flight_.size();) {
    if (in_flight_[i].state == State::await_puback && is_wanted(in_flight_[i].delivery)) {
      in_flight_bytes_ -= in_flight_[i].delivery.payload_size();
      if (i < resume_at_) --resume_at_;
      taken.push_back(in_flight_.take(i).delivery);
    } else {
      ++i;
    }
  }
  // One pass over the queue, whatever is taken: what stays keeps its order.
  for (std::size_t left = waiting_.size(); left > 0; --left) {
    Delivery delivery = waiting_.pop_front();
    if (is_wanted(delivery)) {
      waiting_bytes_ -= delivery.payload_size();
      taken.push_back(std::move(delivery));
    } else {
      waiting_.push_back(std::move(delivery));
    }
  }
  return taken;
}

}  // namespace session
