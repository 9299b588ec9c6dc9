#include "broker/router.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/planted.h"
#include "base/probe.h"
#include "broker/queue_account.h"
#include "topic/filter.h"

namespace broker {

using session::Delivery;
using session::MessageRef;
using session::Session;
using wire::Qos;

namespace {

constexpr std::uint8_t qos_bits = 0x03;
constexpr std::uint8_t no_local_bit = 0x04;
constexpr std::uint8_t retain_as_published_bit = 0x08;

Qos qos_of(const topic::Subscriber& subscriber) {
  return static_cast<Qos>(subscriber.options & qos_bits);
}

}  // namespace

std::uint8_t pack_options(const session::Subscription& subscription) {
  return static_cast<std::uint8_t>(
      static_cast<unsigned>(subscription.qos) | (subscription.no_local ? no_local_bit : 0U) |
      (subscription.retain_as_published ? retain_as_published_bit : 0U));
}

Qos Router::delivery_qos(Qos published, Qos granted) const {
  return core_.config.upgrade_outgoing_qos() ? granted
                                             : wire::min(published, granted);  // [MQTT-3.8.4-8]
}

std::uint64_t Router::next_since() {
  // A read-modify-write, so that whoever draws a later number also sees the subscription in the
  // interest table.
  newest_subscription_ =
      core_.environment.totals.retained_sequence.fetch_add(0, std::memory_order_acq_rel) + 1;
  return newest_subscription_;
}

bool Router::has_memory_for(const session::Message& message) const {
  if (message.publisher() == session::ClientKey{}) return true;  // The broker's own few: $SYS.
  const std::uint64_t held =
      core_.environment.totals.message_bytes.load(std::memory_order_relaxed) +
      core_.environment.retained.bytes();
  return held + message.size() <= core_.config.memory_limit().max;
}

bool Router::publish(const MessageRef& message, const PublisherRef& publisher) {
  if (!message->retain()) return route(message);
  // Under the topic's lock, so that no shard can route a newer value before this one (see
  // Subscription::since).
  auto stripe = core_.environment.retained.lock(message->topic());
  message->set_retained_sequence(
      core_.environment.totals.retained_sequence.fetch_add(1, std::memory_order_acq_rel) + 1);
  if (message->payload().empty()) {
    if (!base::planted("keep-emptied")) stripe.erase();  // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
  } else if (has_memory_for(*message)) {
    if (base::planted("first-retained-stays") && stripe.get()) return route(message);
    stripe.set({message, publisher});  // [MQTT-3.3.1-5]
  } else {
    stripe.erase();  // An old value would be a wrong one.
    core_.drop(Drop::memory_limit, nullptr);
  }
  return route(message);
}

bool Router::route(const MessageRef& message) {
  bool has_subscribers = deliver_here(message);
  if (core_.is_alone()) {
    groups_.clear();
    core_.groups.match(message->topic(), [&](topic::GroupId group) { groups_.push_back(group); });
    for (const topic::GroupId group : groups_) has_subscribers |= deliver_to_group(group, message);
    return has_subscribers;
  }
  const topic::InterestReader::Found found = core_.interest.find(message->topic());
  core_.for_each_other_shard([&](topic::ShardId shard) {
    if ((found.shards >> shard.value & 1U) == 0) return;
    if (base::planted("lose-lane-message") && message->payload().size() % 16 == 5) return;
    core_.post(shard, Route{message});
    has_subscribers = true;
  });
  for (const topic::SharedInterestPtr& group : found.groups) {
    has_subscribers |= deliver_shared(message, group, 0);
  }
  return has_subscribers;
}

// ---------------------------------------------------------------- ordinary subscriptions

bool Router::deliver_here(const MessageRef& message) {
  merged_.clear();
  bool matched = false;
  core_.index.match(message->topic(), [&](const topic::Subscriber& subscriber) {
    matched = true;
    merge(subscriber, message);
  });
  if (merged_.empty()) return matched;
  deliverer_.begin(message);
  for (Merged& one : merged_) {
    if (one.session->id.value < merged_at_.size()) merged_at_[one.session->id.value] = 0;
    deliverer_.deliver(*one.session, std::move(one.delivery));
  }
  merged_.clear();
  return matched;
}

void Router::merge(const topic::Subscriber& subscriber, const MessageRef& message) {
  Session& session = core_.sessions.at(subscriber.id);
  const bool heeds = !base::planted("ignore-no-local");
  if (heeds && (subscriber.options & no_local_bit) != 0 && session.key == message->publisher()) {
    return;  // [MQTT-3.8.3-3]
  }
  if (message->retained_sequence() != 0 && message->retained_sequence() < newest_subscription_ &&
      is_stale(session, *message) && !base::planted("deliver-stale")) {
    PROBE("a retained publish arrives after the subscription that already has it");
    return;
  }
  const Qos qos = delivery_qos(message->qos(), qos_of(subscriber));
  // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
  const bool as_published = (subscriber.options & retain_as_published_bit) != 0;
  const bool retain = (as_published || base::planted("keep-retain-flag")) && message->retain();
  const std::uint32_t slot = subscriber.id.value;
  if (merged_at_.size() <= slot) merged_at_.resize(slot + 1U);
  const bool one_each =
      session.version != wire::Version::v5 && core_.config.allow_duplicate_messages();
  if (merged_at_[slot] == 0 || one_each) {
    merged_.push_back({&session, Delivery{.message = message,
                                          .more_identifiers = nullptr,
                                          .identifier = subscriber.subscription_identifier,
                                          .group = 0,
                                          .qos = qos,
                                          .retain = retain}});
    merged_at_[slot] = static_cast<std::uint32_t>(merged_.size());
    return;
  }
  // One copy at the highest QoS with all identifiers [MQTT-3.3.4-2], [MQTT-3.3.4-4].
  Delivery& delivery = merged_[merged_at_[slot] - 1].delivery;
  delivery.qos =
      base::planted("lower-qos-wins") ? wire::min(delivery.qos, qos) : wire::max(delivery.qos, qos);
  delivery.retain |= retain;
  if (subscriber.subscription_identifier == 0) return;
  if (delivery.identifier == 0) {
    delivery.identifier = subscriber.subscription_identifier;
    return;
  }
  if (base::planted("one-identifier")) return;
  PROBE("a message carries several subscription identifiers");
  if (!delivery.more_identifiers) {
    delivery.more_identifiers = std::make_unique<std::vector<std::uint32_t>>();
  }
  delivery.more_identifiers->push_back(subscriber.subscription_identifier);
}

// A retained publish from another shard may arrive after the client subscribed and got that or a
// newer value from the retained store: the subscription counts from the moment its number was
// drawn. Rare, so the walk is affordable.
bool Router::is_stale(const Session& session, const session::Message& message) const {
  bool any_older = false;
  for (const auto& [filter, subscription] : session.subscriptions) {
    if (!topic::matches(filter, message.topic())) continue;
    if (subscription.since <= message.retained_sequence()) return false;
    any_older = true;
  }
  return any_older;
}

// ---------------------------------------------------------------- shared subscriptions

// To one member of a group on this shard: whoever is online next, else whoever is next at all.
bool Router::deliver_to_group(topic::GroupId group, const MessageRef& message) {
  if (base::planted("two-members") && message->payload().size() % 8 == 3) {
    const topic::Member other = core_.groups.pick(group);
    deliverer_.begin(message);
    deliverer_.deliver(
        core_.sessions.at(other.subscriber.id),
        Delivery{.message = message, .qos = wire::min(message->qos(), qos_of(other.subscriber))});
  }
  const topic::Member member = core_.groups.pick(group);
  Session& session = core_.sessions.at(member.subscriber.id);
  deliverer_.begin(message);
  deliverer_.deliver(
      session, Delivery{.message = message,
                        .more_identifiers = nullptr,
                        .identifier = member.subscriber.subscription_identifier,
                        .group = group.value + 1,
                        // [MQTT-4.8.2-3]
                        .qos = delivery_qos(message->qos(), qos_of(member.subscriber)),
                        .retain = (member.subscriber.options & retain_as_published_bit) != 0 &&
                                  message->retain()});
  return true;
}

// To the shard whose turn it is. A member may go while the message is on its way; then it moves on,
// at most once around all shards.
bool Router::deliver_shared(const MessageRef& message, const topic::SharedInterestPtr& group,
                            std::uint8_t hops) {
  const auto shard = group->pick_shard();
  if (!shard || hops > core_.environment.shards()) {
    PROBE("a shared message finds no member");
    core_.drop(Drop::no_member, nullptr);
    return false;
  }
  if (hops > 0) PROBE("a shared message goes on to another shard");
  if (*shard != core_.id) {
    core_.post(*shard, RouteShared{message, group, hops});
    return true;
  }
  const auto here = core_.groups.find(group->share(), group->filter());
  if (here) return deliver_to_group(*here, message);
  return deliver_shared(message, group, static_cast<std::uint8_t>(hops + 1));
}

void Router::on_route_shared(RouteShared route) {
  const auto here = core_.groups.find(route.group->share(), route.group->filter());
  const bool others_are_better = here && core_.groups.counts(*here).online == 0 && route.hops == 0;
  if (here && !others_are_better) {
    deliver_to_group(*here, route.message);
    return;
  }
  deliver_shared(route.message, route.group, static_cast<std::uint8_t>(route.hops + 1));
}

std::vector<Router::Orphan> Router::take_orphans(Session& session, std::uint32_t group,
                                                 bool in_flight_qos1) {
  const QueueAccount account{core_, session.out};
  std::vector<Orphan> orphans;
  for (const Delivery& delivery : session.out.take_shared(group, in_flight_qos1)) {
    const topic::GroupId id{delivery.group - 1};
    orphans.push_back({delivery.message, std::string{core_.groups.share(id)},
                       std::string{core_.groups.filter(id)}});
  }
  return orphans;
}

void Router::give_again(const std::vector<Orphan>& orphans) {
  if (base::planted("lose-orphans")) return;
  if (!orphans.empty()) PROBE("shared messages are given to another member");
  for (const Orphan& orphan : orphans) {
    if (core_.is_alone()) {
      const auto group = core_.groups.find(orphan.share, orphan.filter);
      if (group) {
        deliver_to_group(*group, orphan.message);
      } else {
        core_.drop(Drop::no_member, nullptr);
      }
      continue;
    }
    const auto found = core_.interest.find(orphan.message->topic());
    const auto same = std::find_if(found.groups.begin(), found.groups.end(), [&](const auto& g) {
      return g->share() == orphan.share && g->filter() == orphan.filter;
    });
    if (same == found.groups.end()) {
      core_.drop(Drop::no_member, nullptr);
    } else {
      deliver_shared(orphan.message, topic::SharedInterestPtr{*same}, 0);
    }
  }
}

void Router::wake_group(topic::GroupId group) {
  std::vector<topic::SubscriberId> offline;
  core_.groups.for_each_member(group, [&](const topic::Member& member) {
    if (member.presence == topic::Presence::offline) offline.push_back(member.subscriber.id);
  });
  for (const topic::SubscriberId id : offline) {
    give_again(take_orphans(core_.sessions.at(id), group.value + 1, false));
  }
}

}  // namespace broker
