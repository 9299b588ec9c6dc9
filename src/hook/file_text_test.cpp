#include "hook/file_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hook {
namespace {

TEST(FileText, SplitKeepsEmptyPieces) {
  EXPECT_THAT(split("a\n\nb\n", '\n'), testing::ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", '\n'), testing::ElementsAre(""));
}

TEST(FileText, TrimsBothEndsOnly) {
  EXPECT_EQ(trimmed(" \ta b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \v\f"), "");
}

TEST(FileText, QuotesSoThatAnyBytesCanBeShown) {
  EXPECT_EQ(in_quotes("jürgen"), "\"jürgen\"");
  EXPECT_EQ(in_quotes("a\n\xff"), "\"a\\n\\xff\"");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), '"' + std::string(64, 'x') + "\"...");
}

TEST(FileText, NamesAPlaceAsCompilersDo) {
  EXPECT_EQ(at_line("acl", 3, "no"), "acl:3: no");
}

}  // namespace
}  // namespace hook
