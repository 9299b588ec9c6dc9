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
  // A free number, or else a new one. Which one depends on the history of calls only.
  std::uint32_t take(T value) {
    if (open_.empty()) add_block();
    const std::uint32_t index = open_.back();
    Block& block = blocks_[index];
    if (!block.store) block.store = std::make_unique<Store>();
    Store& store = *block.store;
    const std::uint8_t place = store.first_free;
    store.first_free = store.next_free[place];
    store.values[place] = std::move(value);
    if (++block.used == block_size) open_.pop_back();
    ++size_;
    return index * block_size + place;
  }
  void give_back(std::uint32_t at) {
    Block& block = blocks_[at / block_size];
    ASSERT(block.used > 0);
    if (block.used == block_size) open_.push_back(at / block_size);
    --size_;
    if (--block.used == 0) {
      block.store.reset();
      return;
    }
    const auto place = static_cast<std::uint8_t>(at % block_size);
    block.store->values[place] = T();
    block.store->next_free[place] = std::exchange(block.store->first_free, place);
  }
  T& operator[](std::uint32_t at) {
    return blocks_[at / block_size].store->values[at % block_size];
  }
  const T& operator[](std::uint32_t at) const {
    return blocks_[at / block_size].store->values[at % block_size];
  }
  // Free ones too, as T(), where their block is in use: for sums and reports.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const Block& block : blocks_) {
      if (!block.store) continue;
      for (const T& value : block.store->values) visit(value);
    }
  }
  std::size_t size() const { return size_; }
  std::size_t memory() const {
    std::size_t sum = blocks_.capacity() * sizeof(Block) + open_.capacity() * sizeof(open_[0]);
    for (const Block& block : blocks_) sum += block.store ? sizeof(Store) : 0;
    return sum;
  }

 private:
  static constexpr std::uint32_t block_size = 32;
  struct Store {
    Store() {
      for (std::uint8_t i = 0; i < block_size; ++i) next_free[i] = static_cast<std::uint8_t>(i + 1);
    }
    std::array<T, block_size> values{};
    std::array<std::uint8_t, block_size> next_free{};
    std::uint8_t first_free = 0;
  };
  struct Block {
    std::unique_ptr<Store> store;  // None while no value is in it.
    std::uint32_t used = 0;
  };
  void add_block() {
    open_.push_back(static_cast<std::uint32_t>(blocks_.size()));
    blocks_.emplace_back();
  }

  std::vector<Block> blocks_;
  std::vector<std::uint32_t> open_;  // Blocks with room, each once.
  std::size_t size_ = 0;
};

}  // namespace topic
