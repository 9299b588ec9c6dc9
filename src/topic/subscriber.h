// Who receives: the small value that the indexes keep for each subscription. What the options mean
// is the session's business; here they are carried and given back.
#pragma once

#include <cstdint>

#include "base/strong.h"

namespace topic {

using SubscriberId = base::Strong<struct SubscriberIdTag, std::uint32_t>;

struct Subscriber {
  SubscriberId id;
  std::uint32_t subscription_identifier = 0;  // 0: none, as no identifier is 0. [MQTT-3.8.2.1.2]
  std::uint8_t options = 0;                   // QoS in bits 0-1, the rest opaque.
  bool operator==(const Subscriber&) const = default;
};

enum class Presence : std::uint8_t { offline, online };

}  // namespace topic
