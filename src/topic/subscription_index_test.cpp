#include "topic/subscription_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "topic/filter.h"
#include "topic/test_names.h"

namespace topic {
namespace {

Subscriber subscriber(std::uint32_t id, std::uint32_t identifier = 0, std::uint8_t options = 0) {
  return Subscriber{SubscriberId{id}, identifier, options};
}

std::vector<std::uint32_t> ids(SubscriptionIndex& index, std::string_view name) {
  std::vector<std::uint32_t> result;
  index.match(name, [&](const Subscriber& found) { result.push_back(found.id.value); });
  return result;
}

using Ids = std::vector<std::uint32_t>;

TEST(SubscriptionIndex, GivesEverySubscriberOfEveryMatchingFilter) {  // [MQTT-3.3.2-3]
  SubscriptionIndex index;
  index.add("a/+", subscriber(1));
  index.add("a/b", subscriber(2));
  index.add("a/b", subscriber(1));
  index.add("#", subscriber(3));
  index.add("c", subscriber(4));
  EXPECT_EQ(ids(index, "a/b"), (Ids{2, 1, 3, 1}));
  EXPECT_EQ(index.size(), 5u);
  EXPECT_EQ(index.filter_count(), 4u);
}

TEST(SubscriptionIndex, ReplacesTheSubscriptionOfTheSameSubscriberAndFilter) {
  SubscriptionIndex index;
  EXPECT_TRUE(index.add("a", subscriber(1, 7, 1)));
  EXPECT_FALSE(index.add("a", subscriber(1, 8, 2)));
  EXPECT_EQ(index.size(), 1u);
  std::vector<Subscriber> found;
  index.match_into("a", found);
  EXPECT_EQ(found, (std::vector<Subscriber>{subscriber(1, 8, 2)}));
  EXPECT_EQ(*index.find("a", SubscriberId{1}), subscriber(1, 8, 2));
}

TEST(SubscriptionIndex, SaysWhetherThereWasSomethingToRemove) {
  SubscriptionIndex index;
  index.add("a", subscriber(1));
  EXPECT_FALSE(index.remove("a", SubscriberId{2}));
  EXPECT_FALSE(index.remove("b", SubscriberId{1}));
  EXPECT_TRUE(index.remove("a", SubscriberId{1}));
  EXPECT_FALSE(index.remove("a", SubscriberId{1}));
  EXPECT_EQ(index.find("a", SubscriberId{1}), nullptr);
}

TEST(SubscriptionIndex, AnswersAHotTopicFromItsCache) {
  SubscriptionIndex index;
  index.add("a/+", subscriber(1));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ids(index, "a/b"), (Ids{1}));
  EXPECT_EQ(index.cache_hits(), 4u);
  EXPECT_EQ(index.cache_misses(), 1u);
}

TEST(SubscriptionIndex, KeepsTheCacheWhenOthersSubscribeToTheirOwnTopics) {
  SubscriptionIndex index;
  index.add("clients/1/+", subscriber(1));
  ids(index, "clients/1/x");
  index.add("clients/2/+", subscriber(2));
  index.add("clients/2/x", subscriber(2));
  index.remove("clients/2/x", SubscriberId{2});
  ids(index, "clients/1/x");
  EXPECT_EQ(index.cache_hits(), 1u);
}

TEST(SubscriptionIndex, SeesANewMemberOfAKnownFilterInACachedTopic) {
  SubscriptionIndex index;
  index.add("a/+", subscriber(1));
  ids(index, "a/b");
  index.add("a/+", subscriber(2));
  EXPECT_EQ(ids(index, "a/b"), (Ids{1, 2}));
  EXPECT_EQ(index.cache_hits(), 1u);
}

TEST(SubscriptionIndex, MatchesTopicsThatAreTooLongOrTooWidelyMatchedForTheCache) {
  SubscriptionIndex index;
  const std::string long_name(200, 'x');
  index.add(long_name, subscriber(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ids(index, long_name), (Ids{1}));
  const std::string deep = "a/b/c/d/e/f";
  for (int bits = 0; bits < 64; ++bits) {
    std::string filter;
    for (int level = 0; level < 6; ++level) {
      if (level > 0) filter += '/';
      filter += (bits >> level & 1) != 0 ? "+" : std::string(1, static_cast<char>('a' + level));
    }
    index.add(filter, subscriber(2));
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ids(index, deep).size(), 64u);
  EXPECT_EQ(index.cache_hits(), 0u);
}

TEST(SubscriptionIndex, KeepsTheOrderOfManySubscribersOfOneFilterButForTheGaps) {
  SubscriptionIndex index;
  for (std::uint32_t i = 0; i < 100; ++i) index.add("a", subscriber(i));
  index.remove("a", SubscriberId{10});
  const Ids found = ids(index, "a");
  ASSERT_EQ(found.size(), 99u);
  EXPECT_EQ(found[9], 9u);
  EXPECT_EQ(found[10], 99u);
  EXPECT_EQ(found[11], 11u);
}

TEST(SubscriptionIndex, IsAsSmallAsBeforeWhenAllAreGone) {
  SubscriptionIndex index;
  const std::size_t before = index.memory();
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    index.add("same/filter", subscriber(i));
    index.add("own/" + std::to_string(i), subscriber(i));
  }
  EXPECT_GT(index.memory(), before + 1'000'000);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(index.remove("same/filter", SubscriberId{i}));
    EXPECT_TRUE(index.remove("own/" + std::to_string(i), SubscriberId{i}));
  }
  EXPECT_EQ(index.size(), 0u);
  EXPECT_EQ(index.filter_count(), 0u);
  EXPECT_LT(index.memory(), before + 64'000);
}

// Few entries, so that topics push each other out; matches between changes, so that entries go
// stale.
RC_GTEST_PROP(SubscriptionIndex, AgreesWithANaiveIndexAtEveryStep, ()) {
  SubscriptionIndex index(4);
  std::map<std::pair<std::string, std::uint32_t>, Subscriber> model;
  using Step = std::tuple<bool, std::string, std::uint32_t, std::string>;
  const auto steps = *rc::gen::container<std::vector<Step>>(rc::gen::tuple(
      rc::gen::arbitrary<bool>(), test::filter(), rc::gen::inRange(0u, 3u), test::name()));
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    const auto& [adds, filter, id, name] = steps[i];
    const bool was_there = model.contains({filter, id});
    if (adds) {
      RC_ASSERT(index.add(filter, subscriber(id, i)) == !was_there);
      model[{filter, id}] = subscriber(id, i);
    } else {
      RC_ASSERT(index.remove(filter, SubscriberId{id}) == was_there);
      model.erase({filter, id});
    }
    std::vector<std::pair<std::uint32_t, std::uint32_t>> expected;
    for (const auto& [key, value] : model) {
      if (matches(key.first, name))
        expected.emplace_back(value.id.value, value.subscription_identifier);
    }
    for (int again = 0; again < 3; ++again) {
      std::vector<std::pair<std::uint32_t, std::uint32_t>> actual;
      index.match(name, [&](const Subscriber& found) {
        actual.emplace_back(found.id.value, found.subscription_identifier);
      });
      std::sort(actual.begin(), actual.end());
      std::sort(expected.begin(), expected.end());
      RC_ASSERT(actual == expected);
    }
    RC_ASSERT(index.size() == model.size());
  }
}

RC_GTEST_PROP(SubscriberList, AgreesWithAMapPastTheSizeAtWhichItIsIndexed, ()) {
  SubscriberList list;
  std::map<std::uint32_t, Subscriber> model;
  const auto steps = *rc::gen::container<std::vector<std::pair<bool, std::uint32_t>>>(
      400, rc::gen::pair(rc::gen::map(rc::gen::inRange(0, 3), [](int i) { return i > 0; }),
                         rc::gen::inRange(0u, 100u)));
  const auto apply = [&](bool puts, std::uint32_t id, std::uint32_t step) {
    if (puts) {
      RC_ASSERT(list.put(subscriber(id, step)) == !model.contains(id));
      model[id] = subscriber(id, step);
    } else {
      RC_ASSERT(list.erase(SubscriberId{id}) == (model.erase(id) == 1));
    }
    RC_ASSERT(list.all().size() == model.size());
    for (const auto& [key, value] : model) RC_ASSERT(*list.find(SubscriberId{key}) == value);
  };
  for (std::uint32_t i = 0; i < steps.size(); ++i) apply(steps[i].first, steps[i].second, i);
  for (std::uint32_t id = 0; id < 100; ++id) apply(false, id, 0);
}

TEST(SubscriptionIndexDeathTest, RefusesAChangeFromAVisitor) {
  SubscriptionIndex index;
  index.add("a", subscriber(1));
  EXPECT_DEATH(index.match("a", [&](const Subscriber&) { index.add("b", subscriber(2)); }),
               "broken");
}

}  // namespace
}  // namespace topic
