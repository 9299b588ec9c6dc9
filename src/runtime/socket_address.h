// Where a socket is or goes: IPv4, IPv6 or a path. A value.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/failure.h"

namespace runtime {

enum class Family : std::uint8_t { ipv4, ipv6, local };

class SocketAddress final {
 public:
  // 0.0.0.0:0.
  SocketAddress();
  SocketAddress(const sockaddr* address, socklen_t length);
  // Only numbers: "127.0.0.1", "::1", "fe80::1%eth0". Nothing is looked up.
  static std::optional<SocketAddress> from_numbers(std::string_view ip, std::uint16_t port);
  // A path longer than the kernel takes (107 bytes) is an error.
  static Outcome<SocketAddress> from_path(std::string_view path);

  Family family() const;
  // The number as text, without port and brackets; the path of a unix socket ("" for the connecting
  // end, which has none).
  std::string ip() const;
  // 0 for a unix socket.
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  // "127.0.0.1:1883", "[::1]:1883", or the path: for messages about where something listens.
  std::string text() const;

  const sockaddr* raw() const { return &storage_.any; }
  socklen_t length() const { return length_; }
  bool same_ip(const SocketAddress& other) const;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  } storage_;
  socklen_t length_;
};

}  // namespace runtime
