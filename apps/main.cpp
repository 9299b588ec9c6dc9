// `midge COMMAND ...`, or one of Mosquitto's names as a symlink to it.

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "broker.h"
#include "passwd.h"
#include "print.h"
#include "pub.h"
#include "sub.h"

namespace {

struct Command {
  std::string_view name;
  std::string_view alias;  // The program of Mosquitto that it is.
  std::string_view what;
  int (*main)(int argc, char** argv);
};

constexpr std::array commands{
    Command{"broker", "mosquitto", "run the MQTT broker", apps::broker_main},
    Command{"pub", "mosquitto_pub", "publish messages", apps::pub_main},
    Command{"sub", "mosquitto_sub", "subscribe and print what comes", apps::sub_main},
    Command{"passwd", "mosquitto_passwd", "make and edit password files", apps::passwd_main},
};

std::string_view base_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

const Command* find(std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(), [name](const Command& c) {
    return c.name == name || c.alias == name;
  });
  return found == commands.end() ? nullptr : &*found;
}

void print_help(std::FILE* to) {
  apps::print(to,
              "midge {}: an MQTT broker (3.1, 3.1.1, 5.0) and its clients.\n\n"
              "Usage: midge COMMAND [options]\n\nCommands:\n",
              MIDGE_VERSION);
  for (const Command& c : commands) {
    apps::print(to, "  {:<8} {} (as `{}`)\n", c.name, c.what, c.alias);
  }
  apps::print(to,
              "  {:<8} options of a command: midge help COMMAND\n\n"
              "Under the names in brackets the program takes Mosquitto's options as they are.\n",
              "help");
}

int unknown(std::string_view name) {
  apps::print(stderr, "Error: Unknown command '{}'.\n\nUse 'midge --help' to see usage.\n", name);
  return 1;
}

int help(int argc, char** argv) {
  if (argc < 3) return print_help(stdout), 0;
  const Command* command = find(argv[2]);
  if (command == nullptr) return unknown(argv[2]);
  std::array<char, 7> option{"--help"};
  std::array<char*, 3> arguments{argv[2], option.data(), nullptr};
  return command->main(2, arguments.data());
}

}  // namespace

int main(int argc, char** argv) {
  if (const Command* alias = argc > 0 ? find(base_name(argv[0])) : nullptr;
      alias != nullptr && base_name(argv[0]) == alias->alias) {
    return alias->main(argc, argv);
  }
  if (argc < 2) return print_help(stderr), 1;
  const std::string_view name = argv[1];
  if (name == "--help" || name == "-h") return print_help(stdout), 0;
  if (name == "--version") return apps::print(stdout, "midge version {}\n", MIDGE_VERSION), 0;
  if (name == "help") return help(argc, argv);
  const Command* command = find(name);
  if (command == nullptr) return unknown(name);
  return command->main(argc - 1, argv + 1);
}
