// An event loop that clients share with what else a program waits for: descriptors and timers. One
// thread runs it; only stop() and post() may be called from others.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace runtime {
class EventLoop;
}

namespace midge {

class Loop final {
 public:
  using Callback = std::function<void()>;
  enum class TimerId : std::uint64_t { none };

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stop().
  void run();
  // One turn: waits for at most `timeout` (negative: for ever), then calls what is due.
  void run_once(std::chrono::milliseconds timeout);
  // Makes run() return after the current turn; a stop() before run() counts. Any thread; signal
  // handlers too.
  void stop();
  // Calls `callback` on the loop's thread, in the next turn. Any thread.
  void post(Callback callback);

  // Calls back while `fd` is readable, at end of file too. One watch a descriptor; the descriptor
  // stays the caller's. Regular files are always readable.
  void watch(int fd, Callback on_readable);
  void unwatch(int fd);

  TimerId call_after(std::chrono::milliseconds after, Callback callback);
  // Nothing happens when the timer has fired already.
  void cancel(TimerId timer);

 private:
  friend class Client;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace midge
