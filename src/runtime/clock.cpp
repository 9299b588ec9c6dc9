#include "runtime/clock.h"

#include <ctime>

#include "base/assert.h"

namespace runtime {

namespace {

std::chrono::nanoseconds read_clock(clockid_t which) {
  timespec time{};
  ASSERT(::clock_gettime(which, &time) == 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

base::Instant now() {
  return {read_clock(CLOCK_MONOTONIC)};
}
base::WallTime wall_now() {
  return {read_clock(CLOCK_REALTIME)};
}

}  // namespace runtime
