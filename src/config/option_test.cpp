#include "config/option.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "config/config.h"
#include "config/known.h"
#include "config/text.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Options, KeepTheirValueWhenAssignedABadOne) {
  Config config;
  ASSERT_TRUE(config.sys_interval.assign("7").has_value());
  EXPECT_FALSE(config.sys_interval.assign("70000").has_value());
  EXPECT_EQ(config.sys_interval(), Seconds{7});
}
TEST(Options, AreGivenOnlyWhenAssigned) {
  Config config;
  EXPECT_FALSE(config.user.is_given());
  ASSERT_TRUE(config.user.assign("mosquitto").has_value());
  EXPECT_TRUE(config.user.is_given());
  config.user.reset();
  EXPECT_FALSE(config.user.is_given());
}
TEST(Options, AreFoundByNameAndByAlias) {
  const Config config;
  EXPECT_EQ(config.find("packet_buffer_size"), &config.packet_buffer_size);
  EXPECT_EQ(config.find("websockets_headers_size"), &config.packet_buffer_size);
  EXPECT_EQ(config.find("nothing"), nullptr);
}
TEST(Options, HaveNamesThatNothingElseHas) {
  const Config config;
  const Listener listener(false);
  std::set<std::string_view> names;
  for (const OptionSet* set :
       std::initializer_list<const OptionSet*>{&config, &config.security, &listener}) {
    for (const OptionBase* option : set->options()) {
      EXPECT_TRUE(names.insert(option->about.name).second) << option->about.name;
      for (const auto alias : option->about.aliases)
        EXPECT_TRUE(names.insert(alias).second) << alias;
      EXPECT_EQ(find_known(option->about.name), nullptr) << option->about.name;
      EXPECT_FALSE(option->about.doc.empty()) << option->about.name;
    }
  }
}
TEST(Options, HaveDefaultsThatAreAllowedOrSayWhatHoldsUnset) {
  const Config config;
  const Listener listener(false);
  for (const OptionSet* set :
       std::initializer_list<const OptionSet*>{&config, &config.security, &listener}) {
    for (OptionBase* option : set->options()) {
      const auto lines = option->default_lines();
      EXPECT_TRUE(!lines.empty() || !option->about.unset.empty()) << option->about.name;
      for (const auto& line : lines)
        EXPECT_TRUE(option->assign(line).has_value()) << option->about.name;
      EXPECT_EQ(option->lines(), lines) << option->about.name;
    }
  }
}
TEST(Options, ThatAreOffCompareWithoutASpecialCase) {
  Config config;
  ASSERT_TRUE(config.max_queued_messages.assign("0").has_value());
  const std::uint64_t queued = 1'000'000'000;
  EXPECT_LT(queued, config.max_queued_messages().max);
}

TEST(Text, WordsAreTakenFromTheFront) {
  std::string_view text = " \tone two\t";
  EXPECT_EQ(next_word(text), "one");
  EXPECT_EQ(next_word(text), "two");
  EXPECT_EQ(next_word(text), "");
}
TEST(Text, CleanUtf8HasNoControlCharactersSurrogatesOrOverlongForms) {
  EXPECT_TRUE(
      is_clean_utf8("Gr\xC3\xBC\xC3\x9F"
                    "e \xF0\x9F\x98\x80"));
  for (const std::string_view bad : {"\x01", "\x7F", "\xC2\x80", "\xC0\x80", "\xED\xA0\x80",
                                     "\xF4\x90\x80\x80", "\xE2\x82", "\xFF", "\xEF\xBF\xBF"}) {
    EXPECT_FALSE(is_clean_utf8(bad));
  }
}
TEST(Text, QuotesAreCutWhenLong) {
  EXPECT_LT(in_quotes(std::string(1000, 'x')).size(), 100U);
}
TEST(Text, EditDistanceCountsInsertionsDeletionsChangesAndSwaps) {
  EXPECT_EQ(edit_distance("port", "port"), 0U);
  EXPECT_EQ(edit_distance("prot", "port"), 1U);
  EXPECT_EQ(edit_distance("por", "port"), 1U);
  EXPECT_EQ(edit_distance("sport", "port"), 1U);
  EXPECT_EQ(edit_distance("part", "port"), 1U);
  EXPECT_EQ(edit_distance("", "port"), 4U);
}
TEST(Text, NearestFindsOnlyWhatIsNear) {
  EXPECT_EQ(nearest("usr", {"port", "user"}), "user");
  EXPECT_EQ(nearest("xyz", {"port", "user"}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), {"port"}), "");
}

}  // namespace
}  // namespace config
