// Threads for slow work (password hashes, name lookups), so that no loop waits for it. Bounded: a
// full queue refuses, and the caller decides what that means. What comes of a job is the job's
// business; it usually posts into the Mailbox of the loop that wants to know.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace runtime {

using Job = absl::AnyInvocable<void()>;

enum class OnStop : std::uint8_t {
  wait,     // For the jobs that run; those that wait are dropped.
  abandon,  // Leave them to themselves: for jobs that may block for long and refer to nothing of
            // ours.
};

struct WorkerPoolOptions {
  std::size_t threads = 1;
  std::size_t queue_max = 1024;
  OnStop on_stop = OnStop::wait;
  std::string name = "worker";  // Of the threads, at most 15 bytes.
};

class WorkerPool final {
 public:
  explicit WorkerPool(const WorkerPoolOptions& options);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool() { stop(); }

  // Any thread. Moves from `job` only when it returns true. False: the queue is full (counted), or
  // stopped.
  [[nodiscard]] bool try_submit(Job&& job);
  // Takes no more jobs, drops those that wait, ends the threads. A second call does nothing.
  void stop();

  struct Counters {
    std::uint64_t submitted = 0;
    std::uint64_t finished = 0;
    std::uint64_t refused = 0;
    std::uint64_t dropped = 0;  // Waiting when it stopped.
  };
  Counters counters() const;

 private:
  struct Shared;  // Outlives the pool while an abandoned thread is in it.
  static void work(const std::shared_ptr<Shared>& shared, std::size_t index);

  std::shared_ptr<Shared> shared_;
  OnStop on_stop_;
  std::vector<std::thread> threads_;
};

}  // namespace runtime
