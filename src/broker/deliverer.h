// Messages to clients: the last step of routing. Sends at once where the client is there and keeps
// up, queues what may wait, drops and counts what may not. Encodes a message once for all clients
// that get the same bytes. One a shard. Per message it allocates nothing but the queue's place,
// formats nothing, makes no system call.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "broker/core.h"
#include "session/outbound.h"

namespace broker {

class Deliverer final {
 public:
  explicit Deliverer(Core& core);

  // A new message is going to be delivered, perhaps many times: forgets what was encoded for the
  // last one.
  void begin(const session::MessageRef& message);
  // `delivery.qos` and `.retain` are what this client gets.
  void deliver(session::Session& session, session::Delivery delivery);

  // Sends what waits as far as window and output allow; after acknowledgements, written output, a
  // reconnect.
  void pump(Client& client);
  // Room in the output for more than acknowledgements.
  bool has_output_room(const Client& client) const;
  session::Window window_of(const Client& client) const;

 private:
  struct Encoded {
    std::vector<std::uint8_t> bytes;  // The whole packet, or all but a large payload.
    std::size_t id_at = 0;            // Where the packet identifier is; 0: QoS 0.
    bool is_filled = false;
  };

  bool may_read(const session::Session& session, const session::Message& message) const;
  void queue(session::Session& session, session::Delivery delivery);
  bool send(Client& client, const session::Delivery& delivery, wire::PacketId id, bool dup);
  bool send_encoded(Client& client, const session::Delivery& delivery, wire::PacketId id);
  bool send_own(Client& client, const session::Delivery& delivery, wire::PacketId id, bool dup);
  const Encoded& encoded(const session::Delivery& delivery, wire::Version version);
  void count_sent(Client& client, const session::Delivery& delivery, wire::PacketId id, bool dup);
  void log_sent(const Client& client, const session::Delivery& delivery, wire::PacketId id,
                bool dup);

  Core& core_;
  session::QueueLimits limits_;
  std::uint64_t output_max_;
  bool checks_access_;
  const session::Message* encoded_message_ = nullptr;
  std::array<Encoded, 16> encoded_;  // By MQTT 5 or not, QoS and RETAIN.
  wire::PropertyList properties_;    // Scratch.
};

}  // namespace broker
