#include "session/session.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace session {
namespace {

using wire::PacketId;

// [MQTT-4.3.3-10]
TEST(Inbound, knows_a_repetition_until_the_message_is_released) {
  Inbound inbound;
  EXPECT_TRUE(inbound.add(PacketId{7}));
  EXPECT_FALSE(inbound.add(PacketId{7}));
  EXPECT_TRUE(inbound.contains(PacketId{7}));
  EXPECT_EQ(inbound.size(), 1U);
}

// [MQTT-4.3.3-12]
TEST(Inbound, takes_the_id_for_a_new_message_after_the_release) {
  Inbound inbound;
  EXPECT_TRUE(inbound.add(PacketId{7}));
  EXPECT_TRUE(inbound.remove(PacketId{7}));
  EXPECT_FALSE(inbound.contains(PacketId{7}));
  EXPECT_FALSE(inbound.remove(PacketId{7}));
  EXPECT_TRUE(inbound.add(PacketId{7}));
}

RC_GTEST_PROP(InboundProperty, is_a_set, ()) {
  Inbound inbound;
  std::set<std::uint16_t> model;
  const auto steps = *rc::gen::container<std::vector<std::pair<bool, std::uint16_t>>>(
      rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange<std::uint16_t>(1, 6)));
  for (const auto& [adds, number] : steps) {
    const PacketId id{number};
    if (adds) {
      RC_ASSERT(inbound.add(id) == model.insert(number).second);
    } else {
      RC_ASSERT(inbound.remove(id) == (model.erase(number) == 1));
    }
    RC_ASSERT(inbound.size() == model.size());
  }
}

TEST(Session, begins_offline_and_empty) {
  const Session session;
  EXPECT_FALSE(session.is_online());
  EXPECT_TRUE(session.out.empty());
  EXPECT_EQ(session.in.size(), 0U);
  EXPECT_FALSE(session.will.has_value());
  EXPECT_EQ(Session::never_expires.count(), UINT32_MAX);
}

}  // namespace
}  // namespace session
