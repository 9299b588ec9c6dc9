#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "config/reload.h"
#include "config/test_files.h"
#include "config/write.h"

namespace config {
namespace {

std::vector<std::string> option_names() {
  std::vector<std::string> names{"persistence", "rubbish", "#", "plugin_opt_x"};
  const Config config;
  const Listener listener(false);
  for (const OptionSet* set :
       std::initializer_list<const OptionSet*>{&config, &config.security, &listener}) {
    for (const OptionBase* option : set->options()) names.emplace_back(option->about.name);
  }
  return names;
}

rc::Gen<std::string> any_value() {
  return rc::gen::oneOf(
      rc::gen::element<std::string>("true", "false", "0", "1", "2", "-1", "0x20", "017", "65535",
                                    "3d", "9y", "64KiB", "/a path", "mqtt", "ipv4", "drop_oldest",
                                    "4,5", "all", "none", "debug", "stdout", "file /x y",
                                    "1884 localhost", "0 /s", "a/b", ""),
      rc::gen::arbitrary<std::string>(),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                   [](std::int64_t n) { return std::to_string(n); }));
}

rc::Gen<std::string> any_line() {
  return rc::gen::map(rc::gen::pair(rc::gen::elementOf(option_names()), any_value()),
                      [](const std::pair<std::string, std::string>& line) {
                        return line.first + " " + line.second + "\n";
                      });
}

// A file of right lines only: what each line alone makes wrong is left out.
std::string right_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    if (parse_text(text + line)) text += line;
  }
  return text;
}

RC_GTEST_PROP(Parser, SurvivesAnyBytes, (const std::string& bytes)) {
  const auto parsed = parse_text(bytes);
  if (!parsed) RC_ASSERT(!parsed.error().what.empty());
}

RC_GTEST_PROP(Parser, SurvivesAnyValueOfAnyOption, ()) {
  const auto lines = *rc::gen::container<std::vector<std::string>>(any_line());
  std::string text;
  for (const auto& line : lines) text += line;
  const auto parsed = parse_text(text);
  if (!parsed) RC_ASSERT(!parsed.error().what.empty());
}

RC_GTEST_PROP(Parser, ReadsWhatItAcceptedBackAsTheSame, ()) {
  const auto lines = *rc::gen::container<std::vector<std::string>>(any_line());
  const auto config = config_of(right_lines(lines));
  const std::string text = text_of(*config);
  const auto again = parse_text(text);
  RC_ASSERT(again.has_value());
  RC_ASSERT(text_of(**again) == text);
  RC_ASSERT(differences(*config, **again).empty());
  RC_ASSERT((*again)->local_only() == config->local_only());
  RC_ASSERT((*again)->listeners.size() == config->listeners.size());
  for (std::size_t i = 0; i < config->listeners.size(); ++i) {
    const Listener& was = *config->listeners[i];
    const Listener& is = *(*again)->listeners[i];
    RC_ASSERT(was.listener() == is.listener());
    RC_ASSERT(config->allow_anonymous_for(was) == (*again)->allow_anonymous_for(is));
    RC_ASSERT(config->auto_id_prefix_for(was) == (*again)->auto_id_prefix_for(is));
  }
}

}  // namespace
}  // namespace config
