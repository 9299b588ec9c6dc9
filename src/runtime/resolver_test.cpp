#include "runtime/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "runtime/event_loop.h"
#include "runtime/mailbox.h"

namespace runtime {
namespace {

struct Answer {
  int id;
  Resolution resolution;
};

struct ResolverTest : testing::Test {
  std::unique_ptr<EventLoop> loop = EventLoop::create().value();
  Mailbox<Answer> mailbox{loop->waker(), 16};

  OnResolved post(int id) {
    return [this, id](Resolution resolution) {
      EXPECT_TRUE(mailbox.try_post(Answer{id, std::move(resolution)}));
    };
  }
  Answer wait_for_answer() {
    std::optional<Answer> answer;
    while (!answer) {
      loop->wait(base::Duration::max(), [](std::uint64_t, Ready) {});
      mailbox.drain([&](Answer&& one) { answer.emplace(std::move(one)); });
    }
    return std::move(*answer);
  }
};

TEST_F(ResolverTest, answers_a_number_with_itself_and_the_port) {
  Resolver resolver;
  ASSERT_TRUE(resolver.try_resolve({"127.0.0.1", 1883}, post(1)));
  const Answer answer = wait_for_answer();
  ASSERT_TRUE(answer.resolution.has_value());
  EXPECT_EQ((*answer.resolution)[0].text(), "127.0.0.1:1883");
}

TEST_F(ResolverTest, says_which_name_could_not_be_found) {
  Resolver resolver;
  // No name server is asked: a number of the wrong family.
  ASSERT_TRUE(resolver.try_resolve({"127.0.0.1", 1883, IpVersions::ipv6}, post(1)));
  const Answer answer = wait_for_answer();
  ASSERT_FALSE(answer.resolution.has_value());
  EXPECT_THAT(answer.resolution.error().message, testing::StartsWith("looking up '127.0.0.1': "));
}

// Stands for a name server that does not answer until the test lets it.
struct SilentServer {
  std::promise<void> asked;
  std::promise<void> answer;
};
std::shared_ptr<SilentServer> silent_server;  // Shared with the lookup, which outlives its test.

Resolution ask_silent_server(const Query&) {
  const std::shared_ptr<SilentServer> server = silent_server;
  server->asked.set_value();
  server->answer.get_future().wait();
  return std::vector<SocketAddress>{SocketAddress()};
}

TEST_F(ResolverTest, stopping_neither_waits_for_a_lookup_nor_lets_it_complete_later) {
  const auto server = silent_server = std::make_shared<SilentServer>();
  auto held = std::make_shared<int>(1);
  {
    Resolver resolver({.threads = 1, .lookup = ask_silent_server});
    ASSERT_TRUE(resolver.try_resolve({"x"}, [held, done = post(1)](Resolution resolution) mutable {
      done(std::move(resolution));
    }));
    server->asked.get_future().wait();
    ASSERT_TRUE(resolver.try_resolve({"y"}, post(2)));
  }
  EXPECT_EQ(held.use_count(), 1);
  server->answer.set_value();
  EXPECT_EQ(mailbox.drain([](Answer&&) {}), 0U);
}

TEST_F(ResolverTest, refuses_when_too_many_wait) {
  const auto server = silent_server = std::make_shared<SilentServer>();
  Resolver resolver({.threads = 1, .queries_max = 1, .lookup = ask_silent_server});
  ASSERT_TRUE(resolver.try_resolve({"x"}, post(1)));
  server->asked.get_future().wait();
  EXPECT_TRUE(resolver.try_resolve({"y"}, post(2)));
  EXPECT_FALSE(resolver.try_resolve({"z"}, post(3)));
  resolver.stop();
  server->answer.set_value();
}

}  // namespace
}  // namespace runtime
