#include "wire/utf8.h"

#include <cstddef>
#include <cstdint>

#include "wire/ascii_words.h"

namespace wire {
namespace {

constexpr std::uint8_t byte_at(const char* at) {
  return static_cast<std::uint8_t>(*at);
}
constexpr bool is_continuation(const char* at) {
  return (byte_at(at) & 0xc0U) == 0x80;
}

// The second byte alone tells overlong forms, surrogates and numbers over U+10FFFF (RFC 3629, 4).
constexpr bool is_second_byte(std::uint8_t lead, std::uint8_t second) {
  switch (lead) {
    case 0xe0:
      return second >= 0xa0 && second <= 0xbf;
    case 0xed:
      return second >= 0x80 && second <= 0x9f;
    case 0xf0:
      return second >= 0x90 && second <= 0xbf;
    case 0xf4:
      return second >= 0x80 && second <= 0x8f;
    default:
      return (second & 0xc0U) == 0x80;
  }
}

constexpr std::size_t length_by_lead(std::uint8_t lead) {
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;  // A continuation byte, or an overlong form of ASCII.
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

// Bytes of the character at `at`; 0 when there is no valid one.
std::size_t character_length(const char* at, std::size_t left) {
  const std::size_t length = length_by_lead(byte_at(at));
  if (length > left) return 0;
  if (length >= 2 && !is_second_byte(byte_at(at), byte_at(at + 1))) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation(at + i)) return 0;
  }
  return length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  if (all_words(text, is_plain_word)) return true;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const auto left = static_cast<std::size_t>(end - at);
    if (left >= 8 && is_plain_word(load_word(at))) {
      at += 8;
      continue;
    }
    const std::size_t length = character_length(at, left);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace wire
