#include "sim/packet.h"

#include <array>
#include <utility>

namespace sim {

std::string_view name_of(Type type) {
  constexpr std::array<std::string_view, 16> names{
      "nothing", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
      "PUBREL",  "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
      "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
  return names[static_cast<std::size_t>(type)];
}

std::optional<std::uint32_t> number_of(const Properties& properties, std::uint8_t id) {
  for (const Property& p : properties) {
    if (p.id == id) return p.number;
  }
  return std::nullopt;
}

namespace {

enum class Kind : std::uint8_t { unknown, byte, two, four, variable, text, binary, pair };

Kind kind_of(std::uint8_t id) {
  switch (id) {
    case 0x01:
    case 0x17:
    case 0x19:
    case 0x24:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2a:
      return Kind::byte;
    case 0x13:
    case 0x21:
    case 0x22:
    case 0x23:
      return Kind::two;
    case 0x02:
    case 0x11:
    case 0x18:
    case 0x27:
      return Kind::four;
    case 0x0b:
      return Kind::variable;
    case 0x03:
    case 0x08:
    case 0x12:
    case 0x15:
    case 0x1a:
    case 0x1c:
    case 0x1f:
      return Kind::text;
    case 0x09:
    case 0x16:
      return Kind::binary;
    case 0x26:
      return Kind::pair;
    default:
      return Kind::unknown;
  }
}

// What the server may put where (MQTT 5, table 2-4).
std::string_view allowed_in(Type type) {
  switch (type) {
    case Type::connack:
      return "\x11\x12\x13\x15\x16\x1a\x1c\x1f\x21\x22\x24\x25\x26\x27\x28\x29\x2a";
    case Type::publish:
      return "\x01\x02\x03\x08\x09\x0b\x23\x26";
    case Type::disconnect:
      return "\x1c\x1f\x26";
    case Type::auth:
      return "\x15\x16\x1f\x26";
    case Type::puback:
    case Type::pubrec:
    case Type::pubrel:
    case Type::pubcomp:
    case Type::suback:
    case Type::unsuback:
      return "\x1f\x26";
    case Type::none:
    case Type::connect:
    case Type::subscribe:
    case Type::unsubscribe:
    case Type::pingreq:
    case Type::pingresp:
      return "";
  }
  return "";
}

// ---------------------------------------------------------------- writing

void put_number(std::string& out, std::uint32_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xffU);
  }
}

void put_variable(std::string& out, std::size_t value) {
  do {
    const std::size_t low = value % 128;
    value /= 128;
    out += static_cast<char>(low | (value > 0 ? 128U : 0U));
  } while (value > 0);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, static_cast<std::uint32_t>(text.size()), 2);
  out += text;
}

void put_property(std::string& out, const Property& p) {
  out += static_cast<char>(p.id);
  switch (kind_of(p.id)) {
    case Kind::byte:
      return put_number(out, p.number, 1);
    case Kind::two:
      return put_number(out, p.number, 2);
    case Kind::four:
      return put_number(out, p.number, 4);
    case Kind::variable:
      return put_variable(out, p.number);
    case Kind::pair:
      put_text(out, p.text);
      return put_text(out, p.value);
    case Kind::text:
    case Kind::binary:
    case Kind::unknown:
      return put_text(out, p.text);
  }
}

void put_properties(std::string& out, const Properties& properties, int version) {
  if (version < 5) return;
  std::string block;
  for (const Property& p : properties) put_property(block, p);
  put_variable(out, block.size());
  out += block;
}

std::string connect_body(const Packet& packet) {
  std::string out;
  put_text(out, packet.version == 3 ? "MQIsdp" : "MQTT");
  out += static_cast<char>(packet.version);
  unsigned flags = packet.clean_start ? 2U : 0U;
  if (packet.will) {
    flags |= 4U | static_cast<unsigned>(packet.will->qos) << 3 | (packet.will->retain ? 32U : 0U);
  }
  out += static_cast<char>(flags);
  put_number(out, packet.keep_alive, 2);
  put_properties(out, packet.properties, packet.version);
  put_text(out, packet.topic);
  if (packet.will) {
    put_properties(out, packet.will->properties, packet.version);
    put_text(out, packet.will->topic);
    put_text(out, packet.will->payload);
  }
  return out;
}

std::string body_of(const Packet& packet, int version) {
  std::string out;
  switch (packet.type) {
    case Type::connect:
      return connect_body(packet);
    case Type::publish:
      put_text(out, packet.topic);
      if (packet.qos > 0) put_number(out, packet.id, 2);
      put_properties(out, packet.properties, version);
      return out + packet.payload;
    case Type::puback:
    case Type::pubrec:
    case Type::pubrel:
    case Type::pubcomp:
      put_number(out, packet.id, 2);
      if (version == 5 && packet.reason != 0) out += static_cast<char>(packet.reason);
      return out;
    case Type::subscribe:
    case Type::unsubscribe:
      put_number(out, packet.id, 2);
      put_properties(out, packet.properties, version);
      for (const Filter& filter : packet.filters) {
        put_text(out, filter.text);
        if (packet.type == Type::subscribe) out += static_cast<char>(filter.options);
      }
      return out;
    case Type::disconnect:
      if (version < 5 || (packet.reason == 0 && packet.properties.empty())) return out;
      out += static_cast<char>(packet.reason);
      if (!packet.properties.empty()) put_properties(out, packet.properties, version);
      return out;
    case Type::none:
    case Type::connack:
    case Type::suback:
    case Type::unsuback:
    case Type::pingreq:
    case Type::pingresp:
    case Type::auth:
      return out;
  }
  return out;
}

// ---------------------------------------------------------------- reading

// Reads a body from front to back; the first thing wrong sticks.
class Reader final {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
  }
  std::string text() {
    const std::string value = data();
    if (!is_utf8(value)) fail("not UTF-8");
    return value;
  }
  std::string data() { return std::string{take(number(2))}; }
  std::uint32_t variable() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
      const std::uint32_t byte = number(1);
      value |= (byte & 127U) << shift;
      if (byte >= 128) continue;
      if (byte == 0 && shift > 0) fail("a number is not in its shortest form");
      return value;
    }
    fail("a number has five bytes");
    return 0;
  }
  std::string_view take(std::size_t size) {
    if (size > in_.size()) {
      fail("ends too early");
      size = 0;
    }
    const std::string_view taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() { return take(in_.size()); }
  bool empty() const { return in_.empty(); }
  void fail(std::string_view why) {
    if (error_.empty()) error_ = why;
  }
  void must(bool holds, std::string_view otherwise) {
    if (!holds) fail(otherwise);
  }
  const std::string& error() const { return error_; }

 private:
  static bool is_utf8(std::string_view text);
  std::string_view in_;
  std::string error_;
};

// Well-formed, no surrogates, no U+0000 (MQTT 5, 1.5.4).
bool Reader::is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    if (lead == 0) return false;
    const std::size_t more = lead < 0x80   ? 0
                             : lead < 0xc2 ? 9
                             : lead < 0xe0 ? 1
                             : lead < 0xf0 ? 2
                             : lead < 0xf5 ? 3
                                           : 9;
    if (more == 9 || i + more >= text.size() + (more == 0 ? 1U : 0U)) return false;
    std::uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      if ((next & 0xc0U) != 0x80U) return false;
      point = point << 6 | (next & 0x3fU);
    }
    constexpr std::array<std::uint32_t, 4> least{0, 0x80, 0x800, 0x10000};
    if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
      return false;
    i += more + 1;
  }
  return true;
}

Property read_property(Reader& in) {
  Property p{.id = static_cast<std::uint8_t>(in.number(1))};
  switch (kind_of(p.id)) {
    case Kind::byte:
      p.number = in.number(1);
      break;
    case Kind::two:
      p.number = in.number(2);
      break;
    case Kind::four:
      p.number = in.number(4);
      break;
    case Kind::variable:
      p.number = in.variable();
      in.must(p.number != 0, "a Subscription Identifier is 0");
      break;
    case Kind::text:
      p.text = in.text();
      break;
    case Kind::binary:
      p.text = in.data();
      break;
    case Kind::pair:
      p.text = in.text();
      p.value = in.text();
      break;
    case Kind::unknown:
      in.fail("an unknown property");
      break;
  }
  return p;
}

bool may_repeat(std::uint8_t id) {
  return id == property::user || id == property::subscription_identifier;
}

Properties read_properties(Reader& in, int version, std::string_view allowed, bool checked) {
  Properties properties;
  if (version < 5) return properties;
  Reader block{in.take(in.variable())};
  while (!block.empty() && block.error().empty()) {
    Property p = read_property(block);
    const bool known = !checked || allowed.find(static_cast<char>(p.id)) != std::string_view::npos;
    block.must(known, "a property that may not stand here");
    block.must(may_repeat(p.id) || !number_of(properties, p.id), "a property twice");
    properties.push_back(std::move(p));
  }
  in.must(block.error().empty(), block.error());
  return properties;
}

void read_connect(Reader& in, Packet& packet) {
  in.text();
  packet.version = static_cast<std::uint8_t>(in.number(1));
  const std::uint32_t flags = in.number(1);
  packet.clean_start = (flags & 2U) != 0;
  packet.keep_alive = static_cast<std::uint16_t>(in.number(2));
  packet.properties = read_properties(in, packet.version, {}, false);
  packet.topic = in.text();
  if ((flags & 4U) == 0) return;
  Will will{.topic = {},
            .payload = {},
            .qos = static_cast<int>(flags >> 3 & 3U),
            .retain = (flags & 32U) != 0};
  will.properties = read_properties(in, packet.version, {}, false);
  will.topic = in.text();
  will.payload = in.data();
  packet.will = std::move(will);
}

void read_publish(Reader& in, Packet& packet, unsigned flags, int version, bool checked) {
  packet.dup = (flags & 8U) != 0;
  packet.qos = static_cast<int>(flags >> 1 & 3U);
  packet.retain = (flags & 1U) != 0;
  in.must(packet.qos < 3, "QoS 3");
  in.must(!packet.dup || packet.qos > 0, "DUP at QoS 0");
  packet.topic = in.text();
  in.must(packet.topic.find_first_of("+#") == std::string::npos, "a topic with a wildcard");
  if (packet.qos > 0) {
    packet.id = static_cast<std::uint16_t>(in.number(2));
    in.must(packet.id != 0, "packet identifier 0");
  }
  packet.properties = read_properties(in, version, allowed_in(Type::publish), checked);
  const auto alias = number_of(packet.properties, property::topic_alias);
  in.must(!alias || *alias != 0, "topic alias 0");
  in.must(!packet.topic.empty() || alias, "no topic");
  packet.payload = in.rest();
}

void read_acknowledgement(Reader& in, Packet& packet, int version, bool checked) {
  packet.id = static_cast<std::uint16_t>(in.number(2));
  in.must(packet.id != 0, "packet identifier 0");
  if (version == 5 && !in.empty()) packet.reason = static_cast<std::uint8_t>(in.number(1));
  if (version == 5 && !in.empty()) {
    packet.properties = read_properties(in, version, allowed_in(packet.type), checked);
  }
}

void read_codes(Reader& in, Packet& packet, int version) {
  packet.id = static_cast<std::uint16_t>(in.number(2));
  packet.properties = read_properties(in, version, allowed_in(packet.type), true);
  for (const char c : in.rest()) packet.codes.push_back(static_cast<std::uint8_t>(c));
  in.must(packet.type == Type::suback || version == 5 || packet.codes.empty(),
          "UNSUBACK has a payload before MQTT 5");
}

void read_filters(Reader& in, Packet& packet, int version) {
  packet.id = static_cast<std::uint16_t>(in.number(2));
  packet.properties = read_properties(in, version, {}, false);
  while (!in.empty() && in.error().empty()) {
    Filter filter{in.text()};
    if (packet.type == Type::subscribe) filter.options = static_cast<std::uint8_t>(in.number(1));
    packet.filters.push_back(std::move(filter));
  }
}

void read_body(Reader& in, Packet& packet, unsigned flags, int version, bool from_server) {
  switch (packet.type) {
    case Type::connect:
      return read_connect(in, packet);
    case Type::connack: {
      const std::uint32_t acknowledge = in.number(1);
      in.must(acknowledge <= 1, "CONNACK's reserved bits are set");
      packet.session_present = acknowledge == 1;
      packet.reason = static_cast<std::uint8_t>(in.number(1));
      in.must(packet.reason == 0 || !packet.session_present, "Session Present with a refusal");
      packet.properties = read_properties(in, version, allowed_in(packet.type), true);
      return;
    }
    case Type::publish:
      return read_publish(in, packet, flags, version, from_server);
    case Type::puback:
    case Type::pubrec:
    case Type::pubrel:
    case Type::pubcomp:
      return read_acknowledgement(in, packet, version, from_server);
    case Type::suback:
    case Type::unsuback:
      return read_codes(in, packet, version);
    case Type::subscribe:
    case Type::unsubscribe:
      return read_filters(in, packet, version);
    case Type::disconnect:
      in.must(!from_server || version == 5, "DISCONNECT from the server before MQTT 5");
      if (!in.empty()) packet.reason = static_cast<std::uint8_t>(in.number(1));
      if (!in.empty()) {
        packet.properties = read_properties(in, version, allowed_in(packet.type), from_server);
      }
      return;
    case Type::auth:
      in.fail("AUTH without an authentication method");
      return;
    case Type::pingreq:
    case Type::pingresp:
      return;
    case Type::none:
      in.fail("packet type 0");
  }
}

bool is_from_client(Type type) {
  return type == Type::connect || type == Type::subscribe || type == Type::unsubscribe ||
         type == Type::pingreq;
}

unsigned fixed_flags(Type type) {
  const bool has_bit = type == Type::pubrel || type == Type::subscribe || type == Type::unsubscribe;
  return has_bit ? 2U : 0U;
}

}  // namespace

std::string encode(const Packet& packet, int version) {
  unsigned first = static_cast<unsigned>(packet.type) << 4 | fixed_flags(packet.type);
  if (packet.type == Type::publish) {
    first |=
        (packet.dup ? 8U : 0U) | static_cast<unsigned>(packet.qos) << 1 | (packet.retain ? 1U : 0U);
  }
  const std::string body = body_of(packet, version);
  std::string out{static_cast<char>(first)};
  put_variable(out, body.size());
  return out + body;
}

void Decoder::feed(std::string_view bytes) {
  buffer_.erase(0, std::exchange(at_, 0));
  buffer_ += bytes;
}

std::optional<Packet> Decoder::next() {
  const std::string_view rest = std::string_view{buffer_}.substr(at_);
  std::size_t header = 1;
  while (header < rest.size() && header < 5 &&
         (static_cast<std::uint8_t>(rest[header]) & 128U) != 0)
    ++header;
  if (rest.size() <= header || !error_.empty()) return std::nullopt;
  Reader in{rest.substr(1)};
  const std::size_t length = in.variable();
  if (in.error().empty() && rest.size() < header + 1 + length) return std::nullopt;
  const auto first = static_cast<std::uint8_t>(rest[0]);
  Packet packet;
  packet.type = static_cast<Type>(first >> 4);
  packet.size = header + 1 + length;
  Reader body{in.take(length)};
  body.must(in.error().empty(), in.error());
  body.must(!from_server_ || !is_from_client(packet.type), "a packet that only clients send");
  body.must(packet.type == Type::publish || (first & 15U) == fixed_flags(packet.type),
            "reserved flags are set");
  read_body(body, packet, first & 15U, version_, from_server_);
  if (packet.type == Type::connect) version_ = packet.version;
  body.must(!body.error().empty() || body.empty(), "bytes behind the end");
  at_ += packet.size;
  if (!body.error().empty()) {
    error_ = std::string{name_of(packet.type)} + ": " + body.error();
    return std::nullopt;
  }
  return packet;
}

}  // namespace sim
