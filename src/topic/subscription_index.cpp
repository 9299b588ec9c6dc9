#include "topic/subscription_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "topic/give_back.h"

namespace topic {

namespace {
// Shorter lists are searched faster than looked up, and need no table.
constexpr std::size_t searched_max = 32;
}  // namespace

bool SubscriberList::put(const Subscriber& subscriber) {
  const std::size_t at = place_of(subscriber.id);
  if (at != npos) {
    list_[at] = subscriber;
    return false;
  }
  list_.push_back(subscriber);
  if (places_) {
    places_->emplace(subscriber.id, static_cast<std::uint32_t>(list_.size() - 1));
  } else if (list_.size() > searched_max) {
    places_ = std::make_unique<Places>();
    for (std::uint32_t i = 0; i < list_.size(); ++i) places_->emplace(list_[i].id, i);
  }
  return true;
}

bool SubscriberList::erase(SubscriberId id) {
  const std::size_t at = place_of(id);
  if (at == npos) return false;
  list_[at] = list_.back();
  list_.pop_back();
  if (places_) {
    if (at < list_.size()) (*places_)[list_[at].id] = static_cast<std::uint32_t>(at);
    places_->erase(id);
    give_back_space(*places_);
  }
  // Half of the limit, so that one who comes and goes does not build the table each time.
  if (list_.size() < searched_max / 2) places_.reset();
  if (list_.size() < list_.capacity() / 4) list_.shrink_to_fit();
  return true;
}

const Subscriber* SubscriberList::find(SubscriberId id) const {
  const std::size_t at = place_of(id);
  return at == npos ? nullptr : &list_[at];
}

std::size_t SubscriberList::memory() const {
  const std::size_t places = places_ ? places_->capacity() * (sizeof(Places::value_type) + 1) : 0;
  return list_.capacity() * sizeof(Subscriber) + places;
}

std::size_t SubscriberList::place_of(SubscriberId id) const {
  if (places_) {
    const auto found = places_->find(id);
    return found == places_->end() ? npos : found->second;
  }
  const auto found = std::find_if(list_.begin(), list_.end(),
                                  [id](const Subscriber& other) { return other.id == id; });
  return found == list_.end() ? npos : static_cast<std::size_t>(found - list_.begin());
}

SubscriptionIndex::SubscriptionIndex(std::size_t cache_entries) : cache_(cache_entries) {
  ASSERT(cache_entries == 0 || std::has_single_bit(cache_entries));
}

bool SubscriptionIndex::add(std::string_view filter, const Subscriber& subscriber) {
  ASSERT(!visiting_);
  std::optional<FilterId> id = filters_.find(filter);
  if (!id) {
    id = FilterId{lists_.take(SubscriberList())};
    filters_.insert(filter, *id);
    stamps_.bump(filter);
  }
  const bool was_new = lists_[id->value].put(subscriber);
  size_ += was_new ? 1 : 0;
  return was_new;
}

bool SubscriptionIndex::remove(std::string_view filter, SubscriberId subscriber) {
  ASSERT(!visiting_);
  const std::optional<FilterId> id = filters_.find(filter);
  if (!id || !lists_[id->value].erase(subscriber)) return false;
  --size_;
  if (lists_[id->value].all().empty()) {
    lists_.give_back(id->value);
    filters_.erase(filter);
    stamps_.bump(filter);
  }
  return true;
}

const Subscriber* SubscriptionIndex::find(std::string_view filter, SubscriberId subscriber) const {
  const std::optional<FilterId> id = filters_.find(filter);
  return id ? lists_[id->value].find(subscriber) : nullptr;
}

void SubscriptionIndex::match_into(std::string_view name, std::vector<Subscriber>& out) {
  for (const FilterId filter : matching_filters(name)) {
    const std::span<const Subscriber> all = lists_[filter.value].all();
    out.insert(out.end(), all.begin(), all.end());
  }
}

std::size_t SubscriptionIndex::memory() const {
  std::size_t sum = sizeof(*this) + cache_.capacity() * sizeof(CacheEntry);
  sum += filters_.memory() + lists_.memory();
  lists_.for_each([&](const SubscriberList& list) { sum += list.memory(); });
  return sum;
}

std::span<const FilterId> SubscriptionIndex::matching_filters(std::string_view name) {
  if (cache_.empty()) {
    filters_.match(name, scratch_);
    return scratch_.found;
  }
  const std::uint64_t hash = stable_hash(name);
  if (const CacheEntry* entry = cached(name, hash)) {
    ++cache_hits_;
    return {entry->filters.data(), entry->filter_count};
  }
  ++cache_misses_;
  filters_.match(name, scratch_);
  remember(name, hash);
  return scratch_.found;
}

SubscriptionIndex::CacheEntry* SubscriptionIndex::cached(std::string_view name,
                                                         std::uint64_t hash) {
  CacheEntry& entry = cache_[hash & (cache_.size() - 1)];
  const bool same = entry.hash == hash && entry.name_size == name.size() &&
                    std::memcmp(entry.name.data(), name.data(), name.size()) == 0;
  return same && entry.stamp == stamps_.sum(entry.slots) ? &entry : nullptr;
}

void SubscriptionIndex::remember(std::string_view name, std::uint64_t hash) {
  if (name.size() > CacheEntry::name_size_max) return;
  if (scratch_.found.size() > CacheEntry::filters_max) return;
  CacheEntry& entry = cache_[hash & (cache_.size() - 1)];
  entry.hash = hash;
  entry.slots = stamp_slots_of_name(name, hash);
  entry.stamp = stamps_.sum(entry.slots);
  entry.name_size = static_cast<std::uint8_t>(name.size());
  entry.filter_count = static_cast<std::uint8_t>(scratch_.found.size());
  std::copy(scratch_.found.begin(), scratch_.found.end(), entry.filters.begin());
  std::copy(name.begin(), name.end(), entry.name.begin());
}

}  // namespace topic
