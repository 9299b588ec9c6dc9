#include "server/broker_log.h"

#include <utility>

#include "base/assert.h"
#include "runtime/clock.h"

namespace server {

using config::LogType;

namespace {

runtime::LogPriority priority_of(LogType type) {
  switch (type) {
    case LogType::error:
      return runtime::LogPriority::error;
    case LogType::warning:
      return runtime::LogPriority::warning;
    case LogType::notice:
    case LogType::subscribe:
    case LogType::unsubscribe:
      return runtime::LogPriority::notice;
    case LogType::information:
      return runtime::LogPriority::information;
    case LogType::debug:
    case LogType::websockets:
    case LogType::internal:
      return runtime::LogPriority::debug;
  }
  UNREACHABLE();
}

// Empty: lines of this type are not sent to subscribers, since sending them would make more of
// them.
std::string_view topic_of(LogType type) {
  switch (type) {
    case LogType::error:
      return "$SYS/broker/log/E";
    case LogType::warning:
      return "$SYS/broker/log/W";
    case LogType::notice:
      return "$SYS/broker/log/N";
    case LogType::information:
      return "$SYS/broker/log/I";
    case LogType::subscribe:
      return "$SYS/broker/log/M/subscribe";
    case LogType::unsubscribe:
      return "$SYS/broker/log/M/unsubscribe";
    case LogType::debug:
    case LogType::websockets:
    case LogType::internal:
      return {};
  }
  UNREACHABLE();
}

// A client id may have a line end in it, or what a terminal obeys; a log line may not. What peers
// send is UTF-8, where the controls of the second kind (U+0080 to U+009F) are two bytes.
void disarm(std::string& line) {
  unsigned char before = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    const bool is_second_half = before == 0xc2 && byte >= 0x80 && byte < 0xa0;
    if (byte < 0x20 || byte == 0x7f || is_second_half) line[i] = '?';
    if (is_second_half) line[i - 1] = '?';
    before = byte;
  }
}

}  // namespace

runtime::Outcome<std::unique_ptr<BrokerLog>> BrokerLog::open(const config::Config& config) {
  const config::LogDestinations& to = config.log_dest();
  runtime::LogOptions options{.to_stdout = to.to_stdout,
                              .to_stderr = to.to_stderr,
                              .file = to.file.text,
                              .timestamp = config.log_timestamp(),
                              .timestamp_format = config.log_timestamp_format()};
  if (to.to_syslog) {
    const auto facility = config.log_facility();
    options.syslog_facility =
        facility == config::LogFacility::daemon ? -1 : static_cast<int>(facility);
  }
  auto writer = runtime::LogWriter::create(options);
  if (!writer) return base::Error{writer.error()};
  return std::unique_ptr<BrokerLog>{new BrokerLog(config.log_type(), std::move(*writer))};
}

void BrokerLog::write(LogType type, std::string line) {
  if (!types_.has(type)) return;
  disarm(line);
  writer_->write(priority_of(type), runtime::wall_now(), line);
  if (!to_topic_) return;
  if (const std::string_view topic = topic_of(type); !topic.empty()) to_topic_(topic, line);
}

}  // namespace server
