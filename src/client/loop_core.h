// The inside of midge::Loop: one epoll, timers, a mailbox, one buffer to read into, and the clients
// that have something to do at the end of the turn, so that each writes once a turn. The loop's
// thread, but for stop() and post().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "base/timer_wheel.h"
#include "client/error.h"
#include "runtime/event_loop.h"
#include "runtime/mailbox.h"
#include "runtime/resolver.h"

namespace client {

// Who gets the events of a watch.
class Source {
 public:
  virtual void on_ready(runtime::Ready ready, base::Instant now) = 0;

 protected:
  virtual ~Source() = default;
};

// Who does its work once at the end of a turn.
class Member {
 public:
  virtual void on_turn(base::Instant now) = 0;

 protected:
  virtual ~Member() = default;

 private:
  friend class LoopCore;
  bool scheduled_ = false;
};

class LoopCore final {
 public:
  using Callback = std::function<void()>;

  LoopCore();
  ~LoopCore();
  LoopCore(const LoopCore&) = delete;
  LoopCore& operator=(const LoopCore&) = delete;
  midge::Result<void> status() const;

  // ---- for midge::Loop
  void run_once(std::chrono::milliseconds timeout);
  void stop();
  // Whether stop() was called; takes the call.
  bool take_stop() { return stop_.exchange(false); }
  bool post(Callback callback);
  midge::Result<void> watch(int fd, Callback on_readable);
  void unwatch(int fd);
  base::TimerId call_at(base::Instant at, Callback callback) {
    return timers_.set(at, std::move(callback));
  }
  void cancel(base::TimerId timer) { timers_.cancel(timer); }

  // ---- for clients
  runtime::EventLoop& events() { return *events_; }
  runtime::Resolver& resolver();
  // For one read at a time.
  std::span<std::uint8_t> buffer() { return buffer_; }
  base::Instant now();
  void schedule(Member& member);
  void forget(Member& member);
  static std::uint64_t token_of(Source& source);

 private:
  // A descriptor of the program's. Shared, since its callback may unwatch it.
  struct Foreign final : Source {
    void on_ready(runtime::Ready ready, base::Instant now) override;
    int fd = -1;
    Callback on_readable;
    std::optional<runtime::Watch> watch;  // None: a regular file, always readable.
    std::weak_ptr<Foreign> self;
  };

  bool run_members();  // False: there were none.
  void call_always_readable();
  base::Duration wait_for(std::chrono::milliseconds timeout);

  std::unique_ptr<runtime::EventLoop> events_;
  midge::Error failure_;
  std::unique_ptr<runtime::Mailbox<Callback>> mailbox_;
  std::unique_ptr<runtime::Resolver> resolver_;
  base::TimerWheel<Callback> timers_{std::chrono::milliseconds(1)};
  std::vector<Member*> scheduled_;
  std::vector<Member*> running_;
  std::map<int, std::shared_ptr<Foreign>> foreign_;
  std::size_t always_readable_ = 0;
  std::atomic<bool> stop_{false};
  std::vector<std::uint8_t> buffer_;
};

}  // namespace client
