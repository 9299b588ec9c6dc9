// Packets within the client's Maximum Packet Size; packet identifiers and the window of what the
// broker sends with QoS above 0: an identifier names
// one message until it is acknowledged; no more in flight than the client allows; what was in
// flight when a connection broke is sent again on the next one, in order, and nothing else is
// [MQTT-4.4.0-1].
#pragma once

#include <map>
#include <set>
#include <string>

#include "sim/model.h"

namespace sim {

class FlightCheck final : public Checker {
 public:
  explicit FlightCheck(const Model& model) : Checker("flight"), model_(model) {}
  void received(const Session& session, const Link& link, const Packet& packet) override;
  void sent(const Session& session, const Link& link, const Packet& packet) override;
  void ending(const Session& session) override { flights_.erase(session.id); }
  void accepted(const Session& session, const Link& link, const Packet& connack) override;
  void at_rest() override;
  void forgot_all() override { flights_.clear(); }

 private:
  enum class State : std::uint8_t { await_puback, await_pubrec, await_pubcomp };
  struct InFlight {
    std::string payload;
    State state = State::await_puback;
    std::uint64_t order = 0;
    std::uint64_t sent_on = 0;  // The link's number.
    bool may_vanish = false;    // Too large for the connection of today [MQTT-3.1.2-25].
  };
  struct Flight {
    std::map<std::uint16_t, InFlight> packets;
    std::uint64_t last_again = 0;  // The order of what was sent again last on this connection.
    std::size_t window = 0;
  };
  void on_publish(const Session& session, Flight& flight, const Link& link, const Packet& packet);
  void on_again(const Session& session, Flight& flight, const Link& link, InFlight& known);
  void on_pubrel(const Session& session, Flight& flight, const Link& link, const Packet& packet);
  void broken(const Session& session, const std::string& what);

  const Model& model_;
  std::map<std::string, Flight> flights_;
  // PUBREC without PUBREL, by link [MQTT-4.3.3-4].
  std::map<std::uint64_t, std::multiset<std::uint16_t>> unanswered_;
  std::uint64_t order_ = 0;
};

}  // namespace sim
