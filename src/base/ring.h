// A growing ring buffer: a queue that owns next to no memory while it is empty (four slots at most,
// so that one element coming and going costs no allocation; std::deque keeps half a KiB) and from
// whose middle an element may be taken. Unbounded itself: whoever owns it says how much may wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/assert.h"

namespace base {

template <class T>
class Ring final {
 public:
  Ring() = default;
  Ring(Ring&& other) noexcept
      : slots_(std::move(other.slots_)),
        capacity_(std::exchange(other.capacity_, 0)),
        first_(std::exchange(other.first_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Ring& operator=(Ring&& other) noexcept {
    slots_ = std::move(other.slots_);
    capacity_ = std::exchange(other.capacity_, 0);
    first_ = std::exchange(other.first_, 0);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t at) {
    ASSERT(at < size_);
    return slots_[wrap(first_ + at)];
  }
  const T& operator[](std::size_t at) const {
    ASSERT(at < size_);
    return slots_[wrap(first_ + at)];
  }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(T value) {
    if (size_ == capacity_) resize(capacity_ == 0 ? 4 : 2 * capacity_);
    slots_[wrap(first_ + size_)] = std::move(value);
    ++size_;
  }
  T pop_front() {
    T value = std::exchange(front(), T{});
    first_ = wrap(first_ + 1);
    --size_;
    give_back();
    return value;
  }
  // Takes one out and closes the gap from the nearer end.
  T take(std::size_t at) {
    T value = std::exchange((*this)[at], T{});
    if (at < size_ / 2) {
      for (std::size_t i = at; i > 0; --i) (*this)[i] = std::move((*this)[i - 1]);
      first_ = wrap(first_ + 1);
    } else {
      for (std::size_t i = at; i + 1 < size_; ++i) (*this)[i] = std::move((*this)[i + 1]);
    }
    --size_;
    give_back();
    return value;
  }
  void clear() { *this = Ring{}; }

 private:
  std::size_t wrap(std::size_t at) const { return at & (capacity_ - 1); }
  void give_back() {
    if (size_ == 0) {
      if (capacity_ > 4) clear();
    } else if (capacity_ > 16 && size_ <= capacity_ / 8) {
      resize(capacity_ / 4);
    }
  }
  void resize(std::size_t capacity) {
    auto slots = std::make_unique<T[]>(capacity);
    for (std::size_t i = 0; i < size_; ++i) slots[i] = std::move((*this)[i]);
    slots_ = std::move(slots);
    capacity_ = capacity;
    first_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  std::size_t capacity_ = 0;  // A power of two, or 0.
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace base
