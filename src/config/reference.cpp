#include "config/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "config/config.h"
#include "config/known.h"
#include "config/text.h"

namespace config {
namespace {

constexpr Section sections[] = {Section::general,  Section::listeners, Section::security,
                                Section::sessions, Section::limits,    Section::logging};

constexpr std::string_view grammar[] = {
    ("One option a line: its name, blanks (spaces or TABs), its value. Blanks before the name, "
     "empty lines and "
     "lines that start with # are skipped; lines may end in LF or CR LF."),
    ("Of numbers, true or false and single words, one word is read and the rest of the line "
     "ignored. Text and "
     "file names are the whole rest of the line, a # in them included."),
    ("Numbers may be written 10, 0x0a or 012. True is true or 1, false is false or 0. Bytes may "
     "have KiB, MiB "
     "or GiB right behind them."),
    ("Text given twice is an error unless said otherwise; of everything else the last line counts. "
     "log_dest and log_type add up."),
    ("A file without `listener`, `port` and `bind_address` (or no file at all) means local-only "
     "mode: Midge listens on 127.0.0.1 and ::1 only and lets clients in without a user name."),
    ("A wrong or unknown option keeps Midge from starting; the message says file, line, what was "
     "found and what is allowed."),
    ("Reloading (SIGHUP) only opens the log file again so far: until it does more, every change "
     "takes effect on restart, whatever stands below.")};

// The declarations, in an order for readers.
class Catalogue final {
 public:
  std::vector<const OptionBase*> in(Section section) const {
    std::vector<const OptionBase*> out;
    for (const OptionSet* set :
         std::initializer_list<const OptionSet*>{&listener_, &config_, &config_.security}) {
      std::copy_if(set->options().begin(), set->options().end(), std::back_inserter(out),
                   [&](const OptionBase* option) { return option->about.section == section; });
    }
    return out;
  }
  bool is_of_listener(const OptionBase& option) const {
    return listener_.find(option.about.name) == &option;
  }

 private:
  Config config_;
  Listener listener_{false};
};

std::string default_of(const OptionBase& option) {
  const auto lines = option.default_lines();
  if (!option.about.unset.empty() && lines.empty()) return std::string(option.about.unset);
  return fmt::format("`{}`", fmt::join(lines, "`, `"));
}

std::string_view moment(Reload reload) {
  switch (reload) {
    case Reload::live:
      return "on reload, at once";
    case Reload::new_connections:
      return "on reload, for new connections";
    case Reload::restart:
      return "on restart";
  }
  UNREACHABLE();
}

std::string_view repeat_note(const OptionBase& option) {
  const bool is_worth_saying = option.takes_whole_line() && option.repeat() == Repeat::last_wins;
  return is_worth_saying ? "may be repeated, the last line counts" : "";
}

struct Fact {
  std::string_view what;
  std::string text;
};

std::vector<Fact> facts(const Catalogue& catalogue, const OptionBase& option) {
  std::vector<Fact> out{{"Allowed", option.allowed()}};
  if (option.about.length_max < About{}.length_max) {
    out.back().text += fmt::format(" of at most {} bytes", option.about.length_max);
  }
  if (option.about.name != "listener") out.push_back({"Default", default_of(option)});
  out.push_back({"A change takes effect", std::string(moment(option.about.reload))});
  if (option.about.section == Section::listeners && catalogue.is_of_listener(option)) {
    if (option.about.name != "listener") {
      out.push_back({"Belongs to", option.about.needs_listener
                                       ? "the `listener` before it"
                                       : "the `listener` before it, else the default listener"});
    }
  }
  if (!option.about.aliases.empty()) {
    out.push_back({"Also written", fmt::format("`{}`", fmt::join(option.about.aliases, "`, `"))});
  }
  if (const auto note = repeat_note(option); !note.empty())
    out.push_back({"Repeated", std::string(note)});
  if (!option.about.deprecated.empty())
    out.push_back({"Deprecated", std::string(option.about.deprecated)});
  return out;
}

// What the names that are no options belong to, with the names.
std::map<std::string_view, std::vector<std::string_view>> grouped(Standing standing) {
  std::map<std::string_view, std::vector<std::string_view>> out;
  for (const Known& known : known_options()) {
    if (known.standing == standing) out[known.about].push_back(known.name);
  }
  return out;
}

void append_known_markdown(std::string& out, Standing standing) {
  for (const auto& [about, names] : grouped(standing)) {
    out += fmt::format("- {}: `{}`\n", about, fmt::join(names, "`, `"));
  }
}

std::string comment_of(std::string_view text) {
  constexpr std::size_t width = 96;
  std::string out;
  std::string line = "#";
  for (auto word = next_word(text); !word.empty(); word = next_word(text)) {
    if (line.size() + 1 + word.size() > width) {
      out += line + '\n';
      line = "#";
    }
    line += ' ';
    line += word;
  }
  return out + line + '\n';
}

// `code` in bold, and what troff would take for its own escaped.
std::string roff(std::string_view text) {
  std::string out;
  bool is_bold = false;
  for (const char c : text) {
    if (c == '`') {
      is_bold = !is_bold;
      out += is_bold ? "\\fB" : "\\fR";
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

void append_man_option(std::string& out, const Catalogue& catalogue, const OptionBase& option) {
  out += fmt::format(".TP\n.B {}\n{}\n", roff(option.about.name), roff(option.about.doc));
  for (const Fact& fact : facts(catalogue, option)) {
    out += fmt::format(".br\n{}: {}.\n", fact.what, roff(fact.text));
  }
}

void append_example_option(std::string& out, const OptionBase& option) {
  out += comment_of(option.about.doc);
  out += comment_of(fmt::format("Allowed: {}.", option.allowed()));
  if (!option.about.unset.empty())
    out += comment_of(fmt::format("Not set: {}.", option.about.unset));
  const auto lines = option.default_lines();
  if (lines.empty()) out += fmt::format("#{}\n", option.about.name);
  for (const std::string& line : lines) out += fmt::format("#{} {}\n", option.about.name, line);
  out += '\n';
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace

std::string option_reference_markdown() {
  const Catalogue catalogue;
  std::string out =
      "# Options of the broker\n\n"
      "<!-- Made from the declarations in src/config by midge_gen_docs. Don't edit. -->\n\n"
      "The configuration file has the grammar and the options of `mosquitto.conf`; a few are "
      "Midge's own. "
      "Defaults are those of Mosquitto 2.1 unless said otherwise.\n\n## The file\n\n";
  for (const std::string_view paragraph : grammar) out += fmt::format("{}\n\n", paragraph);
  for (const Section section : sections) {
    out += fmt::format("## {}\n\n", title_of(section));
    for (const OptionBase* option : catalogue.in(section)) {
      out += fmt::format("### {}\n\n{}\n\n", option->about.name, option->about.doc);
      for (const Fact& fact : facts(catalogue, *option))
        out += fmt::format("- {}: {}\n", fact.what, fact.text);
      out += '\n';
    }
  }
  out += "## Options of Mosquitto that Midge does not have yet\n\nAn error says so by name.\n\n";
  append_known_markdown(out, Standing::not_yet);
  out += "- persistence: `persistence true` (`persistence false` is accepted)\n";
  out += "\n## Accepted without effect\n\nA warning in the log says so.\n\n";
  append_known_markdown(out, Standing::without_effect);
  append_known_markdown(out, Standing::dead);
  return out;
}

std::string example_config() {
  const Catalogue catalogue;
  std::string out = comment_of(
      "Every option of Midge with its default. Take away the # before an option to set it.");
  out += comment_of(
      "To be reached from other machines, set at least a listener and one of password_file and "
      "allow_anonymous.");
  for (const Section section : sections) {
    out += fmt::format("\n# ---- {}\n\n", title_of(section));
    for (const OptionBase* option : catalogue.in(section)) append_example_option(out, *option);
  }
  return out;
}

std::string man_page() {
  const Catalogue catalogue;
  std::string out =
      fmt::format(".TH MIDGE.CONF 5 \"\" \"Midge {}\" \"File formats\"\n", MIDGE_VERSION);
  out += ".SH NAME\nmidge.conf \\- configuration file of the MQTT broker midge\n.SH DESCRIPTION\n";
  for (const std::string_view paragraph : grammar) out += fmt::format("{}\n.PP\n", roff(paragraph));
  for (const Section section : sections) {
    out += fmt::format(".SH {}\n", upper(title_of(section)));
    for (const OptionBase* option : catalogue.in(section))
      append_man_option(out, catalogue, *option);
  }
  out += ".SH SEE ALSO\n.BR midge (1)\n";
  return out;
}

}  // namespace config
