#include "runtime/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "runtime/clock.h"
#include "runtime/fd.h"

namespace runtime {

namespace {

struct User {
  uid_t uid;
  gid_t gid;
};

Outcome<User> find_user(const std::string& name) {
  std::vector<char> room(16'384);
  passwd entry{};
  passwd* found = nullptr;
  const int code = ::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
  if (found != nullptr) return User{entry.pw_uid, entry.pw_gid};
  const std::string what = "user '" + name + "'";
  if (code != 0) return base::Error{system_failure(what, code)};
  return base::Error{Failure{ENOENT, what + " does not exist; create it or name another one"}};
}

Outcome<void> become(const std::string& name, User user) {
  const auto failed = [&](const char* step) {
    return base::Error{system_failure("becoming user '" + name + "', " + step, errno)};
  };
  if (::initgroups(name.c_str(), user.gid) != 0) return failed("setting the groups");
  if (::setgid(user.gid) != 0) return failed("setting the group id");
  if (::setuid(user.uid) != 0) return failed("setting the user id");
  return {};
}

bool point_at_null(int fd) {
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  return null.is_open() && ::dup2(null.get(), fd) == fd;
}

}  // namespace

Outcome<void> daemonize() {
  const pid_t child = ::fork();
  if (child < 0) return base::Error{system_failure("going into the background", errno)};
  if (child > 0) ::_exit(0);
  if (::setsid() < 0) return base::Error{system_failure("starting a session", errno)};
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (!point_at_null(fd)) return base::Error{system_failure("opening /dev/null", errno)};
  }
  return {};
}

Outcome<PidFile> PidFile::write(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.is_open()) return base::Error{system_failure("pid file " + path, errno)};
  PidFile file(path);
  const std::string text = std::to_string(::getpid());
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return base::Error{system_failure("pid file " + path, errno)};
  }
  return file;
}

PidFile::PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PidFile& PidFile::operator=(PidFile&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Outcome<bool> drop_privileges(const std::string& user) {
  if (::geteuid() != 0) return false;
  auto found = find_user(user);
  if (!found) return base::Error{found.error()};
  auto done = become(user, *found);
  if (!done) return base::Error{done.error()};
  return true;
}

bool user_exists(const std::string& user) {
  return find_user(user).has_value();
}

std::uint64_t raise_open_files_limit() {
  rlimit limit{};
  ASSERT(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur != limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  }
  return limit.rlim_cur;
}

std::size_t cpu_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Fails with more than 1,024 CPUs; then the machine's number will do.
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    return static_cast<std::size_t>(CPU_COUNT(&set));
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online < 1 ? 1 : static_cast<std::size_t>(online);
}

void set_thread_name(std::string_view name) {
  ::pthread_setname_np(::pthread_self(), std::string(name.substr(0, 15)).c_str());
}

void notify_ready() {
  ::sd_notify(0, "READY=1");
}

// Type=notify-reload wants the time with it.
void notify_reloading() {
  const auto at = std::chrono::duration_cast<std::chrono::microseconds>(now().since_start).count();
  ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(at)).c_str());
}

void notify_stopping() {
  ::sd_notify(0, "STOPPING=1");
}
void notify_watchdog() {
  ::sd_notify(0, "WATCHDOG=1");
}

std::optional<std::uint64_t> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return microseconds;
}

}  // namespace runtime
