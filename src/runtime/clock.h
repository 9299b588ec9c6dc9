// The only place where Midge asks what time it is. Everything below the shards' loops is told.
#pragma once

#include "base/time.h"

namespace runtime {

// CLOCK_MONOTONIC: never steps, the same for all threads. No system call (vDSO).
base::Instant now();
// CLOCK_REALTIME: may step when the administrator or NTP sets it.
base::WallTime wall_now();

}  // namespace runtime
