#include "server/farewells.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/listener.h"
#include "runtime/socket.h"

namespace server {
namespace {

using std::chrono::milliseconds;

constexpr base::Instant start{std::chrono::seconds{100}};

struct Pair {
  runtime::Fd ours;
  runtime::Fd peers;
};

struct FarewellsTest : testing::Test {
  std::unique_ptr<runtime::EventLoop> loop = runtime::EventLoop::create().value();
  Farewells farewells{*loop};

  static Pair pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    return {runtime::Fd{fds[0]}, runtime::Fd{fds[1]}};
  }
  // Only TCP sends a reset for bytes that nobody read.
  static Pair tcp_pair() {
    auto listening = runtime::listen_tcp({.host = "127.0.0.1"}).value();
    auto peer = runtime::start_connect(listening.front().address).value();
    Pair made{.ours = {}, .peers = std::move(peer)};
    while (!made.ours.is_open()) {
      made.ours = std::move(runtime::accept(listening.front().fd.get()).fd);
    }
    return made;
  }
  static void send(const runtime::Fd& fd, std::string_view text) {
    EXPECT_EQ(runtime::write(fd.get(), base::as_bytes(text)).bytes, text.size());
  }
  // What there is; then "." is the end and "!" a reset.
  static std::string receive(const runtime::Fd& fd) {
    std::array<char, 256> buffer{};
    std::string all;
    while (true) {
      const ssize_t count = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count > 0) {
        all.append(buffer.data(), static_cast<std::size_t>(count));
        continue;
      }
      if (count == 0) return all + ".";
      if (errno == ECONNRESET) return all + "!";
      return all;
    }
  }
  void run_loop() {
    loop->wait(base::Duration{0}, [this](std::uint64_t token, runtime::Ready) {
      ASSERT_GE(token, Farewells::first_token);
      farewells.on_ready(token);
    });
  }
};

TEST_F(FarewellsTest, ThePeerReadsTheLastWordAndTheEnd) {
  Pair two = pair();
  send(two.ours, "bye");
  farewells.add(std::move(two.ours), start);
  EXPECT_EQ(receive(two.peers), "bye.");
}

TEST_F(FarewellsTest, TheLastWordSurvivesBytesThatNobodyRead) {
  Pair two = tcp_pair();
  send(two.peers, "not read");
  send(two.ours, "bye");
  farewells.add(std::move(two.ours), start);
  EXPECT_EQ(receive(two.peers), "bye.");
}

TEST_F(FarewellsTest, ItEndsWhenThePeerCloses) {
  Pair two = pair();
  farewells.add(std::move(two.ours), start);
  EXPECT_FALSE(farewells.empty());
  two.peers.reset();
  run_loop();
  EXPECT_TRUE(farewells.empty());
  EXPECT_EQ(loop->watches(), 0U);
}

TEST_F(FarewellsTest, WhatThePeerStillSendsIsDropped) {
  Pair two = pair();
  farewells.add(std::move(two.ours), start);
  send(two.peers, std::string(1000, 'x'));
  run_loop();
  EXPECT_FALSE(farewells.empty());
  two.peers.reset();
  run_loop();
  EXPECT_TRUE(farewells.empty());
}

TEST_F(FarewellsTest, APeerThatDoesNotCloseIsWaitedForUntilTheDeadline) {
  Pair two = pair();
  farewells.add(std::move(two.ours), start);
  EXPECT_EQ(farewells.deadline(), start + Farewells::patience);
  farewells.advance(start + Farewells::patience - milliseconds{1});
  EXPECT_FALSE(farewells.empty());
  farewells.advance(start + Farewells::patience);
  EXPECT_TRUE(farewells.empty());
  EXPECT_TRUE(farewells.deadline().is_never());
  EXPECT_EQ(::send(two.peers.get(), "x", 1, MSG_NOSIGNAL), -1);
}

TEST_F(FarewellsTest, TheNextDeadlineIsThatOfTheOldest) {
  Pair first = pair();
  Pair second = pair();
  farewells.add(std::move(first.ours), start);
  farewells.add(std::move(second.ours), start + milliseconds{10});
  first.peers.reset();
  run_loop();
  EXPECT_EQ(farewells.deadline(), start + milliseconds{10} + Farewells::patience);
}

TEST_F(FarewellsTest, AFreedPlaceIsUsedAgain) {
  Pair kept = pair();
  Pair gone = pair();
  farewells.add(std::move(gone.ours), start);
  farewells.add(std::move(kept.ours), start + milliseconds{10});
  gone.peers.reset();
  run_loop();
  Pair next = pair();
  farewells.add(std::move(next.ours), start + milliseconds{20});
  farewells.advance(start + milliseconds{10} + Farewells::patience);
  EXPECT_EQ(farewells.deadline(), start + milliseconds{20} + Farewells::patience);
  next.peers.reset();
  run_loop();
  EXPECT_TRUE(farewells.empty());
}

TEST_F(FarewellsTest, BeyondTheLimitASocketIsJustClosed) {
  std::vector<runtime::Fd> peers;
  for (std::size_t i = 0; i < Farewells::sockets_max / 4; ++i) {
    Pair two = pair();
    farewells.add(runtime::Fd{::dup(two.ours.get())}, start);
    farewells.add(runtime::Fd{::dup(two.ours.get())}, start);
    farewells.add(runtime::Fd{::dup(two.ours.get())}, start);
    farewells.add(std::move(two.ours), start);
    peers.push_back(std::move(two.peers));
  }
  EXPECT_EQ(loop->watches(), Farewells::sockets_max);
  Pair late = pair();
  farewells.add(std::move(late.ours), start);
  EXPECT_EQ(receive(late.peers), ".");
  EXPECT_EQ(loop->watches(), Farewells::sockets_max);
}

}  // namespace
}  // namespace server
