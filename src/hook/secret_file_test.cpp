#include "hook/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "hook/acl_file.h"
#include "hook/password_file.h"

namespace hook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A folder of its own for one file, gone with the test.
class SecretFileOnDisk : public testing::Test {
 protected:
  SecretFileOnDisk() {
    std::string pattern = testing::TempDir() + "hookXXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/secret";
  }
  ~SecretFileOnDisk() override { std::filesystem::remove_all(folder_); }
  void write(std::string_view text, mode_t mode) const {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), mode);
  }
  std::string folder_;
  std::string path_;
};

TEST_F(SecretFileOnDisk, IsReadWithoutWarningWhenPrivate) {
  write("a\nb", 0600);
  const auto file = read_secret_file(path_);
  ASSERT_TRUE(file.has_value()) << file.error();
  EXPECT_EQ(file->text, "a\nb");
  EXPECT_THAT(file->warnings, IsEmpty());
}

TEST_F(SecretFileOnDisk, IsReadWithAWarningWhenOthersCanReadOrWriteIt) {
  for (const mode_t mode : {0644U, 0602U}) {
    write("a", mode);
    EXPECT_THAT(read_secret_file(path_)->warnings, ElementsAre(HasSubstr("open to every user")));
  }
}

TEST_F(SecretFileOnDisk, IsReadWithAWarningWhenAnotherUserOwnsIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  write("a", 0600);
  ASSERT_EQ(chown(path_.c_str(), 4711, 4711), 0);
  EXPECT_THAT(read_secret_file(path_)->warnings, ElementsAre(HasSubstr("belongs to user 4711")));
}

TEST_F(SecretFileOnDisk, IsFollowedThroughASymbolicLink) {
  write("a", 0600);
  const std::string link = folder_ + "/link";
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  EXPECT_EQ(read_secret_file(link)->text, "a");
}

TEST_F(SecretFileOnDisk, ThatIsMissingOrAFolderOrAPipeIsAnErrorWithItsPath) {
  EXPECT_THAT(read_secret_file(path_).error(), HasSubstr(path_ + ": No such file"));
  EXPECT_THAT(read_secret_file(folder_).error(), HasSubstr("not a regular file"));
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(read_secret_file(path_).error(), HasSubstr("not a regular file"));
}

TEST_F(SecretFileOnDisk, ThatIsTooLargeIsRefusedUnread) {
  write("", 0600);
  ASSERT_EQ(truncate(path_.c_str(), off_t{secret_file_bytes_max} + 1), 0);
  EXPECT_THAT(read_secret_file(path_).error(), HasSubstr("at most 268435456 are allowed"));
}

TEST_F(SecretFileOnDisk, GivesPasswordFilesTheirErrorsAndWarnings) {
  write("alice:hunter2\n", 0600);
  EXPECT_THAT(load_password_file(path_).error(), HasSubstr(path_ + ":1: "));
  write("# nobody\n", 0644);
  EXPECT_THAT(load_password_file(path_)->warnings, ElementsAre(HasSubstr("open to every user")));
}

TEST_F(SecretFileOnDisk, GivesAclFilesTheirErrorsAndWarnings) {
  write("nonsense\n", 0600);
  EXPECT_THAT(load_acl_file(path_).error(), HasSubstr(path_ + ":1: "));
  write("pattern read a\n", 0644);
  const auto loaded = load_acl_file(path_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error();
  EXPECT_THAT(loaded->warnings, ElementsAre(HasSubstr("open to every user"), HasSubstr("neither")));
  EXPECT_TRUE(loaded->file.allows(std::nullopt, "id", "a", Access::read));
}

}  // namespace
}  // namespace hook
