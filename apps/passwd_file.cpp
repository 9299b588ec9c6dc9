#include "passwd_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace apps {
namespace {

using Outcome = base::Result<void, std::string>;

class Descriptor final {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

base::Error<std::string> failed(std::string_view what, const std::string& path) {
  return base::Error{fmt::format("{} {}. {}.", what, path, std::strerror(errno))};
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::optional<std::string> read_all(int descriptor) {
  std::string text;
  std::array<char, 65'536> piece{};
  for (;;) {
    const ssize_t got = read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

// A file beside `path` that goes away unless kept. Beside, as rename() works within a file system
// only.
class Neighbour final {
 public:
  Neighbour(const std::string& path, std::string_view suffix)
      : path_(fmt::format("{}{}.XXXXXX", path, suffix)),
        descriptor_(mkostemp(path_.data(), O_CLOEXEC)),
        is_kept_(!descriptor_.is_open()) {}
  ~Neighbour() {
    if (!is_kept_) unlink(path_.c_str());
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  const std::string& path() const { return path_; }
  const Descriptor& descriptor() const { return descriptor_; }
  bool fill(std::string_view text) const {
    return write_all(descriptor_.number(), text) && fsync(descriptor_.number()) == 0;
  }
  void keep() { is_kept_ = true; }

 private:
  std::string path_;
  Descriptor descriptor_;
  bool is_kept_;
};

// A password file in a symbolic link's place is edited where it lies; the link stays.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? std::string(real.get()) : path;
}

// Locks the file that has this name now: while waiting, another editor may have put a new one in
// its place.
Descriptor open_locked(const std::string& path) {
  for (;;) {
    Descriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct stat ours{};
    struct stat named{};
    if (!file.is_open() || flock(file.number(), LOCK_EX) != 0 || fstat(file.number(), &ours) != 0)
      return {};
    if (stat(path.c_str(), &named) != 0) return {};
    if (ours.st_ino == named.st_ino && ours.st_dev == named.st_dev) return file;
  }
}

void sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.is_open()) fsync(descriptor.number());
}

bool takes_after(const Descriptor& copy, const struct stat& original) {
  if (fchown(copy.number(), original.st_uid, original.st_gid) != 0) return false;
  return fchmod(copy.number(), original.st_mode & 07777) == 0;
}

bool moved_into_place(Neighbour& copy, const std::string& path) {
  if (rename(copy.path().c_str(), path.c_str()) != 0) return false;
  copy.keep();
  sync_folder_of(path);
  return true;
}

// For where a new file can't take the old one's place: bind mounts (a single file in a container),
// or an owner that only root may give. Until the new text is on disk, the old one lies in
// FILE.backup.XXXXXX.
Outcome write_in_place(const std::string& path, const Descriptor& file, std::string_view old_text,
                       std::string_view text) {
  Neighbour backup(path, ".backup");
  if (!backup.descriptor().is_open() || !backup.fill(old_text)) {
    return failed("Unable to create backup password file", backup.path());
  }
  const int number = file.number();
  if (lseek(number, 0, SEEK_SET) == 0 && ftruncate(number, 0) == 0 && write_all(number, text) &&
      fsync(number) == 0)
    return {};
  backup.keep();
  return base::Error{fmt::format(
      "Unable to update password file {}. {}. It may be corrupt, check the backup file: {}.", path,
      std::strerror(errno), backup.path())};
}

Outcome replace(const std::string& path, const Descriptor& file, std::string_view old_text,
                std::string_view text) {
  struct stat status{};
  if (fstat(file.number(), &status) != 0) return failed("Unable to read password file", path);
  Neighbour copy(path, ".new");
  if (!copy.descriptor().is_open()) return failed("Unable to create a file beside", path);
  if (!takes_after(copy.descriptor(), status)) return write_in_place(path, file, old_text, text);
  if (!copy.fill(text)) return failed("Unable to write", copy.path());
  if (moved_into_place(copy, path)) return {};
  if (errno == EBUSY) return write_in_place(path, file, old_text, text);
  return failed("Unable to replace password file", path);
}

Outcome write_to_device(const std::string& path, std::string_view text) {
  const Descriptor device(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!device.is_open() || !write_all(device.number(), text))
    return failed("Unable to open file for writing", path);
  return {};
}

Outcome create_anew(const std::string& path, std::string_view text) {
  Neighbour copy(path, ".new");
  if (!copy.descriptor().is_open()) return failed("Unable to open for writing file", path);
  if (!copy.fill(text) || !moved_into_place(copy, path))
    return failed("Unable to write password file", path);
  return {};
}

}  // namespace

Outcome edit_file(const std::string& path, const TextEdit& edit) {
  const std::string target = resolved(path);
  const Descriptor file = open_locked(target);
  if (!file.is_open()) return failed("Unable to open password file", path);
  const auto old_text = read_all(file.number());
  if (!old_text) return failed("Unable to read password file", path);
  const auto text = edit(*old_text);
  if (!text) return base::Error{text.error()};
  if (*text == *old_text) return {};
  return replace(target, file, *old_text, *text);
}

Outcome create_file(const std::string& path, std::string_view text) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return create_anew(path, text);
  if (S_ISREG(status.st_mode)) {
    return edit_file(path, [text](std::string_view) -> base::Result<std::string, std::string> {
      return std::string(text);
    });
  }
  return write_to_device(path, text);
}

}  // namespace apps
