// Internal to wire. Looks at text eight bytes at a time: nearly all topics and client identifiers
// are short and plain ASCII, so these decide the hot path; only what they refuse needs a slow look.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace wire {

constexpr std::uint64_t in_each_byte(std::uint8_t byte) {
  return 0x0101010101010101U * byte;
}

inline std::uint64_t load_word(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The last one to seven bytes of a text, the rest of the word filled with letters.
inline std::uint64_t load_part(const char* at, std::size_t size) {
  std::uint64_t word = in_each_byte('a');
  for (std::size_t i = 0; i < size; ++i) {
    word = word << 8 | static_cast<std::uint8_t>(at[i]);
  }
  return word;
}

// Nonzero when a byte of `word` is zero; exact as long as no byte has its high bit set.
constexpr std::uint64_t has_zero_byte(std::uint64_t word) {
  return (word - in_each_byte(1)) & in_each_byte(0x80);
}

// ASCII without U+0000.
constexpr bool is_plain_word(std::uint64_t word) {
  return ((word & in_each_byte(0x80)) | has_zero_byte(word)) == 0;
}

// ASCII without U+0000 and the wildcards. '#' (0x23) and '+' (0x2b) differ in bit 3 alone.
constexpr bool is_plain_topic_word(std::uint64_t word) {
  return ((word & in_each_byte(0x80)) | has_zero_byte(word) |
          has_zero_byte((word | in_each_byte(0x08)) ^ in_each_byte('+'))) == 0;
}

template <class Test>
[[gnu::always_inline]] inline bool all_words(std::string_view text, Test test) {
  if (text.size() < 8) return test(load_part(text.data(), text.size()));
  const char* const last = text.data() + text.size() - 8;
  for (const char* at = text.data(); at < last; at += 8) {
    if (!test(load_word(at))) return false;
  }
  return test(load_word(last));  // May look at some bytes twice: cheaper than a tail.
}

inline bool is_plain_topic(std::string_view text) {
  return all_words(text, is_plain_topic_word);
}

}  // namespace wire
