// A bounded queue from one thread to one other: a ring without locks. The sender's and the
// receiver's words lie on different cache lines, and each side keeps a copy of the other's index,
// which it refreshes only when the ring seems full or empty: most operations touch no line of the
// other side. A message allocates nothing; capacity is fixed.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "base/assert.h"

namespace runtime {

template <class T>
class Lane final {
 public:
  explicit Lane(std::size_t capacity)
      : mask_(capacity - 1), slots_(std::allocator<T>{}.allocate(capacity)) {
    ASSERT(std::has_single_bit(capacity));
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  // No other thread may be in it any more.
  ~Lane() {
    while (drain(SIZE_MAX, [](T&&) {}) != 0) {
    }
    std::allocator<T>{}.deallocate(slots_, capacity());
  }

  // Sender. Moves from `value` only when it returns true. False: full, and the receiver will say
  // so (take_starved) once it made room.
  [[nodiscard]] bool try_push(T&& value) {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ > mask_ && !find_room(tail)) return false;
    std::construct_at(slot(tail), std::move(value));
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Receiver. Hands at most `budget` messages to handle(T&&), oldest first; returns how many. Their
  // room is given back once, at the end.
  template <class Handler>
  std::size_t drain(std::size_t budget, Handler handle) {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) tail_seen_ = tail_.load(std::memory_order_acquire);
    const std::uint64_t ready = tail_seen_ - head;
    const std::uint64_t count = ready < budget ? ready : budget;
    for (std::uint64_t i = 0; i < count; ++i) take(head + i, handle);
    // Sequentially consistent with find_room: either the sender sees this room or we see it
    // starved.
    if (count != 0) head_.store(head + count, std::memory_order_seq_cst);
    return static_cast<std::size_t>(count);
  }

  // Receiver, after drain(): true once if the sender found the lane full, and now has room.
  [[nodiscard]] bool take_starved() {
    if (!starved_.load(std::memory_order_seq_cst)) return false;
    return starved_.exchange(false, std::memory_order_seq_cst);
  }

  std::size_t capacity() const { return static_cast<std::size_t>(mask_) + 1; }

 private:
  T* slot(std::uint64_t index) { return slots_ + (index & mask_); }

  template <class Handler>
  void take(std::uint64_t index, Handler& handle) {
    T value = std::move(*slot(index));
    std::destroy_at(slot(index));
    handle(std::move(value));
  }

  bool find_room(std::uint64_t tail) {
    head_seen_ = head_.load(std::memory_order_acquire);
    if (tail - head_seen_ <= mask_) return true;
    starved_.store(true, std::memory_order_seq_cst);
    head_seen_ = head_.load(std::memory_order_seq_cst);
    return tail - head_seen_ <= mask_;
  }

  static constexpr std::size_t cache_line = 64;

  const std::uint64_t mask_;
  T* const slots_;
  alignas(cache_line) std::atomic<std::uint64_t> tail_{0};  // Sender's line.
  std::uint64_t head_seen_ = 0;
  alignas(cache_line) std::atomic<std::uint64_t> head_{0};  // Receiver's line.
  std::uint64_t tail_seen_ = 0;
  alignas(cache_line) std::atomic<bool> starved_{false};
};

}  // namespace runtime
