#include "hook/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace hook {
namespace {

class OpenFile final {
 public:
  explicit OpenFile(const std::string& path)
      // Without O_NONBLOCK a FIFO in the file's place would hang the start.
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

base::Error<std::string> failed(const std::string& path) {
  std::string text = fmt::format("cannot read {}: {}", path, std::strerror(errno));
  // A broker that root started has become somebody else by now.
  if (errno == EACCES) {
    text += fmt::format(" for user {}, who this process is (option `user`)", ::geteuid());
  }
  return base::Error{std::move(text)};
}

std::vector<std::string> exposure(const std::string& path, const struct stat& status) {
  std::vector<std::string> warnings;
  if ((status.st_mode & S_IRWXO) != 0) {
    warnings.push_back(fmt::format(
        "{} is open to every user of this machine; to fix that: chmod o-rwx {}", path, path));
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    warnings.push_back(
        fmt::format("{} belongs to user {}, who can change it; this process is user {}", path,
                    status.st_uid, ::geteuid()));
  }
  return warnings;
}

// Reads what is there at most; a file that grew or shrank meanwhile ends where it ends.
bool read_all(int descriptor, std::string& text) {
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(descriptor, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return true;
}

}  // namespace

// Symbolic links are followed: that is how Kubernetes mounts secrets, and what counts is who owns
// the target.
base::Result<SecretFile, std::string> read_secret_file(const std::string& path) {
  const OpenFile file(path);
  struct stat status{};
  if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0) return failed(path);
  if (!S_ISREG(status.st_mode))
    return base::Error{fmt::format("cannot read {}: it is not a regular file", path)};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > secret_file_bytes_max) {
    return base::Error{fmt::format("cannot read {}: {} bytes, at most {} are allowed", path, size,
                                   secret_file_bytes_max)};
  }
  SecretFile secret{std::string(size, '\0'), exposure(path, status)};
  if (!read_all(file.descriptor(), secret.text)) return failed(path);
  return secret;
}

}  // namespace hook
