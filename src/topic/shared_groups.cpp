#include "topic/shared_groups.h"

#include "base/assert.h"
#include "topic/give_back.h"

namespace topic {

namespace {
std::string key_of(std::string_view share, std::string_view filter) {
  std::string key;
  key.reserve(share.size() + 1 + filter.size());
  key.append(share).append(1, '/').append(filter);
  return key;
}
}  // namespace

SharedGroups::SharedGroups(std::size_t cache_entries) : index_(cache_entries) {}

SharedGroups::Added SharedGroups::add(std::string_view share, std::string_view filter,
                                      const Member& member) {
  const GroupId group = find_or_add_group(share, filter);
  const auto seat = seat_of_.find({group, member.subscriber.id});
  if (seat != seat_of_.end()) {
    update_seat(seat->second, member);
    return {group, false};
  }
  add_seat(group, member);
  return {group, true};
}

bool SharedGroups::remove(std::string_view share, std::string_view filter, SubscriberId id) {
  const std::optional<GroupId> group = find(share, filter);
  if (!group) return false;
  const auto seat = seat_of_.find({*group, id});
  if (seat == seat_of_.end()) return false;
  const std::uint32_t at = seat->second;
  seat_of_.erase(seat);
  give_back_space(seat_of_);
  leave_ring(at);
  part_subscriber(at);
  seats_.give_back(at);
  if (--groups_[group->value].counts.total == 0) drop_group(*group);
  return true;
}

void SharedGroups::set_presence(SubscriberId id, Presence presence) {
  const auto first = first_seats_.find(id);
  if (first == first_seats_.end()) return;
  for (std::uint32_t at = first->second; at != none; at = seats_[at].next_of_subscriber) {
    update_seat(at, Member{seats_[at].member.subscriber, presence});
  }
}

std::optional<GroupId> SharedGroups::find(std::string_view share, std::string_view filter) const {
  const auto found = group_ids_.find(key_of(share, filter));
  return found == group_ids_.end() ? std::nullopt : std::optional(found->second);
}

MemberCounts SharedGroups::counts(GroupId group) const {
  return groups_[group.value].counts;
}

Member SharedGroups::pick(GroupId group) {
  auto& rings = groups_[group.value].rings;
  std::uint32_t& due = rings[0] != none ? rings[0] : rings[1];
  ASSERT(due != none);
  const Member picked = seats_[due].member;
  due = seats_[due].next;
  return picked;
}

std::size_t SharedGroups::memory() const {
  const auto table = [](const auto& map) {
    using Map = std::remove_cvref_t<decltype(map)>;
    return map.capacity() * (sizeof(typename Map::value_type) + 1);
  };
  std::size_t sum = index_.memory() + groups_.memory() + seats_.memory();
  groups_.for_each([&](const Group& group) { sum += 2 * group.key.capacity(); });
  return sum + table(group_ids_) + table(seat_of_) + table(first_seats_);
}

std::pair<std::string_view, std::string_view> SharedGroups::split(GroupId id) const {
  const Group& group = groups_[id.value];
  const std::string_view key = group.key;
  return {key.substr(0, group.share_size), key.substr(group.share_size + 1)};
}

GroupId SharedGroups::find_or_add_group(std::string_view share, std::string_view filter) {
  std::string key = key_of(share, filter);
  const auto found = group_ids_.find(key);
  if (found != group_ids_.end()) return found->second;
  Group group;
  group.key = key;
  group.share_size = share.size();
  const GroupId id{groups_.take(std::move(group))};
  group_ids_.emplace(std::move(key), id);
  index_.add(filter, Subscriber{SubscriberId{id.value}});
  return id;
}

void SharedGroups::add_seat(GroupId group, const Member& member) {
  Seat seat;
  seat.member = member;
  seat.group = group;
  const std::uint32_t at = seats_.take(seat);
  seat_of_.emplace(std::pair(group, member.subscriber.id), at);
  ++groups_[group.value].counts.total;
  enter_ring(at);
  join_subscriber(at);
}

void SharedGroups::update_seat(std::uint32_t at, const Member& member) {
  Seat& seat = seats_[at];
  seat.member.subscriber = member.subscriber;
  if (seat.member.presence == member.presence) return;
  leave_ring(at);
  seat.member.presence = member.presence;
  enter_ring(at);
}

// At the back: before the one who is due.
void SharedGroups::enter_ring(std::uint32_t at) {
  Seat& seat = seats_[at];
  Group& group = groups_[seat.group.value];
  group.counts.online += seat.member.presence == Presence::online ? 1 : 0;
  std::uint32_t& due = group.rings[ring_of(seat.member.presence)];
  if (due == none) {
    due = seat.previous = seat.next = at;
    return;
  }
  seat.next = due;
  seat.previous = seats_[due].previous;
  seats_[seat.previous].next = at;
  seats_[due].previous = at;
}

void SharedGroups::leave_ring(std::uint32_t at) {
  const Seat& seat = seats_[at];
  Group& group = groups_[seat.group.value];
  group.counts.online -= seat.member.presence == Presence::online ? 1 : 0;
  std::uint32_t& due = group.rings[ring_of(seat.member.presence)];
  if (seat.next == at) {
    due = none;
    return;
  }
  if (due == at) due = seat.next;
  seats_[seat.previous].next = seat.next;
  seats_[seat.next].previous = seat.previous;
}

void SharedGroups::join_subscriber(std::uint32_t at) {
  Seat& seat = seats_[at];
  const auto [first, is_first] = first_seats_.try_emplace(seat.member.subscriber.id, at);
  if (is_first) return;
  seat.next_of_subscriber = first->second;
  seats_[first->second].previous_of_subscriber = at;
  first->second = at;
}

void SharedGroups::part_subscriber(std::uint32_t at) {
  const Seat& seat = seats_[at];
  if (seat.next_of_subscriber != none) {
    seats_[seat.next_of_subscriber].previous_of_subscriber = seat.previous_of_subscriber;
  }
  if (seat.previous_of_subscriber != none) {
    seats_[seat.previous_of_subscriber].next_of_subscriber = seat.next_of_subscriber;
  } else if (seat.next_of_subscriber != none) {
    first_seats_[seat.member.subscriber.id] = seat.next_of_subscriber;
  } else {
    first_seats_.erase(seat.member.subscriber.id);
    give_back_space(first_seats_);
  }
}

void SharedGroups::drop_group(GroupId id) {
  index_.remove(filter(id), SubscriberId{id.value});
  group_ids_.erase(groups_[id.value].key);
  give_back_space(group_ids_);
  groups_.give_back(id.value);
}

}  // namespace topic
