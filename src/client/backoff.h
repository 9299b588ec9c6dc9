// How long to wait before the next attempt to connect. Pure; repeatable from its seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/random.h"
#include "client/error.h"
#include "client/options.h"

namespace client {

class Backoff final {
 public:
  Backoff(const midge::ReconnectPolicy& policy, wire::Version version, std::uint64_t seed)
      : policy_(policy), version_(version), random_(seed) {}

  // After a connection or an attempt that ended with `why`. None: give up.
  std::optional<std::chrono::milliseconds> after_failure(const midge::Error& why);
  void on_success() { failures_ = 0; }

 private:
  midge::ReconnectPolicy policy_;
  wire::Version version_;
  base::Random random_;
  std::uint32_t failures_ = 0;
};

// A refusal or DISCONNECT after which the same CONNECT fails again, or would throw another client
// out.
bool is_permanent(const midge::Error& why, wire::Version version);

}  // namespace client
