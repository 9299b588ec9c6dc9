#include "wire/property.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "wire/test_bytes.h"

namespace wire {
namespace {

using enum PropertyScope;
using test::bytes;
using Ids = std::set<int>;

// Written from each packet's own section; the table is by property.
std::map<PropertyScope, Ids> ids_from_client() {
  const Ids answer{0x1f, 0x26};
  return {{connect, {0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27}},  // 3.1.2.11
          {will, {0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26}},                 // 3.1.3.2
          {publish, {0x01, 0x02, 0x03, 0x08, 0x09, 0x23, 0x26}},              // 3.3.2.3
          {puback, answer},
          {pubrec, answer},
          {pubrel, answer},
          {pubcomp, answer},
          {subscribe, {0x0b, 0x26}},          // 3.8.2.1
          {unsubscribe, {0x26}},              // 3.10.2.1
          {disconnect, {0x11, 0x1f, 0x26}},   // 3.14.2.2
          {auth, {0x15, 0x16, 0x1f, 0x26}}};  // 3.15.2.2
}
std::map<PropertyScope, Ids> ids_from_server() {
  const Ids answer{0x1f, 0x26};
  return {{connack,
           {0x11, 0x12, 0x13, 0x15, 0x16, 0x1a, 0x1c, 0x1f, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27,
            0x28, 0x29, 0x2a}},  // 3.2.2.3
          {publish, {0x01, 0x02, 0x03, 0x08, 0x09, 0x0b, 0x23, 0x26}},
          {puback, answer},
          {pubrec, answer},
          {pubrel, answer},
          {pubcomp, answer},
          {suback, answer},
          {unsuback, answer},
          {disconnect, {0x1c, 0x1f, 0x26}},
          {auth, {0x15, 0x16, 0x1f, 0x26}}};
}

TEST(PropertyTable, AllowsExactlyWhatEachPacketsSectionHas) {
  auto from_client = ids_from_client();
  auto from_server = ids_from_server();
  for (int scope = 1; scope <= 16; ++scope) {
    const auto where = static_cast<PropertyScope>(scope);
    for (const PropertySpec& row : all_properties()) {
      const int id = static_cast<int>(row.id);
      EXPECT_EQ(row.is_allowed(where, Sender::client), from_client[where].contains(id))
          << row.name << " in " << scope << " from client";
      EXPECT_EQ(row.is_allowed(where, Sender::server), from_server[where].contains(id))
          << row.name << " in " << scope << " from server";
    }
  }
}

TEST(PropertyTable, IsFoundByIdAndByName) {
  for (const PropertySpec& row : all_properties()) {
    EXPECT_EQ(find_property(static_cast<std::uint8_t>(row.id)), &row);
    EXPECT_EQ(find_property(row.name), &row);
  }
  EXPECT_EQ(find_property("will-delay-interval")->id, PropertyId::will_delay_interval);
  EXPECT_EQ(find_property(std::string_view{"no-such-property"}), nullptr);
  for (const int unknown : {0x00, 0x04, 0x0a, 0x14, 0x20, 0x2b, 0x3f, 0x40, 0x80, 0xff}) {
    EXPECT_EQ(find_property(static_cast<std::uint8_t>(unknown)), nullptr) << unknown;
  }
}

TEST(PropertyTable, LetsOnlyUserPropertiesAndAPublishsSubscriptionIdentifiersRepeat) {
  for (const PropertySpec& row : all_properties()) {
    for (unsigned scope = 1; scope <= 16; ++scope) {
      const auto where = static_cast<PropertyScope>(scope);
      if (!row.is_allowed(where, Sender::client) && !row.is_allowed(where, Sender::server))
        continue;
      const bool may_repeat = row.id == PropertyId::user_property ||
                              (row.id == PropertyId::subscription_identifier && where == publish);
      EXPECT_EQ((row.repeatable_scopes >> scope & 1U) != 0, may_repeat) << row.name << scope;
    }
  }
}

struct BlockCase {
  std::string_view block;
  PropertyScope where;
  Sender sender;
  ReasonCode reason;
  std::string_view what;
};

constexpr auto client = Sender::client;
constexpr auto server = Sender::server;
constexpr auto malformed_packet = ReasonCode::malformed_packet;
constexpr auto error = ReasonCode::protocol_error;

class WrongBlock : public testing::TestWithParam<BlockCase> {};

TEST_P(WrongBlock, IsRefusedWithItsReason) {
  const BlockCase& given = GetParam();
  const Fault fault = check_properties(bytes(given.block), given.where, given.sender);
  EXPECT_EQ(fault.reason, given.reason) << given.block;
  EXPECT_EQ(fault.what, given.what);
}

INSTANTIATE_TEST_SUITE_P(
    Places, WrongBlock,
    testing::Values(BlockCase{"00", connect, client, malformed_packet,
                              "a property identifier that the standard does not have"},
                    BlockCase{"8b01 00", publish, server, malformed_packet,
                              "a property identifier that the standard does not have"},
                    BlockCase{"21 0009", puback, client, malformed_packet,
                              "receive-maximum is not allowed in this packet"},
                    BlockCase{"18 00000001", publish, client, malformed_packet,
                              "will-delay-interval is not allowed in this packet"},
                    // [MQTT-3.3.4-6]
                    BlockCase{"0b 01", publish, client, error,
                              "subscription-identifier is not for this sender to send"},
                    // [MQTT-3.14.2-2]
                    BlockCase{"11 00000001", disconnect, server, error,
                              "session-expiry-interval is not for this sender to send"},
                    BlockCase{"1c 0001 'x'", disconnect, client, error,
                              "server-reference is not for this sender to send"},
                    BlockCase{"0b 01 0b 02", subscribe, client, error,
                              "subscription-identifier appears more than once"},
                    BlockCase{"11 00000001 11 00000001", connect, client, error,
                              "session-expiry-interval appears more than once"}));

INSTANTIATE_TEST_SUITE_P(
    Values, WrongBlock,
    testing::Values(
        BlockCase{"01 02", publish, client, error, "Payload Format Indicator is neither 0 nor 1"},
        BlockCase{"0b 00", subscribe, client, error, "Subscription Identifier is 0"},
        BlockCase{"17 02", connect, client, error,
                  "Request Problem Information is neither 0 nor 1"},
        BlockCase{"19 ff", connect, client, error,
                  "Request Response Information is neither 0 nor 1"},
        BlockCase{"21 0000", connect, client, error, "Receive Maximum is 0"},
        // [MQTT-3.3.2-8]
        BlockCase{"23 0000", publish, client, ReasonCode::topic_alias_invalid, "Topic Alias is 0"},
        BlockCase{"24 02", connack, server, error, "Maximum QoS is neither 0 nor 1"},
        BlockCase{"25 02", connack, server, error, "Retain Available is neither 0 nor 1"},
        BlockCase{"27 00000000", connect, client, error, "Maximum Packet Size is 0"},
        BlockCase{"28 02", connack, server, error,
                  "Wildcard Subscription Available is neither 0 nor 1"},
        BlockCase{"29 02", connack, server, error,
                  "Subscription Identifiers Available is neither 0 nor 1"},
        BlockCase{"2a 02", connack, server, error,
                  "Shared Subscription Available is neither 0 nor 1"},
        // [MQTT-3.3.2-14]
        BlockCase{"08 0003 'a/+'", publish, client, error, "Response Topic has a wildcard"},
        BlockCase{"08 0003 'a/#'", will, client, error, "Response Topic has a wildcard"},
        BlockCase{"08 0003 'a' 00 'b'", publish, client, malformed_packet,
                  "response-topic is not valid UTF-8"},
        BlockCase{"03 0001 ff", publish, client, malformed_packet,
                  "content-type is not valid UTF-8"},
        // [MQTT-1.5.7-1]
        BlockCase{"26 0001 'a' 0001 ff", publish, client, malformed_packet,
                  "user-property is not valid UTF-8"},
        BlockCase{"26 0001 ff 0001 'a'", publish, client, malformed_packet,
                  "user-property is not valid UTF-8"},
        BlockCase{"16 0001 00", connect, client, error,
                  "Authentication Data without Authentication Method"},
        BlockCase{"1f 0001 'x'", auth, server, error, "AUTH without Authentication Method"}));

INSTANTIATE_TEST_SUITE_P(
    Lengths, WrongBlock,
    testing::Values(BlockCase{"01", publish, client, malformed_packet,
                              "payload-format-indicator is cut short or not well formed"},
                    BlockCase{"02 000000", publish, client, malformed_packet,
                              "message-expiry-interval is cut short or not well formed"},
                    BlockCase{"03 00", publish, client, malformed_packet,
                              "content-type is cut short or not well formed"},
                    BlockCase{"03 0002 'a'", publish, client, malformed_packet,
                              "content-type is cut short or not well formed"},
                    BlockCase{"26 0001 'a'", publish, client, malformed_packet,
                              "user-property is cut short or not well formed"},
                    // [MQTT-1.5.5-1]
                    BlockCase{"0b 8100", subscribe, client, malformed_packet,
                              "subscription-identifier is cut short or not well formed"},
                    BlockCase{"0b ffffffff7f", subscribe, client, malformed_packet,
                              "subscription-identifier is cut short or not well formed"}));

TEST(PropertyBlock, IsFineWithValuesAtTheirBounds) {
  for (const std::string_view block :
       {"21 0001", "21 ffff", "27 00000001", "27 ffffffff", "11 00000000", "22 0000", "17 00",
        "17 01", "15 0000", "15 0001 'm' 16 0000", "26 0000 0000 26 0000 0000"}) {
    EXPECT_EQ(check_properties(bytes(block), connect, client).what, "") << block;
  }
  EXPECT_EQ(check_properties(bytes("0b 01 0b ffffff7f"), publish, server).what, "");
  EXPECT_EQ(check_properties({}, auth, client).what, "AUTH without Authentication Method");
  EXPECT_EQ(check_properties({}, publish, client).what, "");
}

TEST(PropertyList, EncodesInTheOrderOfTheCalls) {
  PropertyList list;
  list.add(PropertyId::topic_alias, 0x0102U);
  list.add(PropertyId::message_expiry_interval, 0x01020304U);
  list.add(PropertyId::payload_format_indicator, 1U);
  list.add(PropertyId::subscription_identifier, 300U);
  list.add(PropertyId::content_type, "json");
  list.add(PropertyId::user_property, "k", "v");
  EXPECT_TRUE(std::ranges::equal(
      list.view().encoded(),
      bytes("23 0102 02 01020304 01 01 0b ac02 03 0004 'json' 26 0001 'k' 0001 'v'")));
}

TEST(PropertyList, CopiesPropertiesAsTheyAre) {
  PropertyList first;
  first.add(PropertyId::user_property, "a", "1");
  first.add(PropertyId::content_type, "x");
  PropertyList second;
  second.add(PropertyId::topic_alias, 9U);
  second.add(first.view());
  second.add_encoded(first.view().begin().encoded());
  std::string order;
  for (const Property& property : second.view()) order += property.text, order += ' ';
  EXPECT_EQ(order, " a x a ");
  second.clear();
  EXPECT_TRUE(second.empty());
}

TEST(Properties, AreIteratedWithTheirValues) {
  const auto block = bytes("26 0001 'k' 0001 'v' 02 00000007 09 0002 00ff 26 0001 'k' 0001 'w'");
  const Properties properties{block};
  EXPECT_EQ(properties.number(PropertyId::message_expiry_interval), 7U);
  EXPECT_EQ(properties.text(PropertyId::correlation_data), (std::string_view{"\0\xff", 2}));
  EXPECT_EQ(properties.find(PropertyId::user_property)->value, "v");
  EXPECT_EQ(properties.find(PropertyId::content_type), std::nullopt);
  EXPECT_EQ(properties.number(PropertyId::topic_alias), std::nullopt);
  EXPECT_EQ(properties.text(PropertyId::content_type), std::nullopt);
  EXPECT_EQ(std::ranges::distance(properties.begin(), Properties::end()), 4);
}

TEST(Properties, GiveTheBytesOfEach) {
  const auto block = bytes("02 00000007 03 0001 'x'");
  auto at = Properties{block}.begin();
  EXPECT_TRUE(std::ranges::equal((at++).encoded(), bytes("02 00000007")));
  EXPECT_TRUE(std::ranges::equal(at.encoded(), bytes("03 0001 'x'")));
  EXPECT_TRUE(++at == std::default_sentinel);
}

TEST(PropertyListDeathTest, AssertsOnValuesThatTheTableForbids) {
  PropertyList list;
  EXPECT_DEATH(list.add(PropertyId::receive_maximum, 0U), "number >= row.min");
  EXPECT_DEATH(list.add(PropertyId::topic_alias, 65'536U), "UINT16_MAX");
  EXPECT_DEATH(list.add(PropertyId::maximum_qos, 2U), "number <= row.max");
  EXPECT_DEATH(list.add(PropertyId::content_type, 1U), "is_number");
  EXPECT_DEATH(list.add(PropertyId::topic_alias, "x"), "kind");
}

}  // namespace
}  // namespace wire
