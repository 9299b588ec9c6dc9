// Text for whoever reads stdout or stderr. Unlike fmt::print() it does not throw when nobody does:
// a program whose reader has gone has its own exit status to give.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace apps {

template <class... Args>
void print(std::FILE* to, fmt::format_string<Args...> format, Args&&... args) {
  const std::string text = fmt::format(format, std::forward<Args>(args)...);
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), to));
}

}  // namespace apps
