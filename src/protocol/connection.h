// One network connection's machine, for both roles: framing, the handshake's order of packets, size
// limits, topic aliases, Receive Maximum of what comes in, keep alive. Bytes and time come in as
// arguments; packets, bytes and a deadline go out. No socket, clock or thread; one owner. It knows
// nothing of sessions: what must outlive the connection is `session`'s.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "base/time.h"
#include "wire/codec.h"
#include "wire/packet.h"

namespace protocol {

class Aliases;

enum class Role : std::uint8_t { client, server };

// What this end accepts. Larger packets are a fault before their bytes are buffered.
struct Limits {
  std::uint32_t packet_size_max = wire::packet_size_max;  // Bytes, whole packet.
  std::uint32_t connect_size_max = 100'000;               // CONNECT and AUTH.
  std::uint32_t subscribe_size_max = 100'000;             // SUBSCRIBE and UNSUBSCRIBE.
  std::uint32_t acknowledgement_size_max = 10'000;        // PUBACK ... PUBCOMP, DISCONNECT.
  std::uint16_t receive_maximum = 65'535;                 // MQTT 5 only.
  std::uint16_t topic_alias_maximum = 0;                  // Of aliases that the peer may use.
};

enum class State : std::uint8_t {
  await_connect,   // Server: nothing but CONNECT may come. Client: before connect().
  await_decision,  // Server: CONNECT came; accept(), refuse() or continue_authentication() is next.
  await_connack,   // Client: CONNECT was sent.
  await_auth,      // Server: an AUTH challenge was sent.
  connected,
  closing,  // Nothing more is read; what is in output() goes out, then the transport is closed.
};

enum class Next : std::uint8_t {
  packet,      // `out` holds a packet.
  need_bytes,  // Everything is consumed; an unfinished packet is kept inside.
  paused,      // Bytes wait inside for the decision about CONNECT: read no more until then.
  closing,     // A fault was found (see fault()) or the connection ended before.
};

class Connection final {
 public:
  // `limits` outlives the connection (a listener has one for all of its connections).
  Connection(Role role, const Limits& limits, base::Instant now);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  // ---- bytes in
  // Decodes the next packet from what was kept and from the front of `in`, which shrinks. Views in
  // `out` live until the next call and as long as the bytes behind `in`. Call until it does not
  // return `packet`. A PUBLISH that uses a topic alias comes out with its topic filled in.
  [[nodiscard]] Next next(base::Bytes& in, base::Instant now, wire::Packet& out);
  // Keeps bytes that came behind CONNECT, for a connection that moves before it is decided on.
  void keep(base::Bytes in) { held_.insert(held_.end(), in.begin(), in.end()); }
  // Whether the transport should be read now.
  bool wants_bytes() const { return state_ != State::await_decision && state_ != State::closing; }
  // Bytes of an unfinished packet or behind a CONNECT: what this connection makes us buffer.
  std::size_t held_size() const { return held_.size() - held_at_; }

  // ---- handshake, server
  // Sends CONNACK with success; `connack.code` is set here. Adopts the client's limits from its
  // CONNECT and `keep_alive` (seconds; what was asked for or Server Keep Alive). Closes, with a
  // fault, when CONNACK is larger than the client's Maximum Packet Size.
  void accept(wire::Connack connack, std::uint16_t keep_alive, base::Instant now);
  // Sends CONNACK with the reason (as a Connect Return code before MQTT 5) and closes.
  void refuse(wire::ReasonCode reason, std::string_view reason_string);
  // AUTH from the server: in the handshake it waits for the client's answer.
  void send_auth(wire::ReasonCode reason, const wire::Properties& properties);

  // ---- handshake, client
  // Sends CONNECT and remembers what of it matters later.
  void connect(const wire::Connect& connect, base::Instant now);

  // ---- packets out. False: larger than the peer's Maximum Packet Size, nothing was sent
  // [MQTT-3.1.2-24]. Reason String and User Property are left out of acknowledgements that would be
  // too large, or that the client did not ask for [MQTT-3.1.2-29]. On a closing connection nothing
  // is sent [MQTT-3.14.4-1] and the answer is true: lost on the way, not too large.
  template <class P>
  bool send(const P& packet);
  // PUBLISH; uses a topic alias where the peer allows and it pays. Payloads from `share_from` bytes
  // on are referenced in `owner` instead of copied.
  bool send_publish(const wire::Publish& publish, const base::Ref<const base::Shared>& owner);
  // Bytes encoded by encode_once(), for peers with the same version and no topic aliases.
  void send_encoded(base::Bytes packet) {
    if (state_ != State::closing) output_.append(packet);
  }
  static constexpr std::size_t share_from = 1024;

  // The peer's PUBLISH with QoS above 0 is settled: PUBACK, PUBCOMP or PUBREC with an error was
  // sent.
  void settle_received() {
    if (received_in_flight_ > 0) --received_in_flight_;
  }

  // ---- closing
  // Sends DISCONNECT where this version and state have one, then closes [MQTT-3.14.0-1].
  void disconnect(wire::ReasonCode reason, std::string_view reason_string);
  // Closes without a word.
  void close();
  bool is_closing() const { return state_ == State::closing; }
  // Why, when the peer broke the rules. none() otherwise.
  const wire::Fault& fault() const { return fault_; }

  // ---- time
  // When advance() wants to be called; it may be earlier than needed, never later.
  base::Instant deadline() const;
  // Server: closes with 0x8D after 1.5 x Keep Alive without a byte [MQTT-3.1.2-22]; true then.
  // Client: sends PINGREQ when idle [MQTT-3.1.2-20] and closes when PINGRESP stays out for one more
  // Keep Alive.
  bool advance(base::Instant now);

  // ---- state
  base::OutputQueue& output() { return output_; }
  // So many bytes of output() were taken by the transport.
  void on_written(std::size_t size, base::Instant now) {
    output_.consume(size);
    last_sent_ = now;
  }
  // The peer shows that it is there in another way than by a packet that we have read.
  void on_sign_of_life(base::Instant now) { last_received_ = now; }
  const base::OutputQueue& output() const { return output_; }
  State state() const { return state_; }
  wire::Version version() const { return version_; }
  std::uint16_t keep_alive() const { return keep_alive_; }
  // What the peer announced; bounds what we may send.
  std::uint16_t peer_receive_maximum() const { return peer_receive_maximum_; }
  std::uint32_t peer_packet_size_max() const { return peer_packet_size_max_; }
  bool uses_topic_aliases() const { return aliases_out_max_ > 0; }
  bool wants_problem_information() const { return problem_information_; }
  // Caps what the peer's Topic Alias Maximum allows us (option max_topic_alias_broker). Before
  // accept().
  void limit_aliases_out(std::uint16_t most);

 private:
  Next take_frame(base::Bytes& in, wire::FixedHeader& header, base::Bytes& body);
  Next hold(base::Bytes& in);
  void grow_held(std::size_t more, std::size_t wanted);
  wire::Fault check_header(const wire::FixedHeader& header) const;
  wire::Fault check_order(wire::PacketType type) const;
  std::uint32_t size_max(wire::PacketType type) const;
  wire::Fault decode(const wire::FixedHeader& header, base::Bytes body, wire::Packet& out);
  wire::Fault on_connect(const wire::Connect& connect);
  wire::Fault on_connack(const wire::Connack& connack);
  wire::Fault on_publish(wire::Publish& publish);
  wire::Fault on_auth(const wire::Auth& auth);
  wire::Fault resolve_alias(wire::Publish& publish);
  void fail(const wire::Fault& fault);
  void adopt(const wire::Properties& properties);
  template <class P>
  bool append(const P& packet);
  bool send_publish_as_is(const wire::Publish& publish, const base::Ref<const base::Shared>& owner);

  Role role_;
  State state_ = State::await_connect;
  wire::Version version_ = wire::Version::v311;
  bool problem_information_ = true;
  bool has_method_ = false;        // CONNECT named an Authentication Method.
  bool ping_outstanding_ = false;  // Client.
  std::uint16_t keep_alive_ = 0;
  std::uint16_t peer_receive_maximum_ = 65'535;
  std::uint16_t received_in_flight_ = 0;
  std::uint16_t aliases_out_max_ = 0;
  std::uint16_t aliases_out_limit_ = 65'535;
  std::uint32_t peer_packet_size_max_ = wire::packet_size_max;
  const Limits* limits_;
  base::Instant last_received_;
  base::Instant last_sent_;
  base::Instant ping_sent_{};  // Client.
  wire::Fault fault_{};
  std::vector<std::uint8_t> held_;
  std::size_t held_at_ = 0;
  base::OutputQueue output_;
  std::unique_ptr<Aliases> aliases_;  // Only connections that use them have it.
};

}  // namespace protocol
