// One shard's subscriptions: which subscribers does a topic go to? Owned by the shard, one thread.
// The match runs per message and allocates, locks and formats nothing: a fixed cache of topics
// answers hot ones, behind it stand a hash table and a trie (FilterMap). Adding and removing cost
// the same however many others share the filter. Knows no sessions, and nothing of QoS or
// permission.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/assert.h"
#include "topic/filter_map.h"
#include "topic/slots.h"
#include "topic/stamps.h"
#include "topic/subscriber.h"
#include "topic/topic_cache.h"

namespace topic {

// The subscribers of one filter, in the order they came (the last takes the place of one that
// goes).
class SubscriberList final {
 public:
  bool put(
      const Subscriber& subscriber);  // True if it is new, false if it replaced its older self.
  bool erase(SubscriberId id);
  const Subscriber* find(SubscriberId id) const;
  std::span<const Subscriber> all() const { return list_; }
  std::size_t memory() const;

 private:
  using Places = absl::flat_hash_map<SubscriberId, std::uint32_t>;
  static constexpr std::size_t npos = ~std::size_t{0};
  std::size_t place_of(SubscriberId id) const;

  std::vector<Subscriber> list_;
  std::unique_ptr<Places> places_;  // Only once the list is too long to be searched.
};

class SubscriptionIndex final {
 public:
  static constexpr std::size_t cache_entries_default = 1'024;  // 264 KiB. 0: no cache.

  // cache_entries is a power of two or 0.
  explicit SubscriptionIndex(std::size_t cache_entries = cache_entries_default);

  // The filter is valid and without `$share/`. Same id and filter replaces. True if it was not
  // there.
  bool add(std::string_view filter, const Subscriber& subscriber);
  // True if it was there.
  bool remove(std::string_view filter, SubscriberId id);
  // Null if there is none. Valid until the next add or remove.
  const Subscriber* find(std::string_view filter, SubscriberId id) const;

  // visit(const Subscriber&) for every subscription whose filter matches: an id comes as often as
  // filters of its match. In an order that depends on the history of calls only, the filter equal
  // to the name first. The visitor may neither change nor match.
  template <class Visit>
  void match(std::string_view name, const Visit& visit) {
    ASSERT(!visiting_);
    visiting_ = true;
    for (const FilterId filter : matching_filters(name)) {
      for (const Subscriber& subscriber : lists_[filter.value].all()) visit(subscriber);
    }
    visiting_ = false;
  }
  // The same, appended.
  void match_into(std::string_view name, std::vector<Subscriber>& out);

  std::size_t size() const { return size_; }
  std::size_t filter_count() const { return filters_.size(); }
  std::size_t memory() const;  // Bytes, an estimate. Walks all filters: for reports.
  std::uint64_t cache_hits() const { return cache_hits_; }
  std::uint64_t cache_misses() const { return cache_misses_; }

 private:
  // Filters, not subscribers: so an entry is small, and outlives changes within a filter.
  struct KnownFilters {
    static constexpr std::size_t filters_max = 16;
    std::uint32_t count = 0;
    std::array<FilterId, filters_max> filters{};
  };
  std::span<const FilterId> matching_filters(std::string_view name);
  void remember(std::string_view name, std::uint64_t hash);

  FilterMap filters_;
  Slots<SubscriberList> lists_;
  LocalStamps stamps_;
  TopicCache<KnownFilters> cache_;
  MatchScratch scratch_;
  std::size_t size_ = 0;
  std::uint64_t cache_hits_ = 0;
  std::uint64_t cache_misses_ = 0;
  bool visiting_ = false;
};

}  // namespace topic
