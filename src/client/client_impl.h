// The driver of a client: moves bytes between its session and a socket, tells the session the time,
// calls the handlers, decides about reconnecting. Lives on one loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/backoff.h"
#include "client/client.h"
#include "client/loop_core.h"
#include "client/session.h"
#include "runtime/connector.h"
#include "runtime/fd.h"
#include "runtime/resolver.h"
#include "runtime/socket_address.h"

namespace midge {

class Client::Impl final : public client::Source, public client::Member {
 public:
  Impl(std::unique_ptr<Loop> own_loop, Loop& loop, client::LoopCore& core, Options options);
  ~Impl() override;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  struct Handlers {
    std::function<void(const ConnectInfo&)> connected{};
    std::function<void(const Disconnection&)> disconnected{};
    std::function<void(const Message&)> message{};
    std::function<void()> writable{};
    std::function<void(const AuthEvent&)> auth{};
  };

  Result<void> connect(ConnectHandler done);
  void disconnect(ReasonCode reason, const Properties& properties);
  bool is_at_rest() const { return phase_ == Phase::rest && !session_.has_events(); }
  void pause_receiving();
  void resume_receiving();
  Result<void> run();

  // The session, when the caller is about to give it something to send.
  client::Session& session() {
    core_.schedule(*this);
    return session_;
  }
  const client::Session& session() const { return session_; }
  Handlers& handlers() { return handlers_; }
  Loop& loop() { return loop_; }
  client::LoopCore& core() { return core_; }

  void on_ready(runtime::Ready ready, base::Instant now) override;
  void on_turn(base::Instant now) override;

 private:
  enum class Phase : std::uint8_t {
    rest,
    waiting,     // For the next attempt.
    resolving,   // Names to addresses.
    connecting,  // TCP, or a unix socket.
    open,
    closing,    // What is left is written.
    lingering,  // The server has all; it closes first, so that no reset overtakes DISCONNECT.
  };
  // The end of a connection whose on_disconnected is still to come.
  struct Ending {
    Error why{};
    bool from_server = false;
    PropertyList properties{};
  };
  using Addresses = std::vector<runtime::SocketAddress>;
  using OnAddresses = std::function<void(Addresses)>;

  // client_connect.cpp: up to the open socket.
  void attempt(base::Instant now);
  void attempt_unix();
  void look_up_local();
  void look_up_host();
  void look_up(const std::string& host, std::uint16_t port, OnAddresses next);
  void on_looked_up(std::uint64_t attempt, const runtime::Resolution& found,
                    const OnAddresses& next);
  void connect_to(Addresses addresses);
  void on_connecting(runtime::Connecting state, base::Instant now);
  void open(base::Instant now);
  void fail_attempt(Error why);
  std::string server_name() const;

  // client_impl.cpp: the open socket and its end.
  void read(base::Instant now);
  void feed(base::Bytes bytes, base::Instant now);
  void deliver(base::Bytes& bytes, base::Instant now);
  void call(client::Event& event, base::Instant now);
  void on_connected(const ConnectInfo& info);
  void on_ended(const client::Ended& ended, base::Instant now);
  void flush(base::Instant now);
  void on_broken(const Error& why, base::Instant now);
  void step_closing(base::Instant now);
  void discard(base::Instant now);
  void finish_closing(base::Instant now);
  void close_socket();
  void update_watch();
  void update_timer();
  void on_timer(base::Instant now);
  base::Instant deadline() const;
  Error lost(std::string what) const;

  std::unique_ptr<Loop> own_loop_;
  Loop& loop_;
  client::LoopCore& core_;
  const Options options_;
  client::Session session_;
  client::Backoff backoff_;
  Handlers handlers_;

  Phase phase_ = Phase::rest;
  std::uint64_t attempts_ = 0;  // Answers of the resolver to earlier ones are dropped.
  base::Instant give_up_at_ = base::Instant::never();  // On this attempt.
  base::Instant retry_at_ = base::Instant::never();
  base::Instant close_at_ = base::Instant::never();  // Whatever is left unwritten.
  std::optional<runtime::SocketAddress> local_;
  std::optional<runtime::Connector> connector_;
  runtime::Fd fd_;
  std::optional<runtime::Watch> watch_;
  runtime::Interest interest_;
  bool write_blocked_ = false;        // The kernel took no more.
  std::vector<std::uint8_t> unread_;  // Came before receiving was paused; one buffer at most.

  bool wants_end_ = false;  // disconnect() was called.
  std::optional<Ending> ending_;
  ConnectHandler connect_done_;
  Error last_error_;
  base::TimerId timer_{};
  base::Instant timer_at_ = base::Instant::never();
  std::shared_ptr<Impl*> alive_;  // Empties when we go; the resolver's answers look at it.
};

}  // namespace midge
