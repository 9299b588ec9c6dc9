#include "line_reader.h"

namespace apps {

void LineReader::feed(std::string_view bytes) {
  buffer_.erase(0, taken_);
  searched_ -= taken_;
  taken_ = 0;
  buffer_ += bytes;
}

std::optional<std::string_view> LineReader::next() {
  const std::size_t end = buffer_.find('\n', searched_);
  if (end != std::string::npos) return take(end - taken_, end - taken_ + 1);
  searched_ = buffer_.size();
  if (ended_ && taken_ < buffer_.size()) {
    return take(buffer_.size() - taken_, buffer_.size() - taken_);
  }
  return std::nullopt;
}

std::optional<std::string_view> LineReader::take(std::size_t size, std::size_t with_end) {
  const std::string_view line = std::string_view{buffer_}.substr(taken_, size);
  taken_ += with_end;
  searched_ = taken_;
  ++count_;
  return line;
}

}  // namespace apps
