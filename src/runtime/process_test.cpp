#include "runtime/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/clock.h"
#include "runtime/fd.h"
#include "runtime/signals.h"
#include "runtime/socket_address.h"

namespace runtime {
namespace {

using testing::HasSubstr;

struct ProcessTest : testing::Test {
  std::filesystem::path folder;

  ProcessTest() {
    std::string name = (std::filesystem::temp_directory_path() / "process_test_XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~ProcessTest() override { std::filesystem::remove_all(folder); }
  std::string file(const char* name) const { return (folder / name).string(); }
};

// What body() returns in a process of its own.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ProcessTest, pid_file_has_the_number_without_a_line_end_and_goes_with_its_owner) {
  {
    const auto pid_file = PidFile::write(file("pid"));
    ASSERT_TRUE(pid_file.has_value());
    std::ifstream stream(file("pid"));
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(content, std::to_string(::getpid()));
  }
  EXPECT_FALSE(std::filesystem::exists(file("pid")));
}

TEST_F(ProcessTest, says_which_pid_file_could_not_be_written) {
  const auto pid_file = PidFile::write(file("no/pid"));
  ASSERT_FALSE(pid_file.has_value());
  EXPECT_EQ(pid_file.error().message, "pid file " + file("no/pid") + ": No such file or directory");
}

TEST_F(ProcessTest, daemon_has_its_own_session_and_the_same_folder) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd out(ends[0]);
  Fd in(ends[1]);
  const int parent_result = in_child([&] {
    const auto before = std::filesystem::current_path();
    const bool done = daemonize().has_value();
    const bool right =
        done && ::getsid(0) == ::getpid() && before == std::filesystem::current_path();
    const char answer = right ? 'y' : 'n';
    return ::write(in.get(), &answer, 1) == 1 ? 7 : 8;
  });
  in.reset();
  EXPECT_EQ(parent_result, 0);
  char answer = 0;
  EXPECT_EQ(::read(out.get(), &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
}

TEST_F(ProcessTest, root_becomes_a_user_for_good) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can";
  EXPECT_EQ(in_child([] {
              const auto dropped = drop_privileges("nobody");
              if (!dropped || !*dropped) return 1;
              if (::getuid() == 0 || ::geteuid() == 0 || ::getgid() == 0) return 2;
              return ::setuid(0) == 0 ? 3 : 0;
            }),
            0);
}

TEST_F(ProcessTest, says_that_a_user_does_not_exist) {
  EXPECT_FALSE(user_exists("no-such-user"));
  if (::geteuid() != 0) GTEST_SKIP() << "only root can";
  const auto dropped = drop_privileges("no-such-user");
  ASSERT_FALSE(dropped.has_value());
  EXPECT_THAT(dropped.error().message, HasSubstr("user 'no-such-user' does not exist"));
}

TEST_F(ProcessTest, raises_the_number_of_open_files_to_what_is_allowed) {
  EXPECT_EQ(in_child([] {
              rlimit limit{};
              ::getrlimit(RLIMIT_NOFILE, &limit);
              const rlimit low{16, limit.rlim_max};
              ::setrlimit(RLIMIT_NOFILE, &low);
              return raise_open_files_limit() == limit.rlim_max ? 0 : 1;
            }),
            0);
}

TEST_F(ProcessTest, counts_the_cores_that_it_may_use) {
  EXPECT_EQ(in_child([] {
              cpu_set_t set;
              ::sched_getaffinity(0, sizeof set, &set);
              std::size_t first = 0;
              while (!CPU_ISSET(first, &set)) ++first;
              CPU_ZERO(&set);
              CPU_SET(first, &set);
              ::sched_setaffinity(0, sizeof set, &set);
              return static_cast<int>(cpu_count());
            }),
            1);
}

// The other end of NOTIFY_SOCKET.
struct Systemd {
  Fd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};

  explicit Systemd(const std::string& path) {
    const auto address = SocketAddress::from_path(path).value();
    EXPECT_EQ(::bind(fd.get(), address.raw(), address.length()), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Systemd() { ::unsetenv("NOTIFY_SOCKET"); }
  std::string next() {
    char text[256];
    const ssize_t count = ::recv(fd.get(), text, sizeof text, 0);
    return count < 0 ? std::string() : std::string(text, static_cast<std::size_t>(count));
  }
};

TEST_F(ProcessTest, tells_systemd_what_it_is_doing) {
  Systemd systemd(file("notify"));
  notify_ready();
  EXPECT_EQ(systemd.next(), "READY=1");
  notify_reloading();
  EXPECT_THAT(systemd.next(), testing::StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  notify_watchdog();
  EXPECT_EQ(systemd.next(), "WATCHDOG=1");
  notify_stopping();
  EXPECT_EQ(systemd.next(), "STOPPING=1");
}

TEST_F(ProcessTest, knows_how_often_systemd_wants_to_hear_of_it) {
  EXPECT_FALSE(watchdog_interval().has_value());
  ::setenv("WATCHDOG_USEC", "180000000", 1);
  EXPECT_EQ(watchdog_interval(), 180'000'000U);
  ::unsetenv("WATCHDOG_USEC");
}

TEST_F(ProcessTest, clock_does_not_go_back) {
  const base::Instant first = now();
  EXPECT_LE(first, now());
  EXPECT_GT(wall_now().seconds(), 1'600'000'000);
}

TEST(Signals, arrive_as_events_and_not_as_interruptions) {
  EXPECT_EQ(in_child([] {
              block_signals();
              auto signals = Signals::create();
              if (!signals || signals->take()) return 1;
              const std::pair<int, Signal> expected[] = {
                  {SIGINT, Signal::interrupt}, {SIGTERM, Signal::terminate},
                  {SIGHUP, Signal::hangup},    {SIGUSR1, Signal::user1},
                  {SIGUSR2, Signal::user2},    {SIGRTMIN, Signal::reopen_logs}};
              for (const auto& [number, signal] : expected) {
                ::raise(number);
                if (signals->take() != signal) return 2;
              }
              ::raise(SIGPIPE);
              return signals->take() ? 3 : 0;
            }),
            0);
}

}  // namespace
}  // namespace runtime
