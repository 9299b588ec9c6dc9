#include "runtime/log_writer.h"

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "runtime/log_sinks.h"
#include "runtime/log_timestamp.h"
#include "runtime/process.h"

namespace runtime {

namespace {

// In front of each line that waits. Lines lie one after the other in a string that is used again
// and again: writing one allocates nothing once the buffer has grown.
struct Header {
  std::int64_t since_epoch;
  std::uint32_t length;
  LogPriority priority;
};

struct Line {
  base::WallTime at;
  LogPriority priority;
  std::string_view text;
};

void put_line(std::string& buffer, const Line& line) {
  const Header header{line.at.since_epoch.count(), static_cast<std::uint32_t>(line.text.size()),
                      line.priority};
  buffer.append(reinterpret_cast<const char*>(&header), sizeof header);
  buffer.append(line.text);
}

Line take_line(std::string_view& buffer) {
  Header header{};
  std::memcpy(&header, buffer.data(), sizeof header);
  const Line line{{std::chrono::nanoseconds(header.since_epoch)},
                  header.priority,
                  buffer.substr(sizeof header, header.length)};
  buffer.remove_prefix(sizeof header + header.length);
  return line;
}

}  // namespace

struct LogWriter::Shared {
  Shared(const LogOptions& options, LogSinks opened)
      : waiting_max(options.waiting_max),
        has_timestamp(options.timestamp),
        timestamp(options.timestamp_format),
        sinks(std::move(opened)) {}

  void run();
  void write_batch(std::uint64_t dropped, bool reopen);
  void format(const Line& line);
  void report(LogPriority priority, const std::string& line);
  void count_failures(int failures);

  const std::size_t waiting_max;
  std::atomic<bool> stopping = false;

  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable progress;
  std::string waiting;
  bool reopen_asked = false;
  std::uint64_t unreported = 0;  // Dropped, and no line said so yet.
  std::uint64_t asked = 0;       // Lines and reopenings, to know when a flush is done.
  std::uint64_t done = 0;
  Counters counters;

  // The writer's thread only.
  const bool has_timestamp;
  LogTimestamp timestamp;
  LogSinks sinks;
  std::string batch;
  std::string text;
  std::string syslog_line;
  base::WallTime last;
};

Outcome<std::unique_ptr<LogWriter>> LogWriter::create(const LogOptions& options) {
  auto sinks = LogSinks::open(options);
  if (!sinks) return base::Error{sinks.error()};
  auto shared = std::make_unique<Shared>(options, std::move(sinks).value());
  return std::unique_ptr<LogWriter>(new LogWriter(std::move(shared)));
}

LogWriter::LogWriter(std::unique_ptr<Shared> shared)
    : shared_(std::move(shared)), thread_([this] { shared_->run(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->work.notify_one();
  thread_.join();
}

bool LogWriter::write(LogPriority priority, base::WallTime at, std::string_view line) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->waiting.size() + sizeof(Header) + line.size() > shared_->waiting_max) {
      ++shared_->counters.dropped;
      ++shared_->unreported;
      return false;
    }
    put_line(shared_->waiting, {at, priority, line});
    ++shared_->counters.lines;
    ++shared_->asked;
  }
  shared_->work.notify_one();
  return true;
}

void LogWriter::reopen() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->reopen_asked = true;
    ++shared_->asked;
  }
  shared_->work.notify_one();
}

void LogWriter::flush() {
  std::unique_lock lock(shared_->mutex);
  const std::uint64_t goal = shared_->asked;
  shared_->progress.wait(lock, [&] { return shared_->done >= goal; });
}

LogWriter::Counters LogWriter::counters() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->counters;
}

void LogWriter::Shared::run() {
  set_thread_name("log");
  std::unique_lock lock(mutex);
  while (true) {
    work.wait(lock, [&] { return stopping || !waiting.empty() || reopen_asked; });
    if (waiting.empty() && !reopen_asked && unreported == 0) return;
    batch.swap(waiting);
    const std::uint64_t dropped = std::exchange(unreported, 0);
    const bool reopen = std::exchange(reopen_asked, false);
    const std::uint64_t reached = asked;
    lock.unlock();
    write_batch(dropped, reopen);
    lock.lock();
    done = reached;
    progress.notify_all();
  }
}

void LogWriter::Shared::write_batch(std::uint64_t dropped, bool reopen) {
  text.clear();
  for (std::string_view rest = batch; !rest.empty();) {
    const Line line = take_line(rest);
    last = line.at;
    format(line);
  }
  batch.clear();
  if (dropped != 0) {
    report(LogPriority::warning, std::to_string(dropped) + " log lines dropped");
  }
  count_failures(sinks.write_text(text, stopping));
  if (!reopen) return;
  auto reopened = sinks.reopen();
  if (reopened) return;
  text.clear();
  report(LogPriority::error, "the log file stays the old one: " + reopened.error().message);
  count_failures(sinks.write_text(text, stopping));
}

void LogWriter::Shared::format(const Line& line) {
  const std::size_t start = text.size();
  if (has_timestamp) {
    timestamp.append(line.at, text);
    text += ": ";
  }
  text += line.text;
  if (sinks.wants_syslog()) {
    syslog_line.assign(text, start);
    sinks.write_syslog(line.priority, syslog_line);
  }
  text += '\n';
}

// A line of our own, dated as the last one.
void LogWriter::Shared::report(LogPriority priority, const std::string& line) {
  format({last, priority, line});
}

void LogWriter::Shared::count_failures(int failures) {
  if (failures == 0) return;
  const std::lock_guard lock(mutex);
  counters.failures += static_cast<std::uint64_t>(failures);
}

}  // namespace runtime
