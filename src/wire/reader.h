// Internal to wire: the visitor that takes a packet's body apart. After the first fault it holds no
// more bytes, so a layout runs to its end without looking; finish() then tells. Reads never leave
// the body.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "wire/ascii_words.h"
#include "wire/cursor.h"
#include "wire/property.h"
#include "wire/reason_code.h"
#include "wire/types.h"

namespace wire {

Fault check_text(std::string_view text);
Fault check_unusual_topic(std::string_view topic);  // One that is not plain ASCII.
// Whether `code` may stand in this packet of this version.
Fault check_reason(ReasonCode code, PacketType packet, Version version, Sender sender);

class Reader final {
 public:
  static constexpr bool reading = true;

  Reader(base::Bytes body, Version version, Sender sender)
      : in_(body), version_(version), sender_(sender) {}

  Version version() const { return version_; }
  Sender sender() const { return sender_; }
  void set_version(Version version) { version_ = version; }
  bool at_end() const { return in_.at_end(); }

  [[gnu::always_inline]] void require(Fault fault) {
    if (!fault.none()) [[unlikely]] {
      fail(fault);
    }
  }
  [[gnu::always_inline]] void require(bool condition, Fault otherwise) {
    if (!condition) [[unlikely]] {
      fail(otherwise);
    }
  }

  [[gnu::always_inline]] void u8(std::string_view /*name*/, std::uint8_t& value) {
    require(in_.u8(value), ends_early);
  }
  [[gnu::always_inline]] void bits(std::string_view name, std::uint8_t& value) { u8(name, value); }
  [[gnu::always_inline]] void u16(std::string_view /*name*/, std::uint16_t& value) {
    require(in_.u16(value), ends_early);
  }
  // Zero is no Packet Identifier: [MQTT-2.2.1-3], [MQTT-2.3.1-1] of 3.1.1.
  [[gnu::always_inline]] void packet_id(std::string_view name, PacketId& id) {
    u16(name, id.value);
    require(id.value != 0,
            {version_ == Version::v5 ? ReasonCode::protocol_error : ReasonCode::malformed_packet,
             "the Packet Identifier is 0"});
  }
  void reason(std::string_view name, ReasonCode& code, PacketType packet) {
    std::uint8_t value = 0;
    u8(name, value);
    code = static_cast<ReasonCode>(value);
    require(check_reason(code, packet, version_, sender_));
  }
  void text(std::string_view /*name*/, std::string_view& value) {
    require(in_.text(value), text_ends_early);
    require(check_text(value));
  }
  // A Topic Name: no wildcards, as [MQTT-3.3.2-2] says. May be empty.
  [[gnu::always_inline]] void topic(std::string_view /*name*/, std::string_view& value) {
    require(in_.text(value), text_ends_early);
    if (!is_plain_topic(value)) [[unlikely]] {
      require(check_unusual_topic(value));
    }
  }
  void binary(std::string_view /*name*/, base::Bytes& value) {
    std::string_view content;
    require(in_.text(content), malformed("binary data goes on after the end of the packet"));
    value = base::as_bytes(content);
  }
  [[gnu::always_inline]] void rest(std::string_view /*name*/, base::Bytes& value) {
    value = in_.take_rest();
  }
  [[gnu::always_inline]] void properties(Properties& value, PropertyScope where) {
    value = {};
    if (version_ != Version::v5) return;
    std::uint32_t size = 0;
    require(in_.varint(size), malformed("the Property Length is missing or not well formed"));
    base::Bytes block;
    require(in_.take(size, block), malformed("the properties go on after the end of the packet"));
    if (block.empty()) return;
    require(check_properties(block, where, sender_));
    value = Properties{block};
  }
  // What a sender may leave out at the end of a packet.
  template <class Part>
  void tail(bool /*needed*/, Part part) {
    if (!at_end()) part();
  }
  // As many as there are, to the end of the packet.
  template <class Items, class Part>
  void items(Items& items, Part part) {
    items.clear();
    while (!at_end()) part(items.emplace_back());
  }

  Fault finish() {
    require(at_end(), malformed("bytes are left over after the end of the packet"));
    return fault_;
  }

 private:
  static constexpr Fault ends_early = malformed("the packet ends too early");
  static constexpr Fault text_ends_early =
      malformed("a string goes on after the end of the packet");

  void fail(Fault fault) {
    if (fault_.none()) fault_ = fault;
    in_ = Cursor{{}};
  }

  Cursor in_;
  Version version_;
  Sender sender_;
  Fault fault_{};
};

}  // namespace wire
