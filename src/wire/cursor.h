// Internal to wire. Walks over bytes and takes the standard's data types (MQTT 5, 1.5) off the
// front. Each step says whether the bytes were there and well formed; a step that fails takes
// nothing useful.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace wire {

class Cursor final {
 public:
  explicit Cursor(base::Bytes in) : at_(in.data()), end_(in.data() + in.size()) {}

  bool at_end() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  const std::uint8_t* position() const { return at_; }

  [[gnu::always_inline]] bool u8(std::uint8_t& value) {
    if (left() < 1) return false;
    value = *at_++;
    return true;
  }
  [[gnu::always_inline]] bool u16(std::uint16_t& value) {
    if (left() < 2) return false;
    value = static_cast<std::uint16_t>(at_[0] << 8 | at_[1]);
    at_ += 2;
    return true;
  }
  [[gnu::always_inline]] bool u32(std::uint32_t& value) {
    if (left() < 4) return false;
    value = std::uint32_t{at_[0]} << 24 | std::uint32_t{at_[1]} << 16 | std::uint32_t{at_[2]} << 8 |
            at_[3];
    at_ += 4;
    return true;
  }
  // Four bytes at most, and the shortest form [MQTT-1.5.5-1].
  [[gnu::always_inline]] bool varint(std::uint32_t& value) {
    if (at_end()) return false;
    value = *at_++;
    return value < 0x80 || long_varint(value);
  }
  // Two bytes of length, then that many: strings and binary data.
  [[gnu::always_inline]] bool text(std::string_view& value) {
    std::uint16_t size = 0;
    base::Bytes bytes;
    if (!u16(size) || !take(size, bytes)) return false;
    value = base::as_text(bytes);
    return true;
  }
  [[gnu::always_inline]] bool take(std::size_t size, base::Bytes& bytes) {
    if (left() < size) return false;
    bytes = {at_, size};
    at_ += size;
    return true;
  }
  [[gnu::always_inline]] base::Bytes take_rest() {
    const base::Bytes rest{at_, left()};
    at_ = end_;
    return rest;
  }

 private:
  bool long_varint(std::uint32_t& value) {
    value &= 0x7fU;
    for (unsigned shift = 7; shift <= 21 && !at_end(); shift += 7) {
      const std::uint8_t byte = *at_++;
      value |= (byte & 0x7fU) << shift;
      if (byte < 0x80) return byte != 0;
    }
    return false;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace wire
