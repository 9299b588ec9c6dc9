// Who may connect and what they may do. One set for all, or one a listener.
#pragma once

#include "config/option.h"

namespace config {

// Global; with `per_listener_settings true` each listener has its own.
struct SecurityOptions final : OptionSet {
  Option<std::optional<bool>> allow_anonymous{
      *this,
      {.name = "allow_anonymous",
       .section = Section::security,
       .reload = Reload::new_connections,
       .doc = "Whether clients may connect without a user name.",
       .unset = "true in local-only mode (no `listener` in the file), else false"},
      {}};
  Option<Path> password_file{
      *this,
      {.name = "password_file",
       .section = Section::security,
       .reload = Reload::new_connections,
       .doc = "File of user names and password hashes, as `midge passwd` or mosquitto_passwd "
              "writes it. "
              "With it, a client that gives a user name must give that user's password.",
       .unset = "no passwords are checked",
       .repeat = Repeat::last_wins},
      {}};
  Option<Path> acl_file{*this,
                        {.name = "acl_file",
                         .section = Section::security,
                         .reload = Reload::live,
                         .doc = "File that says which client may publish and subscribe to which "
                                "topics. With it, what it "
                                "does not grant is refused.",
                         .unset = "everything is granted",
                         .repeat = Repeat::last_wins},
                        {}};
  Option<bool> allow_zero_length_clientid{
      *this,
      {.name = "allow_zero_length_clientid",
       .section = Section::security,
       .reload = Reload::new_connections,
       .doc = "Accept an empty client identifier from MQTT 3.1.1 and 5.0 clients and make one up."},
      true};
  Option<std::string> auto_id_prefix{*this,
                                     {.name = "auto_id_prefix",
                                      .section = Section::security,
                                      .reload = Reload::new_connections,
                                      .doc = "What made-up client identifiers start with.",
                                      .unset = "auto-",
                                      .deprecated = "use listener_auto_id_prefix instead",
                                      .length_max = 50},
                                     {}};
};

}  // namespace config
