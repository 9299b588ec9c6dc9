#include "server/shard_thread.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/assert.h"
#include "runtime/clock.h"
#include "runtime/process.h"

namespace server {

using broker::ConnectionId;
using runtime::IoState;

namespace {

constexpr std::size_t read_size =
    std::size_t{64} * 1024;  // Of one connection in one turn: its share.
constexpr std::size_t mailbox_max = 1 << 20;
constexpr std::size_t log_lines_max = 10'000;  // For $SYS/broker/log; the log itself has them all.
constexpr std::size_t lane_budget = 4096;      // Messages of other shards in one turn.
constexpr std::size_t accepts_max = 64;        // In one turn.
// Written output makes room for more; after so many rounds the sockets are looked at again first.
constexpr int output_rounds = 4;
constexpr base::Duration accept_pause = std::chrono::seconds{1};
// Each connection that closes lets one more in, after which accepting pauses again: not worth a
// line each time.
constexpr base::Duration accept_silence = std::chrono::seconds{10};
constexpr base::Duration stop_patience = std::chrono::seconds{2};
constexpr std::uint64_t listener_token = std::uint64_t{1} << 61U;

// A socket on its way to another shard.
struct SocketTransport final : broker::Transport {
  explicit SocketTransport(runtime::Fd socket) : fd(std::move(socket)) {}
  runtime::Fd fd;
};

}  // namespace

runtime::Outcome<std::unique_ptr<ShardThread>> ShardThread::create(topic::ShardId id,
                                                                   Threads& threads,
                                                                   std::uint64_t seed) {
  auto loop = runtime::EventLoop::create();
  if (!loop) return base::Error{loop.error()};
  return std::unique_ptr<ShardThread>{new ShardThread(id, threads, seed, std::move(*loop))};
}

ShardThread::ShardThread(topic::ShardId id, Threads& threads, std::uint64_t seed,
                         std::unique_ptr<runtime::EventLoop> loop)
    : id_(id),
      threads_(threads),
      loop_(std::move(loop)),
      shard_(id, threads.environment, runtime::now(), seed),
      mailbox_(loop_->waker(), mailbox_max),
      accepting_(threads.listeners.size()),
      farewells_(*loop_),
      read_buffer_(read_size),
      now_(runtime::now()) {}

ShardThread::~ShardThread() = default;

void ShardThread::start() {
  watch_listeners();
  thread_ = std::thread{[this] { run(); }};
}

// ---------------------------------------------------------------- turns

void ShardThread::run() {
  runtime::set_thread_name(fmt::format("shard-{}", id_.value));
  while (turn()) {
  }
  has_ended_.store(true, std::memory_order_release);
}

// False: the thread is to end.
bool ShardThread::turn() {
  loop_->wait(time_to_wait(),
              [this](std::uint64_t token, runtime::Ready ready) { on_ready(token, ready); });
  now_ = runtime::now();
  mailbox_.drain([this](Command&& command) { on_command(std::move(command)); });
  drain_lanes(lane_budget);
  shard_.advance(now_, runtime::wall_now());
  farewells_.advance(now_);
  if (now_ >= resume_accepting_at_) resume_accepting();
  deal_with_outputs();
  if (reports_wills_ && !shard_.has_unsent()) {
    reports_wills_ = false;
    wills_done_.store(true, std::memory_order_release);
  }
  return stop_at_.is_never() || (now_ < stop_at_ && !is_quiet());
}

bool ShardThread::is_quiet() const {
  return farewells_.empty() && std::none_of(sockets_.begin(), sockets_.end(),
                                            [](const Socket& s) { return s.fd.is_open(); });
}

bool ShardThread::post_log_line(LogLine line) {
  if (log_lines_.fetch_add(1, std::memory_order_relaxed) < log_lines_max &&
      mailbox_.try_post(std::move(line))) {
    return true;
  }
  log_lines_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

base::Duration ShardThread::time_to_wait() const {
  // What the last writes of a turn brought about (a client given up, its will) is looked at next.
  if (!lanes_may_sleep_ || !shard_.touched().empty()) return base::Duration{0};
  const base::Instant next =
      std::min({shard_.deadline(), farewells_.deadline(), resume_accepting_at_, stop_at_});
  if (next.is_never()) return base::Duration::max();
  return next - runtime::now();
}

void ShardThread::on_ready(std::uint64_t token, runtime::Ready ready) {
  now_ = runtime::now();
  if (token >= Farewells::first_token) return farewells_.on_ready(token);
  if (token >= listener_token) return on_listener(token - listener_token);
  const ConnectionId id{static_cast<std::uint32_t>(token)};
  if (ready.writable) write(id);
  if (!sockets_[id.value].fd.is_open()) return;
  if (ready.readable || (ready.broken && sockets_[id.value].interest.read)) return on_readable(id);
  if (ready.broken) close(id, "connection lost");
}

// ---------------------------------------------------------------- accepting

void ShardThread::watch_listeners() {
  for (std::size_t at = 0; at < threads_.listeners.size(); ++at) {
    auto watch = loop_->add_shared(threads_.listeners[at].socket.fd.get(), listener_token + at);
    ASSERT(watch.has_value());
    accepting_[at] = {*watch, false};
  }
}

void ShardThread::on_listener(std::size_t at) {
  for (std::size_t i = 0; i < accepts_max; ++i) {
    runtime::Accepted accepted = runtime::accept(threads_.listeners[at].socket.fd.get());
    switch (accepted.state) {
      case runtime::AcceptState::accepted:
        accept_one(at, std::move(accepted));
        break;
      case runtime::AcceptState::aborted:
        break;
      case runtime::AcceptState::would_block:
        return;
      case runtime::AcceptState::out_of_resources:
      case runtime::AcceptState::error:
        return pause_accepting(accepted.error);
    }
  }
}

void ShardThread::accept_one(std::size_t at, runtime::Accepted accepted) {
  const std::size_t number = threads_.listeners[at].number;
  const config::Listener& options = *threads_.environment.listeners[number].options;
  const bool is_local = accepted.peer.family() == runtime::Family::local;
  broker::Peer peer{is_local ? options.listener().unix_path : accepted.peer.ip(),
                    accepted.peer.port()};
  const auto id = shard_.on_accepted(number, std::move(peer), now_);
  if (!id) return;
  if (!is_local && threads_.environment.config.set_tcp_nodelay()) {
    runtime::set_no_delay(accepted.fd.get());
  }
  attach(*id, std::move(accepted.fd));
}

// The listening sockets stay readable, so a loop that went on watching them would spin.
void ShardThread::pause_accepting(int error) {
  if (now_ >= complain_again_at_) {
    complain_again_at_ = now_ + accept_silence;
    threads_.environment.log.write(
        config::LogType::error,
        fmt::format(
            "Unable to accept new connections: {}. Waiting for one to close; see `ulimit -n`.",
            runtime::error_text(error)));
  }
  stop_accepting();
  resume_accepting_at_ = now_ + accept_pause;
}

void ShardThread::stop_accepting() {
  for (Accepting& accepting : accepting_) {
    if (!std::exchange(accepting.is_paused, true)) loop_->remove(accepting.watch);
  }
}

void ShardThread::resume_accepting() {
  resume_accepting_at_ = base::Instant::never();
  for (std::size_t at = 0; at < accepting_.size(); ++at) {
    if (!accepting_[at].is_paused) continue;
    auto watch = loop_->add_shared(threads_.listeners[at].socket.fd.get(), listener_token + at);
    if (!watch) return pause_accepting(watch.error().code);
    accepting_[at] = {*watch, false};
  }
}

// ---------------------------------------------------------------- connections

void ShardThread::attach(ConnectionId id, runtime::Fd fd) {
  if (sockets_.size() <= id.value) sockets_.resize(id.value + 1U);
  auto watch = loop_->add(fd.get(), {.read = true}, id.value);
  if (!watch) {
    sockets_[id.value].fd = std::move(fd);
    return close(id, "out of memory");
  }
  sockets_[id.value] = {std::move(fd), *watch, {.read = true}, false};
}

runtime::Fd ShardThread::detach(ConnectionId id) {
  Socket& socket = sockets_[id.value];
  loop_->remove(socket.watch);
  return std::move(std::exchange(socket, {}).fd);
}

void ShardThread::close(ConnectionId id, std::string_view why) {
  runtime::Fd fd = detach(id);
  shard_.on_closed(id, why, now_);
  fd.reset();
  if (!resume_accepting_at_.is_never()) resume_accepting();  // A descriptor is free.
}

void ShardThread::on_readable(ConnectionId id) {
  if (!shard_.may_read(id)) return update_interest(id);
  const runtime::Io io = runtime::read(sockets_[id.value].fd.get(), read_buffer_);
  switch (io.state) {
    case IoState::done:
      shard_.on_bytes(id, base::Bytes{read_buffer_}.first(io.bytes), now_);
      return send_departures();
    case IoState::would_block:
      return;
    case IoState::closed:
      return close(id, "connection closed by client");
    case IoState::error:
      return close(id, runtime::error_text(io.error));
  }
}

void ShardThread::write(ConnectionId id) {
  Socket& socket = sockets_[id.value];
  std::array<base::Bytes, runtime::write_pieces_max> pieces;
  while (true) {
    base::OutputQueue& output = shard_.output(id);
    if (output.empty()) break;
    const std::size_t size = output.size();
    const std::size_t count = output.gather(pieces);
    const runtime::Io io = runtime::write(socket.fd.get(), std::span{pieces}.first(count));
    if (io.state == IoState::would_block) break;
    if (io.state != IoState::done) return close(id, "connection lost");
    socket.spoke_last = shard_.is_over(id);
    shard_.on_written(id, io.bytes, now_);
    // A short write means that the kernel's buffer is full; what on_written() added goes in the
    // next round.
    if (io.bytes < size && count < runtime::write_pieces_max) break;
    if (io.bytes == size) break;
  }
  if (!shard_.is_done(id)) return update_interest(id);
  const bool says_goodbye = socket.spoke_last;
  runtime::Fd fd = detach(id);
  shard_.on_closed(id, "", now_);
  if (says_goodbye) farewells_.add(std::move(fd), now_);
  if (!resume_accepting_at_.is_never()) resume_accepting();
}

void ShardThread::update_interest(ConnectionId id) {
  Socket& socket = sockets_[id.value];
  const runtime::Interest wanted{.read = shard_.wants_bytes(id),
                                 .write = !shard_.output(id).empty()};
  if (wanted == socket.interest) return;
  loop_->modify(socket.watch, wanted);
  socket.interest = wanted;
}

// ---------------------------------------------------------------- what the shard wants

void ShardThread::deal_with_outputs() {
  for (int round = 0; round < output_rounds; ++round) {
    submit_jobs();
    if (shard_.touched().empty()) break;
    touched_.assign(shard_.touched().begin(), shard_.touched().end());
    shard_.clear_touched();
    for (const ConnectionId id : touched_) {
      if (sockets_[id.value].fd.is_open()) write(id);
    }
  }
  flush_lanes();
}

// Before the next connection is accepted, which may be given the number of one that has departed.
void ShardThread::send_departures() {
  for (broker::Departure& departure : shard_.take_departures()) {
    auto transport = std::make_unique<SocketTransport>(detach(departure.from));
    shard_.outbox(departure.to)
        .push_back(broker::Arrival{std::move(departure.client), std::move(transport)});
  }
}

void ShardThread::submit_jobs() {
  for (broker::Job& job : shard_.take_jobs()) {
    const ConnectionId connection = job.connection;
    const std::uint64_t serial = job.serial;
    const bool taken =
        threads_.workers.try_submit([this, connection, serial, work = std::move(job.work)] {
          const bool posted = post(JobDone{connection, serial, work()});
          ASSERT(posted);  // The pool's queue is far smaller than a mailbox.
        });
    if (taken) continue;
    threads_.environment.log.write(
        config::LogType::warning,
        "Too many clients wait for their password check: one was refused.");
    shard_.on_job_done(connection, serial, hook::Decision::deny, now_);
  }
}

void ShardThread::flush_lanes() {
  for (std::size_t to = 0; to < threads_.lanes.threads(); ++to) {
    auto& outbox = shard_.outbox(topic::ShardId{static_cast<std::uint8_t>(to)});
    while (!outbox.empty() && threads_.lanes.try_send(id_.value, to, std::move(outbox.front()))) {
      outbox.pop_front();
    }
  }
  threads_.lanes.flush(id_.value, [this](std::size_t to) { threads_.all[to]->wake(); });
  shard_.on_outboxes_drained();  // Whoever was held back is touched, so read again next turn.
}

// ---------------------------------------------------------------- from other threads

void ShardThread::drain_lanes(std::size_t budget) {
  const runtime::Drained drained = threads_.lanes.drain(
      id_.value, budget,
      [this](std::size_t, broker::ShardMessage&& message) { on_shard_message(std::move(message)); },
      [this](std::size_t from) { threads_.all[from]->wake(); });
  lanes_may_sleep_ = drained.may_sleep;
}

void ShardThread::on_shard_message(broker::ShardMessage&& message) {
  auto* arrival = std::get_if<broker::Arrival>(&message);
  if (arrival == nullptr) return shard_.on_message(std::move(message), now_);
  if (!stop_at_.is_never()) return;  // All are being sent away: it goes out of scope, so closes.
  auto& transport = static_cast<SocketTransport&>(*arrival->transport);
  const ConnectionId id = shard_.on_arrival(std::move(arrival->client), now_);
  attach(id, std::move(transport.fd));
}

void ShardThread::on_command(Command&& command) {
  if (const auto* done = std::get_if<JobDone>(&command)) {
    shard_.on_job_done(done->connection, done->serial, done->decision, now_);
  } else if (const auto* line = std::get_if<LogLine>(&command)) {
    log_lines_.fetch_sub(1, std::memory_order_relaxed);
    shard_.publish_log_line(line->topic, line->line, now_);
  } else if (std::holds_alternative<PublishWills>(command)) {
    stop_accepting();
    resume_accepting_at_ = base::Instant::never();
    shard_.publish_wills(now_);
    reports_wills_ = true;
  } else {
    do {  // What other shards' wills sent here comes first.
      drain_lanes(lane_budget);
    } while (!lanes_may_sleep_);
    deal_with_outputs();
    shard_.disconnect_all(now_);
    stop_at_ = now_ + stop_patience;
  }
}

}  // namespace server
