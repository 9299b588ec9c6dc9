#include "client/texts.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace client {

using midge::Error;
using midge::ErrorCode;
using wire::PropertyId;
using wire::ReasonCode;
using wire::Version;

namespace {

// ": what the server says" where it says something.
std::string with_reason_string(std::string text, const wire::Properties& properties) {
  const auto said = properties.text(PropertyId::reason_string);
  if (said && !said->empty()) text += fmt::format(" ({})", *said);
  return text;
}

}  // namespace

Error refused(const wire::Connack& connack, Version version) {
  const std::string_view name = version == Version::v5
                                    ? wire::name_of(ReasonCode{connack.code})
                                    : wire::name_of(wire::ConnectReturnCode{connack.code});
  return {.code = ErrorCode::connection_refused,
          .text = with_reason_string(fmt::format("the server refused the connection: {}", name),
                                     connack.properties),
          .reason = connack.code};
}

Error server_disconnected(const wire::Disconnect& disconnect) {
  return {.code = ErrorCode::connection_lost,
          .text = with_reason_string(
              fmt::format("the server ended the connection: {}", wire::name_of(disconnect.reason)),
              disconnect.properties),
          .reason = static_cast<std::uint8_t>(disconnect.reason)};
}

Error broken_protocol(const wire::Fault& fault, std::uint16_t keep_alive) {
  if (fault.reason == ReasonCode::keep_alive_timeout) {
    return {.code = ErrorCode::keep_alive,
            .text = fmt::format("the server did not answer PINGREQ within {} s", keep_alive)};
  }
  ErrorCode code = ErrorCode::protocol;
  if (fault.reason == ReasonCode::malformed_packet) code = ErrorCode::malformed_packet;
  if (fault.reason == ReasonCode::packet_too_large) code = ErrorCode::oversize_packet;
  return {.code = code, .text = fmt::format("the server broke the rules of MQTT: {}", fault.what)};
}

Error rejected(ReasonCode reason, const wire::Properties& properties) {
  return {.code = ErrorCode::rejected,
          .text = with_reason_string(
              fmt::format("the server refused the message: {}", wire::name_of(reason)), properties),
          .reason = static_cast<std::uint8_t>(reason)};
}

Error user_disconnected() {
  return {.code = ErrorCode::disconnected, .text = "disconnected before the server answered"};
}

Error session_forgotten() {
  return {.code = ErrorCode::session_lost,
          .text = "the server forgot the session: whether the message arrived is not known"};
}

Error queue_full() {
  return {.code = ErrorCode::queue_full, .text = "too much waits to be sent already"};
}

Error no_connection() {
  return {.code = ErrorCode::not_connected, .text = "there is no connection"};
}

Error too_large_for(std::uint32_t packet_size_max) {
  return {.code = ErrorCode::oversize_packet,
          .text = fmt::format("the packet is larger than the {} bytes that the server takes",
                              packet_size_max)};
}

Error qos_too_high(wire::Qos most) {
  return {.code = ErrorCode::qos_not_supported,
          .text = fmt::format("the server takes no QoS above {}", static_cast<int>(most))};
}

Error no_retained_messages() {
  return {.code = ErrorCode::retain_not_supported, .text = "the server keeps no retained messages"};
}

Error alias_too_high(std::uint16_t most) {
  return {.code = ErrorCode::invalid_argument,
          .text = fmt::format("the server takes no topic alias above {}", most)};
}

Error alias_forgotten() {
  return {.code = ErrorCode::session_lost,
          .text = "the topic alias was for a connection that ended"};
}

}  // namespace client
