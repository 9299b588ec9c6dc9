#include "sub_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <optional>

#include "sub_json.h"

namespace apps {
namespace {

using Layout = Format::Layout;
using wire::PropertyId;

constexpr std::string_view fields = "%ACDEFIJPRSUXdfjlmpqrtx";
constexpr std::uint32_t width_max = 1'000'000;

base::Error<std::string> error(std::string text) {
  return base::Error{std::move(text)};
}

std::optional<char> escaped(char letter) {
  switch (letter) {
    case '\\':
      return '\\';
    case '0':
      return '\0';
    case 'a':
      return '\a';
    case 'e':
      return '\033';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return std::nullopt;
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_plain_letter(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '%';
}

}  // namespace

// ---------------------------------------------------------------- compiling

struct Format::Reader {
  using Outcome = base::Result<void, std::string>;

  std::string_view rest;
  std::vector<Piece> pieces{};

  Outcome read_all() {
    while (!rest.empty()) {
      const char c = take();
      Outcome read;
      if (c == '%') {
        read = read_field();
      } else if (c == '@') {
        read = read_time();
      } else if (c == '\\') {
        read = read_escape();
      } else {
        add_text(c);
      }
      if (!read) return read;
    }
    return {};
  }

  char take() {
    const char c = rest.front();
    rest.remove_prefix(1);
    return c;
  }

  void add_text(char c) {
    if (pieces.empty() || pieces.back().kind != Kind::text) pieces.push_back({.kind = Kind::text});
    pieces.back().text += c;
  }

  Outcome read_field() {
    Layout layout = read_layout();
    if (rest.empty()) return error("Incomplete format specifier.");
    const char letter = take();
    if (fields.find(letter) == std::string_view::npos) {
      return error(fmt::format("Invalid format specifier '{}'.", letter));
    }
    if (letter == '%') {
      add_text('%');
    } else {
      pieces.push_back({.kind = Kind::field, .letter = letter, .layout = layout});
    }
    return {};
  }

  Layout read_layout() {
    Layout layout;
    while (!rest.empty() && (rest.front() == '-' || rest.front() == '0')) {
      (take() == '-' ? layout.left : layout.zeros) = true;
    }
    layout.width = read_number();
    if (rest.empty() || rest.front() != '.') return layout;
    take();
    layout.precision = static_cast<std::int32_t>(read_number());
    read_separator(layout);
    return layout;
  }

  // "%.2:x": between precision and x, where no field can be meant.
  void read_separator(Layout& layout) {
    if (rest.size() < 2 || is_plain_letter(rest[0]) || (rest[1] != 'x' && rest[1] != 'X')) return;
    layout.separator = take();
  }

  std::uint32_t read_number() {
    std::uint32_t number = 0;
    while (!rest.empty() && is_digit(rest.front())) {
      number = std::min(number * 10 + static_cast<std::uint32_t>(take() - '0'), width_max);
    }
    return number;
  }

  Outcome read_time() {
    if (rest.empty()) return error("Incomplete format specifier.");
    const char letter = take();
    if (letter == '@') {
      add_text('@');
    } else {
      pieces.push_back({.kind = Kind::time, .letter = letter});
    }
    return {};
  }

  Outcome read_escape() {
    if (rest.empty()) return error("Incomplete escape specifier.");
    const char letter = take();
    const std::optional<char> c = escaped(letter);
    if (!c) return error(fmt::format("Invalid escape specifier '{}'.", letter));
    add_text(*c);
    return {};
  }
};

base::Result<Format, std::string> Format::compile(std::string_view text) {
  Reader reader{.rest = text};
  if (auto read = reader.read_all(); !read) return error(read.error());
  Format format;
  format.pieces_ = std::move(reader.pieces);
  return format;
}

// ---------------------------------------------------------------- printing

namespace {

void pad(std::string& out, std::size_t size, std::uint32_t width, char with) {
  if (size < width) out.append(width - size, with);
}

void print_text(std::string_view text, const Layout& layout, std::string& out) {
  if (layout.precision > 0) text = text.substr(0, static_cast<std::size_t>(layout.precision));
  if (!layout.left) pad(out, text.size(), layout.width, ' ');
  out += text;
  if (layout.left) pad(out, text.size(), layout.width, ' ');
}

void print_digits(std::string_view digits, const Layout& layout, std::string& out) {
  if (!layout.left) pad(out, digits.size(), layout.width, layout.zeros ? '0' : ' ');
  out += digits;
  if (layout.left) pad(out, digits.size(), layout.width, ' ');
}

// What is not there takes the room that it would take.
void print_number(std::optional<std::uint64_t> number, const Layout& layout, std::string& out) {
  if (!number) return pad(out, 0, layout.width, layout.zeros ? '0' : ' ');
  print_digits(fmt::format("{}", *number), layout, out);
}

// Mosquitto's width is also the most that is printed of a payload.
void print_payload(std::string_view payload, const Layout& layout, std::string& out) {
  if (layout.width > 0) payload = payload.substr(0, layout.width);
  print_digits(payload, layout, out);
}

void print_hex(base::Bytes payload, bool upper, const Layout& layout, std::string& out) {
  const bool grouped = layout.precision > 0;
  if (layout.width > 0 && !grouped) {
    payload = payload.first(std::min<std::size_t>(payload.size(), layout.width / 2));
  }
  const char* const alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string digits;
  digits.reserve(payload.size() * 2);
  std::size_t count = 0;
  const auto add = [&](unsigned nibble) {
    if (grouped && count > 0 && count % static_cast<std::size_t>(layout.precision) == 0) {
      digits += layout.separator;
    }
    digits += alphabet[nibble];
    ++count;
  };
  for (const std::uint8_t byte : payload) {
    add(byte >> 4U);
    add(byte & 15U);
  }
  print_digits(digits, layout, out);
}

// The payload as the machine's own float or double.
template <class Float>
void print_float(base::Bytes payload, const Layout& layout, std::string& out) {
  if (payload.size() != sizeof(Float)) return print_number(std::nullopt, layout, out);
  Float number{};
  std::memcpy(&number, payload.data(), sizeof number);
  const int precision = layout.precision < 0 ? 6 : layout.precision;
  print_digits(fmt::format("{:.{}f}", static_cast<double>(number), precision), layout, out);
}

void print_user_properties(const midge::Message& message, std::string& out) {
  bool first = true;
  for (const wire::Property& property : message.properties) {
    if (property.id != PropertyId::user_property) continue;
    if (!first) out += ' ';
    first = false;
    out += property.text;
    out += ':';
    out += property.value;
  }
}

struct LocalTime {
  std::tm parts{};
  std::int64_t nanoseconds = 0;
};

LocalTime local_time(base::WallTime now) {
  LocalTime local;
  const std::time_t seconds = now.seconds();
  localtime_r(&seconds, &local.parts);
  local.nanoseconds = now.since_epoch.count() % 1'000'000'000;
  return local;
}

std::string with_strftime(const char* format, const LocalTime& local) {
  std::array<char, 100> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &local.parts)};
}

void print_time(char letter, base::WallTime now, std::string& out) {
  const LocalTime local = local_time(now);
  if (letter == 'N') {
    out += fmt::format("{:09}", local.nanoseconds);
    return;
  }
  const std::array<char, 3> format{'%', letter, '\0'};
  out += with_strftime(format.data(), local);
}

void print_property(const midge::Message& message, char letter, const Layout& layout,
                    std::string& out) {
  const auto number = [&](PropertyId id) {
    print_number(message.properties.number(id), layout, out);
  };
  switch (letter) {
    case 'A':
      return number(PropertyId::topic_alias);
    case 'E':
      return number(PropertyId::message_expiry_interval);
    case 'F':
      return number(PropertyId::payload_format_indicator);
    case 'S':
      return number(PropertyId::subscription_identifier);
    case 'C':
      return print_text(message.properties.text(PropertyId::content_type).value_or(""), layout,
                        out);
    case 'R':  // Unlike the others, nothing at all when it is not there.
      if (const auto topic = message.properties.text(PropertyId::response_topic)) {
        print_text(*topic, layout, out);
      }
      return;
    case 'D':
      out += message.properties.text(PropertyId::correlation_data).value_or("");
      return;
    case 'P':
      return print_user_properties(message, out);
    default:
      UNREACHABLE();
  }
}

bool print_field(const midge::Message& message, base::WallTime now, char letter,
                 const Layout& layout, bool pretty, std::string& out) {
  switch (letter) {
    case 'I':
      print_text(with_strftime("%FT%T%z", local_time(now)), layout, out);
      return true;
    case 'U':
      out += fmt::format("{}.{:09}", now.seconds(), now.since_epoch.count() % 1'000'000'000);
      return true;
    case 'J':
    case 'j':
      return print_json(message, now, {.is_json = letter == 'J', .pretty = pretty}, out);
    case 'X':
    case 'x':
      print_hex(message.payload, letter == 'X', layout, out);
      return true;
    case 'd':
      print_float<double>(message.payload, layout, out);
      return true;
    case 'f':
      print_float<float>(message.payload, layout, out);
      return true;
    case 'l':
      print_number(message.payload.size(), layout, out);
      return true;
    case 'm':
      print_number(message.id, layout, out);
      return true;
    case 'p':
      print_payload(message.text(), layout, out);
      return true;
    case 'q':
      out += static_cast<char>('0' + static_cast<int>(message.qos));
      return true;
    case 'r':
      out += message.retain ? '1' : '0';
      return true;
    case 't':
      print_text(message.topic, layout, out);
      return true;
    default:
      print_property(message, letter, layout, out);
      return true;
  }
}

}  // namespace

bool Format::print(const midge::Message& message, base::WallTime now, bool pretty,
                   std::string& out) const {
  bool complete = true;
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Kind::text:
        out += piece.text;
        break;
      case Kind::time:
        print_time(piece.letter, now, out);
        break;
      case Kind::field:
        complete = print_field(message, now, piece.letter, piece.layout, pretty, out) && complete;
        break;
    }
  }
  return complete;
}

}  // namespace apps
