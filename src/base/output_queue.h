// Bytes on their way to one socket: small pieces are copied together, large payloads are referenced
// and written from where they are (copying wins below about 1 KiB, referencing above). One owner,
// one thread. Holds no memory while empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/shared.h"

namespace base {

class OutputQueue final {
 public:
  OutputQueue() = default;
  OutputQueue(OutputQueue&& other) noexcept;
  OutputQueue& operator=(OutputQueue&& other) noexcept;
  ~OutputQueue();

  // `size` fresh bytes at the end, for the caller to fill before any other call.
  std::uint8_t* extend(std::size_t size);
  void append(Bytes bytes);
  // `bytes` lie inside `owner`, which lives until they are consumed.
  void append_shared(Ref<const Shared> owner, Bytes bytes);

  std::size_t size() const { return copied_size_ - copied_at_ + shared_size_; }
  bool empty() const { return size() == 0; }
  // The first pieces in order, for one writev. Returns how many of `pieces` were filled.
  std::size_t gather(std::span<Bytes> pieces) const;
  // Drops bytes from the front: they were written. At most size().
  void consume(std::size_t size);
  void clear();

 private:
  struct SharedPiece {
    std::size_t position;  // It stands before this byte of the copied ones.
    Ref<const Shared> owner;
    Bytes rest;
  };
  void reserve(std::size_t more);
  void compact();
  void forget_consumed();

  std::uint8_t* copied_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t copied_at_ = 0;    // Consumed so far.
  std::size_t copied_size_ = 0;  // Filled so far.
  std::size_t shared_size_ = 0;
  std::vector<SharedPiece> shared_;
  std::size_t shared_at_ = 0;
};

}  // namespace base
