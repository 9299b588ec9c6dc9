// Cuts what comes from a pipe or terminal into lines (`pub -l`). Bytes come in, lines go out; an
// unfinished line is kept, up to a limit. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace apps {

class LineReader final {
 public:
  explicit LineReader(std::size_t line_max) : line_max_(line_max) {}

  // Only when next() has nothing more.
  void feed(std::string_view bytes);
  // No bytes will follow: what is left is the last line.
  void end() { ended_ = true; }

  // The next whole line, without its end. The view lives until the next call of anything here.
  std::optional<std::string_view> next();
  // A line is longer than allowed; it can't be read further.
  bool is_too_long() const { return buffer_.size() - taken_ > line_max_; }
  // Lines taken so far.
  std::size_t count() const { return count_; }

 private:
  std::optional<std::string_view> take(std::size_t size, std::size_t with_end);

  const std::size_t line_max_;
  std::string buffer_;
  std::size_t taken_ = 0;     // From here on is what next() has not given.
  std::size_t searched_ = 0;  // Up to here there is no end of line.
  std::size_t count_ = 0;
  bool ended_ = false;
};

}  // namespace apps
