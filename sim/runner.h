// Runs many seeds in child processes, so that a run that crashes or never ends is a finding with
// its seed and not the end of the search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

struct Finding {
  std::uint64_t seed = 0;
  std::string what;
};
struct Tally {
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t hash = 0;  // Of all traces, in any order.
  std::vector<Finding> findings{};
};

class Runner final {
 public:
  Runner();
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Seeds first, first + 1, ... on so many processes at a time, until one of: `count` were run, the
  // seconds are over, so many were found broken.
  struct Order {
    std::uint64_t first = 1;
    std::uint64_t count = UINT64_MAX;
    double seconds = 1e9;
    std::size_t findings_max = 5;
    std::size_t processes = 1;
  };
  Tally run(const Order& order);

  // How often each probe fired in all runs so far; none in builds without probes.
  struct Probe {
    std::string text;
    std::uint64_t count = 0;
  };
  std::vector<Probe> probes() const;

 private:
  struct Child;
  struct Board;
  int start(Board& board, std::uint64_t first, std::uint64_t count);
  std::vector<std::uint64_t> probe_counts_;
};

}  // namespace sim
