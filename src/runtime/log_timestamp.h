// The time in front of a log line. Remembers the last second's text, because formatting a local
// time costs more than the rest of a line. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace runtime {

class LogTimestamp final {
 public:
  // `format`: empty for whole seconds since the epoch; else as strftime(3), in local time, with %f
  // for the microseconds (six digits).
  explicit LogTimestamp(std::string_view format = {});

  // Appends the time without separator.
  void append(base::WallTime at, std::string& out);

 private:
  void format_second(std::int64_t second);

  std::string format_;
  bool has_second_ = false;
  std::int64_t second_ = 0;
  std::string text_;  // That second, with the place of the microseconds marked.
};

}  // namespace runtime
