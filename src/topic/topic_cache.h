// What was found out about topics lately: a fixed number of places, and each topic has one. A topic
// that is asked for keeps its place until eight others in a row have missed there: so a stream of
// topics that are new each time seldom pays for filling and does not push out the hot ones, and of
// two hot topics that share a place at least one is answered. Never grows. Owned by an index or
// reader, one thread; a find() that hits touches two or three cache lines.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "topic/stamps.h"

namespace topic {

template <class Value>
class TopicCache final {
 public:
  static constexpr std::size_t name_size_max = 128;

  // A power of two or 0.
  explicit TopicCache(std::size_t entries) : tags_(entries), entries_(entries) {
    ASSERT(entries == 0 || std::has_single_bit(entries));
  }

  // Null if the topic is not here or `stamps` have moved on.
  template <class Stamps>
  const Value* find(std::string_view name, std::uint64_t hash, const Stamps& stamps) {
    if (entries_.empty()) return nullptr;
    const std::size_t at = place(hash);
    if (tags_[at].kept != tag(hash)) return nullptr;
    const Entry& entry = entries_[at];
    const bool same = entry.name_size == name.size() &&
                      std::memcmp(entry.name.data(), name.data(), name.size()) == 0;
    if (!same || entry.stamp != stamps.sum(entry.slots)) return nullptr;
    tags_[at].credit = credit_max;
    return &entry.value;
  }

  // Where to put what is found out next; null if it is not worth keeping. Where others change what
  // is looked at, it must be called before looking: the change then makes the entry stale, whether
  // it was still seen or not.
  template <class Stamps>
  Value* admit(std::string_view name, std::uint64_t hash, const Stamps& stamps) {
    if (entries_.empty() || name.size() > name_size_max) return nullptr;
    const std::size_t at = place(hash);
    Tag& there = tags_[at];
    if (there.kept != tag(hash) && there.credit > 0) {
      --there.credit;
      return nullptr;
    }
    there = Tag{tag(hash), credit_max};
    Entry& entry = entries_[at];
    entry.slots = stamp_slots_of_name(name, hash);
    entry.stamp = stamps.sum(entry.slots);
    entry.name_size = static_cast<std::uint16_t>(name.size());
    std::copy(name.begin(), name.end(), entry.name.begin());
    return &entry.value;
  }

  std::size_t memory() const {
    return tags_.capacity() * sizeof(Tag) + entries_.capacity() * sizeof(Entry);
  }

 private:
  static constexpr std::uint32_t credit_max = 7;
  struct Tag {
    std::uint32_t kept = 0;
    std::uint32_t credit = 0;  // Misses of others until the place is lost.
  };
  struct alignas(64) Entry {
    std::uint64_t stamp = 0;
    StampSlots slots{};
    std::uint16_t name_size = 0;  // 0: empty entry; no name is.
    Value value{};
    std::array<char, name_size_max> name{};
  };
  std::size_t place(std::uint64_t hash) const { return hash & (entries_.size() - 1); }
  static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  std::vector<Tag> tags_;  // Beside the entries: a miss looks at nothing else.
  std::vector<Entry> entries_;
};

}  // namespace topic
