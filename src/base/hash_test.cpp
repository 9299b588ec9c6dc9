#include "base/hash.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <unordered_set>

namespace base {
namespace {

// What is stored or sent to others must not change from release to release.
static_assert(stable_hash("") == 0xf52a15e9a9b5e89bULL);
static_assert(stable_hash("client") == 0x5d4abb2503bd29c4ULL);

TEST(StableHash, spreads_client_ids_that_differ_in_little_evenly_over_few_shards) {
  std::array<int, 4> shards{};
  std::unordered_set<std::uint64_t> seen;
  for (int i = 0; i < 40'000; ++i) {
    const std::uint64_t hash = stable_hash("sensor-" + std::to_string(i));
    ++shards[hash % 4];
    seen.insert(hash);
  }
  EXPECT_EQ(seen.size(), 40'000U);
  for (const int count : shards) EXPECT_NEAR(count, 10'000, 500);
}

TEST(StableHash, counts_every_byte_up_to_the_end) {
  EXPECT_NE(stable_hash("ab"), stable_hash("ba"));
  EXPECT_NE(stable_hash({"a\0", 2}), stable_hash("a"));
  EXPECT_NE(stable_hash("\xff"), stable_hash("\x7f"));
}

}  // namespace
}  // namespace base
