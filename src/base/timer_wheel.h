// Timers in O(1): set, cancel and fire cost the same with ten timers or ten million. A hierarchical
// wheel (Varghese and Lauck, 1987) of 8 levels of 64 slots; a timer moves down at most 7 times.
// One owner, one thread. It reads no clock: whoever owns it says what time it is.
//
// A timer never fires early and at most one resolution late. Timers fire in order of due time,
// rounded up to the resolution, and among equals in order of creation: the same calls give the same
// order.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/time.h"

namespace base {

// Names one setting of one timer; of no use after it fired or was cancelled. The default names
// none.
struct TimerId {
  std::uint32_t slot = UINT32_MAX;
  std::uint32_t serial = 0;
  constexpr bool operator==(const TimerId&) const = default;
};

// The wheel without payloads: slots are numbers, which TimerWheel maps to payloads.
class TimerTable final {
 public:
  // Resolution: 1 ms at least, so that no Instant is beyond the last level.
  explicit TimerTable(Duration resolution);

  TimerId set(Instant at);
  bool cancel(TimerId id);
  bool contains(TimerId id) const;

  // When advance() wants to be called next: `never` without timers; maybe early, never late.
  Instant deadline() const;

  // Fires one after the other: begin, then next until it returns UINT32_MAX. The slot is free for
  // the next set() at once.
  void begin_advance(Instant now);
  std::uint32_t next_due();

  std::uint32_t slots() const { return static_cast<std::uint32_t>(nodes_.size()); }
  std::uint32_t size() const { return size_; }
  // Lists entered so far by all timers together: what "O(1)" is measured in.
  std::uint64_t moves() const { return moves_; }

 private:
  static constexpr unsigned level_bits = 6;
  static constexpr unsigned levels = 8;
  static constexpr std::uint32_t list_free = levels << level_bits;
  static constexpr std::uint32_t list_ready = list_free + 1;   // Set when already due.
  static constexpr std::uint32_t list_firing = list_free + 2;  // Being handed out by next_due().
  static constexpr std::uint32_t lists = list_free + 3;
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Node {
    std::uint64_t tick = 0;
    std::uint32_t previous = none;
    std::uint32_t next = none;
    std::uint32_t list = list_free;
    std::uint32_t serial = 0;
  };
  struct List {
    std::uint32_t first = none;
    std::uint32_t last = none;
  };
  struct Event {
    std::uint32_t list;
    std::uint64_t tick;
  };

  std::uint64_t tick_at_or_after(Instant at) const;
  Instant start_of(std::uint64_t tick) const;
  std::uint32_t list_for(std::uint64_t tick) const;
  bool next_event(Event& event) const;
  bool step();
  void redistribute(std::uint32_t list);
  void splice_to_firing(std::uint32_t list);
  std::uint32_t take_node();
  void release(std::uint32_t index);
  void trim();
  void append(std::uint32_t list, std::uint32_t index);
  void unlink(std::uint32_t index);

  std::uint64_t resolution_;   // In nanoseconds.
  std::uint64_t current_ = 0;  // Everything due at this tick or before has been handed to firing.
  std::uint64_t target_ = 0;   // Where the running advance ends.
  std::uint32_t size_ = 0;
  std::uint32_t serial_ = 0;
  std::uint64_t moves_ = 0;
  std::array<std::uint64_t, levels> occupied_{};  // One bit a slot.
  std::array<List, lists> lists_{};
  std::vector<Node> nodes_;
};

// Payload: default-constructible and movable; an id of what to look at is best.
template <class Payload>
class TimerWheel final {
 public:
  explicit TimerWheel(Duration resolution = std::chrono::milliseconds(10)) : table_(resolution) {}

  // Due already: fires at the next advance(), though not within one that is running.
  TimerId set(Instant at, Payload payload) {
    const TimerId id = table_.set(at);
    if (payloads_.size() <= id.slot) payloads_.resize(table_.slots());
    payloads_[id.slot] = std::move(payload);
    return id;
  }
  // False: it fired or was cancelled already.
  bool cancel(TimerId id) {
    if (!table_.contains(id)) return false;
    payloads_[id.slot] = Payload{};
    table_.cancel(id);
    trim();
    return true;
  }
  bool contains(TimerId id) const { return table_.contains(id); }

  Instant deadline() const { return table_.deadline(); }

  // Calls visit(Payload) for what is due. It may set and cancel timers, also those due now; it may
  // not call advance().
  template <class Visitor>
  void advance(Instant now, Visitor visit) {
    ASSERT(!advancing_);
    advancing_ = true;
    table_.begin_advance(now);
    for (std::uint32_t slot = table_.next_due(); slot != UINT32_MAX; slot = table_.next_due()) {
      Payload payload = std::exchange(payloads_[slot], Payload{});
      trim();
      visit(std::move(payload));
    }
    advancing_ = false;
  }

  std::uint32_t size() const { return table_.size(); }
  bool empty() const { return size() == 0; }
  std::uint32_t slots() const { return table_.slots(); }
  std::uint64_t moves() const { return table_.moves(); }

 private:
  void trim() {
    payloads_.resize(table_.slots());
    if (payloads_.capacity() > 64 && payloads_.size() < payloads_.capacity() / 4) {
      payloads_.shrink_to_fit();
    }
  }

  TimerTable table_;
  std::vector<Payload> payloads_;  // By slot.
  bool advancing_ = false;
};

}  // namespace base
