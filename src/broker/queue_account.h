// Keeps the shard's and the broker's counts of queued messages right around any change of one
// session's queue: takes the difference between construction and destruction.
#pragma once

#include "broker/core.h"

namespace broker {

class QueueAccount final {
 public:
  QueueAccount(Core& core, const session::Outbound& out)
      : core_(core), out_(out), messages_(out.waiting()), bytes_(out.waiting_bytes()) {}
  QueueAccount(const QueueAccount&) = delete;
  QueueAccount& operator=(const QueueAccount&) = delete;
  ~QueueAccount() {
    // Unsigned differences wrap, and so do the counters: the sums come out right.
    core_.metrics.queued_messages.add(out_.waiting() - messages_);
    const std::uint64_t bytes = out_.waiting_bytes() - bytes_;
    if (bytes == 0) return;
    core_.metrics.queued_bytes.add(bytes);
    core_.environment.totals.message_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }

 private:
  Core& core_;
  const session::Outbound& out_;
  std::size_t messages_;
  std::uint64_t bytes_;
};

}  // namespace broker
