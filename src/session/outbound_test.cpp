#include "session/outbound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/test_memory.h"

namespace session {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using wire::PacketId;
using wire::Qos;

constexpr Qos qos_0 = Qos::at_most_once;
constexpr Qos qos_1 = Qos::at_least_once;
constexpr Qos qos_2 = Qos::exactly_once;
constexpr PacketId id(std::uint16_t value) {
  return {value};
}

// An Outbound and what surrounds it; a message is known by its topic, a step reads as text.
struct Script : testing::Test {
  Outbound out;
  QueueLimits limits;
  Window window;
  base::Instant now{std::chrono::hours{1}};
  std::uint64_t expired = 0;

  Delivery delivery(std::string_view topic, Qos qos, std::size_t payload = 1) const {
    const std::vector<std::uint8_t> bytes(payload);
    return {.message = Message::make({.topic = topic, .payload = bytes}), .qos = qos};
  }
  Queued push(std::string_view topic, Qos qos = qos_1, std::size_t payload = 1) {
    return out.push(delivery(topic, qos, payload), limits);
  }
  void push_expiring(std::string_view topic, Qos qos, base::Duration after) {
    Delivery expiring{.message = Message::make({.topic = topic, .expires_at = now + after}),
                      .qos = qos};
    EXPECT_EQ(out.push(std::move(expiring), limits), Queued::waiting);
  }
  void push_shared(std::string_view topic, Qos qos, std::uint32_t group) {
    Delivery shared = delivery(topic, qos);
    shared.group = group;
    EXPECT_EQ(out.push(std::move(shared), limits), Queued::waiting);
  }
  // "a 1": the message on topic a, with id 1; "a 1 again": with DUP; "release 1": PUBREL.
  std::string next() {
    const auto step = out.next(window, now, expired);
    if (!step) return "nothing";
    const std::string number = std::to_string(step->id.value);
    if (step->kind == Outbound::Kind::release) return "release " + number;
    return std::string{step->delivery->message->topic()} + " " + number +
           (step->is_repeat ? " again" : "");
  }
  std::vector<std::string> all() {
    std::vector<std::string> steps;
    for (std::string step = next(); step != "nothing"; step = next()) steps.push_back(step);
    return steps;
  }
  static std::vector<std::string> topics(const std::vector<Delivery>& deliveries) {
    std::vector<std::string> out;
    for (const Delivery& one : deliveries) out.emplace_back(one.message->topic());
    return out;
  }
};

using Sending = Script;

// [MQTT-4.6.0-5]
TEST_F(Sending, keeps_the_order_across_qos) {
  EXPECT_EQ(push("a", qos_1), Queued::waiting);
  EXPECT_EQ(push("b", qos_0), Queued::waiting);
  EXPECT_EQ(push("c", qos_2), Queued::waiting);
  EXPECT_EQ(push("d", qos_0), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 1", "b 0", "c 2", "d 0"));
  EXPECT_EQ(out.in_flight(), 2U);
  EXPECT_EQ(out.waiting(), 0U);
}

TEST_F(Sending, takes_as_many_as_the_window_has_room_for) {
  window.messages_max = 2;
  for (const auto* topic : {"a", "b", "c", "d"}) EXPECT_EQ(push(topic), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 1", "b 2"));
  EXPECT_TRUE(out.on_puback(id(2)));
  EXPECT_THAT(all(), ElementsAre("c 3"));
  EXPECT_TRUE(out.on_puback(id(1)));
  EXPECT_TRUE(out.on_puback(id(3)));
  EXPECT_THAT(all(), ElementsAre("d 4"));
}

TEST_F(Sending, takes_payload_bytes_until_the_window_is_reached) {
  window.bytes_max = 10;
  for (const auto* topic : {"a", "b", "c"}) EXPECT_EQ(push(topic, qos_2, 6), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 1", "b 2"));
  EXPECT_TRUE(out.on_pubrec(id(1), false));  // Its payload is not needed any more.
  EXPECT_THAT(all(), ElementsAre("c 3"));
}

TEST_F(Sending, lets_one_message_pass_that_is_larger_than_the_window) {
  window.bytes_max = 10;
  EXPECT_EQ(push("large", qos_1, 1000), Queued::waiting);
  EXPECT_EQ(push("small"), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("large 1"));
  EXPECT_TRUE(out.on_puback(id(1)));
  EXPECT_THAT(all(), ElementsAre("small 2"));
}

TEST_F(Sending, does_not_let_qos_0_overtake_what_waits) {
  window.messages_max = 1;
  EXPECT_EQ(push("a"), Queued::waiting);
  EXPECT_EQ(push("b"), Queued::waiting);
  EXPECT_EQ(push("c", qos_0), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 1"));
  EXPECT_TRUE(out.on_puback(id(1)));
  EXPECT_THAT(all(), ElementsAre("b 2", "c 0"));
}

TEST_F(Sending, may_bypass_the_queue_only_when_nothing_waits_and_there_is_room) {
  window.messages_max = 1;
  EXPECT_TRUE(out.can_bypass(window));
  EXPECT_EQ(push("a"), Queued::waiting);
  EXPECT_FALSE(out.can_bypass(window));
  all();
  EXPECT_FALSE(out.can_bypass(window));
  EXPECT_TRUE(out.on_puback(id(1)));
  EXPECT_TRUE(out.can_bypass(window));
  EXPECT_EQ(out.begin(delivery("b", qos_1)), id(2));
  EXPECT_EQ(out.newest().message->topic(), "b");
  EXPECT_TRUE(out.on_puback(id(2)));
  out.rewind();
  EXPECT_TRUE(out.can_bypass(window));
}

TEST_F(Sending, may_not_bypass_what_an_earlier_connection_left) {
  EXPECT_EQ(push("a"), Queued::waiting);
  all();
  out.rewind();
  EXPECT_FALSE(out.can_bypass(window));
  all();
  EXPECT_TRUE(out.can_bypass(window));
}

TEST_F(Sending, keeps_no_message_of_qos_0_beyond_the_next_call) {
  const std::size_t before = base::test::allocated_bytes();
  EXPECT_EQ(push("a", qos_0, 1'000'000), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 0"));
  EXPECT_LT(base::test::allocated_bytes(), before + 10'000);
}

// ---------------------------------------------------------------- packet identifiers

using Identifiers = Script;

// [MQTT-2.2.1-4]
TEST_F(Identifiers, start_over_at_1_behind_65535) {
  for (int i = 1; i <= 65'535; ++i) {
    ASSERT_EQ(out.begin(delivery("t", qos_1)).value, i);
    ASSERT_TRUE(out.on_puback(id(static_cast<std::uint16_t>(i))));
  }
  EXPECT_EQ(out.begin(delivery("t", qos_1)), id(1));
}

TEST_F(Identifiers, skip_those_still_in_flight) {
  const auto pass = [this](int count) {
    for (int i = 0; i < count; ++i) EXPECT_TRUE(out.on_puback(out.begin(delivery("t", qos_1))));
  };
  pass(4);
  ASSERT_EQ(out.begin(delivery("stuck", qos_1)), id(5));
  pass(1);
  ASSERT_EQ(out.begin(delivery("stuck", qos_1)), id(7));
  pass(65'535 - 7 + 4);
  EXPECT_EQ(out.begin(delivery("t", qos_1)), id(6));
  EXPECT_EQ(out.begin(delivery("t", qos_1)), id(8));
}

// The circle closes several times over messages that are acknowledged late, if at all.
TEST_F(Identifiers, are_unique_in_flight_whatever_is_acknowledged_and_when) {
  base::Random random{1};
  std::set<std::uint16_t> used;
  std::vector<std::uint16_t> stuck;
  for (int i = 0; i < 400'000; ++i) {
    const PacketId given = out.begin(delivery("t", qos_1));
    ASSERT_NE(given.value, 0);
    ASSERT_TRUE(used.insert(given.value).second) << given.value << " is in flight, step " << i;
    std::uint16_t settled = given.value;
    if (random.range(0, 999) == 0) {
      stuck.push_back(given.value);
      if (stuck.size() < 100) continue;
      const std::size_t at = random.range(0, stuck.size() - 1);
      settled = stuck[at];
      stuck.erase(stuck.begin() + static_cast<std::ptrdiff_t>(at));
    }
    ASSERT_TRUE(out.on_puback(id(settled)));
    used.erase(settled);
  }
}

TEST_F(Identifiers, are_all_used_before_there_is_none_left) {
  std::set<std::uint16_t> used;
  for (int i = 0; i < 65'535; ++i) used.insert(out.begin(delivery("t", qos_1)).value);
  EXPECT_EQ(used.size(), 65'535U);
  for (const std::uint16_t hole : {std::uint16_t{30'000}, std::uint16_t{2}}) {
    ASSERT_TRUE(out.on_puback(id(hole)));
    EXPECT_EQ(out.begin(delivery("t", qos_1)), id(hole));
  }
}

// ---------------------------------------------------------------- acknowledgements

using Acknowledging = Script;

TEST_F(Acknowledging, of_qos_1_is_puback_alone) {
  EXPECT_EQ(push("a", qos_1), Queued::waiting);
  all();
  EXPECT_FALSE(out.on_pubrec(id(1), false));
  EXPECT_FALSE(out.on_pubrec(id(1), true));
  EXPECT_FALSE(out.on_pubcomp(id(1)));
  EXPECT_EQ(out.in_flight(), 1U);
  EXPECT_TRUE(out.on_puback(id(1)));
  EXPECT_FALSE(out.on_puback(id(1)));
  EXPECT_TRUE(out.empty());
}

// [MQTT-4.3.3-4], [MQTT-4.3.3-5]
TEST_F(Acknowledging, of_qos_2_is_pubrec_and_then_pubcomp) {
  EXPECT_EQ(push("a", qos_2), Queued::waiting);
  all();
  EXPECT_FALSE(out.on_puback(id(1)));
  EXPECT_FALSE(out.on_pubcomp(id(1)));
  EXPECT_TRUE(out.on_pubrec(id(1), false));
  EXPECT_FALSE(out.on_puback(id(1)));
  EXPECT_TRUE(out.on_pubrec(id(1), false));  // A repetition: PUBREL is sent again.
  EXPECT_EQ(out.in_flight(), 1U);
  EXPECT_TRUE(out.on_pubcomp(id(1)));
  EXPECT_FALSE(out.on_pubcomp(id(1)));
  EXPECT_FALSE(out.on_pubrec(id(1), false));
  EXPECT_TRUE(out.empty());
}

// [MQTT-4.4.0-2]
TEST_F(Acknowledging, with_an_error_settles_qos_2) {
  EXPECT_EQ(push("a", qos_2), Queued::waiting);
  EXPECT_EQ(push("b", qos_2), Queued::waiting);
  all();
  EXPECT_TRUE(out.on_pubrec(id(1), true));
  EXPECT_TRUE(out.on_pubrec(id(2), false));
  EXPECT_TRUE(out.on_pubrec(id(2), true));
  EXPECT_TRUE(out.empty());
  out.rewind();
  EXPECT_THAT(all(), IsEmpty());
}

TEST_F(Acknowledging, knows_no_id_that_was_not_sent) {
  EXPECT_FALSE(out.on_puback(id(1)));
  EXPECT_FALSE(out.on_pubrec(id(0), false));
  EXPECT_EQ(push("a"), Queued::waiting);
  EXPECT_FALSE(out.on_puback(id(1)));  // It waits.
}

// [MQTT-3.1.2-25]
TEST_F(Acknowledging, is_done_for_a_packet_that_was_too_large_to_send) {
  window.messages_max = 1;
  EXPECT_EQ(push("large"), Queued::waiting);
  EXPECT_EQ(push("small"), Queued::waiting);
  EXPECT_EQ(next(), "large 1");
  out.discard(id(1));
  EXPECT_EQ(next(), "small 2");
  out.rewind();
  EXPECT_THAT(all(), ElementsAre("small 2 again"));
}

TEST_F(Acknowledging, frees_a_message_of_qos_2_at_pubrec) {
  const std::size_t before = base::test::allocated_bytes();
  EXPECT_EQ(push("a", qos_2, 1'000'000), Queued::waiting);
  all();
  EXPECT_TRUE(out.on_pubrec(id(1), false));
  EXPECT_LT(base::test::allocated_bytes(), before + 10'000);
}

// ---------------------------------------------------------------- the next connection

using Resuming = Script;

// [MQTT-4.4.0-1], [MQTT-4.6.0-1], [MQTT-3.3.1-1], [MQTT-4.3.3-6]
TEST_F(Resuming, sends_what_is_in_flight_again_in_order_and_then_what_waits) {
  window.messages_max = 4;
  for (const auto* topic : {"a", "c", "e"}) EXPECT_EQ(push(topic, qos_1), Queued::waiting);
  EXPECT_EQ(push("f", qos_2), Queued::waiting);
  EXPECT_EQ(push("g", qos_2), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 1", "c 2", "e 3", "f 4"));
  EXPECT_TRUE(out.on_puback(id(2)));
  EXPECT_THAT(all(), ElementsAre("g 5"));
  EXPECT_TRUE(out.on_pubrec(id(4), false));
  out.rewind();
  EXPECT_EQ(push("h", qos_1), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 1 again", "e 3 again", "release 4", "g 5 again"));
  EXPECT_TRUE(out.on_puback(id(1)));
  EXPECT_THAT(all(), ElementsAre("h 6"));
}

TEST_F(Resuming, keeps_the_order_across_the_wrap_of_ids) {
  for (int i = 0; i < 65'533; ++i) EXPECT_TRUE(out.on_puback(out.begin(delivery("t", qos_1))));
  for (const auto* topic : {"a", "b", "c", "d"}) EXPECT_EQ(push(topic), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 65534", "b 65535", "c 1", "d 2"));
  out.rewind();
  EXPECT_THAT(all(), ElementsAre("a 65534 again", "b 65535 again", "c 1 again", "d 2 again"));
}

TEST_F(Resuming, keeps_within_a_window_that_is_smaller_than_before) {
  for (const auto* topic : {"a", "b", "c", "d"}) EXPECT_EQ(push(topic), Queued::waiting);
  all();
  out.rewind();
  window.messages_max = 2;
  EXPECT_THAT(all(), ElementsAre("a 1 again", "b 2 again"));
  EXPECT_FALSE(out.can_bypass(window));
  EXPECT_TRUE(out.on_puback(id(1)));
  EXPECT_THAT(all(), ElementsAre("c 3 again"));
  EXPECT_TRUE(out.on_puback(id(3)));
  EXPECT_TRUE(out.on_puback(id(2)));
  EXPECT_EQ(push("e"), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("d 4 again", "e 5"));
}

TEST_F(Resuming, may_be_cut_off_and_begins_anew) {
  for (const auto* topic : {"a", "b", "c"}) EXPECT_EQ(push(topic), Queued::waiting);
  all();
  out.rewind();
  EXPECT_EQ(next(), "a 1 again");
  out.rewind();
  EXPECT_THAT(all(), ElementsAre("a 1 again", "b 2 again", "c 3 again"));
}

// A client may acknowledge what this connection has not sent again yet.
TEST_F(Resuming, does_not_send_again_what_was_acknowledged_meanwhile) {
  for (const auto* topic : {"a", "b", "c"}) EXPECT_EQ(push(topic), Queued::waiting);
  all();
  out.rewind();
  EXPECT_EQ(next(), "a 1 again");
  EXPECT_TRUE(out.on_puback(id(2)));
  EXPECT_THAT(all(), ElementsAre("c 3 again"));
}

// ---------------------------------------------------------------- expiry

using Expiring = Script;

// [MQTT-3.3.2-5]
TEST_F(Expiring, drops_and_counts_what_waited_too_long) {
  push_expiring("a", qos_1, seconds{5});
  push_expiring("b", qos_0, seconds{5});
  push_expiring("c", qos_2, seconds{6});
  EXPECT_EQ(push("d"), Queued::waiting);
  now = now + seconds{5};
  EXPECT_THAT(all(), ElementsAre("c 1", "d 2"));
  EXPECT_EQ(expired, 2U);
  EXPECT_EQ(out.waiting_bytes(), 0U);
}

// [MQTT-4.3.3-7]
TEST_F(Expiring, does_not_touch_what_was_sent) {
  push_expiring("a", qos_1, seconds{5});
  push_expiring("b", qos_2, seconds{5});
  all();
  now = now + seconds{100};
  out.rewind();
  EXPECT_THAT(all(), ElementsAre("a 1 again", "b 2 again"));
  EXPECT_EQ(expired, 0U);
}

TEST_F(Expiring, goes_on_while_the_window_is_full) {
  window.messages_max = 1;
  EXPECT_EQ(push("a"), Queued::waiting);
  push_expiring("b", qos_1, seconds{5});
  all();
  now = now + seconds{5};
  EXPECT_THAT(all(), IsEmpty());
  EXPECT_EQ(expired, 1U);
  EXPECT_EQ(out.waiting(), 0U);
}

// ---------------------------------------------------------------- limits

using Limiting = Script;

TEST_F(Limiting, by_messages_counts_those_that_wait_not_those_in_flight) {
  limits.messages_max = 2;
  window.messages_max = 1;
  EXPECT_EQ(push("a"), Queued::waiting);
  all();
  EXPECT_EQ(push("b"), Queued::waiting);
  EXPECT_EQ(push("c"), Queued::waiting);
  EXPECT_EQ(push("d"), Queued::dropped_newest);
  EXPECT_TRUE(out.on_puback(id(1)));
  EXPECT_THAT(all(), ElementsAre("b 2"));
  EXPECT_EQ(push("e"), Queued::waiting);
}

TEST_F(Limiting, by_bytes_counts_payloads) {
  limits.bytes_max = 10;
  EXPECT_EQ(push("a", qos_1, 4), Queued::waiting);
  EXPECT_EQ(push("b", qos_1, 6), Queued::waiting);
  EXPECT_EQ(out.waiting_bytes(), 10U);
  EXPECT_EQ(push("c", qos_1, 1), Queued::dropped_newest);
  EXPECT_EQ(push("d", qos_1, 0), Queued::waiting);
  EXPECT_THAT(all(), ElementsAre("a 1", "b 2", "d 3"));
  EXPECT_EQ(out.waiting_bytes(), 0U);
}

TEST_F(Limiting, drops_the_oldest_that_waits_where_told_so) {
  limits = {.messages_max = 2, .on_full = OnFull::drop_oldest};
  EXPECT_EQ(push("a"), Queued::waiting);
  EXPECT_EQ(push("b"), Queued::waiting);
  EXPECT_EQ(push("c"), Queued::dropped_oldest);
  EXPECT_THAT(all(), ElementsAre("b 1", "c 2"));
}

TEST_F(Limiting, drops_the_oldest_for_its_bytes_as_well) {
  limits = {.bytes_max = 10, .on_full = OnFull::drop_oldest};
  EXPECT_EQ(push("a", qos_1, 5), Queued::waiting);
  EXPECT_EQ(push("b", qos_1, 5), Queued::waiting);
  EXPECT_EQ(push("c", qos_1, 5), Queued::dropped_oldest);
  EXPECT_EQ(out.waiting_bytes(), 10U);
  EXPECT_THAT(all(), ElementsAre("b 1", "c 2"));
}

// One answer stands for one message lost: a large one does not push out small ones and get lost
// as well.
TEST_F(Limiting, drops_one_message_never_two) {
  limits = {.bytes_max = 10, .on_full = OnFull::drop_oldest};
  for (const auto* topic : {"a", "b", "c"}) EXPECT_EQ(push(topic, qos_1, 3), Queued::waiting);
  EXPECT_EQ(push("large", qos_1, 8), Queued::dropped_newest);
  EXPECT_EQ(out.waiting_bytes(), 9U);
  EXPECT_THAT(all(), ElementsAre("a 1", "b 2", "c 3"));
}

TEST_F(Limiting, has_no_oldest_to_drop_where_nothing_may_wait) {
  limits = {.messages_max = 0, .on_full = OnFull::drop_oldest};
  EXPECT_EQ(push("a"), Queued::dropped_newest);
  limits = {.bytes_max = 10, .on_full = OnFull::drop_oldest};
  EXPECT_EQ(push("a", qos_1, 11), Queued::dropped_newest);
  EXPECT_TRUE(out.empty());
}

TEST_F(Limiting, leaves_all_as_it_is_where_the_client_is_to_go) {
  limits = {.messages_max = 1, .on_full = OnFull::disconnect};
  EXPECT_EQ(push("a"), Queued::waiting);
  EXPECT_EQ(push("b"), Queued::must_disconnect);
  limits = {.bytes_max = 5, .on_full = OnFull::disconnect};
  EXPECT_EQ(push("b", qos_1, 5), Queued::must_disconnect);
  EXPECT_EQ(out.waiting_bytes(), 1U);
  EXPECT_THAT(all(), ElementsAre("a 1"));
}

// ---------------------------------------------------------------- shared subscriptions

using Sharing = Script;

TEST_F(Sharing, gives_back_the_waiting_messages_of_one_group) {
  push_shared("a", qos_1, 1);
  EXPECT_EQ(push("b"), Queued::waiting);
  push_shared("c", qos_0, 2);
  push_shared("d", qos_2, 1);
  EXPECT_THAT(topics(out.take_shared(1, false)), ElementsAre("a", "d"));
  EXPECT_EQ(out.waiting_bytes(), 2U);
  EXPECT_THAT(topics(out.take_shared(1, true)), IsEmpty());
  EXPECT_THAT(all(), ElementsAre("b 1", "c 0"));
}

TEST_F(Sharing, gives_back_those_of_all_groups_for_0_and_none_that_are_not_shared) {
  push_shared("a", qos_1, 1);
  EXPECT_EQ(push("b"), Queued::waiting);
  push_shared("c", qos_1, 2);
  EXPECT_THAT(topics(out.take_shared(0, false)), ElementsAre("a", "c"));
  EXPECT_THAT(all(), ElementsAre("b 1"));
}

// MQTT 5, 4.8.2: QoS 2 is never given to another member once it was sent [MQTT-4.8.2-4].
TEST_F(Sharing, gives_back_qos_1_in_flight_where_told_so_and_never_qos_2) {
  push_shared("a", qos_1, 1);
  push_shared("b", qos_2, 1);
  EXPECT_EQ(push("c", qos_1), Queued::waiting);
  push_shared("d", qos_1, 2);
  all();
  push_shared("e", qos_1, 1);
  EXPECT_THAT(topics(out.take_shared(1, true)), ElementsAre("a", "e"));
  EXPECT_FALSE(out.on_puback(id(1)));
  out.rewind();
  EXPECT_THAT(all(), ElementsAre("b 2 again", "c 3 again", "d 4 again"));
}

TEST_F(Sharing, leaves_in_flight_what_is_not_asked_for) {
  push_shared("a", qos_1, 1);
  all();
  EXPECT_THAT(topics(out.take_shared(1, false)), IsEmpty());
  EXPECT_TRUE(out.on_puback(id(1)));
}

TEST_F(Sharing, makes_room_in_the_window) {
  window = {.messages_max = 2, .bytes_max = 2};
  push_shared("a", qos_1, 1);
  push_shared("b", qos_1, 1);
  all();
  EXPECT_EQ(push("c"), Queued::waiting);
  EXPECT_THAT(all(), IsEmpty());
  out.take_shared(1, true);
  EXPECT_THAT(all(), ElementsAre("c 3"));
}

TEST_F(Sharing, is_over_for_what_the_client_was_given_when_it_leaves) {
  push_shared("a", qos_1, 1);
  all();
  push_shared("b", qos_1, 1);
  push_shared("c", qos_1, 2);
  out.forget_group(1);
  EXPECT_THAT(topics(out.take_shared(1, true)), IsEmpty());
  EXPECT_THAT(topics(out.take_shared(0, true)), ElementsAre("c"));
  out.rewind();
  EXPECT_THAT(all(), ElementsAre("a 1 again", "b 2"));
}

using OutboundDeathTest = Script;

TEST_F(OutboundDeathTest, is_told_only_what_makes_sense) {
  EXPECT_DEATH(out.begin(delivery("a", qos_0)), "at_most_once");
  EXPECT_DEATH(out.discard(id(1)), "npos");
}

}  // namespace
}  // namespace session
