#include "client/loop.h"

#include <utility>

#include "client/loop_core.h"

namespace midge {

namespace {
std::uint64_t pack(base::TimerId id) {
  return (std::uint64_t{id.slot} << 32) | id.serial;
}
base::TimerId unpack(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
}
}  // namespace

Loop::Loop() : core_(std::make_unique<client::LoopCore>()) {}
Loop::~Loop() = default;

Result<void> Loop::status() const {
  return core_->status();
}

void Loop::run() {
  while (status() && !core_->take_stop()) core_->run_once(std::chrono::milliseconds{-1});
}

bool Loop::run_once(std::chrono::milliseconds timeout) {
  core_->run_once(timeout);
  return status() && !core_->take_stop();
}
void Loop::stop() {
  core_->stop();
}
bool Loop::post(Callback callback) {
  return core_->post(std::move(callback));
}

Result<void> Loop::watch(int fd, Callback on_readable) {
  return core_->watch(fd, std::move(on_readable));
}
void Loop::unwatch(int fd) {
  core_->unwatch(fd);
}

Loop::TimerId Loop::call_after(std::chrono::milliseconds after, Callback callback) {
  return TimerId{pack(core_->call_at(core_->now() + base::Duration{after}, std::move(callback)))};
}
void Loop::cancel(TimerId timer) {
  core_->cancel(unpack(static_cast<std::uint64_t>(timer)));
}

}  // namespace midge
