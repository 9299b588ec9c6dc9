#include "topic/stamps.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "topic/filter.h"
#include "topic/test_names.h"

namespace topic {
namespace {

std::uint64_t stamp(const LocalStamps& stamps, std::string_view name) {
  return stamps.sum(stamp_slots_of_name(name, stable_hash(name)));
}

TEST(Prefix, IsTheFirstLevels) {
  EXPECT_EQ(prefix("a/b/c", 0), "");
  EXPECT_EQ(prefix("a/b/c", 1), "a");
  EXPECT_EQ(prefix("a/b/c", 2), "a/b");
  EXPECT_EQ(prefix("a/b/c", 3), "a/b/c");
  EXPECT_EQ(prefix("a/b/c", 9), "a/b/c");
  EXPECT_EQ(prefix("/b", 1), "");
}

TEST(LiteralLevels, EndAtTheFirstWildcard) {
  EXPECT_EQ(literal_levels("#"), 0u);
  EXPECT_EQ(literal_levels("a/+/c"), 1u);
  EXPECT_EQ(literal_levels("a/b/#"), 2u);
  EXPECT_EQ(literal_levels("a/b"), 2u);
}

TEST(StableHash, StaysWhatItIs) {
  EXPECT_EQ(stable_hash("plant/line/7/temperature"),
            stable_hash(std::string("plant/line/7/temperature")));
  EXPECT_NE(stable_hash("a"), stable_hash(std::string_view("a\0", 2)));
  EXPECT_NE(stable_hash("plant/line/7"), stable_hash("plant/line/8"));
}

RC_GTEST_PROP(Stamps, ChangeForEveryNameThatTheFilterMatches, ()) {
  const std::string filter = *test::filter();
  const std::string name = *test::name();
  auto stamps = std::make_unique<LocalStamps>();
  const std::uint64_t before = stamp(*stamps, name);
  stamps->bump(filter);
  if (matches(filter, name)) RC_ASSERT(stamp(*stamps, name) != before);
}

TEST(Stamps, StayForNamesThatDifferInAnEarlyLevel) {
  LocalStamps stamps;
  const std::uint64_t before = stamp(stamps, "clients/1/command");
  stamps.bump("clients/2/#");
  stamps.bump("clients/2/command");
  EXPECT_EQ(stamp(stamps, "clients/1/command"), before);
}

}  // namespace
}  // namespace topic
