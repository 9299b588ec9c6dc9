// SUBSCRIBE and UNSUBSCRIBE: a session's subscriptions, the indexes that routing uses, and the
// retained messages that a new subscription gets, in slices so that a large set holds up nobody.
// One a shard.
#pragma once

#include <string>
#include <string_view>

#include "broker/core.h"
#include "broker/deliverer.h"
#include "broker/router.h"
#include "wire/packet.h"

namespace broker {

class Subscriptions final {
 public:
  Subscriptions(Core& core, Router& router, Deliverer& deliverer)
      : core_(core), router_(router), deliverer_(deliverer) {}

  void on_subscribe(Client& client, const wire::Subscribe& packet);
  void on_unsubscribe(Client& client, const wire::Unsubscribe& packet);

  // A member of shared subscriptions comes or goes.
  void set_presence(session::Session& session, topic::Presence presence);
  void on_group_awake(const GroupAwake& awake);
  // The session ends.
  void remove_all(session::Session& session);

  // Continues the deliveries of retained messages, a slice a client.
  void continue_retained();
  // Whether a client with retained messages to come has room for the next one.
  bool can_take_more(const Client& client) const;
  bool has_retained_work() const { return !core_.retained_queue.empty(); }
  // A client goes: a session that stays gets the rest when it is there again.
  void pause_retained(Client& client);
  void resume_retained(Client& client);

 private:
  wire::ReasonCode subscribe_one(Client& client, const wire::SubscriptionRequest& request,
                                 std::uint32_t identifier);
  wire::ReasonCode refuse(const Client& client, std::string_view filter, wire::ReasonCode reason,
                          std::string_view why);
  void add_ordinary(Client& client, const std::string& filter, session::Subscription subscription,
                    wire::RetainHandling handling);
  void add_shared(Client& client, const std::string& filter, session::Subscription subscription);
  void remove_from_indexes(session::Session& session, std::string_view filter);
  void continue_client(Client& client);
  void wake_others(const topic::SharedFilter& shared);
  void start_retained(Client& client, std::string_view filter,
                      const session::Subscription& subscription);
  // False: no room for it now.
  bool deliver_retained(Client& client, RetainedDelivery& delivery, const Retained& retained);
  bool is_current(const Retained& retained) const;
  bool may_deliver(const Retained& retained) const;

  Core& core_;
  Router& router_;
  Deliverer& deliverer_;
  absl::flat_hash_map<topic::SubscriberId, std::vector<RetainedDelivery>> paused_;  // Offline.
};

}  // namespace broker
