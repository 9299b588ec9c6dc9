#include "session/outbound.h"

#include <bitset>
#include <utility>

#include "base/assert.h"
#include "base/planted.h"
#include "base/probe.h"

namespace session {

using wire::PacketId;
using wire::Qos;

Queued Outbound::push(Delivery delivery, const QueueLimits& limits) {
  const auto fits_behind = [&](std::size_t messages, std::uint64_t bytes) {
    return messages < limits.messages_max && bytes + delivery.payload_size() <= limits.bytes_max;
  };
  Queued result = Queued::waiting;
  if (!fits_behind(waiting_.size(), waiting_bytes_)) {
    if (limits.on_full == OnFull::disconnect) return Queued::must_disconnect;
    if (limits.on_full == OnFull::drop_newest || waiting_.empty()) return Queued::dropped_newest;
    // A large one does not push out many small ones.
    const std::uint64_t bytes_left = waiting_bytes_ - waiting_.front().payload_size();
    if (!fits_behind(waiting_.size() - 1, bytes_left)) return Queued::dropped_newest;
    take_waiting(0);
    result = Queued::dropped_oldest;
  }
  count_waiting(delivery);
  waiting_.push_back(std::move(delivery));
  return result;
}

std::optional<Outbound::Step> Outbound::next(const Window& window, base::Instant now,
                                             std::uint64_t& expired) {
  if (unqueued_.message) unqueued_ = {};
  if (resume_at_ < in_flight_.size()) {
    if (resume_at_ >= window.messages_max) return std::nullopt;
    const InFlight& again = in_flight_[resume_at_++];
    const Kind kind = again.state == State::await_pubcomp ? Kind::release : Kind::publish;
    if (kind == Kind::release) PROBE("PUBREL is sent again");
    PROBE("a packet in flight is sent again");
    const bool says_so = !base::planted("skip-dup");  // [MQTT-3.3.1-1]
    return Step{kind, again.id, says_so, &again.delivery};
  }
  while (!waiting_.empty()) {
    if (waiting_.front().message->is_expired(now) &&
        !base::planted("deliver-expired")) {  // [MQTT-3.3.2-5]
      take_waiting(0);
      ++expired;
      PROBE("a message expires in the queue");
      continue;
    }
    if (waiting_.front().qos == Qos::at_most_once) {
      unqueued_ = take_waiting(0);
      return Step{Kind::publish, PacketId{}, false, &unqueued_};
    }
    if (!has_room(window)) return std::nullopt;
    const std::size_t at = base::planted("newest-first") ? waiting_.size() - 1 : 0;
    const PacketId id = begin(take_waiting(at));
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
  take_in_flight(at);
  return true;
}

bool Outbound::on_pubrec(PacketId id, bool is_error) {
  const std::size_t at = find(id);
  if (at == npos || in_flight_[at].state == State::await_puback) return false;
  if (is_error) {
    take_in_flight(at);
    return true;
  }
  InFlight& entry = in_flight_[at];
  if (base::planted("release-id-early")) {
    take_in_flight(at);
    return true;
  }
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
  take_in_flight(at);
  return true;
}

void Outbound::discard(PacketId id) {
  const std::size_t at = find(id);
  ASSERT(at != npos);
  take_in_flight(at);
}

// Acknowledgements come in sending order as a rule, so the search ends at the front.
std::size_t Outbound::find(PacketId id) const {
  for (std::size_t i = 0; i < in_flight_.size(); ++i) {
    if (in_flight_[i].id == id) return i;
  }
  return npos;
}

// Ids are given out in a circle and in_flight_ keeps that order, so a new one can only meet those
// at the front that the circle has gone all around: the lapped ones, and then the next behind them.
PacketId Outbound::take_id() {
  ASSERT(in_flight_.size() < 65'535);
  const std::uint16_t before = last_id_;
  if (++last_id_ == 0) ++last_id_;
  const bool meets_none =
      in_flight_.empty() || (lapped_ == 0 && in_flight_.front().id.value != last_id_);
  if (meets_none) [[likely]] {
    return PacketId{last_id_};
  }
  skip_used_ids();  // [MQTT-2.2.1-4]
  const auto steps_to = [before](std::uint16_t id) {
    return static_cast<std::uint16_t>(id - before);
  };
  while (lapped_ < in_flight_.size()) {
    const std::uint16_t steps = steps_to(in_flight_[lapped_].id.value);
    if (steps == 0 || steps > steps_to(last_id_)) break;
    ++lapped_;
  }
  return PacketId{last_id_};
}

// One pass, however many are stuck and wherever the next free id is.
void Outbound::skip_used_ids() {
  std::bitset<65'536> used;
  used.set(0);
  for (std::size_t i = 0; i < in_flight_.size(); ++i) used.set(in_flight_[i].id.value);
  while (used.test(last_id_)) ++last_id_;
}

Outbound::InFlight Outbound::take_in_flight(std::size_t at) {
  InFlight entry = in_flight_.take(at);
  if (entry.delivery.message) in_flight_bytes_ -= entry.delivery.payload_size();
  if (at < resume_at_) --resume_at_;
  if (at < lapped_) --lapped_;
  return entry;
}

Delivery Outbound::take_waiting(std::size_t at) {
  Delivery delivery = waiting_.take(at);
  uncount_waiting(delivery);
  return delivery;
}

void Outbound::count_waiting(const Delivery& delivery) {
  waiting_bytes_ += delivery.payload_size();
  if (delivery.qos == Qos::at_most_once) ++waiting_qos0_;
}

void Outbound::uncount_waiting(const Delivery& delivery) {
  waiting_bytes_ -= delivery.payload_size();
  if (delivery.qos == Qos::at_most_once) --waiting_qos0_;
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
      taken.push_back(take_in_flight(i).delivery);
    } else {
      ++i;
    }
  }
  // One pass over the queue, whatever is taken: what stays keeps its order.
  for (std::size_t left = waiting_.size(); left > 0; --left) {
    Delivery delivery = waiting_.pop_front();
    if (is_wanted(delivery)) {
      uncount_waiting(delivery);
      taken.push_back(std::move(delivery));
    } else {
      waiting_.push_back(std::move(delivery));
    }
  }
  return taken;
}

}  // namespace session
