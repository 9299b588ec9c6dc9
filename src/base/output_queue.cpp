#include "base/output_queue.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/assert.h"

namespace base {

namespace {
constexpr std::size_t first_capacity = 512;
}

OutputQueue::OutputQueue(OutputQueue&& other) noexcept
    : copied_(std::exchange(other.copied_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      copied_at_(std::exchange(other.copied_at_, 0)),
      copied_size_(std::exchange(other.copied_size_, 0)),
      shared_size_(std::exchange(other.shared_size_, 0)),
      shared_(std::exchange(other.shared_, {})),
      shared_at_(std::exchange(other.shared_at_, 0)) {}

OutputQueue& OutputQueue::operator=(OutputQueue&& other) noexcept {
  OutputQueue moved{std::move(other)};
  std::swap(copied_, moved.copied_);
  std::swap(capacity_, moved.capacity_);
  std::swap(copied_at_, moved.copied_at_);
  std::swap(copied_size_, moved.copied_size_);
  std::swap(shared_size_, moved.shared_size_);
  std::swap(shared_, moved.shared_);
  std::swap(shared_at_, moved.shared_at_);
  return *this;
}

OutputQueue::~OutputQueue() {
  std::free(copied_);
}

std::uint8_t* OutputQueue::extend(std::size_t size) {
  reserve(size);
  std::uint8_t* at = copied_ + copied_size_;
  copied_size_ += size;
  return at;
}

void OutputQueue::append(Bytes bytes) {
  if (bytes.empty()) return;
  std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
}

void OutputQueue::append_shared(Ref<const Shared> owner, Bytes bytes) {
  if (bytes.empty()) return;
  const bool is_full = shared_.size() == shared_.capacity();
  if (is_full && shared_at_ >= shared_.size() / 2) forget_consumed();
  shared_.push_back({copied_size_, std::move(owner), bytes});
  shared_size_ += bytes.size();
}

std::size_t OutputQueue::gather(std::span<Bytes> pieces) const {
  std::size_t filled = 0;
  std::size_t at = copied_at_;
  std::size_t next = shared_at_;
  while (filled < pieces.size()) {
    const std::size_t end = next < shared_.size() ? shared_[next].position : copied_size_;
    if (at < end) {
      pieces[filled++] = {copied_ + at, end - at};
      at = end;
    } else if (next < shared_.size()) {
      pieces[filled++] = shared_[next++].rest;
    } else {
      break;
    }
  }
  return filled;
}

void OutputQueue::consume(std::size_t size) {
  ASSERT(size <= this->size());
  while (size > 0) {
    const bool has_shared = shared_at_ < shared_.size();
    const std::size_t end = has_shared ? shared_[shared_at_].position : copied_size_;
    if (copied_at_ < end) {
      const std::size_t n = std::min(size, end - copied_at_);
      copied_at_ += n;
      size -= n;
      continue;
    }
    Bytes& rest = shared_[shared_at_].rest;
    const std::size_t n = std::min(size, rest.size());
    rest = rest.subspan(n);
    shared_size_ -= n;
    size -= n;
    if (rest.empty()) shared_[shared_at_++].owner = {};
  }
  if (empty()) clear();
}

void OutputQueue::clear() {
  std::free(std::exchange(copied_, nullptr));
  capacity_ = copied_at_ = copied_size_ = shared_size_ = shared_at_ = 0;
  std::vector<SharedPiece>{}.swap(shared_);
}

void OutputQueue::reserve(std::size_t more) {
  if (copied_size_ + more <= capacity_) return;
  // Sliding what is left to the front pays for itself when half is consumed.
  if (copied_at_ > 0 && copied_at_ >= copied_size_ / 2) compact();
  if (copied_size_ + more <= capacity_) return;
  const std::size_t wanted = std::max({first_capacity, capacity_ * 2, copied_size_ + more});
  auto* grown = static_cast<std::uint8_t*>(std::realloc(copied_, wanted));
  if (grown == nullptr) throw std::bad_alloc{};
  copied_ = grown;
  capacity_ = wanted;
}

void OutputQueue::compact() {
  const std::size_t left = copied_size_ - copied_at_;
  if (left > 0) std::memmove(copied_, copied_ + copied_at_, left);
  forget_consumed();
  for (SharedPiece& piece : shared_) piece.position -= copied_at_;
  copied_at_ = 0;
  copied_size_ = left;
}

void OutputQueue::forget_consumed() {
  shared_.erase(shared_.begin(), shared_.begin() + static_cast<std::ptrdiff_t>(shared_at_));
  shared_at_ = 0;
}

}  // namespace base
