#include "client_property.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/assert.h"
#include "client/client.h"
#include "wire/property.h"
#include "wire/utf8.h"

namespace apps {
namespace {

using wire::PropertyId;
using wire::PropertyKind;
using wire::PropertyScope;
using wire::PropertySpec;
using wire::Sender;

struct Command {
  std::string_view name;
  PropertyScope scope;
};

constexpr std::array commands{
    Command{"connect", PropertyScope::connect},
    Command{"connack", PropertyScope::connack},
    Command{"publish", PropertyScope::publish},
    Command{"puback", PropertyScope::puback},
    Command{"pubrec", PropertyScope::pubrec},
    Command{"pubrel", PropertyScope::pubrel},
    Command{"pubcomp", PropertyScope::pubcomp},
    Command{"subscribe", PropertyScope::subscribe},
    Command{"suback", PropertyScope::suback},
    Command{"unsubscribe", PropertyScope::unsubscribe},
    Command{"unsuback", PropertyScope::unsuback},
    Command{"disconnect", PropertyScope::disconnect},
    Command{"auth", PropertyScope::auth},
    Command{"will", PropertyScope::will},
};

constexpr std::size_t text_size_max = 65'535;  // MQTT 5, 1.5.4.

base::Error<std::string> error(std::string text) {
  return base::Error{std::move(text)};
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

// Null: packets that these tools do not make by themselves.
midge::PropertyList* list_of(PropertyScope scope, ClientOptions& options) {
  switch (scope) {
    case PropertyScope::connect:
      return &options.connection.properties;
    case PropertyScope::publish:
      return &options.publish.properties;
    case PropertyScope::subscribe:
      return &options.subscribe.properties;
    case PropertyScope::unsubscribe:
      return &options.subscribe.unsubscribe_properties;
    case PropertyScope::disconnect:
      return &options.disconnect_properties;
    case PropertyScope::will:
      return &options.will.properties;
    case PropertyScope::connack:
    case PropertyScope::puback:
    case PropertyScope::pubrec:
    case PropertyScope::pubrel:
    case PropertyScope::pubcomp:
    case PropertyScope::suback:
    case PropertyScope::unsuback:
    case PropertyScope::auth:
      return nullptr;
  }
  UNREACHABLE();
}

std::int64_t largest(PropertyKind kind) {
  switch (kind) {
    case PropertyKind::u8:
      return UINT8_MAX;
    case PropertyKind::u16:
      return UINT16_MAX;
    case PropertyKind::varint:
      return wire::remaining_length_max;
    case PropertyKind::u32:
    case PropertyKind::utf8:
    case PropertyKind::binary:
    case PropertyKind::pair:
      return UINT32_MAX;
  }
  UNREACHABLE();
}

Outcome add_number(const PropertySpec& spec, std::string_view text, midge::PropertyList& list) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc::invalid_argument || end != text.data() + text.size()) {
    return error(
        fmt::format("Property value ({}) is not a number for property {}.", text, spec.name));
  }
  const std::int64_t most = std::min<std::int64_t>(spec.max, largest(spec.kind));
  if (fault != std::errc{} || number < spec.min || number > most) {
    return error(fmt::format("Property value ({}) out of range for property {}.", text, spec.name));
  }
  list.add(spec.id, static_cast<std::uint32_t>(number));
  return {};
}

Outcome check_text(const PropertySpec& spec, std::string_view text) {
  if (text.size() > text_size_max) {
    return error(fmt::format("Property value too long for property {}.", spec.name));
  }
  if (spec.kind != PropertyKind::binary && !wire::is_valid_utf8(text)) {
    return error(fmt::format("Malformed UTF-8 in the value of property {}.", spec.name));
  }
  if (spec.id == PropertyId::response_topic && !midge::is_valid_topic(text)) {  // [MQTT-3.3.2-14]
    return error(fmt::format("Invalid response topic '{}', does it contain '+' or '#'?", text));
  }
  return {};
}

Outcome add_value(const PropertySpec& spec, Arguments values, midge::PropertyList& list) {
  switch (spec.kind) {
    case PropertyKind::u8:
    case PropertyKind::u16:
    case PropertyKind::u32:
    case PropertyKind::varint:
      return add_number(spec, values[0], list);
    case PropertyKind::utf8:
    case PropertyKind::binary:
      if (auto checked = check_text(spec, values[0]); !checked) return checked;
      list.add(spec.id, values[0]);
      return {};
    case PropertyKind::pair:
      for (const std::string_view value : values.first(2)) {
        if (auto checked = check_text(spec, value); !checked) return checked;
      }
      list.add(spec.id, values[0], values[1]);
      return {};
  }
  UNREACHABLE();
}

}  // namespace

Outcome add_property(Arguments values, ClientOptions& options) {
  const Command* command = find_command(values[0]);
  if (command == nullptr) {
    return error(fmt::format("Invalid command {} given in --property argument.", values[0]));
  }
  const PropertySpec* spec = wire::find_property(values[1]);
  if (spec == nullptr) {
    return error(fmt::format("Invalid property name {} given in --property argument.", values[1]));
  }
  const bool from_client = spec->is_allowed(command->scope, Sender::client);
  if (!from_client && !spec->is_allowed(command->scope, Sender::server)) {
    return error(fmt::format("{} property not allowed for {} in --property argument.", spec->name,
                             command->name));
  }
  midge::PropertyList* list = list_of(command->scope, options);
  if (!from_client || list == nullptr) {
    return error(fmt::format("{} property not supported for {} in --property argument.", spec->name,
                             command->name));
  }
  return add_value(*spec, values.subspan(2), *list);
}

namespace {

struct Block {
  std::string_view name;
  PropertyScope scope;
  const midge::PropertyList& list;
};

std::array<Block, 6> blocks_of(const ClientOptions& options) {
  return {
      Block{"CONNECT", PropertyScope::connect, options.connection.properties},
      Block{"PUBLISH", PropertyScope::publish, options.publish.properties},
      Block{"SUBSCRIBE", PropertyScope::subscribe, options.subscribe.properties},
      Block{"UNSUBSCRIBE", PropertyScope::unsubscribe, options.subscribe.unsubscribe_properties},
      Block{"DISCONNECT", PropertyScope::disconnect, options.disconnect_properties},
      Block{"Will", PropertyScope::will, options.will.properties},
  };
}

}  // namespace

Outcome check_properties(const ClientOptions& options) {
  for (const Block& block : blocks_of(options)) {
    const wire::Fault fault =
        wire::check_properties(block.list.view().encoded(), block.scope, Sender::client);
    if (!fault.none()) return error(fmt::format("{} properties: {}.", block.name, fault.what));
  }
  return {};
}

bool has_properties(const ClientOptions& options) {
  for (const Block& block : blocks_of(options)) {
    if (!block.list.empty()) return true;
  }
  return false;
}

}  // namespace apps
