#include "base/timer_wheel.h"

#include <bit>

namespace base {

namespace {

constexpr auto max_nanoseconds = static_cast<std::uint64_t>(Instant::never().since_start.count());

std::uint64_t nanoseconds(Instant at) {
  const auto count = at.since_start.count();
  return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}

}  // namespace

TimerTable::TimerTable(Duration resolution)
    : resolution_(static_cast<std::uint64_t>(resolution.count())) {
  ASSERT(resolution >= std::chrono::milliseconds(1));
}

TimerId TimerTable::set(Instant at) {
  const std::uint64_t tick = tick_at_or_after(at);
  const std::uint32_t index = take_node();
  Node& node = nodes_[index];
  node.tick = tick;
  node.serial = ++serial_;
  append(tick <= current_ ? list_ready : list_for(tick), index);
  ++size_;
  return {index, node.serial};
}

bool TimerTable::cancel(TimerId id) {
  if (!contains(id)) return false;
  unlink(id.slot);
  release(id.slot);
  return true;
}

bool TimerTable::contains(TimerId id) const {
  return id.slot < nodes_.size() && nodes_[id.slot].list != list_free &&
         nodes_[id.slot].serial == id.serial;
}

Instant TimerTable::deadline() const {
  if (lists_[list_ready].first != none || lists_[list_firing].first != none) {
    return start_of(current_);
  }
  Event event{};
  return next_event(event) ? start_of(event.tick) : Instant::never();
}

void TimerTable::begin_advance(Instant now) {
  const std::uint64_t tick = nanoseconds(now) / resolution_;
  target_ = tick > current_ ? tick : current_;
  // Only those there now: what a visitor sets as due already waits for the next advance, so a timer
  // that sets itself again can't hold the loop.
  splice_to_firing(list_ready);
}

std::uint32_t TimerTable::next_due() {
  while (lists_[list_firing].first == none) {
    if (!step()) return none;
  }
  const std::uint32_t index = lists_[list_firing].first;
  unlink(index);
  release(index);
  return index;
}

// Moves on to the next slot with timers in it. False: nothing up to the target.
//
// A timer lies on the level of the highest digit (base 64) in which its tick differs from
// `current_`. So the lowest level with timers has the next ones, all timers of one tick are in one
// list at any time, and each list stays in order of creation when it moves down.
bool TimerTable::step() {
  Event event{};
  if (!next_event(event) || event.tick > target_) {
    current_ = target_;
    return false;
  }
  current_ = event.tick;
  if (event.list < (1U << level_bits)) {
    splice_to_firing(event.list);
  } else {
    redistribute(event.list);
  }
  return true;
}

bool TimerTable::next_event(Event& event) const {
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto digit = static_cast<std::uint64_t>(std::countr_zero(occupied_[level]));
    const unsigned shift = level * level_bits;
    const std::uint64_t above = current_ >> (shift + level_bits) << (shift + level_bits);
    event.list = (level << level_bits) | static_cast<std::uint32_t>(digit);
    event.tick = above | (digit << shift);
    return true;
  }
  return false;
}

void TimerTable::redistribute(std::uint32_t list) {
  while (lists_[list].first != none) {
    const std::uint32_t index = lists_[list].first;
    const std::uint64_t tick = nodes_[index].tick;
    unlink(index);
    append(tick == current_ ? list_firing : list_for(tick), index);
  }
}

void TimerTable::splice_to_firing(std::uint32_t list) {
  while (lists_[list].first != none) {
    const std::uint32_t index = lists_[list].first;
    unlink(index);
    append(list_firing, index);
  }
}

std::uint64_t TimerTable::tick_at_or_after(Instant at) const {
  const std::uint64_t count = nanoseconds(at);
  return count / resolution_ + (count % resolution_ == 0 ? 0 : 1);
}

Instant TimerTable::start_of(std::uint64_t tick) const {
  if (tick > max_nanoseconds / resolution_) return Instant::never();
  return {Duration(static_cast<std::int64_t>(tick * resolution_))};
}

std::uint32_t TimerTable::list_for(std::uint64_t tick) const {
  const auto highest = static_cast<unsigned>(63 - std::countl_zero(tick ^ current_));
  const unsigned level = highest / level_bits;
  ASSERT(level < levels);
  const std::uint64_t digit = (tick >> (level * level_bits)) & ((1U << level_bits) - 1);
  return (level << level_bits) | static_cast<std::uint32_t>(digit);
}

std::uint32_t TimerTable::take_node() {
  const std::uint32_t index = lists_[list_free].first;
  if (index != none) {
    unlink(index);
    return index;
  }
  ASSERT(nodes_.size() < none);
  nodes_.emplace_back();
  return slots() - 1;
}

void TimerTable::release(std::uint32_t index) {
  append(list_free, index);
  --size_;
  trim();
}

// Gives memory back after a crowd has left.
void TimerTable::trim() {
  while (!nodes_.empty() && nodes_.back().list == list_free) {
    unlink(slots() - 1);
    nodes_.pop_back();
  }
  if (nodes_.capacity() > 64 && nodes_.size() < nodes_.capacity() / 4) nodes_.shrink_to_fit();
}

void TimerTable::append(std::uint32_t list, std::uint32_t index) {
  Node& node = nodes_[index];
  List& to = lists_[list];
  node.list = list;
  node.previous = to.last;
  node.next = none;
  (to.last == none ? to.first : nodes_[to.last].next) = index;
  to.last = index;
  if (list < list_free) {
    occupied_[list >> level_bits] |= std::uint64_t{1} << (list & ((1U << level_bits) - 1));
  }
  ++moves_;
}

void TimerTable::unlink(std::uint32_t index) {
  const Node& node = nodes_[index];
  List& from = lists_[node.list];
  (node.previous == none ? from.first : nodes_[node.previous].next) = node.next;
  (node.next == none ? from.last : nodes_[node.next].previous) = node.previous;
  if (from.first == none && node.list < list_free) {
    occupied_[node.list >> level_bits] &=
        ~(std::uint64_t{1} << (node.list & ((1U << level_bits) - 1)));
  }
}

}  // namespace base
