// Internal to wire: the visitors that measure a packet's body and that write it. What no peer can
// cause (a string over 65,535 bytes) is asserted. Neither checks what the caller says: that is his.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "wire/property.h"
#include "wire/sink.h"
#include "wire/types.h"

namespace wire {

// Before MQTT 5 a SUBACK knows one failure only [MQTT-3.9.3-2 of 3.1.1].
constexpr std::uint8_t reason_byte(ReasonCode code, Version version) {
  const bool is_v3_failure = version != Version::v5 && is_error(code);
  return static_cast<std::uint8_t>(is_v3_failure ? ReasonCode::unspecified_error : code);
}

class Sizer final {
 public:
  static constexpr bool reading = false;

  explicit Sizer(Version version) : version_(version) {}
  Version version() const { return version_; }
  std::size_t size() const { return size_; }

  void u8(std::string_view /*name*/, std::uint8_t) { size_ += 1; }
  void bits(std::string_view /*name*/, std::uint8_t) { size_ += 1; }
  void u16(std::string_view /*name*/, std::uint16_t) { size_ += 2; }
  void packet_id(std::string_view /*name*/, PacketId) { size_ += 2; }
  void reason(std::string_view /*name*/, ReasonCode, PacketType) { size_ += 1; }
  void text(std::string_view /*name*/, std::string_view value) { size_ += 2 + value.size(); }
  void topic(std::string_view /*name*/, std::string_view value) { size_ += 2 + value.size(); }
  void binary(std::string_view /*name*/, base::Bytes value) { size_ += 2 + value.size(); }
  void rest(std::string_view /*name*/, base::Bytes value) { size_ += value.size(); }
  void properties(const Properties& value, PropertyScope) {
    const std::size_t size = value.encoded().size();
    if (version_ == Version::v5) size_ += varint_size(size) + size;
  }
  template <class Part>
  void tail(bool needed, Part part) {
    if (needed) part();
  }
  template <class Items, class Part>
  void items(const Items& items, Part part) {
    for (const auto& item : items) part(item);
  }

 private:
  Version version_;
  std::size_t size_ = 0;
};

class Writer final {
 public:
  static constexpr bool reading = false;

  Writer(std::uint8_t* out, Version version) : out_(out), version_(version) {}
  Version version() const { return version_; }
  std::uint8_t* position() const { return out_; }

  void u8(std::string_view /*name*/, std::uint8_t value) { out_ = write_u8(out_, value); }
  void bits(std::string_view /*name*/, std::uint8_t value) { out_ = write_u8(out_, value); }
  void u16(std::string_view /*name*/, std::uint16_t value) { out_ = write_u16(out_, value); }
  void packet_id(std::string_view /*name*/, PacketId id) { out_ = write_u16(out_, id.value); }
  void reason(std::string_view /*name*/, ReasonCode code, PacketType) {
    out_ = write_u8(out_, reason_byte(code, version_));
  }
  void text(std::string_view /*name*/, std::string_view value) { out_ = write_text(out_, value); }
  void topic(std::string_view /*name*/, std::string_view value) { out_ = write_text(out_, value); }
  void binary(std::string_view /*name*/, base::Bytes value) {
    out_ = write_text(out_, base::as_text(value));
  }
  void rest(std::string_view /*name*/, base::Bytes value) { out_ = write_bytes(out_, value); }
  void properties(const Properties& value, PropertyScope) {
    if (version_ != Version::v5) return;
    out_ = write_varint(out_, value.encoded().size());
    out_ = write_bytes(out_, value.encoded());
  }
  template <class Part>
  void tail(bool needed, Part part) {
    if (needed) part();
  }
  template <class Items, class Part>
  void items(const Items& items, Part part) {
    for (const auto& item : items) part(item);
  }

 private:
  std::uint8_t* out_;
  Version version_;
};

}  // namespace wire
