// How `midge sub` prints a message: the payload, topic and payload (-v), or a format (-F). On a
// terminal in a colour that belongs to the topic. Text out; the time is an argument.
#pragma once

#include <string>

#include "base/time.h"
#include "client/message.h"
#include "client_options.h"

namespace apps {

enum class Colours : std::uint8_t { off, on };

// Appends to `out`. False: see Format::print().
[[nodiscard]] bool print_message(const midge::Message& message, const SubscribeRequest& request,
                                 base::WallTime now, Colours colours, std::string& out);

}  // namespace apps
