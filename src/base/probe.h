// PROBE("takeover while QoS 2 is in flight"): counts how often a rare path is taken, so that a
// simulation can say which ones it never reached. Nothing but builds with MIDGE_PROBES compiles it;
// those are for one thread. Not for templates and inline functions: each place is one counter.
#pragma once

#ifdef MIDGE_PROBES

#include <cstdint>
#include <span>

namespace base {

struct Probe {
  const char* text;
  std::uint64_t count;
};

}  // namespace base

// The linker lays all of them side by side and names both ends.
extern "C" {
extern base::Probe __start_midge_probes[];  // NOLINT(bugprone-reserved-identifier): the linker's.
extern base::Probe __stop_midge_probes[];   // NOLINT(bugprone-reserved-identifier)
}

namespace base {
// All probes of the program, also those that were never reached.
inline std::span<Probe> all_probes() {
  return {__start_midge_probes, __stop_midge_probes};
}
}  // namespace base

#define PROBE(text)                                                                               \
  do {                                                                                            \
    [[gnu::section("midge_probes"), gnu::used]] static constinit base::Probe probe_of_this_place{ \
        text, 0};                                                                                 \
    ++probe_of_this_place.count;                                                                  \
  } while (false)

#else
#define PROBE(text) static_cast<void>(0)
#endif
