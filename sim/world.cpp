#include "sim/world.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace sim {

namespace {
// More than any honest run needs: what goes on without an end is a finding too.
constexpr std::uint64_t events_max = 3'000'000;
}  // namespace

void World::after(Ms delay, std::function<void()> what) {
  queue_.push({now_ + delay, order_++, std::move(what)});
}

void World::run_until(Ms end) {
  while (!queue_.empty() && queue_.top().at <= end && !is_broken()) {
    const Event event = std::move(const_cast<Event&>(queue_.top()));
    queue_.pop();
    now_ = event.at;
    event.what();
    if (++events_ > events_max) broken("rest", "the run never comes to rest");
  }
  if (!is_broken()) now_ = end;
}

void World::trace(std::string_view bytes) {
  for (const char c : bytes) trace(static_cast<std::uint8_t>(c));
}

void World::broken(std::string_view checker, const std::string& what) {
  if (is_verbose) say(fmt::format("BROKEN {}: {}", checker, what));
  if (verdict_.empty()) verdict_ = fmt::format("{}: {}", checker, what);
}

void World::say(const std::string& line) const {
  if (is_verbose)
    std::printf("%9.3f %s\n", static_cast<double>(now_ - 1'000'000) / 1000, line.c_str());
}

}  // namespace sim
