// What went wrong, as a value: a code to act on and a sentence to show. Numbers below 64 are those
// of libmosquitto's MOSQ_ERR_..., so that tools can use them as exit statuses.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace midge {

enum class ErrorCode : std::uint8_t {
  none = 0,
  protocol = 2,            // The peer broke the rules of MQTT.
  invalid_argument = 3,    // An argument that MQTT or its version does not allow.
  not_connected = 4,       // There is no connection, and none is being made.
  connection_refused = 5,  // CONNACK refused us: see Error::reason.
  connection_lost =
      7,  // The peer closed or reset the connection, or sent DISCONNECT: see Error::reason.
  payload_size = 9,  // The packet is larger than MQTT allows.
  not_supported =
      10,       // What the server said it does not support, or this version of MQTT does not have.
  system = 14,  // The operating system refused: see Error::system_error.
  lookup = 15,  // The host's name was not found.
  keep_alive = 19,            // The server did not answer PINGREQ in time.
  malformed_packet = 21,      // The peer's bytes are no MQTT packet.
  qos_not_supported = 24,     // Above the server's Maximum QoS.
  oversize_packet = 25,       // Above the server's Maximum Packet Size.
  timeout = 27,               // No connection or no CONNACK within Options::connect_timeout.
  retain_not_supported = 28,  // The server has no retained messages.
  queue_full = 64,            // Nothing was taken: publish again after on_writable.
  disconnected = 65,          // disconnect() was called before this was done.
  rejected = 66,      // The server answered with a reason code of 0x80 or above: see Error::reason.
  session_lost = 67,  // The server forgot the session, and the request cannot be made again.
};

struct Error {
  ErrorCode code = ErrorCode::none;
  std::string text{};    // A sentence: what happened to what. Empty without an error.
  int system_error = 0;  // errno, or getaddrinfo's EAI_... for `lookup`.
  std::uint8_t reason =
      0;  // Reason Code; for CONNACK of MQTT 3.1 and 3.1.1 the Connect Return code.

  explicit operator bool() const { return code != ErrorCode::none; }
};

template <class T>
using Result = base::Result<T, Error>;

}  // namespace midge
