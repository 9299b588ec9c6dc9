#include "runtime/socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/assert.h"

namespace runtime {

namespace {

template <class Call>
ssize_t uninterrupted(Call call) {
  ssize_t result = 0;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

Io failed(int code) {
  if (code == EAGAIN || code == EWOULDBLOCK) return {IoState::would_block, 0, 0};
  if (code == EPIPE) return {IoState::closed, 0, code};
  return {IoState::error, 0, code};
}

Io moved(ssize_t count) {
  return {IoState::done, static_cast<std::size_t>(count), 0};
}

AcceptState accept_state(int code) {
  switch (code) {
    case EAGAIN:
      return AcceptState::would_block;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return AcceptState::out_of_resources;
    // The connection's own trouble, which Linux reports here (accept(2)).
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
    case ETIMEDOUT:
      return AcceptState::aborted;
    default:
      return AcceptState::error;
  }
}

std::optional<SocketAddress> name_of(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* any = reinterpret_cast<sockaddr*>(&storage);
  if (ask(fd, any, &length) != 0) return std::nullopt;
  return SocketAddress(any, length);
}

Outcome<Fd> bound_socket(const SocketAddress& to, const std::optional<SocketAddress>& from) {
  Fd fd(::socket(to.raw()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return base::Error{system_failure("creating a socket", errno)};
  if (!from) return fd;
  // Else binding takes one of the 28,000 ephemeral ports for all destinations together.
  const int on = 1;
  if (from->port() == 0) {
    ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  }
  if (::bind(fd.get(), from->raw(), from->length()) != 0) {
    return base::Error{system_failure("using the local address " + from->text(), errno)};
  }
  return fd;
}

}  // namespace

Io read(int fd, std::span<std::uint8_t> into) {
  ASSERT(!into.empty());
  const ssize_t count = uninterrupted([&] { return ::read(fd, into.data(), into.size()); });
  if (count < 0) return failed(errno);
  if (count == 0) return {IoState::closed, 0, 0};
  return moved(count);
}

Io write(int fd, base::Bytes from) {
  const ssize_t count =
      uninterrupted([&] { return ::send(fd, from.data(), from.size(), MSG_NOSIGNAL); });
  return count < 0 ? failed(errno) : moved(count);
}

// sendmsg, as writev() raises SIGPIPE, which a program that links the client library may not
// ignore.
Io write(int fd, std::span<const base::Bytes> pieces) {
  std::array<iovec, write_pieces_max> parts;  // NOLINT(*-member-init): filled as far as it is used.
  const std::size_t count = std::min(pieces.size(), write_pieces_max);
  for (std::size_t i = 0; i < count; ++i) {
    // The C interface lacks the const. NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    parts[i] = {const_cast<std::uint8_t*>(pieces[i].data()), pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  const ssize_t sent = uninterrupted([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL); });
  return sent < 0 ? failed(errno) : moved(sent);
}

Accepted accept(int listening) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* any = reinterpret_cast<sockaddr*>(&storage);
  const ssize_t fd = uninterrupted(
      [&] { return ::accept4(listening, any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC); });
  Accepted accepted;
  if (fd < 0) {
    accepted.error = errno;
    accepted.state = accept_state(accepted.error);
    return accepted;
  }
  accepted.state = AcceptState::accepted;
  accepted.fd = Fd(static_cast<int>(fd));
  accepted.peer = SocketAddress(any, length);
  return accepted;
}

Outcome<Fd> start_connect(const SocketAddress& to, const std::optional<SocketAddress>& from) {
  auto fd = bound_socket(to, from);
  if (!fd) return fd;
  // Interrupted: goes on by itself.
  if (::connect(fd->get(), to.raw(), to.length()) == 0 || errno == EINPROGRESS || errno == EINTR) {
    return fd;
  }
  return base::Error{system_failure("connecting to " + to.text(), errno)};
}

int connect_error(int fd) {
  int code = 0;
  socklen_t length = sizeof code;
  ASSERT(::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) == 0);
  if (code != 0) return code;
  return peer_address(fd).has_value() ? 0 : EINPROGRESS;
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // A unix socket refuses: fine.
}

void shutdown_write(int fd) {
  ::shutdown(fd, SHUT_WR);  // Fails when the peer has reset: then there is nobody to tell.
}

Io discard(int fd, std::size_t max) {
  std::array<std::uint8_t, 4096> sink{};
  std::size_t total = 0;
  while (total < max) {
    const Io io = read(fd, sink);
    if (io.state != IoState::done) return {io.state, total, io.error};
    total += io.bytes;
  }
  return {IoState::done, total, 0};
}

std::optional<SocketAddress> local_address(int fd) {
  return name_of(fd, ::getsockname);
}
std::optional<SocketAddress> peer_address(int fd) {
  return name_of(fd, ::getpeername);
}

}  // namespace runtime
