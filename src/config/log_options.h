// The log. A part of Config, which is the struct to use.
#pragma once

#include "config/limit_options.h"

namespace config {

struct LogOptions : LimitOptions {
  Option<LogDestinations> log_dest{
      *this,
      {.name = "log_dest",
       .section = Section::logging,
       .reload = Reload::live,
       .doc = "Where the log goes. May be repeated; `none` takes back the lines before it. `topic` "
              "publishes it below $SYS/broker/log/. Only one file."},
      LogDestinations{.to_stderr = true, .file = {}}};
  Option<LogTypes> log_type{
      *this,
      {.name = "log_type",
       .section = Section::logging,
       .reload = Reload::live,
       .doc = "What is logged. May be repeated; `none` and `all` replace the lines before them."},
      LogTypes{} | LogType::error | LogType::warning | LogType::notice | LogType::information};
  Option<LogFacility> log_facility{
      *this,
      {.name = "log_facility",
       .section = Section::logging,
       .reload = Reload::restart,
       .doc = "Facility for `log_dest syslog`: 0 to 7 are local0 to local7."},
      LogFacility::daemon};
  Option<bool> log_timestamp{*this,
                             {.name = "log_timestamp",
                              .section = Section::logging,
                              .reload = Reload::live,
                              .doc = "Start each line of the log with the time."},
                             true};
  Option<std::string> log_timestamp_format{
      *this,
      {.name = "log_timestamp_format",
       .section = Section::logging,
       .reload = Reload::live,
       .doc = "How the time is written, as for strftime(3), in local time.",
       .unset = "seconds since 1970"},
      {}};
  Option<bool> connection_messages{*this,
                                   {.name = "connection_messages",
                                    .section = Section::logging,
                                    .reload = Reload::live,
                                    .doc = "Log when clients connect and disconnect."},
                                   true};
};

}  // namespace config
