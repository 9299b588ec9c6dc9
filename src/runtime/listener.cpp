#include "runtime/listener.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "runtime/resolver.h"
#include "runtime/socket.h"

namespace runtime {

namespace {

using Addresses = std::vector<SocketAddress>;

std::string hint(int code, std::uint16_t port) {
  if (code == EADDRINUSE) return "; is another broker running?";
  if (code == EACCES && port < 1024) {
    return "; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE";
  }
  if (code == EADDRNOTAVAIL) return "; no interface of this machine has that address";
  return "";
}

Failure listen_failure(const SocketAddress& address, int code) {
  const std::string where = address.family() == Family::local
                                ? "unix socket " + address.ip()
                                : "port " + std::to_string(address.port()) + " on " + address.ip();
  Failure failure = system_failure(where, code);
  failure.message += hint(code, address.port());
  return failure;
}

Addresses every_address(std::uint16_t port, IpVersions versions) {
  Addresses all;
  if (versions != IpVersions::ipv6) all.push_back(*SocketAddress::from_numbers("0.0.0.0", port));
  if (versions != IpVersions::ipv4) all.push_back(*SocketAddress::from_numbers("::", port));
  return all;
}

bool allows(IpVersions versions, const sockaddr* address) {
  if (address == nullptr) return false;
  if (address->sa_family == AF_INET) return versions != IpVersions::ipv6;
  return address->sa_family == AF_INET6 && versions != IpVersions::ipv4;
}

Outcome<Addresses> interface_addresses(const ListenOptions& options) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return base::Error{system_failure("asking for the interfaces", errno)};
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
  Addresses found;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (options.interface != one->ifa_name || !allows(options.versions, one->ifa_addr)) continue;
    const bool v4 = one->ifa_addr->sa_family == AF_INET;
    found.emplace_back(one->ifa_addr, v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    found.back().set_port(options.port);
  }
  if (!found.empty()) return found;
  const bool exists = ::if_nametoindex(options.interface.c_str()) != 0;
  return base::Error{
      Failure{ENODEV, "interface '" + options.interface + "' " +
                          (exists ? "has no address that is allowed here"
                                  : "does not exist; `ip link` lists those that do")}};
}

void keep_common(Addresses& some, const Addresses& others) {
  std::erase_if(some, [&](const SocketAddress& one) {
    return std::none_of(others.begin(), others.end(),
                        [&](const SocketAddress& other) { return one.same_ip(other); });
  });
}

void drop_repeated(Addresses& addresses) {
  Addresses once;
  for (const SocketAddress& address : addresses) {
    if (std::none_of(once.begin(), once.end(),
                     [&](const SocketAddress& other) { return address.same_ip(other); })) {
      once.push_back(address);
    }
  }
  addresses = std::move(once);
}

Outcome<Addresses> addresses_for(const ListenOptions& options) {
  if (options.host.empty() && options.interface.empty()) {
    return every_address(options.port, options.versions);
  }
  if (options.interface.empty()) {
    auto named = resolve_blocking({options.host, options.port, options.versions});
    if (named) drop_repeated(*named);
    return named;
  }
  auto there = interface_addresses(options);
  if (!there || options.host.empty()) return there;
  auto named = resolve_blocking({options.host, options.port, options.versions});
  if (!named) return named;
  keep_common(*there, *named);
  if (!there->empty()) return there;
  return base::Error{Failure{EADDRNOTAVAIL, "interface '" + options.interface +
                                                "' does not have the address " + options.host}};
}

Outcome<Listening> listen_on(const SocketAddress& address, int backlog) {
  Fd fd(::socket(address.raw()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return base::Error{listen_failure(address, errno)};
  const int on = 1;
  if (address.family() != Family::local) {
    // A restart shall not wait a minute for the old connections to be forgotten.
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (address.family() == Family::ipv6) {
    // So that 0.0.0.0 and :: can be listened on side by side whatever the system's default is.
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(fd.get(), address.raw(), address.length()) != 0 || ::listen(fd.get(), backlog) != 0) {
    return base::Error{listen_failure(address, errno)};
  }
  const SocketAddress bound = local_address(fd.get()).value_or(address);
  return Listening{std::move(fd), bound};
}

bool lacks_protocol(const SocketAddress& address, int code) {
  return code == EAFNOSUPPORT || (address.family() == Family::ipv6 && code == EADDRNOTAVAIL);
}

bool somebody_answers(const SocketAddress& address) {
  auto fd = start_connect(address);
  return fd.has_value() || fd.error().code != ECONNREFUSED;
}

// Removes a socket file that a broker which was killed left behind.
Outcome<void> clear_way(const SocketAddress& address) {
  const std::string path = address.ip();
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return base::Error{Failure{EEXIST, "unix socket " + path +
                                           ": there is a file of that name which is not a socket; "
                                           "move it away or choose another path"}};
  }
  if (somebody_answers(address)) return base::Error{listen_failure(address, EADDRINUSE)};
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return base::Error{system_failure("removing the unused unix socket " + path, errno)};
}

}  // namespace

Outcome<std::vector<Listening>> listen_tcp(const ListenOptions& options) {
  auto addresses = addresses_for(options);
  if (!addresses) return base::Error{addresses.error()};
  std::vector<Listening> opened;
  std::optional<Failure> skipped;
  for (const SocketAddress& address : *addresses) {
    auto one = listen_on(address, options.backlog);
    if (one) {
      opened.push_back(std::move(one).value());
    } else if (lacks_protocol(address, one.error().code)) {
      skipped = one.error();
    } else {
      return base::Error{one.error()};
    }
  }
  if (opened.empty()) return base::Error{*skipped};
  return opened;
}

Outcome<Listening> listen_unix(const std::string& path, int backlog) {
  auto address = SocketAddress::from_path(path);
  if (!address) return base::Error{address.error()};
  auto clear = clear_way(*address);
  if (!clear) return base::Error{clear.error()};
  return listen_on(*address, backlog);
}

}  // namespace runtime
