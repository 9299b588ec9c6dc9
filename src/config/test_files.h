// Configuration files that are only in memory, and short cuts to parse one. For tests.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/parse.h"

namespace config {

class MemoryFiles final : public Files {
 public:
  std::map<std::string, std::string> texts;                     // By path.
  std::map<std::string, std::vector<std::string>> directories;  // Names by path.

  base::Result<std::string, std::string> read(const std::string& path) const override {
    const auto at = texts.find(path);
    if (at == texts.end()) return base::Error{std::string("can't be read: No such file")};
    return at->second;
  }
  base::Result<std::vector<std::string>, std::string> list(const std::string& path) const override {
    const auto at = directories.find(path);
    if (at == directories.end()) return base::Error{std::string("directory can't be read: none")};
    return at->second;
  }
};

using Parsed = base::Result<std::unique_ptr<Config>, Error>;

inline Parsed parse_text(const std::string& text, CommandLine command_line = {}) {
  MemoryFiles files;
  files.texts["a.conf"] = text;
  command_line.config_file = "a.conf";
  return parse(command_line, files);
}

// The Config of a text that must be right; else a message in the test's log and a stop.
inline std::unique_ptr<Config> config_of(const std::string& text, CommandLine command_line = {}) {
  auto parsed = parse_text(text, std::move(command_line));
  if (!parsed) std::fprintf(stderr, "%s\n", parsed.error().text().c_str());
  return std::move(*parsed);
}

// What parsing says about a text that must be wrong; empty if it is right.
inline std::string error_of(const std::string& text) {
  const auto parsed = parse_text(text);
  return parsed ? "" : parsed.error().text();
}

}  // namespace config
