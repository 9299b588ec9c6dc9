#include "hook/acl_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "topic/filter.h"

namespace hook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

AclFile parsed(std::string_view text) {
  auto file = AclFile::parse(text, "acl");
  EXPECT_TRUE(file.has_value()) << file.error();
  return *std::move(file);
}

std::string error_of(std::string_view text) {
  const auto file = AclFile::parse(text, "acl");
  return file ? "accepted" : file.error();
}

struct Client {
  std::optional<std::string_view> user;
  std::string_view id = "id";
};
constexpr Client alice{"alice"};
constexpr Client bob{"bob"};
constexpr Client anonymous{};

// "rw", "r-", "-w" or "--".
std::string rights(const AclFile& file, const Client& client, std::string_view topic) {
  const bool may_read = file.allows(client.user, client.id, topic, Access::read);
  const bool may_write = file.allows(client.user, client.id, topic, Access::write);
  return std::string(may_read ? "r" : "-") + (may_write ? "w" : "-");
}

TEST(AclFile, WithoutAMatchingLineSaysNo) {
  EXPECT_EQ(rights(parsed(""), alice, "a"), "--");
  EXPECT_EQ(rights(parsed(""), anonymous, "a"), "--");
  EXPECT_EQ(rights(parsed("user alice\ntopic b\n"), alice, "a"), "--");
}

TEST(AclFile, GrantsWhatTheWordSays) {
  const auto file = parsed(
      "user alice\ntopic read r\ntopic write w\ntopic readwrite rw\ntopic none-given\ntopic deny "
      "d\n");
  EXPECT_EQ(rights(file, alice, "r"), "r-");
  EXPECT_EQ(rights(file, alice, "w"), "-w");
  EXPECT_EQ(rights(file, alice, "rw"), "rw");
  EXPECT_EQ(rights(file, alice, "none-given"), "rw");
  EXPECT_EQ(rights(file, alice, "d"), "--");
}

TEST(AclFile, GrantsToTheUserOfTheSectionOnly) {
  const auto file = parsed("user alice\ntopic a\nuser bob\ntopic b\n");
  EXPECT_EQ(rights(file, alice, "a"), "rw");
  EXPECT_EQ(rights(file, alice, "b"), "--");
  EXPECT_EQ(rights(file, bob, "b"), "rw");
  EXPECT_EQ(rights(file, anonymous, "a"), "--");
}

TEST(AclFile, GrantsLinesBeforeAnyUserToAnonymousClientsOnly) {
  const auto file = parsed("topic read public/#\nuser alice\ntopic a\n");
  EXPECT_EQ(rights(file, anonymous, "public/x"), "r-");
  EXPECT_EQ(rights(file, alice, "public/x"), "--");
  EXPECT_EQ(rights(file, Client{""}, "public/x"), "--");
}

TEST(AclFile, JoinsTheSectionsOfOneUser) {
  const auto file = parsed("user alice\ntopic a\nuser bob\ntopic b\nuser alice\ntopic c\n");
  EXPECT_EQ(rights(file, alice, "a"), "rw");
  EXPECT_EQ(rights(file, alice, "c"), "rw");
}

TEST(AclFile, DeniesFirstWhereverTheDenialStands) {
  for (const auto* text : {"user alice\ntopic deny a/secret\ntopic a/#\n",
                           "user alice\ntopic a/#\ntopic deny a/secret\n"}) {
    EXPECT_EQ(rights(parsed(text), alice, "a/secret"), "--");
    EXPECT_EQ(rights(parsed(text), alice, "a/open"), "rw");
  }
}

TEST(AclFile, AddsUpGrantsThatOverlap) {
  const auto file = parsed("user alice\ntopic read a/#\ntopic write a/+\n");
  EXPECT_EQ(rights(file, alice, "a/b"), "rw");
  EXPECT_EQ(rights(file, alice, "a/b/c"), "r-");
}

TEST(AclFile, MatchesWildcardsAsSubscriptionsDo) {
  const auto file = parsed("user alice\ntopic +/x/#\n");
  EXPECT_EQ(rights(file, alice, "a/x"), "rw");
  EXPECT_EQ(rights(file, alice, "/x/y/z"), "rw");
  EXPECT_EQ(rights(file, alice, "x"), "--");
}

// [MQTT-4.7.2-1]
TEST(AclFile, NeedsALineThatStartsWithADollarForSuchTopics) {
  const auto file =
      parsed("user alice\ntopic #\ntopic +/broker/uptime\ntopic read $SYS/#\nuser bob\ntopic #\n");
  EXPECT_EQ(rights(file, alice, "$SYS/broker/uptime"), "r-");
  EXPECT_EQ(rights(file, bob, "$SYS/broker/uptime"), "--");
}

TEST(AclFile, NeverGivesDollarTopicsToAClientNamedLikeThem) {
  const auto file = parsed("pattern %c/#\npattern %u/#\n");
  EXPECT_EQ(rights(file, Client{"$SYS", "$SYS"}, "$SYS/broker"), "--");
}

TEST(AclFile, TakesAnAccessWordThatStandsAloneAsTheFilter) {
  const auto file = parsed("user alice\ntopic read\n");
  EXPECT_EQ(rights(file, alice, "read"), "rw");
}

TEST(AclFile, TakesSpacesInAFilterAfterTheAccessWord) {
  const auto file = parsed("user alice b\ntopic read living room/+\n");
  EXPECT_EQ(rights(file, Client{"alice b"}, "living room/x"), "r-");
}

TEST(AclFile, PatternsHoldForEveryUserWhereverWritten) {
  const auto file = parsed("user alice\npattern read home/%u/#\npattern write device/%c\n");
  EXPECT_EQ(rights(file, Client{"bob", "dev1"}, "home/bob/x"), "r-");
  EXPECT_EQ(rights(file, Client{"bob", "dev1"}, "home/bob"), "r-");
  EXPECT_EQ(rights(file, Client{"bob", "dev1"}, "home/alice/x"), "--");
  EXPECT_EQ(rights(file, Client{"bob", "dev1"}, "device/dev1"), "-w");
  EXPECT_EQ(rights(file, Client{"bob", "dev2"}, "device/dev1"), "--");
}

TEST(AclFile, PatternsCompareWholeLevels) {
  const auto file = parsed("pattern %c/x\n");
  EXPECT_EQ(rights(file, Client{"u", "dev"}, "dev/x"), "rw");
  EXPECT_EQ(rights(file, Client{"u", "dev"}, "device/x"), "--");
  EXPECT_EQ(rights(file, Client{"u", "dev"}, "de/x"), "--");
  EXPECT_EQ(rights(file, Client{"u", "dev"}, "/x"), "--");
}

TEST(AclFile, PatternsMayNameBothAndBesideWildcards) {
  const auto file = parsed("pattern +/%u/+/%c/#\n");
  EXPECT_EQ(rights(file, Client{"u", "c"}, "a/u/b/c/d"), "rw");
  EXPECT_EQ(rights(file, Client{"u", "c"}, "a/c/b/u/d"), "--");
}

TEST(AclFile, PatternsWithUserSkipAnonymousClients) {
  const auto file = parsed("pattern user/%u\npattern client/%c\n");
  EXPECT_EQ(rights(file, anonymous, "user/"), "--");
  EXPECT_EQ(rights(file, anonymous, "client/id"), "rw");
  EXPECT_EQ(rights(file, Client{"u", ""}, "client/"), "--");
}

TEST(AclFile, PatternsNeverSpanLevels) {
  const auto file = parsed("pattern %c/x\n");
  EXPECT_EQ(rights(file, Client{"u", "a/b"}, "a/b/x"), "--");
}

TEST(AclFile, PatternsGiveNothingToNamesWithWildcards) {
  const auto file = parsed("pattern read public/#\npattern %u\n");
  for (const auto* name : {"+", "#", "a+b", "a#"}) {
    EXPECT_EQ(rights(file, Client{name, "id"}, "public/x"), "--") << name;
    EXPECT_EQ(rights(file, Client{"u", name}, "public/x"), "--") << name;
  }
}

TEST(AclFile, OwnLinesOfAUserWithAWildcardInTheNameStillHold) {
  const auto file = parsed("user a+b\ntopic t\npattern read public/#\n");
  EXPECT_EQ(rights(file, Client{"a+b"}, "t"), "rw");
  EXPECT_EQ(rights(file, Client{"a+b"}, "public/x"), "--");
}

TEST(AclFile, AsksAUsersOwnLinesBeforePatterns) {
  const auto file =
      parsed("pattern deny x/#\npattern %u/#\nuser alice\ntopic x/#\ntopic deny alice/secret\n");
  EXPECT_EQ(rights(file, alice, "x/y"), "rw");
  EXPECT_EQ(rights(file, alice, "alice/secret"), "--");
  EXPECT_EQ(rights(file, alice, "alice/open"), "rw");
  EXPECT_EQ(rights(file, bob, "x/y"), "--");
}

TEST(AclFile, DeniesByPatternFirst) {
  const auto file = parsed("pattern read %u/#\npattern deny %u/secret\n");
  EXPECT_EQ(rights(file, alice, "alice/secret"), "--");
  EXPECT_EQ(rights(file, alice, "alice/x"), "r-");
}

TEST(AclFile, TakesPlaceholdersInTopicLinesAsText) {
  const auto file = parsed("user alice\ntopic home/%u\n");
  EXPECT_EQ(rights(file, alice, "home/alice"), "--");
  EXPECT_EQ(rights(file, alice, "home/%u"), "rw");
}

TEST(AclFile, TakesIndentedLinesTabsCommentsAndWindowsLineEnds) {
  const auto file = parsed("# x\r\n\r\nuser alice\r\n  topic\tread\ta \r\n\t# indented\n");
  EXPECT_EQ(rights(file, alice, "a"), "r-");
}

TEST(AclFile, SaysWhereALineIsBrokenAndWhatIsAllowed) {
  EXPECT_EQ(error_of("\nfoo bar\n"),
            "acl:2: \"foo\" is not known: a line starts with user, topic or pattern");
  EXPECT_EQ(error_of("user\n"), "acl:1: no name after 'user'");
  EXPECT_EQ(error_of("user  \n"), "acl:1: no name after 'user'");
  EXPECT_EQ(error_of("topic\n"), "acl:1: no topic filter given");
  EXPECT_EQ(error_of("pattern \n"), "acl:1: no topic filter given");
  EXPECT_THAT(error_of("topic living room\n"), HasSubstr("acl:1: access \"living\" is not known"));
  EXPECT_THAT(error_of("topic read a#\n"), HasSubstr("acl:1: \"a#\" is not a topic filter"));
  EXPECT_THAT(error_of("pattern a/+b/%c\n"), HasSubstr("is not a topic filter"));
  EXPECT_THAT(error_of("topic a/#/b\n"), HasSubstr("is not a topic filter"));
}

TEST(AclFile, WarnsOfPatternsThatHardlyMeanWhatTheySay) {
  EXPECT_THAT(parsed("pattern read a/#\n").warnings(),
              ElementsAre(HasSubstr("acl:1: pattern \"a/#\" has neither")));
  EXPECT_THAT(parsed("\npattern dev-%c/x\n").warnings(),
              ElementsAre(HasSubstr("acl:2: pattern \"dev-%c/x\"")));
  EXPECT_THAT(parsed("pattern %c/x\nuser a\ntopic b\n").warnings(), IsEmpty());
}

RC_GTEST_PROP(AclFile, SurvivesAnyBytes, (const std::string& text)) {
  const auto file = AclFile::parse(text, "acl");
  if (!file) RC_ASSERT(file.error().starts_with("acl:"));
}

rc::Gen<std::string> words(std::vector<std::string> choices) {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::move(choices))),
      [](const std::vector<std::string>& chosen) {
        std::string text;
        for (const auto& word : chosen) text += word;
        return text;
      });
}

RC_GTEST_PROP(AclFile, SurvivesAnyLines, ()) {
  const auto text = *words({"user ", "topic ", "pattern ", "read ", "write ", "deny ", "a", "/",
                            "+", "#", "%c", "%u", "$", "\n", "\r\n", " "});
  const auto file = AclFile::parse(text, "acl");
  if (file) static_cast<void>(file->allows("a", "a", "a/b", Access::read));
}

// Against what the documentation says word for word: put the name in and match.
RC_GTEST_PROP(AclFile, PatternAnswersAsTheFilterWithTheNamePutIn, ()) {
  const auto level = rc::gen::element<std::string>("a", "b", "", "+", "%c", "%u");
  const auto levels = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(level));
  const auto topic = *rc::gen::suchThat(words({"a", "b", "c", "/"}),
                                        [](const std::string& t) { return !t.empty(); });
  const auto id = *rc::gen::element<std::string>("a", "b", "c", "ab");
  std::string pattern;
  std::string filled;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    pattern += (i > 0 ? "/" : "") + levels[i];
    filled += (i > 0 ? "/" : "") + (levels[i] == "%c" ? id : levels[i] == "%u" ? "a" : levels[i]);
  }
  RC_PRE(!pattern.empty() && levels.size() <= topic::levels_max_default);
  const auto file = AclFile::parse("pattern read " + pattern, "acl");
  RC_ASSERT(file.has_value());
  RC_ASSERT(file->allows("a", id, topic, Access::read) == topic::matches(filled, topic));
}

}  // namespace
}  // namespace hook
