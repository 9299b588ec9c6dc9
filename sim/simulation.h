// One run from one seed: a busy time with faults, a quiet time without, then everybody leaves. Says
// the first promise that was broken, if any.
#pragma once

#include <cstdint>
#include <string>

namespace sim {

struct Result {
  std::string broken;  // Empty: every promise was kept.
  std::string options;
  std::uint64_t trace = 0;
  std::uint64_t events = 0;
};

Result simulate(std::uint64_t seed, bool is_verbose);

}  // namespace sim
