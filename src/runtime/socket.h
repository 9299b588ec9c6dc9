// Stream sockets that never block: every function returns at once, and what happened is a value.
// Interrupted calls are repeated inside. No state but the kernel's; any thread that owns the
// socket. Receive and send buffers are left to the kernel, which sizes them better than a fixed
// number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "runtime/failure.h"
#include "runtime/fd.h"
#include "runtime/socket_address.h"

namespace runtime {

enum class IoState : std::uint8_t {
  done,         // `bytes` were moved, at least one.
  would_block,  // None now; the loop says when.
  closed,       // Read: the peer sends no more. Write: the peer takes no more.
  error,        // Broken; `error` is the reason.
};

struct Io {
  IoState state = IoState::done;
  std::size_t bytes = 0;
  int error = 0;
};

Io read(int fd, std::span<std::uint8_t> into);
Io write(int fd, base::Bytes from);
// At most write_pieces_max pieces go at once; what is left is the caller's to send again.
Io write(int fd, std::span<const base::Bytes> pieces);
inline constexpr std::size_t write_pieces_max = 64;

enum class AcceptState : std::uint8_t {
  accepted,
  would_block,
  // That one is gone or refused (reset while it waited, firewall): try the next.
  aborted,
  // No descriptors or memory: stop accepting until a connection closes or a while has passed. The
  // listening socket stays readable, so who goes on watching it spins.
  out_of_resources,
  error,  // The listening socket itself is of no use any more.
};

struct Accepted {
  AcceptState state = AcceptState::would_block;
  Fd fd;  // Non-blocking, close-on-exec.
  SocketAddress peer;
  int error = 0;
};

Accepted accept(int listening);

// Starts a connection; the socket turns writable when it is decided, then connect_error() says how.
Outcome<Fd> start_connect(const SocketAddress& to,
                          const std::optional<SocketAddress>& from = std::nullopt);
// 0: connected. EINPROGRESS: not decided. Else: why not.
int connect_error(int fd);

// Against the 40 ms of Nagle and delayed acknowledgements. No effect on unix sockets.
void set_no_delay(int fd);
// Tells the peer that no more comes, after what was written. Keep reading to the end (with a
// deadline) before closing: closing with bytes unread makes the kernel send a reset, which may
// overtake and destroy what the peer has not read yet.
void shutdown_write(int fd);
// Reads and drops what is there, at most `max` bytes.
Io discard(int fd, std::size_t max);

std::optional<SocketAddress> local_address(int fd);
std::optional<SocketAddress> peer_address(int fd);

}  // namespace runtime
