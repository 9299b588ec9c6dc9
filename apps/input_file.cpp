#include "input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "runtime/fd.h"

namespace apps {
namespace {

base::Error<ReadFault> system_fault(int number) {
  return base::Error{ReadFault{.text = std::generic_category().message(number),
                               .is_absent = number == ENOENT || number == ENOTDIR}};
}

base::Error<ReadFault> too_large(std::size_t size_max) {
  return base::Error{
      ReadFault{.text = fmt::format("It has more than {} bytes", size_max), .is_too_large = true}};
}

// What a file says to be its size; pipes and the like say nothing.
std::size_t size_hint(int fd) {
  struct stat about{};
  if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size < 0) return 0;
  return static_cast<std::size_t>(about.st_size);
}

}  // namespace

FileText read_all(int fd, std::size_t size_max) {
  constexpr std::size_t step = 65'536;
  const std::size_t hint = size_hint(fd);
  if (hint > size_max) return too_large(size_max);
  std::string text;
  std::size_t used = 0;
  // One byte more than a file has, to meet its end at once.
  text.resize(std::max(hint + 1, step));
  while (true) {
    const ssize_t got = ::read(fd, text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_fault(errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > size_max) return too_large(size_max);
    if (used == text.size()) text.resize(used * 2);
  }
  text.resize(used);
  return text;
}

FileText read_file(const std::string& path, std::size_t size_max) {
  const runtime::Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd.is_open()) return system_fault(errno);
  return read_all(fd.get(), size_max);
}

}  // namespace apps
