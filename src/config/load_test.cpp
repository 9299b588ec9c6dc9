#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace config {
namespace {

class Load : public testing::Test {
 protected:
  Load() { std::filesystem::create_directories(folder / "conf.d"); }
  ~Load() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
  }
  base::Result<std::unique_ptr<Config>, Error> load_main() {
    return load({.config_file = (folder / "m.conf").string(), .ports = {}});
  }

  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("midge_load_test." + std::to_string(getpid()));
};

TEST_F(Load, ReadsTheFileAndTheDirectoryItIncludes) {
  write("m.conf", "include_dir " + (folder / "conf.d").string() + "\n");
  write("conf.d/a.conf", "user joe\n");
  write("conf.d/ignored.txt", "rubbish\n");
  const auto config = load_main();
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ((*config)->user(), "joe");
}
TEST_F(Load, SaysThatAFileIsMissing) {
  const auto config = load_main();
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().text(),
            (folder / "m.conf").string() + ": can't be read: No such file or directory");
}
TEST_F(Load, SaysThatADirectoryIsNoFile) {
  const auto config = load({.config_file = folder.string(), .ports = {}});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().text(), folder.string() + ": is not a regular file");
}
TEST_F(Load, SaysThatAnIncludedDirectoryIsMissing) {
  write("m.conf", "include_dir /does/not/exist\n");
  const auto config = load_main();
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().what,
            "directory \"/does/not/exist\" can't be read: No such file or directory");
}
TEST_F(Load, RefusesAFileThatIsFarTooLargeForOne) {
  write("m.conf", "");
  std::filesystem::resize_file(folder / "m.conf", 17U << 20U);
  const auto config = load_main();
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().what, testing::HasSubstr("allowed are 16777216"));
}

}  // namespace
}  // namespace config
