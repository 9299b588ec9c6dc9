#include "topic/filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace topic {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> result;
  for (const std::string_view level : levels(text)) result.emplace_back(level);
  return result;
}

TEST(Levels, AreWhatSlashesSeparateEmptyOnesIncluded) {
  EXPECT_EQ(split("a"), (std::vector<std::string>{"a"}));
  EXPECT_EQ(split("/a//b/"), (std::vector<std::string>{"", "a", "", "b", ""}));
  EXPECT_EQ(split("/"), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(level_count("/a//b/"), 5u);
}

TEST(Name, HoldsNoWildcard) {  // [MQTT-4.7.0-1]
  EXPECT_TRUE(is_valid_name("sport/tennis"));
  EXPECT_FALSE(is_valid_name("sport/+"));
  EXPECT_FALSE(is_valid_name("sport#"));
}

TEST(Name, HasOneCharacterOrMore) {  // [MQTT-4.7.3-1]
  EXPECT_FALSE(is_valid_name(""));
  EXPECT_TRUE(is_valid_name("/"));
  EXPECT_TRUE(is_valid_name(" "));
}

TEST(Name, ExcludesTheNullCharacter) {  // [MQTT-4.7.3-2]
  EXPECT_FALSE(is_valid_name(std::string_view("a\0b", 3)));
  EXPECT_EQ(check_filter(std::string_view("a\0b", 3)), FilterFault::null_character);
  EXPECT_EQ(check_filter(std::string_view("$share/\0/b", 10)), FilterFault::null_character);
}

TEST(Name, HasAtMost65535Bytes) {  // [MQTT-4.7.3-3]
  EXPECT_TRUE(is_valid_name(std::string(65'535, 'a')));
  EXPECT_FALSE(is_valid_name(std::string(65'536, 'a')));
  EXPECT_EQ(check_filter(std::string(65'536, 'a')), FilterFault::too_long);
}

TEST(Name, HasAtMostAsManyLevelsAsAllowed) {
  EXPECT_TRUE(is_valid_name(std::string(199, '/')));
  EXPECT_FALSE(is_valid_name(std::string(200, '/')));
  EXPECT_TRUE(is_valid_name("a/b/c", 3));
  EXPECT_FALSE(is_valid_name("a/b/c/d", 3));
  EXPECT_EQ(check_filter("a/+/c/#", 3), FilterFault::too_many_levels);
  EXPECT_EQ(check_filter("$share/g/a/+/c", 3), FilterFault::none);
}

TEST(Filter, HasOneCharacterOrMore) {
  EXPECT_EQ(check_filter(""), FilterFault::empty);
}

TEST(Filter, TakesAHashOnlyAsItsWholeLastLevel) {  // [MQTT-4.7.1-1]
  for (const char* good : {"#", "/#", "sport/#", "+/#"}) {
    EXPECT_EQ(check_filter(good), FilterFault::none) << good;
  }
  for (const char* bad : {"sport#", "sport/tennis#", "#/a", "a/#/b", "##", "#a"}) {
    EXPECT_EQ(check_filter(bad), FilterFault::misplaced_hash) << bad;
  }
}

TEST(Filter, TakesAPlusOnlyAsAWholeLevel) {  // [MQTT-4.7.1-2]
  for (const char* good : {"+", "+/", "/+", "+/+", "a/+/b", "+/tennis/#"}) {
    EXPECT_EQ(check_filter(good), FilterFault::none) << good;
  }
  for (const char* bad : {"sport+", "+a", "a/b+/c", "++", "a/+b"}) {
    EXPECT_EQ(check_filter(bad), FilterFault::misplaced_plus) << bad;
  }
}

TEST(SharedFilter, NeedsAShareNameOfOneCharacterOrMore) {  // [MQTT-4.8.2-1]
  EXPECT_EQ(check_filter("$share//a"), FilterFault::bad_share_name);
  EXPECT_EQ(check_filter("$share/"), FilterFault::bad_share_name);
  EXPECT_EQ(check_filter("$share/g/a"), FilterFault::none);
}

TEST(SharedFilter, HasNoWildcardInItsNameAndAFilterAfterIt) {  // [MQTT-4.8.2-2]
  EXPECT_EQ(check_filter("$share/g+/a"), FilterFault::bad_share_name);
  EXPECT_EQ(check_filter("$share/#/a"), FilterFault::bad_share_name);
  EXPECT_EQ(check_filter("$share/g"), FilterFault::empty_share_filter);
  EXPECT_EQ(check_filter("$share/g/"), FilterFault::empty_share_filter);
  EXPECT_EQ(check_filter("$share/g/a#"), FilterFault::misplaced_hash);
  EXPECT_EQ(check_filter("$share/g/a+/b"), FilterFault::misplaced_plus);
}

TEST(SharedFilter, IsSplitIntoGroupAndFilter) {
  const auto split = split_share("$share/workers//jobs/+");
  ASSERT_TRUE(split);
  EXPECT_EQ(split->group, "workers");
  EXPECT_EQ(split->filter, "/jobs/+");
}

TEST(SharedFilter, IsNotWhatOnlyLooksLikeOne) {
  for (const char* other :
       {"$share", "$shared/g/a", "a/$share/g/b", "$share/g", "$share//a", "#"}) {
    EXPECT_FALSE(split_share(other)) << other;
  }
  EXPECT_EQ(check_filter("$share"), FilterFault::none);
}

TEST(Fault, ExplainsItselfInASentence) {
  for (int i = 0; i <= static_cast<int>(FilterFault::empty_share_filter); ++i) {
    EXPECT_FALSE(explain(static_cast<FilterFault>(i)).empty());
  }
}

TEST(Match, HashTakesAllLevelsBelowAndTheParent) {
  for (const char* name : {"sport/tennis/player1", "sport/tennis/player1/ranking"}) {
    EXPECT_TRUE(matches("sport/tennis/player1/#", name));
    EXPECT_TRUE(matches("sport/#", name));
    EXPECT_TRUE(matches("#", name));
  }
  EXPECT_TRUE(matches("sport/#", "sport"));
  EXPECT_FALSE(matches("sport/#", "sports"));
  EXPECT_FALSE(matches("sport/tennis/#", "sport"));
}

TEST(Match, PlusTakesExactlyOneLevel) {
  EXPECT_TRUE(matches("sport/tennis/+", "sport/tennis/player1"));
  EXPECT_FALSE(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
  EXPECT_FALSE(matches("sport/+", "sport"));
  EXPECT_TRUE(matches("sport/+", "sport/"));
  EXPECT_TRUE(matches("+/+", "/finance"));
  EXPECT_TRUE(matches("/+", "/finance"));
  EXPECT_FALSE(matches("+", "/finance"));
}

TEST(Match, ALeadingWildcardDoesNotTakeDollarTopics) {  // [MQTT-4.7.2-1]
  EXPECT_FALSE(matches("#", "$SYS/monitor/Clients"));
  EXPECT_FALSE(matches("+/monitor/Clients", "$SYS/monitor/Clients"));
  EXPECT_TRUE(matches("$SYS/#", "$SYS/monitor/Clients"));
  EXPECT_TRUE(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
  EXPECT_TRUE(matches("a/+", "a/$b"));
}

TEST(Match, ComparesTextAsItIs) {  // [MQTT-4.7.3-4]
  EXPECT_FALSE(matches("ACCOUNTS", "Accounts"));
  EXPECT_FALSE(matches("\xC3\x85", "A\xCC\x8A"));  // The same letter, composed and decomposed.
  EXPECT_FALSE(matches("a/b", "a/b/"));
}

}  // namespace
}  // namespace topic
