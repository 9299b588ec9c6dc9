// A session (MQTT 5, 4.1): all that the broker remembers of a client beyond one connection. Owned
// by the shard that its client id belongs to; one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/timer_wheel.h"
#include "session/message.h"
#include "session/outbound.h"
#include "session/publisher.h"
#include "topic/subscriber.h"
#include "wire/packet.h"

namespace session {

struct Subscription {
  wire::Qos qos = wire::Qos::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  std::uint32_t identifier = 0;
  // Retained publishes numbered below this happened before the subscription.
  std::uint64_t since = 0;
};

// QoS 2 packets received and not yet released by PUBREL [MQTT-4.3.3-10].
class Inbound final {
 public:
  // False: it is there already, so this PUBLISH is a repetition.
  [[nodiscard]] bool add(wire::PacketId id) {
    if (contains(id)) return false;
    ids_.push_back(id);
    return true;
  }
  [[nodiscard]] bool remove(wire::PacketId id) {
    const auto at = std::find(ids_.begin(), ids_.end(), id);
    if (at == ids_.end()) return false;
    ids_.erase(at);
    return true;
  }
  bool contains(wire::PacketId id) const {
    return std::find(ids_.begin(), ids_.end(), id) != ids_.end();
  }
  std::size_t size() const { return ids_.size(); }

 private:
  std::vector<wire::PacketId> ids_;  // Bounded: there are 65,535 of them.
};

struct Will {
  MessageRef message;
  base::Seconds delay{0};
  std::optional<base::Seconds> expiry{};  // Message Expiry Interval, from when it is published.
};

struct Session {
  static constexpr base::Seconds never_expires = base::Seconds::max();  // 0xFFFFFFFF.

  std::string client_id;
  PublisherRef publisher;  // Of the last CONNECT; decides what may still be delivered.
  ClientKey key{};
  topic::SubscriberId id{};
  wire::Version version = wire::Version::v311;
  base::Seconds expiry{0};             // After the connection ends. 0: with it.
  std::uint32_t connection = offline;  // The connection's slot.
  std::map<std::string, Subscription, std::less<>>
      subscriptions;  // Ordered: walks must be repeatable.
  Outbound out;
  Inbound in;
  std::optional<Will> will;
  base::TimerId expiry_timer{};
  base::TimerId will_timer{};
  std::uint64_t dropped = 0;  // Messages lost to limits since the session began.
  bool has_unpublished_drops = false;
  bool has_drops_topic = false;  // They stand in $SYS.
  bool drop_was_logged = false;  // Since the client was last able to take messages.

  static constexpr std::uint32_t offline = UINT32_MAX;
  bool is_online() const { return connection != offline; }
};

}  // namespace session
