// From a message to those who get it: this shard's subscribers, other shards, one member of each
// shared subscription, the retained store. One a shard. Never disconnects anybody and publishes
// nothing itself, so it can be called from anywhere in a turn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/core.h"
#include "broker/deliverer.h"

namespace broker {

class Router final {
 public:
  Router(Core& core, Deliverer& deliverer) : core_(core), deliverer_(deliverer) {}

  // True if anybody had a matching subscription. `publisher` is kept with retained messages; null:
  // the broker.
  bool publish(const session::MessageRef& message, const PublisherRef& publisher);
  // A subscription was made: draws the number that orders it among retained publishes.
  std::uint64_t next_since();

  // From other shards.
  void on_route(const session::MessageRef& message) { deliver_here(message); }
  void on_route_shared(RouteShared route);

  // Shared messages that lost their member. Takes them out of a session's queue (see
  // Outbound::take_shared) while the session is still a member; give_again() finds each a new one,
  // or counts it as dropped.
  struct Orphan {
    session::MessageRef message;
    std::string share;
    std::string filter;
  };
  std::vector<Orphan> take_orphans(session::Session& session, std::uint32_t group,
                                   bool in_flight_qos1);
  void give_again(const std::vector<Orphan>& orphans);
  // A member came online: what waits at offline members of its group on this shard is given to it.
  void wake_group(topic::GroupId group);

 private:
  // One client's matching subscriptions, summed up.
  struct Merged {
    session::Session* session;
    session::Delivery delivery;
  };
  bool has_memory_for(const session::Message& message) const;
  bool route(const session::MessageRef& message);
  bool deliver_here(const session::MessageRef& message);
  void merge(const topic::Subscriber& subscriber, const session::MessageRef& message);
  bool is_stale(const session::Session& session, const session::Message& message) const;
  bool deliver_to_group(topic::GroupId group, const session::MessageRef& message);
  bool deliver_shared(const session::MessageRef& message, const topic::SharedInterestPtr& group,
                      std::uint8_t hops);
  wire::Qos delivery_qos(wire::Qos published, wire::Qos granted) const;

  Core& core_;
  Deliverer& deliverer_;
  std::vector<Merged> merged_;             // Scratch of one message.
  std::vector<std::uint32_t> merged_at_;   // By session number: 1 + its place in merged_, 0: none.
  std::vector<topic::GroupId> groups_;     // Scratch.
  std::uint64_t newest_subscription_ = 0;  // The largest Subscription::since of this shard.
};

// How a Subscription travels through the index.
std::uint8_t pack_options(const session::Subscription& subscription);

}  // namespace broker
