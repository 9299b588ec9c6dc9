#include "topic/retained.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "topic/filter.h"
#include "topic/test_names.h"

namespace topic {
namespace {

using Store = RetainedStore<std::string>;
using Names = std::vector<std::string>;

std::size_t size_of(const std::string& value) {
  return value.size();
}

void set(Store& store, std::string_view name, std::string value = "v") {
  store.lock(name).set(std::move(value));
}

Names collect(Store& store, std::string_view filter, std::size_t slice = 1'000) {
  Names names;
  const auto cursor = store.open(filter);
  while (cursor->collect(
      slice, [&](std::string_view name, const std::string&) { names.emplace_back(name); })) {
  }
  return names;
}

Names sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Retained, KeepsTheLastValueOfATopic) {
  Store store(size_of);
  auto held = store.lock("a/b");
  EXPECT_EQ(held.get(), std::nullopt);
  EXPECT_TRUE(held.set("first"));
  EXPECT_FALSE(held.set("second"));
  EXPECT_EQ(held.get(), "second");
}

TEST(Retained, ForgetsATopic) {
  Store store(size_of);
  EXPECT_FALSE(store.lock("a/b").erase());
  set(store, "a/b");
  EXPECT_FALSE(store.lock("a").erase());
  EXPECT_TRUE(store.lock("a/b").erase());
  EXPECT_EQ(store.lock("a/b").get(), std::nullopt);
  EXPECT_EQ(collect(store, "#"), Names{});
}

TEST(Retained, CountsTopicsAndBytes) {
  Store store(size_of);
  set(store, "a", "12345");
  set(store, "b", "123");
  set(store, "a", "1");
  EXPECT_EQ(store.count(), 2u);
  EXPECT_EQ(store.bytes(), 4u);
  store.lock("b").erase();
  EXPECT_EQ(store.count(), 1u);
  EXPECT_EQ(store.bytes(), 1u);
}

TEST(Retained, GivesWhatTheFilterMatches) {
  Store store(size_of);
  for (const char* name : {"a", "a/b", "a/b/c", "a/x/c", "b/b/c", "/a", "a/"}) set(store, name);
  EXPECT_EQ(collect(store, "a/b"), (Names{"a/b"}));
  EXPECT_EQ(sorted(collect(store, "a/+")), (Names{"a/", "a/b"}));
  EXPECT_EQ(sorted(collect(store, "a/+/c")), (Names{"a/b/c", "a/x/c"}));
  EXPECT_EQ(sorted(collect(store, "a/#")), (Names{"a", "a/", "a/b", "a/b/c", "a/x/c"}));
  EXPECT_EQ(sorted(collect(store, "+/b/#")), (Names{"a/b", "a/b/c", "b/b/c"}));
  EXPECT_EQ(collect(store, "#").size(), 7u);
  EXPECT_EQ(collect(store, "a/b/c/d"), Names{});
}

TEST(Retained, GivesDollarTopicsOnlyToFiltersThatNameThem) {  // [MQTT-4.7.2-1]
  Store store(size_of);
  for (const char* name : {"$SYS/a", "a/$x", "$other"}) set(store, name);
  EXPECT_EQ(collect(store, "#"), (Names{"a/$x"}));
  EXPECT_EQ(collect(store, "+/a"), Names{});
  EXPECT_EQ(collect(store, "$SYS/#"), (Names{"$SYS/a"}));
  EXPECT_EQ(collect(store, "$SYS/+"), (Names{"$SYS/a"}));
}

TEST(Retained, LooksOnlyInTheStripeThatAFilterNames) {
  EXPECT_EQ(retained_stripes_of("a/b/c/#").end - retained_stripes_of("a/b/c/#").first, 1u);
  EXPECT_EQ(retained_stripes_of("a/b").end - retained_stripes_of("a/b").first, 1u);
  EXPECT_EQ(retained_stripes_of("a/b/#").end, retained_stripes);
  EXPECT_EQ(retained_stripes_of("a/b/c/d/+").first, retained_stripe_of("a/b/c/x/y"));
}

TEST(Retained, GivesTheSameOrderInEveryRun) {
  const auto fill_and_collect = [] {
    Store store(size_of);
    for (int i = 0; i < 500; ++i) set(store, "d/" + std::to_string(i * 37 % 500) + "/v");
    return collect(store, "#", 7);
  };
  EXPECT_EQ(fill_and_collect(), fill_and_collect());
  Store store(size_of);
  for (const char* name : {"a/b/c/z", "a/b/c/m", "a/b/c/q"}) set(store, name);
  EXPECT_EQ(collect(store, "a/b/c/#"), (Names{"a/b/c/z", "a/b/c/m", "a/b/c/q"}));
}

TEST(RetainedCursor, GivesNoMoreThanAskedForAtOnce) {
  Store store(size_of);
  for (int i = 0; i < 100; ++i) set(store, "a/b/c/" + std::to_string(i));
  const auto cursor = store.open("#");
  std::size_t sum = 0;
  bool more = true;
  while (more) {
    std::size_t slice = 0;
    more = cursor->collect(7, [&](std::string_view, const std::string&) { ++slice; });
    EXPECT_LE(slice, 7u);
    sum += slice;
  }
  EXPECT_EQ(sum, 100u);
  EXPECT_FALSE(cursor->collect(7, [](std::string_view, const std::string&) { FAIL(); }));
}

TEST(RetainedCursor, PausesAlsoWhileItFindsNothing) {
  Store store(size_of);
  for (int i = 0; i < 10'000; ++i) set(store, "a/b/c/" + std::to_string(i) + "/x");
  const auto cursor = store.open("a/b/c/+/y");
  int slices = 1;
  while (cursor->collect(10, [](std::string_view, const std::string&) { FAIL(); })) ++slices;
  EXPECT_GT(slices, 10);
}

TEST(RetainedCursor, GoesOnAfterTheTopicItRestsAtHasGone) {
  Store store(size_of);
  for (const char* name : {"a/b/c/1", "a/b/c/2", "a/b/c/3"}) set(store, name);
  Names seen;
  const auto cursor = store.open("a/b/c/+");
  const auto note = [&](std::string_view name, const std::string&) { seen.emplace_back(name); };
  EXPECT_TRUE(cursor->collect(2, note));
  store.lock("a/b/c/2").erase();
  store.lock("a/b/c/1").erase();
  EXPECT_FALSE(cursor->collect(2, note));
  EXPECT_EQ(seen, (Names{"a/b/c/1", "a/b/c/2", "a/b/c/3"}));
}

TEST(RetainedCursor, LeavesNothingBehindWhenGivenUp) {
  Store store(size_of);
  const std::size_t before = store.memory();
  for (int i = 0; i < 1'000; ++i) set(store, "a/b/c/" + std::to_string(i));
  {
    const auto cursor = store.open("#");
    EXPECT_TRUE(cursor->collect(5, [](std::string_view, const std::string&) {}));
    for (int i = 0; i < 1'000; ++i) store.lock("a/b/c/" + std::to_string(i)).erase();
    EXPECT_EQ(store.count(), 0u);
  }
  EXPECT_LT(store.memory(), before + 32'000);
}

RC_GTEST_PROP(Retained, AgreesWithANaiveStoreWhateverTheSlices, ()) {
  Store store(size_of);
  std::map<std::string, std::string> model;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, std::string>>>(
      rc::gen::pair(rc::gen::inRange(0, 3), test::name()));
  for (const auto& [action, name] : steps) {
    const std::string value(static_cast<std::size_t>(action), 'v');
    if (action == 0) {
      RC_ASSERT(store.lock(name).erase() == (model.erase(name) == 1));
    } else {
      RC_ASSERT(store.lock(name).set(value) == !model.contains(name));
      model[name] = value;
    }
  }
  RC_ASSERT(store.count() == model.size());
  const auto filters = *rc::gen::container<std::vector<std::string>>(10, test::filter());
  for (const std::string& filter : filters) {
    Names expected;
    for (const auto& entry : model) {
      if (matches(filter, entry.first)) expected.push_back(entry.first);
    }
    RC_ASSERT(sorted(collect(store, filter, *rc::gen::inRange<std::size_t>(1, 5))) == expected);
  }
}

// Between slices topics come and go; those that stay are seen once, those that go at most once.
RC_GTEST_PROP(RetainedCursor, GivesEveryTopicThatStaysExactlyOnce, ()) {
  Store store(size_of);
  std::set<std::string> staying;
  for (const auto& name : *rc::gen::container<Names>(test::name())) {
    set(store, name);
    staying.insert(name);
  }
  const std::string filter = *test::filter();
  const auto cursor = store.open(filter);
  std::map<std::string, int> seen;
  std::set<std::string> added;
  const auto note = [&](std::string_view name, const std::string&) { ++seen[std::string(name)]; };
  while (cursor->collect(*rc::gen::inRange<std::size_t>(1, 4), note)) {
    const std::string name = *test::name();
    if (*rc::gen::arbitrary<bool>()) {
      store.lock(name).erase();
      staying.erase(name);
    } else if (store.lock(name).set("new")) {
      added.insert(name);
    }
  }
  for (const std::string& name : staying) RC_ASSERT(seen[name] == (matches(filter, name) ? 1 : 0));
  for (const auto& [name, count] : seen) {
    RC_ASSERT(count == 0 || matches(filter, name));
    if (!added.contains(name)) RC_ASSERT(count <= 1);
  }
}

// One topic is written with rising numbers, others come and go, cursors run: a reader that looks
// again never sees a smaller number. Meant for the thread sanitizer.
TEST(Retained, NeverShowsAnOlderValueAfterANewerOne) {
  RetainedStore<int> store([](const int&) { return sizeof(int); });
  store.lock("a/b/c/counter").set(0);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    base::Random numbers(1);
    for (int i = 1; i <= 5'000; ++i) {
      store.lock("a/b/c/counter").set(i);
      const std::string other = "a/" + std::to_string(numbers.range(0, 50)) + "/x";
      if (numbers.range(0, 1) == 0) {
        store.lock(other).set(i);
      } else {
        store.lock(other).erase();
      }
    }
    stop = true;
  });
  const auto read = [&] {
    int last = 0;
    while (!stop) {
      const auto cursor = store.open("a/#");
      while (cursor->collect(10, [&](std::string_view name, int value) {
        if (name != "a/b/c/counter") return;
        EXPECT_GE(value, last);
        last = value;
      })) {
      }
    }
  };
  std::thread first(read);
  std::thread second(read);
  for (std::thread* thread : {&writer, &first, &second}) thread->join();
  EXPECT_EQ(store.lock("a/b/c/counter").get(), 5'000);
}

}  // namespace
}  // namespace topic
