// What a program does once about itself: background, pid file, user, limits, telling systemd. From
// the main thread, before others start, where not said otherwise. Errors are sentences for the
// person who started it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/failure.h"

namespace runtime {

// Goes on in a child that has no terminal; the parent exits with 0. The working directory stays, so
// that relative names in a configuration mean the same.
Outcome<void> daemonize();

// Writes the process id, without a line end as Mosquitto does; removes the file when it goes.
class PidFile final {
 public:
  static Outcome<PidFile> write(const std::string& path);
  PidFile(PidFile&& other) noexcept;
  PidFile& operator=(PidFile&& other) noexcept;
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile();

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Root becomes `user` with its groups, for good; anyone else stays who they are (returns false).
Outcome<bool> drop_privileges(const std::string& user);
bool user_exists(const std::string& user);

// As many descriptors as an unprivileged process may have; returns that number.
std::uint64_t raise_open_files_limit();
// Cores that this process may run on: taskset and cpusets count, the machine's number does not. At
// least 1.
std::size_t cpu_count();
// Of the calling thread, at most 15 bytes, as top and gdb show it.
void set_thread_name(std::string_view name);

// Without a NOTIFY_SOCKET in the environment these do nothing. Any thread.
void notify_ready();
void notify_reloading();
void notify_stopping();
void notify_watchdog();
// How often systemd wants notify_watchdog(), in microseconds; nothing if it does not.
std::optional<std::uint64_t> watchdog_interval();

}  // namespace runtime
