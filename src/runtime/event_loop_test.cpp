#include "runtime/event_loop.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace runtime {
namespace {

using base::Duration;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Duration no_wait{0};
constexpr Duration for_ever = Duration::max();

struct Pipe {
  Fd out;
  Fd in;
};

Pipe make_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

void put_byte(const Pipe& pipe) {
  EXPECT_EQ(::write(pipe.in.get(), "x", 1), 1);
}

struct EventLoopTest : testing::Test {
  std::unique_ptr<EventLoop> loop = EventLoop::create().value();

  Watch add(const Fd& fd, Interest interest, std::uint64_t token) {
    auto watch = loop->add(fd.get(), interest, token);
    EXPECT_TRUE(watch.has_value());
    return *watch;
  }
  std::vector<std::uint64_t> turn(Duration timeout = no_wait) {
    std::vector<std::uint64_t> tokens;
    loop->wait(timeout, [&](std::uint64_t token, Ready) { tokens.push_back(token); });
    return tokens;
  }
};

TEST_F(EventLoopTest, tells_what_is_readable_again_and_again_until_read) {
  const Pipe pipe = make_pipe();
  add(pipe.out, {.read = true}, 7);
  EXPECT_THAT(turn(), IsEmpty());
  put_byte(pipe);
  EXPECT_THAT(turn(for_ever), ElementsAre(7));
  EXPECT_THAT(turn(for_ever), ElementsAre(7));
  char byte;
  ASSERT_EQ(::read(pipe.out.get(), &byte, 1), 1);
  EXPECT_THAT(turn(), IsEmpty());
}

TEST_F(EventLoopTest, follows_a_change_of_interest) {
  const Pipe pipe = make_pipe();
  const Watch watch = add(pipe.in, {}, 1);
  EXPECT_THAT(turn(), IsEmpty());
  loop->modify(watch, {.write = true});
  loop->wait(no_wait, [](std::uint64_t, Ready ready) {
    EXPECT_TRUE(ready.writable);
    EXPECT_FALSE(ready.readable);
    EXPECT_FALSE(ready.broken);
  });
  EXPECT_THAT(turn(), ElementsAre(1));
  loop->modify(watch, {});
  EXPECT_THAT(turn(), IsEmpty());
}

TEST_F(EventLoopTest, tells_that_a_peer_is_gone_without_being_asked) {
  Pipe pipe = make_pipe();
  add(pipe.in, {}, 1);
  pipe.out.reset();
  bool broken = false;
  loop->wait(no_wait, [&](std::uint64_t, Ready ready) { broken = ready.broken; });
  EXPECT_TRUE(broken);
}

// Two descriptors ready in one batch; whoever comes first removes the other, whose number and slot
// are then taken by a new one that has nothing to say.
TEST_F(EventLoopTest, does_not_deliver_an_event_of_a_removed_watch_to_its_successor) {
  Pipe pipes[2] = {make_pipe(), make_pipe()};
  const Pipe quiet = make_pipe();
  Watch watches[2] = {add(pipes[0].out, {.read = true}, 0), add(pipes[1].out, {.read = true}, 1)};
  put_byte(pipes[0]);
  put_byte(pipes[1]);
  std::vector<std::uint64_t> tokens;
  loop->wait(no_wait, [&](std::uint64_t token, Ready) {
    tokens.push_back(token);
    const std::size_t other = 1 - token;
    loop->remove(watches[other]);
    ASSERT_GE(::dup3(quiet.out.get(), pipes[other].out.get(), O_CLOEXEC), 0);
    const Watch successor = add(pipes[other].out, {.read = true}, 99);
    EXPECT_EQ(successor.slot, watches[other].slot);
    EXPECT_NE(successor.generation, watches[other].generation);
  });
  EXPECT_EQ(tokens.size(), 1U);
  EXPECT_EQ(loop->counters().stale, 1U);
  EXPECT_EQ(loop->watches(), 2U);
}

TEST_F(EventLoopTest, removing_twice_does_nothing) {
  const Pipe pipe = make_pipe();
  const Watch watch = add(pipe.out, {.read = true}, 1);
  loop->remove(watch);
  loop->remove(watch);
  loop->remove(Watch{});
  EXPECT_EQ(loop->watches(), 0U);
}

TEST_F(EventLoopTest, says_why_a_descriptor_cannot_be_watched) {
  const auto watch = loop->add(-1, {.read = true}, 1);
  ASSERT_FALSE(watch.has_value());
  EXPECT_EQ(watch.error().code, EBADF);
  EXPECT_EQ(loop->watches(), 0U);
}

TEST_F(EventLoopTest, a_wake_before_the_wait_keeps_it_from_sleeping_without_a_system_call) {
  loop->waker().wake();
  loop->waker().wake();
  EXPECT_THAT(turn(for_ever), IsEmpty());
  EXPECT_EQ(loop->waker().written(), 0U);
  EXPECT_EQ(loop->counters().sleeps, 0U);
}

TEST_F(EventLoopTest, delivers_more_events_than_one_batch_holds) {
  constexpr std::uint64_t count = 600;
  const Fd ready(::eventfd(1, EFD_CLOEXEC));
  std::vector<Fd> copies;
  for (std::uint64_t i = 0; i < count; ++i) {
    copies.emplace_back(::fcntl(ready.get(), F_DUPFD_CLOEXEC, 0));
    add(copies.back(), {.read = true}, i);
  }
  std::vector<bool> seen(count);
  for (int i = 0; i < 3; ++i) {
    for (const std::uint64_t token : turn()) seen[token] = true;
  }
  EXPECT_THAT(seen, testing::Each(true));
}

// The loop sleeps for ever unless woken: a lost wake-up hangs this test.
TEST_F(EventLoopTest, no_message_of_another_thread_is_slept_over) {
  constexpr int total = 20'000;
  std::atomic<int> posted = 0;
  std::atomic<int> seen = 0;
  std::thread sender([&] {
    for (int i = 1; i <= total; ++i) {
      posted.store(i, std::memory_order_relaxed);
      loop->waker().wake();
      // In step for a while, to meet the loop asleep; then at full speed, to meet it going to
      // sleep.
      while (i < total / 4 && seen.load(std::memory_order_relaxed) < i) std::this_thread::yield();
    }
  });
  while (seen.load(std::memory_order_relaxed) < total) {
    turn(for_ever);
    seen.store(posted.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  sender.join();
  EXPECT_LE(loop->waker().written(), loop->counters().sleeps);
}

}  // namespace
}  // namespace runtime
