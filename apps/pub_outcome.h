// What becomes of a message that `midge pub` could not hand to the broker.
#pragma once

#include <cstdint>

#include "client/message.h"
#include "client_report.h"

namespace apps {

// The message itself is what the broker does not take: trying again is of no use. Otherwise the
// connection was to blame.
bool is_refused_for_good(const midge::Error& error);

// A message that the broker refused with a reason code (MQTT 5). The exit status stays 0, as
// mosquitto_pub's.
void warn_of_rejection(const Report& report, std::uint64_t number,
                       const midge::PublishResult& result);

}  // namespace apps
