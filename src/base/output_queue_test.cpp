#include "base/output_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/test_memory.h"

namespace base {
namespace {

using test::allocated_bytes;

// Owns the bytes of a payload and counts how many such owners live.
class Payload final : public Shared {
 public:
  Payload(std::string text, int& living) : text_(std::move(text)), living_(living) { ++living_; }
  ~Payload() override { --living_; }
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;
  Bytes bytes() const { return as_bytes(text_); }

 private:
  std::string text_;
  int& living_;
};

void append_payload(OutputQueue& queue, std::string text, int& living) {
  const Ref<const Payload> owner{new Payload(std::move(text), living)};
  queue.append_shared(owner, owner->bytes());
}

std::string first_bytes(const OutputQueue& queue, std::size_t pieces_max) {
  std::vector<Bytes> pieces(pieces_max);
  std::string text;
  const std::size_t filled = queue.gather(pieces);
  for (std::size_t i = 0; i < filled; ++i) text += as_text(pieces[i]);
  return text;
}

std::string all_bytes(const OutputQueue& queue) {
  return first_bytes(queue, 300);
}

TEST(OutputQueue, gives_back_the_bytes_in_the_order_they_were_put_in) {
  int living = 0;
  OutputQueue queue;
  queue.append(as_bytes("one "));
  append_payload(queue, "two ", living);
  append_payload(queue, "three ", living);
  std::memcpy(queue.extend(4), "four", 4);
  EXPECT_EQ(queue.size(), 18U);
  EXPECT_EQ(all_bytes(queue), "one two three four");
}

TEST(OutputQueue, joins_copied_pieces_into_one_and_leaves_shared_ones_where_they_are) {
  int living = 0;
  OutputQueue queue;
  queue.append(as_bytes("a"));
  queue.append(as_bytes("b"));
  const Ref<const Payload> owner{new Payload("payload", living)};
  queue.append_shared(owner, owner->bytes());
  std::array<Bytes, 4> pieces;
  ASSERT_EQ(queue.gather(pieces), 2U);
  EXPECT_EQ(as_text(pieces[0]), "ab");
  EXPECT_EQ(pieces[1].data(), owner->bytes().data());
}

TEST(OutputQueue, gathers_no_more_pieces_than_there_is_room_for) {
  int living = 0;
  OutputQueue queue;
  for (const char* text : {"a", "b", "c"}) {
    queue.append(as_bytes(text));
    append_payload(queue, text, living);
  }
  EXPECT_EQ(first_bytes(queue, 0), "");
  EXPECT_EQ(first_bytes(queue, 3), "aab");
}

TEST(OutputQueue, lets_the_owner_go_when_its_last_byte_is_consumed) {
  int living = 0;
  OutputQueue queue;
  append_payload(queue, "12345", living);
  queue.append(as_bytes("tail"));
  queue.consume(4);
  EXPECT_EQ(living, 1);
  queue.consume(1);
  EXPECT_EQ(living, 0);
  EXPECT_EQ(all_bytes(queue), "tail");
}

TEST(OutputQueue, lets_all_owners_go_when_cleared_or_destroyed) {
  int living = 0;
  {
    OutputQueue queue;
    append_payload(queue, "a", living);
    queue.clear();
    EXPECT_EQ(living, 0);
    EXPECT_TRUE(queue.empty());
    append_payload(queue, "b", living);
  }
  EXPECT_EQ(living, 0);
}

TEST(OutputQueue, takes_nothing_for_an_empty_piece) {
  int living = 0;
  OutputQueue queue;
  queue.append({});
  append_payload(queue, "", living);
  queue.extend(0);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(living, 0);
  std::array<Bytes, 1> pieces;
  EXPECT_EQ(queue.gather(pieces), 0U);
}

TEST(OutputQueue, moves_with_its_bytes_and_leaves_an_empty_queue) {
  int living = 0;
  OutputQueue from;
  from.append(as_bytes("copied "));
  append_payload(from, "shared", living);
  from.consume(3);
  OutputQueue to{std::move(from)};
  EXPECT_EQ(all_bytes(to), "ied shared");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): what is left is promised.
  from.append(as_bytes("again"));
  to = std::move(from);
  EXPECT_EQ(all_bytes(to), "again");
  EXPECT_EQ(living, 0);
}

TEST(OutputQueue, owns_no_memory_while_empty) {
  OutputQueue queue;
  const std::size_t before = allocated_bytes();
  queue.extend(1'000'000);
  EXPECT_GE(allocated_bytes(), before + 1'000'000);
  queue.consume(1'000'000);
  EXPECT_LT(allocated_bytes(), before + 1000);
}

TEST(OutputQueue, keeps_its_memory_bounded_when_it_never_runs_empty) {
  int living = 0;
  OutputQueue queue;
  queue.append(as_bytes("rest"));
  const std::size_t before = allocated_bytes();
  for (int i = 0; i < 100'000; ++i) {
    append_payload(queue, "shared", living);
    queue.append(as_bytes("copied"));
    queue.consume(12);
  }
  EXPECT_LT(allocated_bytes(), before + 20'000);
  EXPECT_LE(living, 1);
}

TEST(OutputQueue, keeps_its_memory_bounded_when_it_never_runs_empty_of_shared_bytes) {
  int living = 0;
  OutputQueue queue;
  append_payload(queue, "rest", living);
  const std::size_t before = allocated_bytes();
  for (int i = 0; i < 100'000; ++i) {
    append_payload(queue, "shared", living);
    queue.consume(6);
  }
  EXPECT_LT(allocated_bytes(), before + 20'000);
  EXPECT_LE(living, 2);
}

struct Append {
  std::string text;
};
struct Extend {
  std::string text;
};
struct AppendShared {
  std::string text;
};
struct Consume {
  std::uint32_t share;  // Of 1,000 of what is there.
};
struct Move {};
using Operation = std::variant<Append, Extend, AppendShared, Consume, Move>;

rc::Gen<Operation> operation() {
  const auto text = rc::gen::mapcat(rc::gen::element(3, 40, 700), [](int most) {
    return rc::gen::mapcat(rc::gen::inRange(0, most), [](int size) {
      return rc::gen::container<std::string>(static_cast<std::size_t>(size),
                                             rc::gen::inRange('a', 'z'));
    });
  });
  return rc::gen::weightedOneOf<Operation>(
      {{3, rc::gen::map(text, [](std::string t) { return Operation{Append{std::move(t)}}; })},
       {3, rc::gen::map(text, [](std::string t) { return Operation{Extend{std::move(t)}}; })},
       {3, rc::gen::map(text, [](std::string t) { return Operation{AppendShared{std::move(t)}}; })},
       {4, rc::gen::map(rc::gen::inRange<std::uint32_t>(0, 1001),
                        [](std::uint32_t share) { return Operation{Consume{share}}; })},
       {1, rc::gen::just(Operation{Move{}})}});
}

// An output queue and the plain string that it has to be like.
class Twin final {
 public:
  void operator()(const Append& step) {
    queue_.append(as_bytes(step.text));
    model_ += step.text;
  }
  void operator()(const Extend& step) {
    std::uint8_t* const at = queue_.extend(step.text.size());
    if (!step.text.empty()) std::memcpy(at, step.text.data(), step.text.size());
    model_ += step.text;
  }
  void operator()(const AppendShared& step) {
    append_payload(queue_, step.text, living_);
    model_ += step.text;
  }
  void operator()(const Consume& step) {
    const std::size_t size = model_.size() * step.share / 1000;
    queue_.consume(size);
    model_.erase(0, size);
  }
  void operator()(const Move& /*step*/) {
    OutputQueue other{std::move(queue_)};
    queue_ = std::move(other);
  }
  void check() const {
    RC_ASSERT(queue_.size() == model_.size());
    RC_ASSERT(queue_.empty() == model_.empty());
    RC_ASSERT(all_bytes(queue_) == model_);
    RC_ASSERT(model_.starts_with(first_bytes(queue_, 2)));
    RC_ASSERT(!model_.empty() || living_ == 0);
  }

 private:
  int living_ = 0;  // Before the queue: it outlives the owners.
  OutputQueue queue_;
  std::string model_;
};

RC_GTEST_PROP(OutputQueueProperty, is_a_byte_string_whatever_is_done_with_it, ()) {
  Twin twin;
  for (const Operation& step : *rc::gen::container<std::vector<Operation>>(operation())) {
    std::visit(twin, step);
    twin.check();
  }
}

TEST(OutputQueueDeathTest, is_never_told_to_drop_more_than_it_has) {
  OutputQueue queue;
  queue.append(as_bytes("abc"));
  EXPECT_DEATH(queue.consume(4), "size");
}

}  // namespace
}  // namespace base
