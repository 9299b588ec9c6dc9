#include "hook/password_file.h"

#include <fmt/format.h>

#include <utility>

#include "hook/file_text.h"
#include "hook/secret_file.h"

namespace hook {
namespace {

constexpr std::size_t user_name_size_max =
    65'535;  // UTF-8 Encoded String, section 1.5.4 of MQTT 5.0.

struct UserLine {
  std::string_view user;
  PasswordHash hash;
};

base::Result<UserLine, std::string> parse_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos)
    return base::Error{std::string("no ':' found: a line is user:hash")};
  const std::string_view user = trimmed(line.substr(0, colon));
  if (user.empty()) return base::Error{std::string("no user name before the ':'")};
  if (user.size() > user_name_size_max) {
    return base::Error{fmt::format("user name of {} bytes: at most {} are allowed", user.size(),
                                   user_name_size_max)};
  }
  auto hash = parse_password_hash(trimmed(line.substr(colon + 1)));
  if (!hash) return base::Error{fmt::format("user {}: {}", in_quotes(user), hash.error())};
  return UserLine{user, std::move(*hash)};
}

// Keeps the first hash of the recipe that most users have so far; ties go to the one that got there
// first, so that the same file always gives the same answer.
class CommonestHash final {
 public:
  void add(const PasswordHash& hash) {
    const std::size_t count = ++counts_[hash.recipe];
    if (count <= most_) return;
    most_ = count;
    if (!commonest_ || commonest_->recipe != hash.recipe) commonest_ = hash;
  }
  std::optional<PasswordHash> take() { return std::move(commonest_); }

 private:
  absl::flat_hash_map<HashRecipe, std::size_t> counts_;
  std::size_t most_ = 0;
  std::optional<PasswordHash> commonest_;
};

}  // namespace

base::Result<PasswordFile, std::string> PasswordFile::parse(std::string_view text,
                                                            std::string_view name) {
  PasswordFile file;
  CommonestHash commonest;
  std::uint32_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.starts_with('#') || trimmed(line).empty()) continue;
    auto parsed = parse_line(line);
    if (!parsed) return base::Error{at_line(name, number, parsed.error())};
    commonest.add(parsed->hash);
    const auto [entry, is_new] =
        file.users_.try_emplace(parsed->user, Entry{std::move(parsed->hash), number});
    if (is_new) continue;
    return base::Error{at_line(
        name, number,
        fmt::format("user {} is in line {} already", in_quotes(parsed->user), entry->second.line))};
  }
  file.decoy_ = commonest.take();
  return file;
}

const PasswordHash* PasswordFile::find(std::string_view user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? nullptr : &found->second.hash;
}

const PasswordHash* PasswordFile::decoy() const {
  return decoy_ ? &*decoy_ : nullptr;
}

Verdict check_password(const PasswordFile& file, std::string_view user,
                       std::optional<base::Bytes> password) {
  if (!password) return Verdict::wrong;
  if (const PasswordHash* hash = file.find(user)) return verify_password(*hash, *password);
  if (const PasswordHash* decoy = file.decoy())
    static_cast<void>(verify_password(*decoy, *password));
  return Verdict::wrong;
}

base::Result<LoadedPasswordFile, std::string> load_password_file(const std::string& path) {
  auto secret = read_secret_file(path);
  if (!secret) return base::Error{secret.error()};
  auto file = PasswordFile::parse(secret->text, path);
  if (!file) return base::Error{file.error()};
  return LoadedPasswordFile{std::move(*file), std::move(secret->warnings)};
}

}  // namespace hook
