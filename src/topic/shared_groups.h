// One shard's shared subscriptions: which groups does a topic go to, and which of a group's members
// is next? A group is a share name and a filter. Each group has two rings of members, online and
// offline, so that picking and coming and going cost the same however large the group. Owned by the
// shard, one thread. Does not send, and does not decide what happens when all members are offline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/strong.h"
#include "topic/slots.h"
#include "topic/subscriber.h"
#include "topic/subscription_index.h"

namespace topic {

using GroupId = base::Strong<struct GroupIdTag, std::uint32_t>;  // Recycled; of this shard only.

struct Member {
  Subscriber subscriber;
  Presence presence = Presence::offline;
};
struct MemberCounts {
  std::uint32_t online = 0;
  std::uint32_t total = 0;
};

class SharedGroups final {
 public:
  explicit SharedGroups(std::size_t cache_entries = SubscriptionIndex::cache_entries_default);

  struct Added {
    GroupId group;
    bool was_new =
        false;  // False: the member was there and now has these options and this presence.
  };
  Added add(std::string_view share, std::string_view filter, const Member& member);
  // True if it was there. The last member takes its group along.
  bool remove(std::string_view share, std::string_view filter, SubscriberId id);
  // In all groups that this subscriber is a member of. Whoever comes online queues at the back.
  void set_presence(SubscriberId id, Presence presence);

  std::optional<GroupId> find(std::string_view share, std::string_view filter) const;
  std::string_view share(GroupId group) const { return split(group).first; }
  std::string_view filter(GroupId group) const { return split(group).second; }
  MemberCounts counts(GroupId group) const;
  // Round robin over the members that are online; if none is, over those offline.
  Member pick(GroupId group);

  // visit(GroupId) for every group whose filter matches. The visitor may pick, not add or remove.
  template <class Visit>
  void match(std::string_view name, const Visit& visit) {
    index_.match(name, [&](const Subscriber& entry) { visit(GroupId{entry.id.value}); });
  }
  // visit(const Member&), in the order in which they are due, those online first.
  template <class Visit>
  void for_each_member(GroupId group, const Visit& visit) const {
    for (const std::uint32_t head : groups_[group.value].rings) {
      for (std::uint32_t at = head; at != none;) {
        visit(seats_[at].member);
        at = seats_[at].next == head ? none : seats_[at].next;
      }
    }
  }
  // visit(GroupId, const Member&) for every group that this subscriber is a member of.
  template <class Visit>
  void for_each_group(SubscriberId id, const Visit& visit) const {
    const auto first = first_seats_.find(id);
    if (first == first_seats_.end()) return;
    for (std::uint32_t at = first->second; at != none; at = seats_[at].next_of_subscriber) {
      visit(seats_[at].group, seats_[at].member);
    }
  }

  std::size_t group_count() const { return groups_.size(); }
  std::size_t size() const { return seats_.size(); }  // Members of all groups.
  std::size_t memory() const;                         // Bytes, an estimate.

 private:
  static constexpr std::uint32_t none = 0xffff'ffff;
  // A member's place: in a ring of its group and in the list of its subscriber.
  struct Seat {
    Member member;
    GroupId group;
    std::uint32_t previous = none;
    std::uint32_t next = none;
    std::uint32_t previous_of_subscriber = none;
    std::uint32_t next_of_subscriber = none;
  };
  struct Group {
    std::string key;  // Share name, '/', filter. A share name has no '/'. [MQTT-4.8.2-2]
    std::size_t share_size = 0;
    std::uint32_t rings[2] = {none, none};  // Who is due: online, offline.
    MemberCounts counts;
  };
  static std::size_t ring_of(Presence presence) { return presence == Presence::online ? 0 : 1; }
  std::pair<std::string_view, std::string_view> split(GroupId id) const;
  GroupId find_or_add_group(std::string_view share, std::string_view filter);
  void add_seat(GroupId group, const Member& member);
  void update_seat(std::uint32_t at, const Member& member);
  void enter_ring(std::uint32_t at);
  void leave_ring(std::uint32_t at);
  void join_subscriber(std::uint32_t at);
  void part_subscriber(std::uint32_t at);
  void drop_group(GroupId id);

  SubscriptionIndex index_;  // Filter -> groups: the "subscribers" are group ids.
  Slots<Group> groups_;
  Slots<Seat> seats_;
  absl::flat_hash_map<std::string, GroupId> group_ids_;
  absl::flat_hash_map<std::pair<GroupId, SubscriberId>, std::uint32_t> seat_of_;
  absl::flat_hash_map<SubscriberId, std::uint32_t> first_seats_;
};

}  // namespace topic
