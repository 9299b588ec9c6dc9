#include "base/shared.h"

#include <gtest/gtest.h>

#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace base {
namespace {

class Counted final : public Shared {
 public:
  explicit Counted(int& freed) : freed_(freed) {}
  ~Counted() override { ++freed_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int& freed_;
};

TEST(Ref, frees_the_object_once_with_its_last_holder) {
  int freed = 0;
  Ref<Counted> first{new Counted(freed)};
  {
    const Ref<Counted> second = first;
    first = {};
    EXPECT_EQ(freed, 0);
    EXPECT_TRUE(second);
  }
  EXPECT_EQ(freed, 1);
}

TEST(Ref, moves_without_a_new_holder) {
  int freed = 0;
  Ref<Counted> first{new Counted(freed)};
  Ref<Counted> second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): what is left is promised.
  second = {};
  EXPECT_EQ(freed, 1);
}

TEST(Ref, survives_being_assigned_to_itself) {
  int freed = 0;
  Ref<Counted> ref{new Counted(freed)};
  const Ref<Counted>& same = ref;
  ref = same;
  EXPECT_EQ(freed, 0);
  EXPECT_TRUE(ref);
}

TEST(Ref, holds_as_its_base_too) {
  int freed = 0;
  Ref<const Shared> base;
  {
    const Ref<Counted> derived{new Counted(freed)};
    base = derived;
  }
  EXPECT_EQ(freed, 0);
  base = {};
  EXPECT_EQ(freed, 1);
}

TEST(Ref, frees_once_when_threads_let_go_together) {
  int freed = 0;
  Ref<Counted> ref{new Counted(freed)};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([mine = ref]() mutable {
      for (int turn = 0; turn < 1000; ++turn) {
        Ref<Counted> copy = mine;
        mine = std::move(copy);
      }
    });
  }
  ref = {};
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  EXPECT_EQ(freed, 1);
}

static_assert(sizeof(Ref<Counted>) == sizeof(void*));
static_assert(std::is_nothrow_move_constructible_v<Ref<Counted>>);

}  // namespace
}  // namespace base
