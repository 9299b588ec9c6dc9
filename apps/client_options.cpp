#include "client_options.h"

#include <fmt/format.h>

#include <utility>

#include "client_option_table.h"
#include "client_property.h"

namespace apps {
namespace {

using Action = ClientOptions::Action;

base::Error<std::string> error(std::string text) {
  return base::Error{std::move(text)};
}

// The option in front of `arguments`, which shrinks by it and its values.
Outcome apply_next(Arguments& arguments, ClientOptions& options) {
  const std::string_view name = arguments.front();
  const OptionRow* row = find_option(name, options.tool);
  if (row == nullptr) return error(fmt::format("Unknown option '{}'.", name));
  if (!row->missing.empty()) return error(fmt::format("{}: {}", name, row->missing));
  const Arguments rest = arguments.subspan(1);
  const std::size_t count = values_of(*row, rest);
  if (rest.size() < count) return error(std::string{row->lacks});
  arguments = rest.subspan(count);
  // -o has been read before all others.
  return row->handle == nullptr ? Outcome{} : row->handle(options, rest.first(count));
}

constexpr std::string_view blanks = " \t";

// "-h localhost" to two words. The last value takes the rest of the line, as it stands; only -D has
// more than one.
std::vector<std::string_view> words_of(std::string_view line, Tool tool) {
  std::vector<std::string_view> words;
  const auto take = [&](bool rest) {
    const std::size_t end = rest ? std::string_view::npos : line.find_first_of(blanks);
    words.push_back(line.substr(0, end));
    line = end == std::string_view::npos ? std::string_view{} : line.substr(end + 1);
  };
  const auto skip_blanks = [&] {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  };
  skip_blanks();
  if (line.empty()) return words;
  take(false);
  const OptionRow* row = find_option(words.front(), tool);
  while (!line.empty()) {
    const auto values = Arguments{words}.subspan(1);
    const std::size_t count = row == nullptr ? 1 : values_of(*row, values);
    if (count > 1) skip_blanks();
    take(values.size() + 1 >= count);
  }
  return words;
}

Outcome apply_line(std::string_view line, ClientOptions& options) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with('#')) return {};
  const std::vector<std::string_view> words = words_of(line, options.tool);
  if (words.empty()) return {};
  if (words.front() == "-o") return error("-o is not allowed in an options file.");
  Arguments rest{words};
  if (auto applied = apply_next(rest, options); !applied) return applied;
  if (!rest.empty()) return error(fmt::format("{} takes no value.", words.front()));
  return {};
}

}  // namespace

Outcome apply_arguments(Arguments arguments, ClientOptions& options) {
  while (!arguments.empty() && options.action == Action::run) {
    if (auto applied = apply_next(arguments, options); !applied) return applied;
  }
  return {};
}

Outcome apply_file(std::string_view text, std::string_view name, ClientOptions& options) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    if (auto applied = apply_line(text.substr(0, end), options); !applied) {
      return error(fmt::format("{} ({}, line {})", applied.error(), name, number));
    }
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return {};
}

base::Result<std::optional<std::string_view>, std::string> options_file_of(Tool tool,
                                                                           Arguments arguments) {
  std::optional<std::string_view> file;
  while (!arguments.empty()) {
    const std::string_view name = arguments.front();
    const OptionRow* row = find_option(name, tool);
    if (row == nullptr) break;  // Whoever applies the arguments says so.
    arguments = arguments.subspan(1);
    const std::size_t count = values_of(*row, arguments);
    if (arguments.size() < count) break;
    if (name == "-o") {
      if (file) return error("Duplicate -o argument given.");
      file = arguments.front();
    }
    arguments = arguments.subspan(count);
  }
  return file;
}

// ---------------------------------------------------------------- when all is read

namespace {

Outcome complete_will(ClientOptions& options) {
  WillOptions& will = options.will;
  if (!will.topic) {
    if (will.payload) return error("Will payload given, but no will topic given.");
    if (will.retain) return error("Will retain given, but no will topic given.");
    if (will.qos) return error("Will QoS given, but no will topic given.");
    if (!will.properties.empty()) return error("Will properties given, but no will topic given.");
    return {};
  }
  options.connection.will = midge::Will{.topic = *will.topic,
                                        .payload = will.payload.value_or(""),
                                        .qos = will.qos.value_or(midge::Qos::at_most_once),
                                        .retain = will.retain,
                                        .properties = will.properties};
  return {};
}

// An id of one's own is what a session is found by again.
Outcome complete_session(ClientOptions& options) {
  const bool has_id = !options.connection.client_id.empty() && !options.id_prefix;
  const bool persistent = !options.connection.clean_start;
  if (options.connection.version != midge::Version::v5) {
    if (persistent && !has_id) {
      return error("You must provide a client id if you are using the -c option.");
    }
    return {};
  }
  const std::uint32_t expiry = options.session_expiry.value_or(persistent ? UINT32_MAX : 0);
  if (expiry == UINT32_MAX && !has_id) {
    return error(
        "You must provide a client id if you are using an infinite session expiry interval.");
  }
  if (expiry > 0) options.connection.session_expiry = expiry;
  return {};
}

void complete_credentials(ClientOptions& options) {
  if (options.connection.user_name || !options.connection.password) return;
  options.connection.password.reset();
  options.warnings.emplace_back("Not using password since username not set.");
}

Outcome complete_sub(ClientOptions& options) {
  SubscribeRequest& subscribe = options.subscribe;
  if (subscribe.filters.empty() && subscribe.unsubscribe.empty()) {
    return error("You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
  }
  if (subscribe.hides_retained && subscribe.retained_only) {
    return error("Combining '-R' and '--retained-only' makes no sense.");
  }
  const bool wants_v5 =
      subscribe.retain_as_published || subscribe.retain_handling != midge::RetainHandling::send;
  if (wants_v5 && options.connection.version != midge::Version::v5) {
    options.warnings.emplace_back(
        "--retain-as-published and --retain-handling need MQTT 5 (-V 5), and are not sent.");
  }
  // Not more at once than will be printed; what is left stays in the session.
  constexpr std::uint32_t receive_maximum = 20;  // As mosquitto_sub.
  options.connection.receive_maximum = static_cast<std::uint16_t>(
      subscribe.count == 0 ? receive_maximum : std::min(subscribe.count, receive_maximum));
  return {};
}

Outcome complete_pub(ClientOptions& options) {
  if (options.publish.topic.empty() || options.publish.source == Source::none) {
    return error("Both topic and message must be supplied.");
  }
  options.connection.receive_maximum = 20;  // As mosquitto_pub.
  return {};
}

}  // namespace

Outcome complete(std::int64_t process, ClientOptions& options) {
  if (auto done = complete_will(options); !done) return done;
  if (auto done = complete_session(options); !done) return done;
  if (options.connection.version != midge::Version::v5 && has_properties(options)) {
    return error("--property needs MQTT 5, but -V asks for another version after it.");
  }
  if (auto done = check_properties(options); !done) return done;
  complete_credentials(options);
  if (options.port) options.connection.port = *options.port;
  if (options.id_prefix) {
    options.connection.client_id = fmt::format("{}{}", *options.id_prefix, process);
  }
  return options.tool == Tool::pub ? complete_pub(options) : complete_sub(options);
}

}  // namespace apps
