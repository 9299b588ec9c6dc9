#include "config/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_files.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> changes(const std::string& was, const std::string& is) {
  std::vector<std::string> out;
  for (const Difference& d : differences(*config_of(was), *config_of(is))) out.push_back(d.text());
  return out;
}

TEST(Reload, NothingDiffersBetweenEquals) {
  EXPECT_THAT(changes("listener 1\nmax_qos 1\n", "listener 1\nmax_qos 0x1 # same\n"), IsEmpty());
}
TEST(Reload, SaysWhatWasWhatIsAndWhenItTakesEffect) {
  EXPECT_THAT(changes("sys_interval 5", "sys_interval 6\nmax_packet_size 100\nthreads 2\n"),
              ElementsAre("threads was 0, is 2; takes effect after a restart only",
                          "sys_interval was 5, is 6; takes effect at once",
                          "max_packet_size was 2000000, is 100; takes effect for new connections"));
}
TEST(Reload, ComparesListenersWithTheSameEndpoint) {
  EXPECT_THAT(changes("listener 1\nlistener 2\nmax_qos 1\n", "listener 2\nlistener 1\n"),
              ElementsAre("listener 2: max_qos was 1, is 2; takes effect for new connections"));
}
TEST(Reload, ListenersComeAndGoOnRestart) {
  EXPECT_THAT(
      changes("port 1\n", "listener 2\n"),
      ElementsAre(
          "listener 1: listener was open, is gone; takes effect after a restart only",
          "listener 2: listener was not there, is open; takes effect after a restart only"));
}
TEST(Reload, ComparesSecurityOfAllAndOfEachListener) {
  EXPECT_THAT(changes("password_file a", "password_file b"),
              ElementsAre("password_file was a, is b; takes effect for new connections"));
  const std::string start = "per_listener_settings true\nlistener 1\n";
  EXPECT_THAT(changes(start, start + "acl_file b"),
              ElementsAre("listener 1: acl_file was not set, is b; takes effect at once"));
}

}  // namespace
}  // namespace config
