#include "sub_json.h"

#include <fmt/format.h>

#include <array>
#include <ctime>

#include "json_text.h"
#include "wire/property.h"

namespace apps {
namespace {

using wire::PropertyId;
using wire::PropertyKind;

// "2026-06-30T12:00:00.123456Z+0200": local time, in spite of the Z.
std::string timestamp(base::WallTime now) {
  const std::time_t seconds = now.seconds();
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 40> date{};
  std::array<char, 10> zone{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &local);
  std::strftime(zone.data(), zone.size(), "%z", &local);
  const auto microseconds = now.since_epoch.count() % 1'000'000'000 / 1000;
  return fmt::format("{}.{:06}Z{}", date.data(), microseconds, zone.data());
}

void write_user_properties(const midge::Properties& properties, JsonWriter& json) {
  json.key("user-properties");
  json.begin_array();
  for (const wire::Property& property : properties) {
    if (property.id != PropertyId::user_property) continue;
    json.begin_object();
    json.key(property.text);
    json.string(property.value);
    json.end_object();
  }
  json.end_array();
}

void write_property(const wire::Property& property, JsonWriter& json) {
  const wire::PropertySpec* spec = wire::find_property(static_cast<std::uint8_t>(property.id));
  ASSERT(spec != nullptr);  // Received properties have been checked.
  json.key(spec->name);
  const bool is_text = spec->kind == PropertyKind::utf8 || spec->kind == PropertyKind::binary;
  if (is_text) {
    json.string(property.text);
  } else {
    json.integer(property.number);
  }
}

// All user properties stand where the first one stood.
void write_properties(const midge::Properties& properties, JsonWriter& json) {
  bool has_user_properties = false;
  json.key("properties");
  json.begin_object();
  for (const wire::Property& property : properties) {
    if (property.id != PropertyId::user_property) {
      write_property(property, json);
    } else if (!has_user_properties) {
      has_user_properties = true;
      write_user_properties(properties, json);
    }
  }
  json.end_object();
}

bool write_payload(const midge::Message& message, bool is_json, JsonWriter& json) {
  json.key("payload");
  if (message.payload.empty()) {
    json.null();
    return true;
  }
  if (is_json) return json.copy(message.text());
  json.string(message.text());
  return true;
}

}  // namespace

bool print_json(const midge::Message& message, base::WallTime now, JsonStyle style,
                std::string& out) {
  const std::size_t before = out.size();
  JsonWriter json{out, style.pretty};
  json.begin_object();
  json.key("tst");
  json.string(timestamp(now));
  json.key("topic");
  json.string(message.topic);
  json.key("qos");
  json.integer(static_cast<int>(message.qos));
  json.key("retain");
  json.integer(message.retain ? 1 : 0);
  json.key("payloadlen");
  json.integer(static_cast<std::int64_t>(message.payload.size()));
  if (message.qos != midge::Qos::at_most_once) {
    json.key("mid");
    json.integer(message.id);
  }
  if (!message.properties.empty()) write_properties(message.properties, json);
  if (!write_payload(message, style.is_json, json)) {
    out.resize(before);
    return false;
  }
  json.end_object();
  return true;
}

}  // namespace apps
