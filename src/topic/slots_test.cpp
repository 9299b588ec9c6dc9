#include "topic/slots.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace topic {
namespace {

TEST(Slots, GiveBackTheValueUnderItsNumber) {
  Slots<std::string> slots;
  const auto a = slots.take("a");
  const auto b = slots.take("b");
  EXPECT_EQ(slots[a], "a");
  EXPECT_EQ(slots[b], "b");
}

TEST(Slots, UseNumbersAgain) {
  Slots<int> slots;
  std::vector<std::uint32_t> taken;
  for (int i = 0; i < 1'000; ++i) taken.push_back(slots.take(i));
  const std::uint32_t highest = taken.back();
  for (const auto at : taken) slots.give_back(at);
  for (int i = 0; i < 1'000; ++i) EXPECT_LE(slots.take(i), highest);
}

TEST(Slots, LetGoOfTheValueAtOnce) {
  Slots<std::shared_ptr<int>> slots;
  const auto value = std::make_shared<int>(1);
  slots.take(nullptr);
  const auto at = slots.take(value);
  EXPECT_EQ(value.use_count(), 2);
  slots.give_back(at);
  EXPECT_EQ(value.use_count(), 1);
}

TEST(Slots, GiveMemoryBackWhileAFewValuesStay) {
  Slots<std::array<char, 1'000>> slots;
  std::vector<std::uint32_t> taken;
  for (int i = 0; i < 10'000; ++i) taken.push_back(slots.take({}));
  const std::size_t full = slots.memory();
  for (std::size_t i = 1; i < taken.size(); ++i) slots.give_back(taken[i]);
  EXPECT_EQ(slots.size(), 1u);
  EXPECT_LT(slots.memory(), full / 50);
}

}  // namespace
}  // namespace topic
