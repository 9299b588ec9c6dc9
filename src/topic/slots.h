// Values under small recycled numbers. Stored in blocks, so that growing moves nothing and takes no
// long breath, and a block whose values are all gone is given back. One thread, or one lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace topic {

template <class T>
class Slots final {
 public:
  // The lowest-cost free number: the last one given back, so numbers depend on history only.
  std::uint32_t take(T value) {
    const std::uint32_t at = free_.empty() ? extend() : free_.back();
    if (!free_.empty()) free_.pop_back();
    Block& block = blocks_[at / block_size];
    if (!block.values) block.values = std::make_unique<std::array<T, block_size>>();
    ++block.used;
    ++size_;
    (*this)[at] = std::move(value);
    return at;
  }
  void give_back(std::uint32_t at) {
    Block& block = blocks_[at / block_size];
    ASSERT(block.used > 0);
    (*this)[at] = T();
    free_.push_back(at);
    if (--block.used == 0) block.values.reset();
    if (--size_ == 0) *this = Slots();
  }
  T& operator[](std::uint32_t at) { return (*blocks_[at / block_size].values)[at % block_size]; }
  const T& operator[](std::uint32_t at) const {
    return (*blocks_[at / block_size].values)[at % block_size];
  }
  std::size_t size() const { return size_; }
  std::size_t memory() const {
    std::size_t sum = blocks_.capacity() * sizeof(Block) + free_.capacity() * sizeof(std::uint32_t);
    for (const Block& block : blocks_) sum += block.values ? sizeof(T) * block_size : 0;
    return sum;
  }

 private:
  static constexpr std::uint32_t block_size = 128;
  struct Block {
    std::unique_ptr<std::array<T, block_size>> values;
    std::uint32_t used = 0;
  };
  std::uint32_t extend() {
    if (ever_ % block_size == 0) blocks_.emplace_back();
    return ever_++;
  }

  std::vector<Block> blocks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t ever_ = 0;
  std::size_t size_ = 0;
};

}  // namespace topic
