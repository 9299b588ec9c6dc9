#include "sim/network.h"

#include <algorithm>
#include <utility>

namespace sim {

namespace {
constexpr Ms notice_max = 3'000;
constexpr Ms late_notice_max = 25'000;
}  // namespace

LinkPtr Network::open(Endpoint& client) {
  auto link = std::make_shared<Link>();
  link->number = ++last_number_;
  link->client = &client;
  link->reaches_broker = arrival(world_.now());
  links_.push_back(link);
  world_.after(link->reaches_broker - world_.now(), [this, link] {
    if (link->is_cut) return;
    host_->on_connection(link);
  });
  return link;
}

Ms Network::arrival(Ms last) {
  const Ms delay = world_.has_faults ? world_.up_to(world_.options.delay_ms) : 1;
  return std::max(last, world_.now() + delay);
}

void Network::pieces(const LinkPtr& link, std::string bytes, Ms& last,
                     void (Network::*deliver)(const LinkPtr&, const std::string&)) {
  while (!bytes.empty()) {
    std::size_t size = bytes.size();
    if (world_.percent(world_.options.split)) size = world_.random.range(1, size);
    if (world_.fault(world_.options.cut)) return cut(link);
    last = arrival(last);
    world_.after(last - world_.now(), [this, link, deliver, piece = bytes.substr(0, size)] {
      (this->*deliver)(link, piece);
    });
    bytes.erase(0, size);
  }
}

void Network::to_broker(const LinkPtr& link, std::string bytes) {
  pieces(link, std::move(bytes), link->reaches_broker, &Network::arrive_at_broker);
}

void Network::to_client(const LinkPtr& link, std::string bytes) {
  link->on_the_way += bytes.size();
  pieces(link, std::move(bytes), link->reaches_client, &Network::arrive_at_client);
}

void Network::arrive_at_broker(const LinkPtr& link, const std::string& bytes) {
  if (link->is_cut || link->place == Link::Place::closed) return;
  link->arrived += bytes;
  host_->on_ready(*link);
}

void Network::arrive_at_client(const LinkPtr& link, const std::string& bytes) {
  if (link->is_cut || !link->is_client_open) return;
  if (!link->is_read) {
    link->unread += bytes;
    return;
  }
  link->on_the_way -= bytes.size();
  if (link->place == Link::Place::open) host_->on_ready(*link);
  link->client->on_bytes(*link, bytes);
}

void Network::set_reading(const LinkPtr& link, bool reads) {
  link->is_read = reads;
  if (reads && !link->unread.empty()) arrive_at_client(link, std::exchange(link->unread, {}));
}

void Network::close_by_client(const LinkPtr& link) {
  if (!std::exchange(link->is_client_open, false)) return;
  link->reaches_broker = arrival(link->reaches_broker);
  world_.after(link->reaches_broker - world_.now(), [this, link] {
    if (link->is_cut || link->place == Link::Place::closed) return;
    link->has_ended = true;
    host_->on_ready(*link);
  });
}

void Network::close_by_broker(const LinkPtr& link) {
  link->place = Link::Place::closed;
  link->reaches_client = arrival(link->reaches_client);
  world_.after(link->reaches_client - world_.now(), [this, link] {
    if (link->is_cut) return;
    set_reading(link, true);
    if (std::exchange(link->is_client_open, false)) link->client->on_closed(*link);
  });
}

void Network::cut(const LinkPtr& link) {
  if (std::exchange(link->is_cut, true)) return;
  const auto delay = [this] {
    return world_.up_to(world_.percent(world_.options.half_open) ? late_notice_max : notice_max);
  };
  notice_at_broker(link, delay());
  notice_at_client(link, delay());
}

void Network::notice_at_broker(const LinkPtr& link, Ms delay) {
  world_.after(delay, [this, link] {
    if (link->place == Link::Place::closed || link->has_failed) return;
    link->has_failed = true;
    if (link->place != Link::Place::coming) host_->on_ready(*link);
  });
}

void Network::notice_at_client(const LinkPtr& link, Ms delay) {
  world_.after(delay, [link] {
    if (std::exchange(link->is_client_open, false)) link->client->on_closed(*link);
  });
}

void Network::cut_all() {
  for (const LinkPtr& link : std::vector<LinkPtr>{links_}) cut(link);
}

void Network::end_faults() {
  for (const LinkPtr& link : std::vector<LinkPtr>{links_}) {
    if (link->is_cut) {
      notice_at_broker(link, world_.up_to(50));
      notice_at_client(link, world_.up_to(50));
    } else {
      if (link->is_client_open) set_reading(link, true);
      if (link->place == Link::Place::open) host_->on_ready(*link);
    }
  }
}

void Network::break_all() {
  for (const LinkPtr& link : std::vector<LinkPtr>{links_}) {
    if (link->place != Link::Place::coming && link->place != Link::Place::closed)
      close_by_broker(link);
  }
}

}  // namespace sim
