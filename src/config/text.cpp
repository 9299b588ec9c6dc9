#include "config/text.h"

#include <algorithm>
#include <cstdint>

namespace config {
namespace {

constexpr std::size_t shown_max = 80;

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

// Length of the UTF-8 sequence that a byte starts; 0: none does (RFC 3629).
std::size_t sequence_length(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The character at i with its length; length 0: not UTF-8.
struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;
};
Character character_at(std::string_view text, std::size_t i) {
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const std::size_t length = sequence_length(byte_at(text, i));
  if (length == 0 || length > text.size() - i) return {};
  if (length == 1) return {byte_at(text, i), 1};
  std::uint32_t code = byte_at(text, i) & (0x7FU >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (byte_at(text, i + k) & 0x3FU);
  }
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest[length] || code > 0x10FFFF || is_surrogate) return {};
  return {code, length};
}

bool is_clean(Character c) {
  const bool is_control = c.code < 0x20 || (c.code >= 0x7F && c.code <= 0x9F);
  const bool is_noncharacter =
      (c.code & 0xFFFEU) == 0xFFFE || (c.code >= 0xFDD0 && c.code <= 0xFDEF);
  return c.length > 0 && !is_control && !is_noncharacter;
}

void append_escaped(std::string& out, std::uint8_t byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\x";
  out += digits[byte >> 4U];
  out += digits[byte & 0xFU];
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view next_word(std::string_view& text, std::string_view separators) {
  text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(separators));
  text.remove_prefix(word.size());
  return word;
}

bool is_clean_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Character c = character_at(text, i);
    if (!is_clean(c)) return false;
    i += c.length;
  }
  return true;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    if (i >= shown_max) return out + "...\"";
    const Character c = character_at(text, i);
    const std::size_t length = std::max<std::size_t>(c.length, 1);
    if (is_clean(c)) {
      out += text.substr(i, length);
    } else {
      for (std::size_t k = 0; k < length; ++k) append_escaped(out, byte_at(text, i + k));
    }
    i += length;
  }
  return out + '"';
}

// Optimal string alignment (a swap of neighbours counts once), three rows at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + changed});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& candidates) {
  // A typing error is a slip or two, more only in long names. Longer input is no slip: don't
  // compare.
  constexpr std::size_t name_max = 64;
  if (name.size() > name_max) return {};
  std::size_t least = std::min<std::size_t>(3, name.size() / 3) + 1;
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace config
