// A set of packet identifiers: one bit each, 8 KiB once something is in it. One owner.
#pragma once

#include <bitset>
#include <cstddef>
#include <memory>

#include "wire/types.h"

namespace client {

class IdSet final {
 public:
  bool contains(wire::PacketId id) const { return bits_ && bits_->test(id.value); }
  // False: it was in already.
  bool insert(wire::PacketId id) {
    if (!bits_) bits_ = std::make_unique<Bits>();
    if (bits_->test(id.value)) return false;
    bits_->set(id.value);
    ++size_;
    return true;
  }
  // False: it was not in.
  bool erase(wire::PacketId id) {
    if (!contains(id)) return false;
    bits_->reset(id.value);
    --size_;
    return true;
  }
  void clear() {
    bits_.reset();
    size_ = 0;
  }
  std::size_t size() const { return size_; }

 private:
  using Bits = std::bitset<65'536>;
  std::unique_ptr<Bits> bits_;
  std::size_t size_ = 0;
};

}  // namespace client
