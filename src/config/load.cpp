#include "config/load.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace config {
namespace {

constexpr std::uintmax_t file_bytes_max =
    16U << 20U;  // Far beyond any real one: not a config, or an endless one.

}  // namespace

base::Result<std::string, std::string> DiskFiles::read(const std::string& path) const {
  std::error_code fault;
  const auto status = std::filesystem::status(path, fault);
  if (fault) return base::Error{fmt::format("can't be read: {}", fault.message())};
  if (!std::filesystem::is_regular_file(status))
    return base::Error{std::string("is not a regular file")};
  const std::uintmax_t size = std::filesystem::file_size(path, fault);
  if (!fault && size > file_bytes_max) {
    return base::Error{fmt::format("is {} bytes long; allowed are {}", size, file_bytes_max)};
  }
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return base::Error{fmt::format("can't be read: {}", std::generic_category().message(errno))};
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return base::Error{std::string("reading it failed half-way")};
  return text;
}

base::Result<std::vector<std::string>, std::string> DiskFiles::list(
    const std::string& directory) const {
  std::error_code fault;
  std::vector<std::string> names;
  auto entry = std::filesystem::directory_iterator(directory, fault);
  for (; !fault && entry != std::filesystem::directory_iterator(); entry.increment(fault)) {
    names.push_back(entry->path().filename().string());
  }
  if (fault)
    return base::Error{
        fmt::format("directory \"{}\" can't be read: {}", directory, fault.message())};
  return names;
}

base::Result<std::unique_ptr<Config>, Error> load(const CommandLine& command_line) {
  return parse(command_line, DiskFiles());
}

}  // namespace config
