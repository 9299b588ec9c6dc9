#include "client/loop_core.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "runtime/clock.h"

namespace client {

namespace {
constexpr std::size_t posted_max = 65'536;
constexpr std::size_t buffer_size = std::size_t{256} * 1024;

midge::Error system_error(const runtime::Failure& failure) {
  return {.code = midge::ErrorCode::system, .text = failure.message, .system_error = failure.code};
}
}  // namespace

LoopCore::LoopCore() {
  auto events = runtime::EventLoop::create();
  if (!events) {
    failure_ = system_error(events.error());
    return;
  }
  events_ = std::move(events).value();
  mailbox_ = std::make_unique<runtime::Mailbox<Callback>>(events_->waker(), posted_max);
  buffer_.resize(buffer_size);
}

LoopCore::~LoopCore() {
  ASSERT(scheduled_.empty());  // Clients go before their loop.
  if (resolver_) resolver_->stop();
}

midge::Result<void> LoopCore::status() const {
  if (!events_) return base::Error{failure_};
  return {};
}

base::Instant LoopCore::now() {
  return runtime::now();
}

runtime::Resolver& LoopCore::resolver() {
  if (!resolver_) {
    resolver_ = std::make_unique<runtime::Resolver>(runtime::ResolverOptions{.threads = 1});
  }
  return *resolver_;
}

std::uint64_t LoopCore::token_of(Source& source) {
  return reinterpret_cast<std::uintptr_t>(&source);
}

// ---------------------------------------------------------------- the turn

void LoopCore::run_once(std::chrono::milliseconds timeout) {
  if (!events_) return;
  // What they did may be all that the caller waits for: then this turn does not sleep.
  const bool worked = run_members();
  base::Instant at{};
  events_->wait(worked ? base::Duration::zero() : wait_for(timeout), [&](std::uint64_t token,
                                                                         runtime::Ready ready) {
    if (at == base::Instant{}) at = now();
    // What token_of() made of it. NOLINTNEXTLINE(performance-no-int-to-ptr)
    reinterpret_cast<Source*>(static_cast<std::uintptr_t>(token))->on_ready(ready, at);
  });
  mailbox_->drain([](Callback&& callback) { callback(); });
  if (always_readable_ > 0) call_always_readable();
  timers_.advance(now(), [](Callback&& callback) { callback(); });
  run_members();
}

base::Duration LoopCore::wait_for(std::chrono::milliseconds timeout) {
  if (!scheduled_.empty() || always_readable_ > 0) return base::Duration::zero();
  if (stop_.load(std::memory_order_relaxed)) return base::Duration::zero();
  const base::Duration most = timeout.count() < 0 ? base::Duration::max() : base::Duration{timeout};
  const base::Instant deadline = timers_.deadline();
  return deadline.is_never() ? most : std::min(most, deadline - now());
}

bool LoopCore::run_members() {
  if (scheduled_.empty()) return false;
  running_.swap(scheduled_);
  const base::Instant at = now();
  for (Member*& member : running_) {
    if (member == nullptr) continue;
    member->scheduled_ = false;
    member->on_turn(at);
  }
  running_.clear();
  return true;
}

void LoopCore::schedule(Member& member) {
  if (std::exchange(member.scheduled_, true)) return;
  scheduled_.push_back(&member);
}

void LoopCore::forget(Member& member) {
  std::erase(scheduled_, &member);
  std::ranges::replace(running_, &member, nullptr);
  member.scheduled_ = false;
}

// ---------------------------------------------------------------- any thread

void LoopCore::stop() {
  stop_.store(true);
  if (events_) events_->waker().wake();
}

bool LoopCore::post(Callback callback) {
  return mailbox_ && mailbox_->try_post(std::move(callback));
}

// ---------------------------------------------------------------- the program's descriptors

void LoopCore::Foreign::on_ready(runtime::Ready, base::Instant) {
  const std::shared_ptr<Foreign> alive = self.lock();
  on_readable();
}

midge::Result<void> LoopCore::watch(int fd, Callback on_readable) {
  if (!events_) return base::Error{failure_};
  unwatch(fd);
  auto foreign = std::make_shared<Foreign>();
  foreign->fd = fd;
  foreign->on_readable = std::move(on_readable);
  foreign->self = foreign;
  auto watch = events_->add(fd, {.read = true}, token_of(*foreign));
  if (watch) {
    foreign->watch = *watch;
  } else if (watch.error().code == EPERM) {  // epoll has no use for regular files.
    ++always_readable_;
  } else {
    return base::Error{system_error(watch.error())};
  }
  foreign_.emplace(fd, std::move(foreign));
  return {};
}

void LoopCore::unwatch(int fd) {
  const auto found = foreign_.find(fd);
  if (found == foreign_.end()) return;
  if (found->second->watch) {
    events_->remove(*found->second->watch);
  } else {
    --always_readable_;
  }
  foreign_.erase(found);
}

void LoopCore::call_always_readable() {
  std::vector<std::shared_ptr<Foreign>> readable;
  for (const auto& [fd, foreign] : foreign_) {
    if (!foreign->watch) readable.push_back(foreign);
  }
  for (const std::shared_ptr<Foreign>& foreign : readable) {
    const auto found = foreign_.find(foreign->fd);
    if (found != foreign_.end() && found->second == foreign) foreign->on_readable();
  }
}

}  // namespace client
