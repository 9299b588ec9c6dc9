// Test code only: machines at both ends of a connection, bytes carried by hand in any pieces, a
// clock moved by hand, so that a test reads as a script. What comes out of a machine is kept as
// text: packets as wire::to_text() writes them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "protocol/connection.h"
#include "wire/codec.h"
#include "wire/packet_generators.h"
#include "wire/test_bytes.h"

namespace protocol::test {

using wire::test::bytes;
using wire::test::ByteVector;

inline constexpr std::size_t whole = SIZE_MAX;

inline Limits with(void (*change)(Limits&)) {
  Limits limits;
  change(limits);
  return limits;
}

// Takes all that waits to be written, as one block.
inline ByteVector take_output(Connection& machine, base::Instant now) {
  ByteVector out;
  while (!machine.output().empty()) {
    base::Bytes piece;
    ASSERT(machine.output().gather({&piece, 1}) == 1);
    const base::Bytes taken = piece;
    out.insert(out.end(), taken.begin(), taken.end());
    machine.on_written(taken.size(), now);
  }
  return out;
}

// One machine.
class End final {
 public:
  End(Role role, const Limits& limits, base::Instant& now)
      : limits_(limits), now_(now), machine(role, limits_, now) {}

 private:
  const Limits limits_;  // Before the machine, which looks at them.
  base::Instant& now_;

 public:
  Connection machine;
  std::vector<std::string> packets;  // That came out since they were last looked at.

  // Reads bytes in pieces of `piece`; what the last call said.
  Next read(base::Bytes in, std::size_t piece = whole) {
    Next last = drain({});
    while (!in.empty() && last == Next::need_bytes) {
      const std::size_t size = std::min(piece, in.size());
      last = drain(in.first(size));
      in = in.subspan(size);
    }
    return last;
  }
  Next read(const wire::Packet& packet, std::size_t piece = whole) {
    return read(wire::generate::encoded(packet, machine.version()), piece);
  }
  // The same for what a test expects to be one packet and nothing else.
  std::string read_one(const wire::Packet& packet) {
    if (const Next last = read(packet); last != Next::need_bytes) return "(stopped)";
    std::vector<std::string> got = take_packets();
    return got.size() == 1 ? got.front() : "(" + std::to_string(got.size()) + " packets)";
  }
  std::vector<std::string> take_packets() { return std::exchange(packets, {}); }
  ByteVector take_output() { return test::take_output(machine, now_); }
  // What it would write, packet by packet.
  std::vector<std::string> sent() { return texts(take_output()); }

  bool is_closing() const { return machine.is_closing(); }
  std::string fault() const { return std::string{machine.fault().what}; }
  wire::ReasonCode reason() const { return machine.fault().reason; }

  // CONNECT and CONNACK as the other end would send them; what they caused is thrown away.
  void open_server(const wire::Connect& connect = {.version = wire::Version::v5}) {
    ASSERT(read(wire::generate::encoded(connect, connect.version)) == Next::paused);
    machine.accept({}, connect.keep_alive, now_);
    take_packets();
    take_output();
  }
  void open_client(const wire::Connect& connect = {.version = wire::Version::v5},
                   const wire::Connack& connack = {}) {
    machine.connect(connect, now_);
    take_output();
    ASSERT(read(connack) == Next::need_bytes);
    take_packets();
  }

 private:
  Next drain(base::Bytes in) {
    while (true) {
      const Next next = machine.next(in, now_, packet_);
      if (next != Next::packet) return next;
      packets.push_back(wire::to_text(packet_, machine.version()));
    }
  }
  std::vector<std::string> texts(const ByteVector& written) const {
    std::vector<std::string> out;
    base::Bytes rest{written};
    while (!rest.empty()) {
      wire::FixedHeader header;
      ASSERT(wire::read_fixed_header(rest, header).none());
      ASSERT(header.size != 0 && header.packet_size() <= rest.size());
      out.push_back(text_of(header, rest.subspan(header.size, header.remaining_length)));
      rest = rest.subspan(header.packet_size());
    }
    return out;
  }
  std::string text_of(const wire::FixedHeader& header, base::Bytes body) const {
    wire::Packet packet;
    for (const wire::Sender sender : {wire::Sender::server, wire::Sender::client}) {
      const wire::Fault fault = wire::decode(header, body, machine.version(), sender, packet);
      if (fault.none()) return wire::to_text(packet, machine.version());
    }
    return "(not a packet)";
  }

  wire::Packet packet_;
};

// A client and a server, and the wire between them.
struct Peers {
  explicit Peers(const Limits& client_limits = {}, const Limits& server_limits = {})
      : client(Role::client, client_limits, now), server(Role::server, server_limits, now) {}

  base::Instant now{std::chrono::hours{1}};
  End client;
  End server;

  void wait(base::Duration time) { now = now + time; }
  // Carries what waits, in pieces. What the receiver's last call said.
  Next to_server(std::size_t piece = whole) { return server.read(client.take_output(), piece); }
  Next to_client(std::size_t piece = whole) { return client.read(server.take_output(), piece); }
  // A whole handshake.
  void open(const wire::Connect& connect, const wire::Connack& connack = {}) {
    client.machine.connect(connect, now);
    ASSERT(to_server() == Next::paused);
    server.machine.accept(connack, connect.keep_alive, now);
    ASSERT(to_client() == Next::need_bytes);
    client.take_packets();
    server.take_packets();
  }
};

// A lone machine with its clock.
struct Lone {
  explicit Lone(Role role, const Limits& limits = {}) : end(role, limits, now) {}
  base::Instant now{std::chrono::hours{1}};
  End end;
  void wait(base::Duration time) { now = now + time; }
};

// A block of properties that owns its bytes.
class Block final {
 public:
  Block&& number(wire::PropertyId id, std::uint32_t value) && {
    list_.add(id, value);
    return std::move(*this);
  }
  Block&& text(wire::PropertyId id, std::string_view value) && {
    list_.add(id, value);
    return std::move(*this);
  }
  Block&& pair(std::string_view name, std::string_view value) && {
    list_.add(wire::PropertyId::user_property, name, value);
    return std::move(*this);
  }
  wire::Properties view() const { return list_.view(); }

 private:
  wire::PropertyList list_;
};

}  // namespace protocol::test
