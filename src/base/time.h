// Time as an argument. Nothing below `runtime` reads a clock: whoever drives a machine says what
// time it is, so tests and the simulator move it by hand.
#pragma once

#include <chrono>
#include <cstdint>

namespace base {

using Duration = std::chrono::nanoseconds;
using Seconds =
    std::chrono::duration<std::uint32_t>;  // The standard's intervals are 32-bit seconds.

// A point of the monotonic clock. Its zero is the driver's business; only differences mean
// something.
struct Instant {
  std::chrono::nanoseconds since_start{0};

  static constexpr Instant never() { return {std::chrono::nanoseconds::max()}; }
  constexpr bool is_never() const { return *this == never(); }
  constexpr auto operator<=>(const Instant&) const = default;
};
// `never` plus anything stays `never`.
constexpr Instant operator+(Instant at, Duration after) {
  if (at.is_never() || after > Instant::never().since_start - at.since_start)
    return Instant::never();
  return {at.since_start + after};
}
constexpr Instant operator-(Instant at, Duration before) {
  return {at.since_start - before};
}
constexpr Duration operator-(Instant late, Instant early) {
  return late.since_start - early.since_start;
}

// Wall-clock time, for people and for what outlives the process.
struct WallTime {
  std::chrono::nanoseconds since_epoch{0};  // Unix epoch, UTC.
  constexpr auto operator<=>(const WallTime&) const = default;
  constexpr std::int64_t seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
  }
};

}  // namespace base
