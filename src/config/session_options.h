// What sessions, subscriptions and retained messages do. A part of Config, which is the struct to
// use.
#pragma once

#include "config/general_options.h"

namespace config {

struct SessionOptions : GeneralOptions {
  Option<std::string> clientid_prefixes{
      *this,
      {.name = "clientid_prefixes",
       .section = Section::security,
       .reload = Reload::new_connections,
       .doc = "Only client identifiers that start with this may connect.",
       .unset = "any",
       .deprecated = "name the clients in acl_file instead",
       .repeat = Repeat::last_wins},
      {}};
  Option<bool> check_retain_source{
      *this,
      {.name = "check_retain_source",
       .section = Section::security,
       .reload = Reload::live,
       .doc = "Before a retained message is sent, ask again whether its publisher may still "
              "publish to its "
              "topic. Mosquitto's manual says that it is on by default, but there it is off."},
      false};
  Option<bool> allow_duplicate_messages{
      *this,
      {.name = "allow_duplicate_messages",
       .section = Section::sessions,
       .reload = Reload::live,
       .doc = "For MQTT 3.1 and 3.1.1 clients with overlapping subscriptions: true sends a message "
              "once for "
              "each subscription that matches, false once. MQTT 5.0 clients get it once.",
       .deprecated = "true will be the only behaviour"},
      true};
  Option<bool> upgrade_outgoing_qos{*this,
                                    {.name = "upgrade_outgoing_qos",
                                     .section = Section::sessions,
                                     .reload = Reload::live,
                                     .doc = "Send messages with the QoS of the subscription even "
                                            "if they were published with a lower "
                                            "one. Against the standard."},
                                    false};
  Option<bool> queue_qos0_messages{
      *this,
      {.name = "queue_qos0_messages",
       .section = Section::sessions,
       .reload = Reload::live,
       .doc = "Queue QoS 0 messages too for clients that are offline."},
      false};
  Option<ExpiryCap> persistent_client_expiration{
      *this,
      {.name = "persistent_client_expiration",
       .section = Section::sessions,
       .reload = Reload::new_connections,
       .doc = "The longest that a session is kept after its client has gone: a number and s, h, d, "
              "w, m (30 "
              "days) or y (365 days).",
       .unset = "for ever"},
      {}};
  Option<bool> retain_available{
      *this,
      {.name = "retain_available",
       .section = Section::sessions,
       .reload = Reload::new_connections,
       .doc = "False: no retained messages; clients that publish one are disconnected."},
      true};
  Option<Minutes> retain_expiry_interval{
      *this,
      {.name = "retain_expiry_interval",
       .section = Section::sessions,
       .reload = Reload::live,
       .doc = "Minutes between two sweeps for retained messages that have expired.",
       .unset = "off: they go when they are next touched"},
      Minutes{0},
      Between<Minutes>{Minutes{1}, Minutes{10'000'000}}};
  Option<Seconds> max_keepalive{*this,
                                {.name = "max_keepalive",
                                 .section = Section::sessions,
                                 .reload = Reload::new_connections,
                                 .doc = "The longest keep alive in seconds. MQTT 5.0 clients that "
                                        "ask for more are told this one, others "
                                        "are refused. 0: any."},
                                Seconds{0},
                                Between<Seconds>{Seconds{0}, Seconds{65'535}}};
};

}  // namespace config
