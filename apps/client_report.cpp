#include "client_report.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "base/assert.h"
#include "wire/reason_code.h"

namespace apps {
namespace {

using midge::ErrorCode;
using midge::ReasonCode;
using midge::Version;

// As libmosquitto words the return codes of MQTT 3.1 and 3.1.1.
std::string_view refusal(std::uint8_t code) {
  switch (code) {
    case 1:
      return "Connection Refused: unacceptable protocol version.";
    case 2:
      return "Connection Refused: identifier rejected.";
    case 3:
      return "Connection Refused: broker unavailable.";
    case 4:
      return "Connection Refused: bad user name or password.";
    case 5:
      return "Connection Refused: not authorised.";
    default:
      return "Connection Refused: unknown reason.";
  }
}

std::string refusal_text(const midge::Error& error, const midge::Properties& properties,
                         Version version) {
  if (version != Version::v5) return fmt::format("Connection error: {}", refusal(error.reason));
  const ReasonCode reason{error.reason};
  std::string text = fmt::format("Connection error: {}", wire::name_of(reason));
  if (const auto said = properties.text(wire::PropertyId::reason_string)) {
    text += fmt::format(" ({})", *said);
  }
  if (reason == ReasonCode::unsupported_protocol_version) {
    text += ". Try connecting to an MQTT v5 broker, or use MQTT v3.x mode.";
  }
  return text;
}

std::string server_of(const ClientOptions& options) {
  const midge::Options& to = options.connection;
  return to.unix_socket.empty() ? fmt::format("{} port {}", to.host, to.port) : to.unix_socket;
}

bool is_one_of(const midge::Error& error, Version version, std::uint8_t v3, ReasonCode v5) {
  return error.reason == (version == Version::v5 ? static_cast<std::uint8_t>(v5) : v3);
}

std::string refusal_advice(const midge::Error& error, const ClientOptions& options) {
  const Version version = options.connection.version;
  const bool has_user = options.connection.user_name.has_value();
  if (is_one_of(error, version, 5, ReasonCode::not_authorized)) {
    return has_user ? "The broker does not let this user in: check -u and -P."
                    : "The broker wants to know who you are: give a user name with -u and a "
                      "password with -P.";
  }
  if (is_one_of(error, version, 4, ReasonCode::bad_user_name_or_password)) {
    return "Check the user name (-u) and the password (-P).";
  }
  if (is_one_of(error, version, 2, ReasonCode::client_identifier_not_valid)) {
    return "Give another client id with -i.";
  }
  if (is_one_of(error, version, 1, ReasonCode::unsupported_protocol_version)) {
    return "Try another version of MQTT: -V 5, -V 311 or -V 31.";
  }
  return {};
}

std::string system_advice(const midge::Error& error, const ClientOptions& options) {
  switch (error.system_error) {
    case ECONNREFUSED:
      return fmt::format(
          "Nothing listens at {}. Is the broker running? Start one here with `midge broker`, or "
          "name another with -h and -p.",
          server_of(options));
    case ENOENT:
      return "There is no such socket: is the broker running, and is the path of --unix right?";
    case EHOSTUNREACH:
    case ENETUNREACH:
      return "There is no way to this host: check -h, and the network.";
    case ETIMEDOUT:
      return "The host does not answer: check -h and -p, and whether a firewall is in the way.";
    default:
      return {};
  }
}

// Not fmt::print(): that throws when whoever read stderr has gone.
void print_to_stderr(std::string line) {
  line += '\n';
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
}

}  // namespace

int exit_status(const midge::Error& error, bool was_connected) {
  switch (error.code) {
    case ErrorCode::none:
      return 0;
    case ErrorCode::connection_refused:
      return error.reason == 0 ? static_cast<int>(error.code) : error.reason;
    case ErrorCode::system:
    case ErrorCode::lookup:
    case ErrorCode::timeout:
      return was_connected ? static_cast<int>(error.code) : 1;
    case ErrorCode::queue_full:
    case ErrorCode::disconnected:
    case ErrorCode::rejected:
    case ErrorCode::session_lost:
      return 1;  // Ours, without a number in libmosquitto.
    case ErrorCode::protocol:
    case ErrorCode::invalid_argument:
    case ErrorCode::not_connected:
    case ErrorCode::connection_lost:
    case ErrorCode::payload_size:
    case ErrorCode::not_supported:
    case ErrorCode::keep_alive:
    case ErrorCode::malformed_packet:
    case ErrorCode::qos_not_supported:
    case ErrorCode::oversize_packet:
    case ErrorCode::retain_not_supported:
      return static_cast<int>(error.code);
  }
  UNREACHABLE();
}

std::string explain(const midge::Error& error, const midge::Properties& properties,
                    Version version) {
  if (error.code == ErrorCode::connection_refused) {
    return refusal_text(error, properties, version);
  }
  if (error.code == ErrorCode::connection_lost) {
    return fmt::format("Error: The connection was lost. ({})", error.text);
  }
  if (error.code == ErrorCode::qos_not_supported) {
    return fmt::format("Error: Message QoS not supported on broker, try a lower QoS. ({})",
                       error.text);
  }
  if (error.code == ErrorCode::payload_size || error.code == ErrorCode::oversize_packet) {
    return fmt::format("Error: Message payload is too large. ({})", error.text);
  }
  return fmt::format("Error: {}", error.text);
}

std::string advice(const midge::Error& error, const ClientOptions& options, bool was_connected) {
  switch (error.code) {
    case ErrorCode::connection_refused:
      return refusal_advice(error, options);
    case ErrorCode::system:
      return system_advice(error, options);
    case ErrorCode::lookup:
      return "Is the host's name (-h) spelled right?";
    case ErrorCode::timeout:
      return "The broker does not answer: check -h and -p (is it a plain MQTT port?), and whether "
             "a "
             "firewall is in the way.";
    case ErrorCode::connection_lost:
    case ErrorCode::malformed_packet:
    case ErrorCode::protocol:
      if (was_connected) return {};
      return fmt::format(
          "What answers at {} does not speak plain MQTT. If it is a port for TLS or WebSockets, "
          "use the broker's plain one (mostly 1883): this version of midge has neither.",
          server_of(options));
    case ErrorCode::oversize_packet:
      return "The broker's limit for a packet is smaller: raise its max_packet_size.";
    case ErrorCode::none:
    case ErrorCode::invalid_argument:
    case ErrorCode::not_connected:
    case ErrorCode::payload_size:
    case ErrorCode::not_supported:
    case ErrorCode::keep_alive:
    case ErrorCode::qos_not_supported:
    case ErrorCode::retain_not_supported:
    case ErrorCode::queue_full:
    case ErrorCode::disconnected:
    case ErrorCode::rejected:
    case ErrorCode::session_lost:
      return {};
  }
  UNREACHABLE();
}

void Report::error(std::string_view text) const {
  line(fmt::format("Error: {}", text));
}

void Report::warning(std::string_view text) const {
  line(fmt::format("Warning: {}", text));
}

void Report::line(std::string_view text) const {
  if (!quiet_) print_to_stderr(std::string{text});
}

void Report::hint(std::string_view text) const {
  if (is_for_people() && !text.empty()) print_to_stderr(std::string{text});
}

}  // namespace apps
