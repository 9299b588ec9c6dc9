#include "sim/owed_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/topics.h"

namespace sim {

OwedCheck::Wanted OwedCheck::wanted(const Session& session, const Message& message,
                                    std::uint64_t sequence) const {
  Wanted result;
  if (message.number == 0 || is_shared_topic(message.topic)) return result;
  if (!model_.may_read(session, message.topic)) return result;
  const bool one_each = session.version != 5 && model_.options().allows_duplicates;
  bool is_stale = message.retain && sequence != 0;
  for (const auto& [filter, subscription] : session.subscriptions) {
    if (is_shared(filter) || !filter_matches(filter, message.topic)) continue;
    is_stale = is_stale && subscription.since > sequence;
    if (subscription.no_local && session.id == message.publisher) continue;
    const Copy copy{std::min(message.qos, subscription.qos),
                    message.retain && subscription.retain_as_published};
    if (subscription.identifier != 0) result.identifiers.insert(subscription.identifier);
    if (one_each || result.copies.empty()) {
      result.copies.push_back(copy);
    } else {
      Copy& merged = result.copies.front();
      merged = {std::max(merged.qos, copy.qos), merged.retain || copy.retain};
    }
  }
  if (is_stale) return {};
  const bool is_away =
      session.online == nullptr && (sequence != 0 || !model_.has_just_parted(session));
  if (is_away && !model_.options().queues_qos0) {
    std::erase_if(result.copies, [](const Copy& copy) { return copy.qos == 0; });
  }
  return result;
}

void OwedCheck::owe(Debt& debt, const Wanted& wanted) const {
  for (const Copy& copy : wanted.copies) {
    debt.qos |= 1U << copy.qos;
    debt.retain |= copy.retain ? 2U : 1U;
  }
  debt.identifiers.insert(wanted.identifiers.begin(), wanted.identifiers.end());
}

void OwedCheck::routed(const Message& message, std::size_t shard) {
  if (message.retain) {  // What was retained before need not be sent any more.
    const auto old = model_.retained().find(message.topic);
    for (auto& [id, debts] : debts_) {
      const auto at = old == model_.retained().end() ? debts.end() : debts.find(old->second);
      if (at != debts.end()) at->second.stored_may += std::exchange(at->second.stored_must, 0);
    }
  }
  for (const auto& [id, session] : model_.sessions()) {
    const Wanted copies = wanted(session, message, 0);
    if (copies.copies.empty()) continue;
    Debt& debt = debts_[id][message.number];
    const auto is_uncertain = [&](const Copy& copy) {
      return copy.qos == 0 && model_.has_just_parted(session);
    };
    for (const Copy& copy : copies.copies) ++(is_uncertain(copy) ? debt.may : debt.must);
    owe(debt, copies);
  }
  if (message.number == 0) return;
  for (std::size_t to = 0; to < model_.host().shards(); ++to) {
    if (to == shard) continue;
    on_the_way_.push_back(
        {message.number, model_.sequence(), shard, to, model_.host().posted(shard, to)});
  }
}

// ---------------------------------------------------------------- changes while messages travel

void OwedCheck::changing(const Session& session) {
  before_.clear();
  for (const OnTheWay& one : on_the_way_) {
    if (one.to != session.shard) continue;
    const Message* message = model_.find(one.number);
    before_.push_back(message != nullptr ? wanted(session, *message, one.sequence) : Wanted{});
  }
}

void OwedCheck::changed(const Session& session) {
  std::size_t at = 0;
  for (const OnTheWay& one : on_the_way_) {
    if (one.to != session.shard) continue;
    const Message* message = model_.find(one.number);
    const Wanted& old = before_.size() > at ? before_[at] : Wanted{};
    ++at;
    if (message == nullptr) continue;
    const Wanted now = wanted(session, *message, one.sequence);
    if (now == old) continue;
    Debt& debt = debts_[session.id][one.number];
    debt.may += std::exchange(debt.must, 0) + static_cast<int>(now.copies.size());
    owe(debt, now);
    owe(debt, old);
  }
}

void OwedCheck::lane_popped(std::size_t from, std::size_t to) {
  const std::uint64_t popped = ++popped_[{from, to}];
  std::erase_if(on_the_way_, [&](const OnTheWay& one) {
    return one.from == from && one.to == to && one.mark <= popped;
  });
}

void OwedCheck::ending(const Session& session) {
  debts_.erase(session.id);
}

void OwedCheck::parted(const Session& session, const Link&) {
  for (auto& [number, debt] : debts_[session.id]) {
    debt.stored_may += std::exchange(debt.stored_must, 0);
    // Timers of one moment, a will and this end, fire in an order of their own.
    if (debt.qos == 1U && debt.came < debt.must) {
      debt.may += debt.must - debt.came;
      debt.must = debt.came;
    }
  }
}

void OwedCheck::forgot_all() {
  debts_.clear();
  on_the_way_.clear();
  popped_.clear();
}

void OwedCheck::subscribed(const Session& session, const std::string& filter,
                           const Subscription& subscription, bool wants_retained) {
  if (!wants_retained) return;
  for (const auto& [topic, number] : model_.retained()) {
    const Message* message = model_.find(number);
    if (message == nullptr || !filter_matches(filter, topic)) continue;
    if (subscription.no_local && message->publisher == session.id) {
      // What the filter without No Local still owed takes on the new options.
      const auto known = debts_[session.id].find(number);
      if (known == debts_[session.id].end()) continue;
      known->second.stored_may += std::exchange(known->second.stored_must, 0);
      continue;
    }
    if (message->expires_at <= model_.world().now() || !model_.may_read(session, topic)) continue;
    Debt& debt = debts_[session.id][number];
    // One that still waits is not sent twice, however often the filter comes.
    ++(debt.came < debt.must + debt.stored_must ? debt.stored_may : debt.stored_must);
    debt.qos |= 1U << std::min(message->qos, subscription.qos);
    debt.retain |= 2U;
    if (subscription.identifier != 0) debt.identifiers.insert(subscription.identifier);
  }
}

// What is retained need not come any more, but may already be on its way to the client.
void OwedCheck::unsubscribed(const Session& session, const std::string& filter) {
  for (auto& [number, debt] : debts_[session.id]) {
    const Message* message = model_.find(number);
    if (message == nullptr || is_shared(filter) || !filter_matches(filter, message->topic))
      continue;
    debt.stored_may += std::exchange(debt.stored_must, 0);
  }
}

// ---------------------------------------------------------------- what comes out

void OwedCheck::sent(const Session& session, const Link&, const Packet& packet) {
  if (packet.type != Type::publish || packet.dup) return;
  const std::uint64_t number = number_of(packet.payload);
  const Message* message = model_.find(number);
  if (number == 0 || is_sys(packet.topic)) return;
  if (message == nullptr) return broken("a payload that nobody published");
  if (is_shared_topic(message->topic)) return;
  auto& debts = debts_[session.id];
  const auto at = debts.find(number);
  if (at == debts.end()) {
    return broken(fmt::format("{} gets m{} on {}, which its subscriptions don't allow", session.id,
                              number, message->topic));
  }
  Debt& debt = at->second;
  if (++debt.came > debt.must + debt.may + debt.stored_must + debt.stored_may) {
    return broken(
        fmt::format("{} gets m{} on {} once too often", session.id, number, message->topic));
  }
  check_content(session, *message, debt, packet);
  check_expiry(session, *message, packet);
}

void OwedCheck::check_content(const Session& session, const Message& message, const Debt& debt,
                              const Packet& packet) {
  const std::string who =
      fmt::format("{} gets m{} on {}", session.id, message.number, message.topic);
  if ((debt.qos >> packet.qos & 1U) == 0)
    return broken(who + fmt::format(" at QoS {}", packet.qos));
  if ((debt.retain >> (packet.retain ? 1U : 0U) & 1U) == 0) {
    return broken(who + (packet.retain ? " with RETAIN" : " without RETAIN"));
  }
  if (packet.payload != payload_of(message.number, message.payload_size)) {
    return broken(who + " with other bytes");
  }
  std::size_t identifiers = 0;
  for (const Property& property : packet.properties) {
    if (property.id != property::subscription_identifier) continue;
    ++identifiers;
    if (!debt.identifiers.contains(property.number))
      return broken(who + " with a wrong identifier");
  }
  const bool is_exact = debt.may + debt.stored_must + debt.stored_may == 0 &&
                        message.times_routed == 1 && session.version == 5;
  if (is_exact && identifiers < debt.identifiers.size()) broken(who + " with too few identifiers");
}

void OwedCheck::check_expiry(const Session& session, const Message& message, const Packet& packet) {
  if (message.expires_at == never) return;
  const Ms left = message.expires_at - model_.world().now();
  if (left <= 0) {
    return broken(fmt::format("{} gets m{} although it expired", session.id, message.number));
  }
  if (session.version != 5 || message.times_routed > 1) return;
  const auto told = number_of(packet.properties, property::message_expiry);
  if (!told || Ms{*told} * 1'000 < left || Ms{*told} * 1'000 >= left + 1'000) {
    broken(fmt::format("{} gets m{} with a wrong Message Expiry Interval", session.id,
                       message.number));
  }
}

const OwedCheck::Debt* OwedCheck::find(const Session& session, std::uint64_t number) const {
  const auto debts = debts_.find(session.id);
  if (debts == debts_.end()) return nullptr;
  const auto at = debts->second.find(number);
  return at == debts->second.end() ? nullptr : &at->second;
}

bool OwedCheck::came_plainly(const Session& session, std::uint64_t number) const {
  const Debt* debt = find(session, number);
  return debt != nullptr && debt->came == 1 && debt->stored_must + debt->stored_may == 0;
}

bool OwedCheck::is_from_store(const Session& session, std::uint64_t number) const {
  const Debt* debt = find(session, number);
  return debt != nullptr && debt->must + debt->may == 0;
}

// ---------------------------------------------------------------- in the end

int OwedCheck::missing(const Session& session, const Debts& debts, std::string& example) const {
  int count = 0;
  for (const auto& [number, debt] : debts) {
    const Message* message = model_.find(number);
    const int wanted = debt.must + debt.stored_must;
    if (message == nullptr || debt.came >= wanted) continue;
    if (message->expires_at <= model_.world().now()) continue;
    count += wanted - debt.came;
    example = fmt::format("{} never got m{} on {} (QoS {}, {} of {} copies)", session.id, number,
                          message->topic, message->qos, debt.came, wanted);
  }
  return count;
}

// Nothing is lost but what the broker says it dropped.
void OwedCheck::at_rest() {
  int lost = 0;
  std::string example;
  for (const auto& [id, session] : model_.sessions()) {
    const auto at = debts_.find(id);
    if (session.online == nullptr) continue;
    if (at != debts_.end()) lost += missing(session, at->second, example);
  }
  using broker::Drop;
  std::uint64_t dropped = 0;
  for (const Drop why :
       {Drop::queue_full, Drop::output_full, Drop::packet_too_large, Drop::memory_limit}) {
    dropped += model_.host().drops(why);
  }
  if (static_cast<std::uint64_t>(lost) <= dropped) return;
  broken(fmt::format("{}; {} missing, {} counted as dropped", example, lost, dropped));
}

}  // namespace sim
