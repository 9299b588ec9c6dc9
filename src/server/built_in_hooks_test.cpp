#include "server/built_in_hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "config/test_files.h"

namespace server {
namespace {

using hook::Decision;
using testing::HasSubstr;
using testing::IsEmpty;

// Of the password "secret"; sha512 is quick, and that is all the tests want of it.
constexpr std::string_view ann_secret =
    "ann:$6$c2FsdCBvZiB0ZXN0$"
    "J1H16Pjlz5v+NjW6d5/oj0SHkVL2YhjKxCP7kOV6miyjh96h7meEwaQzDm0pd6zK58M66ZuBh+xxICH15z08Ow==\n";

struct Lines final : broker::Log {
  std::vector<std::string> all;
  bool wants(config::LogType) const override { return true; }
  void write(config::LogType, std::string line) override { all.push_back(std::move(line)); }
};

struct BuiltInHooksTest : testing::Test {
  std::filesystem::path folder;
  std::unique_ptr<config::Config> config;
  Lines log;
  hook::Hooks hooks;
  std::vector<std::string> warnings;

  BuiltInHooksTest() {
    std::string name = (std::filesystem::temp_directory_path() / "hooks_test_XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~BuiltInHooksTest() override { std::filesystem::remove_all(folder); }

  std::string file(std::string_view name, std::string_view text) {
    const std::filesystem::path path = folder / name;
    std::ofstream{path} << text;
    ::chmod(path.c_str(), 0600);
    return path.string();
  }
  base::Result<void, std::string> build(const std::string& text) {
    config = config::config_of(text);
    return add_built_in_hooks(*config, log, hooks, warnings);
  }
  hook::ClientView client(std::size_t listener, std::optional<std::string_view> user = {}) const {
    return {.id = "me", .user = user, .listener = config->listeners[listener].get()};
  }
  // What a login comes to, after the slow part if there is one.
  Decision log_in(std::size_t listener, std::optional<std::string_view> user,
                  std::optional<std::string_view> password) {
    const hook::ClientView view = client(listener, user);
    hook::Authenticate event{.client = view, .password = {}};
    if (password) event.password = base::as_bytes(*password);
    const Decision decision = hooks.run(event);
    return decision == Decision::defer ? event.work() : decision;
  }
  Decision ask(std::size_t listener, std::string_view topic, hook::Access access,
               std::optional<std::string_view> user = {}) {
    const hook::ClientView view = client(listener, user);
    hook::Authorize event{.client = view, .topic = topic, .access = access};
    return hooks.run(event);
  }
};

TEST_F(BuiltInHooksTest, WithoutFilesNobodyListens) {
  ASSERT_TRUE(build("listener 1883\n"));
  EXPECT_FALSE(hooks.has<hook::Authenticate>());
  EXPECT_FALSE(hooks.has<hook::Authorize>());
}

TEST_F(BuiltInHooksTest, APasswordIsCheckedByDeferredWork) {
  ASSERT_TRUE(build("listener 1883\npassword_file " + file("passwords", ann_secret) + "\n"));
  EXPECT_EQ(log_in(0, "ann", "secret"), Decision::allow);
  EXPECT_EQ(log_in(0, "ann", "wrong"), Decision::deny);
  EXPECT_EQ(log_in(0, "ann", std::nullopt), Decision::deny);
  EXPECT_EQ(log_in(0, "bob", "secret"), Decision::deny);
}

TEST_F(BuiltInHooksTest, WhoNamesNoUserIsLeftToTheListenersRule) {
  ASSERT_TRUE(build("listener 1883\npassword_file " + file("passwords", ann_secret) + "\n"));
  EXPECT_EQ(log_in(0, std::nullopt, "secret"), Decision::next);
}

TEST_F(BuiltInHooksTest, TheWorkOutlivesTheEventAndTheHooks) {
  ASSERT_TRUE(build("listener 1883\npassword_file " + file("passwords", ann_secret) + "\n"));
  std::function<Decision()> work;
  {
    std::string user = "ann";
    std::string password = "secret";
    const hook::ClientView view = client(0, user);
    hook::Authenticate event{.client = view, .password = base::as_bytes(password)};
    ASSERT_EQ(hooks.run(event), Decision::defer);
    work = std::move(event.work);
    user.assign(3, 'x');
    password.assign(6, 'x');
  }
  hooks = {};
  EXPECT_EQ(work(), Decision::allow);
}

TEST_F(BuiltInHooksTest, AllListenersShareTheFilesOfTheWholeBroker) {
  ASSERT_TRUE(build("listener 1883\nlistener 1884\npassword_file " + file("passwords", ann_secret) +
                    "\nacl_file " + file("rules", "topic read open/#\n") + "\n"));
  for (const std::size_t listener : {0U, 1U}) {
    EXPECT_EQ(log_in(listener, "ann", "secret"), Decision::allow);
    EXPECT_EQ(ask(listener, "open/a", hook::Access::read), Decision::allow);
    EXPECT_EQ(ask(listener, "open/a", hook::Access::write), Decision::deny);
  }
}

TEST_F(BuiltInHooksTest, WithPerListenerSettingsEachHasItsOwn) {
  ASSERT_TRUE(build("per_listener_settings true\nlistener 1883\npassword_file " +
                    file("passwords", ann_secret) + "\nlistener 1884\nacl_file " +
                    file("rules", "topic read open/#\n") + "\nlistener 1885\n"));
  EXPECT_EQ(log_in(0, "ann", "wrong"), Decision::deny);
  EXPECT_EQ(ask(0, "closed", hook::Access::read), Decision::next);
  EXPECT_EQ(log_in(1, "ann", "wrong"), Decision::next);
  EXPECT_EQ(ask(1, "closed", hook::Access::read), Decision::deny);
  EXPECT_EQ(log_in(2, "ann", "wrong"), Decision::next);
  EXPECT_EQ(ask(2, "closed", hook::Access::read), Decision::next);
}

TEST_F(BuiltInHooksTest, AFileThatTwoListenersNameIsReadOnce) {
  const std::string rules = file("rules", "topic read a\n");
  ::chmod(rules.c_str(), 0666);  // One warning for each time that it is read.
  ASSERT_TRUE(build("per_listener_settings true\nlistener 1883\nacl_file " + rules +
                    "\nlistener 1884\nacl_file " + rules + "\n"));
  EXPECT_EQ(warnings.size(), 1U);
  EXPECT_EQ(ask(1, "a", hook::Access::read), Decision::allow);
}

TEST_F(BuiltInHooksTest, AclFilesAskAboutTheUser) {
  ASSERT_TRUE(build("listener 1883\nacl_file " +
                    file("rules", "user ann\ntopic readwrite hers/#\npattern read own/%c\n") +
                    "\n"));
  EXPECT_EQ(ask(0, "hers/a", hook::Access::write, "ann"), Decision::allow);
  EXPECT_EQ(ask(0, "hers/a", hook::Access::write, "bob"), Decision::deny);
  EXPECT_EQ(ask(0, "own/me", hook::Access::read, "bob"), Decision::allow);
}

TEST_F(BuiltInHooksTest, AMissingFileIsASentenceWithItsName) {
  const auto built = build("listener 1883\npassword_file " + (folder / "none").string() + "\n");
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error(), HasSubstr((folder / "none").string()));
}

TEST_F(BuiltInHooksTest, ABrokenLineIsASentenceWithFileAndLine) {
  const std::string rules = file("rules", "topic read a\nnonsense\n");
  const auto built = build("listener 1883\nacl_file " + rules + "\n");
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error(), HasSubstr(rules + ":2"));
  EXPECT_THAT(log.all, IsEmpty());
}

}  // namespace
}  // namespace server
