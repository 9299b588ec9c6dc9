#include "runtime/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "runtime/event_loop.h"
#include "runtime/lanes.h"

namespace runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Box = std::unique_ptr<int>;

std::vector<int> drained(Lane<Box>& lane, std::size_t budget) {
  std::vector<int> values;
  lane.drain(budget, [&](Box&& box) { values.push_back(*box); });
  return values;
}

TEST(Lane, gives_back_in_order_within_the_budget) {
  Lane<Box> lane(4);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(lane.try_push(std::make_unique<int>(i)));
  EXPECT_THAT(drained(lane, 2), ElementsAre(0, 1));
  EXPECT_THAT(drained(lane, 2), ElementsAre(2));
  EXPECT_THAT(drained(lane, 2), IsEmpty());
}

TEST(Lane, leaves_the_message_alone_when_full) {
  Lane<Box> lane(2);
  EXPECT_TRUE(lane.try_push(std::make_unique<int>(0)));
  EXPECT_TRUE(lane.try_push(std::make_unique<int>(1)));
  Box box = std::make_unique<int>(2);
  EXPECT_FALSE(lane.try_push(std::move(box)));
  ASSERT_NE(box, nullptr);
  EXPECT_THAT(drained(lane, 1), ElementsAre(0));
  EXPECT_TRUE(lane.try_push(std::move(box)));
  EXPECT_EQ(box, nullptr);
}

TEST(Lane, says_once_that_its_sender_waited_for_room) {
  Lane<Box> lane(1);
  EXPECT_TRUE(lane.try_push(std::make_unique<int>(0)));
  EXPECT_FALSE(lane.take_starved());
  EXPECT_FALSE(lane.try_push(std::make_unique<int>(1)));
  drained(lane, 1);
  EXPECT_TRUE(lane.take_starved());
  EXPECT_FALSE(lane.take_starved());
}

TEST(Lane, destroys_what_nobody_took) {
  auto shared = std::make_shared<int>(1);
  {
    Lane<std::shared_ptr<int>> lane(4);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(lane.try_push(std::shared_ptr<int>(shared)));
    lane.drain(1, [](std::shared_ptr<int>&&) {});
    EXPECT_EQ(shared.use_count(), 3);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(Lane, loses_and_swaps_nothing_between_two_threads) {
  constexpr int total = 200'000;
  Lane<Box> lane(64);
  std::thread sender([&] {
    for (int i = 0; i < total; ++i) {
      Box box = std::make_unique<int>(i);
      while (!lane.try_push(std::move(box))) std::this_thread::yield();
    }
  });
  int expected = 0;
  bool in_order = true;
  while (expected < total) {
    const std::size_t got =
        lane.drain(50, [&](Box&& box) { in_order = in_order && *box == expected++; });
    if (got == 0) std::this_thread::yield();
  }
  sender.join();
  EXPECT_TRUE(in_order);
}

constexpr auto no_wake = [](std::size_t) {};

TEST(Lanes, serves_senders_in_turns_so_that_a_busy_one_starves_nobody) {
  Lanes<int> lanes(3, 64);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(lanes.try_send(0, 2, 100 + i));
  EXPECT_TRUE(lanes.try_send(1, 2, 200));
  std::vector<int> got;
  const Drained drained =
      lanes.drain(2, 6, [&](std::size_t, int&& message) { got.push_back(message); }, no_wake);
  EXPECT_EQ(drained.messages, 6U);
  EXPECT_FALSE(drained.may_sleep);
  EXPECT_THAT(got, testing::Contains(200));
}

TEST(Lanes, lets_the_receiver_sleep_when_all_lanes_are_empty) {
  Lanes<int> lanes(2, 8);
  EXPECT_TRUE(lanes.try_send(0, 1, 1));
  const auto ignore = [](std::size_t, int&&) {};
  EXPECT_FALSE(lanes.drain(1, 1, ignore, no_wake).may_sleep);
  const Drained rest = lanes.drain(1, 8, ignore, no_wake);
  EXPECT_TRUE(rest.may_sleep);
  EXPECT_EQ(rest.messages, 0U);
}

TEST(Lanes, wakes_each_receiver_once_a_turn) {
  Lanes<int> lanes(4, 8);
  EXPECT_TRUE(lanes.try_send(0, 1, 1));
  EXPECT_TRUE(lanes.try_send(0, 1, 2));
  EXPECT_TRUE(lanes.try_send(0, 3, 3));
  std::vector<std::size_t> woken;
  const auto wake = [&](std::size_t to) { woken.push_back(to); };
  lanes.flush(0, wake);
  EXPECT_THAT(woken, ElementsAre(1, 3));
  lanes.flush(0, wake);
  EXPECT_EQ(woken.size(), 2U);
}

TEST(Lanes, wakes_a_sender_that_found_its_lane_full) {
  Lanes<int> lanes(2, 2);
  EXPECT_TRUE(lanes.try_send(0, 1, 1));
  EXPECT_TRUE(lanes.try_send(0, 1, 2));
  EXPECT_FALSE(lanes.try_send(0, 1, 3));
  std::vector<std::size_t> woken;
  lanes.drain(1, 8, [](std::size_t, int&&) {}, [&](std::size_t from) { woken.push_back(from); });
  EXPECT_THAT(woken, ElementsAre(0));
  EXPECT_TRUE(lanes.try_send(0, 1, 3));
}

// Each thread sends to all through lanes far too small, and sleeps for ever when it has nothing to
// do: a lost wake-up, of a receiver or of a sender that waits for room, hangs this test.
class Crowd final {
 public:
  explicit Crowd(std::size_t threads, int each) : lanes_(threads, 4), each_(each) {
    for (std::size_t i = 0; i < threads; ++i) loops_.push_back(EventLoop::create().value());
  }

  std::vector<std::uint64_t> run() {
    std::vector<std::uint64_t> sums(loops_.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      threads.emplace_back([this, i, &sums] { sums[i] = run_one(i); });
    }
    for (std::thread& thread : threads) thread.join();
    return sums;
  }

 private:
  void wake(std::size_t which) { loops_[which]->waker().wake(); }

  std::uint64_t run_one(std::size_t self) {
    std::vector<int> sent(loops_.size());
    std::uint64_t received = 0;
    std::uint64_t sum = 0;
    const std::uint64_t expected = loops_.size() * static_cast<std::uint64_t>(each_);
    while (true) {
      const bool finished = send_some(self, sent);
      lanes_.flush(self, [&](std::size_t to) { wake(to); });
      const Drained drained = lanes_.drain(
          self, 5, [&](std::size_t, int&& value) { sum += static_cast<std::uint64_t>(value); },
          [&](std::size_t from) { wake(from); });
      received += drained.messages;
      if (finished && received == expected) return sum;
      loops_[self]->wait(drained.may_sleep ? base::Duration::max() : base::Duration::zero(),
                         [](std::uint64_t, Ready) {});
    }
  }
  // True: all is sent.
  bool send_some(std::size_t self, std::vector<int>& sent) {
    bool all = true;
    for (std::size_t to = 0; to < sent.size(); ++to) {
      while (sent[to] < each_ && lanes_.try_send(self, to, sent[to] + 1)) ++sent[to];
      all = all && sent[to] == each_;
    }
    return all;
  }

  Lanes<int> lanes_;
  int each_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
};

TEST(Lanes, threads_that_sleep_between_messages_get_all_of_them) {
  constexpr int each = 5'000;
  constexpr std::uint64_t sum = std::uint64_t{each} * (each + 1) / 2;
  EXPECT_THAT(Crowd(4, each).run(), testing::Each(4 * sum));
}

}  // namespace
}  // namespace runtime
