#include "json_text.h"

#include <fmt/format.h>
#include <fmt/printf.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

namespace apps {
namespace {

// Hands what nlohmann's parser finds to a writer: nothing is stored, so order and repeated names
// stay as they are.
class Copier final : public nlohmann::json::json_sax_t {
 public:
  explicit Copier(JsonWriter& writer) : writer_(writer) {}

  bool null() override { return writer_.null(), true; }
  bool boolean(bool value) override { return writer_.boolean(value), true; }
  bool number_integer(std::int64_t number) override { return add(static_cast<double>(number)); }
  bool number_unsigned(std::uint64_t number) override { return add(static_cast<double>(number)); }
  bool number_float(double number, const std::string&) override { return add(number); }
  bool string(std::string& text) override { return writer_.string(text), true; }
  bool binary(nlohmann::json::binary_t&) override { return false; }  // Not in JSON.
  bool start_object(std::size_t) override { return enter() && (writer_.begin_object(), true); }
  bool key(std::string& name) override { return writer_.key(name), true; }
  bool end_object() override { return leave(), writer_.end_object(), true; }
  bool start_array(std::size_t) override { return enter() && (writer_.begin_array(), true); }
  bool end_array() override { return leave(), writer_.end_array(), true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  static constexpr std::size_t depth_max = 1000;  // As cJSON.

  bool add(double number) { return writer_.number(number), true; }
  bool enter() { return ++depth_ <= depth_max; }
  void leave() { --depth_; }

  JsonWriter& writer_;
  std::size_t depth_ = 0;
};

bool is_nearly(double a, double b) {
  return std::abs(a - b) <=
         std::max(std::abs(a), std::abs(b)) * std::numeric_limits<double>::epsilon();
}

}  // namespace

// Whatever separates a value from what is in front of it.
void JsonWriter::begin_value() {
  if (levels_.empty() || !levels_.back().is_array) return;
  if (!std::exchange(levels_.back().is_empty, false)) out_ += pretty_ ? ", " : ",";
}

void JsonWriter::begin_object() {
  begin_value();
  levels_.push_back({.is_array = false});
  out_ += pretty_ ? "{\n" : "{";
}

void JsonWriter::end_object() {
  if (pretty_) {
    if (!levels_.back().is_empty) out_ += '\n';
    indent(levels_.size() - 1);
  }
  levels_.pop_back();
  out_ += '}';
}

void JsonWriter::begin_array() {
  begin_value();
  levels_.push_back({.is_array = true});
  out_ += '[';
}

void JsonWriter::end_array() {
  levels_.pop_back();
  out_ += ']';
}

void JsonWriter::key(std::string_view name) {
  if (!std::exchange(levels_.back().is_empty, false)) out_ += pretty_ ? ",\n" : ",";
  if (pretty_) indent(levels_.size());
  write_string(name);
  out_ += pretty_ ? ":\t" : ":";
}

void JsonWriter::string(std::string_view text) {
  begin_value();
  write_string(text);
}

void JsonWriter::write_string(std::string_view text) {
  constexpr std::string_view plain = "\"\\\b\f\n\r\t";
  constexpr std::string_view letters = "\"\\bfnrt";
  out_ += '"';
  for (const char c : text) {
    if (const std::size_t at = plain.find(c); at != std::string_view::npos) {
      out_ += '\\';
      out_ += letters[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void JsonWriter::integer(std::int64_t number) {
  begin_value();
  out_ += fmt::format("{}", number);
}

// Fifteen digits where they mean the same number, else seventeen.
void JsonWriter::number(double number) {
  if (!std::isfinite(number)) return null();
  begin_value();
  std::string text = fmt::sprintf("%.15g", number);
  if (!is_nearly(std::strtod(text.c_str(), nullptr), number)) text = fmt::sprintf("%.17g", number);
  out_ += text;
}

void JsonWriter::boolean(bool value) {
  begin_value();
  out_ += value ? "true" : "false";
}

void JsonWriter::null() {
  begin_value();
  out_ += "null";
}

bool JsonWriter::copy(std::string_view json) {
  Copier copier{*this};
  return nlohmann::json::sax_parse(json, &copier);
}

}  // namespace apps
