// Edits the text of a password file for `midge passwd`. Pure: text in, text out. Comments, blank
// lines and other users' lines stay byte for byte as they are; a line that isn't user:something
// stops the edit rather than being lost.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace hook {

// No ':' (it ends the name in the file), no control characters, 1 to 65,535 bytes.
base::Result<void, std::string> check_user_name(std::string_view user);

struct PasswordEdit {
  std::string text;
  bool found;  // The user had a line already.
};
base::Result<PasswordEdit, std::string> with_user(std::string_view text, std::string_view user,
                                                  std::string_view hash);
base::Result<PasswordEdit, std::string> without_user(std::string_view text, std::string_view user);

// Gives the text of a hash for a password.
using PasswordHasher = std::function<base::Result<std::string, std::string>(base::Bytes password)>;
// Hashes the passwords that are still plain. Lines with a hash stay, so a second call changes
// nothing.
base::Result<std::string, std::string> with_hashed_passwords(std::string_view text,
                                                             const PasswordHasher& hasher);

}  // namespace hook
