// Expected texts were printed by mosquitto_sub 2.0.11; where 2.1 differs (%x, %d, %f, user
// properties as a list) they are its documented ones.
#include "sub_format.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "sub_print.h"

namespace apps {
namespace {

using midge::PropertyId;
using namespace std::string_view_literals;

// 2026-06-30 12:34:56.123456789 UTC
constexpr base::WallTime now{std::chrono::nanoseconds{1'782'822'896'123'456'789}};

class SubFormat : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC-2", 1);  // Two hours east.
    ::tzset();
    all_.add(PropertyId::content_type, "text/plain");
    all_.add(PropertyId::response_topic, "reply");
    all_.add(PropertyId::correlation_data, "corr");
    all_.add(PropertyId::payload_format_indicator, 1);
    all_.add(PropertyId::user_property, "k1", "v1");
    all_.add(PropertyId::user_property, "k2", "v2");
    all_.add(PropertyId::message_expiry_interval, 100);
  }

  midge::Message message(std::string_view payload = "hello") const {
    return {.topic = "a/b",
            .payload = base::as_bytes(payload),
            .qos = midge::Qos::at_least_once,
            .id = 1};
  }
  midge::Message with_properties() const {
    midge::Message full = message();
    full.properties = all_.view();
    return full;
  }

  static std::string print(std::string_view format, const midge::Message& message,
                           bool pretty = false) {
    auto compiled = Format::compile(format);
    EXPECT_TRUE(compiled) << format;
    std::string out;
    is_complete_ = compiled->print(message, now, pretty, out);
    return out;
  }

  midge::PropertyList all_;
  static inline bool is_complete_ = true;
};

struct Printed {
  std::string_view format;
  std::string_view text;
};

TEST_F(SubFormat, FieldsOfAMessage) {
  const Printed expected[] = {
      {"%p", "hello"},
      {"%t", "a/b"},
      {"%q", "1"},
      {"%r", "0"},
      {"%l", "5"},
      {"%m", "1"},
      {"%x", "68656c6c6f"},
      {"%X", "68656C6C6F"},
      {"%%", "%"},
      {"%5%", "%"},
      {"%t: %p (%q)", "a/b: hello (1)"},
  };
  for (const Printed& e : expected) EXPECT_EQ(print(e.format, message()), e.text) << e.format;
}

TEST_F(SubFormat, Properties) {
  const Printed expected[] = {
      {"%C", "text/plain"}, {"%R", "reply"},       {"%D", "corr"}, {"%E", "100"},
      {"%F", "1"},          {"%P", "k1:v1 k2:v2"}, {"%A", ""},     {"%S", ""},
  };
  for (const Printed& e : expected) {
    EXPECT_EQ(print(e.format, with_properties()), e.text) << e.format;
  }
}

TEST_F(SubFormat, TextHasWidthAndMost) {
  const Printed expected[] = {
      {"[%3C]", "[text/plain]"},     {"[%12C]", "[  text/plain]"}, {"[%-12C]", "[text/plain  ]"},
      {"[%012C]", "[  text/plain]"}, {"[%.2C]", "[te]"},           {"[%10.2C]", "[        te]"},
      {"[%-10.2C]", "[te        ]"}, {"[%10R]", "[     reply]"},   {"[%010R]", "[     reply]"},
      {"[%10t]", "[       a/b]"},    {"[%-010t]", "[a/b       ]"}, {"[%.2t]", "[a/]"},
  };
  for (const Printed& e : expected) {
    EXPECT_EQ(print(e.format, with_properties()), e.text) << e.format;
  }
}

TEST_F(SubFormat, NumbersHaveWidthAndZeros) {
  const Printed expected[] = {
      {"[%3E]", "[100]"},
      {"[%10E]", "[       100]"},
      {"[%-10E]", "[100       ]"},
      {"[%010E]", "[0000000100]"},
      {"[%-010E]", "[100       ]"},
      {"[%.2E]", "[100]"},
      {"[%04l]", "[0005]"},
      {"[%5m]", "[    1]"},
      {"[%10.2F]", "[         1]"},
      {"[%3q]", "[1]"},
      {"[%3r]", "[0]"},
  };
  for (const Printed& e : expected) {
    EXPECT_EQ(print(e.format, with_properties()), e.text) << e.format;
  }
}

TEST_F(SubFormat, WhatIsNotThereTakesItsRoom) {
  const Printed expected[] = {
      {"[%3A]", "[   ]"},  {"[%-3A]", "[   ]"}, {"[%03A]", "[000]"}, {"[%-03A]", "[000]"},
      {"[%3S]", "[   ]"},  {"[%3E]", "[   ]"},  {"[%03F]", "[000]"}, {"[%3C]", "[   ]"},
      {"[%03C]", "[   ]"}, {"[%3R]", "[]"},     {"[%3D]", "[]"},     {"[%3P]", "[]"},
  };
  for (const Printed& e : expected) EXPECT_EQ(print(e.format, message()), e.text) << e.format;
}

TEST_F(SubFormat, TheWidthOfAPayloadIsAlsoItsMost) {
  const Printed expected[] = {
      {"[%3p]", "[hel]"},
      {"[%10p]", "[     hello]"},
      {"[%-10p]", "[hello     ]"},
      {"[%010p]", "[00000hello]"},
      {"[%.2p]", "[hello]"},
      {"[%0p]", "[hello]"},
      {"[%3x]", "[ 68]"},
      {"[%-3x]", "[68 ]"},
      {"[%03x]", "[068]"},
      {"[%4x]", "[6865]"},
      {"[%1x]", "[ ]"},
      {"[%14x]", "[    68656c6c6f]"},
      {"[%-14x]", "[68656c6c6f    ]"},
  };
  for (const Printed& e : expected) EXPECT_EQ(print(e.format, message()), e.text) << e.format;
}

TEST_F(SubFormat, HexadecimalDigitsAreGrouped) {
  const Printed expected[] = {
      {"%.1x", "6 8 6 5 6 c 6 c 6 f"},
      {"%.2x", "68 65 6c 6c 6f"},
      {"%.2:x", "68:65:6c:6c:6f"},
      {"%.2:X", "68:65:6C:6C:6F"},
      {"%.4-x", "6865-6c6c-6f"},
      {"%.0x", "68656c6c6f"},
      {"%.2tx", "a/x"},
  };
  for (const Printed& e : expected) EXPECT_EQ(print(e.format, message()), e.text) << e.format;
}

TEST_F(SubFormat, FloatsAreTheMachinesOwn) {
  const std::string_view as_double = "\x58\x39\xb4\xc8\x76\xbe\x05\x40"sv;
  const std::string_view as_float = "\xf4\xfd\x34\x3f"sv;
  EXPECT_EQ(print("%.3d", message(as_double)), "2.718");
  EXPECT_EQ(print("%.3f", message(as_float)), "0.707");
  EXPECT_EQ(print("%d", message(as_double)), "2.718000");
  EXPECT_EQ(print("%8.2d", message(as_double)), "    2.72");
  EXPECT_EQ(print("[%d]", message("hello")), "[]");
}

TEST_F(SubFormat, Times) {
  EXPECT_EQ(print("%I", message()), "2026-06-30T14:34:56+0200");
  EXPECT_EQ(print("[%26I]", message()), "[  2026-06-30T14:34:56+0200]");
  EXPECT_EQ(print("%.4I", message()), "2026");
  EXPECT_EQ(print("%U", message()), "1782822896.123456789");
  EXPECT_EQ(print("@Y-@m-@d @H:@M:@S.@N", message()), "2026-06-30 14:34:56.123456789");
  EXPECT_EQ(print("@s @@ @b", message()), "1782822896 @ Jun");
}

TEST_F(SubFormat, Escapes) {
  EXPECT_EQ(print(R"(\\\a\e\n\r\t\v)", message()), "\\\a\033\n\r\t\v");
  EXPECT_EQ(print(R"(x\0y)", message()), "x\0y"sv);
}

TEST_F(SubFormat, BinaryPayloadsStayAsTheyAre) {
  EXPECT_EQ(print("%p|%x", message("\0\xff\n"sv)), "\0\xff\n|00ff0a"sv);
}

TEST(SubFormatMistakes, AreNamed) {
  const Printed mistakes[] = {
      {"%", "Incomplete format specifier."},    {"a%", "Incomplete format specifier."},
      {"%0", "Incomplete format specifier."},   {"%-", "Incomplete format specifier."},
      {"%1", "Incomplete format specifier."},   {"%.", "Incomplete format specifier."},
      {"%.1", "Incomplete format specifier."},  {"@", "Incomplete format specifier."},
      {"%Z", "Invalid format specifier 'Z'."},  {"%!", "Invalid format specifier '!'."},
      {R"(\)", "Incomplete escape specifier."}, {R"(\Z)", "Invalid escape specifier 'Z'."},
  };
  for (const Printed& m : mistakes) {
    const auto compiled = Format::compile(m.format);
    ASSERT_FALSE(compiled) << m.format;
    EXPECT_EQ(compiled.error(), m.text) << m.format;
  }
}

// ---------------------------------------------------------------- JSON

constexpr std::string_view head =
    R"({"tst":"2026-06-30T14:34:56.123456Z+0200","topic":"a/b","qos":1,"retain":0,)";

TEST_F(SubFormat, JsonHasThePayloadAsAString) {
  EXPECT_EQ(print("%j", message(R"(say "hi")")),
            std::string{head} + R"("payloadlen":8,"mid":1,"payload":"say \"hi\""})");
}

TEST_F(SubFormat, JsonOfQos0HasNoMessageId) {
  midge::Message plain = message("x");
  plain.qos = midge::Qos::at_most_once;
  EXPECT_EQ(print("%j", plain),
            R"({"tst":"2026-06-30T14:34:56.123456Z+0200","topic":"a/b","qos":0,"retain":0,)"
            R"("payloadlen":1,"payload":"x"})");
}

TEST_F(SubFormat, JsonEscapesOnlyWhatItMust) {
  EXPECT_EQ(print("%j", message("\x01\x1f\"\\/\b\f\n\r\t\x7f\x80\xff\xc3\xa9\0"sv)),
            std::string{head} +
                "\"payloadlen\":16,\"mid\":1,\"payload\":"
                "\"\\u0001\\u001f\\\"\\\\/\\b\\f\\n\\r\\t\x7f\x80\xff\xc3\xa9\\u0000\"}");
}

TEST_F(SubFormat, JsonOfAnEmptyPayloadIsNull) {
  for (const char* format : {"%j", "%J"}) {
    EXPECT_EQ(print(format, message("")),
              std::string{head} + R"("payloadlen":0,"mid":1,"payload":null})");
  }
}

TEST_F(SubFormat, JsonHasThePropertiesInTheirOrder) {
  EXPECT_EQ(
      print("%j", with_properties()),
      std::string{head} +
          R"("payloadlen":5,"mid":1,"properties":{"content-type":"text/plain",)"
          R"("response-topic":"reply","correlation-data":"corr","payload-format-indicator":1,)"
          R"("user-properties":[{"k1":"v1"},{"k2":"v2"}],"message-expiry-interval":100},)"
          R"("payload":"hello"})");
}

TEST_F(SubFormat, JsonKeepsAJsonPayload) {
  EXPECT_EQ(print("%J", message(R"( {"b" : [1, 2.50, true], "a":null, "a":{}} )")),
            std::string{head} +
                R"("payloadlen":43,"mid":1,"payload":{"b":[1,2.5,true],"a":null,"a":{}}})");
}

TEST_F(SubFormat, JsonNumbersLookAsCJsonPrintsThem) {
  const Printed expected[] = {
      {"1.0", "1"},
      {"1e3", "1000"},
      {"12345678901234567890", "1.2345678901234567e+19"},
      {"0.1", "0.1"},
      {"1e-7", "1e-07"},
      {"-0.0", "-0"},
      {"1.5e300", "1.5e+300"},
      {"3.14159265358979", "3.14159265358979"},
      {"0.30000000000000004", "0.3"},
      {"2147483648", "2147483648"},
      {"-2147483649", "-2147483649"},
      {"12 ", "12"},
      {R"("\u00e9\ud83d\ude00\u0001\u007f\/")", "\"é😀\\u0001\x7f/\""},
  };
  for (const Printed& e : expected) {
    const std::string text = print("%J", message(e.format));
    const std::string_view key = "\"payload\":";
    const std::size_t at = text.find(key) + key.size();
    EXPECT_EQ(text.substr(at, text.size() - at - 1), e.text) << e.format;
  }
}

TEST_F(SubFormat, WhatIsNoJsonPrintsNothingOfIt) {
  for (const std::string_view payload : {"nojson", "{} x", "[1,]", "\"x\0y\"", "\"\xff\""}) {
    EXPECT_EQ(print("<%J>", message(payload)), "<>");
    EXPECT_FALSE(is_complete_);
  }
  EXPECT_EQ(print("<%J>", message(std::string(2000, '[') + std::string(2000, ']'))), "<>");
}

TEST_F(SubFormat, PrettyJsonIsIndentedByTabs) {
  EXPECT_EQ(print("%J", message(R"({"a":{},"b":[],"c":[{"x":[1,2,{}]}]})"), true),
            "{\n\t\"tst\":\t\"2026-06-30T14:34:56.123456Z+0200\",\n\t\"topic\":\t\"a/b\",\n"
            "\t\"qos\":\t1,\n\t\"retain\":\t0,\n\t\"payloadlen\":\t36,\n\t\"mid\":\t1,\n"
            "\t\"payload\":\t{\n\t\t\"a\":\t{\n\t\t},\n\t\t\"b\":\t[],\n\t\t\"c\":\t[{\n"
            "\t\t\t\t\"x\":\t[1, 2, {\n\t\t\t\t\t}]\n\t\t\t}]\n\t}\n}");
}

// ---------------------------------------------------------------- without a format

std::string plain(const SubscribeRequest& request, std::string_view payload,
                  Colours colours = Colours::off) {
  std::string out;
  const midge::Message message{.topic = "a", .payload = base::as_bytes(payload)};
  EXPECT_TRUE(print_message(message, request, now, colours, out));
  return out;
}

TEST(SubPrint, PrintsThePayloadAndAnEndOfLine) {
  EXPECT_EQ(plain({}, "x"), "x\n");
  EXPECT_EQ(plain({.no_end_of_line = true}, "x"), "x");
  EXPECT_EQ(plain({.verbose = true}, "x"), "a x\n");
  EXPECT_EQ(plain({.verbose = true, .no_end_of_line = true}, "x"), "a x");
}

TEST(SubPrint, AnEmptyMessageOnlyShowsWithItsTopic) {
  EXPECT_EQ(plain({}, ""), "");
  EXPECT_EQ(plain({.no_end_of_line = true}, ""), "");
  EXPECT_EQ(plain({.verbose = true}, ""), "a (null)\n");
  EXPECT_EQ(plain({.verbose = true, .no_end_of_line = true}, ""), "");
}

TEST(SubPrint, AFormatEndsTheLineToo) {
  EXPECT_EQ(plain({.format = *Format::compile("%t=%p")}, "x"), "a=x\n");
  EXPECT_EQ(plain({.format = *Format::compile("%p")}, ""), "\n");
  EXPECT_EQ(plain({.format = *Format::compile("%p"), .no_end_of_line = true}, "x"), "x");
}

TEST(SubPrint, ATopicHasItsColour) {
  const std::string once = plain({.verbose = true}, "x", Colours::on);
  EXPECT_EQ(once.substr(0, 2), "\033[");
  EXPECT_NE(once.find("ma x\033[0m\n"), std::string::npos);
  EXPECT_EQ(once, plain({.verbose = true}, "x", Colours::on));
}

}  // namespace
}  // namespace apps
