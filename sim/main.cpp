// midge_sim: simulations of the broker by seeds; docs/simulator.md says what they are.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "sim/planted.h"
#include "sim/runner.h"
#include "sim/simulation.h"

namespace {

constexpr std::string_view usage =
    "Usage: midge_sim [--seed SEED] [--seconds N] [--count N] [--processes N] [--plant NAME]\n"
    "       midge_sim --replay SEED [--plant NAME]    one run, told event by event\n"
    "       midge_sim --file FILE                     the seeds that once found something\n"
    "       midge_sim --planted                       how many seeds each planted bug takes\n"
    "       midge_sim --determinism COUNT             the same seeds twice\n"
    "SEED is a number, or any text (a commit): its hash is the first of a row of seeds.\n";

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t count = UINT64_MAX;
  double seconds = 60;
  std::size_t processes = std::max(1U, std::thread::hardware_concurrency());
  std::optional<std::uint64_t> replay{};
  std::uint64_t twice = 0;
  std::string file{};
  bool planted = false;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint64_t seed_of(std::string_view text) {
  const auto number = number_of(text);
  // Room for the seeds that follow.
  return number ? *number : base::stable_hash(text) >> 16;
}

bool read(const std::vector<std::string_view>& words, Arguments& arguments) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view name = words[i];
    if (name == "--planted") {
      arguments.planted = true;
      continue;
    }
    if (++i == words.size()) return false;
    const std::string_view value = words[i];
    const auto number = number_of(value);
    if (name == "--seed") {
      arguments.first = seed_of(value);
    } else if (name == "--replay") {
      arguments.replay = seed_of(value);
    } else if (name == "--file") {
      arguments.file = value;
    } else if (name == "--plant") {
      if (!sim::plant(value)) return false;
    } else if (name == "--seconds" && number) {
      arguments.seconds = static_cast<double>(*number);
    } else if (name == "--count" && number) {
      arguments.count = *number;
      arguments.seconds = 1e6;
    } else if (name == "--processes" && number) {
      arguments.processes = *number;
    } else if (name == "--determinism" && number) {
      arguments.twice = *number;
    } else {
      return false;
    }
  }
  return true;
}

int replay(std::uint64_t seed) {
  const sim::Result result = sim::simulate(seed, true);
  fmt::print("seed {}\n  {}\n{}\ntrace {:016x}, {} events\n", seed, result.options,
             result.broken.empty() ? "every promise was kept" : result.broken, result.trace,
             result.events);
  return result.broken.empty() ? 0 : 1;
}

int report(const sim::Tally& tally, const sim::Runner& runner) {
  for (const sim::Finding& finding : tally.findings) {
    fmt::print("seed {}: {}\n  to see it: ./dev sim SEED={}\n", finding.seed, finding.what,
               finding.seed);
  }
  fmt::print("{} seeds, {} events, {} broken, traces {:016x}\n", tally.seeds, tally.events,
             tally.findings.size(), tally.hash);
  std::size_t never = 0;
  for (const auto& probe : runner.probes()) {
    fmt::print("{:>12} {}\n", probe.count, probe.text);
    never += probe.count == 0 ? 1U : 0U;
  }
  if (never > 0) fmt::print("{} rare paths were never taken\n", never);
  return tally.findings.empty() ? 0 : 1;
}

int run(const Arguments& arguments) {
  sim::Runner runner;
  fmt::print("Seeds from {}, {} processes\n", arguments.first, arguments.processes);
  const sim::Tally tally = runner.run({.first = arguments.first,
                                       .count = arguments.count,
                                       .seconds = arguments.seconds,
                                       .processes = arguments.processes});
  return report(tally, runner);
}

int run_file(const Arguments& arguments) {
  std::ifstream file{arguments.file};
  std::string line;
  int bad = 0;
  sim::Runner runner;
  while (std::getline(file, line)) {
    const auto seed = number_of(line.substr(0, line.find(' ')));
    if (!seed) continue;
    bad += report(runner.run({.first = *seed, .count = 1}), sim::Runner{});
  }
  return bad == 0 && file.eof() ? 0 : 1;
}

int run_twice(const Arguments& arguments) {
  sim::Runner runner;
  const sim::Runner::Order order{
      .first = arguments.first, .count = arguments.twice, .processes = arguments.processes};
  const sim::Tally once = runner.run(order);
  const sim::Tally again = runner.run(order);
  fmt::print("traces {:016x} and {:016x} of {} seeds\n", once.hash, again.hash, once.seeds);
  return once.hash == again.hash && once.seeds == again.seeds ? 0 : 1;
}

// Each must be found within 10,000 seeds or 5 minutes.
int find_planted(const Arguments& arguments) {
  std::size_t missed = 0;
  for (const sim::Planted& one : sim::all_planted()) {
    if (!sim::plant(one.name)) {
      fmt::print("this build has no planted bugs: cmake -DMIDGE_PLANTED_BUGS=ON\n");
      return 2;
    }
    sim::Runner runner;
    const sim::Tally tally = runner.run({.first = 1,
                                         .count = 10'000,
                                         .seconds = 300,
                                         .findings_max = 1,
                                         .processes = arguments.processes});
    const bool found = !tally.findings.empty();
    missed += found ? 0U : 1U;
    fmt::print("{:<22} {:>6}  {:<70} {}\n", one.name,
               found ? std::to_string(tally.findings.front().seed) : "missed", one.what,
               found ? tally.findings.front().what : "");
    std::fflush(stdout);
  }
  fmt::print("{} planted bugs, {} missed\n", sim::all_planted().size(), missed);
  return missed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!read({argv + 1, argv + argc}, arguments)) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  if (arguments.replay) return replay(*arguments.replay);
  if (!arguments.file.empty()) return run_file(arguments);
  if (arguments.twice > 0) return run_twice(arguments);
  if (arguments.planted) return find_planted(arguments);
  return run(arguments);
}
