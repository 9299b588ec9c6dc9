// Reads a file that decides who gets in (passwords, ACLs, PSKs): the only place in `hook` that
// touches the file system. Blocks; called at start and on reload, never per connection.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace hook {

inline constexpr std::size_t secret_file_bytes_max = std::size_t{256}
                                                     << 20;  // A million users with room to spare.

struct SecretFile {
  std::string text;
  std::vector<std::string>
      warnings;  // Everybody may read or write it, or its owner is neither root nor this process.
};
base::Result<SecretFile, std::string> read_secret_file(const std::string& path);

}  // namespace hook
