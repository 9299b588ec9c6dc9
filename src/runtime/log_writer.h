// Log lines to where people read them, written by a thread of its own: logging never makes a shard
// wait for a disk or a terminal. Any thread may write(); it copies into a bounded buffer under a
// mutex. When that is full the line is dropped and counted, and a later line says how many were. It
// writes bytes as they come: who logs what a peer sent cleans it first.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/time.h"
#include "runtime/failure.h"

namespace runtime {

enum class LogPriority : std::uint8_t {
  error,
  warning,
  notice,
  information,
  debug
};  // As syslog names them.

struct LogOptions {
  bool to_stdout = false;
  bool to_stderr = false;
  std::string file{};  // Appended to; empty: none.
  // 0..7 for local0..local7, -1 for the daemon facility; nothing: no syslog.
  std::optional<int> syslog_facility{};
  bool timestamp = true;              // "TIME: " before each line.
  std::string timestamp_format{};     // See LogTimestamp.
  std::size_t waiting_max = 1 << 20;  // Bytes that wait to be written.
};

class LogWriter final {
 public:
  // Opens the destinations; a sentence if the file can't be. Starts the thread.
  static Outcome<std::unique_ptr<LogWriter>> create(const LogOptions& options);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  // Writes what waits, giving up on a destination that takes nothing for a second, and ends.
  ~LogWriter();

  // Any thread. `line` has no line end. False: dropped.
  bool write(LogPriority priority, base::WallTime at, std::string_view line);
  // Any thread: opens the file by its name again, after everything written before. For log
  // rotation.
  void reopen();
  // Waits until everything written before has reached the destinations.
  void flush();

  struct Counters {
    std::uint64_t lines = 0;
    std::uint64_t dropped = 0;
    std::uint64_t failures = 0;  // Writes that a destination did not take.
  };
  Counters counters() const;

 private:
  struct Shared;
  explicit LogWriter(std::unique_ptr<Shared> shared);

  std::unique_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace runtime
