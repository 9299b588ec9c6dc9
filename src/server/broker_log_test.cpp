#include "server/broker_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "config/test_files.h"

namespace server {
namespace {

using config::LogType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

struct BrokerLogTest : testing::Test {
  std::filesystem::path folder;
  std::unique_ptr<config::Config> config;
  std::unique_ptr<BrokerLog> log;
  std::vector<std::pair<std::string, std::string>> to_topic;

  BrokerLogTest() {
    std::string name = (std::filesystem::temp_directory_path() / "log_test_XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~BrokerLogTest() override {
    log.reset();
    std::filesystem::remove_all(folder);
  }

  void open(const std::string& text) {
    config = config::config_of("log_dest file " + (folder / "log").string() +
                               "\nlog_timestamp false\n" + text);
    auto opened = BrokerLog::open(*config);
    ASSERT_TRUE(opened) << opened.error().message;
    log = std::move(*opened);
    log->also_to([this](std::string_view topic, std::string_view line) {
      to_topic.emplace_back(topic, line);
    });
  }
  std::string written() const {
    log->flush();
    std::ifstream stream(folder / "log");
    std::ostringstream all;
    all << stream.rdbuf();
    return all.str();
  }
};

TEST_F(BrokerLogTest, ByDefaultDebugLinesAreNotWanted) {
  open("");
  log->write(LogType::error, "an error");
  log->write(LogType::notice, "a notice");
  log->write(LogType::debug, "a packet");
  EXPECT_FALSE(log->wants(LogType::debug));
  EXPECT_EQ(written(), "an error\na notice\n");
}

TEST_F(BrokerLogTest, OnlyTheTypesAskedForAreWritten) {
  open("log_type warning\nlog_type debug\n");
  for (const LogType type : {LogType::error, LogType::warning, LogType::notice,
                             LogType::information, LogType::debug, LogType::subscribe}) {
    log->write(type, "type " + std::to_string(static_cast<int>(type)));
  }
  EXPECT_EQ(written(), "type " + std::to_string(static_cast<int>(LogType::warning)) + "\ntype " +
                           std::to_string(static_cast<int>(LogType::debug)) + "\n");
}

TEST_F(BrokerLogTest, NoneIsNothing) {
  open("log_type none\n");
  log->write(LogType::error, "an error");
  EXPECT_EQ(written(), "");
  EXPECT_THAT(to_topic, IsEmpty());
}

TEST_F(BrokerLogTest, ControlCharactersCanNotMakeALineOrReachATerminal) {
  open("");
  log->write(LogType::notice, std::string("a\nb\r\tc\x1b[2J\x7f") + '\0' + "d");
  EXPECT_EQ(written(), "a?b??c?[2J??d\n");
}

TEST_F(BrokerLogTest, TheControlCharactersBeyondAsciiCanNotEither) {
  open("");
  log->write(LogType::notice, "a\u0085b\u009b2J c\u00a0\u00e9\u4e85");
  EXPECT_EQ(written(), "a??b??2J c\u00a0\u00e9\u4e85\n");
}

TEST_F(BrokerLogTest, SubscribersGetTheLineUnderItsTypesTopic) {
  open("log_type all\n");
  log->write(LogType::error, "one");
  log->write(LogType::warning, "two");
  log->write(LogType::notice, "th\nree");
  log->write(LogType::information, "four");
  log->write(LogType::subscribe, "five");
  log->write(LogType::unsubscribe, "six");
  EXPECT_THAT(to_topic,
              ElementsAre(Pair("$SYS/broker/log/E", "one"), Pair("$SYS/broker/log/W", "two"),
                          Pair("$SYS/broker/log/N", "th?ree"), Pair("$SYS/broker/log/I", "four"),
                          Pair("$SYS/broker/log/M/subscribe", "five"),
                          Pair("$SYS/broker/log/M/unsubscribe", "six")));
}

TEST_F(BrokerLogTest, LinesAboutPacketsDoNotBecomePackets) {
  open("log_type all\n");
  log->write(LogType::debug, "Sending PUBLISH");
  EXPECT_THAT(to_topic, IsEmpty());
  EXPECT_EQ(written(), "Sending PUBLISH\n");
}

TEST_F(BrokerLogTest, AnotherFileIsOpenedAfterARotation) {
  open("");
  log->write(LogType::notice, "before");
  log->flush();
  std::filesystem::rename(folder / "log", folder / "log.1");
  log->reopen();
  log->flush();
  log->write(LogType::notice, "after");
  EXPECT_THAT(written(), HasSubstr("after"));
}

TEST_F(BrokerLogTest, AFileThatCanNotBeOpenedIsASentence) {
  config = config::config_of("log_dest file " + (folder / "none" / "log").string() + "\n");
  const auto opened = BrokerLog::open(*config);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr((folder / "none" / "log").string()));
}

}  // namespace
}  // namespace server
