#include "runtime/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/assert.h"

namespace runtime {

namespace {

constexpr socklen_t path_offset = offsetof(sockaddr_un, sun_path);

std::string number_of(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN];
  ASSERT(::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text) != nullptr);
  return text;
}

std::string number_of(const sockaddr_in6& address) {
  char text[INET6_ADDRSTRLEN];
  ASSERT(::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text) != nullptr);
  if (address.sin6_scope_id == 0) return text;
  char name[IF_NAMESIZE];
  const char* scope = ::if_indextoname(address.sin6_scope_id, name);
  return std::string(text) + "%" +
         (scope != nullptr ? std::string(scope) : std::to_string(address.sin6_scope_id));
}

}  // namespace

SocketAddress::SocketAddress() : storage_{}, length_(sizeof(sockaddr_in)) {
  std::memset(&storage_, 0, sizeof storage_);
  storage_.v4.sin_family = AF_INET;
}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t length) : SocketAddress() {
  ASSERT(length <= sizeof storage_);
  ASSERT(length >= sizeof(sa_family_t));
  std::memset(&storage_, 0, sizeof storage_);
  std::memcpy(&storage_, address, length);
  length_ = length;
}

std::optional<SocketAddress> SocketAddress::from_numbers(std::string_view ip, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // inet_pton for both families and the scope of link-local addresses; but it also takes "1" and
  // "127.1", so those are left out.
  const bool has_form =
      ip.find(':') != std::string_view::npos || std::count(ip.begin(), ip.end(), '.') == 3;
  if (!has_form || ::getaddrinfo(std::string(ip).c_str(), nullptr, &hints, &found) != 0) {
    return std::nullopt;
  }
  SocketAddress address(found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  address.set_port(port);
  return address;
}

Outcome<SocketAddress> SocketAddress::from_path(std::string_view path) {
  constexpr std::size_t path_max = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty() || path.size() > path_max) {
    return base::Error{Failure{ENAMETOOLONG, "unix socket path '" + std::string(path) + "' has " +
                                                 std::to_string(path.size()) + " bytes; 1 to " +
                                                 std::to_string(path_max) + " are allowed"}};
  }
  SocketAddress address;
  std::memset(&address.storage_, 0, sizeof address.storage_);
  address.storage_.local.sun_family = AF_UNIX;
  std::memcpy(address.storage_.local.sun_path, path.data(), path.size());
  address.length_ = static_cast<socklen_t>(path_offset + path.size() + 1);
  return address;
}

Family SocketAddress::family() const {
  switch (storage_.any.sa_family) {
    case AF_INET:
      return Family::ipv4;
    case AF_INET6:
      return Family::ipv6;
    case AF_UNIX:
      return Family::local;
    default:
      UNREACHABLE();
  }
}

std::string SocketAddress::ip() const {
  switch (family()) {
    case Family::ipv4:
      return number_of(storage_.v4);
    case Family::ipv6:
      return number_of(storage_.v6);
    case Family::local:
      break;
  }
  return length_ <= path_offset ? std::string() : std::string(storage_.local.sun_path);
}

std::uint16_t SocketAddress::port() const {
  switch (family()) {
    case Family::ipv4:
      return ntohs(storage_.v4.sin_port);
    case Family::ipv6:
      return ntohs(storage_.v6.sin6_port);
    case Family::local:
      break;
  }
  return 0;
}

void SocketAddress::set_port(std::uint16_t port) {
  switch (family()) {
    case Family::ipv4:
      storage_.v4.sin_port = htons(port);
      return;
    case Family::ipv6:
      storage_.v6.sin6_port = htons(port);
      return;
    case Family::local:
      return;
  }
}

std::string SocketAddress::text() const {
  switch (family()) {
    case Family::ipv4:
      return ip() + ":" + std::to_string(port());
    case Family::ipv6:
      return "[" + ip() + "]:" + std::to_string(port());
    case Family::local:
      break;
  }
  return ip();
}

bool SocketAddress::same_ip(const SocketAddress& other) const {
  return family() == other.family() && ip() == other.ip();
}

}  // namespace runtime
