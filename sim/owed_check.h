// What ordinary subscriptions owe to whom: every message to everybody who subscribed, in the right
// number, at the right QoS, nothing else to nobody; retained messages for new subscriptions. What
// is on its way between two shards while a subscription changes may come or not.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/model.h"

namespace sim {

class OwedCheck final : public Checker {
 public:
  explicit OwedCheck(const Model& model) : Checker("owed"), model_(model) {}

  void routed(const Message& message, std::size_t shard) override;
  void changing(const Session& session) override;
  void changed(const Session& session) override;
  void ending(const Session& session) override;
  void parted(const Session& session, const Link&) override;
  void subscribed(const Session& session, const std::string& filter,
                  const Subscription& subscription, bool wants_retained) override;
  void unsubscribed(const Session& session, const std::string& filter) override;
  void sent(const Session& session, const Link& link, const Packet& packet) override;
  void lane_popped(std::size_t from, std::size_t to) override;
  void at_rest() override;
  void forgot_all() override;

  // It came once, for one reason only: good for judging order.
  bool came_plainly(const Session& session, std::uint64_t number) const;
  // Nothing but the retained store owed it.
  bool is_from_store(const Session& session, std::uint64_t number) const;

 private:
  struct Copy {
    int qos = 0;
    bool retain = false;
    bool operator==(const Copy&) const = default;
  };
  struct Wanted {
    std::vector<Copy> copies;
    std::set<std::uint32_t> identifiers;
    bool operator==(const Wanted&) const = default;
  };
  struct Debt {
    int must = 0;  // As published.
    int may = 0;
    int stored_must = 0;  // From the retained store.
    int stored_may = 0;
    int came = 0;
    unsigned qos = 0;     // Bit n: QoS n is right.
    unsigned retain = 0;  // Bit 0: without the flag, bit 1: with it.
    std::set<std::uint32_t> identifiers;
  };
  struct OnTheWay {
    std::uint64_t number;
    std::uint64_t sequence;  // When it set out: a message may be published again.
    std::size_t from;
    std::size_t to;
    std::uint64_t mark;  // It has come when so many have.
  };
  using Debts = std::map<std::uint64_t, Debt>;

  // `sequence`: of what is on its way; 0: is being published now.
  Wanted wanted(const Session& session, const Message& message, std::uint64_t sequence) const;
  const Debt* find(const Session& session, std::uint64_t number) const;
  void owe(Debt& debt, const Wanted& wanted) const;
  void check_content(const Session& session, const Message& message, const Debt& debt,
                     const Packet& packet);
  void check_expiry(const Session& session, const Message& message, const Packet& packet);
  int missing(const Session& session, const Debts& debts, std::string& example) const;
  void broken(const std::string& what) { model_.world().broken(name(), what); }

  const Model& model_;
  std::map<std::string, Debts> debts_;  // By client id.
  std::deque<OnTheWay> on_the_way_;
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> popped_;
  std::vector<Wanted> before_;
};

}  // namespace sim
