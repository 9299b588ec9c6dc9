// How a cache of match results learns that it is out of date. Counters that only grow, a fixed
// number of them; a change to a filter bumps the one that its longest literal prefix (or, without
// wildcard, its whole text) falls on, and the result for a topic depends on the few that could
// match it. So a client that subscribes to its own topics spoils no one else's entries. Hashes are
// our own and fixed, so that a run can be repeated. With atomic counters any thread may read while
// one writes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace topic {

// Fixed for all time and platforms of one byte order. For caches and stripes, where a peer that
// finds collisions gains nothing; hash tables use absl's, which is seeded.
std::uint64_t stable_hash(std::string_view text);
// The first `levels` levels, or the whole text if it has fewer.
std::string_view prefix(std::string_view text, std::size_t levels);
// How many levels precede the first one with a wildcard; all of them if there is none.
std::size_t literal_levels(std::string_view filter);

inline constexpr std::size_t stamp_depth_max = 3;
inline constexpr std::size_t stamp_counters = 4'096;
// The counters of: the whole name, and its prefixes of 0 to stamp_depth_max levels.
using StampSlots = std::array<std::uint16_t, stamp_depth_max + 2>;

StampSlots stamp_slots_of_name(std::string_view name, std::uint64_t name_hash);
std::size_t stamp_slot_of_filter(std::string_view filter);

class LocalStamps final {
 public:
  // All counters grow only: the sum is the same if and only if each is.
  std::uint64_t sum(const StampSlots& slots) const {
    std::uint64_t result = 0;
    for (const std::uint16_t slot : slots) result += counters_[slot];
    return result;
  }
  void bump(std::string_view filter) { ++counters_[stamp_slot_of_filter(filter)]; }

 private:
  std::array<std::uint64_t, stamp_counters> counters_{};
};

class SharedStamps final {
 public:
  std::uint64_t sum(const StampSlots& slots) const {
    std::uint64_t result = 0;
    for (const std::uint16_t slot : slots) {
      result += counters_[slot].load(std::memory_order_acquire);
    }
    return result;
  }
  void bump(std::string_view filter) {
    counters_[stamp_slot_of_filter(filter)].fetch_add(1, std::memory_order_release);
  }

 private:
  std::array<std::atomic<std::uint64_t>, stamp_counters> counters_{};
};

}  // namespace topic
