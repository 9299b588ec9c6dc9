// For tests: the other end of a session. Reads the bytes that the session wants written, answers
// with packets, and keeps what the session tells its driver as short lines. Time is moved by hand.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/session.h"
#include "wire/codec.h"

namespace client {

using Lines = std::vector<std::string>;

inline std::string number(wire::PacketId id) {
  return std::to_string(id.value);
}

// "PUBLISH 1 q1 t=payload", with d for DUP and r for RETAIN: what the tests care about.
struct Short {
  std::string operator()(const wire::Connect& p) const {
    return "CONNECT '" + std::string{p.client_id} + "'" + (p.clean_start ? " clean" : "");
  }
  std::string operator()(const wire::Publish& p) const {
    std::string line = "PUBLISH " + number(p.id) + " q" + std::to_string(static_cast<int>(p.qos));
    if (p.dup) line += "d";
    if (p.retain) line += "r";
    line += " " + std::string{p.topic} + "=" + std::string{base::as_text(p.payload)};
    if (const auto alias = p.properties.number(wire::PropertyId::topic_alias)) {
      line += " alias " + std::to_string(*alias);
    }
    return line;
  }
  std::string operator()(const wire::Subscribe& p) const {
    std::string line = "SUBSCRIBE " + number(p.id);
    for (const auto& request : p.requests) line += " " + std::string{request.filter};
    return line;
  }
  std::string operator()(const wire::Unsubscribe& p) const {
    std::string line = "UNSUBSCRIBE " + number(p.id);
    for (const auto& filter : p.filters) line += " " + std::string{filter};
    return line;
  }
  std::string operator()(const wire::Disconnect& p) const { return with_reason("DISCONNECT", p); }
  std::string operator()(const wire::Auth& p) const { return with_reason("AUTH", p); }
  template <wire::PacketType type>
  std::string operator()(const wire::Acknowledgement<type>& p) const {
    return with_reason(std::string{wire::name_of(type)} + " " + number(p.id), p);
  }
  template <class P>
  std::string operator()(const P&) const {
    return std::string{wire::name_of(P::type)};
  }
  template <class P>
  static std::string with_reason(std::string line, const P& p) {
    if (p.reason == wire::ReasonCode::success) return line;
    return line + " rc" + std::to_string(static_cast<int>(p.reason));
  }
};

class ScriptedServer final {
 public:
  explicit ScriptedServer(midge::Options options)
      : options_(std::move(options)), session_(options_) {}

  Session& session() { return session_; }
  base::Instant now() const { return now_; }
  void wait(base::Duration duration) { now_ = now_ + duration; }

  // The transport is open and CONNECT was read; gives its line.
  std::string start() {
    in_.clear();
    session_.start(now_);
    const Lines lines = take();
    return lines.empty() ? "" : lines.front();
  }
  // Connected: CONNACK with these properties. Gives what the session sends at once.
  Lines connect(bool session_present = false, const wire::PropertyList& properties = {}) {
    start();
    send(wire::Connack{.session_present = session_present, .properties = properties.view()});
    return take();
  }
  void lose() {
    session_.lose({.code = midge::ErrorCode::connection_lost, .text = "lost"});
    run({});
    session_.close();
    run({});
  }

  template <class P>
  void send(const P& packet) {
    std::vector<std::uint8_t> bytes(wire::encoded_size(packet, options_.version));
    wire::encode(packet, options_.version, bytes.data());
    run(bytes);
  }
  // Hands the session bytes; what it says is in events().
  void run(base::Bytes bytes) {
    Event event;
    while (session_.next(bytes, now_, event)) note(event);
  }
  // What the session wrote since the last call, as packets.
  Lines take() {
    write();
    Lines lines;
    for (std::string& line : std::exchange(lines_, {})) lines.push_back(std::move(line));
    return lines;
  }
  // "message t=payload", "done 1 ok", "ended: sentence", ...
  Lines events() { return std::exchange(events_, {}); }

  // A publish whose end is noted as "done NAME ...".
  midge::Result<void> publish(const std::string& name, wire::Qos qos,
                              const std::string& topic = "t") {
    return session_.publish(topic, name, {.qos = qos}, handler(name));
  }
  midge::PublishHandler handler(const std::string& name) {
    return [this, name](const midge::PublishResult& result) {
      events_.push_back("done " + name + (result.ok() ? " ok" : ": " + result.error.text));
    };
  }
  midge::SubscribeHandler answer(const std::string& name) {
    return [this, name](const midge::SubscribeResult& result) {
      std::string line = "answer " + name + (result.ok() ? "" : ": " + result.error.text);
      for (const auto code : result.codes) line += " " + std::to_string(static_cast<int>(code));
      events_.push_back(line);
    };
  }

 private:
  void write() {
    while (session_.has_output()) {
      std::array<base::Bytes, 64> pieces;
      const std::size_t count = session_.output().gather(pieces);
      std::size_t size = 0;
      for (std::size_t i = 0; i < count; ++i) {
        in_.insert(in_.end(), pieces[i].begin(), pieces[i].end());
        size += pieces[i].size();
      }
      session_.on_written(size, now_);
      run({});
    }
    base::Bytes rest{in_};
    wire::FixedHeader header;
    while (wire::read_fixed_header(rest, header).none() && header.size != 0 &&
           rest.size() >= header.packet_size()) {
      read_packet(header, rest.subspan(header.size, header.remaining_length));
      rest = rest.subspan(header.packet_size());
      header = {};
    }
    in_.assign(rest.begin(), rest.end());
  }
  void read_packet(const wire::FixedHeader& header, base::Bytes body) {
    wire::Packet packet;
    const wire::Fault fault =
        wire::decode(header, body, options_.version, wire::Sender::client, packet);
    EXPECT_TRUE(fault.none()) << fault.what;
    lines_.push_back(std::visit(Short{}, packet));
  }
  void note(Event& event) {
    if (auto* done = std::get_if<PublishDone>(&event)) return done->done(done->result);
    if (auto* done = std::get_if<RequestDone>(&event)) return done->done(done->result);
    if (auto* message = std::get_if<midge::Message>(&event)) {
      events_.push_back("message " + std::string{message->topic} + "=" +
                        std::string{message->text()});
    } else if (auto* ended = std::get_if<Ended>(&event)) {
      events_.push_back("ended" + (ended->why ? ": " + ended->why.text : ""));
    } else if (auto* info = std::get_if<midge::ConnectInfo>(&event)) {
      events_.push_back(info->session_present ? "connected again" : "connected");
    } else if (auto* auth = std::get_if<midge::AuthEvent>(&event)) {
      events_.push_back("auth " + std::to_string(static_cast<int>(auth->reason)));
    } else {
      events_.push_back("writable");
    }
  }

  midge::Options options_;
  Session session_;
  base::Instant now_{std::chrono::seconds{1'000}};
  std::vector<std::uint8_t> in_;  // A packet of the session that is not whole yet.
  Lines lines_;
  Lines events_;
};

}  // namespace client
