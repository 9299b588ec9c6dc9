#include "broker.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <string_view>

#include "config/load.h"
#include "config/reference.h"
#include "print.h"
#include "server/server.h"

namespace apps {

namespace {

struct Options {
  config::CommandLine command_line;
  bool daemon = false;
  bool only_test = false;
  bool shows_version = false;
  bool shows_example = false;
};

// Mosquitto's name when that is what was typed: its log and its messages go by it.
std::string program_of(std::string_view path) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  return name == "mosquitto" ? "mosquitto" : "midge";
}

void declare(CLI::App& app, Options& options) {
  config::CommandLine& line = options.command_line;
  app.add_option("-c,--config-file", line.config_file, "Configuration file, as mosquitto.conf")
      ->type_name("FILE");
  app.add_flag("-d,--daemon", options.daemon, "Go to the background");
  app.add_option(
         "-p,--port", line.ports,
         "Listen on this port, on this machine only;\nmay be repeated. Without effect when the\n"
         "configuration has a listener")
      ->type_name("PORT")
      ->expected(1)
      ->take_all()
      ->check(CLI::Range(1, 65'535).description(""));
  app.add_flag("-q,--quiet", line.quiet, "Log nothing");
  app.add_flag("-v,--verbose", line.verbose, "Log everything");
  app.add_flag("--test-config", options.only_test, "Check the configuration and exit");
  app.add_flag("--example-config", options.shows_example,
               "Print a configuration file with every option and its default");
  app.add_flag("--version", options.shows_version, "Print the version");
}

int wrong_usage(std::string_view program, std::string_view what) {
  print(stderr, "Error: {}\n\nUse '{} --help' to see usage.\n", what,
        program == "midge" ? "midge broker" : program);
  return 1;
}

int start(const Options& options, const std::string& program) {
  const auto config = config::load(options.command_line);
  if (!config) {
    print(stderr, "Error: {}\n", config.error().text());
    return server::exit_bad_config;
  }
  if (options.only_test) {
    for (const std::string& warning : (*config)->warnings) print(stderr, "Warning: {}\n", warning);
    print(stderr, "Configuration file is OK.\n");
    return 0;
  }
  return server::run(**config, {.program = program,
                                .config_file = options.command_line.config_file,
                                .daemon = options.daemon});
}

}  // namespace

int broker_main(int argc, char** argv) {
  const std::string program = program_of(argv[0]);
  CLI::App app{"MQTT broker, MQTT 3.1, 3.1.1 and 5.0",
               program == "midge" ? "midge broker" : program};
  Options options;
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(stdout, "{}", app.help());
    return 0;
  } catch (const CLI::ParseError& error) {
    return wrong_usage(program, error.what());
  }
  if (options.shows_version) return print(stdout, "{} version {}\n", program, MIDGE_VERSION), 0;
  if (options.shows_example) return print(stdout, "{}", config::example_config()), 0;
  return start(options, program);
}

}  // namespace apps
