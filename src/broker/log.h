// Where log lines go. The broker formats a line only when somebody wants its type; writing must not
// block (`server` hands lines to a thread of their own). Called from all shards.
#pragma once

#include <string>

#include "config/value.h"

namespace broker {

class Log {
 public:
  virtual ~Log() = default;
  virtual bool wants(config::LogType type) const = 0;
  virtual void write(config::LogType type, std::string line) = 0;
};

}  // namespace broker
