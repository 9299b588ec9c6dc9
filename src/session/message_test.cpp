#include "session/message.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "base/test_memory.h"

namespace session {
namespace {

using base::as_bytes;
using base::as_text;
using base::Instant;
using base::test::allocated_bytes;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant received_at{std::chrono::hours{1}};

MessageRef with_expiry(base::Duration interval) {
  return Message::make({.topic = "t", .expires_at = received_at + interval});
}

TEST(Message, has_what_it_was_made_of) {
  wire::PropertyList properties;
  properties.add(wire::PropertyId::user_property, "key", "value");
  properties.add(wire::PropertyId::content_type, "text");
  const MessageRef message = Message::make({.topic = "a/b",
                                            .payload = as_bytes("payload"),
                                            .properties = properties.view().encoded(),
                                            .qos = wire::Qos::exactly_once,
                                            .retain = true,
                                            .expires_at = received_at,
                                            .publisher = ClientKey{42}});
  EXPECT_EQ(message->topic(), "a/b");
  EXPECT_EQ(as_text(message->payload()), "payload");
  EXPECT_TRUE(std::ranges::equal(message->properties().encoded(), properties.view().encoded()));
  EXPECT_EQ(message->properties().text(wire::PropertyId::content_type), "text");
  EXPECT_EQ(message->qos(), wire::Qos::exactly_once);
  EXPECT_TRUE(message->retain());
  EXPECT_EQ(message->expires_at(), received_at);
  EXPECT_EQ(message->publisher(), ClientKey{42});
  EXPECT_EQ(message->retained_sequence(), 0U);
}

TEST(Message, copies_what_it_was_made_of) {
  std::string topic = "topic";
  std::string payload = "payload";
  const MessageRef message = Message::make({.topic = topic, .payload = as_bytes(payload)});
  topic.assign(5, 'x');
  payload.assign(7, 'x');
  EXPECT_EQ(message->topic(), "topic");
  EXPECT_EQ(as_text(message->payload()), "payload");
}

TEST(Message, may_be_empty_but_for_its_topic) {
  const MessageRef message = Message::make({.topic = "t"});
  EXPECT_TRUE(message->payload().empty());
  EXPECT_TRUE(message->properties().empty());
  EXPECT_FALSE(message->is_expired(received_at));
  EXPECT_FALSE(message->is_expired({std::chrono::hours{1'000'000}}));
}

TEST(Message, counts_all_that_it_takes) {
  const std::string payload(100'000, 'p');
  const std::size_t before = allocated_bytes();
  const MessageRef message = Message::make({.topic = "topic", .payload = as_bytes(payload)});
  EXPECT_EQ(message->size(), sizeof(Message) + 5 + payload.size());
  EXPECT_NEAR(static_cast<double>(allocated_bytes() - before), static_cast<double>(message->size()),
              100);
}

RC_GTEST_PROP(MessageProperty, keeps_any_fields_apart, ()) {
  const auto topic = *rc::gen::arbitrary<std::string>();
  const auto payload = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
  wire::PropertyList properties;
  for (int count = *rc::gen::inRange(0, 4); count > 0; --count) {
    properties.add(wire::PropertyId::user_property, "k", "v");
  }
  const MessageRef message = Message::make(
      {.topic = topic, .payload = payload, .properties = properties.view().encoded()});
  RC_ASSERT(message->topic() == topic);
  RC_ASSERT(std::ranges::equal(message->payload(), payload));
  RC_ASSERT(std::ranges::equal(message->properties().encoded(), properties.view().encoded()));
}

// ---------------------------------------------------------------- expiry

// [MQTT-3.3.2-6]: the standard counts whole seconds; one that is not over was not waited.
TEST(MessageExpiry, goes_on_as_the_interval_minus_the_whole_seconds_waited) {
  const MessageRef message = with_expiry(seconds{10});
  EXPECT_EQ(message->seconds_left(received_at), 10U);
  EXPECT_EQ(message->seconds_left(received_at + milliseconds{999}), 10U);
  EXPECT_EQ(message->seconds_left(received_at + seconds{1}), 9U);
  EXPECT_EQ(message->seconds_left(received_at + milliseconds{9999}), 1U);
}

// [MQTT-3.3.2-5]
TEST(MessageExpiry, is_at_the_end_of_the_interval_not_a_moment_before) {
  const MessageRef message = with_expiry(seconds{10});
  const Instant end = received_at + seconds{10};
  EXPECT_FALSE(message->is_expired(end - base::Duration{1}));
  EXPECT_EQ(message->seconds_left(end - base::Duration{1}), 1U);
  EXPECT_TRUE(message->is_expired(end));
  EXPECT_EQ(message->seconds_left(end), 0U);
  EXPECT_EQ(message->seconds_left(end + std::chrono::hours{1}), 0U);
}

TEST(MessageExpiry, has_room_for_the_longest_interval) {
  const MessageRef message = with_expiry(base::Seconds::max());
  EXPECT_EQ(message->seconds_left(received_at), UINT32_MAX);
  EXPECT_EQ(message->seconds_left(received_at + seconds{1}), UINT32_MAX - 1);
}

RC_GTEST_PROP(MessageExpiryProperty, never_goes_on_as_0_nor_as_more_than_was_received, ()) {
  const auto interval = *rc::gen::inRange<std::uint32_t>(1, UINT32_MAX);
  const base::Duration whole = seconds{interval};
  const base::Duration waited{*rc::gen::inRange<std::int64_t>(0, whole.count())};
  const MessageRef message = with_expiry(whole);
  const std::uint32_t left = message->seconds_left(received_at + waited);
  RC_ASSERT(left >= 1U);
  RC_ASSERT(left == interval - static_cast<std::uint32_t>(
                                   std::chrono::duration_cast<seconds>(waited).count()));
}

// ---------------------------------------------------------------- sharing

TEST(MessageSharing, frees_it_once_with_the_last_holder) {
  const std::string payload(1'000'000, 'p');
  const std::size_t before = allocated_bytes();
  {
    MessageRef first = Message::make({.topic = "t", .payload = as_bytes(payload)});
    const base::Ref<const base::Shared> as_shared = first;
    const MessageRef second = first;
    first = {};
    EXPECT_GE(allocated_bytes(), before + payload.size());
    EXPECT_EQ(second->payload().size(), payload.size());
  }
  EXPECT_LT(allocated_bytes(), before + 1000);
}

TEST(MessageSharing, is_safe_across_threads) {
  const std::string payload(1'000'000, 'p');
  const std::size_t before = allocated_bytes();
  {
    const MessageRef message = Message::make({.topic = "topic", .payload = as_bytes(payload)});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([mine = message]() mutable {
        for (int turn = 0; turn < 1000; ++turn) {
          const MessageRef copy = mine;
          mine = copy;
          if (copy->topic() != "topic") std::abort();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_LT(allocated_bytes(), before + 200'000);
}

}  // namespace
}  // namespace session
