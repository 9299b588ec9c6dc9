// What a connected client sends: each packet type, one handler. One a shard.
#pragma once

#include <string_view>

#include "broker/control_api.h"
#include "broker/core.h"
#include "broker/deliverer.h"
#include "broker/handshake.h"
#include "broker/lifecycle.h"
#include "broker/router.h"
#include "broker/subscriptions.h"
#include "wire/packet.h"

namespace broker {

class Packets final {
 public:
  Packets(Core& core, Router& router, Deliverer& deliverer, Subscriptions& subscriptions,
          Lifecycle& lifecycle, Handshake& handshake, ControlApi& control)
      : core_(core),
        router_(router),
        deliverer_(deliverer),
        subscriptions_(subscriptions),
        lifecycle_(lifecycle),
        handshake_(handshake),
        control_(control) {}

  // May give up the client, or (CONNECT) move it to Core::departures: look at it again afterwards.
  void on_packet(Client& client, const wire::Packet& packet);

 private:
  // What to answer a PUBLISH with, and whether it goes any further.
  struct Verdict {
    bool routes = true;
    wire::ReasonCode reason = wire::ReasonCode::success;
    std::string_view why{};
    bool closes = false;
  };

  void on_publish(Client& client, const wire::Publish& packet);
  Verdict judge(const Client& client, const wire::Publish& packet);
  Verdict judge_topic(std::string_view topic) const;
  bool route(Client& client, const wire::Publish& packet);
  void acknowledge(Client& client, const wire::Publish& packet, wire::ReasonCode reason,
                   std::string_view why);
  void on(Client& client, const wire::Puback& packet);
  void on(Client& client, const wire::Pubrec& packet);
  void on(Client& client, const wire::Pubrel& packet);
  void on(Client& client, const wire::Pubcomp& packet);
  void on(Client& client, const wire::Subscribe& packet);
  void on(Client& client, const wire::Unsubscribe& packet);
  void on(Client& client, const wire::Pingreq& packet);
  void on(Client& client, const wire::Disconnect& packet);
  void on(Client& client, const wire::Auth& packet);
  template <class P>
  void send(Client& client, const P& packet);
  void log_received(const Client& client, std::string_view what, wire::PacketId id);

  Core& core_;
  Router& router_;
  Deliverer& deliverer_;
  Subscriptions& subscriptions_;
  Lifecycle& lifecycle_;
  Handshake& handshake_;
  ControlApi& control_;
  std::string topic_;              // Scratch: a topic under a mount point.
  wire::PropertyList properties_;  // Scratch.
};

}  // namespace broker
