#include "client_report.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "client_program.h"

namespace apps {
namespace {

using midge::Error;
using midge::ErrorCode;
using midge::Version;

TEST(ExitStatus, IsTheBrokersCodeWhenItRefuses) {
  EXPECT_EQ(exit_status({.code = ErrorCode::connection_refused, .reason = 5}, false), 5);
  EXPECT_EQ(exit_status({.code = ErrorCode::connection_refused, .reason = 135}, false), 135);
}

TEST(ExitStatus, IsOneWhenNobodyAnswers) {
  EXPECT_EQ(exit_status({.code = ErrorCode::system, .system_error = ECONNREFUSED}, false), 1);
  EXPECT_EQ(exit_status({.code = ErrorCode::lookup}, false), 1);
  EXPECT_EQ(exit_status({.code = ErrorCode::timeout}, false), 1);
}

TEST(ExitStatus, IsLibmosquittosNumberOtherwise) {
  EXPECT_EQ(exit_status({}, true), 0);
  EXPECT_EQ(exit_status({.code = ErrorCode::connection_lost}, true), 7);
  EXPECT_EQ(exit_status({.code = ErrorCode::keep_alive}, true), 19);
  EXPECT_EQ(exit_status({.code = ErrorCode::qos_not_supported}, true), 24);
  EXPECT_EQ(exit_status({.code = ErrorCode::session_lost}, true), 1);
}

TEST(Explain, SpeaksAsMosquittosTools) {
  EXPECT_EQ(explain({.code = ErrorCode::connection_refused, .reason = 5}, {}, Version::v311),
            "Connection error: Connection Refused: not authorised.");
  EXPECT_EQ(explain({.code = ErrorCode::connection_refused, .reason = 0x87}, {}, Version::v5),
            "Connection error: Not authorized");
  EXPECT_EQ(explain({.code = ErrorCode::connection_lost, .text = "x: closed"}, {}, Version::v5),
            "Error: The connection was lost. (x: closed)");
}

TEST(Explain, AddsWhatTheBrokerSays) {
  midge::PropertyList properties;
  properties.add(wire::PropertyId::reason_string, "too young");
  EXPECT_EQ(explain({.code = ErrorCode::connection_refused, .reason = 0x87}, properties.view(),
                    Version::v5),
            "Connection error: Not authorized (too young)");
}

TEST(Advice, SaysWhatToTryNext) {
  ClientOptions options{Tool::sub};
  options.connection.host = "example";
  const auto says = [&](const Error& error, std::string_view word) {
    return advice(error, options, false).find(word) != std::string::npos;
  };
  EXPECT_TRUE(says({.code = ErrorCode::system, .system_error = ECONNREFUSED}, "example port 1883"));
  EXPECT_TRUE(says({.code = ErrorCode::connection_refused, .reason = 5}, "-u"));
  EXPECT_TRUE(says({.code = ErrorCode::connection_refused, .reason = 4}, "-P"));
  EXPECT_TRUE(says({.code = ErrorCode::connection_refused, .reason = 1}, "-V"));
  EXPECT_TRUE(says({.code = ErrorCode::connection_refused, .reason = 2}, "-i"));
  EXPECT_TRUE(says({.code = ErrorCode::connection_lost}, "TLS"));
  EXPECT_TRUE(says({.code = ErrorCode::lookup}, "spelled"));
  EXPECT_EQ(advice({.code = ErrorCode::connection_lost}, options, true), "");
}

TEST(ProgramName, IsTheOneItWasCalledBy) {
  EXPECT_EQ(program_of(Tool::pub, "/usr/bin/mosquitto_pub").name, "mosquitto_pub");
  EXPECT_EQ(program_of(Tool::sub, "mosquitto_sub").name, "mosquitto_sub");
  EXPECT_EQ(program_of(Tool::sub, "sub").name, "midge sub");
  EXPECT_FALSE(program_of(Tool::sub, "sub").is_mosquitto);
}

TEST(Help, NamesTheProgramAndEachOption) {
  const std::string text = help_text(program_of(Tool::pub, "mosquitto_pub"));
  EXPECT_NE(text.find("Usage: mosquitto_pub "), std::string::npos);
  EXPECT_NE(text.find("-m, --message TEXT"), std::string::npos);
  EXPECT_EQ(text.find("-C COUNT"), std::string::npos);
  EXPECT_EQ(text.find("--cafile"), std::string::npos);
}

}  // namespace
}  // namespace apps
