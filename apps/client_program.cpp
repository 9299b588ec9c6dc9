#include "client_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "client_option_table.h"
#include "input_file.h"
#include "print.h"

namespace apps {
namespace {

constexpr std::size_t options_file_max = 1 << 20;

struct Texts {
  std::string_view what;
  std::string_view usage;
  std::string_view more;
};

constexpr Texts pub_texts{
    .what = "publishes messages to an MQTT broker.",
    .usage = "[-h host] [-p port] -t topic {-m message | -f file | -l | -s | -n} [options]",
    .more =
        R"(Exit status: 0 when all messages are with the broker (QoS 0: handed to the network; QoS 1
and 2: confirmed); 1 for mistakes in the options and when nobody answers; the broker's code when
it refuses the connection (1 to 5, MQTT 5: 128 to 162); 7 when the connection is lost.
)",
};

constexpr Texts sub_texts{
    .what = "subscribes to topics of an MQTT broker and prints the messages that come.",
    .usage = "[-h host] [-p port] -t filter... [options]",
    .more = R"(Formats (-F): any text, in which these stand for something else:
  %t topic  %p payload  %l its length  %x %X its bytes in hexadecimal  %d %f it as the machine's
  double or float  %q QoS  %r retain flag  %m message id  %j all as JSON  %J all as JSON, where the
  payload is JSON too  %I the time as in ISO 8601  %U the time in seconds since 1970
  MQTT 5: %A topic alias  %C content type  %D correlation data  %E message expiry interval
  %F payload format indicator  %P user properties  %R response topic  %S subscription identifier
  %% @@ \\ the character itself  @X the time as strftime's %X  @N its nanoseconds
  \0 \a \e \n \r \t \v special characters
Between % and the letter: 0 fills with zeros, - aligns to the left, a number is the width, and
.number the most characters (C I R t) or the digits in a group (x X), after which a character
may stand that separates the groups: %.2:x

Exit status: 0 after -C, -E or when asked to end; 27 when the time of -W is over; 1 for mistakes
in the options and when nobody answers; the broker's code when it refuses the connection (1 to 5,
MQTT 5: 128 to 162).
)",
};

std::string heading_of(const OptionRow& row) {
  std::string names{row.short_name};
  if (!row.short_name.empty() && !row.long_name.empty()) names += ", ";
  names += row.long_name;
  if (!row.value.empty()) names += fmt::format(" {}", row.value);
  return names;
}

// "  -h, --host HOST" and what it is, in two columns; a wide first one has a line of its own.
void append_option(const OptionRow& row, std::string& text) {
  constexpr std::size_t column = 24;
  std::string line = "  " + heading_of(row);
  if (line.size() >= column) {
    text += line + '\n';
    line.clear();
  }
  std::string_view help = row.help;
  while (!help.empty()) {
    const std::size_t end = help.find('\n');
    text += fmt::format("{:<{}}{}\n", line, column, help.substr(0, end));
    line.clear();
    help = end == std::string_view::npos ? std::string_view{} : help.substr(end + 1);
  }
}

// Like `mosquitto_pub` the programs of those names end with 1 after --help.
int status_of_information(const Program& program) {
  return program.is_mosquitto ? 1 : 0;
}

int usage_error(const Program& program, std::string_view text) {
  print(stderr, "Error: {}\n\nUse '{} --help' to see usage.\n", text, program.name);
  return 1;
}

// Both names of the program share the file.
std::string default_file(Tool tool) {
  const std::string_view name = tool == Tool::pub ? "mosquitto_pub" : "mosquitto_sub";
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config != '\0') return fmt::format("{}/{}", config, name);
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return fmt::format("{}/.config/{}", home, name);
  return {};
}

// A file that -o names has to be there; the usual one need not.
Outcome read_options_file(Arguments arguments, ClientOptions& options) {
  const auto named = options_file_of(options.tool, arguments);
  if (!named) return base::Error{named.error()};
  const std::string path = *named ? std::string{**named} : default_file(options.tool);
  if (path.empty()) return {};
  const auto text = read_file(path, options_file_max);
  if (text) return apply_file(*text, path, options);
  if (!*named && text.error().is_absent) return {};
  return base::Error{
      fmt::format("Unable to read options file \"{}\": {}.", path, text.error().text)};
}

Outcome read_options(Arguments arguments, ClientOptions& options) {
  if (auto read = read_options_file(arguments, options); !read) return read;
  if (auto applied = apply_arguments(arguments, options); !applied) return applied;
  if (options.action != ClientOptions::Action::run) return {};
  return complete(::getpid(), options);
}

}  // namespace

Program program_of(Tool tool, std::string_view argv0) {
  const std::string_view called = argv0.substr(argv0.find_last_of('/') + 1);
  const std::string_view alias = tool == Tool::pub ? "mosquitto_pub" : "mosquitto_sub";
  const bool is_mosquitto = called == alias;
  const std::string_view own = tool == Tool::pub ? "midge pub" : "midge sub";
  return {
      .tool = tool, .name = std::string{is_mosquitto ? alias : own}, .is_mosquitto = is_mosquitto};
}

void fill_standard_descriptors() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);  // The lowest number that is free.
  } while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO) ::close(fd);
}

std::string help_text(const Program& program) {
  const Texts& texts = program.tool == Tool::pub ? pub_texts : sub_texts;
  std::string text = fmt::format("{} {}\n\nUsage: {} {}\n       {} --help\n\nOptions:\n",
                                 program.name, texts.what, program.name, texts.usage, program.name);
  for (const OptionRow& row : option_rows()) {
    if (is_for(row, program.tool) && !row.help.empty()) append_option(row, text);
  }
  text += '\n';
  text += texts.more;
  text += fmt::format(
      "\nOptions are also read from ~/.config/{0} ($XDG_CONFIG_HOME/{0}), one a line, before "
      "those\n"
      "of the command line; -o FILE replaces that file.\n",
      program.tool == Tool::pub ? "mosquitto_pub" : "mosquitto_sub");
  return text;
}

base::Result<ClientOptions, int> options_from(const Program& program, int argc, char** argv) {
  std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  ClientOptions options{program.tool};
  if (auto read = read_options(arguments, options); !read) {
    return base::Error{usage_error(program, read.error())};
  }
  switch (options.action) {
    case ClientOptions::Action::run:
      return options;
    case ClientOptions::Action::show_help:
      print(stdout, "{}", help_text(program));
      return base::Error{status_of_information(program)};
    case ClientOptions::Action::show_version:
      print(stdout, "{} version {}\n", program.name, MIDGE_VERSION);
      return base::Error{status_of_information(program)};
  }
  UNREACHABLE();
}

}  // namespace apps
