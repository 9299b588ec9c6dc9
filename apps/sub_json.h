// A message as JSON (%j and %J of `midge sub -F`), in the order and spelling of mosquitto_sub 2.1:
// user properties are a list of objects, so that names may recur. Text in, text out.
#pragma once

#include <string>

#include "base/time.h"
#include "client/message.h"

namespace apps {

struct JsonStyle {
  bool is_json = false;  // The payload is JSON and becomes part of it; else it is a string.
  bool pretty = false;   // Over several lines.
};

// Appends to `out`. False: the payload was to be JSON and is not; nothing was appended.
[[nodiscard]] bool print_json(const midge::Message& message, base::WallTime now, JsonStyle style,
                              std::string& out);

}  // namespace apps
