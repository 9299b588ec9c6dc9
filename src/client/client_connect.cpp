// How a client gets from its options to an open socket.
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "client/client_impl.h"

namespace midge {

using runtime::Connecting;
using runtime::SocketAddress;

namespace {

Error connect_error(const runtime::Failure& failure) {
  const bool too_late = failure.code == ETIMEDOUT;
  return {.code = too_late ? ErrorCode::timeout : ErrorCode::system,
          .text = failure.message,
          .system_error = failure.code};
}

void use_nagle(int fd) {
  const int off = 0;
  // Has no effect on unix sockets, which don't know it.
  static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &off, sizeof off));
}

}  // namespace

std::string Client::Impl::server_name() const {
  if (!options_.unix_socket.empty()) return options_.unix_socket;
  return fmt::format("{}:{}", options_.host, options_.port);
}

void Client::Impl::attempt(base::Instant now) {
  phase_ = Phase::resolving;
  ++attempts_;
  give_up_at_ = now + base::Duration{options_.connect_timeout};
  local_.reset();
  if (!options_.unix_socket.empty()) {
    attempt_unix();
  } else if (options_.bind_address.empty()) {
    look_up_host();
  } else {
    look_up_local();
  }
}

void Client::Impl::attempt_unix() {
  auto address = SocketAddress::from_path(options_.unix_socket);
  if (!address) return fail_attempt(connect_error(address.error()));
  connect_to({*address});
}

void Client::Impl::look_up_local() {
  look_up(options_.bind_address, 0, [this](const Addresses& addresses) {
    local_ = addresses.front();
    look_up_host();
  });
}

void Client::Impl::look_up_host() {
  look_up(options_.host, options_.port,
          [this](Addresses addresses) { connect_to(std::move(addresses)); });
}

void Client::Impl::look_up(const std::string& host, std::uint16_t port, OnAddresses next) {
  if (auto numeric = SocketAddress::from_numbers(host, port)) return next({*numeric});
  runtime::Query query{.host = host, .port = port};
  if (local_) {
    query.versions = local_->family() == runtime::Family::ipv4 ? runtime::IpVersions::ipv4
                                                               : runtime::IpVersions::ipv6;
  }
  // The answer comes on the resolver's thread, maybe after our end: only the loop's thread looks.
  auto answer = [&core = core_, alive = std::weak_ptr<Impl*>{alive_}, attempt = attempts_,
                 next = std::move(next)](runtime::Resolution found) {
    // When the mailbox is full the attempt ends by its time limit.
    static_cast<void>(core.post([alive, attempt, next, found = std::move(found)] {
      if (const auto self = alive.lock()) (*self)->on_looked_up(attempt, found, next);
    }));
  };
  if (core_.resolver().try_resolve(std::move(query), std::move(answer))) return;
  fail_attempt({.code = ErrorCode::lookup, .text = "too many names are being looked up already"});
}

void Client::Impl::on_looked_up(std::uint64_t attempt, const runtime::Resolution& found,
                                const OnAddresses& next) {
  if (attempt != attempts_ || phase_ != Phase::resolving) return;
  if (found) return next(*found);
  fail_attempt({.code = ErrorCode::lookup,
                .text = found.error().message,
                .system_error = found.error().code});
}

void Client::Impl::connect_to(Addresses addresses) {
  phase_ = Phase::connecting;
  connector_.emplace(core_.events(), client::LoopCore::token_of(*this), std::move(addresses),
                     give_up_at_, local_);
  const base::Instant now = core_.now();
  on_connecting(connector_->start(now), now);
}

void Client::Impl::on_connecting(Connecting state, base::Instant now) {
  switch (state) {
    case Connecting::in_progress:
      update_timer();
      return;
    case Connecting::connected:
      fd_ = connector_->take();
      connector_.reset();
      open(now);
      return;
    case Connecting::failed: {
      Error why = connect_error(connector_->failure());
      connector_.reset();
      fail_attempt(std::move(why));
      return;
    }
  }
  UNREACHABLE();
}

void Client::Impl::open(base::Instant now) {
  if (!options_.tcp_nodelay) use_nagle(fd_.get());
  phase_ = Phase::open;
  write_blocked_ = false;
  session_.start(now);
  core_.schedule(*this);
}

// From whichever call it happens in: handlers hear of it at the end of the turn.
void Client::Impl::fail_attempt(Error why) {
  ending_ = Ending{.why = std::move(why)};
  phase_ = Phase::closing;
  core_.schedule(*this);
}

}  // namespace midge
