#include "runtime/log_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "runtime/fd.h"
#include "runtime/log_timestamp.h"

namespace runtime {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr base::WallTime moment{seconds(1'700'000'000) + microseconds(1'234)};

struct LogTest : testing::Test {
  std::filesystem::path folder;

  LogTest() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    std::string name = (std::filesystem::temp_directory_path() / "log_test_XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~LogTest() override { std::filesystem::remove_all(folder); }

  std::string file(const char* name = "log") const { return (folder / name).string(); }
  std::string content(const char* name = "log") const {
    std::ifstream stream(file(name));
    std::ostringstream all;
    all << stream.rdbuf();
    return all.str();
  }
  std::unique_ptr<LogWriter> open(LogOptions options) {
    if (options.file.empty()) options.file = file();
    auto writer = LogWriter::create(options);
    EXPECT_TRUE(writer.has_value()) << writer.error().message;
    return std::move(writer).value();
  }
  std::string stamp(std::string_view format, base::WallTime at = moment) {
    std::string out;
    LogTimestamp(format).append(at, out);
    return out;
  }
};

TEST_F(LogTest, timestamps_are_seconds_since_the_epoch_unless_told_otherwise) {
  EXPECT_EQ(stamp(""), "1700000000");
}

TEST_F(LogTest, timestamps_follow_a_format_and_know_microseconds) {
  EXPECT_EQ(stamp("%Y-%m-%dT%H:%M:%S"), "2023-11-14T22:13:20");
  EXPECT_EQ(stamp("%S.%fZ"), "20.001234Z");
  EXPECT_EQ(stamp("100%%f %"), "100%f %");
}

TEST_F(LogTest, timestamps_move_on_within_a_second_and_to_the_next) {
  LogTimestamp timestamp("%S.%f");
  std::string out;
  timestamp.append(moment, out);
  timestamp.append({moment.since_epoch + microseconds(1)}, out);
  timestamp.append({moment.since_epoch + seconds(1)}, out);
  EXPECT_EQ(out, "20.00123420.00123521.001234");
}

TEST_F(LogTest, writes_what_waits_before_it_ends) {
  {
    const auto writer = open({});
    EXPECT_TRUE(writer->write(LogPriority::notice, moment, "one"));
    EXPECT_TRUE(writer->write(LogPriority::error, moment, "two"));
  }
  EXPECT_EQ(content(), "1700000000: one\n1700000000: two\n");
}

TEST_F(LogTest, leaves_the_time_out_when_told_so) {
  const auto writer = open({.timestamp = false});
  writer->write(LogPriority::notice, moment, "one");
  writer->flush();
  EXPECT_EQ(content(), "one\n");
}

TEST_F(LogTest, appends_to_a_file_that_is_there) {
  std::ofstream(file()) << "before\n";
  open({.timestamp = false})->write(LogPriority::notice, moment, "after");
  EXPECT_EQ(content(), "before\nafter\n");
}

TEST_F(LogTest, opens_the_file_again_after_what_was_written_before_so_that_logs_can_be_rotated) {
  const auto writer = open({.timestamp = false});
  writer->write(LogPriority::notice, moment, "old");
  writer->flush();
  std::filesystem::rename(file(), file("log.1"));
  writer->write(LogPriority::notice, moment, "still old");
  writer->reopen();
  writer->flush();
  writer->write(LogPriority::notice, moment, "new");
  writer->flush();
  EXPECT_EQ(content("log.1"), "old\nstill old\n");
  EXPECT_EQ(content(), "new\n");
}

TEST_F(LogTest, keeps_the_old_file_and_says_so_when_it_cannot_be_opened_again) {
  std::filesystem::create_directory(folder / "sub");
  const auto writer = open({.file = file("sub/log"), .timestamp = false});
  std::filesystem::rename(file("sub"), file("gone"));
  writer->reopen();
  writer->write(LogPriority::notice, moment, "after");
  writer->flush();
  EXPECT_THAT(content("gone/log"), HasSubstr("the log file stays the old one: log file"));
  EXPECT_THAT(content("gone/log"), HasSubstr("after\n"));
}

TEST_F(LogTest, says_which_file_could_not_be_opened) {
  const auto writer = LogWriter::create({.file = file("no/log")});
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().message, "log file " + file("no/log") + ": No such file or directory");
}

TEST_F(LogTest, loses_no_line_of_several_threads) {
  constexpr int each = 2'000;
  {
    const auto writer = open({.timestamp = false});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int line = 0; line < each; ++line) {
          writer->write(LogPriority::notice, moment, "0123456789");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(writer->counters().lines + writer->counters().dropped, 4U * each);
    EXPECT_EQ(writer->counters().dropped, 0U);
  }
  EXPECT_EQ(content().size(), 4U * each * 11);
}

// The log file is a pipe that nobody reads at first, so the writer's thread gets stuck in it.
struct StuckLog : LogTest {
  Fd reader;

  std::unique_ptr<LogWriter> open_stuck(std::size_t waiting_max) {
    EXPECT_EQ(::mkfifo(file().c_str(), 0600), 0);
    reader = Fd(::open(file().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    return open({.timestamp = false, .waiting_max = waiting_max});
  }
  std::string read_all() {
    std::string all;
    std::vector<char> buffer(65536);
    ssize_t count = 0;
    while ((count = ::read(reader.get(), buffer.data(), buffer.size())) > 0) {
      all.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return all;
  }
};

// The sum of the lines that say so: the writer may have had room for one in between.
std::uint64_t said_to_be_dropped(const std::string& all) {
  std::uint64_t sum = 0;
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(" log lines dropped")) sum += std::stoull(line);
  }
  return sum;
}

TEST_F(StuckLog, drops_lines_without_waiting_counts_them_and_says_so_later) {
  auto writer = open_stuck(100'000);
  const std::string line(1'000, 'x');
  std::uint64_t dropped = 0;
  for (int i = 0; i < 1'000; ++i) {
    if (!writer->write(LogPriority::notice, moment, line)) ++dropped;
  }
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(writer->counters().dropped, dropped);
  std::string all;
  std::thread ender([&] { writer.reset(); });
  // The end of file comes when the writer is gone.
  ::fcntl(reader.get(), F_SETFL, 0);
  all = read_all();
  ender.join();
  EXPECT_EQ(said_to_be_dropped(all), dropped);
}

TEST_F(StuckLog, ends_though_a_destination_takes_nothing) {
  auto writer = open_stuck(1 << 20);
  for (int i = 0; i < 200; ++i) writer->write(LogPriority::notice, moment, std::string(1'000, 'x'));
  writer.reset();
  EXPECT_GT(read_all().size(), 0U);
}

}  // namespace
}  // namespace runtime
