#include "progress.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "print.h"

namespace apps {
namespace {

constexpr std::chrono::milliseconds interval{200};
// To the start of the line, and clear it.
constexpr std::string_view clear = "\r\033[K";

}  // namespace

Progress::Progress(midge::Loop& loop, bool is_shown, std::function<std::string()> text)
    : loop_(loop), text_(std::move(text)) {
  if (is_shown) show_later();
}

Progress::~Progress() {
  if (timer_ != midge::Loop::TimerId::none) loop_.cancel(timer_);
  if (is_dirty_) print(stderr, "{}", clear);
}

void Progress::show_later() {
  timer_ = loop_.call_after(interval, [this] { show(); });
}

void Progress::show() {
  print(stderr, "{}{}", clear, text_());
  std::fflush(stderr);
  is_dirty_ = true;
  show_later();
}

std::string size_text(std::size_t bytes) {
  constexpr double kibi = 1024.0;
  const auto size = static_cast<double>(bytes);
  if (size < kibi) return fmt::format("{} bytes", bytes);
  if (size < kibi * kibi) return fmt::format("{:.1f} KiB", size / kibi);
  return fmt::format("{:.1f} MiB", size / kibi / kibi);
}

}  // namespace apps
