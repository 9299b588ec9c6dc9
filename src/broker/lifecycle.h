// How connections and sessions end: DISCONNECT, lost connections, takeover, wills, expiry, the
// broker's own stop. One a shard.
#pragma once

#include <string_view>

#include "broker/core.h"
#include "broker/router.h"
#include "broker/subscriptions.h"

namespace broker {

// What becomes of the will (MQTT 5, 3.1.2.5).
enum class WillFate : std::uint8_t { publish, discard };

class Lifecycle final {
 public:
  Lifecycle(Core& core, Router& router, Subscriptions& subscriptions)
      : core_(core), router_(router), subscriptions_(subscriptions) {}

  // ---- the client is given up; what is in its output still goes out.
  // The peer broke the rules, or its keep alive passed: the machine has said what there is to say.
  void on_fault(Client& client);
  // We end it: DISCONNECT with the reason where the version has one.
  void disconnect(Client& client, wire::ReasonCode reason, std::string_view why);
  // CONNECT is refused.
  void refuse(Client& client, wire::ReasonCode reason, std::string_view why);
  void on_disconnect(Client& client, const wire::Disconnect& packet);
  // The transport ended.
  void on_lost(Client& client, std::string_view why);

  // ---- sessions
  // The session's new connection cancels a will that was waiting [MQTT-3.1.3-9] and the expiry.
  void keep(session::Session& session);
  // Discards it, its queue and its subscriptions; a will that was waiting is published now.
  void end(session::Session& session);
  void on_session_expired(session::Session& session);
  void on_will_due(session::Session& session);

  // The broker stops: every will of a connected client and every one that waits [as Mosquitto
  // does].
  void publish_wills();

 private:
  void part(Client& client, WillFate fate, std::string_view why);
  void leave_session(session::Session& session, WillFate fate);
  void publish_will(session::Session& session);
  void log_parting(const Client& client, std::string_view why);

  Core& core_;
  Router& router_;
  Subscriptions& subscriptions_;
};

}  // namespace broker
