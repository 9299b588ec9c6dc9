// MQTT packets as the simulator sees them, with a codec of its own: nothing here is shared with
// src/wire, so that a wrong codec cannot agree with itself. Strict where it reads (whatever the
// broker sends must be exactly what the standard allows), plain where it writes. Owned values, one
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

enum class Type : std::uint8_t {
  none,
  connect,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth,
};
std::string_view name_of(Type type);

// Property identifiers (MQTT 5, 2.2.2.2) that clients here use.
namespace property {
inline constexpr std::uint8_t message_expiry = 0x02;
inline constexpr std::uint8_t subscription_identifier = 0x0b;
inline constexpr std::uint8_t session_expiry = 0x11;
inline constexpr std::uint8_t will_delay = 0x18;
inline constexpr std::uint8_t receive_maximum = 0x21;
inline constexpr std::uint8_t topic_alias_maximum = 0x22;
inline constexpr std::uint8_t topic_alias = 0x23;
inline constexpr std::uint8_t user = 0x26;
inline constexpr std::uint8_t maximum_packet_size = 0x27;
}  // namespace property

struct Property {
  std::uint8_t id = 0;
  std::uint32_t number = 0;
  std::string text{};   // Also of binary data and the name of a pair.
  std::string value{};  // Of a pair.
};
using Properties = std::vector<Property>;
std::optional<std::uint32_t> number_of(const Properties& properties, std::uint8_t id);

struct Filter {
  std::string text;
  std::uint8_t options = 0;  // As on the wire.
};

struct Will {
  std::string topic;
  std::string payload;
  int qos = 0;
  bool retain = false;
  Properties properties{};
};

// One for all types: which fields count follows from the type.
struct Packet {
  Type type = Type::none;
  bool dup = false;
  int qos = 0;
  bool retain = false;
  bool clean_start = false;
  bool session_present = false;
  std::uint8_t version = 4;
  std::uint8_t reason = 0;
  std::uint16_t id = 0;
  std::uint16_t keep_alive = 0;
  std::string topic{};  // Also the client id.
  std::string payload{};
  Properties properties{};
  std::vector<Filter> filters{};
  std::vector<std::uint8_t> codes{};
  std::optional<Will> will{};
  std::size_t size = 0;  // On the wire; set when decoded.
};

std::string encode(const Packet& packet, int version);

// One direction of one connection. CONNECT sets the version that all that follows is read by.
class Decoder final {
 public:
  explicit Decoder(bool from_server) : from_server_(from_server) {}
  void set_version(int version) { version_ = version; }
  void feed(std::string_view bytes);
  // The next whole packet. Nothing: more is needed, or error() says what is wrong.
  std::optional<Packet> next();
  const std::string& error() const { return error_; }
  bool is_between_packets() const { return at_ == buffer_.size(); }

 private:
  bool from_server_;
  int version_ = 4;
  std::string buffer_;
  std::size_t at_ = 0;
  std::string error_;
};

}  // namespace sim
