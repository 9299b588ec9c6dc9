#include "hook/acl_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "hook/file_text.h"
#include "hook/secret_file.h"
#include "topic/filter.h"

namespace hook {
namespace {

using Outcome = base::Result<void, std::string>;

struct Split {
  std::string_view word;
  std::string_view rest;
};
Split split_word(std::string_view text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  return {word, trimmed(text.substr(word.size()))};
}

std::string_view level_at(std::string_view topic, std::size_t level) {
  for (; level > 0; --level) topic.remove_prefix(topic.find('/') + 1);
  return topic.substr(0, topic.find('/'));
}

// Anywhere in the name, unlike a filter's wildcards.
bool has_wildcard_character(std::string_view name) {
  return name.find_first_of("+#") != std::string_view::npos;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

// Compiles line after line into the table it is given.
class AclParser final {
 public:
  explicit AclParser(AclFile& file) : file_(file), section_(&file.anonymous_) {}
  Outcome add(std::string_view line);
  std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

 private:
  using Rule = AclFile::Rule;
  using Rules = AclFile::Rules;
  using Grant = AclFile::Grant;
  using Placeholder = AclFile::Placeholder;

  base::Result<Rule, std::string> parse_rule(std::string_view text) const;
  static std::optional<Grant> grant_named(std::string_view word);
  static std::optional<Placeholder> placeholder_named(std::string_view level);
  static void append(Rules& rules, Rule rule);
  Outcome add_user(std::string_view name);
  Outcome add_topic(std::string_view text);
  Outcome add_pattern(std::string_view text);
  void bind_placeholders(Rule& rule);

  AclFile& file_;
  Rules* section_;  // Invalid after file_.users_ grows; set anew by whatever makes it grow.
  std::vector<std::string> warnings_;
};

Outcome AclParser::add(std::string_view line) {
  const auto [keyword, rest] = split_word(line);
  if (keyword.empty() || keyword.starts_with('#')) return {};
  if (keyword == "user") return add_user(rest);
  if (keyword == "topic") return add_topic(rest);
  if (keyword == "pattern") return add_pattern(rest);
  return base::Error{fmt::format("{} is not known: a line starts with user, topic or pattern",
                                 in_quotes(keyword))};
}

Outcome AclParser::add_user(std::string_view name) {
  if (name.empty()) return base::Error{std::string("no name after 'user'")};
  section_ = &file_.users_[name];
  return {};
}

Outcome AclParser::add_topic(std::string_view text) {
  auto rule = parse_rule(text);
  if (!rule) return base::Error{rule.error()};
  append(*section_, std::move(*rule));
  return {};
}

Outcome AclParser::add_pattern(std::string_view text) {
  auto rule = parse_rule(text);
  if (!rule) return base::Error{rule.error()};
  bind_placeholders(*rule);
  append(file_.patterns_, std::move(*rule));
  return {};
}

std::optional<AclFile::Grant> AclParser::grant_named(std::string_view word) {
  if (word == "read") return Grant::read;
  if (word == "write") return Grant::write;
  if (word == "readwrite") return Grant::readwrite;
  if (word == "deny") return Grant::deny;
  return std::nullopt;
}

// One word is the filter, even if it is `read`; of several the first is the access.
base::Result<AclFile::Rule, std::string> AclParser::parse_rule(std::string_view text) const {
  const auto [word, rest] = split_word(text);
  if (word.empty()) return base::Error{std::string("no topic filter given")};
  const std::optional<Grant> grant = rest.empty() ? Grant::readwrite : grant_named(word);
  const std::string_view filter = rest.empty() ? word : rest;
  if (!grant) {
    return base::Error{
        fmt::format("access {} is not known: read, write, readwrite and deny are allowed (a filter "
                    "with spaces needs one)",
                    in_quotes(word))};
  }
  if (const auto fault = topic::check_filter(filter); fault != topic::FilterFault::none) {
    return base::Error{
        fmt::format("{} is not a topic filter: {}", in_quotes(filter), topic::explain(fault))};
  }
  return Rule{std::string(filter), {}, *grant};
}

std::optional<AclFile::Placeholder> AclParser::placeholder_named(std::string_view level) {
  if (level == "%c") return Placeholder::client_id;
  if (level == "%u") return Placeholder::user;
  return std::nullopt;
}

void AclParser::bind_placeholders(Rule& rule) {
  const std::string pattern = rule.filter;
  std::vector<std::string_view> levels = split(pattern, '/');
  bool is_partial = false;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (const auto placeholder = placeholder_named(levels[i])) {
      rule.bounds.push_back({i, *placeholder});
      levels[i] = "+";
    } else if (contains(levels[i], "%c") || contains(levels[i], "%u")) {
      is_partial = true;
    }
  }
  if (is_partial) {
    warnings_.push_back(fmt::format(
        "pattern {}: %c and %u count as whole levels only, elsewhere they are plain text",
        in_quotes(rule.filter)));
  } else if (rule.bounds.empty()) {
    warnings_.push_back(
        fmt::format("pattern {} has neither %c nor %u: it is the same for every client",
                    in_quotes(rule.filter)));
  }
  rule.filter = fmt::format("{}", fmt::join(levels, "/"));
}

void AclParser::append(Rules& rules, Rule rule) {
  auto& list = rule.grant == Grant::deny ? rules.denials : rules.grants;
  list.push_back(std::move(rule));
}

base::Result<AclFile, std::string> AclFile::parse(std::string_view text, std::string_view name) {
  AclFile file;
  AclParser parser(file);
  std::uint32_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (const Outcome added = parser.add(line); !added)
      return base::Error{at_line(name, number, added.error())};
    for (const std::string& warning : parser.take_warnings())
      file.warnings_.push_back(at_line(name, number, warning));
  }
  return file;
}

// A placeholder never stands for a level separator: a client id `a/b` meets no single level, and an
// empty one none at all.
bool AclFile::matches(const Rule& rule, const Client& client, std::string_view topic) {
  if (!topic::matches(rule.filter, topic)) return false;
  for (const Bound& bound : rule.bounds) {
    const std::string_view value =
        bound.what == Placeholder::client_id ? client.id : client.user.value_or("");
    if (value.empty() || level_at(topic, bound.level) != value) return false;
  }
  return true;
}

AclFile::Answer AclFile::ask(const Rules& rules, const Client& client, std::string_view topic,
                             Access access) {
  for (const Rule& rule : rules.denials) {
    if (matches(rule, client, topic)) return Answer::no;
  }
  const Grant wanted = access == Access::read ? Grant::read : Grant::write;
  for (const Rule& rule : rules.grants) {
    if ((rule.grant == wanted || rule.grant == Grant::readwrite) && matches(rule, client, topic))
      return Answer::yes;
  }
  return Answer::unsaid;
}

const AclFile::Rules* AclFile::rules_of(std::optional<std::string_view> user) const {
  if (!user) return &anonymous_;
  const auto found = users_.find(*user);
  return found == users_.end() ? nullptr : &found->second;
}

bool AclFile::allows(std::optional<std::string_view> user, std::string_view client_id,
                     std::string_view topic, Access access) const {
  const Client client{user, client_id};
  if (const Rules* own = rules_of(user)) {
    const Answer answer = ask(*own, client, topic, access);
    if (answer != Answer::unsaid) return answer == Answer::yes;
  }
  // A name with a wildcard in it is made to reach into others' branches; Mosquitto gives it nothing
  // through patterns.
  if (has_wildcard_character(client_id) || (user && has_wildcard_character(*user))) return false;
  return ask(patterns_, client, topic, access) == Answer::yes;
}

base::Result<LoadedAclFile, std::string> load_acl_file(const std::string& path) {
  auto secret = read_secret_file(path);
  if (!secret) return base::Error{secret.error()};
  auto file = AclFile::parse(secret->text, path);
  if (!file) return base::Error{file.error()};
  std::vector<std::string> warnings = std::move(secret->warnings);
  warnings.insert(warnings.end(), file->warnings().begin(), file->warnings().end());
  return LoadedAclFile{std::move(*file), std::move(warnings)};
}

}  // namespace hook
