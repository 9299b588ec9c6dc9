#include "broker/subscriptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/planted.h"
#include "base/probe.h"
#include "topic/filter.h"

namespace broker {

using session::Session;
using session::Subscription;
using wire::PropertyId;
using wire::Qos;
using wire::ReasonCode;
using wire::Version;

namespace {

// Retained messages of one client and turn; more would hold up the others.
constexpr std::size_t slice_messages = 64;
// Beyond this a client has to catch up first.
constexpr std::size_t slice_output_max = std::size_t{256} * 1024;

// With the listener's mount point, which goes inside a shared filter.
std::string mounted(std::string_view mount_point, std::string_view filter) {
  if (const auto shared = topic::split_share(filter)) {
    return fmt::format("$share/{}/{}{}", shared->group, mount_point, shared->filter);
  }
  return fmt::format("{}{}", mount_point, filter);
}

topic::Subscriber subscriber_of(const Session& session, const Subscription& subscription) {
  return {session.id, subscription.identifier, pack_options(subscription)};
}

}  // namespace

// ---------------------------------------------------------------- SUBSCRIBE

void Subscriptions::on_subscribe(Client& client, const wire::Subscribe& packet) {
  if (core_.logs_debug) {
    core_.log(config::LogType::debug,
              fmt::format("Received SUBSCRIBE from {}", client.session->client_id));
  }
  const std::uint32_t identifier =
      packet.properties.number(PropertyId::subscription_identifier).value_or(0);
  wire::Suback answer{.id = packet.id, .properties = {}, .codes = {}};
  answer.codes.reserve(packet.requests.size());
  for (const wire::SubscriptionRequest& request : packet.requests) {  // [MQTT-3.8.4-5]
    answer.codes.push_back(subscribe_one(client, request, identifier));
  }
  client.machine.send(answer);
  core_.on_sent(client);
  if (core_.logs_debug) {
    core_.log(config::LogType::debug,
              fmt::format("Sending SUBACK to {}", client.session->client_id));
  }
}

ReasonCode Subscriptions::subscribe_one(Client& client, const wire::SubscriptionRequest& request,
                                        std::uint32_t identifier) {
  const topic::FilterFault fault =
      topic::check_filter(request.filter, core_.config.max_topic_levels());
  if (fault != topic::FilterFault::none) {
    return refuse(client, request.filter, ReasonCode::topic_filter_invalid, topic::explain(fault));
  }
  const std::string filter = mounted(client.listener->options->mount_point(), request.filter);
  if (filter.size() > topic::text_size_max) {
    return refuse(client, request.filter, ReasonCode::topic_filter_invalid,
                  topic::explain(topic::FilterFault::too_long));
  }
  const hook::ClientView view = view_of(client);
  hook::Subscribed question{.client = view, .filter = request.filter, .qos = request.qos};
  if (core_.environment.hooks.run(question) == hook::Decision::deny) {
    return refuse(client, request.filter, question.reason, "not authorized");
  }
  const Qos most{client.listener->options->max_qos()};  // [MQTT-3.2.2-10]
  const Subscription subscription{.qos = wire::min(most, question.qos),
                                  .no_local = request.no_local,
                                  .retain_as_published = request.retain_as_published,
                                  .identifier = identifier};
  if (topic::split_share(filter)) {
    add_shared(client, filter, subscription);
  } else {
    add_ordinary(client, filter, subscription, request.retain_handling);
  }
  if (core_.logs(config::LogType::subscribe)) {
    core_.log(config::LogType::subscribe, fmt::format("{} {} {}", client.session->client_id,
                                                      static_cast<int>(subscription.qos), filter));
  }
  if (base::planted("grant-more")) return ReasonCode::granted_qos_2;
  return static_cast<ReasonCode>(subscription.qos);
}

ReasonCode Subscriptions::refuse(const Client& client, std::string_view filter, ReasonCode reason,
                                 std::string_view why) {
  if (core_.logs(config::LogType::notice)) {
    core_.log(
        config::LogType::notice,
        fmt::format("Client {} [{}:{}]: subscription '{}' refused: {}.", client.session->client_id,
                    client.peer.address, client.peer.port, filter, why));
  }
  switch (client.machine.version()) {
    case Version::v31:  // Has no word for it: granted, and nothing is ever delivered.
      return ReasonCode::granted_qos_0;
    case Version::v311:
      return ReasonCode::unspecified_error;
    case Version::v5:
      return reason;
  }
  UNREACHABLE();
}

void Subscriptions::add_ordinary(Client& client, const std::string& filter,
                                 Subscription subscription, wire::RetainHandling handling) {
  Session& session = *client.session;
  const auto at = session.subscriptions.find(filter);
  const bool is_new = at == session.subscriptions.end();
  core_.index.add(filter, subscriber_of(session, subscription));
  if (is_new) {
    if (!core_.is_alone()) core_.environment.interest.add(filter, core_.id);
    core_.metrics.subscriptions.add();
  }
  const std::uint64_t since = router_.next_since();
  // Replacing one must not interrupt the flow of messages [MQTT-3.8.4-4].
  subscription.since = is_new ? since : at->second.since;
  session.subscriptions.insert_or_assign(filter, subscription);
  // [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11]
  const bool wants_retained =
      handling == wire::RetainHandling::send || (handling == wire::RetainHandling::send_if_new &&
                                                 (is_new || base::planted("retained-again")));
  if (!wants_retained || core_.environment.retained.count() == 0) return;
  subscription.since = since;
  start_retained(client, filter, subscription);
}

void Subscriptions::add_shared(Client& client, const std::string& filter,
                               Subscription subscription) {
  Session& session = *client.session;
  const auto shared = topic::split_share(filter);
  const bool is_new = session.subscriptions.insert_or_assign(filter, subscription).second;
  const topic::Member member{subscriber_of(session, subscription), topic::Presence::online};
  const auto added = core_.groups.add(shared->group, shared->filter, member);
  if (!is_new) return;
  core_.metrics.subscriptions.add();
  core_.metrics.shared_subscriptions.add();
  if (!core_.is_alone()) {
    core_.environment.interest.add_member(shared->group, shared->filter, core_.id,
                                          topic::Presence::online);
    wake_others(*shared);
  }
  router_.wake_group(added.group);
}

// ---------------------------------------------------------------- UNSUBSCRIBE

void Subscriptions::on_unsubscribe(Client& client, const wire::Unsubscribe& packet) {
  wire::Unsuback answer{.id = packet.id, .properties = {}, .codes = {}};
  Session& session = *client.session;
  for (const std::string_view wanted : packet.filters) {
    const hook::ClientView view = view_of(client);
    hook::Unsubscribed event{.client = view, .filter = wanted};
    const bool may = core_.environment.hooks.run(event) != hook::Decision::deny;
    const std::string filter = mounted(client.listener->options->mount_point(), wanted);
    const auto at = session.subscriptions.find(filter);  // [MQTT-3.10.4-1]
    ReasonCode code = may ? ReasonCode::no_subscription_existed : ReasonCode::not_authorized;
    if (may && at != session.subscriptions.end()) {
      if (!base::planted("unsubscribe-in-name")) remove_from_indexes(session, filter);
      session.subscriptions.erase(at);
      std::erase_if(client.retained,  // [MQTT-3.10.4-2]
                    [&](const RetainedDelivery& one) { return one.filter == filter; });
      code = ReasonCode::success;
    }
    answer.codes.push_back(code);
    if (core_.logs(config::LogType::unsubscribe)) {
      core_.log(config::LogType::unsubscribe, fmt::format("{} {}", session.client_id, filter));
    }
  }
  client.machine.send(answer);  // [MQTT-3.10.4-4], [MQTT-3.10.4-5]
  core_.on_sent(client);
}

void Subscriptions::remove_from_indexes(Session& session, std::string_view filter) {
  core_.metrics.subscriptions.subtract();
  const auto shared = topic::split_share(filter);
  if (!shared) {
    core_.index.remove(filter, session.id);
    if (!core_.is_alone() && !base::planted("leak-interest")) {
      core_.environment.interest.remove(filter, core_.id);
    }
    return;
  }
  core_.metrics.shared_subscriptions.subtract();
  const auto group = core_.groups.find(shared->group, shared->filter);
  PROBE("a member leaves a group");
  session.out.forget_group(group->value + 1);
  core_.groups.remove(shared->group, shared->filter, session.id);
  if (core_.is_alone()) return;
  core_.environment.interest.remove_member(
      shared->group, shared->filter, core_.id,
      session.is_online() ? topic::Presence::online : topic::Presence::offline);
}

void Subscriptions::remove_all(Session& session) {
  for (const auto& [filter, subscription] : session.subscriptions)
    remove_from_indexes(session, filter);
  session.subscriptions.clear();
  paused_.erase(session.id);
}

// ---------------------------------------------------------------- shared subscriptions

void Subscriptions::set_presence(Session& session, topic::Presence presence) {
  if (!base::planted("forget-presence")) core_.groups.set_presence(session.id, presence);
  std::vector<topic::GroupId> groups;
  core_.groups.for_each_group(
      session.id, [&](topic::GroupId group, const topic::Member&) { groups.push_back(group); });
  for (const topic::GroupId group : groups) {
    const topic::SharedFilter shared{core_.groups.share(group), core_.groups.filter(group)};
    if (!core_.is_alone()) {
      core_.environment.interest.set_presence(shared.group, shared.filter, core_.id, presence);
    }
    if (presence == topic::Presence::online) {
      wake_others(shared);
      router_.wake_group(group);
    } else if (!core_.is_alone() || core_.groups.counts(group).online > 0) {
      // Never stuck at one who is away while another is there.
      router_.give_again(router_.take_orphans(session, group.value + 1, false));
    }
  }
}

void Subscriptions::wake_others(const topic::SharedFilter& shared) {
  core_.for_each_other_shard([&](topic::ShardId shard) {
    core_.post(shard, GroupAwake{std::string{shared.group}, std::string{shared.filter}});
  });
}

void Subscriptions::on_group_awake(const GroupAwake& awake) {
  if (const auto group = core_.groups.find(awake.share, awake.filter)) router_.wake_group(*group);
}

// ---------------------------------------------------------------- retained messages

// One delivery a filter, so that subscribing again and again costs no memory.
void Subscriptions::start_retained(Client& client, std::string_view filter,
                                   const Subscription& subscription) {
  std::erase_if(client.retained,
                [filter](const RetainedDelivery& one) { return one.filter == filter; });
  client.retained.push_back({.filter = std::string{filter},
                             .cursor = core_.environment.retained.open(filter),
                             .subscription = subscription});
  auto& queue = core_.retained_queue;
  if (std::find(queue.begin(), queue.end(), client.id) == queue.end()) queue.push_back(client.id);
}

void Subscriptions::pause_retained(Client& client) {
  std::erase(core_.retained_queue, client.id);
  std::vector<RetainedDelivery> rest = std::exchange(client.retained, {});
  const bool stays = client.session != nullptr && client.session->expiry != base::Seconds{0};
  if (stays && !rest.empty()) PROBE("a connection ends before all that is retained was sent");
  if (stays && !rest.empty()) paused_[client.session->id] = std::move(rest);
}

void Subscriptions::resume_retained(Client& client) {
  const auto paused = paused_.find(client.session->id);
  if (paused == paused_.end()) return;
  PROBE("retained messages go on after a reconnect");
  client.retained = std::move(paused->second);
  paused_.erase(paused);
  core_.retained_queue.push_back(client.id);
}

void Subscriptions::continue_retained() {
  for (std::size_t i = 0; i < core_.retained_queue.size();) {
    Client& client = *core_.find(core_.retained_queue[i]);
    continue_client(client);
    if (client.retained.empty()) {
      core_.retained_queue.erase(core_.retained_queue.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

// They never wait in the client's queue, so none is ever dropped for a full one, and none takes the
// place of what is being published.
bool Subscriptions::can_take_more(const Client& client) const {
  if (client.retained.empty() || !deliverer_.has_output_room(client)) return false;
  if (client.machine.output().size() >= slice_output_max) return false;
  return !client.retained.front().waits_for_window ||
         client.session->out.can_bypass(deliverer_.window_of(client));
}

void Subscriptions::continue_client(Client& client) {
  if (!can_take_more(client)) return;
  RetainedDelivery& delivery = client.retained.front();
  delivery.is_held = !delivery.slice.empty();
  // The stripe is locked meanwhile, so nothing but copying happens in the visitor.
  if (delivery.slice.empty()) {
    delivery.has_more = delivery.cursor->collect(
        slice_messages, [&delivery](std::string_view, const Retained& retained) {
          delivery.slice.push_back(retained);
        });
  }
  for (; delivery.next < delivery.slice.size(); ++delivery.next) {
    if (!deliver_retained(client, delivery, delivery.slice[delivery.next])) return;
  }
  delivery.slice.clear();
  delivery.next = 0;
  if (!delivery.has_more) client.retained.erase(client.retained.begin());
}

bool Subscriptions::deliver_retained(Client& client, RetainedDelivery& delivery,
                                     const Retained& retained) {
  const Subscription& subscription = delivery.subscription;
  const session::MessageRef& message = retained.message;
  // Numbered later than the subscription: this client got it as it was published.
  if (message->retained_sequence() >= subscription.since) {
    PROBE("a retained message is newer than the subscription that asks for it");
    return true;
  }
  if (message->is_expired(core_.now)) return true;
  if (subscription.no_local && client.session->key == message->publisher()) return true;
  if (delivery.is_held && !is_current(retained)) {
    PROBE("a retained message is replaced while it waits");
    if (!base::planted("deliver-replaced")) return true;
  }
  if (!may_deliver(retained)) return true;
  const Qos qos = core_.config.upgrade_outgoing_qos() ? subscription.qos
                                                      : wire::min(message->qos(), subscription.qos);
  delivery.waits_for_window = qos != Qos::at_most_once;
  if (!can_take_more(client)) return false;
  delivery.waits_for_window = false;
  deliverer_.begin(message);
  deliverer_.deliver(*client.session, {.message = message,
                                       .more_identifiers = nullptr,
                                       .identifier = subscription.identifier,
                                       .group = 0,
                                       .qos = qos,
                                       .retain = true});  // [MQTT-3.3.1-8]
  return true;
}

// While it waited for room another may have taken its place; that one was delivered as it was
// published, and an older one must not come after it.
bool Subscriptions::is_current(const Retained& retained) const {
  auto stripe = core_.environment.retained.lock(retained.message->topic());
  const auto there = stripe.get();
  return there && there->message == retained.message;
}

// Its publisher may have lost the right to say this since.
bool Subscriptions::may_deliver(const Retained& retained) const {
  if (!retained.publisher || !core_.config.check_retain_source()) return true;
  const hook::ClientView view = view_of(*retained.publisher, core_.environment);
  hook::Authorize question{
      .client = view, .topic = retained.message->topic(), .access = hook::Access::write};
  return core_.environment.hooks.run(question) != hook::Decision::deny;
}

}  // namespace broker
