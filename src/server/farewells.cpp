#include "server/farewells.h"

#include <algorithm>
#include <utility>

#include "runtime/socket.h"

namespace server {

namespace {
constexpr std::size_t discard_max = std::size_t{64} * 1024;  // A turn.
}

void Farewells::add(runtime::Fd fd, base::Instant now) {
  if (waiting_ == sockets_max) return;  // Closed by going out of scope.
  runtime::shutdown_write(fd.get());
  auto place =
      std::find_if(places_.begin(), places_.end(), [](const Place& p) { return !p.fd.is_open(); });
  if (place == places_.end()) place = places_.emplace(places_.end());
  const auto at = static_cast<std::uint64_t>(place - places_.begin());
  auto watch = loop_.add(fd.get(), {.read = true}, first_token + at);
  if (!watch) return;
  *place = {std::move(fd), *watch, now + patience};
  ++waiting_;
}

void Farewells::on_ready(std::uint64_t token) {
  Place& place = places_[token - first_token];
  const runtime::Io io = runtime::discard(place.fd.get(), discard_max);
  if (io.state == runtime::IoState::closed || io.state == runtime::IoState::error) drop(place);
}

void Farewells::advance(base::Instant now) {
  if (waiting_ == 0) return;
  for (Place& place : places_) {
    if (place.fd.is_open() && place.deadline <= now) drop(place);
  }
}

base::Instant Farewells::deadline() const {
  base::Instant first = base::Instant::never();
  if (waiting_ == 0) return first;
  for (const Place& place : places_) {
    if (place.fd.is_open()) first = std::min(first, place.deadline);
  }
  return first;
}

void Farewells::drop(Place& place) {
  loop_.remove(place.watch);
  place.fd.reset();
  if (--waiting_ == 0) std::vector<Place>{}.swap(places_);
}

}  // namespace server
