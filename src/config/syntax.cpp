#include "config/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <type_traits>

#include "config/text.h"

namespace config {
namespace {

template <class E>
struct Named {
  std::string_view name;
  E value;
};

constexpr Named<QueueFullPolicy> queue_full_policies[] = {
    {"drop_newest", QueueFullPolicy::drop_newest},
    {"drop_oldest", QueueFullPolicy::drop_oldest},
    {"disconnect", QueueFullPolicy::disconnect}};
constexpr Named<Protocol> protocols[] = {{"mqtt", Protocol::mqtt}};
constexpr Named<SocketDomain> socket_domains[] = {
    {"any", SocketDomain::any}, {"ipv4", SocketDomain::ipv4}, {"ipv6", SocketDomain::ipv6}};
constexpr Named<LogFacility> log_facilities[] = {
    {"0", LogFacility::local0}, {"1", LogFacility::local1}, {"2", LogFacility::local2},
    {"3", LogFacility::local3}, {"4", LogFacility::local4}, {"5", LogFacility::local5},
    {"6", LogFacility::local6}, {"7", LogFacility::local7}, {"daemon", LogFacility::daemon}};
constexpr Named<LogType> log_types[] = {{"debug", LogType::debug},
                                        {"error", LogType::error},
                                        {"warning", LogType::warning},
                                        {"notice", LogType::notice},
                                        {"information", LogType::information},
                                        {"subscribe", LogType::subscribe},
                                        {"unsubscribe", LogType::unsubscribe},
                                        {"websockets", LogType::websockets},
                                        {"internal", LogType::internal}};
constexpr Named<ProtocolVersion> protocol_versions[] = {
    {"3", ProtocolVersion::mqtt31}, {"4", ProtocolVersion::mqtt311}, {"5", ProtocolVersion::mqtt5}};
constexpr Named<std::uint64_t> byte_units[] = {
    {"KiB", 1ULL << 10U}, {"MiB", 1ULL << 20U}, {"GiB", 1ULL << 30U}};
constexpr std::uint64_t day = 86'400;
constexpr Named<std::uint64_t> expiry_units[] = {{"y", 365 * day}, {"m", 30 * day}, {"w", 7 * day},
                                                 {"d", day},       {"h", 3600},     {"s", 1}};

base::Error<BadValue> bad() {
  return {BadValue{}};
}
base::Error<BadValue> bad(std::string sentence) {
  return {BadValue{{}, std::move(sentence)}};
}

template <class E>
std::string alternatives(std::span<const Named<E>> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i].name;
  }
  return out;
}

template <class E>
const Named<E>* find(std::span<const Named<E>> names, std::string_view name) {
  const auto at =
      std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.name == name; });
  return at == names.end() ? nullptr : &*at;
}

template <class E>
std::string_view name_in(std::span<const Named<E>> names, E value) {
  const auto at =
      std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.value == value; });
  ASSERT(at != names.end());
  return at->name;
}

// As strtol(text, &end, 0) that must reach the end: 0x is hexadecimal, a leading 0 octal.
std::optional<std::int64_t> whole_number(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.starts_with('0')) {
    base = 8;
  }
  // from_chars takes a sign of its own.
  if (text.empty() || text.starts_with('-')) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return is_negative ? -number : number;
}

// Bytes, with a unit or without; negative numbers pass through.
std::optional<std::int64_t> byte_count(std::string_view text) {
  std::int64_t unit = 1;
  for (const auto& [name, size] : byte_units) {
    if (!text.ends_with(name)) continue;
    unit = static_cast<std::int64_t>(size);
    text.remove_suffix(name.size());
  }
  const auto number = whole_number(text);
  if (!number || *number > std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
  return *number < 0 ? number : *number * unit;
}

template <class N>
Read<N> read_unsigned(std::string_view text) {
  const auto number = whole_number(text);
  if (!number || *number < 0 || *number > std::int64_t{std::numeric_limits<N>::max()}) return bad();
  return static_cast<N>(*number);
}

template <class L>
Read<L> read_limit(std::optional<std::int64_t> number) {
  if (!number) return bad();
  return *number <= 0 ? L{} : L{static_cast<std::uint64_t>(*number)};
}

std::string write_limit(std::uint64_t max, std::string_view off) {
  return max == no_limit ? std::string(off) : fmt::to_string(max);
}

template <class E>
Read<E> read_name(std::span<const Named<E>> names, std::string_view text) {
  const auto* named = find(names, text);
  if (named == nullptr) return bad();
  return named->value;
}

}  // namespace

Read<bool> Syntax<bool>::read(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return bad();
}
std::string Syntax<bool>::write(const bool& value) {
  return value ? "true" : "false";
}
std::string Syntax<bool>::kind() {
  return "true or false";
}

Read<std::optional<bool>> Syntax<std::optional<bool>>::read(std::string_view text) {
  const auto value = Syntax<bool>::read(text);
  if (!value) return bad();
  return std::optional<bool>{*value};
}
std::string Syntax<std::optional<bool>>::write(const std::optional<bool>& value) {
  return value ? Syntax<bool>::write(*value) : "";
}
std::string Syntax<std::optional<bool>>::kind() {
  return "true or false";
}

Read<std::uint8_t> Syntax<std::uint8_t>::read(std::string_view text) {
  return read_unsigned<std::uint8_t>(text);
}
std::string Syntax<std::uint8_t>::write(const std::uint8_t& value) {
  return std::to_string(value);
}
std::string Syntax<std::uint8_t>::kind() {
  return "a whole number";
}

Read<std::uint16_t> Syntax<std::uint16_t>::read(std::string_view text) {
  return read_unsigned<std::uint16_t>(text);
}
std::string Syntax<std::uint16_t>::write(const std::uint16_t& value) {
  return std::to_string(value);
}
std::string Syntax<std::uint16_t>::kind() {
  return "a whole number";
}

Read<Seconds> Syntax<Seconds>::read(std::string_view text) {
  const auto number = read_unsigned<std::uint32_t>(text);
  if (!number) return bad();
  return Seconds{*number};
}
std::string Syntax<Seconds>::write(const Seconds& value) {
  return std::to_string(value.count());
}
std::string Syntax<Seconds>::kind() {
  return "a number of seconds";
}

Read<Minutes> Syntax<Minutes>::read(std::string_view text) {
  const auto number = read_unsigned<std::uint32_t>(text);
  if (!number) return bad();
  return Minutes{*number};
}
std::string Syntax<Minutes>::write(const Minutes& value) {
  return value.count() == 0 ? "" : std::to_string(value.count());
}
std::string Syntax<Minutes>::kind() {
  return "a number of minutes";
}

Read<ByteSize> Syntax<ByteSize>::read(std::string_view text) {
  const auto number = byte_count(text);
  if (!number || *number < 0) return bad();
  return ByteSize{static_cast<std::uint64_t>(*number)};
}
std::string Syntax<ByteSize>::write(const ByteSize& value) {
  return std::to_string(value.bytes);
}
std::string Syntax<ByteSize>::kind() {
  return "a number of bytes (or of KiB, MiB, GiB)";
}

Read<ByteLimit> Syntax<ByteLimit>::read(std::string_view text) {
  return read_limit<ByteLimit>(byte_count(text));
}
std::string Syntax<ByteLimit>::write(const ByteLimit& value) {
  return write_limit(value.max, "0");
}
std::string Syntax<ByteLimit>::kind() {
  return "0 or a number of bytes (or of KiB, MiB, GiB)";
}

Read<ZeroIsOff> Syntax<ZeroIsOff>::read(std::string_view text) {
  return read_limit<ZeroIsOff>(whole_number(text));
}
std::string Syntax<ZeroIsOff>::write(const ZeroIsOff& value) {
  return write_limit(value.max, "0");
}
std::string Syntax<ZeroIsOff>::kind() {
  return "0 or a whole number";
}

Read<MinusOneIsOff> Syntax<MinusOneIsOff>::read(std::string_view text) {
  return read_limit<MinusOneIsOff>(whole_number(text));
}
std::string Syntax<MinusOneIsOff>::write(const MinusOneIsOff& value) {
  return write_limit(value.max, "-1");
}
std::string Syntax<MinusOneIsOff>::kind() {
  return "-1 or a whole number";
}

Read<ExpiryCap> Syntax<ExpiryCap>::read(std::string_view text) {
  if (text.empty()) return bad();
  const auto* unit = find<std::uint64_t>(expiry_units, text.substr(text.size() - 1));
  std::uint32_t count = 0;
  const char* const last = text.data() + text.size() - 1;
  const auto [end, fault] = std::from_chars(text.data(), last, count);
  if (unit == nullptr || fault != std::errc{} || end != last || count == 0) return bad();
  // All ones would mean for ever, which is what leaving the option out says.
  constexpr std::uint64_t longest = std::numeric_limits<std::uint32_t>::max() - 1;
  return ExpiryCap{Seconds{static_cast<std::uint32_t>(std::min(count * unit->value, longest))}};
}
std::string Syntax<ExpiryCap>::write(const ExpiryCap& value) {
  if (value.is_off()) return "";
  for (const auto& [name, seconds] : expiry_units) {
    if (value.most.count() % seconds == 0)
      return fmt::format("{}{}", value.most.count() / seconds, name);
  }
  UNREACHABLE();
}
std::string Syntax<ExpiryCap>::kind() {
  return "a whole number from 1 and right behind it s, h, d, w, m or y";
}

Read<QueueFullPolicy> Syntax<QueueFullPolicy>::read(std::string_view text) {
  return read_name<QueueFullPolicy>(queue_full_policies, text);
}
std::string Syntax<QueueFullPolicy>::write(const QueueFullPolicy& value) {
  return std::string(name_in<QueueFullPolicy>(queue_full_policies, value));
}
std::string Syntax<QueueFullPolicy>::kind() {
  return alternatives<QueueFullPolicy>(queue_full_policies);
}

Read<Protocol> Syntax<Protocol>::read(std::string_view text) {
  if (text == "websockets" || text == "http_api") {
    return bad(fmt::format("Midge does not support \"{}\" yet; allowed is mqtt", text));
  }
  return read_name<Protocol>(protocols, text);
}
std::string Syntax<Protocol>::write(const Protocol& value) {
  return std::string(name_in<Protocol>(protocols, value));
}
std::string Syntax<Protocol>::kind() {
  return alternatives<Protocol>(protocols);
}

Read<SocketDomain> Syntax<SocketDomain>::read(std::string_view text) {
  return read_name<SocketDomain>(socket_domains, text);
}
std::string Syntax<SocketDomain>::write(const SocketDomain& value) {
  return std::string(name_in<SocketDomain>(socket_domains, value));
}
std::string Syntax<SocketDomain>::kind() {
  return alternatives<SocketDomain>(socket_domains);
}

Read<LogFacility> Syntax<LogFacility>::read(std::string_view text) {
  return read_name<LogFacility>(log_facilities, text);
}
std::string Syntax<LogFacility>::write(const LogFacility& value) {
  return std::string(name_in<LogFacility>(log_facilities, value));
}
std::string Syntax<LogFacility>::kind() {
  return "0 to 7 or daemon";
}

Read<std::string> Syntax<std::string>::read(std::string_view text) {
  if (!is_clean_utf8(text)) return bad("is not UTF-8 text without control characters");
  return std::string(text);
}
std::string Syntax<std::string>::write(const std::string& value) {
  return value;
}
std::string Syntax<std::string>::kind() {
  return "text";
}

Read<Path> Syntax<Path>::read(std::string_view text) {
  const auto name = Syntax<std::string>::read(text);
  if (!name) return base::Error{name.error()};
  return Path{*name};
}
std::string Syntax<Path>::write(const Path& value) {
  return value.text;
}
std::string Syntax<Path>::kind() {
  return "the name of a file or directory";
}

Read<Endpoint> Syntax<Endpoint>::read(std::string_view text) {
  const auto port = read_unsigned<std::uint16_t>(next_word(text));
  if (!port) return bad();
  std::string_view where = next_word(text);
  if (where.starts_with('#')) where = {};
  if (!is_clean_utf8(where)) return bad();
  if (*port != 0) return Endpoint{*port, std::string(where), {}};
  if (where.empty()) return bad("port 0 needs the path of a unix socket behind it");
  return Endpoint{0, {}, std::string(where)};
}
std::string Syntax<Endpoint>::write(const Endpoint& value) {
  const std::string& where = value.is_unix() ? value.unix_path : value.host;
  return where.empty() ? std::to_string(value.port) : fmt::format("{} {}", value.port, where);
}
std::string Syntax<Endpoint>::kind() {
  return "a port from 1 to 65535 and perhaps an address or host name, or 0 and the path of a unix "
         "socket";
}

Read<ProtocolVersions> Syntax<ProtocolVersions>::read(std::string_view text) {
  ProtocolVersions versions;
  for (auto word = next_word(text, ", \t"); !word.empty(); word = next_word(text, ", \t")) {
    if (word.starts_with('#')) break;
    const auto* named = find<ProtocolVersion>(protocol_versions, word);
    if (named == nullptr) return bad();
    versions = versions | named->value;
  }
  if (versions == ProtocolVersions{}) return bad();
  return versions;
}
std::string Syntax<ProtocolVersions>::write(const ProtocolVersions& value) {
  std::string out;
  for (const auto& [name, version] : protocol_versions) {
    if (!value.has(version)) continue;
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}
std::string Syntax<ProtocolVersions>::kind() {
  return "one or more of 3, 4 and 5 with commas between";
}

base::Result<void, BadValue> Syntax<LogTypes>::add(LogTypes& so_far, std::string_view text) {
  const std::string_view word = next_word(text);
  if (word == "none") {
    so_far = {};
  } else if (word == "all") {
    for (const auto& [name, type] : log_types) so_far = so_far | type;
  } else if (const auto* named = find<LogType>(log_types, word)) {
    so_far = so_far | named->value;
  } else {
    return bad();
  }
  return {};
}
std::vector<std::string> Syntax<LogTypes>::lines(const LogTypes& value) {
  std::vector<std::string> out;
  for (const auto& [name, type] : log_types) {
    if (value.has(type)) out.emplace_back(name);
  }
  if (out.empty()) out.emplace_back("none");
  return out;
}
std::string Syntax<LogTypes>::kind() {
  return "none, all, " + alternatives<LogType>(log_types);
}

namespace {

base::Result<void, BadValue> add_log_file(LogDestinations& so_far, std::string_view name) {
  if (!so_far.file.empty()) return bad("has a file already; the log goes to one file only");
  const auto path = Syntax<Path>::read(trimmed(name));
  if (!path) return base::Error{path.error()};
  if (path->empty()) return bad("\"file\" needs the name of the file behind it");
  so_far.file = *path;
  return {};
}

}  // namespace

base::Result<void, BadValue> Syntax<LogDestinations>::add(LogDestinations& so_far,
                                                          std::string_view text) {
  const std::string_view word = next_word(text);
  if (word == "none") {
    so_far = {};
  } else if (word == "stdout") {
    so_far.to_stdout = true;
    so_far.stdout_unbuffered = so_far.stdout_unbuffered || next_word(text) == "unbuffered";
  } else if (word == "stderr") {
    so_far.to_stderr = true;
  } else if (word == "syslog") {
    so_far.to_syslog = true;
  } else if (word == "topic") {
    so_far.to_topic = true;
  } else if (word == "file") {
    return add_log_file(so_far, text);
  } else {
    return bad();
  }
  return {};
}
std::vector<std::string> Syntax<LogDestinations>::lines(const LogDestinations& value) {
  std::vector<std::string> out;
  if (value.to_stdout) out.emplace_back(value.stdout_unbuffered ? "stdout unbuffered" : "stdout");
  if (value.to_stderr) out.emplace_back("stderr");
  if (value.to_syslog) out.emplace_back("syslog");
  if (value.to_topic) out.emplace_back("topic");
  if (!value.file.empty()) out.emplace_back("file " + value.file.text);
  if (out.empty()) out.emplace_back("none");
  return out;
}
std::string Syntax<LogDestinations>::kind() {
  return "stdout, stderr, syslog, topic, file and a name, or none";
}

}  // namespace config
