// What the command lines of `midge pub` and `midge sub` (mosquitto_pub, mosquitto_sub) ask for, and
// how it is read from arguments and options files. Pure: text comes in as arguments; only
// client_options_load.h touches the file system. Plain values; the connection's part is handed to
// the client library as it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/message.h"
#include "client/options.h"
#include "sub_format.h"

namespace apps {

enum class Tool : std::uint8_t { pub, sub };

// Where the payload of `pub` comes from: exactly one.
enum class Source : std::uint8_t { none, text, file, nothing, input, input_lines };

struct WillOptions {
  std::optional<std::string> topic{};
  std::optional<std::string> payload{};
  std::optional<midge::Qos> qos{};
  bool retain = false;
  midge::PropertyList properties{};
};

struct PublishRequest {
  std::string topic{};
  Source source = Source::none;
  std::string text{};  // The payload, or the file's name.
  bool retain = false;
  bool blank_lines = false;
  std::uint32_t repeat = 1;
  std::chrono::milliseconds repeat_delay{0};
  midge::PropertyList properties{};
};

struct SubscribeRequest {
  std::vector<std::string> filters{};
  std::vector<std::string> filters_out{};
  std::vector<std::string> unsubscribe{};
  midge::RetainHandling retain_handling = midge::RetainHandling::send;
  bool retain_as_published = false;
  bool exit_after_subscribe = false;
  std::uint32_t count = 0;             // 0: no limit.
  std::chrono::seconds time_limit{0};  // 0: none.
  bool hides_retained = false;
  bool retained_only = false;
  bool remove_retained = false;
  std::optional<Format> format{};
  bool verbose = false;
  bool pretty = false;
  bool no_end_of_line = false;
  midge::PropertyList properties{};
  midge::PropertyList unsubscribe_properties{};
};

struct ClientOptions {
  enum class Action : std::uint8_t { run, show_help, show_version };
  // With the defaults of the tools where they differ from the library's: MQTT 3.1.1.
  explicit ClientOptions(Tool whose) : tool(whose) { connection.version = midge::Version::v311; }

  Tool tool;
  Action action = Action::run;
  bool debug = false;
  bool quiet = false;
  midge::Options connection{};
  std::optional<std::uint16_t> port{};
  std::optional<std::string> id_prefix{};
  std::optional<std::uint32_t> session_expiry{};
  midge::Qos qos = midge::Qos::at_most_once;
  WillOptions will{};
  midge::PropertyList disconnect_properties{};
  PublishRequest publish{};
  SubscribeRequest subscribe{};
  std::vector<std::string> warnings{};  // For stderr; nothing stops because of them.
};

using Arguments = std::span<const std::string_view>;
// The error is the sentence behind "Error: ".
using Outcome = base::Result<void, std::string>;

// The command line without the program's name, into `options`. Ends early at --help and --version.
Outcome apply_arguments(Arguments arguments, ClientOptions& options);

// An options file: one option a line, the rest of the line is its value; # begins a comment line.
// `name` is for the errors.
Outcome apply_file(std::string_view text, std::string_view name, ClientOptions& options);

// The value of -o, if it is there. An error: it is there twice.
base::Result<std::optional<std::string_view>, std::string> options_file_of(Tool tool,
                                                                           Arguments arguments);

// What only shows when all is read: combinations, defaults, the will, the client id. `process` is
// appended to the prefix of -I.
Outcome complete(std::int64_t process, ClientOptions& options);

}  // namespace apps
