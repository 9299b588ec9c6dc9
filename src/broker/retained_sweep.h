// Removes retained messages that have expired, every retain_expiry_interval, in slices (expired
// ones are never delivered anyway; this gives their memory back). On shard 0 alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/core.h"

namespace broker {

class RetainedSweep final {
 public:
  explicit RetainedSweep(Core& core) : core_(core) {}

  base::Duration interval() const { return core_.config.retain_expiry_interval(); }
  bool is_on() const { return interval() != base::Duration{0}; }
  void start();
  bool is_running() const { return cursor_ != nullptr; }
  // One slice; does nothing when it is not running.
  void step();

 private:
  Core& core_;
  std::unique_ptr<RetainedStore::Cursor> cursor_;
  std::vector<std::string> expired_;  // Scratch.
};

}  // namespace broker
