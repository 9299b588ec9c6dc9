// Readiness of file descriptors, by epoll, level-triggered. One a thread: all but waker() is called
// on that thread only. It owns no descriptor but its own and allocates nothing per event. Events of
// a watch that was removed are never delivered, also not those of the same batch, also not when the
// descriptor's number or the slot is in use again (slot and generation name a watch).
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "runtime/failure.h"
#include "runtime/fd.h"
#include "runtime/waker.h"

namespace runtime {

struct Watch {
  std::uint32_t slot = UINT32_MAX;
  std::uint32_t generation = 0;
  constexpr bool operator==(const Watch&) const = default;
};

struct Interest {
  bool read = false;
  bool write = false;
  constexpr bool operator==(const Interest&) const = default;
};

struct Ready {
  bool readable = false;
  bool writable = false;
  // Hang-up or error. Comes without being asked for and keeps coming: who does not read at the
  // moment must remove the watch on it, else the loop spins.
  bool broken = false;
};

class EventLoop final {
 public:
  struct Counters {
    std::uint64_t turns = 0;   // Calls of wait().
    std::uint64_t sleeps = 0;  // Of those, the ones that could sleep.
    std::uint64_t events = 0;  // Delivered.
    std::uint64_t stale = 0;   // Not delivered: the watch was gone.
  };

  static Outcome<std::unique_ptr<EventLoop>> create();

  // `token` comes back with each event; whose it is and what it means is the caller's business.
  Outcome<Watch> add(int fd, Interest interest, std::uint64_t token);
  // A listening socket that other loops watch too: the kernel wakes one of them (EPOLLEXCLUSIVE).
  // Such a watch can't be modified; remove and add it to pause.
  Outcome<Watch> add_shared(int fd, std::uint64_t token);
  void modify(Watch watch, Interest interest);
  // Before the descriptor is closed or handed to another thread. Nothing happens if it is gone.
  void remove(Watch watch);

  // Waits until something is ready, somebody wakes, or `timeout` has passed (rounded up to a
  // millisecond; 0 = look only, negative = as 0, Duration::max() = for ever), then calls
  // visit(token, Ready) for each event. The visitor may add, modify and remove. Returns the number
  // of events delivered.
  template <class Visitor>
  int wait(base::Duration timeout, Visitor visit) {
    const int count = poll(timeout);
    int delivered = 0;
    for (int i = 0; i < count; ++i) {
      std::uint64_t token = 0;
      Ready ready;
      if (!translate(batch_[static_cast<std::size_t>(i)], token, ready)) continue;
      ++delivered;
      visit(token, ready);
    }
    counters_.events += static_cast<std::uint64_t>(delivered);
    return delivered;
  }

  Waker& waker() { return *waker_; }
  const Counters& counters() const { return counters_; }
  std::size_t watches() const { return used_; }

 private:
  struct Slot {
    std::uint64_t token = 0;  // While free: the next free slot.
    std::uint32_t generation = 0;
    int fd = -1;  // Negative: free.
  };
  static constexpr std::size_t batch_max = 256;
  static constexpr std::uint32_t no_slot = UINT32_MAX;

  EventLoop(Fd epoll, std::unique_ptr<Waker> waker);
  Outcome<Watch> add_events(int fd, std::uint32_t events, std::uint64_t token);
  int poll(base::Duration timeout);
  bool translate(const epoll_event& event, std::uint64_t& token, Ready& ready);
  Slot* find(Watch watch);
  std::uint32_t take_slot();
  void free_slot(std::uint32_t index);

  Fd epoll_;
  std::unique_ptr<Waker> waker_;
  std::vector<Slot> slots_;
  std::uint32_t first_free_ = no_slot;
  std::size_t used_ = 0;
  std::vector<epoll_event> batch_;
  Counters counters_;
};

}  // namespace runtime
