// Internal to wire. The encoder's half of the standard's data types (MQTT 5, 1.5): their sizes, and
// writing them at a pointer, which comes back moved. The caller has made the room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/types.h"

namespace wire {

inline constexpr std::size_t text_size_max = 65'535;

// Bytes of a Variable Byte Integer. What no four bytes can hold counts as four: whoever writes it
// asserts.
constexpr std::size_t varint_size(std::size_t value) {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20'0000 ? 3 : 4;
}

[[gnu::always_inline]] inline std::uint8_t* write_u8(std::uint8_t* out, std::uint8_t value) {
  *out = value;
  return out + 1;
}
[[gnu::always_inline]] inline std::uint8_t* write_u16(std::uint8_t* out, std::uint16_t value) {
  out[0] = static_cast<std::uint8_t>(value >> 8);
  out[1] = static_cast<std::uint8_t>(value);
  return out + 2;
}
[[gnu::always_inline]] inline std::uint8_t* write_u32(std::uint8_t* out, std::uint32_t value) {
  out = write_u16(out, static_cast<std::uint16_t>(value >> 16));
  return write_u16(out, static_cast<std::uint16_t>(value));
}
[[gnu::always_inline]] inline std::uint8_t* write_varint(std::uint8_t* out, std::size_t value) {
  ASSERT(value <= remaining_length_max);
  while (value >= 0x80) {
    *out++ = static_cast<std::uint8_t>(value | 0x80U);
    value >>= 7;
  }
  return write_u8(out, static_cast<std::uint8_t>(value));
}
[[gnu::always_inline]] inline std::uint8_t* write_bytes(std::uint8_t* out, base::Bytes bytes) {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}
[[gnu::always_inline]] inline std::uint8_t* write_text(std::uint8_t* out, std::string_view text) {
  ASSERT(text.size() <= text_size_max);
  out = write_u16(out, static_cast<std::uint16_t>(text.size()));
  return write_bytes(out, base::as_bytes(text));
}

}  // namespace wire
