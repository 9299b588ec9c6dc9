#include "runtime/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>

#include "runtime/event_loop.h"
#include "runtime/mailbox.h"

namespace runtime {
namespace {

// Holds a worker until it is let go.
struct Gate {
  std::promise<void> entered;
  std::promise<void> open;

  Job job() {
    return [this, opened = open.get_future()]() mutable {
      entered.set_value();
      opened.wait();
    };
  }
  void wait_until_entered() { entered.get_future().wait(); }
};

TEST(WorkerPool, runs_jobs_whose_results_reach_the_loop_through_a_mailbox) {
  constexpr int total = 1'000;
  auto loop = EventLoop::create().value();
  Mailbox<int> mailbox(loop->waker(), total);
  WorkerPool pool({.threads = 4, .queue_max = total});
  for (int i = 1; i <= total; ++i) {
    EXPECT_TRUE(pool.try_submit([&mailbox, i] { EXPECT_TRUE(mailbox.try_post(int{i})); }));
  }
  int sum = 0;
  std::size_t received = 0;
  while (received < total) {
    loop->wait(base::Duration::max(), [](std::uint64_t, Ready) {});
    received += mailbox.drain([&](int&& value) { sum += value; });
  }
  EXPECT_EQ(sum, total * (total + 1) / 2);
}

TEST(WorkerPool, refuses_and_counts_when_its_queue_is_full) {
  Gate gate;
  WorkerPool pool({.threads = 1, .queue_max = 1});
  ASSERT_TRUE(pool.try_submit(gate.job()));
  gate.wait_until_entered();
  EXPECT_TRUE(pool.try_submit([] {}));
  auto owned = std::make_unique<int>(1);
  Job third = [kept = std::move(owned)] {};
  EXPECT_FALSE(pool.try_submit(std::move(third)));
  EXPECT_TRUE(static_cast<bool>(third));
  EXPECT_EQ(pool.counters().refused, 1U);
  gate.open.set_value();
}

TEST(WorkerPool, stopping_ends_the_running_job_and_drops_the_waiting_ones) {
  Gate gate;
  std::atomic<bool> ran = false;
  auto held = std::make_shared<int>(1);
  WorkerPool pool({.threads = 1, .queue_max = 8});
  ASSERT_TRUE(pool.try_submit(gate.job()));
  gate.wait_until_entered();
  ASSERT_TRUE(pool.try_submit([&ran, held] { ran = true; }));
  std::thread stopper([&] { pool.stop(); });
  while (pool.counters().dropped == 0) std::this_thread::yield();
  gate.open.set_value();
  stopper.join();
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(pool.counters().finished, 1U);
  EXPECT_FALSE(pool.try_submit([] {}));
}

TEST(WorkerPool, does_not_wait_for_an_abandoned_job) {
  auto gate = std::make_shared<Gate>();
  std::promise<void> left;
  {
    WorkerPool pool({.threads = 2, .queue_max = 8, .on_stop = OnStop::abandon});
    ASSERT_TRUE(pool.try_submit([gate, job = gate->job(), &left]() mutable {
      job();
      left.set_value();
    }));
    gate->wait_until_entered();
  }
  gate->open.set_value();
  left.get_future().wait();
}

TEST(Mailbox, refuses_and_counts_when_full) {
  auto loop = EventLoop::create().value();
  Mailbox<std::unique_ptr<int>> mailbox(loop->waker(), 1);
  EXPECT_TRUE(mailbox.try_post(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(mailbox.try_post(std::move(second)));
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(mailbox.refused(), 1U);
}

TEST(Mailbox, leaves_what_is_posted_while_draining_to_the_next_time) {
  auto loop = EventLoop::create().value();
  Mailbox<int> mailbox(loop->waker(), 8);
  EXPECT_TRUE(mailbox.try_post(1));
  EXPECT_EQ(mailbox.drain([&](int&& value) { EXPECT_TRUE(mailbox.try_post(value + 1)); }), 1U);
  EXPECT_EQ(mailbox.drain([&](int&& value) { EXPECT_EQ(value, 2); }), 1U);
}

}  // namespace
}  // namespace runtime
