// The model broker: what the standard and Midge's options say a broker knows, as maps and sets,
// driven by what went into the product and checked against what came out. Knows every client's
// view at once, nothing of the product's insides; slow and plain on purpose. The checkers
// (checks.h) watch it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/broker_host.h"
#include "sim/packet.h"
#include "sim/world.h"

namespace sim {

inline constexpr Ms never = INT64_MAX;

struct Message {
  std::uint64_t number = 0;  // 0: an empty payload; nothing but its topic is watched.
  std::string topic;
  std::string publisher;
  int qos = 0;
  bool retain = false;
  std::size_t payload_size = 0;
  Ms expires_at = never;
  std::uint64_t sequence = 0;  // When it was routed first.
  int times_routed = 0;
};

struct Subscription {
  int qos = 0;
  bool no_local = false;
  bool retain_as_published = false;
  std::uint32_t identifier = 0;
  std::uint64_t since = 0;
};

struct PendingWill {
  Will will;
  Ms delay = 0;
  Ms due = never;  // Set when the connection is gone.
  std::uint64_t order = 0;
};

struct Session {
  std::string id;
  std::uint64_t generation = 0;  // Of all sessions ever, the how-manieth.
  std::size_t shard = 0;
  int version = 4;
  Link* online = nullptr;
  std::uint64_t parted_in = 0;  // The call that ended its last connection.
  Ms expiry = 0;                // `never`: it stays.
  Ms ends_at = never;
  std::uint64_t ends_order = 0;
  std::map<std::string, Subscription> subscriptions;
  std::map<std::string, std::uint64_t> left;  // Filters given up, and when.
  std::set<std::uint16_t> received;           // QoS 2, not yet released.
  std::optional<PendingWill> will;
  std::uint16_t receive_maximum = 65'535;
  std::size_t packet_size_max = SIZE_MAX;
};

class Model;

// A promise that is watched. Called by the model after it changed.
class Checker {
 public:
  explicit Checker(std::string name) : name_(std::move(name)) {}
  virtual ~Checker() = default;
  virtual void accepted(const Session&, const Link&, const Packet& /*connack*/) {}
  virtual void parted(const Session&, const Link&) {}
  virtual void ending(const Session&) {}
  virtual void routed(const Message&, std::size_t /*shard*/) {}
  virtual void subscribed(const Session&, const std::string& /*filter*/, const Subscription&,
                          bool /*wants_retained*/) {}
  virtual void unsubscribed(const Session&, const std::string& /*filter*/) {}
  // Around every change of what a session would get.
  virtual void changing(const Session&) {}
  virtual void changed(const Session&) {}
  virtual void received(const Session&, const Link&, const Packet&) {}
  virtual void sent(const Session&, const Link&, const Packet&) {}
  // Any packet that the broker wrote, whoever it was for.
  virtual void written(const Packet&) {}
  // Written in the very call that ended the session it was for.
  virtual void sent_in_vain(const Packet&) {}
  virtual void lane_popped(std::size_t /*from*/, std::size_t /*to*/) {}
  // All clients are there, nothing moves any more.
  virtual void at_rest() {}
  // The process died; whatever was only in memory is gone.
  virtual void forgot_all() {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

class Model final : public Observer {
 public:
  explicit Model(World& world) : world_(world) {}
  void add(std::unique_ptr<Checker> checker) { checkers_.push_back(std::move(checker)); }
  void set_host(const BrokerHost* host) { host_ = host; }

  void on_call(const Call& call) override;
  void on_lane_popped(std::size_t from, std::size_t to) override;
  void at_rest();
  void forget_all();

  // ---- for checkers
  World& world() const { return world_; }
  const Options& options() const { return world_.options; }
  const BrokerHost& host() const { return *host_; }
  const std::map<std::string, Session>& sessions() const { return sessions_; }
  const Message* find(std::uint64_t number) const;
  const std::map<std::string, std::uint64_t>& retained() const { return retained_; }
  std::size_t online() const;
  std::uint64_t sequence() const { return sequence_; }
  // In this very call, in which others may have parted before or after.
  bool has_just_parted(const Session& session) const {
    return session.online == nullptr && session.parted_in == calls_;
  }
  bool may_read(const Session& session, const std::string& topic) const;

 private:
  // What is known of a connection.
  struct Known {
    std::optional<Packet> connect;
    std::vector<Packet> waiting;  // Behind CONNECT, until that is decided.
    std::string session;
    std::uint64_t generation = 0;
    bool is_accepted = false;
    bool is_done = false;  // Said goodbye, was refused or given up.
    std::uint64_t done_in = 0;
    Ms last_packet_at = 0;
  };

  template <class Event>
  void tell(Event&& event) {
    for (const auto& checker : checkers_) event(*checker);
  }
  void on_inputs(Link& link, const std::vector<Packet>& packets);
  void on_connack(Link& link, const Packet& connack);
  void accept(Link& link, Known& known, const Packet& connack);
  void start_session(Session& session, Link& link, const Packet& connect);
  void on_given_up(Link& link);
  bool is_silent(const Known& known) const;
  bool may_give_up(const Link& link, const Known& known) const;
  void on_output(Link& link, const Packet& packet);
  void part(Link& link, bool discards_will);
  void end(Session& session);
  void on_input(Link& link, Known& known, const Packet& packet);
  void on_publish(Session& session, const Packet& packet);
  void on_subscribe(Session& session, const Packet& packet);
  void on_unsubscribe(Session& session, const Packet& packet);
  void on_disconnect(Link& link, Session& session, const Packet& packet);
  void route(Message message, std::size_t shard);
  void publish_will(Session& session);
  void on_time(std::size_t shard);
  bool fire_next(std::size_t shard);
  void check_silence(std::size_t shard);
  Ms capped(Ms expiry) const;

  World& world_;
  const BrokerHost* host_ = nullptr;
  std::vector<std::unique_ptr<Checker>> checkers_;
  std::map<std::string, Session> sessions_;
  std::map<std::uint64_t, Message> messages_;
  std::map<std::string, std::uint64_t> retained_;  // Topic, message.
  std::map<std::uint64_t, Known> known_;           // By the link's number.
  std::map<std::uint64_t, Link*> open_;
  std::uint64_t generation_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t calls_ = 0;
};

// When a timer set for this moment fires at the earliest: the product's have a resolution.
Ms timer_ms(Ms at);

}  // namespace sim
