// The types that options have. Pure values, copied freely between threads; how each is written in a
// file is in syntax.h.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace config {

using base::Seconds;
using Minutes = std::chrono::duration<std::uint32_t, std::ratio<60>>;

struct ByteSize {
  std::uint64_t bytes = 0;
  auto operator<=>(const ByteSize&) const = default;
};

inline constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

// A count with a most, or without one: `used < limit.max` needs no special case when the limit is
// off. Off is what the file says for it: 0 for some of Mosquitto's options, -1 for others (either
// is read).
template <int Off>
struct CountLimit {
  std::uint64_t max = no_limit;
  bool is_off() const { return max == no_limit; }
  auto operator<=>(const CountLimit&) const = default;
};
using ZeroIsOff = CountLimit<0>;
using MinusOneIsOff = CountLimit<-1>;

// Likewise for bytes; written 0 when off.
struct ByteLimit {
  std::uint64_t max = no_limit;
  bool is_off() const { return max == no_limit; }
  auto operator<=>(const ByteLimit&) const = default;
};

// The longest session expiry granted. Never = 0xFFFFFFFF, so that min(asked, most) is the answer.
struct ExpiryCap {
  Seconds most = Seconds::max();
  bool is_off() const { return most == Seconds::max(); }
  auto operator<=>(const ExpiryCap&) const = default;
};

// A file or directory name, not touched here. Empty: not set.
struct Path {
  std::string text;
  bool empty() const { return text.empty(); }
  auto operator<=>(const Path&) const = default;
};

// Where a listener listens: a TCP port on one host or on all of them, or a unix socket.
struct Endpoint {
  std::uint16_t port = 1883;  // 0 for a unix socket.
  std::string host;           // Empty: all addresses.
  std::string unix_path;
  bool is_unix() const { return port == 0; }
  auto operator<=>(const Endpoint&) const = default;
};

enum class QueueFullPolicy : std::uint8_t { drop_newest, drop_oldest, disconnect };
enum class Protocol : std::uint8_t { mqtt };
enum class SocketDomain : std::uint8_t { any, ipv4, ipv6 };
enum class LogFacility : std::uint8_t {
  local0,
  local1,
  local2,
  local3,
  local4,
  local5,
  local6,
  local7,
  daemon
};
enum class LogType : std::uint16_t {
  debug = 1,
  error = 2,
  warning = 4,
  notice = 8,
  information = 16,
  subscribe = 32,
  unsubscribe = 64,
  websockets = 128,
  internal = 256
};
enum class ProtocolVersion : std::uint8_t { mqtt31 = 1, mqtt311 = 2, mqtt5 = 4 };

// A set of enumerators that are bits.
template <class E>
struct Flags {
  std::uint32_t bits = 0;
  constexpr bool has(E e) const { return (bits & static_cast<std::uint32_t>(e)) != 0; }
  constexpr Flags operator|(E e) const { return {bits | static_cast<std::uint32_t>(e)}; }
  bool operator==(const Flags&) const = default;
};
using LogTypes = Flags<LogType>;
using ProtocolVersions = Flags<ProtocolVersion>;

// Where the log goes; several at once. All off: nowhere.
struct LogDestinations {
  bool to_stdout = false;
  bool stdout_unbuffered = false;
  bool to_stderr = false;
  bool to_syslog = false;
  bool to_topic = false;
  Path file;
  bool operator==(const LogDestinations&) const = default;
};

// What is wrong with a value: `allowed` completes "allowed is ...", `instead` is a whole sentence
// that replaces that where it says more.
struct BadValue {
  std::string allowed;
  std::string instead;
};
template <class T>
using Read = base::Result<T, BadValue>;

}  // namespace config
