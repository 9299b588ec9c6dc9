#include "wire/reason_code.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "wire/types.h"

namespace wire {
namespace {

using enum PacketType;

template <class... Types>
constexpr std::uint32_t in(Types... types) {
  return (0U | ... | (1U << static_cast<unsigned>(types)));
}

struct Row {
  ReasonCode code;
  std::string_view name;
  std::uint32_t packets;          // Bit n: packet type n.
  std::uint32_t server_only = 0;  // Packet types besides, when the server sends them.
  std::uint32_t client_only = 0;
  ConnectReturnCode before_v5 = ConnectReturnCode::server_unavailable;
};

constexpr std::uint32_t publish_acks = in(puback, pubrec);
constexpr std::uint32_t all_publish_acks = in(puback, pubrec, pubrel, pubcomp);
constexpr std::uint32_t general =
    publish_acks | in(connack, suback, unsuback);  // What may go wrong with any request.

// MQTT 5, table 2-6, narrowed by each packet's own table.
constexpr auto rows = std::to_array<Row>({
    {ReasonCode::success, "Success", all_publish_acks | in(connack, suback, unsuback, disconnect),
     in(auth), 0, ConnectReturnCode::accepted},
    {ReasonCode::granted_qos_1, "Granted QoS 1", in(suback)},
    {ReasonCode::granted_qos_2, "Granted QoS 2", in(suback)},
    {ReasonCode::disconnect_with_will_message, "Disconnect with Will Message", 0, 0,
     in(disconnect)},
    {ReasonCode::no_matching_subscribers, "No matching subscribers", 0, publish_acks},
    {ReasonCode::no_subscription_existed, "No subscription existed", in(unsuback)},
    {ReasonCode::continue_authentication, "Continue authentication", in(auth)},
    {ReasonCode::re_authenticate, "Re-authenticate", 0, 0, in(auth)},
    {ReasonCode::unspecified_error, "Unspecified error", general | in(disconnect)},
    {ReasonCode::malformed_packet, "Malformed Packet", in(connack, disconnect)},
    {ReasonCode::protocol_error, "Protocol Error", in(connack, disconnect)},
    {ReasonCode::implementation_specific_error, "Implementation specific error",
     general | in(disconnect)},
    {ReasonCode::unsupported_protocol_version, "Unsupported Protocol Version", in(connack), 0, 0,
     ConnectReturnCode::unacceptable_protocol_version},
    {ReasonCode::client_identifier_not_valid, "Client Identifier not valid", in(connack), 0, 0,
     ConnectReturnCode::identifier_rejected},
    {ReasonCode::bad_user_name_or_password, "Bad User Name or Password", in(connack), 0, 0,
     ConnectReturnCode::bad_user_name_or_password},
    {ReasonCode::not_authorized, "Not authorized", general, in(disconnect), 0,
     ConnectReturnCode::not_authorized},
    {ReasonCode::server_unavailable, "Server unavailable", in(connack)},
    {ReasonCode::server_busy, "Server busy", in(connack), in(disconnect)},
    {ReasonCode::banned, "Banned", in(connack), 0, 0, ConnectReturnCode::not_authorized},
    {ReasonCode::server_shutting_down, "Server shutting down", 0, in(disconnect)},
    // Table 2-6 has it for DISCONNECT, DISCONNECT's own table has not. Only a server judges
    // methods.
    {ReasonCode::bad_authentication_method, "Bad authentication method", in(connack),
     in(disconnect), 0, ConnectReturnCode::not_authorized},
    {ReasonCode::keep_alive_timeout, "Keep Alive timeout", 0, in(disconnect)},
    {ReasonCode::session_taken_over, "Session taken over", 0, in(disconnect)},
    {ReasonCode::topic_filter_invalid, "Topic Filter invalid", in(suback, unsuback),
     in(disconnect)},
    {ReasonCode::topic_name_invalid, "Topic Name invalid", publish_acks | in(connack, disconnect)},
    {ReasonCode::packet_identifier_in_use, "Packet Identifier in use",
     publish_acks | in(suback, unsuback)},
    {ReasonCode::packet_identifier_not_found, "Packet Identifier not found", in(pubrel, pubcomp)},
    {ReasonCode::receive_maximum_exceeded, "Receive Maximum exceeded", in(disconnect)},
    {ReasonCode::topic_alias_invalid, "Topic Alias invalid", in(disconnect)},
    {ReasonCode::packet_too_large, "Packet too large", in(connack, disconnect)},
    {ReasonCode::message_rate_too_high, "Message rate too high", in(disconnect)},
    {ReasonCode::quota_exceeded, "Quota exceeded", publish_acks | in(connack, suback, disconnect)},
    {ReasonCode::administrative_action, "Administrative action", in(disconnect)},
    {ReasonCode::payload_format_invalid, "Payload format invalid",
     publish_acks | in(connack, disconnect)},
    {ReasonCode::retain_not_supported, "Retain not supported", in(connack), in(disconnect)},
    {ReasonCode::qos_not_supported, "QoS not supported", in(connack), in(disconnect)},
    {ReasonCode::use_another_server, "Use another server", in(connack), in(disconnect)},
    {ReasonCode::server_moved, "Server moved", in(connack), in(disconnect)},
    {ReasonCode::shared_subscriptions_not_supported, "Shared Subscriptions not supported",
     in(suback), in(disconnect)},
    {ReasonCode::connection_rate_exceeded, "Connection rate exceeded", in(connack), in(disconnect)},
    {ReasonCode::maximum_connect_time, "Maximum connect time", 0, in(disconnect)},
    {ReasonCode::subscription_identifiers_not_supported, "Subscription Identifiers not supported",
     in(suback), in(disconnect)},
    {ReasonCode::wildcard_subscriptions_not_supported, "Wildcard Subscriptions not supported",
     in(suback), in(disconnect)},
});
static_assert(rows.size() == 43, "the standard has 43 values (0x00 counts once)");

constexpr bool are_ascending() {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i - 1].code >= rows[i].code) return false;
  }
  return true;
}
static_assert(are_ascending(), "in the order of the standard, none twice");

// Row number plus one; 0 where the standard has no such code.
constexpr std::array<std::uint8_t, 256> make_index() {
  std::array<std::uint8_t, 256> index{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    index[static_cast<std::size_t>(rows[i].code)] = static_cast<std::uint8_t>(i + 1);
  }
  return index;
}
constexpr auto index_by_code = make_index();

const Row* find(ReasonCode code) {
  const std::size_t number = index_by_code[static_cast<std::size_t>(code)];
  return number == 0 ? nullptr : &rows[number - 1];
}

constexpr std::array<std::string_view, 6> return_code_names{
    "Connection accepted", "Unacceptable protocol version", "Identifier rejected",
    "Server unavailable",  "Bad user name or password",     "Not authorized"};

}  // namespace

bool is_defined(ReasonCode code) {
  return find(code) != nullptr;
}

std::string_view name_of(ReasonCode code) {
  const Row* const row = find(code);
  return row == nullptr ? "Unknown reason code" : row->name;
}

bool is_allowed(ReasonCode code, PacketType packet, Sender sender) {
  const Row* const row = find(code);
  if (row == nullptr) return false;
  const bool is_client = sender == Sender::client;
  const std::uint32_t never = is_client ? in(connack, suback, unsuback) : 0;
  const std::uint32_t packets =
      (row->packets | (is_client ? row->client_only : row->server_only)) & ~never;
  return (packets >> static_cast<unsigned>(packet) & 1U) != 0;
}

ConnectReturnCode connect_return_code(ReasonCode code) {
  const Row* const row = find(code);
  return row == nullptr ? ConnectReturnCode::server_unavailable : row->before_v5;
}

std::string_view name_of(ConnectReturnCode code) {
  const auto number = static_cast<std::size_t>(code);
  return number < return_code_names.size() ? return_code_names[number] : "Unknown return code";
}

}  // namespace wire
