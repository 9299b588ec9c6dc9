#include "hook/password_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "hook/file_text.h"
#include "hook/password_hash.h"

namespace hook {
namespace {

constexpr std::size_t user_name_size_max = 65'535;

struct Line {
  std::uint32_t number;
  std::string_view text;      // Without its line feed.
  std::string_view user;      // Empty for comments and blank lines.
  std::string_view password;  // Plain or hashed.
};
using LineResult = base::Result<Line, std::string>;

LineResult parse_line(std::uint32_t number, std::string_view text) {
  if (text.starts_with('#') || trimmed(text).empty()) return Line{number, text, "", ""};
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const Line line{number, text, trimmed(text.substr(0, colon)), trimmed(text.substr(colon + 1))};
    if (!line.user.empty() && !line.password.empty()) return line;
  }
  return base::Error{fmt::format("Corrupt password file at line {}.", number)};
}

// Calls `rewrite` with every line and strings together what it gives for each: a line with its line
// feed, or nothing.
template <class Rewrite>
base::Result<std::string, std::string> rewritten(std::string_view text, Rewrite rewrite) {
  std::string result;
  std::uint32_t number = 0;
  for (const std::string_view piece : split(text, '\n')) {
    ++number;
    if (piece.empty() && piece.data() == text.data() + text.size())
      break;  // Behind the last line feed.
    const auto line = parse_line(number, piece);
    if (!line) return base::Error{line.error()};
    base::Result<std::string, std::string> replacement = rewrite(*line);
    if (!replacement) return replacement;
    result += *replacement;
  }
  return result;
}

std::string as_it_is(const Line& line) {
  return fmt::format("{}\n", line.text);
}

base::Result<std::string, std::string> with_hashed_password(const Line& line,
                                                            const PasswordHasher& hasher) {
  if (line.user.empty() || parse_password_hash(line.password)) return as_it_is(line);
  for (const std::string_view kind : {"$6$", "$7$", "$argon2id$"}) {
    if (!line.password.starts_with(kind)) continue;
    return base::Error{fmt::format(
        "Line {} starts like a {} hash but is none; hashing it again would lock the user out.",
        line.number, kind)};
  }
  auto hash = hasher(base::as_bytes(line.password));
  if (!hash) return hash;
  return fmt::format("{}:{}\n", line.user, *hash);
}

}  // namespace

base::Result<void, std::string> check_user_name(std::string_view user) {
  if (user.empty()) return base::Error{std::string("Username must not be empty.")};
  if (user.size() > user_name_size_max)
    return base::Error{std::string("Username must be less than 65536 characters long.")};
  if (std::any_of(user.begin(), user.end(),
                  [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; })) {
    return base::Error{std::string("Username must not contain control characters.")};
  }
  if (user.find(':') != std::string_view::npos)
    return base::Error{std::string("Username must not contain the ':' character.")};
  if (user.starts_with('#'))
    return base::Error{
        std::string("Username must not start with '#', which makes its line a comment.")};
  if (trimmed(user).size() != user.size())
    return base::Error{std::string("Username must not start or end with a space.")};
  return {};
}

// A second line of the same user goes: the broker takes no file that names a user twice.
base::Result<PasswordEdit, std::string> with_user(std::string_view text, std::string_view user,
                                                  std::string_view hash) {
  bool found = false;
  const std::string wanted = fmt::format("{}:{}\n", user, hash);
  auto result = rewritten(text, [&](const Line& line) -> base::Result<std::string, std::string> {
    if (line.user != user) return as_it_is(line);
    return std::exchange(found, true) ? std::string() : wanted;
  });
  if (!result) return base::Error{result.error()};
  if (!found) *result += wanted;
  return PasswordEdit{std::move(*result), found};
}

base::Result<PasswordEdit, std::string> without_user(std::string_view text, std::string_view user) {
  bool found = false;
  auto result = rewritten(text, [&](const Line& line) -> base::Result<std::string, std::string> {
    if (line.user != user) return as_it_is(line);
    found = true;
    return std::string();
  });
  if (!result) return base::Error{result.error()};
  return PasswordEdit{std::move(*result), found};
}

base::Result<std::string, std::string> with_hashed_passwords(std::string_view text,
                                                             const PasswordHasher& hasher) {
  return rewritten(text, [&](const Line& line) { return with_hashed_password(line, hasher); });
}

}  // namespace hook
