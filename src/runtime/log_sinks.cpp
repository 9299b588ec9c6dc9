#include "runtime/log_sinks.h"

#include <fcntl.h>
#include <poll.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "runtime/log_writer.h"

namespace runtime {

namespace {

Outcome<Fd> open_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640));
  if (!fd.is_open()) return base::Error{system_failure("log file " + path, errno)};
  return fd;
}

bool takes_more(int fd) {
  pollfd one{fd, POLLOUT, 0};
  return ::poll(&one, 1, 1000) > 0;
}

// A pipe that poll() calls writable takes PIPE_BUF bytes without blocking, so no more go at once. A
// file is always writable.
bool write_all(int fd, std::string_view text, const std::atomic<bool>& hurry) {
  while (!text.empty()) {
    if (!takes_more(fd)) {
      if (hurry.load()) return false;
      continue;
    }
    const ssize_t count = ::write(fd, text.data(), text.size() < PIPE_BUF ? text.size() : PIPE_BUF);
    if (count < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

int facility_code(int facility) {
  if (facility < 0) return LOG_DAEMON;
  return (16 + facility) << 3;  // LOG_LOCAL0 to LOG_LOCAL7 are 16 to 23 (RFC 5424, 6.2.1).
}

int priority_code(LogPriority priority) {
  switch (priority) {
    case LogPriority::error:
      return LOG_ERR;
    case LogPriority::warning:
      return LOG_WARNING;
    case LogPriority::notice:
      return LOG_NOTICE;
    case LogPriority::information:
      return LOG_INFO;
    case LogPriority::debug:
      return LOG_DEBUG;
  }
  UNREACHABLE();
}

}  // namespace

Outcome<LogSinks> LogSinks::open(const LogOptions& options) {
  LogSinks sinks;
  sinks.to_stdout_ = options.to_stdout;
  sinks.to_stderr_ = options.to_stderr;
  sinks.to_syslog_ = options.syslog_facility.has_value();
  sinks.facility_ = facility_code(options.syslog_facility.value_or(-1));
  sinks.path_ = options.file;
  if (!options.file.empty()) {
    auto file = open_file(options.file);
    if (!file) return base::Error{file.error()};
    sinks.file_ = std::move(file).value();
  }
  return sinks;
}

int LogSinks::write_text(std::string_view text, const std::atomic<bool>& hurry) {
  int failed = 0;
  if (to_stdout_ && !write_all(STDOUT_FILENO, text, hurry)) ++failed;
  if (to_stderr_ && !write_all(STDERR_FILENO, text, hurry)) ++failed;
  if (file_.is_open() && !write_all(file_.get(), text, hurry)) ++failed;
  return failed;
}

// Without openlog(), which keeps a pointer to its argument: the C library then names the program
// itself, and that is `mosquitto` or `midge` as it was started.
void LogSinks::write_syslog(LogPriority priority, const std::string& line) {
  ::syslog(facility_ | priority_code(priority), "%s", line.c_str());
}

Outcome<void> LogSinks::reopen() {
  if (path_.empty()) return {};
  auto file = open_file(path_);
  if (!file) return base::Error{file.error()};
  file_ = std::move(file).value();
  return {};
}

}  // namespace runtime
