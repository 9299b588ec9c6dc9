#include "wire/property.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "wire/cursor.h"
#include "wire/sink.h"
#include "wire/utf8.h"

namespace wire {
namespace {

using enum PropertyScope;
using Id = PropertyId;
using Kind = PropertyKind;

template <class... Scopes>
constexpr std::uint32_t in(Scopes... scopes) {
  return (0U | ... | (1U << static_cast<unsigned>(scopes)));
}

constexpr std::uint32_t client_sends = in(connect, will, publish, puback, pubrec, pubrel, pubcomp,
                                          subscribe, unsubscribe, disconnect, auth);
constexpr std::uint32_t server_sends =
    in(connack, publish, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, auth);
constexpr std::uint32_t messages = in(publish, will);
constexpr std::uint32_t explained = in(connack, puback, pubrec, pubrel, pubcomp, suback, unsuback,
                                       disconnect, auth);  // Whatever may be the answer "no".

constexpr PropertySpec spec(Id id, std::string_view name, Kind kind, std::uint32_t scopes) {
  return {id, name, kind, scopes & client_sends, scopes & server_sends};
}
constexpr PropertySpec flag(Id id, std::string_view name, std::uint32_t scopes, Fault neither) {
  PropertySpec row = spec(id, name, Kind::u8, scopes);
  row.max = 1;
  row.out_of_bounds = neither;
  return row;
}
constexpr PropertySpec positive(PropertySpec row, Fault zero, std::uint32_t max = UINT32_MAX) {
  row.min = 1;
  row.max = max;
  row.out_of_bounds = zero;
  return row;
}
constexpr PropertySpec never_from_client(PropertySpec row, std::uint32_t scopes) {
  row.client_scopes &= ~scopes;
  return row;
}
constexpr PropertySpec never_from_server(PropertySpec row, std::uint32_t scopes) {
  row.server_scopes &= ~scopes;
  return row;
}
constexpr PropertySpec repeatable(PropertySpec row, std::uint32_t scopes) {
  row.repeatable_scopes = scopes;
  return row;
}

// MQTT 5, table 2-4 and the sections of the packets.
constexpr std::array table{
    flag(Id::payload_format_indicator, "payload-format-indicator", messages,
         protocol_error("Payload Format Indicator is neither 0 nor 1")),
    spec(Id::message_expiry_interval, "message-expiry-interval", Kind::u32, messages),
    spec(Id::content_type, "content-type", Kind::utf8, messages),
    spec(Id::response_topic, "response-topic", Kind::utf8, messages),
    spec(Id::correlation_data, "correlation-data", Kind::binary, messages),
    // A client only names the subscription it makes; the server says which ones matched
    // [MQTT-3.3.4-6].
    repeatable(never_from_client(
                   positive(spec(Id::subscription_identifier, "subscription-identifier",
                                 Kind::varint, in(publish, subscribe)),
                            protocol_error("Subscription Identifier is 0"), remaining_length_max),
                   in(publish)),
               in(publish)),
    never_from_server(spec(Id::session_expiry_interval, "session-expiry-interval", Kind::u32,
                           in(connect, connack, disconnect)),
                      in(disconnect)),  // [MQTT-3.14.2-2]
    spec(Id::assigned_client_identifier, "assigned-client-identifier", Kind::utf8, in(connack)),
    spec(Id::server_keep_alive, "server-keep-alive", Kind::u16, in(connack)),
    spec(Id::authentication_method, "authentication-method", Kind::utf8,
         in(connect, connack, auth)),
    spec(Id::authentication_data, "authentication-data", Kind::binary, in(connect, connack, auth)),
    flag(Id::request_problem_information, "request-problem-information", in(connect),
         protocol_error("Request Problem Information is neither 0 nor 1")),
    spec(Id::will_delay_interval, "will-delay-interval", Kind::u32, in(will)),
    flag(Id::request_response_information, "request-response-information", in(connect),
         protocol_error("Request Response Information is neither 0 nor 1")),
    spec(Id::response_information, "response-information", Kind::utf8, in(connack)),
    never_from_client(
        spec(Id::server_reference, "server-reference", Kind::utf8, in(connack, disconnect)),
        in(disconnect)),
    spec(Id::reason_string, "reason-string", Kind::utf8, explained),
    positive(spec(Id::receive_maximum, "receive-maximum", Kind::u16, in(connect, connack)),
             protocol_error("Receive Maximum is 0")),
    spec(Id::topic_alias_maximum, "topic-alias-maximum", Kind::u16, in(connect, connack)),
    positive(spec(Id::topic_alias, "topic-alias", Kind::u16, in(publish)),
             {ReasonCode::topic_alias_invalid, "Topic Alias is 0"}),  // [MQTT-3.3.2-8]
    flag(Id::maximum_qos, "maximum-qos", in(connack),
         protocol_error("Maximum QoS is neither 0 nor 1")),
    flag(Id::retain_available, "retain-available", in(connack),
         protocol_error("Retain Available is neither 0 nor 1")),
    repeatable(spec(Id::user_property, "user-property", Kind::pair, client_sends | server_sends),
               client_sends | server_sends),
    positive(spec(Id::maximum_packet_size, "maximum-packet-size", Kind::u32, in(connect, connack)),
             protocol_error("Maximum Packet Size is 0")),
    flag(Id::wildcard_subscription_available, "wildcard-subscription-available", in(connack),
         protocol_error("Wildcard Subscription Available is neither 0 nor 1")),
    flag(Id::subscription_identifier_available, "subscription-identifier-available", in(connack),
         protocol_error("Subscription Identifiers Available is neither 0 nor 1")),
    flag(Id::shared_subscription_available, "shared-subscription-available", in(connack),
         protocol_error("Shared Subscription Available is neither 0 nor 1")),
};
static_assert(table.size() == 27, "the standard has 27 properties");

constexpr std::size_t number_of(Id id) {
  return static_cast<std::size_t>(id);
}

constexpr bool is_ascending() {
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i - 1].id >= table[i].id) return false;
  }
  return true;
}
static_assert(is_ascending(), "in the order of the standard, none twice");

constexpr std::size_t id_end = 64;  // One 64-bit set holds all ids.
static_assert(number_of(table.back().id) < id_end);

// Row number plus one; 0 where the standard has no such property.
constexpr std::array<std::uint8_t, id_end> make_index() {
  std::array<std::uint8_t, id_end> index{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    index[number_of(table[i].id)] = static_cast<std::uint8_t>(i + 1);
  }
  return index;
}
constexpr auto index_by_id = make_index();

// Faults carry literals, and a person wants to read which property it was: one sentence a property,
// joined by the compiler.
struct Sentence {
  std::array<char, 80> letters{};
  std::size_t size = 0;

  constexpr void append(std::string_view text) {
    for (const char c : text) letters[size++] = c;
  }
  constexpr std::string_view view() const { return {letters.data(), size}; }
};
using Sentences = std::array<Sentence, table.size()>;

constexpr Sentences each_property(std::string_view what) {
  Sentences sentences{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    sentences[i].append(table[i].name);
    sentences[i].append(what);
  }
  return sentences;
}
constexpr Sentences misplaced = each_property(" is not allowed in this packet");
constexpr Sentences misdirected = each_property(" is not for this sender to send");
constexpr Sentences repeated = each_property(" appears more than once");
constexpr Sentences cut_short = each_property(" is cut short or not well formed");
constexpr Sentences not_utf8 = each_property(" is not valid UTF-8");

std::string_view sentence(const Sentences& sentences, const PropertySpec& row) {
  return sentences[static_cast<std::size_t>(&row - table.data())].view();
}

// Reads the value behind an id.
bool read_value(Cursor& in, Kind kind, Property& out) {
  std::uint8_t byte = 0;
  std::uint16_t word = 0;
  bool good = false;
  switch (kind) {
    case Kind::u8:
      good = in.u8(byte);
      out.number = byte;
      return good;
    case Kind::u16:
      good = in.u16(word);
      out.number = word;
      return good;
    case Kind::u32:
      return in.u32(out.number);
    case Kind::varint:
      return in.varint(out.number);
    case Kind::utf8:
    case Kind::binary:
      return in.text(out.text);
    case Kind::pair:
      return in.text(out.text) && in.text(out.value);
  }
  UNREACHABLE();
}

constexpr bool is_number(Kind kind) {
  return kind <= Kind::varint;
}

Fault check_value(const PropertySpec& row, const Property& property) {
  if (is_number(row.kind)) {
    const bool is_within = property.number >= row.min && property.number <= row.max;
    return is_within ? Fault{} : row.out_of_bounds;
  }
  if (row.kind == Kind::binary) return {};
  if (!is_valid_utf8(property.text) || !is_valid_utf8(property.value)) {
    return malformed(sentence(not_utf8, row));  // [MQTT-1.5.7-1]
  }
  if (row.id == Id::response_topic && property.text.find_first_of("+#") != std::string_view::npos) {
    return protocol_error("Response Topic has a wildcard");  // [MQTT-3.3.2-14]
  }
  return {};
}

// Table 2-4 names packets: outside them an id is malformed. In the right packet from the wrong side
// it breaks a rule of the conversation.
Fault check_place(const PropertySpec& row, PropertyScope where, Sender sender) {
  if (row.is_allowed(where, sender)) return {};
  const Sender other = sender == Sender::client ? Sender::server : Sender::client;
  return row.is_allowed(where, other) ? protocol_error(sentence(misdirected, row))
                                      : malformed(sentence(misplaced, row));
}

constexpr std::uint64_t bit(Id id) {
  return std::uint64_t{1} << number_of(id);
}

Fault check_next(Cursor& in, PropertyScope where, Sender sender, std::uint64_t& seen) {
  std::uint8_t id = 0;
  if (!in.u8(id)) return malformed("the properties end within a property");
  const PropertySpec* const row = find_property(id);
  if (row == nullptr) return malformed("a property identifier that the standard does not have");
  if (const Fault fault = check_place(*row, where, sender); !fault.none()) return fault;
  const bool may_repeat = (row->repeatable_scopes >> static_cast<unsigned>(where) & 1U) != 0;
  if ((seen & bit(row->id)) != 0 && !may_repeat) return protocol_error(sentence(repeated, *row));
  seen |= bit(row->id);
  Property property;
  if (!read_value(in, row->kind, property)) return malformed(sentence(cut_short, *row));
  return check_value(*row, property);
}

std::size_t value_size(Kind kind, std::uint32_t number) {
  switch (kind) {
    case Kind::u8:
      return 1;
    case Kind::u16:
      return 2;
    case Kind::u32:
      return 4;
    case Kind::varint:
      return varint_size(number);
    case Kind::utf8:
    case Kind::binary:
    case Kind::pair:
      break;
  }
  UNREACHABLE();
}

std::uint8_t* write_number(std::uint8_t* out, Kind kind, std::uint32_t number) {
  switch (kind) {
    case Kind::u8:
      return write_u8(out, static_cast<std::uint8_t>(number));
    case Kind::u16:
      return write_u16(out, static_cast<std::uint16_t>(number));
    case Kind::u32:
      return write_u32(out, number);
    case Kind::varint:
      return write_varint(out, number);
    case Kind::utf8:
    case Kind::binary:
    case Kind::pair:
      break;
  }
  UNREACHABLE();
}

const PropertySpec& spec_of(Id id) {
  const PropertySpec* const row = find_property(static_cast<std::uint8_t>(id));
  ASSERT(row != nullptr);
  return *row;
}

// Room for `size` more bytes, the first of them the id.
std::uint8_t* grow(std::vector<std::uint8_t>& bytes, Id id, std::size_t size) {
  const std::size_t before = bytes.size();
  bytes.resize(before + 1 + size);
  return write_u8(bytes.data() + before, static_cast<std::uint8_t>(id));
}

}  // namespace

std::span<const PropertySpec> all_properties() {
  return table;
}

const PropertySpec* find_property(std::uint8_t id) {
  const std::size_t number = id < id_end ? index_by_id[id] : 0;
  return number == 0 ? nullptr : &table[number - 1];
}

const PropertySpec* find_property(std::string_view name) {
  const auto* const found = std::ranges::find(table, name, &PropertySpec::name);
  return found == table.end() ? nullptr : found;
}

Properties::Iterator::Iterator(base::Bytes rest) : rest_(rest) {
  read();
}

Properties::Iterator& Properties::Iterator::operator++() {
  read();
  return *this;
}

Properties::Iterator Properties::Iterator::operator++(int) {
  const Iterator before = *this;
  read();
  return before;
}

void Properties::Iterator::read() {
  current_bytes_ = {};
  if (rest_.empty()) return;
  current_ = Property{.id = static_cast<PropertyId>(rest_[0])};
  Cursor in{rest_.subspan(1)};
  const bool is_whole = read_value(in, spec_of(current_.id).kind, current_);
  ASSERT(is_whole);  // The block was checked, or built by PropertyList.
  const std::size_t size = rest_.size() - in.left();
  current_bytes_ = rest_.first(size);
  rest_ = rest_.subspan(size);
}

std::optional<Property> Properties::find(PropertyId id) const {
  for (const Property& property : *this) {
    if (property.id == id) return property;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Properties::number(PropertyId id) const {
  const std::optional<Property> found = find(id);
  return found ? std::optional{found->number} : std::nullopt;
}

std::optional<std::string_view> Properties::text(PropertyId id) const {
  const std::optional<Property> found = find(id);
  return found ? std::optional{found->text} : std::nullopt;
}

Fault check_properties(base::Bytes encoded, PropertyScope where, Sender sender) {
  Cursor in{encoded};
  std::uint64_t seen = 0;
  while (!in.at_end()) {
    if (const Fault fault = check_next(in, where, sender, seen); !fault.none()) return fault;
  }
  const bool has_method = (seen & bit(Id::authentication_method)) != 0;
  const bool has_data = (seen & bit(Id::authentication_data)) != 0;
  if (has_data && !has_method) {
    return protocol_error("Authentication Data without Authentication Method");
  }
  if (where == PropertyScope::auth && !has_method) {
    return protocol_error("AUTH without Authentication Method");
  }
  return {};
}

void PropertyList::add(PropertyId id, std::uint32_t number) {
  const PropertySpec& row = spec_of(id);
  ASSERT(is_number(row.kind));
  ASSERT(number >= row.min);
  ASSERT(number <= row.max);
  ASSERT(row.kind != Kind::u16 || number <= UINT16_MAX);
  write_number(grow(encoded_, id, value_size(row.kind, number)), row.kind, number);
}

void PropertyList::add(PropertyId id, std::string_view text) {
  const Kind kind = spec_of(id).kind;
  ASSERT(kind == Kind::utf8 || kind == Kind::binary);
  write_text(grow(encoded_, id, 2 + text.size()), text);
}

void PropertyList::add(PropertyId id, std::string_view name, std::string_view value) {
  ASSERT(spec_of(id).kind == Kind::pair);
  write_text(write_text(grow(encoded_, id, 4 + name.size() + value.size()), name), value);
}

void PropertyList::add(const Properties& more) {
  add_encoded(more.encoded());
}

void PropertyList::add_encoded(base::Bytes property) {
  encoded_.insert(encoded_.end(), property.begin(), property.end());
}

}  // namespace wire
