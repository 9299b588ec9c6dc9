#include "line_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace apps {
namespace {

std::vector<std::string> lines_of(LineReader& reader) {
  std::vector<std::string> lines;
  while (const auto line = reader.next()) lines.emplace_back(*line);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineReader, GivesWholeLinesOnly) {
  LineReader reader{100};
  reader.feed("one\ntw");
  EXPECT_EQ(lines_of(reader), (Lines{"one"}));
  reader.feed("o\n\nthree");
  EXPECT_EQ(lines_of(reader), (Lines{"two", ""}));
  EXPECT_EQ(reader.count(), 3U);
}

TEST(LineReader, TheLastLineNeedsNoEnd) {
  LineReader reader{100};
  reader.feed("one\ntwo");
  reader.end();
  EXPECT_EQ(lines_of(reader), (Lines{"one", "two"}));
  EXPECT_EQ(lines_of(reader), Lines{});
}

TEST(LineReader, AnEndOfLineIsNoLineAfterIt) {
  LineReader reader{100};
  reader.feed("one\n");
  reader.end();
  EXPECT_EQ(lines_of(reader), (Lines{"one"}));
}

TEST(LineReader, TakesAnyByteButTheEndOfLine) {
  LineReader reader{100};
  reader.feed(std::string_view{"a\0b\r\n\xff\n", 7});
  EXPECT_EQ(lines_of(reader), (Lines{std::string{"a\0b\r", 4}, "\xff"}));
}

TEST(LineReader, SaysWhenALineIsTooLong) {
  LineReader reader{3};
  reader.feed("abc");
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_FALSE(reader.is_too_long());
  reader.feed("d");
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_TRUE(reader.is_too_long());
}

TEST(LineReader, EachCutGivesTheSameLines) {
  const std::string text = "a\n\nlonger\nb";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    LineReader reader{100};
    reader.feed(text.substr(0, cut));
    Lines lines = lines_of(reader);
    reader.feed(text.substr(cut));
    reader.end();
    for (std::string& line : lines_of(reader)) lines.push_back(line);
    EXPECT_EQ(lines, (Lines{"a", "", "longer", "b"})) << cut;
  }
}

}  // namespace
}  // namespace apps
