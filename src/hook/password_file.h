// A password file (`user:hash` lines), read once into an immutable table. Share it between threads
// by shared_ptr<const PasswordFile>; a reload makes a new one. check_password() is slow and belongs
// on the worker pool. parse() touches no file: load_password_file() is the thin loader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/bytes.h"
#include "base/result.h"
#include "hook/file_text.h"
#include "hook/password_hash.h"

namespace hook {

class PasswordFile final {
 public:
  // `name` is what errors call the file. An error is one sentence: `name:line: what is wrong`.
  static base::Result<PasswordFile, std::string> parse(std::string_view text,
                                                       std::string_view name);

  const PasswordHash* find(std::string_view user) const;  // Null if there is no such user.
  std::size_t size() const { return users_.size(); }
  // A hash of the file's most common recipe, to spend a check's time on for unknown users; null if
  // the file has no users.
  const PasswordHash* decoy() const;

 private:
  struct Entry {
    PasswordHash hash;
    std::uint32_t line;
  };
  absl::flat_hash_map<std::string, Entry, NameHash, std::equal_to<>> users_;
  std::optional<PasswordHash> decoy_;
};

// The answer for one CONNECT. An unknown user costs what a known one of the most common recipe
// costs, so that time doesn't tell which names exist. No password is `wrong` at once, whoever asks.
Verdict check_password(const PasswordFile& file, std::string_view user,
                       std::optional<base::Bytes> password);

struct LoadedPasswordFile {
  PasswordFile file;
  std::vector<std::string> warnings;  // Sentences for the log: others can read or write the file.
};
base::Result<LoadedPasswordFile, std::string> load_password_file(const std::string& path);

}  // namespace hook
