#include "base/ring.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace base {
namespace {

using Number = std::unique_ptr<int>;  // Moves only, and a lost or doubled one is seen by a checker.

Ring<Number> ring_of(int size) {
  Ring<Number> ring;
  for (int i = 0; i < size; ++i) ring.push_back(std::make_unique<int>(i));
  return ring;
}

TEST(Ring, is_first_in_first_out) {
  Ring<Number> ring = ring_of(3);
  EXPECT_EQ(*ring.front(), 0);
  EXPECT_EQ(*ring.back(), 2);
  EXPECT_EQ(*ring.pop_front(), 0);
  EXPECT_EQ(*ring.pop_front(), 1);
  EXPECT_EQ(ring.size(), 1U);
}

TEST(Ring, closes_the_gap_of_what_is_taken_from_either_half) {
  Ring<Number> ring = ring_of(10);
  EXPECT_EQ(*ring.take(2), 2);
  EXPECT_EQ(*ring.take(6), 7);
  std::vector<int> left;
  for (std::size_t i = 0; i < ring.size(); ++i) left.push_back(*ring[i]);
  EXPECT_EQ(left, (std::vector{0, 1, 3, 4, 5, 6, 8, 9}));
}

TEST(Ring, frees_an_element_when_it_goes_not_when_its_slot_is_used_again) {
  const auto element = std::make_shared<int>(1);
  Ring<std::shared_ptr<int>> ring;
  for (int i = 0; i < 3; ++i) ring.push_back(element);
  ring.pop_front();
  EXPECT_EQ(element.use_count(), 3);
  ring.take(1);
  EXPECT_EQ(element.use_count(), 2);
  ring.clear();
  EXPECT_EQ(element.use_count(), 1);
}

TEST(Ring, moves_and_leaves_an_empty_one) {
  Ring<Number> from = ring_of(5);
  Ring<Number> to{std::move(from)};
  EXPECT_EQ(to.size(), 5U);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): what is left is promised.
  from.push_back(std::make_unique<int>(7));
  to = std::move(from);
  EXPECT_EQ(*to.front(), 7);
  EXPECT_EQ(to.size(), 1U);
}

TEST(RingDeathTest, has_no_element_beyond_its_end) {
  Ring<Number> ring = ring_of(2);
  EXPECT_DEATH(ring[2].reset(), "size_");
  Ring<Number> empty;
  EXPECT_DEATH(empty.pop_front(), "size_");
}

struct Operation {
  enum class Kind : std::uint8_t { push, pop, take, clear } kind;
  std::size_t place;  // Of the one to take, modulo the size.
};

// Phases in which pushing outweighs taking and the reverse, so that the ring grows and shrinks.
rc::Gen<std::vector<Operation>> operations() {
  using enum Operation::Kind;
  const auto some = [](int push, int pop, int take) {
    const auto kind = rc::gen::weightedElement<Operation::Kind>(
        {{static_cast<std::size_t>(push), Operation::Kind::push},
         {static_cast<std::size_t>(pop), Operation::Kind::pop},
         {static_cast<std::size_t>(take), Operation::Kind::take}});
    return rc::gen::container<std::vector<Operation>>(
        rc::gen::construct<Operation>(kind, rc::gen::inRange<std::size_t>(0, 1000)));
  };
  const auto phase = rc::gen::oneOf(some(8, 1, 1), some(1, 8, 1), some(1, 1, 8), some(1, 1, 1),
                                    rc::gen::just(std::vector{Operation{clear, 0}}));
  return rc::gen::map(rc::gen::container<std::vector<std::vector<Operation>>>(6, phase),
                      [](const std::vector<std::vector<Operation>>& phases) {
                        std::vector<Operation> all;
                        for (const auto& part : phases) {
                          all.insert(all.end(), part.begin(), part.end());
                        }
                        return all;
                      });
}

void apply(const Operation& step, int value, Ring<Number>& ring, std::deque<int>& model) {
  using enum Operation::Kind;
  if (step.kind == push) {
    ring.push_back(std::make_unique<int>(value));
    return model.push_back(value);
  }
  if (step.kind == clear) {
    ring.clear();
    return model.clear();
  }
  if (model.empty()) return;
  const std::size_t at = step.kind == pop ? 0 : step.place % model.size();
  RC_ASSERT(*(step.kind == pop ? ring.pop_front() : ring.take(at)) == model[at]);
  model.erase(model.begin() + static_cast<std::ptrdiff_t>(at));
}

RC_GTEST_PROP(RingProperty, is_like_a_deque_whatever_is_done_with_it, ()) {
  Ring<Number> ring;
  std::deque<int> model;
  int value = 0;
  for (const Operation& step : *operations()) {
    apply(step, value++, ring, model);
    RC_ASSERT(ring.size() == model.size());
    for (std::size_t i = 0; i < model.size(); ++i) RC_ASSERT(*ring[i] == model[i]);
  }
}

}  // namespace
}  // namespace base
