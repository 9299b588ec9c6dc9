#include "topic/topic_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace topic {
namespace {

class TopicCacheTest : public testing::Test {
 protected:
  const int* find(std::string_view name) { return cache_.find(name, stable_hash(name), *stamps_); }
  int* admit(std::string_view name) { return cache_.admit(name, stable_hash(name), *stamps_); }

  TopicCache<int> cache_{1};  // One place: all topics meet there.
  std::unique_ptr<LocalStamps> stamps_ = std::make_unique<LocalStamps>();
};

TEST_F(TopicCacheTest, GivesBackWhatWasPutIn) {
  EXPECT_EQ(find("a"), nullptr);
  int* place = admit("a");
  ASSERT_NE(place, nullptr);
  *place = 7;
  ASSERT_NE(find("a"), nullptr);
  EXPECT_EQ(*find("a"), 7);
  EXPECT_EQ(find("b"), nullptr);
}

TEST_F(TopicCacheTest, KeepsATopicThatIsAskedForWhenNewOnesPassBy) {
  admit("hot");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(admit(std::to_string(i)), nullptr);
    EXPECT_NE(find("hot"), nullptr);
  }
}

TEST_F(TopicCacheTest, LetsAnotherInWhenNobodyAsksForTheOneThatIsThere) {
  admit("cold");
  int refused = 0;
  while (admit("hot") == nullptr) ++refused;
  EXPECT_EQ(refused, 7);
  EXPECT_NE(find("hot"), nullptr);
  EXPECT_EQ(find("cold"), nullptr);
}

TEST_F(TopicCacheTest, ForgetsATopicWhenAFilterThatMatchesItChanges) {
  admit("a/b");
  EXPECT_NE(find("a/b"), nullptr);
  stamps_->bump("a/+");
  EXPECT_EQ(find("a/b"), nullptr);
}

TEST_F(TopicCacheTest, TellsTopicsApartByTheirText) {
  const std::uint64_t hash = 12'345;
  cache_.admit("one", hash, *stamps_);
  EXPECT_NE(cache_.find("one", hash, *stamps_), nullptr);
  EXPECT_EQ(cache_.find("two", hash, *stamps_), nullptr);
}

TEST_F(TopicCacheTest, DoesNotTakeNamesThatAreTooLong) {
  const std::string name(TopicCache<int>::name_size_max + 1, 'x');
  EXPECT_EQ(admit(name), nullptr);
}

}  // namespace
}  // namespace topic
