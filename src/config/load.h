// The file system behind config::parse(). Blocks; for start-up and reload only, off the event
// loops.
#pragma once

#include <string>
#include <vector>

#include "config/parse.h"

namespace config {

class DiskFiles final : public Files {
 public:
  base::Result<std::string, std::string> read(const std::string& path) const override;
  base::Result<std::vector<std::string>, std::string> list(
      const std::string& directory) const override;
};

base::Result<std::unique_ptr<Config>, Error> load(const CommandLine& command_line);

}  // namespace config
