#include "client_option_handlers.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "client/client.h"
#include "client_property.h"
#include "client_url.h"
#include "topic/filter.h"
#include "wire/utf8.h"

namespace apps::handle {
namespace {

base::Error<std::string> error(std::string text) {
  return base::Error{std::move(text)};
}

// All of the text, or nothing.
template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<midge::Qos> qos_of(std::string_view text) {
  const auto number = number_of<std::uint8_t>(text);
  if (!number || *number > 2) return std::nullopt;
  return midge::Qos{*number};
}

Outcome check_utf8(std::string_view option, std::string_view text) {
  if (wire::is_valid_utf8(text)) return {};
  return error(fmt::format("Malformed UTF-8 in {} argument.", option));
}

// `kind` is how the sentence calls it: "subscription", "filter" or "unsubscribe".
Outcome check_filter(std::string_view option, std::string_view kind, std::string_view filter) {
  if (auto checked = check_utf8(option, filter); !checked) return checked;
  const auto fault = topic::check_filter(filter, std::numeric_limits<std::size_t>::max());
  switch (fault) {
    case topic::FilterFault::none:
      return {};
    case topic::FilterFault::misplaced_hash:
    case topic::FilterFault::misplaced_plus:
      return error(fmt::format("Invalid {} topic '{}', are all '+' and '#' wildcards correct?",
                               kind, filter));
    case topic::FilterFault::empty:
    case topic::FilterFault::too_long:
    case topic::FilterFault::null_character:
    case topic::FilterFault::too_many_levels:
    case topic::FilterFault::bad_share_name:
    case topic::FilterFault::empty_share_filter:
      return error(fmt::format("Invalid {} topic '{}': {}.", kind, filter, topic::explain(fault)));
  }
  UNREACHABLE();
}

Outcome check_topic(std::string_view option, std::string_view kind, std::string_view topic) {
  if (auto checked = check_utf8(option, topic); !checked) return checked;
  if (midge::is_valid_topic(topic)) return {};
  return error(fmt::format("Invalid {} topic '{}', does it contain '+' or '#'?", kind, topic));
}

Outcome add_topic(Tool tool, std::string_view option, std::string_view topic,
                  ClientOptions& options) {
  if (tool == Tool::pub) {
    if (auto checked = check_topic(option, "publish", topic); !checked) return checked;
    options.publish.topic = topic;
    return {};
  }
  if (auto checked = check_filter(option, "subscription", topic); !checked) return checked;
  options.subscribe.filters.emplace_back(topic);
  return {};
}

Outcome set_source(ClientOptions& options, Source source, std::string_view text = {}) {
  if (options.publish.source != Source::none) {
    return error("Only one type of message can be sent at once.");
  }
  options.publish.source = source;
  options.publish.text = text;
  return {};
}

}  // namespace

// ---------------------------------------------------------------- connection

Outcome host(ClientOptions& options, Arguments values) {
  options.connection.host = values[0];
  return {};
}

Outcome port(ClientOptions& options, Arguments values) {
  const auto number = number_of<std::uint16_t>(values[0]);
  if (!number || *number == 0) return error(fmt::format("Invalid port given: {}", values[0]));
  options.port = number;
  return {};
}

Outcome unix_socket(ClientOptions& options, Arguments values) {
  options.connection.unix_socket = values[0];
  return {};
}

Outcome bind_address(ClientOptions& options, Arguments values) {
  options.connection.bind_address = values[0];
  return {};
}

Outcome url(ClientOptions& options, Arguments values) {
  const auto parsed = parse_url(values[0]);
  if (!parsed) return error(parsed.error());
  if (parsed->user_name) options.connection.user_name = *parsed->user_name;
  if (parsed->password) options.connection.password = *parsed->password;
  options.connection.host = parsed->host;
  if (parsed->port) options.port = parsed->port;
  return add_topic(options.tool, "-L", parsed->topic, options);
}

Outcome protocol_version(ClientOptions& options, Arguments values) {
  const std::string_view name = values[0];
  if (name == "mqttv31" || name == "31") {
    options.connection.version = midge::Version::v31;
  } else if (name == "mqttv311" || name == "311") {
    options.connection.version = midge::Version::v311;
  } else if (name == "mqttv5" || name == "5") {
    options.connection.version = midge::Version::v5;
  } else {
    return error("Invalid protocol version argument given.");
  }
  return {};
}

Outcome client_id(ClientOptions& options, Arguments values) {
  if (options.id_prefix) return error("-i and -I argument cannot be used together.");
  if (auto checked = check_utf8("-i", values[0]); !checked) return checked;
  options.connection.client_id = values[0];
  return {};
}

Outcome id_prefix(ClientOptions& options, Arguments values) {
  if (!options.connection.client_id.empty()) {
    return error("-i and -I argument cannot be used together.");
  }
  if (auto checked = check_utf8("-I", values[0]); !checked) return checked;
  options.id_prefix = values[0];
  return {};
}

Outcome user_name(ClientOptions& options, Arguments values) {
  if (auto checked = check_utf8("-u", values[0]); !checked) return checked;
  options.connection.user_name = values[0];
  return {};
}

Outcome password(ClientOptions& options, Arguments values) {
  options.connection.password = values[0];
  return {};
}

Outcome persistent(ClientOptions& options, Arguments) {
  options.connection.clean_start = false;
  return {};
}

Outcome keep_alive(ClientOptions& options, Arguments values) {
  const auto number = number_of<std::uint16_t>(values[0]);
  if (!number || *number < 5) {
    return error("Invalid keepalive given, it must be between 5 and 65535 inclusive.");
  }
  options.connection.keep_alive = *number;
  return {};
}

Outcome session_expiry(ClientOptions& options, Arguments values) {
  const auto number = values[0] == "∞" ? -1 : number_of<std::int64_t>(values[0]);
  if (!number) return error("session-expiry-interval not a number.");
  if (*number < -1 || *number > UINT32_MAX) return error("session-expiry-interval out of range.");
  options.session_expiry = static_cast<std::uint32_t>(*number);
  options.connection.version = midge::Version::v5;
  return {};
}

Outcome in_flight(ClientOptions& options, Arguments values) {
  const auto number = number_of<std::int64_t>(values[0]);
  if (!number || *number < 1) return error("Maximum inflight messages must be greater than 0.");
  options.connection.in_flight_max =
      static_cast<std::uint16_t>(std::min<std::int64_t>(*number, UINT16_MAX));
  return {};
}

Outcome qos(ClientOptions& options, Arguments values) {
  const auto given = qos_of(values[0]);
  if (!given) return error(fmt::format("Invalid QoS given: {}", values[0]));
  options.qos = *given;
  return {};
}

Outcome property(ClientOptions& options, Arguments values) {
  options.connection.version = midge::Version::v5;
  return add_property(values, options);
}

// ---------------------------------------------------------------- the program

Outcome debug(ClientOptions& options, Arguments) {
  options.debug = true;
  return {};
}

Outcome quiet(ClientOptions& options, Arguments) {
  options.quiet = true;
  return {};
}

Outcome nothing(ClientOptions&, Arguments) {
  return {};
}

Outcome show_help(ClientOptions& options, Arguments) {
  options.action = ClientOptions::Action::show_help;
  return {};
}

Outcome show_version(ClientOptions& options, Arguments) {
  options.action = ClientOptions::Action::show_version;
  return {};
}

// ---------------------------------------------------------------- the will

Outcome will_topic(ClientOptions& options, Arguments values) {
  if (auto checked = check_topic("--will-topic", "will", values[0]); !checked) return checked;
  options.will.topic = values[0];
  return {};
}

Outcome will_payload(ClientOptions& options, Arguments values) {
  options.will.payload = values[0];
  return {};
}

Outcome will_qos(ClientOptions& options, Arguments values) {
  const auto given = qos_of(values[0]);
  if (!given) return error(fmt::format("Invalid will QoS {}.", values[0]));
  options.will.qos = given;
  return {};
}

Outcome will_retain(ClientOptions& options, Arguments) {
  options.will.retain = true;
  return {};
}

// ---------------------------------------------------------------- pub

Outcome publish_topic(ClientOptions& options, Arguments values) {
  return add_topic(Tool::pub, "-t", values[0], options);
}

Outcome message(ClientOptions& options, Arguments values) {
  return set_source(options, Source::text, values[0]);
}

Outcome file(ClientOptions& options, Arguments values) {
  return set_source(options, Source::file, values[0]);
}

Outcome null_message(ClientOptions& options, Arguments) {
  return set_source(options, Source::nothing);
}

Outcome input(ClientOptions& options, Arguments) {
  return set_source(options, Source::input);
}

Outcome input_lines(ClientOptions& options, Arguments) {
  return set_source(options, Source::input_lines);
}

Outcome blank_lines(ClientOptions& options, Arguments) {
  options.publish.blank_lines = true;
  return {};
}

Outcome retain(ClientOptions& options, Arguments) {
  options.publish.retain = true;
  return {};
}

Outcome repeat(ClientOptions& options, Arguments values) {
  const auto number = number_of<std::uint32_t>(values[0]);
  if (!number || *number < 1) return error("--repeat argument must be >0.");
  options.publish.repeat = *number;
  return {};
}

Outcome repeat_delay(ClientOptions& options, Arguments values) {
  constexpr double seconds_max = 1e9;  // Thirty years; keeps the arithmetic in bounds.
  const auto seconds = number_of<double>(values[0]);
  if (!seconds || !(*seconds >= 0.0) || *seconds > seconds_max) {
    return error("--repeat-delay argument must be >=0.0.");
  }
  options.publish.repeat_delay = std::chrono::milliseconds{std::llround(*seconds * 1000.0)};
  return {};
}

// ---------------------------------------------------------------- sub

Outcome subscribe_filter(ClientOptions& options, Arguments values) {
  return add_topic(Tool::sub, "-t", values[0], options);
}

Outcome filter_out(ClientOptions& options, Arguments values) {
  if (auto checked = check_filter("-T", "filter", values[0]); !checked) return checked;
  options.subscribe.filters_out.emplace_back(values[0]);
  return {};
}

Outcome unsubscribe(ClientOptions& options, Arguments values) {
  if (auto checked = check_filter("-U", "unsubscribe", values[0]); !checked) return checked;
  options.subscribe.unsubscribe.emplace_back(values[0]);
  return {};
}

Outcome count(ClientOptions& options, Arguments values) {
  const auto number = number_of<std::uint32_t>(values[0]);
  if (!number || *number < 1) return error(fmt::format("Invalid message count \"{}\".", values[0]));
  options.subscribe.count = *number;
  return {};
}

Outcome time_limit(ClientOptions& options, Arguments values) {
  const auto number = number_of<std::uint32_t>(values[0]);
  if (!number || *number < 1) return error(fmt::format("Invalid timeout \"{}\".", values[0]));
  options.subscribe.time_limit = std::chrono::seconds{*number};
  return {};
}

Outcome exit_after_subscribe(ClientOptions& options, Arguments) {
  options.subscribe.exit_after_subscribe = true;
  return {};
}

Outcome format(ClientOptions& options, Arguments values) {
  auto compiled = Format::compile(values[0]);
  if (!compiled) return error(compiled.error());
  options.subscribe.format = std::move(*compiled);
  return {};
}

Outcome verbose(ClientOptions& options, Arguments) {
  options.subscribe.verbose = true;
  return {};
}

Outcome pretty(ClientOptions& options, Arguments) {
  options.subscribe.pretty = true;
  return {};
}

Outcome no_end_of_line(ClientOptions& options, Arguments) {
  options.subscribe.no_end_of_line = true;
  return {};
}

Outcome hide_retained(ClientOptions& options, Arguments) {
  options.subscribe.hides_retained = true;
  return {};
}

Outcome retained_only(ClientOptions& options, Arguments) {
  options.subscribe.retained_only = true;
  return {};
}

Outcome remove_retained(ClientOptions& options, Arguments) {
  options.subscribe.remove_retained = true;
  return {};
}

Outcome retain_as_published(ClientOptions& options, Arguments) {
  options.subscribe.retain_as_published = true;
  return {};
}

Outcome retain_handling(ClientOptions& options, Arguments values) {
  using midge::RetainHandling;
  if (values[0] == "always") {
    options.subscribe.retain_handling = RetainHandling::send;
  } else if (values[0] == "new") {
    options.subscribe.retain_handling = RetainHandling::send_if_new;
  } else if (values[0] == "never") {
    options.subscribe.retain_handling = RetainHandling::do_not_send;
  } else {
    return error(fmt::format("Unknown value '{}' for --retain-handling.", values[0]));
  }
  return {};
}

}  // namespace apps::handle
