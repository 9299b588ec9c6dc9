#include "config/write.h"

namespace config {
namespace {

void append_given(std::string& out, const OptionBase& option) {
  if (!option.is_given()) return;
  for (const std::string& value : option.lines()) {
    out += option.about.name;
    out += ' ';
    out += value;
    out += '\n';
  }
}

void append_given(std::string& out, const OptionSet& set) {
  for (const OptionBase* option : set.options()) append_given(out, *option);
}

void append_listener(std::string& out, const Config& config, const Listener& listener) {
  append_given(out, listener);
  if (config.per_listener_settings()) append_given(out, listener.security);
}

// The listeners of local-only mode are made up and alike: what was given for them belonged to the
// default listener. Not every option makes one, so the one line that says nothing comes first.
void append_local_listener(std::string& out, const Config& config, const Listener& listener) {
  if (!listener.is_default) return;
  out += "protocol mqtt\n";
  for (const OptionBase* option : listener.options()) {
    const bool is_written = option == &listener.listener || option == &listener.protocol;
    if (!is_written) append_given(out, *option);
  }
  if (config.per_listener_settings()) append_given(out, listener.security);
}

}  // namespace

std::string text_of(const Config& config) {
  std::string out;
  append_given(out,
               config.per_listener_settings);  // Must come before the options that it is about.
  for (const OptionBase* option : config.options()) {
    // `port` and `bind_address` are in the default listener, which is written as any other.
    const bool is_elsewhere = option == &config.per_listener_settings || option == &config.port ||
                              option == &config.bind_address;
    if (!is_elsewhere) append_given(out, *option);
  }
  append_given(out, config.security);
  if (config.local_only()) {
    if (!config.listeners.empty()) append_local_listener(out, config, *config.listeners.front());
    return out;
  }
  for (const auto& listener : config.listeners) append_listener(out, config, *listener);
  return out;
}

}  // namespace config
