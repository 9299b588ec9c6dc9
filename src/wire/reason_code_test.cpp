#include "wire/reason_code.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "wire/types.h"

namespace wire {
namespace {

using Codes = std::set<int>;
using enum PacketType;

// Written from each packet's own section of the standard, not from the general table: two roads to
// one place. What both sides may send; what only the client or only the server may.
struct PacketCodes {
  Codes client;
  Codes server;
};

Codes plus(Codes a, const Codes& b) {
  a.insert(b.begin(), b.end());
  return a;
}

std::map<PacketType, PacketCodes> by_packet() {
  const Codes publish_client{0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};  // 3.4.2.1, 3.5.2.1
  const Codes publish_server = plus(publish_client, {0x10});
  const Codes release{0x00, 0x92};  // 3.6.2.1, 3.7.2.1
  const Codes disconnect_both{0x00, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93,
                              0x94, 0x95, 0x96, 0x97, 0x98, 0x99};  // 3.14.2.1
  const Codes disconnect_server{0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x9a,
                                0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2};
  return {
      {connack, {{}, {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a,
                      0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f}}},  // 3.2.2.2
      {puback, {publish_client, publish_server}},
      {pubrec, {publish_client, publish_server}},
      {pubrel, {release, release}},
      {pubcomp, {release, release}},
      {suback,
       {{}, {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2}}},  // 3.9.3
      {unsuback, {{}, {0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91}}},                      // 3.11.3
      {disconnect, {plus(disconnect_both, {0x04}), plus(disconnect_both, disconnect_server)}},
      {auth, {{0x18, 0x19}, {0x00, 0x18}}},  // 3.15.2.1
  };
}

// [MQTT-3.2.2-8] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.9.3-2]
// [MQTT-3.11.3-2] [MQTT-3.14.2-1] [MQTT-3.15.2-1]
TEST(ReasonCodes, AreAllowedExactlyWhereThePacketsSectionHasThem) {
  auto expected = by_packet();
  for (int type = 1; type <= 15; ++type) {
    const auto packet = static_cast<PacketType>(type);
    for (int code = 0; code < 256; ++code) {
      const auto reason = static_cast<ReasonCode>(code);
      EXPECT_EQ(is_allowed(reason, packet, Sender::client), expected[packet].client.contains(code))
          << name_of(packet) << " from client, code " << code;
      EXPECT_EQ(is_allowed(reason, packet, Sender::server), expected[packet].server.contains(code))
          << name_of(packet) << " from server, code " << code;
    }
  }
}

TEST(ReasonCodes, AreDefinedWhenSomePacketHasThem) {
  const auto expected = by_packet();
  for (int code = 0; code < 256; ++code) {
    bool is_used = false;
    for (const auto& [packet, codes] : expected) {
      is_used = is_used || codes.client.contains(code) || codes.server.contains(code);
    }
    EXPECT_EQ(is_defined(static_cast<ReasonCode>(code)), is_used || code == 0x92) << code;
  }
}

TEST(ReasonCodes, HaveTheStandardsNames) {
  EXPECT_EQ(name_of(ReasonCode::success), "Success");
  EXPECT_EQ(name_of(ReasonCode::granted_qos_2), "Granted QoS 2");
  EXPECT_EQ(name_of(ReasonCode::not_authorized), "Not authorized");
  EXPECT_EQ(name_of(ReasonCode::wildcard_subscriptions_not_supported),
            "Wildcard Subscriptions not supported");
  EXPECT_EQ(name_of(static_cast<ReasonCode>(0xff)), "Unknown reason code");
}

TEST(ReasonCodes, BecomeTheNearestReturnCodeBeforeMqtt5) {
  using enum ConnectReturnCode;
  const std::map<ReasonCode, ConnectReturnCode> expected{
      {ReasonCode::success, accepted},
      {ReasonCode::unsupported_protocol_version, unacceptable_protocol_version},
      {ReasonCode::client_identifier_not_valid, identifier_rejected},
      {ReasonCode::server_unavailable, ConnectReturnCode::server_unavailable},
      {ReasonCode::bad_user_name_or_password, ConnectReturnCode::bad_user_name_or_password},
      {ReasonCode::not_authorized, ConnectReturnCode::not_authorized},
      {ReasonCode::banned, ConnectReturnCode::not_authorized},
      {ReasonCode::quota_exceeded, ConnectReturnCode::server_unavailable},
      {static_cast<ReasonCode>(0xff), ConnectReturnCode::server_unavailable}};
  for (const auto& [reason, code] : expected) {
    EXPECT_EQ(connect_return_code(reason), code) << name_of(reason);
  }
}

TEST(ConnectReturnCodes, HaveNames) {
  EXPECT_EQ(name_of(ConnectReturnCode::accepted), "Connection accepted");
  EXPECT_EQ(name_of(ConnectReturnCode::not_authorized), "Not authorized");
  EXPECT_EQ(name_of(static_cast<ConnectReturnCode>(6)), "Unknown return code");
}

TEST(PacketTypes, HaveNames) {
  EXPECT_EQ(name_of(connect), "CONNECT");
  EXPECT_EQ(name_of(unsuback), "UNSUBACK");
  EXPECT_EQ(name_of(auth), "AUTH");
}

}  // namespace
}  // namespace wire
