#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace base {
namespace {

using Parsed = Result<int, std::string>;

Parsed half(int number) {
  if (number % 2 != 0) return Error{"odd"};
  return number / 2;
}

Result<void, std::string> check(bool is_right) {
  if (!is_right) return Error{"wrong"};
  return {};
}

TEST(Result, is_the_value_or_the_error) {
  EXPECT_TRUE(half(4));
  EXPECT_EQ(*half(4), 2);
  EXPECT_FALSE(half(3));
  EXPECT_EQ(half(3).error(), "odd");
}

TEST(Result, tells_value_and_error_apart_when_both_have_one_type) {
  const Result<std::string, std::string> value = std::string{"same"};
  const Result<std::string, std::string> error = Error{std::string{"same"}};
  EXPECT_TRUE(value.has_value());
  EXPECT_FALSE(error.has_value());
}

TEST(Result, gives_away_what_only_moves) {
  Result<std::unique_ptr<int>, std::string> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, of_nothing_is_success_or_the_error) {
  EXPECT_TRUE(check(true));
  EXPECT_EQ(check(false).error(), "wrong");
}

TEST(ResultDeathTest, is_not_asked_for_what_it_has_not) {
  EXPECT_DEATH((void)*half(3), "has_value");
  EXPECT_DEATH((void)half(4).error(), "has_value");
  EXPECT_DEATH((void)check(true).error(), "has_value");
}

}  // namespace
}  // namespace base
