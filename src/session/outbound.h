// What a session owes its client: QoS 1 and 2 messages in flight (sent, not yet acknowledged; in
// sending order) and behind them those that wait. Outlives connections; knows none: the caller
// sends what next() hands out. One owner, one thread. Limits bound both parts; whatever does not
// fit is given back to be counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/planted.h"
#include "base/ring.h"
#include "base/time.h"
#include "session/message.h"
#include "wire/types.h"

namespace session {

// One message on its way to one client.
struct Delivery {
  MessageRef message{};
  std::unique_ptr<std::vector<std::uint32_t>> more_identifiers{};  // Beyond the first.
  std::uint32_t identifier = 0;  // Subscription Identifier; 0: none.
  std::uint32_t group =
      0;  // 1 + the shared subscription's group that chose this client; 0: not shared.
  wire::Qos qos = wire::Qos::at_most_once;
  bool retain = false;  // The flag that goes out.

  std::size_t payload_size() const { return message->payload().size(); }
};

enum class OnFull : std::uint8_t { drop_newest, drop_oldest, disconnect };

struct QueueLimits {
  std::size_t messages_max = 1000;       // Waiting, beyond those in flight.
  std::uint64_t bytes_max = UINT64_MAX;  // Payload bytes waiting.
  OnFull on_full = OnFull::drop_newest;
};

struct Window {
  std::uint16_t messages_max = 20;  // The smaller of max_inflight_messages and Receive Maximum.
  std::uint64_t bytes_max = UINT64_MAX;  // Payload bytes in flight.
};

enum class Queued : std::uint8_t { waiting, dropped_newest, dropped_oldest, must_disconnect };

class Outbound final {
 public:
  // Takes a message of any QoS that has to wait.
  [[nodiscard]] Queued push(Delivery delivery, const QueueLimits& limits);

  // ---- sending
  enum class Kind : std::uint8_t { publish, release };
  struct Step {
    Kind kind = Kind::publish;
    wire::PacketId id;       // Zero for QoS 0.
    bool is_repeat = false;  // DUP [MQTT-3.3.1-1].
    // For `publish`; until the next call. At QoS 0 it is already out of the queue.
    const Delivery* delivery = nullptr;
  };
  // The next packet to send on this connection, if the window has room: first what an earlier
  // connection left [MQTT-4.4.0-1], then what waits. Messages that expired while waiting are
  // dropped and counted in `expired`.
  std::optional<Step> next(const Window& window, base::Instant now, std::uint64_t& expired);
  // The same for a message that goes out without waiting; only when can_bypass().
  bool can_bypass(const Window& window) const {
    return waiting_.empty() && resume_at_ == in_flight_.size() && has_room(window);
  }
  wire::PacketId begin(Delivery delivery);
  const Delivery& newest() const { return in_flight_.back().delivery; }

  // ---- acknowledgements. False: no such packet is in flight in that state.
  [[nodiscard]] bool on_puback(wire::PacketId id);
  // An error settles the message [MQTT-4.4.0-2]; otherwise PUBREL is to be sent, by the caller.
  [[nodiscard]] bool on_pubrec(wire::PacketId id, bool is_error);
  [[nodiscard]] bool on_pubcomp(wire::PacketId id);
  // The packet was too large for this client: as if delivered [MQTT-3.1.2-25].
  void discard(wire::PacketId id);

  // The connection is gone: everything in flight is to be sent again on the next one.
  void rewind() {
    if (!base::planted("forget-rewind")) resume_at_ = 0;
  }

  // ---- shared subscriptions
  // Takes out the waiting messages of one group (1 + id), or of all groups with 0, never sent:
  // another member may have them. With `in_flight_qos1` also those of QoS 1 that were sent but
  // never acknowledged.
  std::vector<Delivery> take_shared(std::uint32_t group, bool in_flight_qos1);

  // The client left the group: what it was given is its own now, whatever becomes of the group's
  // number.
  void forget_group(std::uint32_t group);

  std::size_t in_flight() const { return in_flight_.size(); }
  std::size_t waiting() const { return waiting_.size(); }
  // One more of QoS 0 has to wait behind them [MQTT-4.6.0-6].
  bool has_waiting_qos0() const { return waiting_qos0_ > 0; }
  std::uint64_t waiting_bytes() const { return waiting_bytes_; }
  bool empty() const { return in_flight_.empty() && waiting_.empty(); }

 private:
  enum class State : std::uint8_t { await_puback, await_pubrec, await_pubcomp };
  struct InFlight {
    Delivery delivery{};  // Its message is released once PUBREC came.
    wire::PacketId id{};
    State state = State::await_puback;
  };
  static constexpr std::size_t npos = SIZE_MAX;

  bool has_room(const Window& window) const {
    const std::size_t more = base::planted("window-off-by-one") ? 1 : 0;
    return resume_at_ < window.messages_max + more && in_flight_bytes_ < window.bytes_max;
  }
  std::size_t find(wire::PacketId id) const;
  wire::PacketId take_id();
  void skip_used_ids();
  InFlight take_in_flight(std::size_t at);
  Delivery take_waiting(std::size_t at);
  void count_waiting(const Delivery& delivery);
  void uncount_waiting(const Delivery& delivery);

  // In sending order, not by id: ids wrap, and sending again must keep the order [MQTT-4.6.0-1].
  base::Ring<InFlight> in_flight_;
  base::Ring<Delivery> waiting_;
  Delivery unqueued_{};        // The QoS 0 message of the last Step.
  std::size_t resume_at_ = 0;  // In flight before this one: sent on this connection.
  std::size_t lapped_ = 0;     // So many at the front kept their id while the circle went around.
  std::uint64_t in_flight_bytes_ = 0;
  std::uint64_t waiting_bytes_ = 0;
  std::size_t waiting_qos0_ = 0;
  std::uint16_t last_id_ = 0;
};

}  // namespace session
