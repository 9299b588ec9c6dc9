// Wakes one event loop from any thread, with a system call only when that loop sleeps: under load a
// wake is one atomic exchange. Owned by the EventLoop; must outlive every thread that may call
// wake().
//
// Protocol: one word, three states. The loop turns `running` into `sleeping` right before
// epoll_wait and any state back into `running` right after, before it looks at lanes and mailboxes.
// wake() puts `notified`; only who replaced `sleeping` writes the eventfd. All are
// read-modify-writes of one word, so they have one order: a wake() before the loop's turn to
// `running` has published its message to that turn (the exchange synchronises), one after it keeps
// the loop from sleeping. A flag that is read without writing would need a full fence between the
// message and the flag, on both sides, at every message; and TSan does not understand fences.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/failure.h"
#include "runtime/fd.h"

namespace runtime {

class Waker final {
 public:
  explicit Waker(Fd event_fd) : event_fd_(std::move(event_fd)) {}
  static Outcome<Fd> create_event_fd();

  // Any thread. Call it after the message is where the loop will look.
  void wake();

  // The loop's own thread. False: notified meanwhile, so poll without sleeping.
  bool try_sleep();
  void awake();

  int fd() const { return event_fd_.get(); }
  // How many wake-ups cost a system call.
  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }

 private:
  enum class State : std::uint8_t { running, sleeping, notified };

  alignas(64) std::atomic<State> state_{State::running};
  std::atomic<std::uint64_t> written_{0};
  Fd event_fd_;
};

}  // namespace runtime
