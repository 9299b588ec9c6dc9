// What goes through a client: payloads, received messages, subscriptions, and what comes of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/shared.h"
#include "client/error.h"
#include "client/options.h"
#include "wire/packet.h"
#include "wire/reason_code.h"

namespace midge {

using wire::is_error;
using wire::name_of;
using wire::RetainHandling;

// Bytes to publish. A view is copied when it has to outlive the call; a moved string or an owner is
// not: from 1 KiB on the socket is written from where the bytes are.
class Payload final {
 public:
  Payload() = default;
  // NOLINTBEGIN(google-explicit-constructor): whoever publishes a text writes just that.
  Payload(const char* text) : bytes_(base::as_bytes(text)) {}
  Payload(std::string_view text) : bytes_(base::as_bytes(text)) {}
  Payload(const std::string& text) : bytes_(base::as_bytes(text)) {}
  Payload(base::Bytes bytes) : bytes_(bytes) {}
  Payload(std::string&& text);
  // NOLINTEND(google-explicit-constructor)
  // `bytes` lie inside `owner`, which lives as long as they are needed (a mapped file, say).
  Payload(base::Ref<const base::Shared> owner, base::Bytes bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  base::Bytes bytes() const { return bytes_; }
  const base::Ref<const base::Shared>& owner() const { return owner_; }

 private:
  base::Ref<const base::Shared> owner_{};
  base::Bytes bytes_{};
};

// A received PUBLISH. Views: valid during on_message only.
struct Message {
  std::string_view topic{};
  base::Bytes payload{};
  Qos qos = Qos::at_most_once;
  bool retain = false;
  bool dup = false;
  std::uint16_t id = 0;  // Packet Identifier; 0 at QoS 0.
  Properties properties{};

  std::string_view text() const { return base::as_text(payload); }
};

struct PublishOptions {
  Qos qos = Qos::at_most_once;
  bool retain = false;
  const PropertyList* properties = nullptr;  // MQTT 5. Copied; may be null.
};

// The end of a publish: QoS 0 when the kernel has the bytes, QoS 1 with PUBACK, QoS 2 with PUBCOMP,
// or with a PUBREC that is an error.
struct PublishResult {
  Error error{};  // `rejected` if `reason` is 0x80 or above.
  ReasonCode reason = ReasonCode::success;
  Properties properties{};  // Valid during the call.
  bool ok() const { return error.code == ErrorCode::none; }
};

struct Subscription {
  std::string filter{};
  Qos qos = Qos::at_most_once;
  bool no_local = false;  // The rest is MQTT 5.
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;
};

// SUBACK or UNSUBACK. `codes` has one entry a filter, in order (empty for UNSUBACK before MQTT 5);
// a refused filter is 0x80 or above there and no `error`.
struct SubscribeResult {
  Error error{};
  std::uint16_t id = 0;  // Packet Identifier.
  std::span<const ReasonCode> codes{};
  Properties properties{};  // Valid during the call, as `codes`.
  bool ok() const { return error.code == ErrorCode::none; }
};

using ConnectHandler = std::function<void(const Error&)>;
using PublishHandler = std::function<void(const PublishResult&)>;
using SubscribeHandler = std::function<void(const SubscribeResult&)>;

// CONNACK that accepted us. Views: valid during the call.
struct ConnectInfo {
  bool session_present = false;
  std::string_view client_id{};  // The assigned one if the server chose.
  std::uint16_t keep_alive = 0;  // Seconds, after Server Keep Alive.
  Qos qos_max = Qos::exactly_once;
  bool retain_available = true;
  std::uint32_t packet_size_max = 0;
  std::uint16_t receive_maximum = 0;
  Properties properties{};
};

// The end of a connection, or of an attempt to make one.
struct Disconnection {
  Error error{};             // none after disconnect().
  bool from_server = false;  // A DISCONNECT packet (MQTT 5) or a refusing CONNACK came.
  Properties properties{};   // Of that packet; valid during the call.
  bool will_retry = false;   // See Options::reconnect.
  std::chrono::milliseconds retry_after{0};
};

// AUTH from the server (MQTT 5, 4.12): answer continue_authentication with Client::authenticate().
struct AuthEvent {
  ReasonCode reason = ReasonCode::success;
  Properties properties{};  // Valid during the call.
};

}  // namespace midge
