#include "sim/runner.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>

#include "base/assert.h"
#include "base/probe.h"
#include "sim/simulation.h"

namespace sim {

namespace {
constexpr std::uint64_t batch = 50;   // Seeds of one process.
constexpr unsigned patience_s = 120;  // For a whole batch, then it hangs.
constexpr std::size_t probes_max = 512;
constexpr std::size_t text_max = 400;

std::size_t probe_count() {
#ifdef MIDGE_PROBES
  return base::all_probes().size();
#else
  return 0;
#endif
}
}  // namespace

// What a child tells its parent, in memory that both see: up to date when the child dies.
struct Runner::Board {
  std::uint64_t seed;
  std::uint64_t done;
  std::uint64_t events;
  std::uint64_t hash;
  bool is_broken;
  char text[text_max];
  std::uint64_t probes[probes_max];
};

struct Runner::Child {
  int pid;
  Board* board;
};

Runner::Runner() : probe_counts_(probe_count()) {
  ASSERT(probe_counts_.size() <= probes_max);
}
Runner::~Runner() = default;

int Runner::start(Board& board, std::uint64_t first, std::uint64_t count) {
  board = Board{};
  std::fflush(nullptr);
  const int pid = ::fork();
  ASSERT(pid >= 0);
  if (pid != 0) return pid;
  ::alarm(patience_s);
  std::freopen("/dev/null", "w", stderr);
  for (std::uint64_t i = 0; i < count && !board.is_broken; ++i) {
    board.seed = first + i;
    const Result result = simulate(board.seed, false);
    ++board.done;
    board.events += result.events;
    board.hash += result.trace * (2 * board.seed + 1);
    board.is_broken = !result.broken.empty();
    if (board.is_broken) {
      std::snprintf(static_cast<char*>(board.text), text_max, "%s", result.broken.c_str());
    }
#ifdef MIDGE_PROBES
    std::size_t at = 0;
    for (const base::Probe& probe : base::all_probes()) board.probes[at++] = probe.count;
#endif
  }
  ::_exit(0);
}

Tally Runner::run(const Order& order) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(std::min(order.seconds, 1e6));
  Tally tally;
  std::vector<Board*> free;
  for (std::size_t i = 0; i < order.processes; ++i) {
    void* memory =
        ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT(memory != MAP_FAILED);
    free.push_back(new (memory) Board{});
  }
  std::map<int, Board*> children;
  std::uint64_t next = order.first;
  while (true) {
    const bool goes_on = Clock::now() < end && tally.findings.size() < order.findings_max &&
                         next - order.first < order.count;
    if (goes_on && !free.empty()) {
      const std::uint64_t count = std::min(batch, order.count - (next - order.first));
      Board* board = free.back();
      free.pop_back();
      children[start(*board, next, count)] = board;
      next += count;
      continue;
    }
    if (children.empty()) break;
    int status = 0;
    const int pid = ::wait(&status);
    const auto at = children.find(pid);
    if (at == children.end()) continue;
    const Board& board = *at->second;
    tally.seeds += board.done;
    tally.events += board.events;
    tally.hash += board.hash;
    for (std::size_t i = 0; i < probe_counts_.size(); ++i) probe_counts_[i] += board.probes[i];
    if (board.is_broken) {
      tally.findings.push_back({board.seed, std::string{static_cast<const char*>(board.text)}});
    } else if (WIFSIGNALED(status)) {
      tally.findings.push_back(
          {board.seed, fmt::format("crashed with signal {}", WTERMSIG(status))});
    }
    free.push_back(at->second);
    children.erase(at);
  }
  for (Board* board : free) ::munmap(board, sizeof(Board));
  std::sort(tally.findings.begin(), tally.findings.end(),
            [](const Finding& a, const Finding& b) { return a.seed < b.seed; });
  return tally;
}

std::vector<Runner::Probe> Runner::probes() const {
  std::vector<Probe> all;
#ifdef MIDGE_PROBES
  std::map<std::string, std::uint64_t> sums;
  std::size_t at = 0;
  for (const base::Probe& probe : base::all_probes()) sums[probe.text] += probe_counts_[at++];
  for (const auto& [text, count] : sums) all.push_back({text, count});
#endif
  return all;
}

}  // namespace sim
