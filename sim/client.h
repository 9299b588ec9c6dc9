// A simulated client: keeps to the standard on its side, with a will of its own for everything
// else. Publishes, subscribes, comes and goes, is slow, forgets and comes back; resends what is in
// flight when its session was kept [MQTT-4.4.0-1]. Checks at its own end that QoS 2 reaches the
// application once.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/network.h"
#include "sim/world.h"

namespace sim {

class Client final : public Endpoint {
 public:
  // `numbers`: of messages, shared by all clients.
  Client(World& world, Network& network, std::string id, std::uint64_t& numbers);

  // Comes, and then does what it likes while there are faults.
  void start();
  // The faults are over: stay, read, answer, do nothing new.
  void settle();
  // Once settled.
  void subscribe_to(const std::vector<std::string>& filters);
  void publish_to(const std::string& topic, int qos, bool retain, bool is_empty);
  void publish_anywhere() { publish(false); }
  // Ends its session: connects clean, then leaves with nothing behind.
  void leave();
  // Leaves its session behind for a while.
  void go_away();
  void come_back();
  bool is_connected() const { return is_connected_; }

  void on_bytes(Link& link, std::string_view bytes) override;
  void on_closed(Link& link) override;

 private:
  enum class Mood : std::uint8_t { busy, settled, away, leaving, gone };
  struct Outgoing {
    Packet publish;
    bool is_released = false;  // PUBREC came.
  };

  void connect();
  Packet connect_packet();
  Will make_will();
  void reconnect_later();
  void drop();
  void act_later();
  void act();
  void disrupt();
  void take_over();
  void burst();
  void confuse();
  void publish(bool before_connack);
  void subscribe();
  void unsubscribe();
  void disconnect();
  void on_packet(const Packet& packet);
  void on_connack(const Packet& packet);
  void on_publish(const Packet& packet);
  void resend();
  void forget_session();
  void answer(Packet packet);
  void send_answers();
  void send(const Packet& packet);
  std::uint16_t next_id();
  std::string topic();
  std::string filter();
  std::size_t payload_size();
  bool has_send_quota() const;

  World& world_;
  Network& network_;
  const std::string id_;
  std::uint64_t& numbers_;
  Mood mood_ = Mood::busy;
  int version_ = 5;
  int next_version_ = 5;
  LinkPtr link_;
  Decoder decoder_{true};
  bool is_connected_ = false;
  bool is_reconnecting_ = false;
  bool is_clean_ = false;
  bool is_unanswered_ = false;  // No CONNACK came for the last CONNECT: whose session is there?
  bool is_doubtful_ = false;
  Packet connect_;
  std::uint16_t last_id_ = 0;
  std::size_t quota_ = 65'535;
  std::map<std::uint16_t, Outgoing> outgoing_;
  std::vector<std::uint16_t> order_;  // Of outgoing_.
  std::set<std::uint16_t> asked_;     // SUBSCRIBE and UNSUBSCRIBE without answer.
  std::set<std::uint16_t> received_;  // QoS 2, given to the application, not released.
  std::set<std::string> filters_;
  std::map<std::uint16_t, std::string> aliases_in_;
  std::map<std::string, std::uint16_t> aliases_out_;
  std::size_t aliases_max_ = 0;
  std::deque<Packet> answers_;
  bool is_answering_ = false;
};

}  // namespace sim
