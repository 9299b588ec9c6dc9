#include "broker/core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/hash.h"

namespace broker {

using session::Session;

std::vector<ListenerState> listener_states(const config::Config& config) {
  std::vector<ListenerState> states(config.listeners.size());
  const auto size = [](config::ByteSize bytes) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes.bytes, wire::packet_size_max));
  };
  for (std::size_t i = 0; i < states.size(); ++i) {
    const config::Listener& listener = *config.listeners[i];
    states[i].options = &listener;
    states[i].allow_anonymous = config.allow_anonymous_for(listener);
    states[i].limits = {.packet_size_max = size(config.max_packet_size()),
                        .connect_size_max = size(config.max_connect_packet_size()),
                        .subscribe_size_max = size(config.max_subscribe_packet_size()),
                        .acknowledgement_size_max = size(config.max_ack_packet_size()),
                        .receive_maximum = static_cast<std::uint16_t>(
                            std::min<std::uint64_t>(config.max_inflight_messages().max, 65'535)),
                        .topic_alias_maximum = listener.max_topic_alias()};
  }
  return states;
}

// ---------------------------------------------------------------- SessionTable

Session* SessionTable::find(std::string_view client_id) {
  // The distribution's absl has a string_view of its own.
  const auto found = by_client_id_.find(absl::string_view{client_id.data(), client_id.size()});
  return found == by_client_id_.end() ? nullptr : slots_[found->second.value].get();
}

Session& SessionTable::create(std::string_view client_id) {
  std::uint32_t slot = static_cast<std::uint32_t>(slots_.size());
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  const topic::SubscriberId id{slot};
  const bool is_new = by_client_id_.emplace(std::string{client_id}, id).second;
  ASSERT(is_new);
  slots_[slot] = std::make_unique<Session>();
  Session& session = *slots_[slot];
  session.client_id = client_id;
  session.key = session::ClientKey{base::stable_hash(client_id)};
  session.id = id;
  return session;
}

void SessionTable::erase(Session& session) {
  const std::uint32_t slot = session.id.value;
  by_client_id_.erase(session.client_id);
  slots_[slot].reset();
  free_.push_back(slot);
}

// ---------------------------------------------------------------- Core

Core::Core(topic::ShardId shard, Environment& env, base::Instant start, std::uint64_t seed)
    : id(shard),
      environment(env),
      config(env.config),
      metrics(env.metrics[shard.value]),
      random(seed),
      now(start),
      logs_debug(env.log.wants(config::LogType::debug)),
      interest(env.interest),
      outboxes(env.shards()) {}

Client& Core::add(std::unique_ptr<Client> client) {
  std::uint32_t slot = static_cast<std::uint32_t>(clients_.size());
  if (free_clients_.empty()) {
    clients_.emplace_back();
  } else {
    slot = free_clients_.back();
    free_clients_.pop_back();
  }
  client->id = ConnectionId{slot};
  client->is_touched = false;
  clients_[slot] = std::move(client);
  metrics.sockets.add();
  return *clients_[slot];
}

void Core::remove(ConnectionId connection) {
  detach(connection);
  give_back(connection);
}

std::unique_ptr<Client> Core::detach(ConnectionId connection) {
  Client& client = *clients_[connection.value];
  timers.cancel(client.timer);
  metrics.output_bytes.subtract(client.counted_bytes);
  metrics.output_packets.subtract(client.counted_packets);
  client.counted_bytes = client.counted_packets = 0;
  if (client.is_touched) std::erase(touched, connection);
  std::erase(retained_queue, connection);
  metrics.sockets.subtract();
  return std::move(clients_[connection.value]);
}

void Core::count_output(Client& client) {
  const std::size_t bytes = client.machine.output().size();
  if (bytes == 0) client.unsent_packets = 0;
  metrics.output_bytes.add(bytes - std::exchange(client.counted_bytes, bytes));
  metrics.output_packets.add(client.unsent_packets -
                             std::exchange(client.counted_packets, client.unsent_packets));
}

bool Core::is_congested() const {
  if (is_alone()) return false;
  return std::any_of(outboxes.begin(), outboxes.end(),
                     [](const auto& outbox) { return outbox.size() >= outbox_high; });
}

void Core::drop(Drop why, Session* session) {
  metrics.drops(why).add();
  if (session == nullptr) return;
  ++session->dropped;
  if (!std::exchange(session->has_unpublished_drops, true)) dropping.push_back(session->id);
  if (why != Drop::queue_full && why != Drop::output_full) return;
  // Once until the client keeps up again: a line a message would be the next problem.
  if (std::exchange(session->drop_was_logged, true) || !logs(config::LogType::notice)) return;
  log(config::LogType::notice,
      fmt::format("Outgoing messages are being dropped for client {}.", session->client_id));
}

// ----------------------------------------------------------------

hook::ClientView view_of(const Client& client) {
  hook::ClientView view{.address = client.peer.address,
                        .version = client.machine.version(),
                        .listener = client.listener->options};
  if (client.publisher) {
    view.id = client.publisher->client_id;
    view.user = client.publisher->user_name;
  } else if (client.request) {
    view.id = client.request->client_id;
    view.user = client.request->user_name;
  }
  return view;
}

hook::ClientView view_of(const session::Publisher& publisher, const Environment& environment) {
  return {.id = publisher.client_id,
          .user = publisher.user_name,
          .address = publisher.address,
          .listener = environment.listeners[publisher.listener].options};
}

topic::ShardId home_of(std::string_view client_id, std::size_t shards) {
  return topic::ShardId{static_cast<std::uint8_t>(base::stable_hash(client_id) % shards)};
}

}  // namespace broker
