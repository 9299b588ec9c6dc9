// What `midge pub` and `midge sub` say about connections that fail, and their exit statuses: in the
// words and numbers of Mosquitto's tools, with a hint what to try next for people. Pure but for
// Report, which writes to stderr.
#pragma once

#include <string>
#include <string_view>

#include "client/error.h"
#include "client/options.h"
#include "client_options.h"

namespace apps {

// The broker's code when it refused us, 1 when we did not get to it, else libmosquitto's number.
int exit_status(const midge::Error& error, bool was_connected);

// One line, with what the broker said itself. `properties` are those of its last packet.
std::string explain(const midge::Error& error, const midge::Properties& properties,
                    midge::Version version);

// What a person may try next; empty if nothing comes to mind.
std::string advice(const midge::Error& error, const ClientOptions& options, bool was_connected);

// The error stream. --quiet silences it; hints are for terminals only.
class Report final {
 public:
  Report(const ClientOptions& options, bool is_terminal)
      : quiet_(options.quiet), is_terminal_(is_terminal) {}

  void error(std::string_view text) const;
  void warning(std::string_view text) const;
  void line(std::string_view text) const;
  void hint(std::string_view text) const;
  bool is_for_people() const { return is_terminal_ && !quiet_; }

 private:
  const bool quiet_;
  const bool is_terminal_;
};

}  // namespace apps
