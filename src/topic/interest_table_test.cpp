#include "topic/interest_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "topic/filter.h"
#include "topic/test_names.h"

namespace topic {
namespace {

constexpr ShardId shard(int n) {
  return ShardId{static_cast<std::uint8_t>(n)};
}

TEST(InterestTable, SaysWhichShardsWantATopic) {
  InterestTable table(4);
  InterestReader reader(table);
  table.add("a/b", shard(0));
  table.add("a/+", shard(2));
  table.add("c", shard(3));
  EXPECT_EQ(reader.find("a/b").shards, 0b101u);
  EXPECT_EQ(reader.find("a/x").shards, 0b100u);
  EXPECT_EQ(reader.find("d").shards, 0u);
}

TEST(InterestTable, ForgetsAShardWithItsLastSubscription) {
  InterestTable table(2);
  InterestReader reader(table);
  table.add("a", shard(1));
  table.add("a", shard(1));
  table.remove("a", shard(1));
  EXPECT_EQ(reader.find("a").shards, 0b10u);
  table.remove("a", shard(1));
  EXPECT_EQ(reader.find("a").shards, 0u);
  EXPECT_EQ(table.filter_count(), 0u);
}

TEST(InterestTable, IsSeenAtOnceByReadersThatHaveTheTopicCached) {
  InterestTable table(64);
  InterestReader reader(table);
  const std::string name = "plant/line/7/temperature";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reader.find(name).shards, 0u);
  ShardMask expected = 0;
  int next = 63;
  for (const char* filter :
       {"plant/line/7/temperature", "plant/line/7/+", "plant/line/+/temperature", "plant/#", "#",
        "+/line/7/temperature", "plant/line/7/temperature/#"}) {
    table.add(filter, shard(next));
    expected |= ShardMask{1} << next--;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(reader.find(name).shards, expected) << filter;
  }
}

TEST(InterestTable, AnswersForNamesTooLongForTheCache) {
  InterestTable table(2);
  InterestReader reader(table);
  const std::string name(500, 'x');
  table.add(name, shard(1));
  EXPECT_EQ(reader.find(name).shards, 0b10u);
  EXPECT_EQ(reader.find(name + "y").shards, 0u);
  EXPECT_EQ(reader.find(name).shards, 0b10u);
}

TEST(InterestTable, ListsTheGroupsOfATopicWithTheirMembersByShard) {
  InterestTable table(3);
  InterestReader reader(table);
  table.add_member("g", "a/+", shard(0), Presence::online);
  table.add_member("g", "a/+", shard(2), Presence::offline);
  table.add_member("h", "a/b", shard(1), Presence::online);
  const auto found = reader.find("a/b");
  EXPECT_EQ(found.shards, 0u);
  ASSERT_EQ(found.groups.size(), 2u);
  EXPECT_EQ(found.groups[0]->share(), "h");
  EXPECT_EQ(found.groups[1]->share(), "g");
  EXPECT_EQ(found.groups[1]->filter(), "a/+");
  EXPECT_EQ(found.groups[1]->online(shard(0)), 1u);
  EXPECT_EQ(found.groups[1]->online(shard(2)), 0u);
  EXPECT_EQ(found.groups[1]->total(shard(2)), 1u);
}

TEST(InterestTable, NeverGivesTwoGroupsTheSameKey) {
  InterestTable table(1);
  const GroupKey first = table.add_member("g", "a", shard(0), Presence::online)->key();
  table.remove_member("g", "a", shard(0), Presence::online);
  EXPECT_EQ(table.filter_count(), 0u);
  EXPECT_NE(table.add_member("g", "a", shard(0), Presence::online)->key(), first);
}

std::vector<int> picks(const SharedInterest& group, int count) {
  std::vector<int> by_shard(shards_max);
  for (int i = 0; i < count; ++i) {
    const auto picked = group.pick_shard();
    if (picked) ++by_shard[picked->value];
  }
  by_shard.resize(3);
  return by_shard;
}

TEST(SharedInterest, PicksEachShardAsOftenAsItHasMembersOnline) {
  InterestTable table(3);
  SharedInterestPtr group;
  for (int i = 0; i < 3; ++i) group = table.add_member("g", "a", shard(0), Presence::online);
  table.add_member("g", "a", shard(1), Presence::online);
  table.add_member("g", "a", shard(2), Presence::offline);
  EXPECT_EQ(picks(*group, 400), (std::vector<int>{300, 100, 0}));
}

TEST(SharedInterest, PicksByAllMembersWhenNoneIsOnline) {
  InterestTable table(3);
  const auto group = table.add_member("g", "a", shard(0), Presence::online);
  table.add_member("g", "a", shard(2), Presence::offline);
  table.set_presence("g", "a", shard(0), Presence::offline);
  EXPECT_EQ(picks(*group, 100), (std::vector<int>{50, 0, 50}));
  table.set_presence("g", "a", shard(2), Presence::online);
  EXPECT_EQ(picks(*group, 100), (std::vector<int>{0, 0, 100}));
}

TEST(SharedInterest, PicksNothingOnceItsLastMemberHasGone) {
  InterestTable table(3);
  const auto group = table.add_member("g", "a", shard(0), Presence::online);
  table.remove_member("g", "a", shard(0), Presence::online);
  EXPECT_EQ(group->pick_shard(), std::nullopt);
}

RC_GTEST_PROP(InterestTable, AgreesWithANaiveTableAtEveryStep, ()) {
  InterestTable table(3);
  InterestReader reader(table, 4);
  std::map<std::pair<std::string, int>, int> model;
  using Step = std::tuple<bool, std::string, int, std::string>;
  const auto steps = *rc::gen::container<std::vector<Step>>(rc::gen::tuple(
      rc::gen::arbitrary<bool>(), test::filter(), rc::gen::inRange(0, 3), test::name()));
  for (const auto& [adds, filter, from, name] : steps) {
    int& count = model[{filter, from}];
    if (adds) {
      table.add(filter, shard(from));
      ++count;
    } else if (count > 0) {
      table.remove(filter, shard(from));
      --count;
    }
    ShardMask expected = 0;
    for (const auto& [key, filters] : model) {
      if (filters > 0 && matches(key.first, name)) expected |= ShardMask{1} << key.second;
    }
    for (int i = 0; i < 3; ++i) RC_ASSERT(reader.find(name).shards == expected);
  }
}

// Each writer adds and removes the filters of its shard, and asks at once: what it has done itself
// must show. Meant for the thread sanitizer.
void churn(InterestTable& table, int own, int rounds) {
  InterestReader reader(table, 64);
  base::Random numbers(static_cast<std::uint64_t>(own));
  const ShardMask bit = ShardMask{1} << own;
  for (int i = 0; i < rounds; ++i) {
    const std::string name = "a/" + std::to_string(numbers.range(0, 3)) + "/x";
    const std::string filter = numbers.range(0, 1) == 0 ? name : "a/+/x";
    table.add(filter, shard(own));
    EXPECT_NE(reader.find(name).shards & bit, 0u);
    table.remove(filter, shard(own));
    EXPECT_EQ(reader.find(name).shards & bit, 0u);
  }
}

// The same for a member of a group that all shards share.
void churn_members(InterestTable& table, int own, int rounds) {
  InterestReader reader(table, 64);
  for (int i = 0; i < rounds; ++i) {
    table.add_member("g", "a/+/x", shard(own), Presence::offline);
    table.set_presence("g", "a/+/x", shard(own), Presence::online);
    const auto found = reader.find("a/1/x");
    ASSERT_EQ(found.groups.size(), 1u);
    EXPECT_EQ(found.groups[0]->online(shard(own)), 1u);
    EXPECT_TRUE(found.groups[0]->pick_shard());
    table.remove_member("g", "a/+/x", shard(own), Presence::online);
  }
}

TEST(InterestTable, ShowsEveryThreadItsOwnChangesWhileOthersMakeTheirs) {
  InterestTable table(4);
  std::vector<std::thread> threads;
  for (int own = 0; own < 2; ++own) {
    threads.emplace_back([&table, own] { churn(table, own, 3'000); });
    threads.emplace_back([&table, own] { churn_members(table, own + 2, 3'000); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table.filter_count(), 0u);
}

TEST(InterestTable, IsAsSmallAsBeforeWhenNobodyIsLeft) {
  InterestTable table(8);
  const std::size_t before = table.memory();
  const auto filter = [](int i) {
    return std::to_string(i) + (i % 2 == 0 ? "/#" : "/some/longer/topic");
  };
  for (int i = 0; i < 20'000; ++i) table.add(filter(i), shard(i % 8));
  EXPECT_GT(table.memory(), before + 1'000'000);
  for (int i = 0; i < 20'000; ++i) table.remove(filter(i), shard(i % 8));
  EXPECT_EQ(table.filter_count(), 0u);
  EXPECT_LT(table.memory(), before + 200'000);
}

}  // namespace
}  // namespace topic
