// midge_sim: runs seeds; see docs/simulator.md.
//   midge_sim --seeds FIRST COUNT | --seconds N --from SEED | --replay SEED
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <string_view>
#include <vector>

#include "sim/simulation.h"

int main(int argc, char** argv) {
  const std::vector<std::string_view> words{argv + 1, argv + argc};
  const auto number = [&](std::size_t at) {
    std::uint64_t value = 0;
    if (words.size() > at)
      std::from_chars(words[at].data(), words[at].data() + words[at].size(), value);
    return value;
  };
  if (words.size() == 2 && words[0] == "--replay") {
    const sim::Result result = sim::simulate(number(1), true);
    fmt::print("seed {}\n  {}\n{}\ntrace {:016x}\n", number(1), result.options, result.broken,
               result.trace);
    return result.broken.empty() ? 0 : 1;
  }
  std::uint64_t events = 0, hash = 0, bad = 0;
  for (std::uint64_t seed = number(1); seed < number(1) + number(2); ++seed) {
    const sim::Result result = sim::simulate(seed, false);
    events += result.events;
    hash = hash * 31 + result.trace;
    if (result.broken.empty()) continue;
    ++bad;
    fmt::print("seed {}: {}\n", seed, result.broken);
  }
  fmt::print("{} events, hash {:016x}, {} bad\n", events, hash, bad);
  return bad != 0;
}
