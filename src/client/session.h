// What outlives the connections of one client: packet identifiers, messages in flight in both
// directions, what waits to be sent, subscriptions to make again. Sans-I/O: bytes, time and calls
// come in; bytes to write, events and a deadline go out. No socket, clock, thread; it stores
// handlers and never calls them (but for the log). One owner.
//
// Per message it allocates nothing at QoS 0; at QoS 1 and 2 what must be kept: topic, properties,
// payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "base/time.h"
#include "client/error.h"
#include "client/id_set.h"
#include "client/log_lines.h"
#include "client/message.h"
#include "client/options.h"
#include "protocol/connection.h"
#include "wire/packet.h"

namespace client {

// Events. Views in them live until the next call of next().
struct PublishDone {
  midge::PublishHandler done;
  midge::PublishResult result;
};
struct RequestDone {
  midge::SubscribeHandler done;
  midge::SubscribeResult result;
};
// The connection is over: what is in output() goes out, then the transport is closed.
struct Ended {
  midge::Error why;
  bool from_server = false;
  wire::Properties properties{};
};
struct Writable {};
using Event = std::variant<midge::Message, midge::ConnectInfo, PublishDone, RequestDone,
                           midge::AuthEvent, Ended, Writable>;

class Session final {
 public:
  // `options` were checked, outlive the session and do not change.
  explicit Session(const midge::Options& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  void set_log(LogLines::Sink sink) { log_.set_sink(std::move(sink)); }

  // ---- connection
  // The transport is there: CONNECT is in output().
  void start(base::Instant now);
  // The transport broke. Ended follows if it did not come yet.
  void lose(const midge::Error& why);
  // The transport is closed, after Ended: nothing of it is in output() any more.
  void close();
  // Nothing will be tried any more: all that waits ends with `why`. What is in flight stays
  // remembered, without handlers, so that a later start() can finish the exchanges of its packet
  // identifiers.
  void give_up(const midge::Error& why);
  void disconnect(wire::ReasonCode reason, const wire::Properties& properties);
  midge::Result<void> authenticate(wire::ReasonCode reason, const wire::Properties& properties);
  bool is_online() const { return online_; }

  // ---- bytes
  // The next event, from what waits inside or from the front of `in`, which shrinks. False: no
  // more.
  bool next(base::Bytes& in, base::Instant now, Event& out);
  // While receiving is paused, `in` is not looked at.
  void pause(base::Instant now);
  void resume(base::Instant now);
  bool is_paused() const { return paused_; }
  bool wants_bytes() const { return !paused_ && !ended_; }
  // Only between start() and close().
  const base::OutputQueue& output() const { return connection_->output(); }
  bool has_output() const { return connection_ && !connection_->output().empty(); }
  void on_written(std::size_t size, base::Instant now);
  bool has_events() const { return !events_.empty(); }

  // ---- time
  base::Instant deadline() const;
  void advance(base::Instant now);

  // ---- requests
  midge::Result<void> publish(std::string_view topic, const midge::Payload& payload,
                              const midge::PublishOptions& options, midge::PublishHandler done);
  midge::Result<void> subscribe(std::vector<midge::Subscription> subscriptions,
                                midge::SubscribeHandler done, const wire::Properties& properties);
  midge::Result<void> unsubscribe(std::vector<std::string> filters, midge::SubscribeHandler done,
                                  const wire::Properties& properties);
  std::size_t pending() const;

 private:
  struct Outgoing {  // A PUBLISH of ours: waiting, or sent and not acknowledged.
    wire::PacketId id{};
    wire::Qos qos = wire::Qos::at_most_once;
    bool retain = false;
    bool dup = false;
    bool abandoned = false;        // Its handler was told the end already.
    std::uint32_t connection = 0;  // The number of the connection that its topic alias is for.
    std::string topic{};
    wire::PropertyList properties{};
    base::Ref<const base::Shared> owner{};
    base::Bytes payload{};
    midge::PublishHandler done{};
  };
  struct Releasing {  // PUBREL was sent, PUBCOMP is due.
    wire::PacketId id{};
    bool counts = false;  // Takes a place of the send quota of this connection.
    bool abandoned = false;
    midge::PublishHandler done{};
  };
  struct Unwritten {        // A QoS 0 PUBLISH in output(), whose handler waits for the kernel.
    std::uint64_t end = 0;  // In bytes of this connection's output.
    midge::PublishHandler done{};
  };
  struct Request {        // SUBSCRIBE or UNSUBSCRIBE.
    wire::PacketId id{};  // Zero: not sent.
    bool again = false;   // Ours, after a reconnect.
    std::vector<midge::Subscription> subscriptions{};
    std::vector<std::string> filters{};
    wire::PropertyList properties{};
    midge::SubscribeHandler done{};
    bool is_subscribe() const { return !subscriptions.empty(); }
  };
  struct Kept {  // A subscription that the server confirmed.
    midge::Subscription subscription{};
    wire::PropertyList properties{};
  };

  // session.cpp: the connection.
  void end(Ended ended);
  void take_back();
  bool take_event(Event& out);
  void abandon_in_flight(const midge::Error& why);
  void ping(base::Instant now);
  wire::PacketId take_id();

  // session_receive.cpp: packets of the server. True: `out` is filled.
  bool handle(Event& out);
  bool on(const wire::Connack& connack, Event& out);
  bool on(const wire::Publish& publish, Event& out);
  bool on(const wire::Puback& puback, Event& out);
  bool on(const wire::Pubrec& pubrec, Event& out);
  bool on(const wire::Pubrel& pubrel, Event& out);
  bool on(const wire::Pubcomp& pubcomp, Event& out);
  bool on(const wire::Suback& suback, Event& out);
  bool on(const wire::Unsuback& unsuback, Event& out);
  bool on(const wire::Disconnect& disconnect, Event& out);
  bool on(const wire::Auth& auth, Event& out);
  bool on(const wire::Pingresp& pingresp, Event& out);
  // What only clients send: protocol::Connection lets none through.
  bool on(const wire::Connect& connect, Event& out);
  bool on(const wire::Subscribe& subscribe, Event& out);
  bool on(const wire::Unsubscribe& unsubscribe, Event& out);
  bool on(const wire::Pingreq& pingreq, Event& out);
  bool accept(const wire::Connack& connack, Event& out);
  bool is_session_present(const wire::Connack& connack) const;
  void forget_session();
  void adopt(const wire::Connack& connack);
  midge::ConnectInfo info_of(const wire::Connack& connack, bool present) const;
  bool break_off(wire::Fault fault, Event& out);
  template <class Ack>
  void acknowledge(wire::PacketId id, wire::ReasonCode reason);
  bool publish_done(midge::PublishHandler done, wire::ReasonCode reason,
                    const wire::Properties& properties, Event& out);
  bool request_done(Request request, const std::vector<wire::ReasonCode>& codes,
                    const wire::Properties& properties, Event& out);
  void remember(const Request& request, const std::vector<wire::ReasonCode>& codes);
  void remember_one(const midge::Subscription& subscription, const wire::PropertyList& properties,
                    wire::ReasonCode code, bool again);

  // session_send.cpp: publishing.
  std::optional<midge::Error> check_server_limits(wire::Qos qos, bool retain) const;
  std::optional<midge::Error> check_alias(const wire::Properties& properties) const;
  bool goes_at_once(wire::Qos qos) const;
  bool has_room(wire::Qos qos) const;
  bool has_quota() const { return quota_used_ < quota_ && ids_.size() < publish_ids_max; }
  bool has_output_room() const;
  midge::Result<void> send_unkept(const wire::Publish& publish,
                                  const base::Ref<const base::Shared>& owner,
                                  midge::PublishHandler done);
  void pump();
  void send_first();
  void resend_first();
  bool send(Outgoing& outgoing);
  bool prepare_alias(Outgoing& outgoing);
  bool write(const wire::Publish& publish, const base::Ref<const base::Shared>& owner);
  Outgoing keep(std::string_view topic, const midge::Payload& payload,
                const midge::PublishOptions& options, midge::PublishHandler done);
  void fail(midge::PublishHandler done, const midge::Error& why);
  Outgoing* find_sent(wire::PacketId id);
  void settle(Outgoing& outgoing);
  void remove(Outgoing& outgoing);
  Releasing* find_releasing(wire::PacketId id);
  void note_room();

  // session_requests.cpp: SUBSCRIBE and UNSUBSCRIBE.
  midge::Result<void> add_request(Request request);
  void send_requests();
  bool send_request(Request& request);
  bool send_subscribe(const Request& request);
  bool send_unsubscribe(const Request& request);
  void finish_request(Request request, const midge::Error& why);
  void subscribe_again();
  std::optional<Request> take_request(wire::PacketId id, bool is_subscribe);
  void take_back_requests();
  void fail_requests(const midge::Error& why);

  // Of the 65,535 identifiers; the rest is left to the other requests.
  static constexpr std::size_t publish_ids_max = 60'000;
  static constexpr std::size_t request_ids_max = 65'000;

  const midge::Options& options_;
  const protocol::Limits limits_;
  LogLines log_;
  std::string client_id_;
  // Those without views. Each answers a call of ours, whose number is bounded, or is one of its
  // kind.
  std::deque<Event> events_;
  wire::Packet packet_;  // The one that the last event's views look into.
  std::optional<protocol::Connection> connection_;
  std::uint32_t accepted_ = 0;  // Connections so far.
  bool asked_clean_ = false;    // Clean Start of the last CONNECT.
  bool online_ = false;         // Between CONNACK and the end.
  bool ended_ = true;           // Ended was given for the current connection, or there is none.
  midge::Error end_error_;      // What a publish ends with that the last connection left unwritten.

  // What the server said in CONNACK.
  std::uint16_t quota_ = 0;
  wire::Qos qos_max_ = wire::Qos::exactly_once;
  bool retain_available_ = true;
  std::uint16_t alias_max_ = 0;

  IdSet ids_;  // In use for our packets [MQTT-2.2.1-3].
  std::uint16_t last_id_ = 0;
  std::uint16_t quota_used_ = 0;
  std::deque<Outgoing> queue_;
  std::size_t queued_qos0_ = 0;
  std::deque<Outgoing>
      in_flight_;  // In the order of sending; the last `unsent_` wait to be sent again.
  std::size_t unsent_ = 0;
  std::deque<Releasing> releasing_;  // In the order of PUBREC [MQTT-4.6.0-4].
  std::deque<Unwritten> unwritten_;
  std::uint64_t written_ = 0;  // Bytes of this connection that the kernel has.
  bool blocked_ = false;       // publish() said queue_full.

  IdSet received_;       // QoS 2 of the server, before PUBREL.
  IdSet received_here_;  // Of those, the ones that count in this connection's Receive Maximum.

  std::deque<Request> requests_;
  std::map<std::string, Kept, std::less<>> subscriptions_;

  bool paused_ = false;
  bool ping_outstanding_ = false;
  base::Instant last_progress_{};  // Bytes moved, in either direction.
  base::Instant grace_{};          // No earlier than this is silence held against the server.
};

// Bytes with one reference-counted owner, for payloads that outlive the call.
class OwnedText final : public base::Shared {
 public:
  explicit OwnedText(std::string text) : text_(std::move(text)) {}
  base::Bytes bytes() const { return base::as_bytes(text_); }

 private:
  std::string text_;
};

}  // namespace client
