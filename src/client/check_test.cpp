#include "client/check.h"

#include <gtest/gtest.h>

#include <string>

#include "client/backoff.h"
#include "client/client.h"

namespace client {
namespace {

using midge::ErrorCode;
using wire::PropertyId;
using wire::Qos;
using wire::Version;

// [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.7.3-1]
TEST(Filters, HaveWildcardsOnlyAsWholeLevels) {
  for (const auto* good : {"a", "a/b", "+", "#", "a/+/b", "a/#", "/", "+/+", "$share/g/a/#"}) {
    EXPECT_TRUE(midge::is_valid_filter(good)) << good;
  }
  for (const auto* bad : {"", "a#", "#/a", "a+", "+a/b", "a/#/b"}) {
    EXPECT_FALSE(midge::is_valid_filter(bad)) << bad;
  }
}

// [MQTT-3.3.2-2], [MQTT-4.7.3-3]
TEST(Topics, HaveNoWildcardsAndAreNotTooLong) {
  EXPECT_TRUE(midge::is_valid_topic("a/b"));
  EXPECT_TRUE(midge::is_valid_topic(std::string(65'535, 'a')));
  EXPECT_FALSE(midge::is_valid_topic(std::string(65'536, 'a')));
  EXPECT_FALSE(midge::is_valid_topic("a/+"));
  EXPECT_FALSE(midge::is_valid_topic(""));
  EXPECT_FALSE(midge::is_valid_topic("a\xff"));
}

TEST(OptionsCheck, TheDefaultsAreFine) {
  EXPECT_TRUE(check_options({}));
}

TEST(OptionsCheck, OlderVersionsNeedAClientIdentifierWhereTheySaySo) {
  midge::Options options;
  options.version = Version::v31;
  EXPECT_FALSE(check_options(options));
  options.version = Version::v311;
  EXPECT_TRUE(check_options(options));
  options.clean_start = false;
  EXPECT_FALSE(check_options(options));
}

TEST(OptionsCheck, APasswordAloneNeedsMqtt5) {
  midge::Options options;
  options.password = "p";
  EXPECT_TRUE(check_options(options));
  options.version = Version::v311;
  EXPECT_FALSE(check_options(options));
}

TEST(OptionsCheck, PropertiesNeedMqtt5AndTheirPlace) {
  midge::Options options;
  options.properties.add(PropertyId::session_expiry_interval, 5U);
  EXPECT_TRUE(check_options(options));
  options.version = Version::v311;
  EXPECT_EQ(check_options(options).error().code, ErrorCode::not_supported);
  midge::Options wrong;
  wrong.properties.add(PropertyId::content_type, "text");
  EXPECT_EQ(check_options(wrong).error().code, ErrorCode::invalid_argument);
}

TEST(OptionsCheck, AWillHasAValidTopic) {
  midge::Options options;
  options.will = midge::Will{.topic = "a/#"};
  EXPECT_FALSE(check_options(options));
}

TEST(PublishCheck, AnEmptyTopicNeedsAnAlias) {  // [MQTT-3.3.2-8]
  wire::PropertyList alias;
  alias.add(PropertyId::topic_alias, 1U);
  EXPECT_TRUE(check_publish("", {}, {.properties = &alias}, {}));
  EXPECT_FALSE(check_publish("", {}, {}, {}));
}

TEST(SubscriptionCheck, NoLocalIsNotForSharedSubscriptions) {  // [MQTT-3.8.3-4]
  EXPECT_FALSE(check_subscriptions({{.filter = "$share/g/a", .no_local = true}}, {}, Version::v5));
  EXPECT_TRUE(check_subscriptions({{.filter = "$share/g/a"}}, {}, Version::v5));
  EXPECT_FALSE(check_subscriptions({}, {}, Version::v5));
}

// ---------------------------------------------------------------- back-off

const midge::Error lost{.code = ErrorCode::connection_lost, .text = "lost"};

TEST(Backoff, DoublesFromTheFirstPauseToTheLongestAndStaysInTheUpperHalf) {
  Backoff backoff{{.enabled = true,
                   .first = std::chrono::milliseconds{100},
                   .most = std::chrono::milliseconds{1'000}},
                  Version::v5,
                  7};
  for (const int most : {100, 200, 400, 800, 1'000, 1'000}) {
    const auto pause = backoff.after_failure(lost);
    ASSERT_TRUE(pause);
    EXPECT_GE(pause->count(), most / 2);
    EXPECT_LE(pause->count(), most);
  }
  backoff.on_success();
  EXPECT_LE(backoff.after_failure(lost)->count(), 100);
}

TEST(Backoff, GivesUpAfterSoManyAttempts) {
  Backoff backoff{{.enabled = true, .attempts_max = 2}, Version::v5, 7};
  EXPECT_TRUE(backoff.after_failure(lost));
  EXPECT_TRUE(backoff.after_failure(lost));
  EXPECT_FALSE(backoff.after_failure(lost));
}

TEST(Backoff, ARefusalThatTryingAgainDoesNotMendIsFinal) {
  const midge::Error wrong_password{.code = ErrorCode::connection_refused, .reason = 0x86};
  const midge::Error busy{.code = ErrorCode::connection_refused, .reason = 0x89};
  Backoff backoff{{.enabled = true}, Version::v5, 7};
  EXPECT_FALSE(backoff.after_failure(wrong_password));
  EXPECT_TRUE(backoff.after_failure(busy));
  EXPECT_TRUE(is_permanent({.code = ErrorCode::connection_refused, .reason = 4}, Version::v311));
  EXPECT_FALSE(is_permanent({.code = ErrorCode::connection_refused, .reason = 3}, Version::v311));
}

}  // namespace
}  // namespace client
