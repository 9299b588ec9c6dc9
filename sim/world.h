// One run's time, chance and order of events, and where a broken promise is reported. Everything
// that happens is an event; ties go by creation. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/options.h"

namespace sim {

class World final {
 public:
  explicit World(std::uint64_t seed) : random(seed), options(Options::draw(random)) {}

  base::Random random;
  const Options options;
  bool has_faults = true;
  bool is_calm = false;  // All clients came back after the faults, and stay.
  bool is_verbose = false;

  // ---- time
  Ms now() const { return now_; }
  base::Instant instant() const { return base::Instant{std::chrono::milliseconds{now_}}; }
  void after(Ms delay, std::function<void()> what);
  // Until that time, or a promise is broken.
  void run_until(Ms end);

  // ---- chance
  bool percent(Percent chance) { return random.range(1, 100) <= chance; }
  bool fault(Percent chance) { return has_faults && percent(chance); }
  Ms up_to(Ms most) { return static_cast<Ms>(random.range(0, static_cast<std::uint64_t>(most))); }

  // ---- the trace, as a number: the same seed gives the same one
  void trace(std::uint64_t number) {
    trace_ = (trace_ ^ number) * 0x100000001b3ULL;
    trace_ ^= trace_ >> 29;
  }
  void trace(std::string_view bytes);
  std::uint64_t trace_hash() const { return trace_; }

  // ---- verdict: the first broken promise counts
  void broken(std::string_view checker, const std::string& what);
  bool is_broken() const { return !verdict_.empty(); }
  const std::string& verdict() const { return verdict_; }
  void say(const std::string& line) const;
  std::uint64_t events() const { return events_; }

 private:
  struct Event {
    Ms at;
    std::uint64_t order;
    std::function<void()> what;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  Ms now_ = 1'000'000;
  std::uint64_t order_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t trace_ = 0xcbf29ce484222325ULL;
  std::string verdict_;
};

}  // namespace sim
