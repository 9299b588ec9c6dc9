// The lanes between N threads, one an ordered pair, made when first used (N² of them, mostly idle
// on a big machine). Thread i calls send and flush as `from` i, and drain as `to` i; no other
// thread may. Whom to wake is collected in a turn and told once, by flush(): a wake-up a turn and
// lane, not a message.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/assert.h"
#include "runtime/lane.h"

namespace runtime {

struct Drained {
  std::size_t messages = 0;
  // False: the budget ended before the lanes did, so come back without sleeping.
  bool may_sleep = true;
};

template <class T>
class Lanes final {
 public:
  Lanes(std::size_t threads, std::size_t capacity)
      : capacity_(capacity), threads_(threads), lanes_(threads * threads), sides_(threads) {
    for (Side& side : sides_) side.unflushed.resize(threads);
  }
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;
  ~Lanes() {
    for (auto& lane : lanes_) delete lane.load(std::memory_order_acquire);
  }

  // False: full. `message` is untouched: keep it, stop reading from the client that causes it, and
  // try again when woken; drain() at the other end wakes whoever found its lane full.
  [[nodiscard]] bool try_send(std::size_t from, std::size_t to, T&& message) {
    const bool sent = lane_for(from, to).try_push(std::move(message));
    // Also when full: the receiver has to know that it is behind.
    sides_[from].unflushed[to] = 1;
    return sent;
  }

  // At the end of a turn: wake(to) for each thread that was sent something since the last flush.
  template <class Wake>
  void flush(std::size_t from, Wake wake) {
    std::vector<std::uint8_t>& unflushed = sides_[from].unflushed;
    for (std::size_t to = 0; to < threads_; ++to) {
      if (unflushed[to] == 0) continue;
      unflushed[to] = 0;
      wake(to);
    }
  }

  // Hands at most `budget` messages to handle(from, T&&): oldest first of each sender, the senders
  // in turns of a fair share, starting after the one that was served last. wake(from) for each
  // sender that waits for room.
  template <class Handler, class Wake>
  Drained drain(std::size_t to, std::size_t budget, Handler handle, Wake wake) {
    const std::size_t share = budget / threads_ == 0 ? 1 : budget / threads_;
    std::size_t left = budget;
    std::size_t idle = 0;  // Senders in a row with nothing for us.
    while (left != 0 && idle < threads_) {
      const std::size_t from = next_sender(to);
      const std::size_t got = drain_one(from, to, share < left ? share : left, handle, wake);
      left -= got;
      idle = got == 0 ? idle + 1 : 0;
    }
    return {budget - left, idle == threads_};
  }

  std::size_t threads() const { return threads_; }

 private:
  // What one thread keeps to itself; apart, so that no two threads write one cache line.
  struct alignas(64) Side {
    std::vector<std::uint8_t> unflushed;  // By receiver.
    std::size_t served = 0;
  };

  std::atomic<Lane<T>*>& cell(std::size_t from, std::size_t to) {
    ASSERT(from < threads_ && to < threads_);
    return lanes_[from * threads_ + to];
  }
  Lane<T>& lane_for(std::size_t from, std::size_t to) {
    std::atomic<Lane<T>*>& place = cell(from, to);
    Lane<T>* lane = place.load(std::memory_order_relaxed);
    if (lane == nullptr) {
      lane = new Lane<T>(capacity_);
      place.store(lane, std::memory_order_release);
    }
    return *lane;
  }
  std::size_t next_sender(std::size_t to) {
    std::size_t& served = sides_[to].served;
    served = served + 1 == threads_ ? 0 : served + 1;
    return served;
  }
  template <class Handler, class Wake>
  std::size_t drain_one(std::size_t from, std::size_t to, std::size_t budget, Handler& handle,
                        Wake& wake) {
    Lane<T>* lane = cell(from, to).load(std::memory_order_acquire);
    if (lane == nullptr) return 0;
    const std::size_t got =
        lane->drain(budget, [&](T&& message) { handle(from, std::move(message)); });
    if (got != 0 && lane->take_starved()) wake(from);
    return got;
  }

  const std::size_t capacity_;
  const std::size_t threads_;
  std::vector<std::atomic<Lane<T>*>> lanes_;
  std::vector<Side> sides_;
};

}  // namespace runtime
