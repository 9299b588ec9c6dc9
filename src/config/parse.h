// Text in the grammar of mosquitto.conf to a Config. Takes files through an interface, so it is
// pure; load.h has the one that reads the disk. Accepts all that Mosquitto does, TABs and indented
// comments too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace config {

// Where configuration files come from.
class Files {
 public:
  virtual ~Files() = default;
  // The whole text, or a sentence that says why not.
  virtual base::Result<std::string, std::string> read(const std::string& path) const = 0;
  // The names (without directory) of a directory's entries in any order, or why not.
  virtual base::Result<std::vector<std::string>, std::string> list(
      const std::string& directory) const = 0;
};

struct CommandLine {
  std::string config_file;           // Empty: none, all defaults.
  std::vector<std::uint16_t> ports;  // -p; they count only in local-only mode.
  bool verbose = false;              // -v: log_type all.
  bool quiet = false;                // -q: log_type none.
};

// A sentence for a person, and where it belongs.
struct Error {
  std::string file;
  std::size_t line = 0;  // 0: the file as a whole.
  std::string option;    // Empty: no option's fault.
  std::string what;
  std::string text() const;  // "file:line: option: what"
};

base::Result<std::unique_ptr<Config>, Error> parse(const CommandLine& command_line,
                                                   const Files& files);

}  // namespace config
