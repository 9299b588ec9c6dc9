// One shard's brain: its clients, sessions and routing. Sans-I/O: bytes, messages and the time come
// in; output queues, messages for other shards, connections that move and slow jobs go out, at the
// end of each turn. Makes no system call, reads no clock, starts no thread; all calls from one
// thread.
//
// A turn: any number of inputs, then the outputs are looked at.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "base/time.h"
#include "broker/client.h"
#include "broker/core.h"
#include "broker/environment.h"
#include "broker/shard_message.h"

namespace broker {

class Shard final {
 public:
  // `seed`: for generated client ids; from the system's randomness, or the simulator's.
  Shard(topic::ShardId id, Environment& environment, base::Instant now, std::uint64_t seed);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // ---- inputs
  // A connection came in through this listener (an index into Environment::listeners). Nothing: a
  // limit is reached, close it.
  std::optional<ConnectionId> on_accepted(std::size_t listener, Peer peer, base::Instant now);
  // A connection that another shard let go.
  ConnectionId on_arrival(std::unique_ptr<Client> arrived, base::Instant now);
  void on_bytes(ConnectionId connection, base::Bytes bytes, base::Instant now);
  // So many bytes of its output were written.
  void on_written(ConnectionId connection, std::size_t size, base::Instant now);
  // The transport ended or failed (`why`: "connection closed by client", "connection reset by
  // peer"), or was closed because is_done() said so. The id is free afterwards.
  void on_closed(ConnectionId connection, std::string_view why, base::Instant now);
  // Any message but Arrival, which the driver turns into on_arrival() after it took the transport.
  void on_message(ShardMessage message, base::Instant now);
  void on_job_done(ConnectionId connection, std::uint64_t serial, hook::Decision decision,
                   base::Instant now);
  // A line for $SYS/broker/log (log_dest topic).
  void publish_log_line(std::string_view topic, std::string_view line, base::Instant now);
  // Time passes: timers fire, retained messages continue. When deadline() has come, or at any time.
  void advance(base::Instant now, base::WallTime wall);

  // ---- the end of the broker: first every shard publishes the wills of its clients, then, when
  // the lanes are empty, all connections are told (0x8B) and closed.
  void publish_wills(base::Instant now);
  void disconnect_all(base::Instant now);

  // ---- outputs
  // Clients whose output or wishes changed since the last turn. clear_touched() when dealt with.
  std::span<const ConnectionId> touched() const { return core_->touched; }
  void clear_touched();
  base::OutputQueue& output(ConnectionId connection);
  // Whether its transport should be read. False while a decision is pending, a lane is full or the
  // client does not take its output.
  bool wants_bytes(ConnectionId connection) const;
  // The same right before reading; a client that is ready while a lane is full is held back from
  // here on.
  bool may_read(ConnectionId connection);
  // It is given up and its output is written: close the transport, then on_closed().
  bool is_done(ConnectionId connection) const;
  // It is given up, whatever of its output is left; the driver may wait a little for the rest to be
  // taken.
  bool is_over(ConnectionId connection) const;

  // Messages for another shard, oldest first: the driver moves them to the lane as far as it has
  // room.
  base::Ring<ShardMessage>& outbox(topic::ShardId to) { return core_->outboxes[to.value]; }
  bool has_unsent() const;
  // After the driver moved some.
  void on_outboxes_drained();
  // After each on_bytes(), before anything else: the numbers of those who left are given out again.
  std::vector<Departure> take_departures();
  std::vector<Job> take_jobs();

  base::Instant deadline() const;

 private:
  struct Parts;
  void settle();
  void run_packets(Client& client, base::Bytes bytes);
  void on_timer(const Timer& timer);
  void on_connection_timer(Client& client);

  std::unique_ptr<Core> core_;
  std::unique_ptr<Parts> parts_;
  bool has_held_back_ = false;
};

}  // namespace broker
