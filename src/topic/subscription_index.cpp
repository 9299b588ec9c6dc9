#include "topic/subscription_index.h"

#include <algorithm>

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

SubscriptionIndex::SubscriptionIndex(std::size_t cache_entries) : cache_(cache_entries) {}

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

bool SubscriptionIndex::remove(std::string_view filter, SubscriberId id) {
  ASSERT(!visiting_);
  const std::optional<FilterId> known = filters_.find(filter);
  if (!known || !lists_[known->value].erase(id)) return false;
  --size_;
  if (lists_[known->value].all().empty()) {
    lists_.give_back(known->value);
    filters_.erase(filter);
    stamps_.bump(filter);
  }
  return true;
}

const Subscriber* SubscriptionIndex::find(std::string_view filter, SubscriberId id) const {
  const std::optional<FilterId> known = filters_.find(filter);
  return known ? lists_[known->value].find(id) : nullptr;
}

void SubscriptionIndex::match_into(std::string_view name, std::vector<Subscriber>& out) {
  for (const FilterId filter : matching_filters(name)) {
    const std::span<const Subscriber> all = lists_[filter.value].all();
    out.insert(out.end(), all.begin(), all.end());
  }
}

std::size_t SubscriptionIndex::memory() const {
  std::size_t sum = sizeof(*this) + cache_.memory();
  sum += filters_.memory() + lists_.memory();
  lists_.for_each([&](const SubscriberList& list) { sum += list.memory(); });
  return sum;
}

std::span<const FilterId> SubscriptionIndex::matching_filters(std::string_view name) {
  const std::uint64_t hash = stable_hash(name);
  if (const KnownFilters* known = cache_.find(name, hash, stamps_)) {
    ++cache_hits_;
    return {known->filters.data(), known->count};
  }
  ++cache_misses_;
  filters_.match(name, scratch_);
  remember(name, hash);
  return scratch_.found;
}

void SubscriptionIndex::remember(std::string_view name, std::uint64_t hash) {
  if (scratch_.found.size() > KnownFilters::filters_max) return;
  KnownFilters* known = cache_.admit(name, hash, stamps_);
  if (known == nullptr) return;
  known->count = static_cast<std::uint32_t>(scratch_.found.size());
  std::copy(scratch_.found.begin(), scratch_.found.end(), known->filters.begin());
}

}  // namespace topic
