// Shared subscriptions: each message goes to exactly one member of each group, to members only. A
// QoS 1 message may go to another when its member's session ended before it acknowledged
// [MQTT-4.8.2-5].
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "sim/model.h"

namespace sim {

class SharedCheck final : public Checker {
 public:
  explicit SharedCheck(const Model& model) : Checker("shared"), model_(model) {}
  void routed(const Message& message, std::size_t shard) override;
  void sent(const Session& session, const Link& link, const Packet& packet) override;
  void sent_in_vain(const Packet& packet) override;
  void received(const Session& session, const Link& link, const Packet& packet) override;
  void ending(const Session& session) override;
  void subscribed(const Session& session, const std::string& filter,
                  const Subscription& subscription, bool wants_retained) override;
  void unsubscribed(const Session& session, const std::string& filter) override;
  void at_rest() override;
  void forgot_all() override;

 private:
  struct Debt {
    std::set<std::string> groups;  // "$share/GROUP/FILTER", with members when it was routed.
    int owed = 0;
    int came = 0;
    int again = 0;          // Those who had it went without acknowledging.
    bool may_miss = false;  // QoS 0, or a group that lost its members.
  };
  bool is_entitled(const Session& session, const Message& message, const Debt& debt) const;
  bool is_certain(const Message& message, const std::string& group) const;
  bool has_member_online(const std::string& group) const;
  void forgive(const std::string& group);

  const Model& model_;
  std::map<std::uint64_t, Debt> debts_;
  // What members have and did not acknowledge, at QoS 1: by client and packet identifier.
  std::map<std::string, std::map<std::uint16_t, std::uint64_t>> held_;
};

}  // namespace sim
