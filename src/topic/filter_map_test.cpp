#include "topic/filter_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "topic/filter.h"
#include "topic/test_names.h"

namespace topic {
namespace {

std::vector<std::uint32_t> found(const FilterMap& map, std::string_view name) {
  MatchScratch scratch;
  map.match(name, scratch);
  std::vector<std::uint32_t> ids;
  for (const FilterId id : scratch.found) ids.push_back(id.value);
  return ids;
}

RC_GTEST_PROP(FilterMap, FindsWhatANaiveMatcherFindsWhateverCameAndWent, ()) {
  FilterMap map;
  std::map<std::string, std::uint32_t> model;
  const auto steps = *rc::gen::container<std::vector<std::string>>(test::filter());
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    if (const auto there = model.find(steps[i]); there != model.end()) {
      map.erase(steps[i]);
      model.erase(there);
    } else {
      map.insert(steps[i], FilterId{i});
      model.emplace(steps[i], i);
    }
  }
  RC_ASSERT(map.size() == model.size());
  const auto names = *rc::gen::container<std::vector<std::string>>(10, test::name());
  for (const std::string& name : names) {
    std::vector<std::uint32_t> expected;
    for (const auto& [filter, id] : model) {
      if (matches(filter, name)) expected.push_back(id);
    }
    auto actual = found(map, name);
    std::sort(actual.begin(), actual.end());
    std::sort(expected.begin(), expected.end());
    RC_ASSERT(actual == expected);
  }
  for (const auto& [filter, id] : model) RC_ASSERT(map.find(filter) == FilterId{id});
}

TEST(FilterMap, GivesTheEqualFilterFirstThenShortHashesThenTheRest) {
  FilterMap map;
  map.insert("a/+", FilterId{1});
  map.insert("a/b/#", FilterId{2});
  map.insert("#", FilterId{3});
  map.insert("a/b", FilterId{4});
  map.insert("a/#", FilterId{5});
  EXPECT_EQ(found(map, "a/b"), (std::vector<std::uint32_t>{4, 3, 5, 2, 1}));
}

TEST(FilterMap, KeepsAFilterApartFromItsPrefixes) {
  FilterMap map;
  map.insert("a/+/c", FilterId{1});
  EXPECT_FALSE(map.find("a/+"));
  EXPECT_FALSE(map.find("a/+/#"));
  EXPECT_FALSE(map.find("a"));
  EXPECT_TRUE(map.find("a/+/c"));
}

TEST(FilterMap, IsAsSmallAsBeforeWhenAllFiltersAreGone) {
  FilterMap map;
  const std::size_t before = map.memory();
  const auto filter = [](int i) {
    return std::to_string(i % 100) + (i % 2 == 0 ? "/+/" : "/x/") + std::to_string(i);
  };
  for (int i = 0; i < 20'000; ++i) map.insert(filter(i), FilterId{static_cast<std::uint32_t>(i)});
  const std::size_t full = map.memory();
  for (int i = 0; i < 20'000; ++i) map.erase(filter(i));
  EXPECT_EQ(map.size(), 0u);
  EXPECT_GT(full, before + 1'000'000);
  EXPECT_LT(map.memory(), before + 64'000);
}

TEST(FilterMap, MatchesTheDeepestTopicThatFitsAPacket) {
  FilterMap map;
  const std::string name(65'534, '/');
  std::string filter = "+";
  while (filter.size() + 2 <= 65'535) filter += "/+";
  map.insert(filter, FilterId{1});
  map.insert("/#", FilterId{2});
  EXPECT_EQ(found(map, name), (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(found(map, name.substr(0, 32'767)), (std::vector<std::uint32_t>{2, 1}));
}

}  // namespace
}  // namespace topic
