#include "runtime/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "runtime/process.h"

namespace runtime {

struct WorkerPool::Shared {
  explicit Shared(const WorkerPoolOptions& options)
      : queue_max(options.queue_max), busy(options.threads), name(options.name) {}

  const std::size_t queue_max;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> waiting;
  std::vector<std::uint8_t> busy;  // By thread.
  bool stopping = false;
  Counters counters;
  const std::string name;
};

WorkerPool::WorkerPool(const WorkerPoolOptions& options)
    : shared_(std::make_shared<Shared>(options)), on_stop_(options.on_stop) {
  ASSERT(options.threads >= 1);
  for (std::size_t i = 0; i < options.threads; ++i) {
    threads_.emplace_back([shared = shared_, i] { work(shared, i); });
  }
}

bool WorkerPool::try_submit(Job&& job) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopping || shared_->waiting.size() >= shared_->queue_max) {
      ++shared_->counters.refused;
      return false;
    }
    shared_->waiting.push_back(std::move(job));
    ++shared_->counters.submitted;
  }
  shared_->changed.notify_one();
  return true;
}

void WorkerPool::stop() {
  std::deque<Job> dropped;  // Destroyed without the lock: what jobs hold may want to submit.
  std::vector<std::uint8_t> busy;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    dropped.swap(shared_->waiting);
    shared_->counters.dropped += dropped.size();
    busy = shared_->busy;
  }
  shared_->changed.notify_all();
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    // Who was not busy then gets no job any more, so joining it does not wait.
    if (on_stop_ == OnStop::abandon && busy[i] != 0) {
      threads_[i].detach();
    } else {
      threads_[i].join();
    }
  }
  threads_.clear();
}

WorkerPool::Counters WorkerPool::counters() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->counters;
}

void WorkerPool::work(const std::shared_ptr<Shared>& shared, std::size_t index) {
  set_thread_name(shared->name);
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->stopping || !shared->waiting.empty(); });
    if (shared->stopping) return;
    {
      Job job = std::move(shared->waiting.front());
      shared->waiting.pop_front();
      shared->busy[index] = 1;
      lock.unlock();
      job();
    }  // Its captures end here, without the lock too.
    lock.lock();
    shared->busy[index] = 0;
    ++shared->counters.finished;
  }
}

}  // namespace runtime
