#include "config/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "config/known.h"
#include "config/syntax.h"
#include "config/text.h"

namespace config {
namespace {

using Outcome = base::Result<void, Error>;

struct Place {
  std::string file;
  std::size_t line = 0;
};

std::string text_at(const Place& place, std::string_view option, std::string_view what) {
  return Error{place.file, place.line, std::string(option), std::string(what)}.text();
}

// Every name that may stand at the start of a line, for guessing what a typing error meant.
std::vector<std::string_view> all_names(const Config& config, const Listener& listener) {
  std::vector<std::string_view> names{"persistence"};
  for (const OptionSet* set :
       std::initializer_list<const OptionSet*>{&config, &config.security, &listener}) {
    for (const OptionBase* option : set->options()) {
      names.push_back(option->about.name);
      names.insert(names.end(), option->about.aliases.begin(), option->about.aliases.end());
    }
  }
  for (const Known& known : known_options()) names.push_back(known.name);
  return names;
}

// One parse: builds the Config line by line, then completes it.
class Parser final {
 public:
  Parser(const CommandLine& command_line, const Files& files)
      : command_line_(command_line), files_(files) {}

  base::Result<std::unique_ptr<Config>, Error> run() {
    if (!command_line_.config_file.empty()) {
      auto read = read_file(command_line_.config_file, Depth::main);
      if (!read) return base::Error{read.error()};
    }
    complete();
    if (auto checked = check_listeners(); !checked) return base::Error{checked.error()};
    return std::move(config_);
  }

 private:
  enum class Depth : std::uint8_t { main, included };

  base::Error<Error> error(std::string_view option, std::string what) const {
    return {Error{place_.file, place_.line, std::string(option), std::move(what)}};
  }
  void warn(std::string_view option, std::string_view what) {
    config_->warnings.push_back(text_at(place_, option, what));
  }

  Outcome read_file(const std::string& path, Depth depth);
  Outcome read_line(std::string_view line, Depth depth);
  Outcome read_option(std::string_view name, std::string_view rest, Depth depth);
  Outcome read_known(const Known& known, std::string_view name);
  Outcome read_persistence(std::string_view name, std::string_view rest);
  Outcome read_per_listener_settings(std::string_view rest);
  Outcome read_listener(std::string_view rest);
  Outcome read_listener_option(const OptionBase& declared, std::string_view name,
                               std::string_view rest);
  Outcome read_security_option(std::string_view name, std::string_view rest);
  Outcome include(std::string_view rest);
  Outcome assign(OptionBase& option, std::string_view name, std::string_view rest);
  Outcome check_repeat(const OptionBase& option, std::string_view name);
  Outcome unknown(std::string_view name) const;

  Outcome read_default_address(OptionBase& option, std::string_view name, std::string_view rest);
  Listener& add_listener(bool is_default);
  Listener& default_listener(std::string_view because_of);
  Outcome check_listeners() const;
  void complete();
  void add_local_listener(const std::string& host, std::uint16_t port, const Listener* given);

  const CommandLine& command_line_;
  const Files& files_;
  std::unique_ptr<Config> config_ = std::make_unique<Config>();
  const Listener declarations_{false};  // To ask which options listeners have.
  Place place_;
  Listener* current_ = nullptr;  // The listener that options belong to; each file starts without.
  Listener* default_ = nullptr;
  bool listens_ = false;  // `listener`, `port` or `bind_address` was there.
  bool security_seen_ = false;
  std::map<const OptionBase*, Place> given_at_;  // Looked up, never walked.
};

Outcome Parser::read_file(const std::string& path, Depth depth) {
  const auto text = files_.read(path);
  const Place outer = std::exchange(place_, {path, 0});
  if (!text) return error({}, text.error());
  Listener* const outer_listener = std::exchange(current_, nullptr);
  std::string_view rest = *text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);  // What some editors put there.
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ++place_.line;
    if (auto read = read_line(line, depth); !read) return read;
  }
  place_ = outer;
  current_ = outer_listener;
  return {};
}

Outcome Parser::read_line(std::string_view line, Depth depth) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view name = next_word(line);
  if (name.empty() || name.starts_with('#')) return {};
  return read_option(name, line, depth);
}

Outcome Parser::read_option(std::string_view name, std::string_view rest, Depth depth) {
  if (const Known* known = find_known(name)) return read_known(*known, name);
  if (name == "persistence" || name == "retained_persistence") return read_persistence(name, rest);
  if (OptionBase* option = config_->find(name)) {
    if (option == &config_->per_listener_settings) return read_per_listener_settings(rest);
    if (option == &config_->include_dir) {
      if (depth == Depth::main) return include(rest);
      return error(name, "is only for the main configuration file, not for included ones");
    }
    const bool is_address = option == &config_->port || option == &config_->bind_address;
    if (is_address) return read_default_address(*option, name, rest);
    return assign(*option, name, rest);
  }
  if (config_->security.find(name) != nullptr) return read_security_option(name, rest);
  if (const OptionBase* declared = declarations_.find(name)) {
    if (declared == &declarations_.listener) return read_listener(rest);
    return read_listener_option(*declared, name, rest);
  }
  return unknown(name);
}

Outcome Parser::unknown(std::string_view name) const {
  const std::string_view meant = nearest(name, all_names(*config_, declarations_));
  const std::string hint = meant.empty() ? "" : fmt::format("; did you mean {}?", meant);
  return error({}, fmt::format("unknown option {}{}", in_quotes(name), hint));
}

Outcome Parser::read_known(const Known& known, std::string_view name) {
  switch (known.standing) {
    case Standing::not_yet:
      return error(name, fmt::format("not supported by Midge yet (it is about {})", known.about));
    case Standing::without_effect:
    case Standing::dead:
      warn(name, fmt::format("has no effect: {}", known.about));
      return {};
  }
  UNREACHABLE();
}

Outcome Parser::read_persistence(std::string_view name, std::string_view rest) {
  const std::string_view word = next_word(rest);
  const auto value = Syntax<bool>::read(word);
  if (!value) return error(name, fmt::format("found {}; allowed is false", in_quotes(word)));
  if (!*value) return {};
  return error(
      name, fmt::format("Midge does not support \"{} true\" yet: it keeps messages in memory only; "
                        "\"{} false\" starts it",
                        name, name));
}

Outcome Parser::read_per_listener_settings(std::string_view rest) {
  auto& option = config_->per_listener_settings;
  if (option()) return {};  // Once true it stays true.
  if (auto assigned = assign(option, option.about.name, rest); !assigned) return assigned;
  if (option() && security_seen_) {
    return error(option.about.name, "must come before all options of the section Security");
  }
  return {};
}

Outcome Parser::read_listener(std::string_view rest) {
  const auto endpoint = Syntax<Endpoint>::read(trimmed(rest));
  if (endpoint) {
    current_ = &add_listener(false);
    listens_ = true;
    return assign(current_->listener, "listener", rest);
  }
  Listener refused(false);  // Only says what is wrong.
  return assign(refused.listener, "listener", rest);
}

Outcome Parser::read_listener_option(const OptionBase& declared, std::string_view name,
                                     std::string_view rest) {
  if (current_ == nullptr) {
    if (declared.about.needs_listener)
      return error(name, "needs a `listener` line before it in this file");
    current_ = &default_listener(name);
  }
  return assign(*current_->find(name), name, rest);
}

Outcome Parser::read_security_option(std::string_view name, std::string_view rest) {
  security_seen_ = true;
  if (!config_->per_listener_settings()) return assign(*config_->security.find(name), name, rest);
  if (current_ == nullptr) {
    return error(
        name, "needs a `listener` line before it in this file, because of per_listener_settings");
  }
  OptionBase& option = *current_->security.find(name);
  // Here the two names are one setting, and the last line counts.
  if (&option == &current_->security.allow_anonymous) current_->listener_allow_anonymous.reset();
  return assign(option, name, rest);
}

Outcome Parser::read_default_address(OptionBase& option, std::string_view name,
                                     std::string_view rest) {
  current_ = &default_listener({});
  listens_ = true;
  if (option.is_given()) warn(name, "given more than once; the last one counts");
  if (auto assigned = assign(option, name, rest); !assigned) return assigned;
  Endpoint endpoint = current_->listener();
  endpoint.port = config_->port();
  endpoint.host = config_->bind_address();
  current_->listener.set(std::move(endpoint));
  return {};
}

Outcome Parser::include(std::string_view rest) {
  Option<Path>& option = config_->include_dir;
  // Only to have the text looked at: what counts is what the files say.
  auto assigned = assign(option, option.about.name, rest);
  const std::string directory = option().text;
  option.reset();
  if (!assigned) return assigned;
  auto names = files_.list(directory);
  if (!names) return error(option.about.name, names.error());
  std::erase_if(
      *names, [](const std::string& name) { return name.size() < 6 || !name.ends_with(".conf"); });
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    const std::string_view slash = directory.ends_with('/') ? "" : "/";
    if (auto read = read_file(fmt::format("{}{}{}", directory, slash, name), Depth::included);
        !read) {
      return read;
    }
  }
  return {};
}

Outcome Parser::assign(OptionBase& option, std::string_view name, std::string_view rest) {
  if (auto repeated = check_repeat(option, name); !repeated) return repeated;
  const std::string_view text = option.takes_whole_line() ? trimmed(rest) : next_word(rest);
  if (text.empty())
    return error(name, fmt::format("has no value; allowed is {}", option.allowed()));
  const auto assigned = option.assign(text);
  if (!assigned) {
    const BadValue& bad = assigned.error();
    if (!bad.instead.empty())
      return error(name, fmt::format("{}: {}", in_quotes(text), bad.instead));
    return error(name, fmt::format("found {}; allowed is {}", in_quotes(text), bad.allowed));
  }
  if (!option.about.deprecated.empty())
    warn(name, fmt::format("deprecated; {}", option.about.deprecated));
  return {};
}

Outcome Parser::check_repeat(const OptionBase& option, std::string_view name) {
  const auto [at, is_first] = given_at_.try_emplace(&option, place_);
  if (is_first || option.repeat() != Repeat::error) return {};
  const Place& first = at->second;
  return error(name, fmt::format("given a second time, after {}:{}; allowed is once", first.file,
                                 first.line));
}

Listener& Parser::add_listener(bool is_default) {
  return *config_->listeners.emplace_back(std::make_unique<Listener>(is_default));
}

Listener& Parser::default_listener(std::string_view because_of) {
  if (default_ == nullptr) {
    if (!because_of.empty()) {
      warn(because_of,
           "stands before any `listener`, so it goes to the default listener; better put it below "
           "a `listener` line");
    }
    default_ = &add_listener(true);
    default_->listener.set({});
  }
  return *default_;
}

// Only here, as bind_interface and socket_domain come after their listener.
Outcome Parser::check_listeners() const {
  const auto& all = config_->listeners;
  for (auto second = all.begin(); second != all.end(); ++second) {
    const auto first = std::find_if(
        all.begin(), second, [&](const auto& other) { return share_an_address(*other, **second); });
    if (first == second) continue;
    const auto place = given_at_.find(&(*second)->listener);
    const Place at = place == given_at_.end() ? Place{command_line_.config_file} : place->second;
    return base::Error{
        Error{at.file, at.line, "listener",
              fmt::format("{} is given a second time; allowed is once, or with another "
                          "bind_interface or socket_domain",
                          in_quotes(Syntax<Endpoint>::write((*second)->listener())))}};
  }
  return {};
}

void Parser::complete() {
  Config& config = *config_;
  if (command_line_.verbose) ASSERT(config.log_type.assign("all").has_value());
  if (command_line_.quiet) ASSERT(config.log_type.assign("none").has_value());
  if (listens_) return;
  // Loopback only. A default listener that came from options alone lends them, as nobody asked to
  // be reached from outside.
  config.is_local_only = true;
  const auto given = std::exchange(config.listeners, {});
  std::vector<std::uint16_t> ports = command_line_.ports;
  if (ports.empty()) ports.push_back(1883);
  for (const std::uint16_t port : ports) {
    add_local_listener("127.0.0.1", port, default_);
    add_local_listener("::1", port, default_);
  }
}

void Parser::add_local_listener(const std::string& host, std::uint16_t port,
                                const Listener* given) {
  Listener& listener = add_listener(given != nullptr);
  if (given != nullptr) {
    copy_given(*given, listener);
    copy_given(given->security, listener.security);
    listener.bind_interface.reset();  // Where to listen is what local-only mode decides.
    listener.socket_domain.reset();
  }
  listener.listener.set({port, host, {}});
}

}  // namespace

std::string Error::text() const {
  std::string out = file;
  if (line > 0) out += fmt::format(":{}", line);
  if (!out.empty()) out += ": ";
  if (!option.empty()) out += option + ": ";
  return out + what;
}

base::Result<std::unique_ptr<Config>, Error> parse(const CommandLine& command_line,
                                                   const Files& files) {
  return Parser(command_line, files).run();
}

}  // namespace config
