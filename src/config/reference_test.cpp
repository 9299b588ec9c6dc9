#include "config/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/known.h"
#include "config/test_files.h"
#include "config/write.h"

namespace config {
namespace {

using testing::HasSubstr;

template <class F>
void for_each_option(F f) {
  const Config config;
  const Listener listener(false);
  for (const OptionSet* set :
       std::initializer_list<const OptionSet*>{&config, &config.security, &listener}) {
    for (const OptionBase* option : set->options()) f(*option);
  }
}

TEST(Reference, NamesEveryOptionItsDocumentationAndEveryKnownName) {
  const std::string markdown = option_reference_markdown();
  for_each_option([&](const OptionBase& option) {
    EXPECT_THAT(markdown, HasSubstr("### " + std::string(option.about.name) + "\n"));
    EXPECT_THAT(markdown, HasSubstr(std::string(option.about.doc)));
    EXPECT_THAT(markdown, HasSubstr(option.allowed()));
  });
  for (const Known& known : known_options())
    EXPECT_THAT(markdown, HasSubstr("`" + std::string(known.name) + "`"));
}
TEST(Reference, ManPageNamesEveryOptionAndHasNoLineThatTroffMisreads) {
  const std::string page = man_page();
  for_each_option([&](const OptionBase& option) {
    EXPECT_THAT(page, HasSubstr(".B " + std::string(option.about.name) + "\n"));
  });
  EXPECT_THAT(page, testing::Not(HasSubstr("`")));
  EXPECT_THAT(page, testing::Not(HasSubstr("\n'")));
}
TEST(Reference, ExampleNamesEveryOptionAndParsesAsItIs) {
  const std::string example = example_config();
  for_each_option([&](const OptionBase& option) {
    EXPECT_THAT(example, HasSubstr("\n#" + std::string(option.about.name)));
  });
  EXPECT_EQ(text_of(*config_of(example)), "");
}
TEST(Reference, ExampleWithEveryDefaultTakenInIsTheDefault) {
  // A line "#name value" is an option, "# text" is not; `port` would open what `listener` has
  // opened.
  std::string taken_in;
  std::string example = example_config();
  for (std::size_t at = 0; (at = example.find("\n#", at)) != std::string::npos; ++at) {
    const std::string line = example.substr(at + 2, example.find('\n', at + 1) - at - 2);
    if (!line.empty() && line[0] != ' ' && line.find(' ') != std::string::npos &&
        !line.starts_with("port "))
      taken_in += line + "\n";
  }
  const auto config = config_of(taken_in);
  const Config defaults;
  for (std::size_t i = 0; i < defaults.options().size(); ++i) {
    EXPECT_EQ(config->options()[i]->lines(), defaults.options()[i]->lines())
        << defaults.options()[i]->about.name;
  }
}

}  // namespace
}  // namespace config
