#include "runtime/connector.h"

#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "runtime/socket.h"

namespace runtime {

Connector::Connector(EventLoop& loop, std::uint64_t token, std::vector<SocketAddress> addresses,
                     base::Instant give_up, std::optional<SocketAddress> from)
    : loop_(loop), token_(token), addresses_(std::move(addresses)), from_(from), give_up_(give_up) {
  ASSERT(!addresses_.empty());
}

Connecting Connector::start(base::Instant now) {
  return try_from(0, now);
}

Connecting Connector::on_ready(base::Instant now) {
  const int code = connect_error(fd_.get());
  if (code == EINPROGRESS) return Connecting::in_progress;
  if (code == 0) return finish();
  note_failure(code);
  return try_from(current_ + 1, now);
}

Connecting Connector::advance(base::Instant now) {
  if (now < attempt_ends_) return Connecting::in_progress;
  note_failure(ETIMEDOUT);
  return try_from(current_ + 1, now);
}

Connecting Connector::try_from(std::size_t index, base::Instant now) {
  abandon();
  for (; index < addresses_.size() && now < give_up_; ++index) {
    current_ = index;
    if (open(now)) return Connecting::in_progress;
  }
  attempt_ends_ = base::Instant::never();
  return Connecting::failed;
}

bool Connector::open(base::Instant now) {
  auto fd = start_connect(addresses_[current_], from_);
  if (!fd) {
    failure_ = fd.error();
    return false;
  }
  auto watch = loop_.add(fd->get(), {.read = false, .write = true}, token_);
  if (!watch) {
    failure_ = watch.error();
    return false;
  }
  fd_ = std::move(fd).value();
  watch_ = *watch;
  const auto left = static_cast<std::int64_t>(addresses_.size() - current_);
  attempt_ends_ = give_up_.is_never() ? give_up_ : now + (give_up_ - now) / left;
  return true;
}

Connecting Connector::finish() {
  loop_.remove(watch_);
  attempt_ends_ = base::Instant::never();
  set_no_delay(fd_.get());
  return Connecting::connected;
}

void Connector::note_failure(int code) {
  failure_ = system_failure("connecting to " + addresses_[current_].text(), code);
}

void Connector::abandon() {
  if (!fd_.is_open()) return;
  loop_.remove(watch_);
  fd_.reset();
}

Fd Connector::take() {
  ASSERT(fd_.is_open());
  return std::move(fd_);
}

}  // namespace runtime
