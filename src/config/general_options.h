// The process: user, threads, files, $SYS. A part of Config, which is the struct to use.
#pragma once

#include "config/option.h"

namespace config {

struct GeneralOptions : OptionSet {
  Option<bool> per_listener_settings{
      *this,
      {.name = "per_listener_settings",
       .section = Section::general,
       .reload = Reload::restart,
       .doc = "Make the options of the section Security belong to the listener that they follow, "
              "instead of "
              "to all. Comes before all of them; once true it stays true.",
       .deprecated =
           "use listener_allow_anonymous and listener_auto_id_prefix where they are enough"},
      false};
  Option<Path> include_dir{
      *this,
      {.name = "include_dir",
       .section = Section::general,
       .reload = Reload::live,
       .doc = "Read every file of this directory whose name ends in .conf, in the order of their "
              "bytes (digits, "
              "capitals, small letters), as if it stood here. Main file only. A listener option in "
              "such a file needs its `listener` in the same file.",
       .unset = "none",
       .repeat = Repeat::adds},
      {}};
  Option<std::string> user{*this,
                           {.name = "user",
                            .section = Section::general,
                            .reload = Reload::restart,
                            .doc = "When started as root, become this user before anything is "
                                   "opened. When it is not set and there is no such user, nobody.",
                            .repeat = Repeat::last_wins},
                           "mosquitto"};
  Option<Path> pid_file{*this,
                        {.name = "pid_file",
                         .section = Section::general,
                         .reload = Reload::restart,
                         .doc = "Write the process id into this file.",
                         .unset = "none"},
                        {}};
  Option<std::uint16_t> threads{*this,
                                {.name = "threads",
                                 .section = Section::general,
                                 .reload = Reload::restart,
                                 .doc = "Number of threads that serve clients. 0: one a core. "
                                        "Midge only; Mosquitto has one thread."},
                                0,
                                Between<std::uint16_t>{0, 1024}};
  Option<Seconds> sys_interval{
      *this,
      {.name = "sys_interval",
       .section = Section::general,
       .reload = Reload::live,
       .doc = "Seconds between two updates of the $SYS topics. 0: no $SYS topics."},
      Seconds{10},
      Between<Seconds>{Seconds{0}, Seconds{65'535}}};
  Option<bool> enable_control_api{*this,
                                  {.name = "enable_control_api",
                                   .section = Section::general,
                                   .reload = Reload::restart,
                                   .doc = "Answer requests on $CONTROL/broker/v1."},
                                  false};
  Option<std::uint16_t> port{*this,
                             {.name = "port",
                              .section = Section::listeners,
                              .reload = Reload::restart,
                              .doc = "TCP port of the default listener.",
                              .deprecated = "use `listener PORT` instead"},
                             1883,
                             Between<std::uint16_t>{1, 65'535}};
  Option<std::string> bind_address{*this,
                                   {.name = "bind_address",
                                    .section = Section::listeners,
                                    .reload = Reload::restart,
                                    .doc = "Address or host name of the default listener.",
                                    .unset = "all addresses",
                                    .deprecated = "use `listener PORT ADDRESS` instead",
                                    .forbidden = " #"},
                                   {}};
  Option<bool> set_tcp_nodelay{*this,
                               {.name = "set_tcp_nodelay",
                                .section = Section::general,
                                .reload = Reload::new_connections,
                                .doc = "Send small packets at once (TCP_NODELAY). Mosquitto's "
                                       "default is false, which can hold a "
                                       "message back for 40 ms."},
                               true};
};

}  // namespace config
