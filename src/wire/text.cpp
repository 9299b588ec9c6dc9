// to_text: a packet as one line, from the same layouts.
#include <string>

#include "wire/codec.h"
#include "wire/layout.h"

namespace wire {
namespace {

constexpr std::size_t shown_max = 200;  // Bytes of one string; a line is for people.
constexpr std::string_view hex_digits = "0123456789abcdef";

std::string hex(std::uint8_t value) {
  return {'0', 'x', hex_digits[value >> 4U], hex_digits[value & 0x0fU]};
}

// Control characters could forge lines of a log.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, shown_max)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      (out += "\\x") += hex(byte).substr(2);
    } else {
      out += c;
    }
  }
  return out + (text.size() > shown_max ? "...\"" : "\"");
}

std::string counted(std::size_t bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string value_text(const Property& property, PropertyKind kind) {
  switch (kind) {
    case PropertyKind::u8:
    case PropertyKind::u16:
    case PropertyKind::u32:
    case PropertyKind::varint:
      return std::to_string(property.number);
    case PropertyKind::utf8:
      return quoted(property.text);
    case PropertyKind::binary:
      return counted(property.text.size());
    case PropertyKind::pair:
      return quoted(property.text) + ":" + quoted(property.value);
  }
  return {};
}

class Printer final {
 public:
  static constexpr bool reading = false;

  Printer(std::string& out, Version version) : out_(out), version_(version) {}
  Version version() const { return version_; }

  void show(std::string_view name, std::string_view value) {
    ((out_ += ' ') += name) += '=';
    out_ += value;
  }
  void u8(std::string_view name, std::uint8_t value) { show(name, std::to_string(value)); }
  void bits(std::string_view name, std::uint8_t value) { show(name, hex(value)); }
  void u16(std::string_view name, std::uint16_t value) { show(name, std::to_string(value)); }
  void packet_id(std::string_view name, PacketId id) { show(name, std::to_string(id.value)); }
  void reason(std::string_view name, ReasonCode code, PacketType) {
    show(name, hex(static_cast<std::uint8_t>(code)));
  }
  void text(std::string_view name, std::string_view value) { show(name, quoted(value)); }
  void topic(std::string_view name, std::string_view value) { show(name, quoted(value)); }
  // Never the bytes: they may be a password.
  void binary(std::string_view name, base::Bytes value) { show(name, counted(value.size())); }
  void rest(std::string_view name, base::Bytes value) { show(name, counted(value.size())); }
  void properties(const Properties& value, PropertyScope) {
    if (version_ != Version::v5) return;
    for (const Property& property : value) {
      const PropertySpec* const row = find_property(static_cast<std::uint8_t>(property.id));
      show(row->name, value_text(property, row->kind));
    }
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
  std::string& out_;
  Version version_;
};

template <class P>
void show_flags(Printer& /*printer*/, const P& /*packet*/) {}
void show_flags(Printer& printer, const Publish& packet) {
  printer.u8("dup", packet.dup ? 1 : 0);
  printer.u8("qos", static_cast<std::uint8_t>(packet.qos));
  printer.u8("retain", packet.retain ? 1 : 0);
}

template <class P>
Version version_of(const P& packet, Version version) {
  if constexpr (Of<P, Connect>) {
    return packet.version;
  } else {
    return version;
  }
}

}  // namespace

std::string to_text(const Packet& packet, Version version) {
  return std::visit(
      [&]<class P>(const P& p) {
        std::string out{name_of(P::type)};
        Printer printer{out, version_of(p, version)};
        show_flags(printer, p);
        layout(printer, p);
        return out;
      },
      packet);
}

}  // namespace wire
