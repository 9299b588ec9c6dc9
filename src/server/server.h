// The composition root of the broker: builds everything from a configuration, runs it until a
// signal says stop.
#pragma once

#include <memory>
#include <string>

#include "config/config.h"

namespace server {

// Exit statuses, as Mosquitto's.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1;
inline constexpr int exit_bad_config = 3;

struct RunOptions {
  std::string program;      // "midge", or "mosquitto" under that name: what the log calls it.
  std::string config_file;  // For the log; empty: none.
  bool daemon = false;
};

// Blocks until the broker has stopped. Prints what goes wrong before there is a log to stderr. Main
// thread, once.
int run(const config::Config& config, const RunOptions& options);

}  // namespace server
