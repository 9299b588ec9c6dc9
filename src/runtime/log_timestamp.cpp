#include "runtime/log_timestamp.h"

#include <array>
#include <ctime>
#include <string_view>

namespace runtime {

namespace {

// Where the microseconds go: a byte that no format has.
constexpr char microseconds_mark = '\x01';

// strftime() has no %f. "%%f" is a percent sign and an f.
std::string mark_microseconds(std::string_view format) {
  std::string marked;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      marked += format[i];
    } else if (format[++i] == 'f') {
      marked += microseconds_mark;
    } else {
      marked += '%';
      marked += format[i];
    }
  }
  return marked;
}

std::string six_digits(std::int64_t microseconds) {
  return std::to_string(1'000'000 + microseconds).substr(1);
}

}  // namespace

LogTimestamp::LogTimestamp(std::string_view format) : format_(mark_microseconds(format)) {}

void LogTimestamp::append(base::WallTime at, std::string& out) {
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(at.since_epoch).count();
  if (!has_second_ || second != second_) format_second(second);
  const auto fraction = at.since_epoch - std::chrono::seconds(second);
  for (const char c : text_) {
    if (c == microseconds_mark) {
      out += six_digits(std::chrono::duration_cast<std::chrono::microseconds>(fraction).count());
    } else {
      out += c;
    }
  }
}

void LogTimestamp::format_second(std::int64_t second) {
  has_second_ = true;
  second_ = second;
  if (format_.empty()) {
    text_ = std::to_string(second);
    return;
  }
  const time_t time = second;
  tm local{};
  std::array<char, 512> text{};
  ::localtime_r(&time, &local);
  text_.assign(text.data(), ::strftime(text.data(), text.size(), format_.c_str(), &local));
}

}  // namespace runtime
