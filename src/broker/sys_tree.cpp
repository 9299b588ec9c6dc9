#include "broker/sys_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "topic/filter.h"

namespace broker {

void LoadAverage::update(std::uint64_t total, base::Duration elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (seconds <= 0) return;
  const double per_minute = static_cast<double>(total - last_total_) * 60.0 / seconds;
  last_total_ = total;
  constexpr std::array<double, 3> window{60, 300, 900};
  for (std::size_t i = 0; i < window.size(); ++i) {
    const double keep = std::exp(-seconds / window[i]);
    averages_[i] = per_minute + keep * (averages_[i] - per_minute);
  }
}

session::MessageRef drops_message(std::string_view client_id, std::string_view count) {
  std::string topic = fmt::format("$SYS/broker/clients/{}/messages/dropped", client_id);
  // A client id may have what a topic may not.
  std::replace_if(topic.begin(), topic.end(), [](char c) { return c == '+' || c == '#'; }, '_');
  return session::Message::make({.topic = topic,
                                 .payload = base::as_bytes(count),
                                 .qos = wire::Qos::exactly_once,
                                 .retain = true});
}

void ClientDrops::update() {
  for (const topic::SubscriberId id : std::exchange(core_.dropping, {})) {
    session::Session& session = core_.sessions.at(id);
    session.has_unpublished_drops = false;
    const auto message = drops_message(session.client_id, std::to_string(session.dropped));
    // A client id may be too long for a part of a topic, or have too many slashes.
    if (!topic::is_valid_name(message->topic(), core_.config.max_topic_levels())) continue;
    session.has_drops_topic = true;
    router_.publish(message, {});
  }
}

SysTree::SysTree(Core& core, Router& router, base::Instant start)
    : core_(core),
      router_(router),
      interval_(core.config.sys_interval()),
      start_(start),
      last_update_(start) {}

base::Duration SysTree::until_next() const {
  const auto interval = std::chrono::nanoseconds{interval_};
  return interval - core_.wall.since_epoch % interval;
}

std::uint64_t SysTree::sum(Counter Metrics::* counter) const {
  std::uint64_t total = 0;
  for (const Metrics& metrics : core_.environment.metrics) total += (metrics.*counter).value();
  return total;
}

std::uint64_t SysTree::sum_drops(std::size_t reason) const {
  std::uint64_t total = 0;
  for (const Metrics& metrics : core_.environment.metrics) total += metrics.dropped[reason].value();
  return total;
}

void SysTree::update() {
  std::uint64_t dropped = 0;
  for (std::size_t reason = 0; reason < drop_reasons; ++reason) {
    const std::uint64_t count = sum_drops(reason);
    dropped += count;
    put(fmt::format("publish/messages/dropped/{}", drop_names[reason]), count);
  }
  publish_counts(dropped);
  publish_loads(core_.now - last_update_, dropped);
  last_update_ = core_.now;
}

void SysTree::publish_counts(std::uint64_t dropped) {
  const Totals& totals = core_.environment.totals;
  const std::uint64_t sessions = sum(&Metrics::sessions);
  const std::uint64_t online = sum(&Metrics::sessions_online);
  const std::uint64_t retained = core_.environment.retained.count();
  const std::uint64_t stored = sum(&Metrics::queued_messages) + retained;
  put("version", fmt::format("{} version {}", core_.environment.program, MIDGE_VERSION));
  put("uptime",
      fmt::format("{} seconds",
                  std::chrono::duration_cast<std::chrono::seconds>(core_.now - start_).count()));
  put("clients/total", sessions);
  put("clients/maximum", totals.sessions_max.load(std::memory_order_relaxed));
  put("clients/connected", online);
  put("clients/active", online);
  put("clients/disconnected", sessions - online);
  put("clients/inactive", sessions - online);
  put("clients/expired", sum(&Metrics::clients_expired));
  put("messages/received", sum(&Metrics::packets_received));
  put("messages/sent", sum(&Metrics::packets_sent));
  put("messages/stored", stored);
  put("store/messages/count", stored);
  put("store/messages/bytes", sum(&Metrics::queued_bytes) + core_.environment.retained.bytes());
  put("retained messages/count", retained);
  put("subscriptions/count", sum(&Metrics::subscriptions));
  put("shared_subscriptions/count", sum(&Metrics::shared_subscriptions));
  put("bytes/received", sum(&Metrics::bytes_received));
  put("bytes/sent", sum(&Metrics::bytes_sent));
  put("publish/bytes/received", sum(&Metrics::publish_bytes_received));
  put("publish/bytes/sent", sum(&Metrics::publish_bytes_sent));
  put("publish/messages/received", sum(&Metrics::publishes_received));
  put("publish/messages/sent", sum(&Metrics::publishes_sent));
  put("publish/messages/dropped", dropped);
  put("packet/out/count", sum(&Metrics::output_packets));
  put("packet/out/bytes", sum(&Metrics::output_bytes));
  put("connections/socket/count", sum(&Metrics::sockets));
}

void SysTree::publish_loads(base::Duration elapsed, std::uint64_t dropped) {
  const std::array<std::pair<std::string_view, std::uint64_t>, 9> totals{{
      {"messages/received", sum(&Metrics::packets_received)},
      {"messages/sent", sum(&Metrics::packets_sent)},
      {"publish/received", sum(&Metrics::publishes_received)},
      {"publish/sent", sum(&Metrics::publishes_sent)},
      {"publish/dropped", dropped},
      {"bytes/received", sum(&Metrics::bytes_received)},
      {"bytes/sent", sum(&Metrics::bytes_sent)},
      {"sockets", sum(&Metrics::sockets_opened)},
      {"connections", sum(&Metrics::connects)},
  }};
  for (std::size_t i = 0; i < totals.size(); ++i) {
    const auto& [name, total] = totals[i];
    loads_[i].update(total, elapsed);
    put(fmt::format("load/{}/1min", name), fmt::format("{:.2f}", loads_[i].one()));
    put(fmt::format("load/{}/5min", name), fmt::format("{:.2f}", loads_[i].five()));
    put(fmt::format("load/{}/15min", name), fmt::format("{:.2f}", loads_[i].fifteen()));
  }
}

void SysTree::put(std::string_view topic, std::string payload) {
  std::string full = fmt::format("$SYS/broker/{}", topic);
  std::string& last = published_[full];
  if (last == payload) return;
  last = std::move(payload);
  router_.publish(session::Message::make({.topic = full,
                                          .payload = base::as_bytes(last),
                                          .qos = wire::Qos::exactly_once,
                                          .retain = true}),
                  {});
}

}  // namespace broker
