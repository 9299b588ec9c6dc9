#include "hook/password_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace hook {
namespace {

using testing::HasSubstr;

std::string hash_of(std::string_view password, HashAlgorithm algorithm = HashAlgorithm::sha512) {
  return to_text(*hash_password(base::as_bytes(password), default_recipe(algorithm),
                                base::as_bytes("123456789012")));
}

PasswordFile parsed(std::string_view text) {
  auto file = PasswordFile::parse(text, "users");
  EXPECT_TRUE(file.has_value()) << file.error();
  return *std::move(file);
}

std::string error_of(std::string_view text) {
  const auto file = PasswordFile::parse(text, "users");
  return file ? "accepted" : file.error();
}

Verdict check(const PasswordFile& file, std::string_view user, std::string_view password) {
  return check_password(file, user, base::as_bytes(password));
}

TEST(PasswordFile, LetsEachUserInWithTheirOwnPassword) {
  const auto file = parsed(
      fmt::format("alice:{}\nbob:{}\n", hash_of("a"), hash_of("b", HashAlgorithm::sha512_pbkdf2)));
  EXPECT_EQ(check(file, "alice", "a"), Verdict::right);
  EXPECT_EQ(check(file, "bob", "b"), Verdict::right);
  EXPECT_EQ(check(file, "alice", "b"), Verdict::wrong);
  EXPECT_EQ(check(file, "carol", "a"), Verdict::wrong);
  EXPECT_EQ(file.size(), 2U);
}

TEST(PasswordFile, RefusesAUserWhoGivesNoPassword) {
  const auto file = parsed(fmt::format("alice:{}", hash_of("")));
  EXPECT_EQ(check_password(file, "alice", std::nullopt), Verdict::wrong);
  EXPECT_EQ(check(file, "alice", ""), Verdict::right);
}

TEST(PasswordFile, SkipsCommentsAndBlankLines) {
  const auto file = parsed(fmt::format("# users\n\n  \t\nalice:{}\n#bob:nonsense\n", hash_of("a")));
  EXPECT_EQ(file.size(), 1U);
}

TEST(PasswordFile, TakesACommentInColumnZeroOnly) {
  EXPECT_NE(parsed(fmt::format(" #alice:{}", hash_of("a"))).find("#alice"), nullptr);
}

TEST(PasswordFile, IgnoresWhiteSpaceAroundNameAndHashAndWindowsLineEnds) {
  const auto file = parsed(fmt::format(" alice : {} \r\nbob b:{}\r\n", hash_of("a"), hash_of("b")));
  EXPECT_EQ(check(file, "alice", "a"), Verdict::right);
  EXPECT_EQ(check(file, "bob b", "b"), Verdict::right);
}

TEST(PasswordFile, ThatIsEmptyLetsNobodyIn) {
  const auto file = parsed("");
  EXPECT_EQ(file.size(), 0U);
  EXPECT_EQ(file.decoy(), nullptr);
  EXPECT_EQ(check(file, "alice", ""), Verdict::wrong);
}

TEST(PasswordFile, NamesBothLinesOfADuplicateUser) {
  EXPECT_EQ(error_of(fmt::format("alice:{0}\nbob:{0}\nalice:{0}\n", hash_of("a"))),
            "users:3: user \"alice\" is in line 1 already");
}

TEST(PasswordFile, SaysWhereALineIsBroken) {
  EXPECT_THAT(error_of("\nalice\n"), HasSubstr("users:2: no ':' found"));
  EXPECT_THAT(error_of(fmt::format(":{}\n", hash_of("a"))), HasSubstr("users:1: no user name"));
  EXPECT_THAT(error_of("# x\nalice:\n"), HasSubstr("users:2: user \"alice\": not a password hash"));
  EXPECT_THAT(error_of("alice:$6$x\n"),
              HasSubstr("users:1: user \"alice\": a $6$ hash is written"));
  EXPECT_THAT(error_of(fmt::format("{}:{}", std::string(65'536, 'u'), hash_of("a"))),
              HasSubstr("at most 65535"));
}

TEST(PasswordFile, DoesNotRepeatAPlainPasswordInItsError) {
  EXPECT_THAT(error_of("alice:hunter2"), testing::Not(HasSubstr("hunter2")));
}

TEST(PasswordFile, CheckOfAnUnknownUserCostsWhatTheCommonestRecipeCosts) {
  const std::string pbkdf2 = hash_of("x", HashAlgorithm::sha512_pbkdf2);
  const auto file = parsed(fmt::format("a:{}\nb:{}\nc:{}\n", hash_of("x"), pbkdf2, pbkdf2));
  ASSERT_NE(file.decoy(), nullptr);
  EXPECT_EQ(file.decoy()->recipe, default_recipe(HashAlgorithm::sha512_pbkdf2));
}

TEST(PasswordFile, NeverLetsAnUnknownUserInWithTheDecoysPassword) {
  EXPECT_EQ(check(parsed(fmt::format("alice:{}", hash_of("a"))), "mallory", "a"), Verdict::wrong);
}

RC_GTEST_PROP(PasswordFile, SurvivesAnyBytes, (const std::string& text)) {
  const auto file = PasswordFile::parse(text, "users");
  if (!file) RC_ASSERT(file.error().starts_with("users:"));
}

RC_GTEST_PROP(PasswordFile, SurvivesAnyLines, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "b", ":", "\n", "#", " ", "\r", "$6$", hash_of("x"), std::string(1, '\0')));
  std::string text;
  for (const auto& piece : pieces) text += piece;
  const auto file = PasswordFile::parse(text, "users");
  if (file) RC_ASSERT(file->size() <= pieces.size());
}

}  // namespace
}  // namespace hook
