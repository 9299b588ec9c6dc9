// Whatever the peer sends and however the bytes are cut.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/test_peers.h"

namespace protocol {
namespace {

using test::ByteVector;
using test::Lone;
using test::Peers;
using wire::PropertyId;
using wire::Sender;
using wire::Version;
using wire::generate::GeneratedPacket;

const Limits wide{.topic_alias_maximum = 65'535};

rc::Gen<Version> any_version() {
  return rc::gen::element(Version::v31, Version::v311, Version::v5);
}

// A machine on an open connection; the client named a method, so that AUTH may come as well.
struct Open : Lone {
  Open(Role role, Version version) : Lone(role, wide) {
    const test::Block method = test::Block{}.text(PropertyId::authentication_method, "M");
    const wire::Connect connect{
        .version = version,
        .properties = version == Version::v5 ? method.view() : wire::Properties{},
        .client_id = "c"};
    role == Role::server ? end.open_server(connect) : end.open_client(connect);
  }
};

// Packets that `sender` may send on an open connection.
std::vector<GeneratedPacket> any_stream(Version version, Sender sender) {
  auto packets =
      *rc::gen::container<std::vector<GeneratedPacket>>(wire::generate::any_packet(version));
  std::erase_if(packets, [sender](const GeneratedPacket& generated) {
    return generated.sender != sender || std::holds_alternative<wire::Connect>(generated.packet) ||
           std::holds_alternative<wire::Connack>(generated.packet);
  });
  return packets;
}

ByteVector joined(const std::vector<GeneratedPacket>& packets) {
  ByteVector out;
  for (const GeneratedPacket& generated : packets) {
    const ByteVector bytes = wire::generate::encoded(generated.packet, generated.version);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

// Cuts `bytes` anywhere: mostly small pieces, some large.
std::vector<ByteVector> any_pieces(const ByteVector& bytes) {
  const auto sizes =
      *rc::gen::container<std::vector<std::size_t>>(rc::gen::weightedOneOf<std::size_t>(
          {{3, rc::gen::inRange<std::size_t>(1, 4)}, {1, rc::gen::inRange<std::size_t>(1, 200)}}));
  std::vector<ByteVector> pieces;
  std::size_t at = 0;
  for (std::size_t i = 0; at < bytes.size(); ++i) {
    const std::size_t wanted = sizes.empty() ? bytes.size() : sizes[i % sizes.size()];
    const std::size_t size = std::min(wanted, bytes.size() - at);
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    // Memory of its own for each, so that a sanitizer sees each read beyond it.
    pieces.emplace_back(from, from + static_cast<std::ptrdiff_t>(size));
    at += size;
  }
  return pieces;
}

Sender other_side_of(Role role) {
  return role == Role::server ? Sender::client : Sender::server;
}

RC_GTEST_PROP(AnyChunking, gives_the_same_packets, ()) {
  const Version version = *any_version();
  const Role role = *rc::gen::element(Role::client, Role::server);
  const auto sent = any_stream(version, other_side_of(role));
  Open open{role, version};
  std::size_t count = 0;
  for (const ByteVector& piece : any_pieces(joined(sent))) {
    base::Bytes in{piece};
    wire::Packet out;
    Next next = Next::packet;
    while ((next = open.end.machine.next(in, open.now, out)) == Next::packet) {
      RC_ASSERT(count < sent.size());
      RC_ASSERT(wire::generate::same(out, sent[count++].packet));
    }
    RC_ASSERT(next == Next::need_bytes);
    RC_ASSERT(in.empty());
  }
  RC_ASSERT(count == sent.size());
  RC_ASSERT(open.end.machine.held_size() == 0U);
}

RC_GTEST_PROP(AnyPrefix, gives_its_whole_packets_and_keeps_the_rest, ()) {
  const Version version = *any_version();
  const auto sent = any_stream(version, Sender::client);
  const ByteVector all = joined(sent);
  const std::size_t size = *rc::gen::inRange<std::size_t>(0, all.size() + 1);
  std::size_t whole = 0;
  std::size_t end = 0;
  for (const GeneratedPacket& generated : sent) {
    const std::size_t more = wire::encoded_size(generated.packet, version);
    if (end + more > size) break;
    end += more;
    ++whole;
  }
  Open open{Role::server, version};
  const ByteVector prefix(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
  RC_ASSERT(open.end.read(prefix) == Next::need_bytes);
  RC_ASSERT(open.end.packets.size() == whole);
  RC_ASSERT(open.end.machine.held_size() == size - end);
  // The rest completes it.
  const ByteVector rest(all.begin() + static_cast<std::ptrdiff_t>(size), all.end());
  RC_ASSERT(open.end.read(rest) == Next::need_bytes);
  RC_ASSERT(open.end.packets.size() == sent.size());
}

// Walks a machine into one of its states.
void walk(Lone& lone, Role role, Version version, int depth) {
  const test::Block method = test::Block{}.text(PropertyId::authentication_method, "M");
  const wire::Connect connect{
      .version = version,
      .properties = version == Version::v5 ? method.view() : wire::Properties{},
      .client_id = "c"};
  Connection& machine = lone.end.machine;
  if (depth == 0) return;
  if (role == Role::client) {
    machine.connect(connect, lone.now);
    if (depth > 1) lone.end.read(wire::Connack{});
    return;
  }
  lone.end.read(wire::generate::encoded(connect, version));
  if (depth == 1 && version == Version::v5) {
    return machine.send_auth(wire::ReasonCode::continue_authentication, method.view());
  }
  machine.accept({}, 0, lone.now);
}

void expect_sound_end(Lone& lone, const std::vector<ByteVector>& pieces) {
  std::size_t given = 0;
  for (const ByteVector& piece : pieces) {
    given += piece.size();
    const Next last = lone.end.read(piece);
    RC_ASSERT(lone.end.machine.held_size() <= given);
    if (last == Next::paused) return;  // CONNECT came.
    RC_ASSERT(last == Next::need_bytes || last == Next::closing);
    RC_ASSERT(lone.end.is_closing() == (last == Next::closing));
    if (last == Next::closing) {
      RC_ASSERT(lone.end.machine.held_size() == 0U || lone.end.machine.fault().none());
      RC_ASSERT(lone.end.read(piece) == Next::closing);
      return;
    }
  }
}

RC_GTEST_PROP(AnyBytes, end_in_need_of_more_or_in_closing, ()) {
  const Role role = *rc::gen::element(Role::client, Role::server);
  Lone lone{role, wide};
  walk(lone, role, *any_version(), *rc::gen::inRange(0, 3));
  expect_sound_end(lone, any_pieces(*rc::gen::arbitrary<ByteVector>()));
}

RC_GTEST_PROP(AnyBytes, that_are_nearly_right_end_in_need_of_more_or_in_closing, ()) {
  const Role role = *rc::gen::element(Role::client, Role::server);
  const Version version = *any_version();
  auto packets =
      *rc::gen::container<std::vector<GeneratedPacket>>(wire::generate::any_packet(version));
  ByteVector bytes = joined(packets);
  RC_PRE(!bytes.empty());
  for (int changes = *rc::gen::inRange(0, 4); changes > 0; --changes) {
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<std::uint8_t>();
  }
  Lone lone{role, wide};
  walk(lone, role, version, *rc::gen::inRange(0, 3));
  expect_sound_end(lone, any_pieces(bytes));
}

// What is announced counts for nothing: memory follows the bytes that came.
RC_GTEST_PROP(AnyBytes, make_no_more_be_kept_than_came_or_a_packet_may_have, ()) {
  const Limits limits{.packet_size_max = 300};
  Lone lone{Role::server, limits};
  lone.end.open_server({.version = Version::v311, .client_id = "c"});
  for (const ByteVector& piece : any_pieces(*rc::gen::arbitrary<ByteVector>())) {
    lone.end.read(piece);
    RC_ASSERT(lone.end.machine.held_size() <= limits.packet_size_max);
  }
}

class Owner final : public base::Shared {
 public:
  std::vector<std::uint8_t> bytes;
};

// Aliases, sharing and any chunking together: what one end sends is what the other end gets.
RC_GTEST_PROP(AnyMessages, arrive_as_they_were_sent, ()) {
  const test::Block announced =
      test::Block{}.number(PropertyId::topic_alias_maximum, *rc::gen::inRange<std::uint32_t>(0, 4));
  Peers peers{wide};
  peers.open({.version = Version::v5, .properties = announced.view()});
  const auto messages = *rc::gen::container<std::vector<std::pair<int, std::size_t>>>(rc::gen::pair(
      rc::gen::inRange(0, 6), rc::gen::element<std::size_t>(0, 1, 700, 1023, 1024, 1025, 3000)));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto* payload = new Owner;
    const base::Ref<const Owner> owner{payload};
    payload->bytes.assign(messages[i].second, static_cast<std::uint8_t>(i));
    const std::string topic = "topic/" + std::to_string(messages[i].first);
    RC_ASSERT(peers.server.machine.send_publish({.topic = topic, .payload = owner->bytes}, owner));
  }
  std::size_t count = 0;
  for (const ByteVector& piece : any_pieces(peers.server.take_output())) {
    base::Bytes in{piece};
    wire::Packet out;
    while (peers.client.machine.next(in, peers.now, out) == Next::packet) {
      RC_ASSERT(count < messages.size());
      const auto& got = *std::get_if<wire::Publish>(&out);
      RC_ASSERT(got.topic == "topic/" + std::to_string(messages[count].first));
      RC_ASSERT(std::ranges::equal(
          got.payload, ByteVector(messages[count].second, static_cast<std::uint8_t>(count))));
      ++count;
    }
  }
  RC_ASSERT(count == messages.size());
}

}  // namespace
}  // namespace protocol
