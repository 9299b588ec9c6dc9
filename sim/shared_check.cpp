#include "sim/shared_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/topics.h"

namespace sim {

// Whether it must arrive: at QoS 0 only where nobody is away.
bool SharedCheck::is_certain(const Message& message, const std::string& group) const {
  for (const auto& [id, session] : model_.sessions()) {
    const auto at = session.subscriptions.find(group);
    if (at == session.subscriptions.end()) continue;
    if (std::min(message.qos, at->second.qos) > 0) continue;
    if (session.online == nullptr || !model_.world().is_calm) return false;
  }
  return true;
}

void SharedCheck::routed(const Message& message, std::size_t) {
  if (message.number == 0 || !is_shared_topic(message.topic)) return;
  std::set<std::string> groups;
  for (const auto& [id, session] : model_.sessions()) {
    for (const auto& [filter, subscription] : session.subscriptions) {
      if (is_shared(filter) && filter_matches(filter_of_shared(filter), message.topic))
        groups.insert(filter);
    }
  }
  Debt& debt = debts_[message.number];
  debt.owed += static_cast<int>(groups.size());
  for (const std::string& group : groups) {
    debt.may_miss = debt.may_miss || !is_certain(message, group);
    debt.groups.insert(group);
  }
}

// Members, and those who left later: what they were given before is theirs.
bool SharedCheck::is_entitled(const Session& session, const Message& message,
                              const Debt& debt) const {
  return std::any_of(debt.groups.begin(), debt.groups.end(), [&](const std::string& group) {
    const auto left = session.left.find(group);
    return session.subscriptions.contains(group) ||
           (left != session.left.end() && left->second >= message.sequence);
  });
}

void SharedCheck::sent(const Session& session, const Link&, const Packet& packet) {
  if (packet.type != Type::publish || packet.dup) return;
  const Message* message = model_.find(number_of(packet.payload));
  if (message == nullptr || message->number == 0 || !is_shared_topic(message->topic)) return;
  Debt& debt = debts_[message->number];
  const std::string who =
      fmt::format("{} gets m{} on {}", session.id, message->number, message->topic);
  if (!is_entitled(session, *message, debt)) {
    return model_.world().broken(name(), who + " and is no member");
  }
  if (++debt.came > debt.owed + debt.again) {
    return model_.world().broken(name(), who + ", which another member got");
  }
  if (packet.qos > message->qos) model_.world().broken(name(), who + " at a higher QoS");
  if (message->expires_at <= model_.world().now()) {
    model_.world().broken(name(), who + " although it expired");
  }
  if (packet.qos == 1) held_[session.id][packet.id] = message->number;
}

// QoS 1 goes on to another member; QoS 2 may not [MQTT-4.8.2-5].
void SharedCheck::sent_in_vain(const Packet& packet) {
  const auto at = debts_.find(number_of(packet.payload));
  if (packet.type != Type::publish || packet.dup || at == debts_.end()) return;
  ++at->second.came;
  if (packet.qos == 1) ++at->second.again;
  if (packet.qos == 0) at->second.may_miss = true;
}

void SharedCheck::received(const Session& session, const Link&, const Packet& packet) {
  if (packet.type == Type::puback) held_[session.id].erase(packet.id);
}

void SharedCheck::ending(const Session& session) {
  for (const auto& [id, number] : held_[session.id]) ++debts_[number].again;
  held_.erase(session.id);
  for (const auto& [filter, subscription] : session.subscriptions) {
    if (!is_shared(filter)) continue;
    const bool has_others =
        std::any_of(model_.sessions().begin(), model_.sessions().end(), [&](const auto& other) {
          return other.first != session.id && other.second.subscriptions.contains(filter);
        });
    if (!has_others) forgive(filter);
  }
  for (const auto& [filter, when] : session.left) forgive(filter);
}

// A member that now takes QoS 0 may be away when the message comes.
void SharedCheck::subscribed(const Session&, const std::string& filter,
                             const Subscription& subscription, bool) {
  if (is_shared(filter) && subscription.qos == 0) forgive(filter);
}

void SharedCheck::unsubscribed(const Session&, const std::string& filter) {
  if (is_shared(filter)) forgive(filter);
}

bool SharedCheck::has_member_online(const std::string& group) const {
  return std::any_of(model_.sessions().begin(), model_.sessions().end(), [&](const auto& one) {
    return one.second.online != nullptr && one.second.subscriptions.contains(group);
  });
}

void SharedCheck::forgive(const std::string& group) {
  for (auto& [number, debt] : debts_) {
    if (debt.groups.contains(group)) debt.may_miss = true;
  }
}

void SharedCheck::at_rest() {
  std::uint64_t lost = 0;
  std::string example;
  for (const auto& [number, debt] : debts_) {
    const Message* message = model_.find(number);
    if (debt.may_miss || debt.came >= debt.owed || message == nullptr) continue;
    if (message->expires_at <= model_.world().now()) continue;
    const bool all_there = std::all_of(debt.groups.begin(), debt.groups.end(),
                                       [&](const auto& group) { return has_member_online(group); });
    if (!all_there) continue;
    ++lost;
    example = fmt::format("m{} on {} reached {} of {} groups", number, message->topic, debt.came,
                          debt.owed);
  }
  using broker::Drop;
  std::uint64_t dropped = 0;
  for (const Drop why : {Drop::queue_full, Drop::output_full, Drop::packet_too_large,
                         Drop::memory_limit, Drop::no_member}) {
    dropped += model_.host().drops(why);
  }
  if (lost > dropped) {
    model_.world().broken(
        name(), fmt::format("{}; {} lost, {} counted as dropped", example, lost, dropped));
  }
}

void SharedCheck::forgot_all() {
  debts_.clear();
  held_.clear();
}

}  // namespace sim
