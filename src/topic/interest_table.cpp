#include "topic/interest_table.h"

#include <algorithm>
#include <mutex>

#include "base/assert.h"
#include "topic/filter.h"

namespace topic {

SharedInterest::SharedInterest(GroupKey key, std::string_view share, std::string_view filter,
                               std::size_t shards)
    : key_(key), share_(share), filter_(filter), shards_(shards) {}

std::uint32_t SharedInterest::online(ShardId shard) const {
  return shards_[shard.value].online.load(std::memory_order_relaxed);
}
std::uint32_t SharedInterest::total(ShardId shard) const {
  return shards_[shard.value].total.load(std::memory_order_relaxed);
}

std::optional<ShardId> SharedInterest::pick_shard() const {
  const std::uint64_t ticket = ticket_.fetch_add(1, std::memory_order_relaxed);
  const auto by_online = pick_by([this](ShardId shard) { return online(shard); }, ticket);
  if (by_online) return by_online;
  return pick_by([this](ShardId shard) { return total(shard); }, ticket);
}

// As many consecutive tickets as a shard has members: the shard's own round robin then gives each
// member one of them.
template <class Weight>
std::optional<ShardId> SharedInterest::pick_by(Weight weight, std::uint64_t ticket) const {
  std::array<std::uint32_t, shards_max> weights{};  // Read once: they move.
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    weights[i] = weight(ShardId{static_cast<std::uint8_t>(i)});
    sum += weights[i];
  }
  if (sum == 0) return std::nullopt;
  std::uint64_t left = ticket % sum;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (left < weights[i]) return ShardId{static_cast<std::uint8_t>(i)};
    left -= weights[i];
  }
  UNREACHABLE();
}

// What the shards want of one filter.
struct InterestTable::Interest {
  struct Count {
    ShardId shard;
    std::uint32_t filters = 0;
  };
  ShardMask shards = 0;
  std::vector<Count> counts;  // One for each bit in `shards`.
  std::vector<std::shared_ptr<SharedInterest>> groups;

  bool is_empty() const { return shards == 0 && groups.empty(); }
  std::vector<Count>::iterator count_of(ShardId shard) {
    return std::find_if(counts.begin(), counts.end(),
                        [shard](const Count& count) { return count.shard == shard; });
  }
  auto group_of(std::string_view share) {
    return std::find_if(groups.begin(), groups.end(),
                        [share](const auto& group) { return group->share() == share; });
  }
};

struct InterestTable::Stripe {
  mutable std::shared_mutex lock;
  FilterMap filters;
  Slots<Interest> interests;

  Interest* find(std::string_view filter) {
    const std::optional<FilterId> id = filters.find(filter);
    return id ? &interests[id->value] : nullptr;
  }
};

namespace {
ShardMask bit(ShardId shard) {
  return ShardMask{1} << shard.value;
}

void take_one(std::atomic<std::uint32_t>& count) {
  const std::uint32_t before = count.fetch_sub(1, std::memory_order_relaxed);
  ASSERT(before > 0);
}
}  // namespace

InterestTable::InterestTable(std::size_t shards)
    : shards_(shards), stripes_(std::make_unique<std::array<Stripe, exact_stripes + 1>>()) {
  ASSERT(shards >= 1);
  ASSERT(shards <= shards_max);
}
InterestTable::~InterestTable() = default;

void InterestTable::add(std::string_view filter, ShardId shard) {
  ASSERT(shard.value < shards_);
  Stripe& stripe = stripe_of(filter);
  const std::lock_guard guard(stripe.lock);
  Interest& interest = find_or_add(stripe, filter);
  const auto count = interest.count_of(shard);
  if (count != interest.counts.end()) {
    ++count->filters;
    return;
  }
  interest.counts.push_back({shard, 1});
  interest.shards |= bit(shard);
  stamps_.bump(filter);
}

void InterestTable::remove(std::string_view filter, ShardId shard) {
  Stripe& stripe = stripe_of(filter);
  const std::lock_guard guard(stripe.lock);
  Interest* interest = stripe.find(filter);
  ASSERT(interest != nullptr);
  const auto count = interest->count_of(shard);
  ASSERT(count != interest->counts.end());
  if (--count->filters > 0) return;
  interest->counts.erase(count);
  interest->shards &= ~bit(shard);
  drop_if_empty(stripe, filter);
  stamps_.bump(filter);
}

SharedInterestPtr InterestTable::add_member(std::string_view share, std::string_view filter,
                                            ShardId shard, Presence presence) {
  ASSERT(shard.value < shards_);
  Stripe& stripe = stripe_of(filter);
  const std::lock_guard guard(stripe.lock);
  Interest& interest = find_or_add(stripe, filter);
  auto group = interest.group_of(share);
  const bool is_new = group == interest.groups.end();
  if (is_new) {
    const GroupKey key{last_key_.fetch_add(1, std::memory_order_relaxed) + 1};
    interest.groups.push_back(std::make_shared<SharedInterest>(key, share, filter, shards_));
    group = std::prev(interest.groups.end());
  }
  SharedInterest::Counts& counts = (*group)->shards_[shard.value];
  counts.total.fetch_add(1, std::memory_order_relaxed);
  if (presence == Presence::online) counts.online.fetch_add(1, std::memory_order_relaxed);
  if (is_new) stamps_.bump(filter);
  return *group;
}

void InterestTable::remove_member(std::string_view share, std::string_view filter, ShardId shard,
                                  Presence presence) {
  Stripe& stripe = stripe_of(filter);
  const std::lock_guard guard(stripe.lock);
  Interest* interest = stripe.find(filter);
  ASSERT(interest != nullptr);
  const auto group = interest->group_of(share);
  ASSERT(group != interest->groups.end());
  std::vector<SharedInterest::Counts>& shards = (*group)->shards_;
  SharedInterest::Counts& counts = shards[shard.value];
  if (presence == Presence::online) take_one(counts.online);
  take_one(counts.total);
  const bool has_members = std::any_of(shards.begin(), shards.end(), [](const auto& other) {
    return other.total.load(std::memory_order_relaxed) > 0;
  });
  if (has_members) return;
  interest->groups.erase(group);
  drop_if_empty(stripe, filter);
  stamps_.bump(filter);
}

// Only the counts move, and those are atomic: readers need not forget what they know.
void InterestTable::set_presence(std::string_view share, std::string_view filter, ShardId shard,
                                 Presence presence) {
  Stripe& stripe = stripe_of(filter);
  const std::shared_lock guard(stripe.lock);
  Interest* interest = stripe.find(filter);
  ASSERT(interest != nullptr);
  const auto group = interest->group_of(share);
  ASSERT(group != interest->groups.end());
  SharedInterest::Counts& counts = (*group)->shards_[shard.value];
  if (presence == Presence::online) {
    counts.online.fetch_add(1, std::memory_order_relaxed);
  } else {
    take_one(counts.online);
  }
}

std::size_t InterestTable::filter_count() const {
  std::size_t sum = 0;
  for (const Stripe& stripe : *stripes_) {
    const std::shared_lock guard(stripe.lock);
    sum += stripe.filters.size();
  }
  return sum;
}

std::size_t InterestTable::memory() const {
  std::size_t sum = sizeof(*this) + sizeof(*stripes_);
  for (const Stripe& stripe : *stripes_) {
    const std::shared_lock guard(stripe.lock);
    sum += stripe.filters.memory() + stripe.interests.memory();
    stripe.interests.for_each([&](const Interest& interest) {
      sum += interest.counts.capacity() * sizeof(Interest::Count);
      sum += interest.groups.capacity() * (sizeof(SharedInterestPtr) + sizeof(SharedInterest));
    });
  }
  return sum;
}

InterestTable::Stripe& InterestTable::stripe_of(std::string_view filter) const {
  if (has_wildcard(filter)) return stripes_->back();
  return (*stripes_)[(stable_hash(filter) >> 32) % exact_stripes];
}

const InterestTable::Stripe& InterestTable::exact_stripe(std::uint64_t name_hash) const {
  return (*stripes_)[(name_hash >> 32) % exact_stripes];
}

InterestTable::Interest& InterestTable::find_or_add(Stripe& stripe, std::string_view filter) {
  if (Interest* interest = stripe.find(filter)) return *interest;
  const std::uint32_t at = stripe.interests.take(Interest());
  stripe.filters.insert(filter, FilterId{at});
  return stripe.interests[at];
}

void InterestTable::drop_if_empty(Stripe& stripe, std::string_view filter) {
  const std::optional<FilterId> id = stripe.filters.find(filter);
  if (!stripe.interests[id->value].is_empty()) return;
  stripe.filters.erase(filter);
  stripe.interests.give_back(id->value);
}

InterestReader::InterestReader(const InterestTable& table, std::size_t cache_entries)
    : table_(table), cache_(cache_entries) {}

InterestReader::Found InterestReader::find(std::string_view name) {
  const std::uint64_t hash = stable_hash(name);
  const Known* known = cache_.find(name, hash, table_.stamps_);
  if (known == nullptr) {
    Known* kept = cache_.admit(name, hash, table_.stamps_);
    Known& place = kept == nullptr ? uncached_ : *kept;
    look_up(name, hash, place);
    known = &place;
  }
  return {known->shards, known->groups};
}

void InterestReader::look_up(std::string_view name, std::uint64_t hash, Known& known) {
  known.shards = 0;
  known.groups.clear();
  const auto collect = [&known](const InterestTable::Interest& interest) {
    known.shards |= interest.shards;
    known.groups.insert(known.groups.end(), interest.groups.begin(), interest.groups.end());
  };
  {
    const InterestTable::Stripe& exact = table_.exact_stripe(hash);
    const std::shared_lock guard(exact.lock);
    const std::optional<FilterId> id = exact.filters.find(name);
    if (id) collect(exact.interests[id->value]);
  }
  const InterestTable::Stripe& wildcards = table_.stripes_->back();
  const std::shared_lock guard(wildcards.lock);
  wildcards.filters.match(name, scratch_);
  for (const FilterId id : scratch_.found) collect(wildcards.interests[id.value]);
}

}  // namespace topic
