#include "broker/retained_sweep.h"

#include <string_view>

namespace broker {

namespace {
constexpr std::size_t slice = 256;
}

void RetainedSweep::start() {
  // The broker's own $-topics, which `#` leaves out, never expire.
  if (cursor_ == nullptr) cursor_ = core_.environment.retained.open("#");
}

void RetainedSweep::step() {
  if (cursor_ == nullptr) return;
  expired_.clear();
  const bool has_more =
      cursor_->collect(slice, [this](std::string_view name, const Retained& retained) {
        if (retained.message->is_expired(core_.now)) expired_.emplace_back(name);
      });
  for (const std::string& name : expired_) {
    auto stripe = core_.environment.retained.lock(name);
    const auto now_there = stripe.get();  // A new one may have come meanwhile.
    if (now_there && now_there->message->is_expired(core_.now)) {
      stripe.erase();
      core_.metrics.drops(Drop::expired).add();
    }
  }
  if (!has_more) cursor_.reset();
}

}  // namespace broker
