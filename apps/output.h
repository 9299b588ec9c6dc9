// The standard output of a program that prints much: gathered, written in large pieces, blocking.
// A reader who went away or a full disk is remembered, not fatal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace apps {

class Output final {
 public:
  explicit Output(int fd) : fd_(fd) {}
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // To be appended to; call settle() after.
  std::string& buffer() { return buffer_; }
  // Writes when there is much.
  void settle() {
    if (buffer_.size() >= flush_size) flush();
  }
  void write(std::string_view text);
  void flush();
  bool is_empty() const { return buffer_.empty(); }
  // errno of the write that failed; from then on nothing is written.
  int failure() const { return failure_; }

 private:
  static constexpr std::size_t flush_size = 65'536;

  const int fd_;
  std::string buffer_;
  int failure_ = 0;
};

}  // namespace apps
