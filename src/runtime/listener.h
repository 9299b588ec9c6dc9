// Opens listening sockets, at start-up or reload: may look up names and block. Whoever calls owns
// the sockets; they may be watched by the loops of all threads (EventLoop::add_shared).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/failure.h"
#include "runtime/fd.h"
#include "runtime/socket_address.h"

namespace runtime {

enum class IpVersions : std::uint8_t { any, ipv4, ipv6 };

struct ListenOptions {
  std::string host{};      // Name or number; empty: every address.
  std::uint16_t port = 0;  // 0: the kernel chooses.
  IpVersions versions = IpVersions::any;
  std::string interface{};  // Only this interface's addresses; empty: all.
  int backlog =
      4096;  // The kernel caps it at net.core.somaxconn. Mosquitto's 100 refuses login storms.
};

struct Listening {
  Fd fd;
  SocketAddress address;  // With the port that the kernel chose.
};

// One socket an address, at least one, or a sentence: "port 1883 on 0.0.0.0: Address already in
// use; is another broker running?". A protocol that this machine lacks (no IPv6) is left out while
// another works.
Outcome<std::vector<Listening>> listen_tcp(const ListenOptions& options);

// A socket file that nobody answers on is a left-over and replaced; one in use, or another kind of
// file, is an error. The caller removes the file when done.
Outcome<Listening> listen_unix(const std::string& path, int backlog = 4096);

}  // namespace runtime
