// What the parts of one shard have in common: its clients, its sessions, its indexes, the time of
// this turn and what goes out at its end. No behaviour of MQTT; the parts (Handshake, Router, ...)
// have that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/random.h"
#include "base/ring.h"
#include "base/time.h"
#include "base/timer_wheel.h"
#include "broker/client.h"
#include "broker/environment.h"
#include "broker/shard_message.h"
#include "session/session.h"
#include "topic/shared_groups.h"
#include "topic/subscription_index.h"

namespace broker {

struct Timer {
  enum class Kind : std::uint8_t {
    none,
    connection,
    session_expiry,
    will,
    sys_tree,
    retained_sweep
  };
  Kind kind = Kind::none;
  std::uint32_t slot = 0;  // Of the client or the session.
};

// Slow work for the worker pool; its answer comes back with the number.
struct Job {
  ConnectionId connection;
  std::uint64_t serial = 0;
  std::function<hook::Decision()> work;
};

struct Departure {
  ConnectionId from;  // Given to no other until take_departures().
  topic::ShardId to;
  std::unique_ptr<Client> client;
};

// Sessions by client id and by their number.
class SessionTable final {
 public:
  session::Session* find(std::string_view client_id);
  session::Session& at(topic::SubscriberId id) { return *slots_[id.value]; }
  session::Session& create(std::string_view client_id);
  void erase(session::Session& session);
  std::size_t size() const { return by_client_id_.size(); }
  // In the order of their numbers, so that a walk is repeatable. `visit` may erase the one it is
  // at.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i]) visit(*slots_[i]);
    }
  }

 private:
  absl::flat_hash_map<std::string, topic::SubscriberId> by_client_id_;
  std::vector<std::unique_ptr<session::Session>> slots_;
  std::vector<std::uint32_t> free_;
};

class Core final {
 public:
  Core(topic::ShardId shard, Environment& env, base::Instant start, std::uint64_t seed);

  const topic::ShardId id;
  Environment& environment;
  const config::Config& config;
  Metrics& metrics;
  base::Random random;
  base::Instant now;
  base::WallTime wall{};
  const bool logs_debug;

  SessionTable sessions;
  topic::SubscriptionIndex index;
  topic::SharedGroups groups;
  topic::InterestReader interest;
  base::TimerWheel<Timer> timers;

  // ---- clients
  Client& add(std::unique_ptr<Client> client);
  void remove(ConnectionId connection);
  // Takes it out; its place stays taken until give_back(), since the driver still knows the
  // connection by it.
  std::unique_ptr<Client> detach(ConnectionId connection);
  void give_back(ConnectionId connection) { free_clients_.push_back(connection.value); }
  Client* find(ConnectionId connection) const {
    return connection.value < clients_.size() ? clients_[connection.value].get() : nullptr;
  }
  Client& client_of(const session::Session& session) { return *clients_[session.connection]; }
  template <class Visit>
  void for_each_client(Visit&& visit) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (clients_[i]) visit(*clients_[i]);
    }
  }
  std::uint64_t next_serial() { return ++last_serial_; }

  // ---- what goes out at the end of the turn
  // This client's output or state changed: the driver looks at it.
  void touch(Client& client) {
    if (client.is_touched) return;
    client.is_touched = true;
    touched.push_back(client.id);
  }
  // A packet went into its output.
  void on_sent(Client& client) {
    metrics.packets_sent.add();
    ++client.unsent_packets;
    touch(client);
  }
  // Brings the figures of what waits in its output up to date.
  void count_output(Client& client);
  void post(topic::ShardId to, ShardMessage message) {
    outboxes[to.value].push_back(std::move(message));
  }
  template <class Visit>
  void for_each_other_shard(Visit&& visit) const {
    for (std::size_t shard = 0; shard < outboxes.size(); ++shard) {
      if (shard != id.value) visit(topic::ShardId{static_cast<std::uint8_t>(shard)});
    }
  }
  bool is_alone() const { return environment.shards() == 1; }
  // Beyond this many messages that a lane has not taken, those who cause them are held back.
  static constexpr std::size_t outbox_high = 1024;
  bool is_congested() const;

  std::vector<ConnectionId> touched;
  std::vector<base::Ring<ShardMessage>> outboxes;  // By receiving shard.
  std::vector<Departure> departures;
  std::vector<Job> jobs;
  // To be given up when the current input is dealt with: routing must not run into a disconnect.
  struct Doomed {
    ConnectionId connection;
    std::uint64_t serial;
    wire::ReasonCode reason;
    std::string_view why;  // A literal.
  };
  std::vector<Doomed> doomed;
  // Sessions whose count of dropped messages changed since $SYS told it last.
  std::vector<topic::SubscriberId> dropping;
  // Clients with retained messages still to be sent.
  std::vector<ConnectionId> retained_queue;

  // ---- log
  bool logs(config::LogType type) const { return environment.log.wants(type); }
  void log(config::LogType type, std::string line) { environment.log.write(type, std::move(line)); }
  void drop(Drop why, session::Session* session);

 private:
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::uint32_t> free_clients_;
  std::uint64_t last_serial_ = 0;
};

// How hooks see a client; valid as long as the client and its session or request are.
hook::ClientView view_of(const Client& client);
hook::ClientView view_of(const session::Publisher& publisher, const Environment& environment);

// The shard that owns a client id.
topic::ShardId home_of(std::string_view client_id, std::size_t shards);

}  // namespace broker
