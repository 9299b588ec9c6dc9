// Test code only: packets written down by hand as in the standard's tables, and decoded whole.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "wire/codec.h"

namespace wire::test {

using ByteVector = std::vector<std::uint8_t>;

// "0004 'MQTT' 05": pairs of hex digits, text in quotes; blanks mean nothing.
inline ByteVector bytes(std::string_view written) {
  constexpr std::string_view digits = "0123456789abcdef";
  ByteVector out;
  bool in_text = false;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const char c = written[i];
    if (c == '\'') {
      in_text = !in_text;
    } else if (in_text) {
      out.push_back(static_cast<std::uint8_t>(c));
    } else if (c != ' ') {
      ASSERT(i + 1 < written.size());
      const std::size_t high = digits.find(c);
      const std::size_t low = digits.find(written[++i]);
      ASSERT(high < 16 && low < 16);
      out.push_back(static_cast<std::uint8_t>(high << 4 | low));
    }
  }
  return out;
}

// A packet of this first byte and body; its length is counted.
inline ByteVector packet(std::uint8_t first, std::string_view body) {
  const ByteVector content = bytes(body);
  ByteVector out(fixed_header_size(content.size()));
  write_fixed_header(out.data(), first, static_cast<std::uint32_t>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

// Decodes one whole packet. `in` must outlive `out`.
inline Fault decode_whole(const ByteVector& in, Version version, Sender sender, Packet& out) {
  FixedHeader header;
  if (const Fault fault = read_fixed_header(in, header); !fault.none()) return fault;
  if (header.size == 0 || header.packet_size() != in.size())
    return malformed("not one whole packet");
  return decode(header, base::Bytes{in}.subspan(header.size), version, sender, out);
}

}  // namespace wire::test
