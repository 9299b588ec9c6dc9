#include "protocol/connection.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "base/planted.h"
#include "base/probe.h"
#include "protocol/aliases.h"

namespace protocol {

using wire::Fault;
using wire::PacketType;
using wire::PropertyId;
using wire::ReasonCode;
using wire::Sender;
using wire::Version;

namespace {

// Packets that only the other role sends; AUTH and the acknowledgements go both ways.
bool may_receive(Role role, PacketType type) {
  switch (type) {
    case PacketType::connect:
    case PacketType::subscribe:
    case PacketType::unsubscribe:
    case PacketType::pingreq:
      return role == Role::server;
    case PacketType::connack:
    case PacketType::suback:
    case PacketType::unsuback:
    case PacketType::pingresp:
      return role == Role::client;
    case PacketType::publish:
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
    case PacketType::disconnect:
    case PacketType::auth:
      return true;
  }
  UNREACHABLE();
}

// What TLS begins with (RFC 8446, 5.1); as MQTT it would be a CONNECT with reserved flags.
constexpr std::uint8_t tls_handshake = 0x16;

// With the option of the broker to raise.
const char* size_complaint(PacketType type) {
  switch (type) {
    case PacketType::connect:
    case PacketType::auth:
      return "packet is larger than max_connect_packet_size or max_packet_size";
    case PacketType::subscribe:
    case PacketType::unsubscribe:
    case PacketType::suback:
    case PacketType::unsuback:
      return "packet is larger than max_subscribe_packet_size or max_packet_size";
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
    case PacketType::disconnect:
      return "packet is larger than max_ack_packet_size or max_packet_size";
    case PacketType::connack:
    case PacketType::publish:
    case PacketType::pingreq:
    case PacketType::pingresp:
      return "packet is larger than max_packet_size";
  }
  UNREACHABLE();
}

// Reason String and User Property are for people; everything else of an acknowledgement is not.
wire::PropertyList without_problem_information(const wire::Properties& properties) {
  wire::PropertyList kept;
  for (auto p = properties.begin(); p != wire::Properties::end(); ++p) {
    if (p->id == PropertyId::reason_string || p->id == PropertyId::user_property) continue;
    kept.add_encoded(p.encoded());
  }
  return kept;
}

template <class P>
constexpr bool carries_problem_information =
    !std::is_same_v<P, wire::Publish> && !std::is_same_v<P, wire::Connect> &&
    !std::is_same_v<P, wire::Subscribe> && !std::is_same_v<P, wire::Unsubscribe> &&
    !std::is_same_v<P, wire::Pingreq> && !std::is_same_v<P, wire::Pingresp>;

// [MQTT-3.1.2-29]: these three may carry it even to a client that asked for none.
template <class P>
constexpr bool always_may_carry_it =
    std::is_same_v<P, wire::Connack> || std::is_same_v<P, wire::Disconnect>;

}  // namespace

Connection::Connection(Role role, const Limits& limits, base::Instant now)
    : role_(role), limits_(&limits), last_received_(now), last_sent_(now) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

// ---------------------------------------------------------------- bytes in

Next Connection::next(base::Bytes& in, base::Instant now, wire::Packet& out) {
  if (state_ == State::closing) return Next::closing;
  if (state_ == State::await_decision) {
    if (!in.empty()) PROBE("bytes wait behind CONNECT");
    // What follows CONNECT at once waits; one read's worth, since wants_bytes() is false from here.
    held_.insert(held_.end(), in.begin(), in.end());
    in = {};
    return Next::paused;
  }
  wire::FixedHeader header;
  base::Bytes body;
  const std::size_t waiting = in.size();
  const Next taken = take_frame(in, header, body);
  // Bytes of an unfinished packet count: a large one may take longer than Keep Alive, and no
  // PINGREQ fits into it.
  if (taken == Next::packet || in.size() < waiting) last_received_ = now;
  if (taken != Next::packet) return taken;
  if (const Fault fault = decode(header, body, out); !fault.none()) {
    fail(fault);
    return Next::closing;
  }
  return Next::packet;
}

// Finds one whole frame: in what was kept, completed from `in`, or in `in` alone.
Next Connection::take_frame(base::Bytes& in, wire::FixedHeader& header, base::Bytes& body) {
  if (held_at_ > 0 && held_at_ == held_.size()) {
    std::vector<std::uint8_t>{}.swap(held_);  // An idle connection owns no buffer.
    held_at_ = 0;
  }
  if (held_.empty()) {
    if (in.empty()) return Next::need_bytes;
    if (const Fault fault = wire::read_fixed_header(in, header); !fault.none()) {
      fail(fault);
      return Next::closing;
    }
    if (const Fault fault =
            check_header(header.size == 0 ? wire::FixedHeader{.first = in[0]} : header);
        !fault.none()) {
      fail(fault);
      return Next::closing;
    }
    if (header.size == 0 || in.size() < header.packet_size()) return hold(in);
    body = in.subspan(header.size, header.remaining_length);
    in = in.subspan(header.packet_size());
    return Next::packet;
  }
  while (true) {
    const base::Bytes kept = base::Bytes{held_}.subspan(held_at_);
    if (const Fault fault = wire::read_fixed_header(kept, header); !fault.none()) {
      fail(fault);
      return Next::closing;
    }
    if (header.size != 0) {
      if (const Fault fault = check_header(header); !fault.none()) {
        fail(fault);
        return Next::closing;
      }
    }
    const std::size_t wanted = header.size == 0 ? kept.size() + 1 : header.packet_size();
    if (header.size != 0 && kept.size() >= wanted) {
      body = kept.subspan(header.size, header.remaining_length);
      held_at_ += wanted;
      return Next::packet;
    }
    const std::size_t n = std::min(wanted - kept.size(), in.size());
    if (n == 0) return Next::need_bytes;
    grow_held(n, held_at_ + wanted);
    held_.insert(held_.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(n));
    in = in.subspan(n);
  }
}

// Doubles, but not beyond what the packet needs; memory follows the bytes that came, not the length
// announced.
void Connection::grow_held(std::size_t more, std::size_t wanted) {
  if (held_.size() + more <= held_.capacity()) return;
  held_.reserve(std::max(held_.size() + more, std::min(wanted, 2 * held_.capacity())));
}

Next Connection::hold(base::Bytes& in) {
  PROBE("a packet comes in pieces");
  held_.assign(in.begin(), in.end());
  if (base::planted("lose-first-piece") && in.size() == 1) held_.clear();
  held_at_ = 0;
  in = {};
  return Next::need_bytes;
}

// Runs before the body is buffered: order and size are known from the fixed header alone.
Fault Connection::check_header(const wire::FixedHeader& header) const {
  const auto bits = header.type_bits();
  if (state_ == State::await_connect && header.first == tls_handshake) {
    return wire::malformed("this looks like TLS, which this port does not speak");
  }
  if (bits == 0) return wire::malformed("packet type 0 is reserved");
  const auto type = static_cast<PacketType>(bits);
  if (const Fault fault = check_order(type); !fault.none()) return fault;
  if (header.size != 0 && header.packet_size() > size_max(type)) {
    return {ReasonCode::packet_too_large, size_complaint(type)};
  }
  return {};
}

Fault Connection::check_order(PacketType type) const {
  if (type == PacketType::auth && version_ != Version::v5 && state_ == State::connected) {
    return wire::malformed("packet type 15 is reserved before MQTT 5");
  }
  switch (state_) {
    case State::await_connect:
      if (role_ == Role::client) return wire::protocol_error("packet before CONNECT was sent");
      if (type != PacketType::connect) {  // [MQTT-3.1.0-1]
        return wire::protocol_error("the first packet is not CONNECT");
      }
      return {};
    case State::await_connack:
      if (type != PacketType::connack && type != PacketType::auth) {  // [MQTT-3.2.0-1]
        return wire::protocol_error("packet before CONNACK");
      }
      return {};
    case State::await_auth:
      if (type != PacketType::auth && type != PacketType::disconnect) {  // [MQTT-3.1.2-30]
        return wire::protocol_error("packet other than AUTH or DISCONNECT during authentication");
      }
      return {};
    case State::connected:
      if (type == PacketType::connect && role_ == Role::server) {  // [MQTT-3.1.0-2]
        return wire::protocol_error("second CONNECT on one connection");
      }
      if (type == PacketType::connack) {  // [MQTT-3.2.0-2]
        return wire::protocol_error("CONNACK on an open connection");
      }
      if (!may_receive(role_, type))
        return wire::protocol_error("a packet that only the other side sends");
      return {};
    case State::await_decision:
    case State::closing:
      break;
  }
  UNREACHABLE();
}

std::uint32_t Connection::size_max(PacketType type) const {
  const auto within = [this](std::uint32_t most) {
    return std::min(most, limits_->packet_size_max);
  };
  switch (type) {
    case PacketType::connect:
    case PacketType::auth:
      return within(limits_->connect_size_max);
    case PacketType::subscribe:
    case PacketType::unsubscribe:
    case PacketType::suback:
    case PacketType::unsuback:
      return within(limits_->subscribe_size_max);
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
    case PacketType::disconnect:
      return within(limits_->acknowledgement_size_max);
    case PacketType::connack:
    case PacketType::publish:
    case PacketType::pingreq:
    case PacketType::pingresp:
      return limits_->packet_size_max;
  }
  UNREACHABLE();
}

Fault Connection::decode(const wire::FixedHeader& header, base::Bytes body, wire::Packet& out) {
  const Sender sender = role_ == Role::server ? Sender::client : Sender::server;
  const auto type = static_cast<PacketType>(header.type_bits());
  if (type == PacketType::publish) {  // The hot one first.
    auto& publish = out.emplace<wire::Publish>();
    const Fault fault = wire::decode(header, body, version_, sender, publish);
    return fault.none() ? on_publish(publish) : fault;
  }
  if (type == PacketType::connect) {
    auto& connect = out.emplace<wire::Connect>();
    const Fault fault = wire::decode(header, body, connect);
    version_ = connect.version;  // Known even when what follows it is broken.
    return fault.none() ? on_connect(connect) : fault;
  }
  const Fault fault = wire::decode(header, body, version_, sender, out);
  if (!fault.none()) return fault;
  if (const auto* connack = std::get_if<wire::Connack>(&out)) return on_connack(*connack);
  if (const auto* auth = std::get_if<wire::Auth>(&out)) return on_auth(*auth);
  if (std::holds_alternative<wire::Pingresp>(out)) ping_outstanding_ = false;
  return {};
}

Fault Connection::on_connect(const wire::Connect& connect) {
  problem_information_ =
      connect.properties.number(PropertyId::request_problem_information).value_or(1) != 0;
  has_method_ = connect.properties.text(PropertyId::authentication_method).has_value();
  adopt(connect.properties);
  state_ = State::await_decision;
  return {};
}

Fault Connection::on_connack(const wire::Connack& connack) {
  if (connack.code != 0) {
    state_ = State::closing;  // The packet still goes to the application, which reads the code.
    return {};
  }
  adopt(connack.properties);
  keep_alive_ = static_cast<std::uint16_t>(connack.properties.number(PropertyId::server_keep_alive)
                                               .value_or(keep_alive_));  // [MQTT-3.1.2-21]
  state_ = State::connected;
  return {};
}

void Connection::adopt(const wire::Properties& properties) {
  const auto number = [&](PropertyId id, std::uint32_t otherwise) {
    return properties.number(id).value_or(otherwise);
  };
  peer_receive_maximum_ = static_cast<std::uint16_t>(number(PropertyId::receive_maximum, 65'535));
  peer_packet_size_max_ = std::min(wire::packet_size_max,
                                   number(PropertyId::maximum_packet_size, wire::packet_size_max));
  // [MQTT-3.1.2-26], [MQTT-3.1.2-27], [MQTT-3.2.2-17], [MQTT-3.2.2-18]
  aliases_out_max_ = std::min(
      aliases_out_limit_, static_cast<std::uint16_t>(number(PropertyId::topic_alias_maximum, 0)));
}

void Connection::limit_aliases_out(std::uint16_t most) {
  aliases_out_limit_ = most;
  aliases_out_max_ = std::min(aliases_out_max_, most);
}

Fault Connection::on_publish(wire::Publish& publish) {
  if (version_ != Version::v5) return {};
  if (publish.qos != wire::Qos::at_most_once) {
    if (received_in_flight_ == limits_->receive_maximum) {  // MQTT 5, 3.3.4: 0x93.
      return {ReasonCode::receive_maximum_exceeded,
              "more QoS 1 and 2 messages in flight than Receive Maximum"};
    }
    ++received_in_flight_;
  }
  return publish.properties.empty() ? Fault{} : resolve_alias(publish);
}

Fault Connection::resolve_alias(wire::Publish& publish) {
  const auto alias = publish.properties.number(PropertyId::topic_alias);
  if (!alias) return {};
  if (*alias == 0 || *alias > limits_->topic_alias_maximum) {  // [MQTT-3.3.2-8], [MQTT-3.3.2-9]
    return {ReasonCode::topic_alias_invalid, "Topic Alias is 0 or above the Topic Alias Maximum"};
  }
  if (!aliases_) aliases_ = std::make_unique<Aliases>();
  if (!publish.topic.empty()) {
    aliases_->learn(static_cast<std::uint16_t>(*alias), publish.topic);
    return {};
  }
  publish.topic = aliases_->topic(static_cast<std::uint16_t>(*alias));
  if (publish.topic.empty())
    return wire::protocol_error("empty topic with a Topic Alias that is not known");
  return {};
}

Fault Connection::on_auth(const wire::Auth& auth) {
  if (!has_method_) {  // [MQTT-4.12.0-7], [MQTT-4.12.0-6]
    return wire::protocol_error("AUTH without an Authentication Method in CONNECT");
  }
  if (role_ == Role::client) return {};
  if (state_ == State::await_auth) {
    if (auth.reason != ReasonCode::continue_authentication) {  // [MQTT-4.12.0-3]
      return wire::protocol_error("AUTH during authentication is not Continue authentication");
    }
    state_ = State::await_decision;
  }
  return {};
}

void Connection::fail(const Fault& fault) {
  fault_ = fault;
  if (role_ == Role::server && (state_ == State::await_connect || state_ == State::await_auth)) {
    // Before CONNACK: an unsupported version is told, a malformed CONNECT only by MQTT 5's rules
    // [MQTT-3.1.4-1], [MQTT-3.1.2-2]; MQTT 3.1.1 wants silence for it.
    const bool told =
        fault.reason == ReasonCode::unsupported_protocol_version || version_ == Version::v5;
    if (told) return refuse(fault.reason, fault.what);
    return close();
  }
  disconnect(fault.reason, fault.what);
}

// ---------------------------------------------------------------- handshake

void Connection::accept(wire::Connack connack, std::uint16_t keep_alive, base::Instant now) {
  ASSERT(role_ == Role::server);
  ASSERT(state_ == State::await_decision);
  connack.code = 0;
  keep_alive_ = keep_alive;
  last_received_ = now;
  state_ = State::connected;
  if (send(connack)) return;
  // Nothing may be sent to a client that got no CONNACK [MQTT-3.2.0-1].
  fault_ = {ReasonCode::packet_too_large,
            "CONNACK is larger than the client's Maximum Packet Size"};
  close();
}

void Connection::refuse(ReasonCode reason, std::string_view reason_string) {
  ASSERT(role_ == Role::server);
  ASSERT(state_ != State::connected);  // [MQTT-3.2.0-2]
  wire::Connack connack;
  wire::PropertyList properties;
  if (version_ == Version::v5) {
    connack.code = static_cast<std::uint8_t>(reason);
    if (!reason_string.empty()) properties.add(PropertyId::reason_string, reason_string);
    connack.properties = properties.view();
  } else {
    connack.code = static_cast<std::uint8_t>(wire::connect_return_code(reason));
  }
  send(connack);
  close();  // [MQTT-3.2.2-7]
}

void Connection::send_auth(ReasonCode reason, const wire::Properties& properties) {
  ASSERT(has_method_);
  send(wire::Auth{.reason = reason, .properties = properties});
  if (role_ == Role::server && state_ == State::await_decision) state_ = State::await_auth;
}

void Connection::connect(const wire::Connect& connect, base::Instant now) {
  ASSERT(role_ == Role::client);
  ASSERT(state_ == State::await_connect);
  version_ = connect.version;
  keep_alive_ = connect.keep_alive;
  has_method_ = connect.properties.text(PropertyId::authentication_method).has_value();
  last_received_ = last_sent_ = now;
  send(connect);
  state_ = State::await_connack;
}

// ---------------------------------------------------------------- packets out

template <class P>
bool Connection::append(const P& packet) {
  if (state_ == State::closing) return true;
  const std::size_t size = wire::encoded_size(packet, version_);
  if (size > peer_packet_size_max_) return false;
  wire::encode(packet, version_, output_.extend(size));
  return true;
}

template <class P>
bool Connection::send(const P& packet) {
  if constexpr (carries_problem_information<P>) {
    if (!packet.properties.empty()) {
      const bool unwanted =
          !problem_information_ && !always_may_carry_it<P> && role_ == Role::server;
      if (!unwanted && append(packet)) return true;
      const wire::PropertyList kept = without_problem_information(packet.properties);
      P shorter = packet;
      shorter.properties = kept.view();
      return append(shorter);
    }
  }
  return append(packet);
}

template bool Connection::send(const wire::Connect&);
template bool Connection::send(const wire::Connack&);
template bool Connection::send(const wire::Publish&);
template bool Connection::send(const wire::Puback&);
template bool Connection::send(const wire::Pubrec&);
template bool Connection::send(const wire::Pubrel&);
template bool Connection::send(const wire::Pubcomp&);
template bool Connection::send(const wire::Subscribe&);
template bool Connection::send(const wire::Suback&);
template bool Connection::send(const wire::Unsubscribe&);
template bool Connection::send(const wire::Unsuback&);
template bool Connection::send(const wire::Pingreq&);
template bool Connection::send(const wire::Pingresp&);
template bool Connection::send(const wire::Disconnect&);
template bool Connection::send(const wire::Auth&);

bool Connection::send_publish(const wire::Publish& publish,
                              const base::Ref<const base::Shared>& owner) {
  if (state_ == State::closing) return true;
  if (aliases_out_max_ == 0) return send_publish_as_is(publish, owner);
  if (!aliases_) aliases_ = std::make_unique<Aliases>();
  bool is_new = false;
  const std::uint16_t alias = aliases_->assign(publish.topic, aliases_out_max_, is_new);
  if (alias == 0) return send_publish_as_is(publish, owner);
  // Subscription identifiers stay in front of it, the publisher's own properties behind.
  wire::PropertyList properties;
  auto p = publish.properties.begin();
  for (; p != wire::Properties::end() && p->id == PropertyId::subscription_identifier; ++p) {
    properties.add_encoded(p.encoded());
  }
  properties.add(PropertyId::topic_alias, alias);
  for (; p != wire::Properties::end(); ++p) properties.add_encoded(p.encoded());
  wire::Publish aliased = publish;
  aliased.properties = properties.view();
  if (!is_new) aliased.topic = {};
  if (send_publish_as_is(aliased, owner)) return true;
  PROBE("a PUBLISH with a new alias is too large");
  if (is_new && !base::planted("keep-unseen-alias")) {
    aliases_->forget_last(publish.topic);  // The peer never saw it.
  }
  // The alias may be what was too much.
  return send_publish_as_is(publish, owner);
}

bool Connection::send_publish_as_is(const wire::Publish& publish,
                                    const base::Ref<const base::Shared>& owner) {
  if (publish.payload.size() < share_from || !owner) return append(publish);
  const std::size_t head = wire::publish_head_size(publish, version_);
  if (head + publish.payload.size() > peer_packet_size_max_) return false;
  wire::encode_publish_head(publish, version_, output_.extend(head));
  output_.append_shared(owner, publish.payload);
  return true;
}

// ---------------------------------------------------------------- closing

void Connection::disconnect(ReasonCode reason, std::string_view reason_string) {
  if (state_ == State::closing) return;
  const bool is_client = role_ == Role::client;
  // [MQTT-3.14.0-1]; before MQTT 5 only the client has a DISCONNECT, and it says nothing but
  // goodbye.
  const bool may_say = state_ == State::connected &&
                       (version_ == Version::v5 || (is_client && !wire::is_error(reason)));
  if (may_say) {
    wire::PropertyList properties;
    if (!reason_string.empty()) properties.add(PropertyId::reason_string, reason_string);
    send(wire::Disconnect{
        .reason = reason,
        .properties = version_ == Version::v5 ? properties.view() : wire::Properties{}});
  }
  close();
}

void Connection::close() {
  state_ = State::closing;
  std::vector<std::uint8_t>{}.swap(held_);
  held_at_ = 0;
}

// ---------------------------------------------------------------- time

namespace {
constexpr base::Duration seconds(std::uint16_t count) {
  return std::chrono::seconds{count};
}
}  // namespace

base::Instant Connection::deadline() const {
  if (keep_alive_ == 0 || state_ != State::connected) return base::Instant::never();
  if (role_ == Role::server && base::planted("trust-silence")) return base::Instant::never();
  if (role_ == Role::server) return last_received_ + seconds(keep_alive_) * 3 / 2;
  const base::Instant since = ping_outstanding_ ? ping_sent_ : std::min(last_sent_, last_received_);
  return since + seconds(keep_alive_);
}

bool Connection::advance(base::Instant now) {
  if (now < deadline()) return false;
  if (role_ == Role::server) {  // [MQTT-3.1.2-22]
    PROBE("a client is silent for too long");
    fault_ = {ReasonCode::keep_alive_timeout, "nothing received for 1.5 times the keep alive"};
    disconnect(fault_.reason, fault_.what);
    return true;
  }
  if (ping_outstanding_) {
    fault_ = {ReasonCode::keep_alive_timeout, "no PINGRESP within the keep alive"};
    close();
    return true;
  }
  send(wire::Pingreq{});  // [MQTT-3.1.2-20]
  ping_outstanding_ = true;
  ping_sent_ = last_sent_ = now;
  return false;
}

}  // namespace protocol
