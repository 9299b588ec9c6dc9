#include "runtime/event_loop.h"

#include <cerrno>
#include <climits>

#include "base/assert.h"

namespace runtime {

namespace {

constexpr std::uint64_t waker_mark = UINT64_MAX;

std::uint64_t pack(Watch watch) {
  return (std::uint64_t{watch.generation} << 32) | watch.slot;
}
Watch unpack(std::uint64_t data) {
  return {static_cast<std::uint32_t>(data), static_cast<std::uint32_t>(data >> 32)};
}

std::uint32_t events_for(Interest interest) {
  return (interest.read ? std::uint32_t{EPOLLIN} : 0U) |
         (interest.write ? std::uint32_t{EPOLLOUT} : 0U);
}

int milliseconds_up(base::Duration timeout) {
  if (timeout <= base::Duration::zero()) return 0;
  if (timeout == base::Duration::max()) return -1;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return ms > INT_MAX ? INT_MAX : static_cast<int>(ms);
}

}  // namespace

EventLoop::EventLoop(Fd epoll, std::unique_ptr<Waker> waker)
    : epoll_(std::move(epoll)), waker_(std::move(waker)), batch_(batch_max) {}

Outcome<std::unique_ptr<EventLoop>> EventLoop::create() {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return base::Error{system_failure("creating an epoll instance", errno)};
  auto event_fd = Waker::create_event_fd();
  if (!event_fd) return base::Error{event_fd.error()};
  auto waker = std::make_unique<Waker>(std::move(event_fd).value());
  epoll_event event{};
  event.events = std::uint32_t{EPOLLIN} | std::uint32_t{EPOLLET};
  event.data.u64 = waker_mark;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, waker->fd(), &event) != 0) {
    return base::Error{system_failure("watching an eventfd", errno)};
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(waker)));
}

Outcome<Watch> EventLoop::add(int fd, Interest interest, std::uint64_t token) {
  return add_events(fd, events_for(interest), token);
}

Outcome<Watch> EventLoop::add_shared(int fd, std::uint64_t token) {
  return add_events(fd, std::uint32_t{EPOLLIN} | std::uint32_t{EPOLLEXCLUSIVE}, token);
}

Outcome<Watch> EventLoop::add_events(int fd, std::uint32_t events, std::uint64_t token) {
  const std::uint32_t index = take_slot();
  Slot& slot = slots_[index];
  slot.fd = fd;
  slot.token = token;
  const Watch watch{index, slot.generation};
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(watch);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    const int code = errno;
    free_slot(index);
    return base::Error{system_failure("watching a descriptor", code)};
  }
  return watch;
}

void EventLoop::modify(Watch watch, Interest interest) {
  const Slot* slot = find(watch);
  ASSERT(slot != nullptr);
  epoll_event event{};
  event.events = events_for(interest);
  event.data.u64 = pack(watch);
  ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, slot->fd, &event) == 0);
}

void EventLoop::remove(Watch watch) {
  const Slot* slot = find(watch);
  if (slot == nullptr) return;
  ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, slot->fd, nullptr) == 0);
  free_slot(watch.slot);
}

int EventLoop::poll(base::Duration timeout) {
  ++counters_.turns;
  int milliseconds = milliseconds_up(timeout);
  if (milliseconds != 0 && !waker_->try_sleep()) milliseconds = 0;
  if (milliseconds != 0) ++counters_.sleeps;
  const int count =
      ::epoll_wait(epoll_.get(), batch_.data(), static_cast<int>(batch_.size()), milliseconds);
  ASSERT(count >= 0 || errno == EINTR);
  waker_->awake();
  return count;
}

bool EventLoop::translate(const epoll_event& event, std::uint64_t& token, Ready& ready) {
  if (event.data.u64 == waker_mark) return false;
  const Slot* slot = find(unpack(event.data.u64));
  if (slot == nullptr) {
    ++counters_.stale;
    return false;
  }
  token = slot->token;
  ready.broken = (event.events & (std::uint32_t{EPOLLHUP} | std::uint32_t{EPOLLERR})) != 0;
  ready.readable = (event.events & std::uint32_t{EPOLLIN}) != 0;
  ready.writable = (event.events & std::uint32_t{EPOLLOUT}) != 0;
  return true;
}

EventLoop::Slot* EventLoop::find(Watch watch) {
  if (watch.slot >= slots_.size()) return nullptr;
  Slot& slot = slots_[watch.slot];
  return slot.fd >= 0 && slot.generation == watch.generation ? &slot : nullptr;
}

std::uint32_t EventLoop::take_slot() {
  ++used_;
  if (first_free_ == no_slot) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t index = first_free_;
  first_free_ = static_cast<std::uint32_t>(slots_[index].token);
  return index;
}

void EventLoop::free_slot(std::uint32_t index) {
  --used_;
  slots_[index] = {first_free_, slots_[index].generation + 1, -1};
  first_free_ = index;
}

}  // namespace runtime
