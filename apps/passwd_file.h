// Rewrites a password file so that a reader sees the old one or the new one, never half of one. Two
// programs that edit the same file at once take turns. Blocks; one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace apps {

// From the old text to the new.
using TextEdit = std::function<base::Result<std::string, std::string>(std::string_view)>;

// Keeps the file's mode and owner. On an error the file is as it was, or the message names the
// backup that has the old text.
base::Result<void, std::string> edit_file(const std::string& path, const TextEdit& edit);

// Makes the file, readable for its owner only, or replaces what it has. A pipe or a device is
// written to as it is.
base::Result<void, std::string> create_file(const std::string& path, std::string_view text);

}  // namespace apps
