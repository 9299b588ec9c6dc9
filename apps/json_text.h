// Writes JSON in the spelling that scripts around mosquitto_sub know (cJSON's): which characters
// are escaped, how numbers look, how lines are broken. Appends to a string of the caller's; the
// caller keeps to the grammar.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apps {

class JsonWriter final {
 public:
  JsonWriter(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  // Bytes that are no UTF-8 stay as they are.
  void string(std::string_view text);
  void integer(std::int64_t number);
  void number(double number);
  void boolean(bool value);
  void null();

  // The value that `json` is, rewritten. False: it is no JSON; what was written until then stays.
  [[nodiscard]] bool copy(std::string_view json);

 private:
  struct Level {
    bool is_array = false;
    bool is_empty = true;
  };
  void begin_value();
  void write_string(std::string_view text);
  void indent(std::size_t tabs) { out_.append(tabs, '\t'); }

  std::string& out_;
  const bool pretty_;
  std::vector<Level> levels_;
};

}  // namespace apps
