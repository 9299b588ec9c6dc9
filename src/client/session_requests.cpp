// SUBSCRIBE and UNSUBSCRIBE: asked for, answered, and made again after a reconnect.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "client/check.h"
#include "client/session.h"
#include "client/texts.h"

namespace client {

using wire::PacketId;

namespace {
// Filters and their bytes in one SUBSCRIBE of ours: below what servers commonly accept.
constexpr std::size_t again_filters_max = 50;
constexpr std::size_t again_bytes_max = 16'384;
}  // namespace

midge::Result<void> Session::subscribe(std::vector<midge::Subscription> subscriptions,
                                       midge::SubscribeHandler done,
                                       const wire::Properties& properties) {
  if (auto checked = check_subscriptions(subscriptions, properties, options_.version); !checked) {
    return checked;
  }
  if (subscriptions_.size() >= options_.subscriptions_max) return base::Error{queue_full()};
  Request request{.subscriptions = std::move(subscriptions), .done = std::move(done)};
  request.properties.add(properties);
  return add_request(std::move(request));
}

midge::Result<void> Session::unsubscribe(std::vector<std::string> filters,
                                         midge::SubscribeHandler done,
                                         const wire::Properties& properties) {
  if (auto checked = check_filters(filters, properties, options_.version); !checked) {
    return checked;
  }
  Request request{.filters = std::move(filters), .done = std::move(done)};
  request.properties.add(properties);
  return add_request(std::move(request));
}

midge::Result<void> Session::add_request(Request request) {
  if (requests_.size() >= options_.requests_max) return base::Error{queue_full()};
  requests_.push_back(std::move(request));
  send_requests();
  return {};
}

// The unsent ones are the last, unless identifiers were short.
void Session::send_requests() {
  if (!online_) return;
  for (std::size_t i = 0; i < requests_.size();) {
    if (ids_.size() >= request_ids_max) return;
    if (requests_[i].id.value != 0 || send_request(requests_[i])) {
      ++i;
      continue;
    }
    Request request = std::move(requests_[i]);
    requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(i));
    finish_request(std::move(request), too_large_for(connection_->peer_packet_size_max()));
  }
}

bool Session::send_request(Request& request) {
  request.id = take_id();
  if (request.is_subscribe() ? send_subscribe(request) : send_unsubscribe(request)) return true;
  ids_.erase(request.id);
  return false;
}

bool Session::send_subscribe(const Request& request) {
  wire::Subscribe packet{.id = request.id, .properties = request.properties.view()};
  packet.requests.reserve(request.subscriptions.size());
  for (const midge::Subscription& wanted : request.subscriptions) {
    log_.sending_subscribe(request.id, wanted);
    packet.requests.push_back({.filter = wanted.filter,
                               .qos = wanted.qos,
                               .no_local = wanted.no_local,
                               .retain_as_published = wanted.retain_as_published,
                               .retain_handling = wanted.retain_handling});
  }
  return connection_->send(packet);
}

bool Session::send_unsubscribe(const Request& request) {
  wire::Unsubscribe packet{.id = request.id, .properties = request.properties.view()};
  for (const std::string& filter : request.filters) {
    log_.sending_unsubscribe(request.id, filter);
    packet.filters.push_back(filter);
  }
  return connection_->send(packet);
}

void Session::finish_request(Request request, const midge::Error& why) {
  if (request.done) events_.emplace_back(RequestDone{std::move(request.done), {.error = why}});
}

// In front of what waits: that was asked for later than these subscriptions.
void Session::subscribe_again() {
  std::deque<Request> again;
  std::size_t bytes = 0;
  for (const auto& [filter, kept] : subscriptions_) {
    const bool fits = !again.empty() && again.back().subscriptions.size() < again_filters_max &&
                      bytes + filter.size() <= again_bytes_max &&
                      std::ranges::equal(again.back().properties.view().encoded(),
                                         kept.properties.view().encoded());
    if (!fits) {
      again.push_back({.again = true, .properties = kept.properties});
      bytes = 0;
    }
    again.back().subscriptions.push_back(kept.subscription);
    bytes += filter.size();
  }
  requests_.insert(requests_.begin(), std::make_move_iterator(again.begin()),
                   std::make_move_iterator(again.end()));
}

std::optional<Session::Request> Session::take_request(PacketId id, bool is_subscribe) {
  const auto found = std::ranges::find_if(requests_, [&](const Request& request) {
    return request.id == id && request.is_subscribe() == is_subscribe;
  });
  if (found == requests_.end()) return std::nullopt;
  Request request = std::move(*found);
  requests_.erase(found);
  ids_.erase(id);
  return request;
}

void Session::take_back_requests() {
  std::erase_if(requests_, [this](const Request& request) {
    if (request.again) ids_.erase(request.id);
    return request.again;
  });
  for (Request& request : requests_) ids_.erase(std::exchange(request.id, PacketId{}));
}

void Session::fail_requests(const midge::Error& why) {
  ASSERT(!online_);
  for (Request& request : std::exchange(requests_, {})) finish_request(std::move(request), why);
}

}  // namespace client
