#include "config/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_files.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- The grammar

TEST(Grammar, AllDefaultsWithoutAFile) {
  const auto parsed = parse({}, MemoryFiles());
  ASSERT_TRUE(parsed);
  const Config& config = **parsed;
  EXPECT_EQ(config.max_inflight_messages().max, 20U);
  EXPECT_EQ(config.max_queued_messages().max, 1000U);
  EXPECT_TRUE(config.max_queued_bytes().is_off());
  EXPECT_TRUE(config.global_max_connections().is_off());
  EXPECT_EQ(config.max_packet_size().bytes, 2'000'000U);
  EXPECT_EQ(config.sys_interval(), Seconds{10});
  EXPECT_TRUE(config.allow_duplicate_messages());
  EXPECT_FALSE(config.check_retain_source());
  EXPECT_TRUE(config.persistent_client_expiration().is_off());
  EXPECT_EQ(config.queue_full_policy(), QueueFullPolicy::drop_newest);
  EXPECT_TRUE(config.set_tcp_nodelay());
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(Grammar, BlanksBeforeNamesAndTabsBetweenNameAndValueAreFine) {
  EXPECT_EQ(config_of("  \tmax_keepalive\t \t90")->max_keepalive(), Seconds{90});
}
TEST(Grammar, CommentsMayBeIndented) {
  EXPECT_EQ(error_of("  # one\n\t# two\n#three\n"), "");
}
TEST(Grammar, EmptyAndBlankLinesAreSkipped) {
  EXPECT_EQ(error_of("\n   \n\t\n\r\n"), "");
}
TEST(Grammar, LinesMayEndInCarriageReturnAndLineFeed) {
  EXPECT_EQ(config_of("user joe\r\nsys_interval 5\r\n")->user(), "joe");
}
TEST(Grammar, TheLastLineNeedsNoLineFeed) {
  EXPECT_EQ(config_of("sys_interval 5")->sys_interval(), Seconds{5});
}
TEST(Grammar, AByteOrderMarkAtTheStartIsSkipped) {
  EXPECT_EQ(config_of("\xEF\xBB\xBFsys_interval 5")->sys_interval(), Seconds{5});
}
TEST(Grammar, NumbersAndBooleansIgnoreTheRestOfTheLine) {
  const auto config = config_of("sys_interval 5 # often\nqueue_qos0_messages true # yes\n");
  EXPECT_EQ(config->sys_interval(), Seconds{5});
  EXPECT_TRUE(config->queue_qos0_messages());
}
TEST(Grammar, TextTakesTheRestOfTheLineWithEverythingInIt) {
  EXPECT_EQ(config_of("log_timestamp_format   %H:%M # x  \n")->log_timestamp_format(), "%H:%M # x");
}
TEST(Grammar, NumbersMayBeHexadecimalOrOctal) {
  EXPECT_EQ(config_of("sys_interval 0x10")->sys_interval(), Seconds{16});
  EXPECT_EQ(config_of("sys_interval 010")->sys_interval(), Seconds{8});
}
TEST(Grammar, BooleansAreTrueFalseOneAndZero) {
  EXPECT_TRUE(config_of("queue_qos0_messages 1")->queue_qos0_messages());
  EXPECT_TRUE(config_of("queue_qos0_messages true")->queue_qos0_messages());
  EXPECT_FALSE(config_of("retain_available 0")->retain_available());
  EXPECT_FALSE(config_of("retain_available false")->retain_available());
}
TEST(Grammar, OfABooleanOrNumberGivenTwiceTheLastCounts) {
  EXPECT_EQ(config_of("sys_interval 5\nsys_interval 6")->sys_interval(), Seconds{6});
}
TEST(Grammar, SomeTextMayBeGivenTwiceAndTheLastCounts) {
  const auto config =
      config_of("acl_file a\nacl_file b\npassword_file c\npassword_file d\nuser e\nuser f");
  EXPECT_EQ(config->security.acl_file().text, "b");
  EXPECT_EQ(config->security.password_file().text, "d");
  EXPECT_EQ(config->user(), "f");
}
TEST(Grammar, BytesMayHaveAUnit) {
  EXPECT_EQ(config_of("max_packet_size 64KiB")->max_packet_size().bytes, 65'536U);
  EXPECT_EQ(config_of("max_queued_bytes 2GiB")->max_queued_bytes().max, 2ULL << 30U);
}
TEST(Grammar, ALimitOfZeroOrLessIsOff) {
  EXPECT_TRUE(config_of("max_queued_messages 0")->max_queued_messages().is_off());
  EXPECT_TRUE(config_of("max_queued_messages -5")->max_queued_messages().is_off());
  EXPECT_TRUE(config_of("global_max_clients 0")->global_max_clients().is_off());
  EXPECT_TRUE(config_of("max_inflight_messages 0")->max_inflight_messages().is_off());
}
TEST(Grammar, DurationsHaveUnitsAndAMonthIsThirtyDays) {
  const auto cap = [](const char* text) {
    return config_of(std::string("persistent_client_expiration ") + text)
        ->persistent_client_expiration()
        .most.count();
  };
  EXPECT_EQ(cap("7s"), 7U);
  EXPECT_EQ(cap("2h"), 7200U);
  EXPECT_EQ(cap("1d"), 86'400U);
  EXPECT_EQ(cap("2w"), 1'209'600U);
  EXPECT_EQ(cap("1m"), 2'592'000U);
  EXPECT_EQ(cap("1y"), 31'536'000U);
  EXPECT_EQ(cap("999y"), 0xFFFF'FFFEU);
}

// ---- The log

TEST(Log, DestinationsAddUpAndReplaceTheDefault) {
  EXPECT_TRUE(config_of("")->log_dest().to_stderr);
  const auto config = config_of("log_dest stdout\nlog_dest file /var/log/my midge.log\n");
  EXPECT_TRUE(config->log_dest().to_stdout);
  EXPECT_FALSE(config->log_dest().to_stderr);
  EXPECT_EQ(config->log_dest().file.text, "/var/log/my midge.log");
}
TEST(Log, NoneTakesBackTheDestinationsBeforeIt) {
  const auto config = config_of("log_dest stdout\nlog_dest none\nlog_dest topic\n");
  EXPECT_EQ(config->log_dest(), (LogDestinations{.to_topic = true, .file = {}}));
}
TEST(Log, TypesAddUpAndReplaceTheDefault) {
  const auto config = config_of("log_type debug\nlog_type error\n");
  EXPECT_EQ(config->log_type(), LogTypes{} | LogType::debug | LogType::error);
}
TEST(Log, NoneAndAllReplaceTheTypesBeforeThem) {
  EXPECT_EQ(config_of("log_type debug\nlog_type none\n")->log_type(), LogTypes{});
  EXPECT_TRUE(config_of("log_type none\nlog_type all\n")->log_type().has(LogType::internal));
}
TEST(Log, VerboseAndQuietOnTheCommandLineOverrideTheFile) {
  EXPECT_TRUE(config_of("log_type none", {.config_file = {}, .ports = {}, .verbose = true})
                  ->log_type()
                  .has(LogType::debug));
  EXPECT_EQ(
      config_of("log_type all", {.config_file = {}, .ports = {}, .verbose = true, .quiet = true})
          ->log_type(),
      LogTypes{});
}

// ---- Errors, word for word

TEST(Errors, ABadNumberSaysWhereWhatAndWhatIsAllowed) {
  EXPECT_EQ(error_of("\n\nmax_qos 3"),
            "a.conf:3: max_qos: found \"3\"; allowed is a whole number from 0 to 2");
  EXPECT_EQ(
      error_of("sys_interval 10s"),
      "a.conf:1: sys_interval: found \"10s\"; allowed is a number of seconds from 0 to 65535");
  EXPECT_EQ(
      error_of("max_packet_size 19"),
      "a.conf:1: max_packet_size: found \"19\"; allowed is a number of bytes (or of KiB, MiB, "
      "GiB) from 20 to 2147483647");
  EXPECT_EQ(
      error_of("max_keepalive 99999999999999999999"),
      "a.conf:1: max_keepalive: found \"99999999999999999999\"; allowed is a number of seconds "
      "from 0 to 65535");
}
TEST(Errors, AnAliasIsCalledByTheNameInTheFile) {
  EXPECT_EQ(error_of("maximum_qos 3"),
            "a.conf:1: maximum_qos: found \"3\"; allowed is a whole number from 0 to 2");
}
TEST(Errors, BooleansAreCaseSensitive) {
  EXPECT_EQ(error_of("retain_available True"),
            "a.conf:1: retain_available: found \"True\"; allowed is true or false");
}
TEST(Errors, AWordNotOfTheListNamesTheList) {
  EXPECT_EQ(error_of("queue_full_policy wait"),
            "a.conf:1: queue_full_policy: found \"wait\"; allowed is drop_newest, drop_oldest or "
            "disconnect");
}
TEST(Errors, AMissingValueSaysSo) {
  EXPECT_EQ(error_of("max_qos"),
            "a.conf:1: max_qos: has no value; allowed is a whole number from 0 to 2");
  EXPECT_EQ(error_of("user   \r\n"), "a.conf:1: user: has no value; allowed is text");
}
TEST(Errors, TextGivenTwiceNamesTheFirstPlace) {
  EXPECT_EQ(error_of("pid_file a\n\npid_file b"),
            "a.conf:3: pid_file: given a second time, after a.conf:1; allowed is once");
}
TEST(Errors, ATypingErrorGetsAGuess) {
  EXPECT_EQ(
      error_of("max_inflght_messages 5"),
      "a.conf:1: unknown option \"max_inflght_messages\"; did you mean max_inflight_messages?");
  EXPECT_EQ(error_of("lsitener 1883"),
            "a.conf:1: unknown option \"lsitener\"; did you mean listener?");
  EXPECT_EQ(error_of("cafiel x"), "a.conf:1: unknown option \"cafiel\"; did you mean cafile?");
}
TEST(Errors, AnUnknownNameFarFromAllGetsNone) {
  EXPECT_EQ(error_of("frobnicate 5"), "a.conf:1: unknown option \"frobnicate\"");
}
TEST(Errors, NamesAreCaseSensitive) {
  EXPECT_EQ(error_of("Listener 1883"),
            "a.conf:1: unknown option \"Listener\"; did you mean listener?");
}
TEST(Errors, HostileBytesAreEscapedInTheMessage) {
  EXPECT_EQ(error_of(std::string("\x1b[2J\0\xff", 6)),
            "a.conf:1: unknown option \"\\x1b[2J\\x00\\xff\"");
  EXPECT_EQ(error_of("user a\x01z"),
            "a.conf:1: user: \"a\\x01z\": is not UTF-8 text without control characters");
}
TEST(Errors, TooLongTextSaysHowLong) {
  EXPECT_THAT(error_of("listener 1\nlistener_auto_id_prefix " + std::string(51, 'x')),
              HasSubstr("is 51 bytes long; allowed are 50"));
  EXPECT_THAT(error_of("user " + std::string(65'536, 'x')), HasSubstr("allowed are 65535"));
}
TEST(Errors, MountPointsHaveNoWildcards) {
  EXPECT_EQ(error_of("listener 1\nmount_point a/+/"),
            "a.conf:2: mount_point: \"a/+/\": has a \"+\" in it, which is not allowed there");
}
TEST(Errors, DurationsNeedTheirUnit) {
  const std::string allowed =
      "; allowed is a whole number from 1 and right behind it s, h, d, w, m or y";
  EXPECT_EQ(error_of("persistent_client_expiration 5"),
            "a.conf:1: persistent_client_expiration: found \"5\"" + allowed);
  EXPECT_EQ(error_of("persistent_client_expiration 0d"),
            "a.conf:1: persistent_client_expiration: found \"0d\"" + allowed);
}
TEST(Errors, OneLogFileOnly) {
  EXPECT_EQ(error_of("log_dest file a\nlog_dest file b"),
            "a.conf:2: log_dest: \"file b\": has a file already; the log goes to one file only");
  EXPECT_EQ(error_of("log_dest file"),
            "a.conf:1: log_dest: \"file\": \"file\" needs the name of the file behind it");
}
TEST(Errors, AMissingFileIsASentence) {
  const auto parsed = parse({.config_file = "no.conf", .ports = {}}, MemoryFiles());
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().text(), "no.conf: can't be read: No such file");
}

// ---- What Midge doesn't have

TEST(NotYet, OptionsOfMosquittoAreRefusedByName) {
  EXPECT_EQ(error_of("listener 8883\ncertfile a.pem"),
            "a.conf:2: certfile: not supported by Midge yet (it is about TLS listeners)");
  EXPECT_EQ(error_of("plugin_opt_file x"),
            "a.conf:1: plugin_opt_file: not supported by Midge yet (it is about plugins)");
  EXPECT_EQ(error_of("connection home"),
            "a.conf:1: connection: not supported by Midge yet (it is about bridges)");
  EXPECT_EQ(
      error_of("psk_file x"),
      "a.conf:1: psk_file: not supported by Midge yet (it is about TLS with pre-shared keys)");
}
TEST(NotYet, WebSocketListenersAreRefusedByName) {
  EXPECT_EQ(error_of("listener 9001\nprotocol websockets"),
            "a.conf:2: protocol: \"websockets\": Midge does not support \"websockets\" yet; "
            "allowed is mqtt");
}
TEST(NotYet, PersistenceIsRefusedAndItsAbsenceAccepted) {
  EXPECT_EQ(error_of("persistence true"),
            "a.conf:1: persistence: Midge does not support \"persistence true\" yet: it keeps "
            "messages in "
            "memory only; \"persistence false\" starts it");
  EXPECT_EQ(error_of("persistence maybe"),
            "a.conf:1: persistence: found \"maybe\"; allowed is false");
  EXPECT_THAT(config_of("persistence false\nretained_persistence 0")->warnings, IsEmpty());
}
TEST(NotYet, WhatMeansNothingWithoutPersistenceIsAWarning) {
  EXPECT_THAT(
      config_of("persistence false\npersistence_location /var/lib/mosquitto/\n")->warnings,
      ElementsAre("a.conf:2: persistence_location: has no effect: messages are kept in memory "
                  "only, there is nothing to save"));
}
TEST(NotYet, DeadOptionsAreAWarning) {
  EXPECT_EQ(config_of("retry_interval 20\ndhparamfile x\n")->warnings.size(), 2U);
}
TEST(Warnings, DeprecatedOptionsNameTheirSuccessor) {
  EXPECT_THAT(
      config_of("auto_id_prefix x-\n")->warnings,
      ElementsAre("a.conf:1: auto_id_prefix: deprecated; use listener_auto_id_prefix instead"));
}

// ---- include_dir

MemoryFiles with_directory() {
  MemoryFiles files;
  files.directories["conf.d"] = {"b.conf", "B.conf", "01.conf", "a.conf", "x.txt", ".conf", "conf"};
  files.texts["conf.d/01.conf"] = "sys_interval 1";
  files.texts["conf.d/B.conf"] = "sys_interval 2";
  files.texts["conf.d/a.conf"] = "sys_interval 3\nlistener 1884\nmax_connections 7\n";
  files.texts["conf.d/b.conf"] = "sys_interval 4";
  return files;
}
TEST(Include, ReadsConfFilesInTheOrderOfTheirBytes) {
  MemoryFiles files = with_directory();
  files.texts["m.conf"] = "include_dir conf.d\n";
  auto parsed = parse({.config_file = "m.conf", .ports = {}}, files);
  ASSERT_TRUE(parsed);
  EXPECT_EQ((*parsed)->sys_interval(), Seconds{4});
  files.texts["conf.d/01.conf"] = "bad";
  files.texts["conf.d/b.conf"] = "bad";
  const auto again = parse({.config_file = "m.conf", .ports = {}}, files);
  EXPECT_EQ(again.error().text(), "conf.d/01.conf:1: unknown option \"bad\"");
}
TEST(Include, AListenerEndsWithItsFile) {
  MemoryFiles files = with_directory();
  files.texts["m.conf"] = "listener 1883\ninclude_dir conf.d\nmax_connections 9\n";
  const auto parsed = parse({.config_file = "m.conf", .ports = {}}, files);
  ASSERT_TRUE(parsed);
  ASSERT_EQ((*parsed)->listeners.size(), 2U);
  EXPECT_EQ((*parsed)->listeners[0]->max_connections().max, 9U);
  EXPECT_EQ((*parsed)->listeners[1]->max_connections().max, 7U);
}
TEST(Include, IsForTheMainFileOnly) {
  MemoryFiles files = with_directory();
  files.texts["m.conf"] = "include_dir conf.d\n";
  files.texts["conf.d/01.conf"] = "include_dir conf.d";
  const auto parsed = parse({.config_file = "m.conf", .ports = {}}, files);
  EXPECT_EQ(parsed.error().text(),
            "conf.d/01.conf:1: include_dir: is only for the main configuration file, not for "
            "included ones");
}
TEST(Include, AMissingDirectoryIsASentence) {
  EXPECT_EQ(error_of("include_dir gone"), "a.conf:1: include_dir: directory can't be read: none");
}

}  // namespace
}  // namespace config
