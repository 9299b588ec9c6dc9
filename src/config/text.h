// Small questions about bytes of a configuration file. No state, no allocation but for results.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

inline constexpr std::string_view blanks = " \t\v\f\r\n";

std::string_view trimmed(std::string_view text);
// Takes the first word off the front of text; empty when none is left.
std::string_view next_word(std::string_view& text, std::string_view separators = " \t");
// UTF-8 without control characters, what the standard wants of strings (MQTT 5.0, 1.5.4).
bool is_clean_utf8(std::string_view text);
// For messages: other than printable ASCII and clean UTF-8 as \xNN, long ones cut.
std::string in_quotes(std::string_view text);

// How many letters to insert, delete, replace or swap to make one of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidate closest to `name` if it looks like a typing error, else empty.
std::string_view nearest(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace config
