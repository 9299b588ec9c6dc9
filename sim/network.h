// TCP as it fails: bytes of one direction keep their order and are never changed, but they come in
// any pieces, late, or not at all, and each end learns of a cut at a time of its own or only by
// silence. A receiver that does not read fills the window and the sender has to wait.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/shard.h"
#include "sim/packet.h"
#include "sim/world.h"

namespace sim {

struct Link;
using LinkPtr = std::shared_ptr<Link>;

// The client's end.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void on_bytes(Link& link, std::string_view bytes) = 0;
  virtual void on_closed(Link& link) = 0;
};
// The broker's end.
class Host {
 public:
  virtual ~Host() = default;
  virtual void on_connection(const LinkPtr& link) = 0;
  // Bytes, an end or room for more came.
  virtual void on_ready(Link& link) = 0;
};

// One connection, both ends and what is between them.
struct Link : std::enable_shared_from_this<Link> {
  enum class Place : std::uint8_t { coming, open, moving, closed };

  std::uint64_t number = 0;
  Endpoint* client = nullptr;
  bool is_cut = false;

  // ---- the client's end
  bool is_client_open = true;
  bool is_read = true;    // By the client.
  std::string unread;     // By the client, while it does not read.
  Ms reaches_client = 0;  // When the last bytes so far do.

  // ---- the broker's end
  Place place = Place::coming;
  std::size_t shard = 0;
  broker::ConnectionId id{};
  std::string arrived;     // Not yet read by the broker.
  bool has_ended = false;  // The client closed; what has arrived comes first.
  bool has_failed = false;
  Ms reaches_broker = 0;
  std::size_t on_the_way = 0;  // Bytes written and not taken by the client.
  std::size_t tapped = 0;      // Of the output that waits, the bytes that were looked at.
  bool was_over = false;
  Decoder from_client{false};
  Decoder from_broker{true};
  std::map<std::uint32_t, std::string> client_aliases;
  std::map<std::uint32_t, std::string> broker_aliases;
};

class Network final {
 public:
  explicit Network(World& world) : world_(world) {}
  // The broker behind it; it may die and another take its place.
  void set_host(Host* host) { host_ = host; }

  LinkPtr open(Endpoint& client);
  void to_broker(const LinkPtr& link, std::string bytes);
  void to_client(const LinkPtr& link, std::string bytes);
  void close_by_client(const LinkPtr& link);
  void close_by_broker(const LinkPtr& link);
  // The way is broken; each end notices when it does.
  void cut(const LinkPtr& link);
  void cut_all();
  // No more faults: whoever has not noticed a cut does so now.
  void end_faults();
  void set_reading(const LinkPtr& link, bool reads);
  // The broker's process died.
  void break_all();
  std::size_t room(const Link& link) const {
    const std::size_t window = world_.has_faults ? world_.options.window : 1U << 20U;
    return window > link.on_the_way ? window - link.on_the_way : 0;
  }

 private:
  Ms arrival(Ms last);
  void pieces(const LinkPtr& link, std::string bytes, Ms& last,
              void (Network::*deliver)(const LinkPtr&, const std::string&));
  void arrive_at_broker(const LinkPtr& link, const std::string& bytes);
  void arrive_at_client(const LinkPtr& link, const std::string& bytes);
  void notice_at_broker(const LinkPtr& link, Ms delay);
  void notice_at_client(const LinkPtr& link, Ms delay);

  World& world_;
  Host* host_ = nullptr;
  std::vector<LinkPtr> links_;
  std::uint64_t last_number_ = 0;
};

}  // namespace sim
