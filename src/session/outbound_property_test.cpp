// Outbound against a model that is as plain as can be: two lists, everything counted anew.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "session/outbound.h"

namespace session {
namespace {

using std::chrono::seconds;
using wire::PacketId;
using wire::Qos;

// ---------------------------------------------------------------- what can happen

struct Push {
  Qos qos;
  std::uint8_t payload;
  std::uint8_t group;   // 0: not shared.
  std::uint8_t expiry;  // Seconds; 0: never.
  OnFull on_full;
};
struct Bypass {
  Qos qos;
  std::uint8_t payload;
};
struct Next {};
enum class Answer : std::uint8_t { puback, pubrec, pubrec_error, pubcomp, discard };
struct Acknowledge {
  Answer answer;
  std::uint8_t which;  // Of those in flight; beyond them: an id that nobody has.
};
struct Rewind {};
struct NewWindow {
  std::uint8_t messages;
  std::uint8_t bytes;
};
struct TakeShared {
  std::uint8_t group;
  bool in_flight_qos1;
};
struct ForgetGroup {
  std::uint8_t group;
};
struct Wait {
  std::uint8_t time;
};
using Event =
    std::variant<Push, Bypass, Next, Acknowledge, Rewind, NewWindow, TakeShared, ForgetGroup, Wait>;

template <class T, class... Gens>
rc::Gen<Event> event(Gens... gens) {
  return rc::gen::map(rc::gen::construct<T>(gens...), [](const T& one) { return Event{one}; });
}
rc::Gen<std::uint8_t> below(std::uint8_t end) {
  return rc::gen::inRange<std::uint8_t>(0, end);
}
rc::Gen<Event> any_event() {
  const auto qos = rc::gen::element(Qos::at_most_once, Qos::at_least_once, Qos::exactly_once);
  const auto acknowledged_qos = rc::gen::element(Qos::at_least_once, Qos::exactly_once);
  const auto on_full =
      rc::gen::element(OnFull::drop_newest, OnFull::drop_oldest, OnFull::disconnect);
  const auto answer = rc::gen::element(Answer::puback, Answer::pubrec, Answer::pubrec,
                                       Answer::pubrec_error, Answer::pubcomp, Answer::discard);
  return rc::gen::weightedOneOf<Event>(
      {{10, event<Push>(qos, below(10), below(3), below(4), on_full)},
       {3, event<Bypass>(acknowledged_qos, below(10))},
       {10, rc::gen::just(Event{Next{}})},
       {8, event<Acknowledge>(answer, below(6))},
       {1, rc::gen::just(Event{Rewind{}})},
       {1, event<NewWindow>(below(6), below(20))},
       {1, event<TakeShared>(below(3), rc::gen::arbitrary<bool>())},
       {1, event<ForgetGroup>(rc::gen::inRange<std::uint8_t>(1, 3))},
       {1, event<Wait>(below(3))}});
}

// ---------------------------------------------------------------- the model

struct Item {
  std::string topic;  // Unique.
  Qos qos;
  std::uint64_t payload;
  std::uint32_t group = 0;
  base::Instant expires_at = base::Instant::never();
  PacketId id{};
  bool is_released = false;  // PUBREC came.
  bool is_sent = false;      // On this connection.
};

class Twins final {
 public:
  void operator()(const Push& push) {
    Item item{.topic = next_topic(), .qos = push.qos, .payload = push.payload, .group = push.group};
    if (push.expiry != 0) item.expires_at = now_ + seconds{push.expiry};
    const QueueLimits limits{.messages_max = 5, .bytes_max = 25, .on_full = push.on_full};
    RC_ASSERT(out_.push(delivery_of(item), limits) == expected_push(item, limits));
  }
  void operator()(const Bypass& bypass) {
    if (!out_.can_bypass(window_)) return;
    Item item{.topic = next_topic(), .qos = bypass.qos, .payload = bypass.payload};
    item.id = out_.begin(delivery_of(item));
    RC_ASSERT(out_.newest().message->topic() == item.topic);
    add_in_flight(item);
  }
  void operator()(const Next& /*next*/) {
    std::uint64_t expired = 0;
    const auto step = out_.next(window_, now_, expired);
    const auto unsent =
        std::find_if(in_flight_.begin(), in_flight_.end(), [](auto& i) { return !i.is_sent; });
    if (unsent != in_flight_.end()) return expect_again(*unsent, step, expired);
    std::uint64_t dropped = 0;
    while (!waiting_.empty() && waiting_.front().expires_at <= now_) {
      waiting_.pop_front();
      ++dropped;
    }
    RC_ASSERT(expired == dropped);
    const bool may_go =
        !waiting_.empty() && (waiting_.front().qos == Qos::at_most_once || has_room());
    RC_ASSERT(step.has_value() == may_go);
    if (may_go) expect_first(*step);
  }
  void operator()(const Acknowledge& acknowledge) {
    const std::size_t at = acknowledge.which;
    const bool is_known = at < in_flight_.size();
    const PacketId id = is_known ? in_flight_[at].id : unknown_id();
    if (acknowledge.answer == Answer::discard) {
      if (!is_known) return;
      out_.discard(id);
      return remove(at);
    }
    const bool is_right = is_known && is_expected(acknowledge.answer, in_flight_[at]);
    RC_ASSERT(tell(acknowledge.answer, id) == is_right);
    if (!is_right) return;
    if (acknowledge.answer == Answer::pubrec) {
      in_flight_[at].is_released = true;
    } else {
      remove(at);
    }
  }
  void operator()(const Rewind& /*rewind*/) {
    out_.rewind();
    for (Item& item : in_flight_) item.is_sent = false;
  }
  // Windows change with the connection alone.
  void operator()(const NewWindow& window) {
    (*this)(Rewind{});
    window_ = {.messages_max = window.messages, .bytes_max = window.bytes};
  }
  void operator()(const TakeShared& take) {
    const auto is_wanted = [&](const Item& item) {
      return item.group != 0 && (take.group == 0 || item.group == take.group);
    };
    std::vector<std::string> expected;
    const auto move_out = [&](auto& items, auto may_go) {
      for (auto item = items.begin(); item != items.end();) {
        const bool goes = is_wanted(*item) && may_go(*item);
        if (goes) expected.push_back(item->topic);
        item = goes ? items.erase(item) : std::next(item);
      }
    };
    move_out(in_flight_, [&](const Item& item) {
      return take.in_flight_qos1 && item.qos == Qos::at_least_once;
    });
    move_out(waiting_, [](const Item&) { return true; });
    std::vector<std::string> taken;
    for (const Delivery& one : out_.take_shared(take.group, take.in_flight_qos1)) {
      taken.emplace_back(one.message->topic());
    }
    RC_ASSERT(taken == expected);
  }
  void operator()(const ForgetGroup& forget) {
    out_.forget_group(forget.group);
    for (Item& item : in_flight_) item.group = item.group == forget.group ? 0 : item.group;
    for (Item& item : waiting_) item.group = item.group == forget.group ? 0 : item.group;
  }
  void operator()(const Wait& wait) { now_ = now_ + seconds{wait.time}; }

  void check() const {
    std::uint64_t bytes = 0;
    for (const Item& item : waiting_) bytes += item.payload;
    RC_ASSERT(out_.in_flight() == in_flight_.size());
    RC_ASSERT(out_.waiting() == waiting_.size());
    RC_ASSERT(out_.waiting_bytes() == bytes);
    RC_ASSERT(out_.empty() == (waiting_.empty() && in_flight_.empty()));
    const bool all_sent = sent() == in_flight_.size();
    RC_ASSERT(out_.can_bypass(window_) == (waiting_.empty() && all_sent && has_room()));
  }

 private:
  std::string next_topic() { return "t" + std::to_string(count_++); }
  static Delivery delivery_of(const Item& item) {
    const std::vector<std::uint8_t> payload(item.payload);
    return {.message = Message::make(
                {.topic = item.topic, .payload = payload, .expires_at = item.expires_at}),
            .group = item.group,
            .qos = item.qos};
  }
  Queued expected_push(const Item& item, const QueueLimits& limits) {
    const auto fits = [&](std::size_t skipped) {
      std::uint64_t bytes = item.payload;
      for (std::size_t i = skipped; i < waiting_.size(); ++i) bytes += waiting_[i].payload;
      return waiting_.size() - skipped < limits.messages_max && bytes <= limits.bytes_max;
    };
    if (fits(0)) {
      waiting_.push_back(item);
      return Queued::waiting;
    }
    if (limits.on_full == OnFull::disconnect) return Queued::must_disconnect;
    const bool drops_oldest = limits.on_full == OnFull::drop_oldest && !waiting_.empty();
    if (!drops_oldest || !fits(1)) return Queued::dropped_newest;
    waiting_.pop_front();
    waiting_.push_back(item);
    return Queued::dropped_oldest;
  }
  std::size_t sent() const {
    return static_cast<std::size_t>(
        std::count_if(in_flight_.begin(), in_flight_.end(), [](auto& i) { return i.is_sent; }));
  }
  bool has_room() const {
    std::uint64_t bytes = 0;
    for (const Item& item : in_flight_) bytes += item.is_released ? 0 : item.payload;
    return sent() < window_.messages_max && bytes < window_.bytes_max;
  }
  // [MQTT-4.4.0-1], [MQTT-3.3.1-1], [MQTT-4.3.3-6]
  void expect_again(Item& item, const std::optional<Outbound::Step>& step, std::uint64_t expired) {
    RC_ASSERT(expired == 0U);
    RC_ASSERT(step.has_value() == (sent() < window_.messages_max));
    if (!step) return;
    item.is_sent = true;
    RC_ASSERT(step->id == item.id);
    RC_ASSERT(step->is_repeat);
    RC_ASSERT((step->kind == Outbound::Kind::release) == item.is_released);
    if (!item.is_released) RC_ASSERT(step->delivery->message->topic() == item.topic);
  }
  void expect_first(const Outbound::Step& step) {
    Item item = waiting_.front();
    waiting_.pop_front();
    RC_ASSERT(step.kind == Outbound::Kind::publish);
    RC_ASSERT(!step.is_repeat);
    RC_ASSERT(step.delivery->message->topic() == item.topic);
    RC_ASSERT(step.delivery->qos == item.qos);
    item.id = step.id;
    if (item.qos == Qos::at_most_once) {
      RC_ASSERT(item.id == PacketId{});
    } else {
      add_in_flight(item);
    }
  }
  // [MQTT-2.2.1-4]
  void add_in_flight(Item item) {
    RC_ASSERT(item.id != PacketId{});
    for (const Item& other : in_flight_) RC_ASSERT(other.id != item.id);
    item.is_sent = true;
    in_flight_.push_back(item);
  }
  void remove(std::size_t at) {
    in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  PacketId unknown_id() const {
    std::uint16_t id = 60'000;
    for (const Item& item : in_flight_) id = item.id.value == id ? 60'001 : id;
    return PacketId{id};
  }
  static bool is_expected(Answer answer, const Item& item) {
    const bool is_qos_2 = item.qos == Qos::exactly_once;
    switch (answer) {
      case Answer::puback:
        return !is_qos_2;
      case Answer::pubrec:
      case Answer::pubrec_error:
        return is_qos_2;
      case Answer::pubcomp:
        return item.is_released;
      case Answer::discard:
        break;
    }
    UNREACHABLE();
  }
  bool tell(Answer answer, PacketId id) {
    if (answer == Answer::puback) return out_.on_puback(id);
    if (answer == Answer::pubcomp) return out_.on_pubcomp(id);
    return out_.on_pubrec(id, answer == Answer::pubrec_error);
  }

  Outbound out_;
  Window window_{.messages_max = 3, .bytes_max = 20};
  base::Instant now_{std::chrono::hours{1}};
  int count_ = 0;
  std::vector<Item> in_flight_;
  std::deque<Item> waiting_;
};

RC_GTEST_PROP(OutboundProperty, is_two_lists_whatever_happens, ()) {
  Twins twins;
  for (const Event& one : *rc::gen::container<std::vector<Event>>(any_event())) {
    std::visit(twins, one);
    twins.check();
  }
}

}  // namespace
}  // namespace session
