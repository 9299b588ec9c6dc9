#include "client/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "client/check.h"
#include "client/connect_packet.h"
#include "client/texts.h"

namespace client {

using wire::PacketType;
using wire::Version;

Session::Session(const midge::Options& options)
    : options_(options), limits_(limits_of(options)), client_id_(options.client_id) {
  log_.set_client_id(client_id_);
}

// ---------------------------------------------------------------- connection

void Session::start(base::Instant now) {
  ASSERT(!connection_);
  connection_.emplace(protocol::Role::client, limits_, now);
  connection_->limit_aliases_out(options_.topic_aliases_out_max);
  // MQTT 5 resumes whatever session is left; before, a session that survives us has to be wanted.
  const bool resumes = accepted_ > 0 && options_.version == Version::v5;
  asked_clean_ = options_.clean_start && !resumes;
  const ConnectPacket connect{options_, client_id_, asked_clean_};
  log_.sending(PacketType::connect);
  connection_->connect(connect.packet(), now);
  ended_ = false;
  paused_ = false;
  ping_outstanding_ = false;
  grace_ = last_progress_ = now;
  written_ = 0;
}

void Session::end(Ended ended) {
  end_error_ = ended.why ? ended.why : user_disconnected();
  take_back();
  events_.emplace_back(std::move(ended));
}

// What the connection did not finish is to be done again on the next one. The connection itself
// stays as it is until close(): a handler may still look at the views of the event that it is
// called with.
void Session::take_back() {
  online_ = false;
  ended_ = true;
  take_back_requests();
  for (Outgoing& outgoing : in_flight_) outgoing.dup = true;  // [MQTT-3.3.1-1]
  unsent_ = in_flight_.size();
  for (Releasing& releasing : releasing_) releasing.counts = false;
  quota_used_ = 0;
  received_here_.clear();
}

void Session::lose(const midge::Error& why) {
  if (!ended_) end({.why = why});
}

void Session::close() {
  if (!ended_) lose(no_connection());
  for (Unwritten& unwritten : std::exchange(unwritten_, {})) {
    fail(std::move(unwritten.done), end_error_);
  }
  connection_.reset();
}

void Session::give_up(const midge::Error& why) {
  for (Outgoing& outgoing : std::exchange(queue_, {})) fail(std::move(outgoing.done), why);
  queued_qos0_ = 0;
  abandon_in_flight(why);
  fail_requests(why);
  note_room();
}

void Session::abandon_in_flight(const midge::Error& why) {
  for (Releasing& releasing : releasing_) {
    if (!std::exchange(releasing.abandoned, true)) fail(std::exchange(releasing.done, {}), why);
  }
  for (Outgoing& outgoing : in_flight_) {
    if (!std::exchange(outgoing.abandoned, true)) fail(std::exchange(outgoing.done, {}), why);
  }
}

void Session::disconnect(wire::ReasonCode reason, const wire::Properties& properties) {
  if (ended_) return;
  if (online_) {
    log_.sending(PacketType::disconnect);
    wire::Disconnect disconnect{.reason = reason};
    if (options_.version == Version::v5 &&
        check_properties(properties, wire::PropertyScope::disconnect, options_.version)) {
      disconnect.properties = properties;
    }
    connection_->send(disconnect);
  }
  end({});
}

midge::Result<void> Session::authenticate(wire::ReasonCode reason,
                                          const wire::Properties& properties) {
  if (ended_) return base::Error{no_connection()};
  if (auto checked = check_properties(properties, wire::PropertyScope::auth, options_.version);
      !checked) {
    return checked;
  }
  if (!options_.properties.view().find(wire::PropertyId::authentication_method)) {
    return invalid("AUTH needs an authentication-method in CONNECT");  // [MQTT-4.12.0-7]
  }
  log_.sending(PacketType::auth);
  connection_->send(wire::Auth{.reason = reason, .properties = properties});
  return {};
}

// ---------------------------------------------------------------- bytes

bool Session::next(base::Bytes& in, base::Instant now, Event& out) {
  while (true) {
    if (take_event(out)) return true;
    if (ended_ || paused_) return false;
    const std::size_t before = in.size();
    const protocol::Next next = connection_->next(in, now, packet_);
    if (in.size() != before) last_progress_ = now;
    switch (next) {
      case protocol::Next::packet:
        if (handle(out)) return true;
        break;
      case protocol::Next::need_bytes:
        return false;
      case protocol::Next::closing:
        end({.why = broken_protocol(connection_->fault(), options_.keep_alive)});
        break;
      case protocol::Next::paused:  // Only servers decide about a CONNECT.
        UNREACHABLE();
    }
  }
}

bool Session::take_event(Event& out) {
  if (events_.empty()) return false;
  out = std::move(events_.front());
  events_.pop_front();
  return true;
}

void Session::on_written(std::size_t size, base::Instant now) {
  connection_->on_written(size, now);
  written_ += size;
  last_progress_ = now;
  while (!unwritten_.empty() && unwritten_.front().end <= written_) {
    events_.emplace_back(PublishDone{std::move(unwritten_.front().done), {}});
    unwritten_.pop_front();
  }
  pump();
}

void Session::pause(base::Instant now) {
  paused_ = true;
  last_progress_ = now;
}

void Session::resume(base::Instant now) {
  paused_ = false;
  if (connection_) grace_ = now + std::chrono::seconds{connection_->keep_alive()};
}

// ---------------------------------------------------------------- time

base::Instant Session::deadline() const {
  if (ended_) return base::Instant::never();
  return std::max(connection_->deadline(), grace_);
}

void Session::advance(base::Instant now) {
  if (now < deadline()) return;
  const base::Duration keep_alive = std::chrono::seconds{connection_->keep_alive()};
  // While we don't read, or a large packet is on its way, PINGRESP may well be stuck behind it.
  const bool excused = paused_ || last_progress_ + keep_alive > now;
  if (ping_outstanding_ && excused) {
    connection_->send(wire::Pingreq{});
    log_.sending(PacketType::pingreq);
    grace_ = now + keep_alive;
    return;
  }
  ping(now);
}

void Session::ping(base::Instant now) {
  const std::size_t before = connection_->output().size();
  if (connection_->advance(now)) {
    end({.why = broken_protocol(connection_->fault(), connection_->keep_alive())});
    return;
  }
  if (connection_->output().size() == before) return;
  log_.sending(PacketType::pingreq);
  ping_outstanding_ = true;
}

// [MQTT-2.2.1-3]: never zero, never one in use.
wire::PacketId Session::take_id() {
  ASSERT(ids_.size() < 65'535);
  while (true) {
    if (++last_id_ == 0) continue;
    if (ids_.insert({last_id_})) return {last_id_};
  }
}

}  // namespace client
