#include "base/timer_wheel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "base/random.h"

namespace base {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant at_ms(std::int64_t ms) {
  return {milliseconds(ms)};
}

template <class Wheel>
std::vector<int> fire(Wheel& wheel, Instant now) {
  std::vector<int> fired;
  wheel.advance(now, [&](int payload) { fired.push_back(payload); });
  return fired;
}

TEST(TimerWheel, fires_at_the_due_time_and_not_before) {
  TimerWheel<int> wheel;
  wheel.set(at_ms(100), 1);
  EXPECT_THAT(fire(wheel, {milliseconds(100) - Duration(1)}), IsEmpty());
  EXPECT_THAT(fire(wheel, at_ms(100)), ElementsAre(1));
  EXPECT_THAT(fire(wheel, at_ms(100)), IsEmpty());
}

TEST(TimerWheel, is_at_most_one_resolution_late) {
  TimerWheel<int> wheel;
  wheel.set(at_ms(101), 1);
  EXPECT_THAT(fire(wheel, at_ms(109)), IsEmpty());
  EXPECT_THAT(fire(wheel, at_ms(110)), ElementsAre(1));
}

TEST(TimerWheel, fires_in_order_of_due_time_and_then_of_creation) {
  TimerWheel<int> wheel;
  wheel.set(at_ms(50'000), 1);
  wheel.set(at_ms(20), 2);
  wheel.set(at_ms(50'000), 3);
  EXPECT_THAT(fire(wheel, at_ms(49'000)), ElementsAre(2));
  wheel.set(at_ms(50'000), 4);
  wheel.set(at_ms(49'500), 5);
  EXPECT_THAT(fire(wheel, at_ms(60'000)), ElementsAre(5, 1, 3, 4));
}

TEST(TimerWheel, does_not_fire_what_was_cancelled) {
  TimerWheel<int> wheel;
  const TimerId id = wheel.set(at_ms(10), 1);
  wheel.set(at_ms(10), 2);
  EXPECT_TRUE(wheel.cancel(id));
  EXPECT_FALSE(wheel.cancel(id));
  EXPECT_THAT(fire(wheel, at_ms(10)), ElementsAre(2));
}

TEST(TimerWheel, does_not_take_an_old_id_for_the_timer_that_has_its_slot_now) {
  TimerWheel<int> wheel;
  const TimerId old = wheel.set(at_ms(10), 1);
  wheel.cancel(old);
  const TimerId young = wheel.set(at_ms(10), 2);
  ASSERT_EQ(old.slot, young.slot);
  EXPECT_FALSE(wheel.cancel(old));
  EXPECT_FALSE(wheel.cancel(TimerId{}));
  EXPECT_TRUE(wheel.contains(young));
}

TEST(TimerWheel, has_no_deadline_without_timers) {
  TimerWheel<int> wheel;
  EXPECT_TRUE(wheel.deadline().is_never());
  wheel.cancel(wheel.set(at_ms(10), 1));
  EXPECT_TRUE(wheel.deadline().is_never());
}

TEST(TimerWheel, wants_to_be_called_at_once_for_what_is_due_already) {
  TimerWheel<int> wheel;
  fire(wheel, at_ms(1000));
  wheel.set(at_ms(5), 1);
  EXPECT_LE(wheel.deadline(), at_ms(1000));
  EXPECT_THAT(fire(wheel, at_ms(1000)), ElementsAre(1));
}

TEST(TimerWheel, leaves_what_a_visitor_sets_as_due_to_the_next_advance) {
  TimerWheel<int> wheel;
  wheel.set(at_ms(10), 1);
  int fired = 0;
  const auto again = [&](int) {
    ++fired;
    wheel.set(at_ms(10), 1);
  };
  wheel.advance(at_ms(20), again);
  EXPECT_EQ(fired, 1);
  wheel.advance(at_ms(20), again);
  EXPECT_EQ(fired, 2);
}

TEST(TimerWheel, lets_a_visitor_cancel_what_is_due_together_with_it) {
  TimerWheel<int> wheel;
  wheel.set(at_ms(10), 1);
  const TimerId second = wheel.set(at_ms(10), 2);
  std::vector<int> fired;
  wheel.advance(at_ms(10), [&](int payload) {
    fired.push_back(payload);
    EXPECT_TRUE(wheel.cancel(second));
  });
  EXPECT_THAT(fired, ElementsAre(1));
}

TEST(TimerWheel, keeps_the_longest_intervals_of_the_standard_and_never) {
  TimerWheel<int> wheel(milliseconds(1));
  const Instant far = Instant{} + Seconds(UINT32_MAX);
  wheel.set(far, 1);
  wheel.set(Instant::never(), 2);
  EXPECT_THAT(fire(wheel, far - milliseconds(1)), IsEmpty());
  EXPECT_THAT(fire(wheel, far), ElementsAre(1));
  EXPECT_EQ(wheel.size(), 1U);
}

TEST(TimerWheel, uses_slots_again_and_gives_memory_back) {
  TimerWheel<int> wheel;
  std::vector<TimerId> ids;
  for (int i = 0; i < 10'000; ++i) ids.push_back(wheel.set(at_ms(i), i));
  for (const TimerId id : ids) wheel.cancel(id);
  EXPECT_EQ(wheel.slots(), 0U);
  for (int i = 0; i < 100; ++i) wheel.cancel(wheel.set(at_ms(i), i));
  EXPECT_EQ(wheel.slots(), 0U);
}

// Steps, not time: each timer enters one list when set, one a level it moves down, firing and free.
TEST(TimerWheel, costs_a_bounded_number_of_steps_with_a_million_timers) {
  constexpr int count = 1'000'000;
  TimerWheel<int> wheel;
  Random numbers(1);
  std::vector<TimerId> ids;
  for (int i = 0; i < count; ++i) {
    ids.push_back(wheel.set(at_ms(static_cast<std::int64_t>(numbers.range(1, 86'400'000))), i));
  }
  EXPECT_EQ(wheel.moves(), std::uint64_t{count});
  for (int i = 0; i < count; i += 2) wheel.cancel(ids[static_cast<std::size_t>(i)]);
  EXPECT_EQ(wheel.moves(), std::uint64_t{count} * 3 / 2);
  int fired = 0;
  for (std::int64_t ms = 0; ms <= 86'400'000; ms += 60'000) {
    wheel.advance(at_ms(ms), [&](int) { ++fired; });
  }
  EXPECT_EQ(fired, count / 2);
  EXPECT_LE(wheel.moves(), std::uint64_t{count} * 3 / 2 + std::uint64_t{count} / 2 * 9);
}

// What the wheel has to be like: a list sorted by rounded due time and creation.
struct NaiveTimers {
  struct Timer {
    std::int64_t tick;
    int payload;
  };
  std::vector<Timer> timers;
  std::int64_t current = 0;

  void set(std::int64_t ms, int payload) {
    timers.push_back({std::max((ms + 9) / 10, current), payload});
  }
  void cancel(int payload) {
    std::erase_if(timers, [&](const Timer& timer) { return timer.payload == payload; });
  }
  std::vector<int> fire(std::int64_t ms) {
    current = std::max(current, ms / 10);
    // Payloads are numbered by creation.
    std::sort(timers.begin(), timers.end(), [](const Timer& a, const Timer& b) {
      return std::tie(a.tick, a.payload) < std::tie(b.tick, b.payload);
    });
    std::vector<int> fired;
    while (!timers.empty() && timers.front().tick <= current) {
      fired.push_back(timers.front().payload);
      timers.erase(timers.begin());
    }
    return fired;
  }
  std::int64_t earliest_ms() const {
    std::int64_t tick = INT64_MAX / 10;
    for (const Timer& timer : timers) tick = std::min(tick, timer.tick);
    return tick * 10;
  }
};

TEST(TimerWheel, behaves_as_a_sorted_list) {
  const bool same = rc::check([] {
    TimerWheel<int> wheel;
    NaiveTimers naive;
    std::vector<TimerId> ids;
    std::int64_t now = 0;
    const auto steps =
        *rc::gen::container<std::vector<std::tuple<int, std::uint32_t, int>>>(rc::gen::tuple(
            rc::gen::inRange(0, 4), rc::gen::arbitrary<std::uint32_t>(), rc::gen::inRange(0, 33)));
    for (const auto& [what, number, bits] : steps) {
      // Spread over all magnitudes: a random number of bits.
      const auto span = static_cast<std::int64_t>(number & ((std::uint64_t{1} << bits) - 1));
      if (what <= 1) {
        const int payload = static_cast<int>(ids.size());
        ids.push_back(wheel.set(at_ms(now + span), payload));
        naive.set(now + span, payload);
      } else if (what == 2 && !ids.empty()) {
        const std::size_t chosen = number % ids.size();
        wheel.cancel(ids[chosen]);
        naive.cancel(static_cast<int>(chosen));
      } else {
        now += span;
        RC_ASSERT(fire(wheel, at_ms(now)) == naive.fire(now));
      }
      RC_ASSERT(wheel.size() == naive.timers.size());
      RC_ASSERT(naive.timers.empty() == wheel.deadline().is_never());
      if (!naive.timers.empty()) RC_ASSERT(wheel.deadline() <= at_ms(naive.earliest_ms()));
    }
  });
  EXPECT_TRUE(same);
}

// Whoever sleeps until the deadline each time must get everything, and in few turns.
TEST(TimerWheel, is_driven_by_its_own_deadline) {
  TimerWheel<int> wheel;
  Random numbers(7);
  for (int i = 0; i < 1000; ++i) {
    wheel.set(at_ms(static_cast<std::int64_t>(numbers.range(0, 100'000'000))), i);
  }
  int turns = 0;
  std::size_t fired = 0;
  while (!wheel.deadline().is_never()) {
    fired += fire(wheel, wheel.deadline()).size();
    ++turns;
  }
  EXPECT_EQ(fired, 1000U);
  EXPECT_LT(turns, 1000 * 8);
}

}  // namespace
}  // namespace base
