#include "wire/utf8.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "wire/packet_generators.h"

namespace wire {
namespace {

TEST(Utf8, TakesEveryCodePointButZeroAndTheSurrogates) {  // [MQTT-1.5.4-1], [MQTT-1.5.4-2]
  for (std::uint32_t c = 0; c <= 0x10ffff; ++c) {
    const bool is_valid = c != 0 && (c < 0xd800 || c > 0xdfff);
    ASSERT_EQ(is_valid_utf8(generate::utf8_of({c})), is_valid) << std::hex << c;
  }
}

TEST(Utf8, RefusesNumbersOver10ffff) {
  for (std::uint32_t c = 0x110000; c <= 0x1fffff; c += 0x101) {
    ASSERT_FALSE(is_valid_utf8(generate::utf8_of({c}))) << std::hex << c;
  }
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  for (const std::string_view bad : {"\x80",
                                     "\xbf",
                                     "\xc0\x80",
                                     "\xc1\xbf",
                                     "\xe0\x80\x80",
                                     "\xe0\x9f\xbf",
                                     "\xf0\x80\x80\x80",
                                     "\xf0\x8f\xbf\xbf",
                                     "\xf8\x88\x80\x80\x80",
                                     "\xfe",
                                     "\xff",
                                     "\xc3",
                                     "\xe2\x82",
                                     "\xf0\x9f\x98",
                                     "\xc3(",
                                     "\xe2(\x82",
                                     "\xe2\x82(",
                                     "\xf0(\x98\x80",
                                     "\xf0\x9f(\x80",
                                     "\xf0\x9f\x98("}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << testing::PrintToString(std::string{bad});
  }
}

TEST(Utf8, KeepsTheByteOrderMarkAsACharacter) {  // [MQTT-1.5.4-3]
  EXPECT_TRUE(is_valid_utf8("\xef\xbb\xbf"));
}

TEST(Utf8, FindsOneBadByteWhereverItStands) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      std::string text(size, 'a');
      for (const char bad : {'\0', '\x80', '\xff'}) {
        text[place] = bad;
        ASSERT_FALSE(is_valid_utf8(text)) << size << " " << place;
      }
      text[place] = '\x7f';
      ASSERT_TRUE(is_valid_utf8(text));
    }
  }
}

TEST(Utf8, TakesTheEmptyText) {
  EXPECT_TRUE(is_valid_utf8({}));
}

RC_GTEST_PROP(Utf8, TakesAnySequenceOfValidCharacters, ()) {
  RC_ASSERT(is_valid_utf8(*generate::text()));
}

RC_GTEST_PROP(Utf8, RefusesASequenceCutWithinACharacter, ()) {
  const std::string before = *generate::text();
  const std::string last = generate::utf8_of({*rc::gen::inRange<std::uint32_t>(0x10000, 0x110000)});
  RC_ASSERT(!is_valid_utf8(before + last.substr(0, *rc::gen::inRange<std::size_t>(1, 4))));
}

}  // namespace
}  // namespace wire
