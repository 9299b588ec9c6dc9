#include "hook/password_edit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hook/password_hash.h"

namespace hook {
namespace {

using TextResult = base::Result<std::string, std::string>;

TextResult fake_hash(base::Bytes password) {
  return fmt::format("<{}>", base::as_text(password));
}

std::string a_hash() {
  const HashRecipe recipe = default_recipe(HashAlgorithm::sha512);
  return to_text(*hash_password(base::as_bytes("x"), recipe, base::as_bytes("123456789012")));
}

TEST(PasswordEdit, AddsANewUserAtTheEnd) {
  const auto edit = with_user("alice:1\n", "bob", "2");
  EXPECT_EQ(edit->text, "alice:1\nbob:2\n");
  EXPECT_FALSE(edit->found);
}

TEST(PasswordEdit, EndsTheLastLineBeforeAddingAnother) {
  EXPECT_EQ(with_user("alice:1", "bob", "2")->text, "alice:1\nbob:2\n");
}

TEST(PasswordEdit, ReplacesAUsersLineWhereItStands) {
  const auto edit = with_user("alice:1\nbob:2\ncarol:3\n", "bob", "9");
  EXPECT_EQ(edit->text, "alice:1\nbob:9\ncarol:3\n");
  EXPECT_TRUE(edit->found);
}

TEST(PasswordEdit, LeavesOneLineOfAUserWhoHadTwo) {
  EXPECT_EQ(with_user("bob:1\nalice:2\nbob:3\n", "bob", "9")->text, "bob:9\nalice:2\n");
}

TEST(PasswordEdit, DoesNotMixUpNamesThatBeginAlike) {
  EXPECT_EQ(with_user("bobby:1\nBob:2\n", "bob", "3")->text, "bobby:1\nBob:2\nbob:3\n");
}

TEST(PasswordEdit, KeepsCommentsBlankLinesAndOthersLinesAsTheyAre) {
  const std::string text = "# users\n\n alice : 1 \r\n#end\n";
  EXPECT_EQ(with_user(text, "bob", "2")->text, text + "bob:2\n");
  EXPECT_EQ(without_user(text + "bob:2\n", "bob")->text, text);
}

TEST(PasswordEdit, RemovesAUser) {
  const auto edit = without_user("alice:1\nbob:2\n", "alice");
  EXPECT_EQ(edit->text, "bob:2\n");
  EXPECT_TRUE(edit->found);
}

TEST(PasswordEdit, SaysWhenThereIsNobodyToRemove) {
  const auto edit = without_user("alice:1\n", "bob");
  EXPECT_EQ(edit->text, "alice:1\n");
  EXPECT_FALSE(edit->found);
}

TEST(PasswordEdit, StopsAtALineThatIsNoEntry) {
  for (const std::string_view broken : {"# x\nalice\n", "# x\n:1\n", "# x\nalice:\n"}) {
    EXPECT_EQ(with_user(broken, "bob", "1").error(), "Corrupt password file at line 2.");
    EXPECT_EQ(without_user(broken, "bob").error(), "Corrupt password file at line 2.");
    EXPECT_EQ(with_hashed_passwords(broken, fake_hash).error(), "Corrupt password file at line 2.");
  }
}

TEST(PasswordEdit, HashesPlainPasswordsAndKeepsTheRest) {
  const std::string hashed = fmt::format("bob:{}\n", a_hash());
  EXPECT_EQ(*with_hashed_passwords("# users\nalice:pa:ss\n" + hashed, fake_hash),
            "# users\nalice:<pa:ss>\n" + hashed);
}

TEST(PasswordEdit, HashesAPasswordThatOnlyStartsWithADollar) {
  EXPECT_EQ(*with_hashed_passwords("alice:$ecret\n", fake_hash), "alice:<$ecret>\n");
}

TEST(PasswordEdit, RefusesToHashADamagedHash) {
  EXPECT_NE(with_hashed_passwords("alice:$7$101$abc\n", fake_hash).error().find("Line 1"),
            std::string::npos);
}

TEST(PasswordEdit, HandsOnWhyAPasswordCouldNotBeHashed) {
  const auto no_memory = [](base::Bytes) -> TextResult {
    return base::Error{std::string("no memory")};
  };
  EXPECT_EQ(with_hashed_passwords("alice:1\n", no_memory).error(), "no memory");
}

TEST(PasswordEdit, RefusesNamesThatTheFileCannotHold) {
  for (const std::string_view name : {"", "a:b", "a\nb", "a\x7f", "#a", " a", "a "}) {
    EXPECT_FALSE(check_user_name(name).has_value()) << name;
  }
  EXPECT_FALSE(check_user_name(std::string(65'536, 'u')).has_value());
  for (const std::string_view name : {"a", "a b", "jürgen", "a#b", "$x"})
    EXPECT_TRUE(check_user_name(name).has_value()) << name;
}

RC_GTEST_PROP(PasswordEdit, SurvivesAnyBytes, (const std::string& text, const std::string& user)) {
  RC_ASSERT(with_user(text, user, "h").has_value() == without_user(text, user).has_value());
  if (text.empty()) RC_ASSERT(with_hashed_passwords(text, fake_hash).has_value());
}

RC_GTEST_PROP(PasswordEdit, RemovingWhatWasAddedGivesTheFileBack, ()) {
  const auto names =
      *rc::gen::unique<std::vector<std::string>>(rc::gen::nonEmpty(rc::gen::string<std::string>()));
  std::string text;
  for (const auto& name : names) {
    if (check_user_name(name).has_value()) text += fmt::format("{}:1\n", name);
  }
  RC_PRE(std::find(names.begin(), names.end(), "newcomer") == names.end());
  const auto added = with_user(text, "newcomer", "2");
  RC_ASSERT(added.has_value());
  RC_ASSERT(without_user(added->text, "newcomer")->text == text);
}

}  // namespace
}  // namespace hook
