#include "topic/filter.h"

#include <algorithm>

#include "base/assert.h"

namespace topic {

namespace {

constexpr std::string_view share_prefix = "$share/";

FilterFault check_text(std::string_view text, std::size_t levels_max) {
  if (text.empty()) return FilterFault::empty;                    // [MQTT-4.7.3-1]
  if (text.size() > text_size_max) return FilterFault::too_long;  // [MQTT-4.7.3-3]
  if (text.find('\0') != std::string_view::npos)
    return FilterFault::null_character;  // [MQTT-4.7.3-2]
  if (level_count(text) > levels_max) return FilterFault::too_many_levels;
  return FilterFault::none;
}

FilterFault check_wildcards(std::string_view filter) {
  for (std::size_t at = 0; at < filter.size(); ++at) {
    const bool starts = at == 0 || filter[at - 1] == '/';
    const bool ends = at + 1 == filter.size();
    if (filter[at] == '#' && !(starts && ends))
      return FilterFault::misplaced_hash;  // [MQTT-4.7.1-1]
    if (filter[at] == '+' && !(starts && (ends || filter[at + 1] == '/'))) {
      return FilterFault::misplaced_plus;  // [MQTT-4.7.1-2]
    }
  }
  return FilterFault::none;
}

// After `$share/`.
FilterFault check_shared(std::string_view rest, std::size_t levels_max) {
  const std::string_view group = rest.substr(0, rest.find('/'));
  if (group.empty() || has_wildcard(group)) return FilterFault::bad_share_name;
  const std::string_view filter = rest.substr(std::min(rest.size(), group.size() + 1));
  if (filter.empty()) return FilterFault::empty_share_filter;
  const FilterFault fault = check_text(filter, levels_max);
  return fault == FilterFault::none ? check_wildcards(filter) : fault;
}

}  // namespace

std::string_view explain(FilterFault fault) {
  switch (fault) {
    case FilterFault::none:
      return "valid";
    case FilterFault::empty:
      return "a topic filter needs at least one character";
    case FilterFault::too_long:
      return "a topic filter has at most 65535 bytes";
    case FilterFault::null_character:
      return "a topic filter may not contain the null character";
    case FilterFault::misplaced_hash:
      return "# must be the whole last level of a topic filter";
    case FilterFault::misplaced_plus:
      return "+ must be a whole level of a topic filter";
    case FilterFault::too_many_levels:
      return "the topic filter has more levels than this broker allows";
    case FilterFault::bad_share_name:
      return "the share name after $share/ needs at least one character and may not contain + or #";
    case FilterFault::empty_share_filter:
      return "$share/ and the share name must be followed by / and a topic filter";
  }
  UNREACHABLE();
}

bool is_valid_name(std::string_view name, std::size_t levels_max) {
  return check_text(name, levels_max) == FilterFault::none && !has_wildcard(name);
}

FilterFault check_filter(std::string_view filter, std::size_t levels_max) {
  if (filter.starts_with(share_prefix)) {
    if (filter.size() > text_size_max) return FilterFault::too_long;
    if (filter.find('\0') != std::string_view::npos) return FilterFault::null_character;
    return check_shared(filter.substr(share_prefix.size()), levels_max);
  }
  const FilterFault fault = check_text(filter, levels_max);
  return fault == FilterFault::none ? check_wildcards(filter) : fault;
}

bool has_wildcard(std::string_view filter) {
  // Two searches for one character are several times faster than one for either.
  constexpr auto none = std::string_view::npos;
  return filter.find('+') != none || filter.find('#') != none;
}

std::optional<SharedFilter> split_share(std::string_view filter) {
  if (!filter.starts_with(share_prefix)) return std::nullopt;
  if (check_filter(filter, filter.size()) != FilterFault::none) return std::nullopt;
  const std::string_view rest = filter.substr(share_prefix.size());
  const std::size_t slash = rest.find('/');
  return SharedFilter{rest.substr(0, slash), rest.substr(slash + 1)};
}

bool matches(std::string_view filter, std::string_view name) {
  // [MQTT-4.7.2-1]
  if (name.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  const Levels filter_levels(filter);
  const Levels name_levels(name);
  auto asked = filter_levels.begin();
  auto given = name_levels.begin();
  for (; asked != filter_levels.end(); ++asked, ++given) {
    if (*asked == "#") return true;  // Also where the name has ended: the parent level is included.
    if (given == name_levels.end()) return false;
    if (*asked != "+" && *asked != *given) return false;
  }
  return given == name_levels.end();
}

std::size_t level_count(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '/')) + 1;
}

}  // namespace topic
