// The URL of -L: mqtt://[user[:password]@]host[:port]/topic. Nothing is decoded: what stands there
// is what is sent. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace apps {

struct Url {
  std::optional<std::string> user_name{};
  std::optional<std::string> password{};
  std::string host{};
  std::optional<std::uint16_t> port{};
  std::string topic{};
};

base::Result<Url, std::string> parse_url(std::string_view text);

}  // namespace apps
