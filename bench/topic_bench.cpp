// Cost of topic matching: hot topics, topics that are new each time, subscribing beside many
// others, the table between the shards, and the retained store.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "topic/interest_table.h"
#include "topic/retained.h"
#include "topic/shared_groups.h"
#include "topic/subscription_index.h"

namespace {

using namespace topic;

std::string device_topic(std::uint64_t i) {
  return "site/" + std::to_string(i % 50) + "/device/" + std::to_string(i) + "/temperature";
}

// 80% without wildcard, 10% with +, 10% with #.
std::string device_filter(std::uint64_t i) {
  const std::string device = "site/" + std::to_string(i % 50) + "/device/" + std::to_string(i);
  if (i % 10 == 8) return "site/+/device/" + std::to_string(i) + "/temperature";
  if (i % 10 == 9) return device + "/#";
  return device_topic(i);
}

std::vector<std::string> topics(std::uint64_t count) {
  base::Random numbers(1);
  std::vector<std::string> result;
  for (std::uint64_t i = 0; i < count; ++i) result.push_back(device_topic(i));
  for (std::size_t i = count; i > 1; --i) std::swap(result[i - 1], result[numbers.range(0, i - 1)]);
  return result;
}

Subscriber subscriber(std::uint64_t id) {
  return Subscriber{SubscriberId{static_cast<std::uint32_t>(id)}};
}

void fill(SubscriptionIndex& index, std::uint64_t filters) {
  for (std::uint64_t i = 0; i < filters; ++i) index.add(device_filter(i), subscriber(i));
}

// Range 0: filters. Range 1: how many topics are published in turn. Range 2: cache entries.
void match(benchmark::State& state) {
  const auto filters = static_cast<std::uint64_t>(state.range(0));
  SubscriptionIndex index(static_cast<std::size_t>(state.range(2)));
  fill(index, filters);
  const auto names = topics(filters);
  const auto used = static_cast<std::size_t>(state.range(1));
  std::uint64_t sum = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    index.match(names[next], [&](const Subscriber& found) { sum += found.id.value; });
    if (++next == used) next = 0;
  }
  benchmark::DoNotOptimize(sum);
  state.counters["B/filter"] =
      static_cast<double>(index.memory() -
                          SubscriptionIndex(static_cast<std::size_t>(state.range(2))).memory()) /
      static_cast<double>(filters);
}
BENCHMARK(match)->Name("match/hot")->Args({1'000, 100, 1'024})->Args({100'000, 100, 1'024});
BENCHMARK(match)
    ->Name("match/always_new")
    ->Args({1'000, 1'000, 1})
    ->Args({100'000, 100'000, 1'024});
BENCHMARK(match)
    ->Name("match/no_cache")
    ->Args({1'000, 100, 0})
    ->Args({100'000, 100, 0})
    ->Args({100'000, 100'000, 0});

void match_nobody(benchmark::State& state) {
  SubscriptionIndex index(static_cast<std::size_t>(state.range(1)));
  fill(index, static_cast<std::uint64_t>(state.range(0)));
  const std::string name = "building/7/floor/3/light";
  std::uint64_t sum = 0;
  for (auto _ : state) {
    index.match(name, [&](const Subscriber& found) { sum += found.id.value; });
  }
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(match_nobody)->Args({100'000, 1'024})->Args({100'000, 0});

void add_and_remove(benchmark::State& state) {
  SubscriptionIndex index;
  const auto others = static_cast<std::uint64_t>(state.range(0));
  for (std::uint64_t i = 1; i < others; ++i) index.add("alarms/+/all", subscriber(i));
  base::Random numbers(1);
  for (auto _ : state) {
    const auto who = subscriber(numbers.range(1, others));
    index.remove("alarms/+/all", who.id);
    index.add("alarms/+/all", who);
  }
}
BENCHMARK(add_and_remove)->Name("add_and_remove/same_filter")->Arg(1)->Arg(100'000);

// A hot topic while others subscribe to topics of their own between each two messages.
void match_during_subscribes(benchmark::State& state) {
  SubscriptionIndex index;
  fill(index, 100'000);
  const std::string name = device_topic(9);
  std::uint64_t sum = 0;
  std::uint64_t next = 1'000'000;
  for (auto _ : state) {
    state.PauseTiming();
    index.add("site/1/device/" + std::to_string(next) + "/#", subscriber(next));
    ++next;
    state.ResumeTiming();
    for (int i = 0; i < 100; ++i) {
      index.match(name, [&](const Subscriber& found) { sum += found.id.value; });
    }
  }
  state.SetItemsProcessed(state.iterations() * 100);
  state.counters["hit rate"] = static_cast<double>(index.cache_hits()) /
                               static_cast<double>(index.cache_hits() + index.cache_misses());
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(match_during_subscribes)->Iterations(2'000);

void grow(benchmark::State& state) {
  for (auto _ : state) {
    SubscriptionIndex index;
    fill(index, 1'000'000);
    benchmark::DoNotOptimize(index.size());
  }
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}
BENCHMARK(grow)->Unit(benchmark::kMillisecond)->Iterations(1);

void interest(benchmark::State& state) {
  InterestTable table(4);
  for (std::uint64_t i = 0; i < 100'000; ++i)
    table.add(device_filter(i), ShardId{static_cast<std::uint8_t>(i % 4)});
  InterestReader reader(table);
  const auto names = topics(100'000);
  const auto used = static_cast<std::size_t>(state.range(0));
  std::size_t next = 0;
  ShardMask sum = 0;
  for (auto _ : state) {
    sum |= reader.find(names[next]).shards;
    if (++next == used) next = 0;
  }
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(interest)->Arg(100)->Arg(100'000);

void interest_add_and_remove(benchmark::State& state) {
  InterestTable table(4);
  std::uint64_t next = 0;
  for (auto _ : state) {
    const std::string filter = device_filter(next++);
    table.add(filter, ShardId{1});
    table.remove(filter, ShardId{1});
  }
}
BENCHMARK(interest_add_and_remove);

void pick(benchmark::State& state) {
  SharedGroups groups;
  GroupId group{};
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(state.range(0)); ++i) {
    group = groups.add("g", "jobs/#", Member{subscriber(i), Presence::online}).group;
  }
  std::uint64_t sum = 0;
  for (auto _ : state) sum += groups.pick(group).subscriber.id.value;
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(pick)->Arg(2)->Arg(10'000);

using Payload = std::shared_ptr<const std::string>;

RetainedStore<Payload>& million_retained() {
  static RetainedStore<Payload> store([](const Payload& value) { return value->size(); });
  if (store.count() == 0) {
    const auto value = std::make_shared<const std::string>("21.5");
    for (std::uint64_t i = 0; i < 1'000'000; ++i) store.lock(device_topic(i)).set(value);
  }
  return store;
}

void retained_set(benchmark::State& state) {
  auto& store = million_retained();
  const auto value = std::make_shared<const std::string>("22.0");
  const auto names = topics(1'000'000);
  const auto used = static_cast<std::size_t>(state.range(0));
  std::size_t next = 0;
  for (auto _ : state) {
    store.lock(names[next]).set(value);
    if (++next == used) next = 0;
  }
  state.counters["B/topic"] =
      static_cast<double>(store.memory()) / static_cast<double>(store.count());
}
BENCHMARK(retained_set)->Arg(100)->Arg(1'000'000);

// Whole answers, in slices of 100.
void retained_collect(benchmark::State& state, const char* filter) {
  auto& store = million_retained();
  std::size_t found = 0;
  for (auto _ : state) {
    const auto cursor = store.open(filter);
    found = 0;
    while (cursor->collect(100, [&](std::string_view, const Payload&) { ++found; })) {
    }
  }
  state.counters["found"] = static_cast<double>(found);
}
BENCHMARK_CAPTURE(retained_collect, one, "site/7/device/7/temperature");
BENCHMARK_CAPTURE(retained_collect, one_device, "site/7/device/7/#");
BENCHMARK_CAPTURE(retained_collect, plus_at_site, "site/+/device/7/temperature");
BENCHMARK_CAPTURE(retained_collect, one_site, "site/7/device/+/temperature")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(retained_collect, nothing, "+/+/light");
BENCHMARK_CAPTURE(retained_collect, all, "#")->Unit(benchmark::kMillisecond);

}  // namespace
