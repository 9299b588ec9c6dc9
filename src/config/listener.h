// A listener and the options that belong to it. Owned by Config.
#pragma once

#include "config/security_options.h"

namespace config {

struct Listener final : OptionSet {
  explicit Listener(bool is_default_listener) : is_default(is_default_listener) {}

  const bool
      is_default;  // Came from `port`, `bind_address` or an option before the first `listener`.
  SecurityOptions security;  // In use only with per_listener_settings: ask Config::security_of().

  Option<Endpoint> listener{
      *this,
      {.name = "listener",
       .section = Section::listeners,
       .reload = Reload::restart,
       .doc =
           "Opens a listener: a TCP port, on one address or host name or on all of them, or with "
           "port 0 a unix socket. May be repeated. The listener options that follow belong to it, "
           "to the "
           "next `listener` or the end of the file.",
       .repeat = Repeat::adds},
      {}};
  Option<std::string> bind_interface{
      *this,
      {.name = "bind_interface",
       .section = Section::listeners,
       .reload = Reload::restart,
       .doc = "Listen on the addresses of this network interface only.",
       .unset = "all interfaces"},
      {}};
  Option<SocketDomain> socket_domain{*this,
                                     {.name = "socket_domain",
                                      .section = Section::listeners,
                                      .reload = Reload::restart,
                                      .doc = "Listen on IPv4 or IPv6 addresses only."},
                                     SocketDomain::any};
  Option<Protocol> protocol{*this,
                            {.name = "protocol",
                             .section = Section::listeners,
                             .reload = Reload::restart,
                             .doc = "What the listener speaks."},
                            Protocol::mqtt};
  Option<ProtocolVersions> accept_protocol_versions{
      *this,
      {.name = "accept_protocol_versions",
       .section = Section::listeners,
       .reload = Reload::new_connections,
       .doc = "The protocol versions accepted, separated by commas: 3 is MQTT 3.1, 4 is 3.1.1, 5 "
              "is 5.0.",
       .needs_listener = true,
       .repeat = Repeat::last_wins},
      ProtocolVersions{} | ProtocolVersion::mqtt31 | ProtocolVersion::mqtt311 |
          ProtocolVersion::mqtt5};
  Option<MinusOneIsOff> max_connections{
      *this,
      {.name = "max_connections",
       .section = Section::listeners,
       .reload = Reload::new_connections,
       .doc = "The most clients connected through this listener at a time. -1: no limit."},
      {}};
  Option<std::uint8_t> max_qos{
      *this,
      {.name = "max_qos",
       .section = Section::listeners,
       .reload = Reload::new_connections,
       .doc = "The highest QoS that clients of this listener may publish with.",
       .aliases = {"maximum_qos"}},
      2,
      Between<std::uint8_t>{0, 2}};
  Option<std::uint16_t> max_topic_alias{
      *this,
      {.name = "max_topic_alias",
       .section = Section::listeners,
       .reload = Reload::new_connections,
       .doc = "How many topic aliases an MQTT 5.0 client may set up towards the broker. 0: none.",
       .needs_listener = true},
      10,
      Between<std::uint16_t>{0, 65'535}};
  Option<std::uint16_t> max_topic_alias_broker{
      *this,
      {.name = "max_topic_alias_broker",
       .section = Section::listeners,
       .reload = Reload::new_connections,
       .doc = "How many topic aliases the broker sets up towards an MQTT 5.0 client, if the client "
              "allows "
              "as many. 0: none.",
       .needs_listener = true},
      10,
      Between<std::uint16_t>{0, 65'535}};
  Option<std::string> mount_point{
      *this,
      {.name = "mount_point",
       .section = Section::listeners,
       .reload = Reload::new_connections,
       .doc = "Put before every topic and topic filter of this listener's clients, and taken off "
              "again "
              "towards them, so that they see only what is below it. No wildcards.",
       .unset = "none",
       .needs_listener = true,
       .repeat = Repeat::last_wins,
       .forbidden = "+#"},
      {}};
  Option<bool> use_username_as_clientid{*this,
                                        {.name = "use_username_as_clientid",
                                         .section = Section::listeners,
                                         .reload = Reload::new_connections,
                                         .doc = "Use the user name as client identifier, whatever "
                                                "the client sent. Clients without a user "
                                                "name are refused."},
                                        false};
  Option<std::optional<bool>> listener_allow_anonymous{
      *this,
      {.name = "listener_allow_anonymous",
       .section = Section::listeners,
       .reload = Reload::new_connections,
       .doc = "As allow_anonymous, for this listener.",
       .unset = "what allow_anonymous says",
       .needs_listener = true},
      {}};
  Option<std::string> listener_auto_id_prefix{
      *this,
      {.name = "listener_auto_id_prefix",
       .section = Section::listeners,
       .reload = Reload::new_connections,
       .doc = "What made-up client identifiers of this listener start with.",
       .unset = "what auto_id_prefix says",
       .needs_listener = true,
       .length_max = 50},
      {}};
};

// One of the two would find its address taken by the other.
bool share_an_address(const Listener& a, const Listener& b);

}  // namespace config
