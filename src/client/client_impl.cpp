#include "client/client_impl.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "client/check.h"
#include "client/texts.h"
#include "runtime/socket.h"

namespace midge {

namespace {

constexpr std::size_t discard_max = 65'536;
constexpr base::Duration linger_max = std::chrono::seconds{1};

// So that the clients of one machine, started together, don't come back together.
std::uint64_t seed_from(base::Instant now) {
  return static_cast<std::uint64_t>(now.since_start.count()) ^
         (static_cast<std::uint64_t>(::getpid()) << 40U);
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

Client::Impl::Impl(std::unique_ptr<Loop> own_loop, Loop& loop, client::LoopCore& core,
                   Options options)
    : own_loop_(std::move(own_loop)),
      loop_(loop),
      core_(core),
      options_(std::move(options)),
      session_(options_),
      backoff_(options_.reconnect, options_.version, seed_from(core.now())),
      alive_(std::make_shared<Impl*>(this)) {}

Client::Impl::~Impl() {
  core_.cancel(timer_);
  core_.forget(*this);
  close_socket();
}

// ---------------------------------------------------------------- calls

Result<void> Client::Impl::connect(ConnectHandler done) {
  if (auto status = core_.status(); !status) return status;
  if (phase_ != Phase::rest)
    return client::invalid("the client is connected or connecting already");
  if (auto checked = client::check_options(options_); !checked) return checked;
  connect_done_ = std::move(done);
  wants_end_ = false;
  last_error_ = {};
  backoff_.on_success();
  attempt(core_.now());
  update_timer();
  return {};
}

void Client::Impl::disconnect(ReasonCode reason, const Properties& properties) {
  if (phase_ == Phase::rest) return;
  wants_end_ = true;
  core_.schedule(*this);
  if (phase_ == Phase::open) {
    session_.disconnect(reason, properties);
  } else if (phase_ != Phase::closing && phase_ != Phase::lingering) {
    connector_.reset();
    fail_attempt({});
  }
}

void Client::Impl::pause_receiving() {
  session_.pause(core_.now());
  core_.schedule(*this);
}

void Client::Impl::resume_receiving() {
  session_.resume(core_.now());
  core_.schedule(*this);
}

Result<void> Client::Impl::run() {
  if (auto status = core_.status(); !status) return status;
  while (!core_.take_stop()) {
    if (is_at_rest()) {
      if (last_error_) return base::Error{last_error_};
      return {};
    }
    core_.run_once(std::chrono::milliseconds{-1});
  }
  return {};
}

// ---------------------------------------------------------------- the loop's calls

void Client::Impl::on_ready(runtime::Ready ready, base::Instant now) {
  core_.schedule(*this);
  switch (phase_) {
    case Phase::connecting:
      on_connecting(connector_->on_ready(now), now);
      return;
    case Phase::open:
      if (ready.writable || ready.broken) write_blocked_ = false;
      if (interest_.read && (ready.readable || ready.broken)) read(now);
      return;
    case Phase::closing:
    case Phase::lingering:
      if (ready.writable || ready.broken) write_blocked_ = false;
      if (ready.readable || ready.broken) discard(now);
      return;
    case Phase::rest:
    case Phase::waiting:
    case Phase::resolving:
      return;
  }
  UNREACHABLE();
}

// Handlers first, since what they send belongs into this turn's write.
void Client::Impl::on_turn(base::Instant now) {
  if (!unread_.empty() && !session_.is_paused()) {
    const std::vector<std::uint8_t> waited = std::exchange(unread_, {});
    feed(waited, now);
  }
  base::Bytes none;
  deliver(none, now);
  if (phase_ == Phase::open) flush(now);
  if (phase_ == Phase::closing || phase_ == Phase::lingering) step_closing(now);
  if (session_.has_events()) core_.schedule(*this);
  update_watch();
  update_timer();
}

base::Instant Client::Impl::deadline() const {
  switch (phase_) {
    case Phase::rest:
      return base::Instant::never();
    case Phase::waiting:
      return retry_at_;
    case Phase::resolving:
      return give_up_at_;
    case Phase::connecting:
      return std::min(give_up_at_, connector_->deadline());
    case Phase::open:
      return session_.is_online() ? session_.deadline() : give_up_at_;
    case Phase::closing:
    case Phase::lingering:
      return close_at_;
  }
  UNREACHABLE();
}

// Deadlines mostly move away: the timer that is set may fire early, and then looks again.
void Client::Impl::update_timer() {
  const base::Instant at = deadline();
  if (at >= timer_at_) return;
  core_.cancel(timer_);
  timer_at_ = at;
  timer_ = core_.call_at(at, [this] {
    timer_at_ = base::Instant::never();
    on_timer(core_.now());
    core_.schedule(*this);
  });
}

void Client::Impl::on_timer(base::Instant now) {
  if (now < deadline()) return;
  switch (phase_) {
    case Phase::waiting:
      attempt(now);
      return;
    case Phase::connecting:
      if (now < give_up_at_) return on_connecting(connector_->advance(now), now);
      [[fallthrough]];
    case Phase::resolving:
      connector_.reset();
      fail_attempt({.code = ErrorCode::timeout,
                    .text = fmt::format("no connection to {} within {} ms", server_name(),
                                        options_.connect_timeout.count())});
      return;
    case Phase::open:
      if (session_.is_online()) return session_.advance(now);
      on_broken({.code = ErrorCode::timeout,
                 .text = fmt::format("no CONNACK from {} within {} ms", server_name(),
                                     options_.connect_timeout.count())},
                now);
      return;
    case Phase::closing:
    case Phase::lingering:
      close_socket();
      return;
    case Phase::rest:
      return;
  }
  UNREACHABLE();
}

// ---------------------------------------------------------------- the open socket

void Client::Impl::read(base::Instant now) {
  const runtime::Io io = runtime::read(fd_.get(), core_.buffer());
  switch (io.state) {
    case runtime::IoState::done:
      return feed(core_.buffer().first(io.bytes), now);
    case runtime::IoState::would_block:
      return;
    case runtime::IoState::closed:
      return on_broken(lost(session_.is_online() ? "closed the connection"
                                                 : "closed the connection without CONNACK"),
                       now);
    case runtime::IoState::error: {
      Error why = lost(runtime::error_text(io.error));
      why.system_error = io.error;
      return on_broken(why, now);
    }
  }
  UNREACHABLE();
}

Error Client::Impl::lost(std::string what) const {
  return {.code = ErrorCode::connection_lost, .text = fmt::format("{}: {}", server_name(), what)};
}

void Client::Impl::feed(base::Bytes bytes, base::Instant now) {
  deliver(bytes, now);
  // A handler paused us: the rest waits, since the buffer is everyone's.
  if (phase_ == Phase::open && !bytes.empty()) unread_.assign(bytes.begin(), bytes.end());
}

void Client::Impl::deliver(base::Bytes& bytes, base::Instant now) {
  client::Event event;
  while (session_.next(bytes, now, event)) call(event, now);
}

void Client::Impl::call(client::Event& event, base::Instant now) {
  const Overloaded visitor{
      [&](const Message& message) {
        if (handlers_.message) handlers_.message(message);
      },
      [&](const ConnectInfo& info) { on_connected(info); },
      [&](client::PublishDone& end) { end.done(end.result); },
      [&](client::RequestDone& end) { end.done(end.result); },
      [&](const AuthEvent& auth) {
        if (handlers_.auth) handlers_.auth(auth);
      },
      [&](const client::Ended& ended) { on_ended(ended, now); },
      [&](const client::Writable&) {
        if (handlers_.writable) handlers_.writable();
      },
  };
  std::visit(visitor, event);
}

void Client::Impl::on_connected(const ConnectInfo& info) {
  backoff_.on_success();
  if (handlers_.connected) handlers_.connected(info);
  if (const ConnectHandler done = std::exchange(connect_done_, {})) done({});
}

void Client::Impl::on_ended(const client::Ended& ended, base::Instant now) {
  ending_ = Ending{.why = ended.why, .from_server = ended.from_server};
  ending_->properties.add(ended.properties);
  phase_ = Phase::closing;
  close_at_ = now + base::Duration{options_.connect_timeout};
  core_.schedule(*this);
}

void Client::Impl::on_broken(const Error& why, base::Instant now) {
  close_socket();
  session_.lose(why);
  base::Bytes none;
  deliver(none, now);
}

// The one write of the turn.
void Client::Impl::flush(base::Instant now) {
  if (write_blocked_ || !fd_.is_open() || !session_.has_output()) return;
  std::array<base::Bytes, runtime::write_pieces_max> pieces;
  const std::size_t count = session_.output().gather(pieces);
  const runtime::Io io = runtime::write(fd_.get(), std::span{pieces}.first(count));
  switch (io.state) {
    case runtime::IoState::done:
      session_.on_written(io.bytes, now);
      close_at_ = now + base::Duration{options_.connect_timeout};
      // What is left goes when the kernel says that there is room, which may be at once.
      write_blocked_ = session_.has_output();
      return;
    case runtime::IoState::would_block:
      write_blocked_ = true;
      return;
    case runtime::IoState::closed:
    case runtime::IoState::error: {
      // What the server said before it closed (a DISCONNECT, a refusal) is worth more than EPIPE.
      write_blocked_ = true;
      if (phase_ == Phase::open && !session_.is_paused()) return read(now);
      Error why = lost(runtime::error_text(io.error));
      why.system_error = io.error;
      return on_broken(why, now);
    }
  }
  UNREACHABLE();
}

// Write only, or both ways; nothing is watched while neither is wanted, since a hang-up would come
// again and again.
void Client::Impl::update_watch() {
  if (!fd_.is_open() || phase_ == Phase::connecting) return;
  const bool ending = phase_ == Phase::closing || phase_ == Phase::lingering;
  const runtime::Interest wanted{.read = ending || (session_.wants_bytes() && unread_.empty()),
                                 .write = write_blocked_ && session_.has_output()};
  if (wanted == interest_) return;
  interest_ = wanted;
  if (!wanted.read && !wanted.write) {
    if (watch_) core_.events().remove(*std::exchange(watch_, {}));
    return;
  }
  if (watch_) return core_.events().modify(*watch_, wanted);
  auto watch = core_.events().add(fd_.get(), wanted, client::LoopCore::token_of(*this));
  if (watch) {
    watch_ = *watch;
    return;
  }
  on_broken({.code = ErrorCode::system,
             .text = watch.error().message,
             .system_error = watch.error().code},
            core_.now());
}

// ---------------------------------------------------------------- the end of a connection

void Client::Impl::step_closing(base::Instant now) {
  if (phase_ == Phase::closing && fd_.is_open()) {
    const bool said_something = session_.has_output() || wants_end_;
    flush(now);
    if (fd_.is_open() && session_.has_output()) return;
    if (fd_.is_open() && said_something) {
      runtime::shutdown_write(fd_.get());
      phase_ = Phase::lingering;
      close_at_ = now + linger_max;
      return;
    }
  }
  if (phase_ == Phase::lingering && fd_.is_open()) return;
  finish_closing(now);
}

void Client::Impl::discard(base::Instant) {
  const runtime::Io io = runtime::discard(fd_.get(), discard_max);
  const bool over = io.state == runtime::IoState::closed || io.state == runtime::IoState::error;
  if (over) close_socket();
}

void Client::Impl::finish_closing(base::Instant now) {
  close_socket();
  session_.close();
  unread_.clear();
  Ending ending = *std::exchange(ending_, {});
  if (wants_end_) ending.why = {};
  std::optional<std::chrono::milliseconds> pause;
  if (!wants_end_) pause = backoff_.after_failure(ending.why);
  phase_ = pause ? Phase::waiting : Phase::rest;
  retry_at_ = pause ? now + base::Duration{*pause} : base::Instant::never();
  last_error_ = ending.why;
  ConnectHandler done;
  if (!pause) {
    done = std::exchange(connect_done_, {});
    session_.give_up(wants_end_ ? client::user_disconnected() : ending.why);
  }
  base::Bytes none;
  deliver(none, now);
  if (handlers_.disconnected) {
    handlers_.disconnected({.error = ending.why,
                            .from_server = ending.from_server,
                            .properties = ending.properties.view(),
                            .will_retry = phase_ == Phase::waiting,
                            .retry_after = pause.value_or(std::chrono::milliseconds{0})});
  }
  if (done) done(ending.why ? ending.why : client::user_disconnected());
}

void Client::Impl::close_socket() {
  if (watch_) core_.events().remove(*std::exchange(watch_, {}));
  interest_ = {};
  fd_.reset();
}

}  // namespace midge
