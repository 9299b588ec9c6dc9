// From CONNECT to CONNACK: may this client come in, which shard does it belong to, who is it, which
// session does it get. One a shard; the part before the password check may run on another shard
// than the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/core.h"
#include "broker/deliverer.h"
#include "broker/lifecycle.h"
#include "broker/subscriptions.h"

namespace broker {

class Handshake final {
 public:
  Handshake(Core& core, Lifecycle& lifecycle, Subscriptions& subscriptions, Deliverer& deliverer)
      : core_(core), lifecycle_(lifecycle), subscriptions_(subscriptions), deliverer_(deliverer) {}

  // Checks what needs no password and copies the packet. Then either goes on here or, when the
  // client id belongs to another shard, puts the client into Core::departures.
  void on_connect(Client& client, const wire::Connect& packet);
  // On the home shard.
  void on_arrival(Client& client) { authenticate(client); }
  void on_decision(Client& client, hook::Decision decision);
  // In the handshake, and for re-authentication later (MQTT 5, 4.12).
  void on_auth(Client& client, const wire::Auth& packet);

 private:
  struct Refusal {
    wire::ReasonCode reason = wire::ReasonCode::success;
    std::string_view why{};
  };
  Refusal check(const Client& client, const wire::Connect& packet) const;
  Refusal check_will(const Client& client, const wire::Will& will) const;
  Refusal check_client_id(const Client& client, const wire::Connect& packet) const;
  Refusal check_keep_alive(const wire::Connect& packet) const;
  void copy_request(Client& client, const wire::Connect& packet);
  session::Will will_of(const Client& client, const wire::Will& will) const;
  std::string make_client_id(const Client& client);
  void authenticate(Client& client);
  void authenticate_enhanced(Client& client, std::optional<base::Bytes> data);
  void accept(Client& client, std::string_view authentication_data);
  // Null: global_max_clients is reached, the client was refused.
  session::Session* take_session(Client& client, bool& session_present);
  void take_over(session::Session& session);
  wire::PropertyList connack_properties(const Client& client, const ConnectRequest& request,
                                        std::string_view authentication_data) const;
  void send_connack(Client& client, bool session_present, const ConnectRequest& request,
                    const wire::PropertyList& properties);
  std::uint16_t keep_alive_of(const ConnectRequest& request) const;
  void log_accepted(const Client& client, const ConnectRequest& request);

  Core& core_;
  Lifecycle& lifecycle_;
  Subscriptions& subscriptions_;
  Deliverer& deliverer_;
};

}  // namespace broker
