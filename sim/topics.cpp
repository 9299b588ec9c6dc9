#include "sim/topics.h"

#include <charconv>

namespace sim {

namespace {

std::string_view next_level(std::string_view& rest, bool& has_more) {
  const std::size_t slash = rest.find('/');
  has_more = slash != std::string_view::npos;
  const std::string_view level = rest.substr(0, slash);
  rest.remove_prefix(has_more ? slash + 1 : rest.size());
  return level;
}

}  // namespace

bool filter_matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  bool filter_goes_on = true;
  bool topic_goes_on = true;
  while (filter_goes_on) {
    const std::string_view wanted = next_level(filter, filter_goes_on);
    if (wanted == "#") return true;
    if (!topic_goes_on) return false;
    const std::string_view level = next_level(topic, topic_goes_on);
    if (wanted != "+" && wanted != level) return false;
    if (!topic_goes_on && filter_goes_on) return filter == "#";
  }
  return !topic_goes_on;
}

bool is_shared(std::string_view filter) {
  return filter.starts_with("$share/");
}

std::string_view filter_of_shared(std::string_view filter) {
  return filter.substr(filter.find('/', 7) + 1);
}

bool is_shared_topic(std::string_view topic) {
  return topic.starts_with("$s/");
}

std::string payload_of(std::uint64_t number, std::size_t size) {
  std::string payload = "m" + std::to_string(number) + ".";
  while (payload.size() < size) payload += static_cast<char>('a' + (number + payload.size()) % 26);
  return payload;
}

std::uint64_t number_of(std::string_view payload) {
  std::uint64_t number = 0;
  if (!payload.starts_with('m')) return 0;
  std::from_chars(payload.data() + 1, payload.data() + payload.size(), number);
  return number;
}

bool is_denied(std::string_view client, std::string_view topic, Right right) {
  if (is_sys(topic) || is_shared_topic(topic) || client.starts_with('v')) return false;
  std::uint64_t hash = right == Right::read ? 17 : 5;
  for (const char c : client) hash = hash * 131 + static_cast<std::uint8_t>(c);
  for (const char c : topic) hash = hash * 131 + static_cast<std::uint8_t>(c);
  return (hash ^ hash >> 7) % 6 == 0;
}

}  // namespace sim
