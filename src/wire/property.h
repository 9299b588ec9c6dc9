// Properties of MQTT 5 (2.2.2): the table that alone knows what a property is, a view of an encoded
// and checked block (Properties: no allocation, order kept), and a builder (PropertyList).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "wire/types.h"

namespace wire {

enum class PropertyId : std::uint8_t {
  payload_format_indicator = 0x01,
  message_expiry_interval = 0x02,
  content_type = 0x03,
  response_topic = 0x08,
  correlation_data = 0x09,
  subscription_identifier = 0x0b,
  session_expiry_interval = 0x11,
  assigned_client_identifier = 0x12,
  server_keep_alive = 0x13,
  authentication_method = 0x15,
  authentication_data = 0x16,
  request_problem_information = 0x17,
  will_delay_interval = 0x18,
  request_response_information = 0x19,
  response_information = 0x1a,
  server_reference = 0x1c,
  reason_string = 0x1f,
  receive_maximum = 0x21,
  topic_alias_maximum = 0x22,
  topic_alias = 0x23,
  maximum_qos = 0x24,
  retain_available = 0x25,
  user_property = 0x26,
  maximum_packet_size = 0x27,
  wildcard_subscription_available = 0x28,
  subscription_identifier_available = 0x29,
  shared_subscription_available = 0x2a,
};

enum class PropertyKind : std::uint8_t { u8, u16, u32, varint, utf8, binary, pair };

// Where a block of properties stands: a packet type, or the Will Properties inside CONNECT.
enum class PropertyScope : std::uint8_t {
  connect = 1,
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
  disconnect = 14,
  auth,
  will,
};

// One row of the table.
struct PropertySpec {
  PropertyId id;
  std::string_view name;  // As mosquitto_pub -D spells it: "message-expiry-interval".
  PropertyKind kind;
  std::uint32_t client_scopes;  // Bit n: PropertyScope n when the client sends it.
  std::uint32_t server_scopes;  // Likewise for the server.
  std::uint32_t min = 0;        // Bounds of a number.
  std::uint32_t max = UINT32_MAX;
  Fault out_of_bounds{};  // What a number outside them is: nearly always a Protocol Error.
  std::uint32_t repeatable_scopes = 0;  // Scopes in which it may appear more than once.

  bool is_allowed(PropertyScope where, Sender sender) const {
    return ((sender == Sender::client ? client_scopes : server_scopes) >> static_cast<int>(where) &
            1U) != 0;
  }
};
// The whole table, ascending by id.
std::span<const PropertySpec> all_properties();
// Null for an id that the standard does not have.
const PropertySpec* find_property(std::uint8_t id);
const PropertySpec* find_property(std::string_view name);

struct Property {
  PropertyId id{};
  std::uint32_t number = 0;  // u8, u16, u32, varint.
  std::string_view text{};   // utf8, binary; the name of a pair.
  std::string_view value{};  // The value of a pair.
};

// A view of an encoded block, without its length, that was checked already. Iterating decodes one
// property at a time; lookups are linear (blocks are short).
class Properties {
 public:
  class Iterator {
   public:
    using value_type = Property;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(base::Bytes rest);
    const Property& operator*() const { return current_; }
    const Property* operator->() const { return &current_; }
    Iterator& operator++();
    Iterator operator++(int);
    bool operator==(std::default_sentinel_t) const { return current_bytes_.empty(); }
    // The bytes of the current property: its id and its value.
    base::Bytes encoded() const { return current_bytes_; }

   private:
    void read();
    base::Bytes rest_{};
    base::Bytes current_bytes_{};
    Property current_{};
  };

  Properties() = default;
  // `encoded` must have passed check_properties() or come from a PropertyList.
  explicit Properties(base::Bytes encoded) : encoded_(encoded) {}

  bool empty() const { return encoded_.empty(); }
  base::Bytes encoded() const { return encoded_; }
  Iterator begin() const { return Iterator{encoded_}; }
  static std::default_sentinel_t end() { return {}; }

  // The first property with this id.
  std::optional<Property> find(PropertyId id) const;
  std::optional<std::uint32_t> number(PropertyId id) const;
  std::optional<std::string_view> text(PropertyId id) const;

 private:
  base::Bytes encoded_{};
};

// Checks an encoded block (without its length) against the table: ids known and allowed here for
// this sender, single ones not repeated, values within bounds, strings valid UTF-8, topics without
// wildcards [MQTT-3.3.2-14], Authentication Data only beside a method.
Fault check_properties(base::Bytes encoded, PropertyScope where, Sender sender);

// Builds a block in the order of the calls. Asserts on values that the table forbids: the caller
// checks what comes from people.
class PropertyList {
 public:
  void add(PropertyId id, std::uint32_t number);
  void add(PropertyId id, std::string_view text);
  void add(PropertyId id, std::string_view name, std::string_view value);
  // Copies properties as they are.
  void add(const Properties& more);
  void add_encoded(base::Bytes property);
  void clear() { encoded_.clear(); }
  bool empty() const { return encoded_.empty(); }
  // Valid until the next change.
  Properties view() const { return Properties{encoded_}; }

 private:
  std::vector<std::uint8_t> encoded_;
};

}  // namespace wire
