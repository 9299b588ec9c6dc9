#include "output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace apps {

void Output::write(std::string_view text) {
  buffer_ += text;
  settle();
}

void Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && failure_ == 0) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // Whoever gave us the descriptor made it non-blocking.
      pollfd waiting{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (::poll(&waiting, 1, -1) < 0) failure_ = errno;
    } else {
      failure_ = errno;  // EINTR too: somebody wants us to end.
    }
  }
  buffer_.clear();
  // One large message need not be remembered for ever.
  if (buffer_.capacity() > 16 * flush_size) buffer_.shrink_to_fit();
}

}  // namespace apps
