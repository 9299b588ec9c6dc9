#include "passwd_prompt.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>

namespace apps {
namespace {

constexpr std::size_t password_size_max = 65'535;

// Signals that would leave the terminal mute wait until it is restored, then take their course: the
// mask is put back after the terminal. While they wait, `interrupted` is readable.
class HeldSignals final {
 public:
  HeldSignals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&held, number);
    sigprocmask(SIG_BLOCK, &held, &before_);
    descriptor_ = signalfd(-1, &held, SFD_CLOEXEC);
  }
  ~HeldSignals() {
    if (descriptor_ >= 0) close(descriptor_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  int interrupted() const { return descriptor_; }

 private:
  sigset_t before_{};
  int descriptor_;
};

class MuteTerminal final {
 public:
  MuteTerminal() : is_terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios mute = before_;
    mute.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute);
  }
  ~MuteTerminal() {
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  MuteTerminal(const MuteTerminal&) = delete;
  MuteTerminal& operator=(const MuteTerminal&) = delete;

 private:
  termios before_{};
  bool is_terminal_;
};

// Lines of standard input, unbuffered below it: a pipe may bring both passwords in one read.
class LineReader final {
 public:
  explicit LineReader(int interrupted) : interrupted_(interrupted) {}

  // Nothing at the end of the input, on an error, on a signal and when the line is too long.
  std::optional<std::string> next() {
    for (;;) {
      if (const std::size_t end = buffer_.find('\n'); end != std::string::npos)
        return take(end, end + 1);
      if (buffer_.size() > password_size_max || !wait()) return std::nullopt;
      std::array<char, 4096> piece{};
      const ssize_t got = read(STDIN_FILENO, piece.data(), piece.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        return buffer_.empty() ? std::nullopt : std::optional(take(buffer_.size(), buffer_.size()));
      buffer_.append(piece.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  std::string take(std::size_t end, std::size_t next) {
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, next);
    if (line.ends_with('\r')) line.pop_back();
    return line;
  }

  bool wait() const {
    std::array<pollfd, 2> ready{{{STDIN_FILENO, POLLIN, 0}, {interrupted_, POLLIN, 0}}};
    while (poll(ready.data(), ready.size(), -1) < 0) {
      if (errno != EINTR) return false;
    }
    return ready[1].revents == 0;
  }

  int interrupted_;
  std::string buffer_;
};

std::string ask(LineReader& lines, std::FILE* screen, std::string_view prompt) {
  std::fprintf(screen, "%.*s", static_cast<int>(prompt.size()), prompt.data());
  std::fflush(screen);
  std::string line = lines.next().value_or("");
  std::fputs("\n", screen);
  return line;
}

}  // namespace

base::Result<std::string, PromptError> ask_new_password(std::FILE* screen) {
  const HeldSignals signals;
  const MuteTerminal mute;
  LineReader lines(signals.interrupted());
  std::string password = ask(lines, screen, "Password: ");
  if (password.empty()) return base::Error{PromptError{"Empty password.", 1}};
  const std::string again = ask(lines, screen, "Reenter password: ");
  if (again.empty()) return base::Error{PromptError{"Empty password.", 1}};
  if (again != password) return base::Error{PromptError{"Passwords do not match.", 2}};
  return password;
}

}  // namespace apps
