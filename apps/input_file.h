// Reads a whole file, pipe or terminal into memory, up to a limit. Blocks.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace apps {

struct ReadFault {
  std::string text{};      // The system's words: "No such file or directory".
  bool is_absent = false;  // There is no such file.
  bool is_too_large = false;
};
using FileText = base::Result<std::string, ReadFault>;

FileText read_file(const std::string& path, std::size_t size_max);
// Of an open descriptor, to its end.
FileText read_all(int fd, std::size_t size_max);

}  // namespace apps
