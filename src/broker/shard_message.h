// What shards say to each other; the whole vocabulary. Bounded lanes carry it, oldest first per
// pair of shards. An answer, where there is one, is another message.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "broker/client.h"
#include "session/message.h"
#include "topic/interest_table.h"

namespace broker {

// Deliver to your ordinary subscribers.
struct Route {
  session::MessageRef message;
};
// Deliver to one member of this shared subscription. `hops`: how often it found none on its way.
struct RouteShared {
  session::MessageRef message;
  topic::SharedInterestPtr group;
  std::uint8_t hops = 0;
};
// A member came online elsewhere: what waits at offline members of this group can go to it.
struct GroupAwake {
  std::string share;
  std::string filter;
};
// What the driver of a shard knows a connection by (a socket); nothing to the broker.
class Transport {
 public:
  virtual ~Transport() = default;
};
// A connection moves to the shard of its client id.
struct Arrival {
  std::unique_ptr<Client> client;
  std::unique_ptr<Transport> transport;
};

using ShardMessage = std::variant<Route, RouteShared, GroupAwake, Arrival>;

}  // namespace broker
