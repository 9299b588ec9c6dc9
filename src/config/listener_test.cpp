#include "config/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_files.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> endpoints(const Config& config) {
  std::vector<std::string> out;
  for (const auto& listener : config.listeners) {
    const Endpoint& e = listener->listener();
    out.push_back(std::to_string(e.port) + " " + e.host + e.unix_path);
  }
  return out;
}

TEST(Listeners, WithoutAnyMidgeIsLocalOnlyAndLetsAnonymousClientsIn) {
  const auto config = config_of("sys_interval 5");
  EXPECT_TRUE(config->local_only());
  EXPECT_THAT(endpoints(*config), ElementsAre("1883 127.0.0.1", "1883 ::1"));
  EXPECT_TRUE(config->allow_anonymous_for(*config->listeners[0]));
}
TEST(Listeners, PortsOfTheCommandLineAreForLocalOnlyMode) {
  EXPECT_THAT(endpoints(*config_of("", {.config_file = {}, .ports = {1, 2}})),
              ElementsAre("1 127.0.0.1", "1 ::1", "2 127.0.0.1", "2 ::1"));
  EXPECT_THAT(endpoints(*config_of("listener 7", {.config_file = {}, .ports = {1}})),
              ElementsAre("7 "));
}
TEST(Listeners, WithOneAnonymousClientsAreRefused) {
  const auto config = config_of("listener 1883");
  EXPECT_FALSE(config->local_only());
  EXPECT_FALSE(config->allow_anonymous_for(*config->listeners[0]));
}
TEST(Listeners, MayHaveAHostAndIgnoreACommentBehindIt) {
  EXPECT_THAT(endpoints(*config_of("listener 1 ::1 # x\nlistener 2 # all\nlistener 3 h\n")),
              ElementsAre("1 ::1", "2 ", "3 h"));
}
TEST(Listeners, WithPortZeroAreUnixSockets) {
  const auto config = config_of("listener 0 /run/midge.sock");
  EXPECT_TRUE(config->listeners[0]->listener().is_unix());
  EXPECT_EQ(config->listeners[0]->listener().unix_path, "/run/midge.sock");
  EXPECT_EQ(error_of("listener 0"),
            "a.conf:1: listener: \"0\": port 0 needs the path of a unix socket behind it");
}
TEST(Listeners, ABadPortIsAnErrorAndMakesNoListener) {
  EXPECT_EQ(error_of("listener 65536"),
            "a.conf:1: listener: found \"65536\"; allowed is a port from 1 to 65535 and perhaps an "
            "address or host name, or 0 and the path of a unix socket");
}
TEST(Listeners, OptionsBelongToTheLastOne) {
  const auto config = config_of("listener 1\nmax_qos 1\nlistener 2\nmax_qos 0\nmount_point b/\n");
  EXPECT_EQ(config->listeners[0]->max_qos(), 1);
  EXPECT_EQ(config->listeners[1]->max_qos(), 0);
  EXPECT_EQ(config->listeners[0]->mount_point(), "");
  EXPECT_EQ(config->listeners[1]->mount_point(), "b/");
}
TEST(Listeners, TextMayBeGivenOnceForEach) {
  EXPECT_EQ(error_of("listener 1\nbind_interface a\nlistener 2\nbind_interface b\n"), "");
  EXPECT_EQ(error_of("listener 1\nbind_interface a\nbind_interface b\n"),
            "a.conf:3: bind_interface: given a second time, after a.conf:2; allowed is once");
}
TEST(Listeners, TwiceOnOneAddressAreAnErrorUnlessTheInterfaceOrDomainDiffers) {
  EXPECT_EQ(error_of("listener 1 h\nlistener 2 h\nlistener 1 h\n"),
            "a.conf:3: listener: \"1 h\" is given a second time; allowed is once, or with another "
            "bind_interface or socket_domain");
  EXPECT_EQ(error_of("listener 1\nsocket_domain ipv4\nlistener 1\nsocket_domain ipv6\n"), "");
  EXPECT_EQ(error_of("listener 1\nbind_interface a\nlistener 1\nbind_interface b\n"), "");
}
TEST(Listeners, ProtocolVersionsAreAListWithCommas) {
  const auto config = config_of("listener 1\naccept_protocol_versions 3, 5 # new and old\n");
  const ProtocolVersions versions = config->listeners[0]->accept_protocol_versions();
  EXPECT_EQ(versions, ProtocolVersions{} | ProtocolVersion::mqtt31 | ProtocolVersion::mqtt5);
  EXPECT_EQ(
      error_of("listener 1\naccept_protocol_versions 6"),
      "a.conf:2: accept_protocol_versions: found \"6\"; allowed is one or more of 3, 4 and 5 with "
      "commas between");
}
TEST(Listeners, DefaultsAreMosquittos) {
  const auto config = config_of("listener 1");
  const Listener& listener = *config->listeners[0];
  EXPECT_EQ(listener.max_qos(), 2);
  EXPECT_EQ(listener.max_topic_alias(), 10);
  EXPECT_EQ(listener.max_topic_alias_broker(), 10);
  EXPECT_TRUE(listener.max_connections().is_off());
  EXPECT_EQ(listener.socket_domain(), SocketDomain::any);
  EXPECT_EQ(config->auto_id_prefix_for(listener), "auto-");
}

// ---- The default listener

TEST(DefaultListener, ComesFromPortAndBindAddress) {
  const auto config = config_of("port 1999\nbind_address 10.0.0.1\nmax_connections 5\n");
  EXPECT_FALSE(config->local_only());
  EXPECT_THAT(endpoints(*config), ElementsAre("1999 10.0.0.1"));
  EXPECT_TRUE(config->listeners[0]->is_default);
  EXPECT_EQ(config->listeners[0]->max_connections().max, 5U);
}
TEST(DefaultListener, HasAnAddressWithoutBlanks) {
  EXPECT_EQ(
      error_of("bind_address 10.0.0.1 # x"),
      "a.conf:1: bind_address: \"10.0.0.1 # x\": has a \" \" in it, which is not allowed there");
}
TEST(DefaultListener, GivenAPortTwiceWarnsAndTakesTheLast) {
  const auto config = config_of("port 1\nport 2\n");
  EXPECT_THAT(endpoints(*config), ElementsAre("2 "));
  EXPECT_THAT(config->warnings,
              testing::Contains("a.conf:2: port: given more than once; the last one counts"));
}
TEST(DefaultListener, IsMadeBySomeOptionsBeforeAnyListener) {
  const auto config = config_of("max_connections 5\nlistener 1999\n");
  EXPECT_THAT(endpoints(*config), ElementsAre("1883 ", "1999 "));
  EXPECT_EQ(config->listeners[0]->max_connections().max, 5U);
  EXPECT_EQ(config->warnings.size(), 1U);
}
TEST(DefaultListener, OthersNeedAListener) {
  for (const char* line :
       {"mount_point a/", "max_topic_alias 5", "listener_allow_anonymous true"}) {
    EXPECT_THAT(error_of(line),
                testing::EndsWith("needs a `listener` line before it in this file"));
  }
}
TEST(DefaultListener, AloneDoesNotOpenMidgeButLendsItsOptions) {
  const auto config = config_of("max_connections 5\nbind_interface eth0\n");
  EXPECT_TRUE(config->local_only());
  EXPECT_THAT(endpoints(*config), ElementsAre("1883 127.0.0.1", "1883 ::1"));
  EXPECT_EQ(config->listeners[1]->max_connections().max, 5U);
  EXPECT_EQ(config->listeners[1]->bind_interface(), "");
}

// ---- Who may connect

TEST(Security, AllowAnonymousIsForAllAndAListenerMaySayOtherwise) {
  const auto config =
      config_of("allow_anonymous true\nlistener 1\nlistener_allow_anonymous false\nlistener 2\n");
  EXPECT_FALSE(config->allow_anonymous_for(*config->listeners[0]));
  EXPECT_TRUE(config->allow_anonymous_for(*config->listeners[1]));
}
TEST(Security, LocalOnlyModeObeysAllowAnonymousFalse) {
  const auto config = config_of("allow_anonymous false");
  EXPECT_FALSE(config->allow_anonymous_for(*config->listeners[0]));
}
TEST(Security, WithoutPerListenerSettingsIsGlobalAlsoBelowAListener) {
  const auto config = config_of("listener 1\nlistener 2\npassword_file p\n");
  EXPECT_EQ(config->security_of(*config->listeners[0]).password_file().text, "p");
}
TEST(Security, WithPerListenerSettingsBelongsToItsListener) {
  const auto config = config_of(
      "per_listener_settings true\nlistener 1\npassword_file p\nlistener 2\nallow_anonymous "
      "true\n");
  const Listener& one = *config->listeners[0];
  const Listener& two = *config->listeners[1];
  EXPECT_EQ(config->security_of(one).password_file().text, "p");
  EXPECT_TRUE(config->security_of(two).password_file().empty());
  EXPECT_FALSE(config->allow_anonymous_for(one));
  EXPECT_TRUE(config->allow_anonymous_for(two));
}
TEST(Security, WithPerListenerSettingsNeedsAListener) {
  EXPECT_EQ(error_of("per_listener_settings true\nallow_anonymous true"),
            "a.conf:2: allow_anonymous: needs a `listener` line before it in this file, because of "
            "per_listener_settings");
}
TEST(Security, PerListenerSettingsMustComeFirst) {
  EXPECT_EQ(
      error_of("allow_anonymous true\nper_listener_settings true"),
      "a.conf:2: per_listener_settings: must come before all options of the section Security");
}
TEST(Security, PerListenerSettingsStayTrue) {
  EXPECT_TRUE(config_of("per_listener_settings true\nper_listener_settings false")
                  ->per_listener_settings());
}
TEST(Security, WithPerListenerSettingsTheTwoAllowAnonymousAreOneAndTheLastCounts) {
  const auto config = config_of(
      "per_listener_settings true\nlistener 1\nlistener_allow_anonymous true\nallow_anonymous "
      "false\n");
  EXPECT_FALSE(config->allow_anonymous_for(*config->listeners[0]));
}
TEST(Security, PrefixesFallBackFromListenerToGlobalToAuto) {
  const auto config =
      config_of("auto_id_prefix g-\nlistener 1\nlistener_auto_id_prefix l-\nlistener 2\n");
  EXPECT_EQ(config->auto_id_prefix_for(*config->listeners[0]), "l-");
  EXPECT_EQ(config->auto_id_prefix_for(*config->listeners[1]), "g-");
}

}  // namespace
}  // namespace config
