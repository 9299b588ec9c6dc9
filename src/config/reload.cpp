#include "config/reload.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/syntax.h"

namespace config {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  return lines.empty() ? "not set" : fmt::format("{}", fmt::join(lines, ", "));
}

std::string name_of(const Listener& listener) {
  return Syntax<Endpoint>::write(listener.listener());
}

const Listener* counterpart(const Config& config, const Listener& listener) {
  const auto at =
      std::find_if(config.listeners.begin(), config.listeners.end(),
                   [&](const auto& other) { return share_an_address(*other, listener); });
  return at == config.listeners.end() ? nullptr : at->get();
}

void compare(std::vector<Difference>& out, const std::string& listener, const OptionSet& running,
             const OptionSet& wanted) {
  ASSERT(running.options().size() == wanted.options().size());
  for (std::size_t i = 0; i < running.options().size(); ++i) {
    const OptionBase& was = *running.options()[i];
    const OptionBase& is = *wanted.options()[i];
    if (!was.differs_from(is)) continue;
    out.push_back({std::string(is.about.name), listener, joined(was.lines()), joined(is.lines()),
                   is.about.reload});
  }
}

void compare_listeners(std::vector<Difference>& out, const Config& running, const Config& wanted) {
  for (const auto& listener : running.listeners) {
    const Listener* now = counterpart(wanted, *listener);
    if (now == nullptr) {
      out.push_back({"listener", name_of(*listener), "open", "gone", Reload::restart});
      continue;
    }
    compare(out, name_of(*listener), *listener, *now);
    compare(out, name_of(*listener), listener->security, now->security);
  }
  for (const auto& listener : wanted.listeners) {
    if (counterpart(running, *listener) != nullptr) continue;
    out.push_back({"listener", name_of(*listener), "not there", "open", Reload::restart});
  }
}

std::string_view moment(Reload reload) {
  switch (reload) {
    case Reload::live:
      return "at once";
    case Reload::new_connections:
      return "for new connections";
    case Reload::restart:
      return "after a restart only";
  }
  UNREACHABLE();
}

}  // namespace

std::string Difference::text() const {
  const std::string where = listener.empty() ? "" : fmt::format("listener {}: ", listener);
  return fmt::format("{}{} was {}, is {}; takes effect {}", where, option, was, is,
                     moment(takes_effect));
}

std::vector<Difference> differences(const Config& running, const Config& wanted) {
  std::vector<Difference> out;
  compare(out, {}, running, wanted);
  // Seen below as listeners that come and go.
  std::erase_if(
      out, [](const Difference& d) { return d.option == "port" || d.option == "bind_address"; });
  compare(out, {}, running.security, wanted.security);
  compare_listeners(out, running, wanted);
  return out;
}

}  // namespace config
