// Which shards want a topic: the one routing structure that all shards share. Any thread may call
// InterestTable; writers take a stripe's lock. Publishers ask through an InterestReader, one a
// shard, whose cache answers hot topics with a few atomic loads and no lock. A change is seen by
// every find() that starts after the changing call has returned. Knows shards, not sessions.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong.h"
#include "topic/filter_map.h"
#include "topic/slots.h"
#include "topic/stamps.h"
#include "topic/subscriber.h"
#include "topic/topic_cache.h"

namespace topic {

using ShardId = base::Strong<struct ShardIdTag, std::uint8_t>;  // 0 to shards_max - 1.
using ShardMask = std::uint64_t;                                // Bit n: shard n.
inline constexpr std::size_t shards_max = 64;

// Never used twice, so that a message on its way cannot meet another group under its number.
using GroupKey = base::Strong<struct GroupKeyTag, std::uint64_t>;

// A group over all shards. The counts move under the reader; whatever it sees was true a moment
// ago.
class SharedInterest final {
 public:
  SharedInterest(GroupKey key, std::string_view share, std::string_view filter, std::size_t shards);

  GroupKey key() const { return key_; }
  const std::string& share() const { return share_; }
  const std::string& filter() const { return filter_; }
  std::uint32_t online(ShardId shard) const;
  std::uint32_t total(ShardId shard) const;
  // The shard whose turn it is: each as often as it has members online; if none is, as it has
  // members. Nothing if the last member has just gone.
  std::optional<ShardId> pick_shard() const;

 private:
  friend class InterestTable;
  struct Counts {
    std::atomic<std::uint32_t> online{0};
    std::atomic<std::uint32_t> total{0};
  };
  template <class Weight>
  std::optional<ShardId> pick_by(Weight weight, std::uint64_t ticket) const;

  const GroupKey key_;
  const std::string share_;
  const std::string filter_;
  std::vector<Counts> shards_;
  mutable std::atomic<std::uint64_t> ticket_{0};
};
using SharedInterestPtr = std::shared_ptr<const SharedInterest>;

class InterestTable final {
 public:
  explicit InterestTable(std::size_t shards);
  ~InterestTable();

  // Counted: as many removes as adds. Filters are valid and without `$share/`.
  void add(std::string_view filter, ShardId shard);
  void remove(std::string_view filter, ShardId shard);

  SharedInterestPtr add_member(std::string_view share, std::string_view filter, ShardId shard,
                               Presence presence);
  void remove_member(std::string_view share, std::string_view filter, ShardId shard,
                     Presence presence);
  // A member of this shard came or went; it had the other presence.
  void set_presence(std::string_view share, std::string_view filter, ShardId shard,
                    Presence presence);

  std::size_t filter_count() const;
  std::size_t memory() const;  // Bytes, an estimate. Takes every lock in turn: for reports.

 private:
  friend class InterestReader;
  struct Interest;
  struct Stripe;
  Stripe& stripe_of(std::string_view filter) const;
  const Stripe& exact_stripe(std::uint64_t name_hash) const;
  Interest& find_or_add(Stripe& stripe, std::string_view filter);
  void drop_if_empty(Stripe& stripe, std::string_view filter);

  // Filters without wildcard are spread by their text, so that a growing hash table holds up few;
  // those with one share the last stripe.
  static constexpr std::size_t exact_stripes = 64;
  const std::size_t shards_;
  std::atomic<std::uint64_t> last_key_{0};
  SharedStamps stamps_;
  std::unique_ptr<std::array<Stripe, exact_stripes + 1>> stripes_;
};

class InterestReader final {
 public:
  static constexpr std::size_t cache_entries_default = 1'024;

  // cache_entries is a power of two or 0. The table outlives its readers.
  explicit InterestReader(const InterestTable& table,
                          std::size_t cache_entries = cache_entries_default);

  struct Found {
    ShardMask shards = 0;                       // With ordinary subscribers.
    std::span<const SharedInterestPtr> groups;  // Valid until the next find().
  };
  Found find(std::string_view name);

 private:
  struct Known {
    ShardMask shards = 0;
    std::vector<SharedInterestPtr> groups;
  };
  void look_up(std::string_view name, std::uint64_t hash, Known& known);

  const InterestTable& table_;
  TopicCache<Known> cache_;
  Known uncached_;  // The last answer that is not in the cache.
  MatchScratch scratch_;
};

}  // namespace topic
