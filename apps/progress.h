// One line on a terminal's error stream that says how far something is, renewed a few times a
// second and gone at the end. Nowhere else does it print anything.
#pragma once

#include <functional>
#include <string>

#include "client/loop.h"

namespace apps {

class Progress final {
 public:
  // `text` is asked for the line as long as this lives.
  Progress(midge::Loop& loop, bool is_shown, std::function<std::string()> text);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void show();
  void show_later();

  midge::Loop& loop_;
  const std::function<std::string()> text_;
  midge::Loop::TimerId timer_ = midge::Loop::TimerId::none;
  bool is_dirty_ = false;
};

// "64.0 MiB".
std::string size_text(std::size_t bytes);

}  // namespace apps
