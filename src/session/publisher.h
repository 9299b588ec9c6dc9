// Who published: kept with retained messages and sessions, since rights are asked again when a
// message is delivered. Immutable and shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/shared.h"

namespace session {

struct Publisher final : base::Shared {
  std::string client_id;
  std::optional<std::string> user_name;
  std::string address;
  std::uint16_t listener = 0;  // By number.
};
using PublisherRef = base::Ref<const Publisher>;

}  // namespace session
