// A bounded queue from any thread to one event loop, for what is rare enough for a mutex:
// completions of workers, commands of the main thread. Messages between shards go through lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "runtime/waker.h"

namespace runtime {

template <class T>
class Mailbox final {
 public:
  Mailbox(Waker& waker, std::size_t max) : waker_(waker), max_(max) {}

  // Any thread. Moves from `message` only when it returns true. False: full (counted).
  [[nodiscard]] bool try_post(T&& message) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= max_) {
        ++refused_;
        return false;
      }
      was_empty = waiting_.empty();
      waiting_.push_back(std::move(message));
    }
    // Who found it not empty comes after somebody who wakes.
    if (was_empty) waker_.wake();
    return true;
  }

  // The loop's thread: handle(T&&) for all that is there, without the lock; what is posted
  // meanwhile waits for the next call. Returns how many.
  template <class Handler>
  std::size_t drain(Handler handle) {
    {
      const std::lock_guard lock(mutex_);
      taken_.swap(waiting_);
    }
    const std::size_t count = taken_.size();
    for (T& message : taken_) handle(std::move(message));
    taken_.clear();
    return count;
  }

  std::uint64_t refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  Waker& waker_;
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::vector<T> waiting_;
  std::uint64_t refused_ = 0;
  std::vector<T> taken_;  // The loop's thread only; keeps its room between turns.
};

}  // namespace runtime
