// What the readers of line-based files share: cutting text up, looking names up, and how errors
// name a place and quote a word. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hook {

// Never empty: text without a separator is one piece.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trimmed(
    std::string_view text);  // Without white space at both ends, as isspace() in the C locale.
std::string in_quotes(
    std::string_view word);  // "word", unprintable bytes escaped, cut to 64 bytes.
std::string at_line(std::string_view file, std::uint32_t line, std::string_view message);

// For tables of std::string that are asked with a std::string_view. The names come from a file that
// the person who runs the broker wrote, so no seed against chosen collisions.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>{}(name);
  }
};

}  // namespace hook
