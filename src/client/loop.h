// An event loop that clients share with what else a program waits for: descriptors and timers. One
// thread runs it; only stop() and post() may be called from others.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "client/error.h"

namespace client {
class LoopCore;
}

namespace midge {

class Loop final {
 public:
  using Callback = std::function<void()>;
  enum class TimerId : std::uint64_t { none = UINT64_MAX };

  Loop();
  ~Loop();
  // Whether the system gave what a loop needs (two descriptors). Otherwise nothing here does
  // anything.
  Result<void> status() const;

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stop().
  void run();
  // One turn: waits for at most `timeout` (negative: for ever), then calls what is due. False:
  // stop() was called.
  bool run_once(std::chrono::milliseconds timeout);
  // Makes run() return after the current turn; a stop() before run() counts. Any thread; signal
  // handlers too.
  void stop();
  // Calls `callback` on the loop's thread, in the next turn. Any thread. False: 65,536 wait
  // already, and this one was not taken.
  [[nodiscard]] bool post(Callback callback);

  // Calls back while `fd` is readable, at end of file and after an error too. One watch a
  // descriptor (a second one replaces the first); the descriptor stays the caller's. Regular files
  // are always readable.
  Result<void> watch(int fd, Callback on_readable);
  void unwatch(int fd);

  TimerId call_after(std::chrono::milliseconds after, Callback callback);
  // Nothing happens when the timer has fired already.
  void cancel(TimerId timer);

 private:
  friend class Client;
  std::unique_ptr<client::LoopCore> core_;
};

}  // namespace midge
