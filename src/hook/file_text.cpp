#include "hook/file_text.h"

#include <fmt/format.h>

namespace hook {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (std::size_t end = 0; (end = text.find(separator)) != std::string_view::npos;) {
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  pieces.push_back(text);
  return pieces;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string in_quotes(std::string_view word) {
  constexpr std::size_t shown_max = 64;
  return fmt::format("{:?}{}", word.substr(0, shown_max), word.size() > shown_max ? "..." : "");
}

std::string at_line(std::string_view file, std::uint32_t line, std::string_view message) {
  return fmt::format("{}:{}: {}", file, line, message);
}

}  // namespace hook
