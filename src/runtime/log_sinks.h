// Where log lines end up: stdout, stderr, a file, syslog, several at once. Used by the log writer's
// thread only. A terminal or pipe that takes nothing is waited for, but not for ever once told to
// hurry.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/failure.h"
#include "runtime/fd.h"

namespace runtime {

enum class LogPriority : std::uint8_t;
struct LogOptions;

class LogSinks final {
 public:
  static Outcome<LogSinks> open(const LogOptions& options);

  // Whole lines with their ends, to all but syslog. Waits for slow readers for at most a second
  // after `hurry` was set. Returns how many destinations did not take it all.
  int write_text(std::string_view text, const std::atomic<bool>& hurry);
  void write_syslog(LogPriority priority, const std::string& line);
  bool wants_syslog() const { return to_syslog_; }

  // Opens the file by its name again. On failure the old one stays.
  Outcome<void> reopen();

 private:
  LogSinks() = default;

  bool to_stdout_ = false;
  bool to_stderr_ = false;
  bool to_syslog_ = false;
  int facility_ = 0;
  std::string path_;
  Fd file_;
};

}  // namespace runtime
