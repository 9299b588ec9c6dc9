#include "topic/stamps.h"

#include <cstring>

#include "topic/filter.h"

namespace topic {

namespace {

constexpr std::uint64_t multiplier = 0x9fb2'1c65'1e98'df25ULL;

std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * multiplier;
  return state ^ (state >> 32);
}

std::uint64_t load(const char* at, std::size_t size) {
  std::uint64_t word = 0;
  if (size > 0) std::memcpy(&word, at, size);
  return word;
}

std::uint16_t slot(std::uint64_t hash) {
  return static_cast<std::uint16_t>(hash % stamp_counters);
}

// A prefix and a whole name of the same text must not share their counters: "a" is the prefix of
// everything below it.
std::uint16_t prefix_slot(std::string_view text) {
  return slot(mix(stable_hash(text), 0x70726566));
}

}  // namespace

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t state = multiplier ^ text.size();
  while (text.size() > 8) {
    state = mix(state, load(text.data(), 8));
    text.remove_prefix(8);
  }
  state = mix(state, load(text.data(), text.size()));
  return mix(state, state >> 29);
}

std::string_view prefix(std::string_view text, std::size_t levels) {
  std::size_t end = 0;
  for (; levels > 0; --levels) {
    const std::size_t slash = text.find('/', end);
    if (slash == std::string_view::npos) return text;
    if (levels == 1) return text.substr(0, slash);
    end = slash + 1;
  }
  return {};
}

std::size_t literal_levels(std::string_view filter) {
  std::size_t count = 0;
  for (const std::string_view level : levels(filter)) {
    if (has_wildcard(level)) break;
    ++count;
  }
  return count;
}

StampSlots stamp_slots_of_name(std::string_view name, std::uint64_t name_hash) {
  StampSlots slots{};
  for (std::size_t depth = 0; depth <= stamp_depth_max; ++depth) {
    slots[depth] = prefix_slot(prefix(name, depth));
  }
  slots.back() = slot(name_hash);
  return slots;
}

std::size_t stamp_slot_of_filter(std::string_view filter) {
  if (!has_wildcard(filter)) return slot(stable_hash(filter));
  const std::size_t depth = literal_levels(filter);
  return prefix_slot(prefix(filter, depth < stamp_depth_max ? depth : stamp_depth_max));
}

}  // namespace topic
