// The checkers of a few lines: answers, order, age of retained messages, figures.
#include <fmt/format.h>

#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "sim/checks.h"
#include "sim/flight_check.h"
#include "sim/owed_check.h"
#include "sim/shared_check.h"
#include "sim/topics.h"

namespace sim {

namespace {

// Every packet that asks for an answer gets that one, once and in its turn.
class AnswerCheck final : public Checker {
 public:
  explicit AnswerCheck(const Model& model) : Checker("answers"), model_(model) {}

  void received(const Session&, const Link& link, const Packet& packet) override {
    const Type answer = answer_to(packet);
    if (answer != Type::none) waiting_[link.number].push_back({answer, packet});
  }
  void sent(const Session& session, const Link& link, const Packet& packet) override {
    if (!is_answer(packet.type)) return;
    auto& waiting = waiting_[link.number];
    const bool fits = !waiting.empty() && waiting.front().first == packet.type &&
                      waiting.front().second.id == packet.id;
    if (!fits) {
      return broken(fmt::format("{}: {} {} is not the answer that is due", session.id,
                                name_of(packet.type), packet.id));
    }
    check_reason(session, waiting.front().second, packet);
    waiting.pop_front();
  }
  void at_rest() override {
    for (const auto& [id, session] : model_.sessions()) {
      if (session.online == nullptr) continue;
      const auto& waiting = waiting_[session.online->number];
      if (waiting.empty()) continue;
      broken(fmt::format("{}: the answer to {} {} never came", id,
                         name_of(waiting.front().second.type), waiting.front().second.id));
    }
  }
  void forgot_all() override { waiting_.clear(); }

 private:
  static Type answer_to(const Packet& packet) {
    if (packet.type == Type::publish && packet.qos > 0)
      return packet.qos == 1 ? Type::puback : Type::pubrec;
    if (packet.type == Type::pubrel) return Type::pubcomp;
    if (packet.type == Type::subscribe) return Type::suback;
    if (packet.type == Type::unsubscribe) return Type::unsuback;
    return packet.type == Type::pingreq ? Type::pingresp : Type::none;
  }
  static bool is_answer(Type type) {
    return type == Type::puback || type == Type::pubrec || type == Type::pubcomp ||
           type == Type::suback || type == Type::unsuback || type == Type::pingresp;
  }
  void check_reason(const Session& session, const Packet& question, const Packet& answer) {
    if (answer.type == Type::suback) {
      if (answer.codes.size() != question.filters.size())
        return broken("SUBACK with another number of codes");
      for (std::size_t i = 0; i < answer.codes.size(); ++i) {
        if (answer.codes[i] != (question.filters[i].options & 3U))
          broken("SUBACK with another QoS");
      }
      return;
    }
    if (question.type != Type::publish || session.version != 5) return;
    const bool denied = model_.options().has_access_rules && !question.topic.empty() &&
                        is_denied(session.id, question.topic, Right::write);
    if (denied != (answer.reason == 0x87) && !question.dup) {
      broken(
          fmt::format("{}: {} has reason {:#x}", session.id, name_of(answer.type), answer.reason));
    }
  }
  void broken(const std::string& what) { model_.world().broken(name(), what); }

  const Model& model_;
  std::map<std::uint64_t, std::deque<std::pair<Type, Packet>>> waiting_;  // By link.
};

// What one client publishes to one topic at one QoS arrives in that order [MQTT-4.6.0-6].
class OrderCheck final : public Checker {
 public:
  OrderCheck(const Model& model, const OwedCheck& owed)
      : Checker("order"), model_(model), owed_(owed) {}

  void sent(const Session& session, const Link&, const Packet& packet) override {
    if (packet.type != Type::publish || packet.dup || is_sys(packet.topic)) return;
    const Message* message = model_.find(number_of(packet.payload));
    if (message == nullptr || message->number == 0 || is_shared_topic(message->topic)) return;
    if (message->times_routed > 1 || !owed_.came_plainly(session, message->number)) return;
    std::uint64_t& last =
        last_[session.id][{message->publisher, message->topic, message->qos, packet.qos}];
    if (message->sequence < last) {
      model_.world().broken(name(),
                            fmt::format("{} gets m{} of {} on {} after a later one", session.id,
                                        message->number, message->publisher, message->topic));
    }
    last = message->sequence;
  }
  void ending(const Session& session) override { last_.erase(session.id); }
  void forgot_all() override { last_.clear(); }

 private:
  using Key = std::tuple<std::string, std::string, int, int>;
  const Model& model_;
  const OwedCheck& owed_;
  std::map<std::string, std::map<Key, std::uint64_t>> last_;
};

// Whoever saw a retained publish is not sent an older one as retained.
class RetainedAgeCheck final : public Checker {
 public:
  RetainedAgeCheck(const Model& model, const OwedCheck& owed)
      : Checker("retained age"), model_(model), owed_(owed) {}

  void sent(const Session& session, const Link&, const Packet& packet) override {
    if (packet.type != Type::publish || packet.dup || is_sys(packet.topic)) return;
    const Message* message = model_.find(number_of(packet.payload));
    if (message == nullptr || !message->retain || message->number == 0 || message->times_routed > 1)
      return;
    // QoS 0 does not wait for a full window: each has an order of its own.
    std::uint64_t& newest = newest_[session.id][{message->topic, packet.qos == 0}];
    if (message->sequence < newest && owed_.is_from_store(session, message->number)) {
      model_.world().broken(name(), fmt::format("{} gets m{} on {} after a newer one", session.id,
                                                message->number, message->topic));
    }
    newest = std::max(newest, message->sequence);
  }
  void ending(const Session& session) override { newest_.erase(session.id); }
  void forgot_all() override { newest_.clear(); }

 private:
  const Model& model_;
  const OwedCheck& owed_;
  std::map<std::string, std::map<std::pair<std::string, bool>, std::uint64_t>> newest_;
};

// The broker's own figures are the model's.
class FigureCheck final : public Checker {
 public:
  explicit FigureCheck(const Model& model) : Checker("figures"), model_(model) {}

  void written(const Packet& packet) override {
    publishes_sent_ += packet.type == Type::publish ? 1U : 0U;
    if (packet.type == Type::publish) payload_sent_ += packet.payload.size();
  }
  void received(const Session&, const Link&, const Packet& packet) override {
    publishes_received_ += packet.type == Type::publish ? 1U : 0U;
  }
  void at_rest() override {
    using broker::Metrics;
    std::uint64_t subscriptions = 0;
    std::uint64_t shared = 0;
    for (const auto& [id, session] : model_.sessions()) {
      subscriptions += session.subscriptions.size();
      for (const auto& [filter, one] : session.subscriptions) shared += is_shared(filter) ? 1U : 0U;
    }
    compare("sessions", &Metrics::sessions, model_.sessions().size());
    compare("sessions online", &Metrics::sessions_online, model_.online());
    compare("subscriptions", &Metrics::subscriptions, subscriptions);
    compare("shared subscriptions", &Metrics::shared_subscriptions, shared);
    const bool is_complete = model_.online() == model_.sessions().size();
    if (is_complete) {
      compare("queued messages", &Metrics::queued_messages, 0);
      compare("queued bytes", &Metrics::queued_bytes, 0);
      equal("message bytes in total", model_.host().totals().message_bytes.load(), 0);
    }
    compare("waiting packets", &Metrics::output_packets, 0);
    compare("waiting bytes", &Metrics::output_bytes, 0);
    compare("PUBLISH received", &Metrics::publishes_received, publishes_received_);
    compare("PUBLISH sent", &Metrics::publishes_sent, publishes_sent_);
    compare("payload bytes sent", &Metrics::publish_bytes_sent, payload_sent_);
    equal("sessions in total", model_.host().totals().sessions.load(), model_.sessions().size());
    equal("online in total", model_.host().totals().online.load(), model_.online());
    if (!model_.options().may_drop()) {
      equal("dropped: queue full", model_.host().drops(broker::Drop::queue_full), 0);
      equal("dropped: output full", model_.host().drops(broker::Drop::output_full), 0);
    }
  }
  void forgot_all() override { publishes_sent_ = publishes_received_ = payload_sent_ = 0; }

 private:
  void compare(std::string_view what, broker::Counter broker::Metrics::* counter,
               std::uint64_t wanted) {
    equal(what, model_.host().sum(counter), wanted);
  }
  void equal(std::string_view what, std::uint64_t is, std::uint64_t wanted) {
    if (is == wanted) return;
    model_.world().broken(name(), fmt::format("{}: {}, should be {}", what, is, wanted));
  }
  const Model& model_;
  std::uint64_t publishes_sent_ = 0;
  std::uint64_t publishes_received_ = 0;
  std::uint64_t payload_sent_ = 0;
};

}  // namespace

std::vector<std::unique_ptr<Checker>> all_checkers(const Model& model) {
  std::vector<std::unique_ptr<Checker>> all;
  auto owed = std::make_unique<OwedCheck>(model);
  const OwedCheck& owed_check = *owed;
  all.push_back(std::move(owed));
  all.push_back(std::make_unique<SharedCheck>(model));
  all.push_back(std::make_unique<FlightCheck>(model));
  all.push_back(std::make_unique<AnswerCheck>(model));
  all.push_back(std::make_unique<OrderCheck>(model, owed_check));
  all.push_back(std::make_unique<RetainedAgeCheck>(model, owed_check));
  all.push_back(std::make_unique<FigureCheck>(model));
  return all;
}

}  // namespace sim
