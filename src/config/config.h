// Every option of the broker. `config.max_inflight_messages()` reads one; listener options are in
// `config.listeners`, and what decides who may do what is in `config.security_of(listener)`. Built
// by config::parse(), then shared as const between threads; never changes, a reload builds a new
// one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/listener.h"
#include "config/log_options.h"

namespace config {

// The bases only spread the declarations over files; there is one list of options.
struct Config final : LogOptions {
  SecurityOptions security;
  std::vector<std::unique_ptr<Listener>> listeners;  // Never empty after parse().
  std::vector<std::string> warnings;                 // For the log, one sentence each.

  // No listener was asked for: loopback only, and anonymous clients are welcome.
  bool local_only() const { return is_local_only; }
  const SecurityOptions& security_of(const Listener& listener) const {
    return per_listener_settings() ? listener.security : security;
  }
  bool allow_anonymous_for(const Listener& listener) const;
  std::string_view auto_id_prefix_for(const Listener& listener) const;

  bool is_local_only = false;  // Set by parse().
};

}  // namespace config
