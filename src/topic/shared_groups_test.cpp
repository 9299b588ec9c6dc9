#include "topic/shared_groups.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "topic/filter.h"
#include "topic/test_names.h"

namespace topic {
namespace {

Member member(std::uint32_t id, Presence presence = Presence::online) {
  return Member{Subscriber{SubscriberId{id}, 0, 0}, presence};
}

std::vector<std::uint32_t> picks(SharedGroups& groups, GroupId group, int count) {
  std::vector<std::uint32_t> result;
  for (int i = 0; i < count; ++i) result.push_back(groups.pick(group).subscriber.id.value);
  return result;
}

using Ids = std::vector<std::uint32_t>;

TEST(SharedGroups, TakeTurnsOverTheMembersThatAreOnline) {
  SharedGroups groups;
  const GroupId group = groups.add("g", "a/+", member(1)).group;
  groups.add("g", "a/+", member(2, Presence::offline));
  groups.add("g", "a/+", member(3));
  groups.add("g", "a/+", member(4));
  EXPECT_EQ(picks(groups, group, 6), (Ids{1, 3, 4, 1, 3, 4}));
}

TEST(SharedGroups, TakeTurnsOverThoseOfflineWhenNoneIsOnline) {
  SharedGroups groups;
  const GroupId group = groups.add("g", "a", member(1, Presence::offline)).group;
  groups.add("g", "a", member(2, Presence::offline));
  EXPECT_EQ(picks(groups, group, 4), (Ids{1, 2, 1, 2}));
  EXPECT_EQ(groups.pick(group).presence, Presence::offline);
}

TEST(SharedGroups, NeverPickAnOfflineMemberWhileAnotherIsOnline) {
  SharedGroups groups;
  const GroupId group = groups.add("g", "a", member(1)).group;
  groups.add("g", "a", member(2));
  groups.set_presence(SubscriberId{1}, Presence::offline);
  EXPECT_EQ(picks(groups, group, 3), (Ids{2, 2, 2}));
  groups.set_presence(SubscriberId{1}, Presence::online);
  EXPECT_EQ(picks(groups, group, 4), (Ids{2, 1, 2, 1}));
}

TEST(SharedGroups, LetWhoeverComesOnlineQueueAtTheBack) {
  SharedGroups groups;
  const GroupId group = groups.add("g", "a", member(1)).group;
  groups.add("g", "a", member(2));
  groups.add("g", "a", member(3));
  groups.pick(group);  // 1; so 2 and 3 are due before it.
  groups.set_presence(SubscriberId{2}, Presence::offline);
  groups.set_presence(SubscriberId{2}, Presence::online);
  EXPECT_EQ(picks(groups, group, 3), (Ids{3, 1, 2}));
}

TEST(SharedGroups, SetPresenceInEveryGroupOfTheSubscriber) {
  SharedGroups groups;
  const GroupId a = groups.add("g", "a", member(1)).group;
  const GroupId b = groups.add("g", "b", member(1)).group;
  const GroupId c = groups.add("h", "a", member(2)).group;
  groups.set_presence(SubscriberId{1}, Presence::offline);
  EXPECT_EQ(groups.counts(a).online, 0u);
  EXPECT_EQ(groups.counts(b).online, 0u);
  EXPECT_EQ(groups.counts(c).online, 1u);
  std::vector<std::string> filters;
  groups.for_each_group(SubscriberId{1}, [&](GroupId group, const Member& in) {
    EXPECT_EQ(in.presence, Presence::offline);
    filters.emplace_back(groups.filter(group));
  });
  EXPECT_EQ(filters, (std::vector<std::string>{"b", "a"}));
}

TEST(SharedGroups, KeepGroupsOfTheSameNameApartByFilter) {
  SharedGroups groups;
  const GroupId a = groups.add("g", "a/b", member(1)).group;
  const GroupId b = groups.add("g", "a/+", member(2)).group;
  const GroupId c = groups.add("h", "a/b", member(3)).group;
  std::vector<std::uint32_t> found;
  groups.match("a/b",
               [&](GroupId group) { found.push_back(groups.pick(group).subscriber.id.value); });
  EXPECT_EQ(found, (Ids{1, 3, 2}));
  EXPECT_EQ(groups.find("g", "a/b"), a);
  EXPECT_EQ(groups.find("g", "a/+"), b);
  EXPECT_EQ(groups.find("h", "a/b"), c);
  EXPECT_EQ(groups.find("h", "a/+"), std::nullopt);
  EXPECT_EQ(groups.share(b), "g");
  EXPECT_EQ(groups.filter(b), "a/+");
}

TEST(SharedGroups, ReplaceTheOptionsOfAMemberThatSubscribesAgain) {
  SharedGroups groups;
  const auto first = groups.add("g", "a", Member{{SubscriberId{1}, 5, 1}, Presence::offline});
  const auto again = groups.add("g", "a", Member{{SubscriberId{1}, 6, 2}, Presence::online});
  EXPECT_TRUE(first.was_new);
  EXPECT_FALSE(again.was_new);
  EXPECT_EQ(first.group, again.group);
  EXPECT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups.counts(again.group).online, 1u);
  EXPECT_EQ(groups.pick(again.group).subscriber, (Subscriber{SubscriberId{1}, 6, 2}));
}

TEST(SharedGroups, GoWithTheirLastMember) {
  SharedGroups groups;
  groups.add("g", "a", member(1));
  groups.add("g", "a", member(2, Presence::offline));
  EXPECT_TRUE(groups.remove("g", "a", SubscriberId{1}));
  EXPECT_FALSE(groups.remove("g", "a", SubscriberId{1}));
  EXPECT_EQ(groups.group_count(), 1u);
  EXPECT_TRUE(groups.remove("g", "a", SubscriberId{2}));
  EXPECT_EQ(groups.group_count(), 0u);
  EXPECT_FALSE(groups.remove("g", "a", SubscriberId{2}));
  groups.match("a", [](GroupId) { FAIL(); });
}

// The rule as one would say it: of those online (or else of all), whoever has waited longest.
class NaiveGroup {
 public:
  void add(std::uint32_t id, Presence presence) {
    const auto there = find(id);
    if (there != queue_.end() && there->second == presence) return;
    if (there != queue_.end()) queue_.erase(there);
    queue_.emplace_back(id, presence);
  }
  void remove(std::uint32_t id) {
    if (const auto there = find(id); there != queue_.end()) queue_.erase(there);
  }
  void set_presence(std::uint32_t id, Presence presence) {
    if (find(id) != queue_.end()) add(id, presence);
  }
  std::uint32_t pick() {
    auto due = std::find_if(queue_.begin(), queue_.end(),
                            [](const auto& entry) { return entry.second == Presence::online; });
    if (due == queue_.end()) due = queue_.begin();
    const auto picked = *due;
    queue_.erase(due);
    queue_.push_back(picked);
    return picked.first;
  }
  bool is_empty() const { return queue_.empty(); }
  std::size_t size() const { return queue_.size(); }
  std::vector<std::uint32_t> ids() const {
    std::vector<std::uint32_t> result;
    for (const auto& entry : queue_) result.push_back(entry.first);
    return result;
  }

 private:
  std::vector<std::pair<std::uint32_t, Presence>>::iterator find(std::uint32_t id) {
    return std::find_if(queue_.begin(), queue_.end(),
                        [id](const auto& entry) { return entry.first == id; });
  }
  std::vector<std::pair<std::uint32_t, Presence>> queue_;
};

Ids members(const SharedGroups& groups, GroupId group) {
  Ids result;
  groups.for_each_member(group,
                         [&](const Member& in) { result.push_back(in.subscriber.id.value); });
  std::sort(result.begin(), result.end());
  return result;
}

RC_GTEST_PROP(SharedGroups, PickWhoeverHasWaitedLongest, ()) {
  SharedGroups groups(4);
  std::map<std::string, NaiveGroup> model;
  using Step = std::tuple<int, std::string, std::uint32_t, bool>;
  const auto steps = *rc::gen::container<std::vector<Step>>(
      rc::gen::tuple(rc::gen::inRange(0, 5), rc::gen::element<std::string>("a", "a/+", "#"),
                     rc::gen::inRange(0u, 5u), rc::gen::arbitrary<bool>()));
  for (const auto& [action, filter, id, online] : steps) {
    const Presence presence = online ? Presence::online : Presence::offline;
    if (action <= 1) {
      groups.add("g", filter, member(id, presence));
      model[filter].add(id, presence);
    } else if (action == 2) {
      groups.remove("g", filter, SubscriberId{id});
      model[filter].remove(id);
    } else if (action == 3) {
      groups.set_presence(SubscriberId{id}, presence);
      for (auto& entry : model) entry.second.set_presence(id, presence);
    }
    std::size_t size = 0;
    for (auto& [key, naive] : model) {
      size += naive.size();
      const auto group = groups.find("g", key);
      RC_ASSERT(group.has_value() == !naive.is_empty());
      if (!group) continue;
      RC_ASSERT(groups.pick(*group).subscriber.id.value == naive.pick());
      Ids expected = naive.ids();
      std::sort(expected.begin(), expected.end());
      RC_ASSERT(members(groups, *group) == expected);
    }
    RC_ASSERT(groups.size() == size);
  }
}

TEST(SharedGroups, AreAsSmallAsBeforeWhenAllMembersAreGone) {
  SharedGroups groups;
  const std::size_t before = groups.memory();
  for (std::uint32_t i = 0; i < 10'000; ++i)
    groups.add("g", "f/" + std::to_string(i % 100), member(i));
  EXPECT_GT(groups.memory(), before + 500'000);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(groups.remove("g", "f/" + std::to_string(i % 100), SubscriberId{i}));
  }
  EXPECT_EQ(groups.size(), 0u);
  EXPECT_LT(groups.memory(), before + 64'000);
}

}  // namespace
}  // namespace topic
