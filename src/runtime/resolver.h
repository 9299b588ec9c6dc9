// Names to addresses away from the loop: getaddrinfo blocks, for half a minute if a name server is
// gone. Any thread may ask. Completions run on a resolver's thread, at most one at a time, and
// never after stop().
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/failure.h"
#include "runtime/listener.h"
#include "runtime/socket_address.h"
#include "runtime/worker_pool.h"

namespace runtime {

struct Query {
  std::string host{};
  std::uint16_t port = 0;
  IpVersions versions = IpVersions::any;
};

using Resolution = Outcome<std::vector<SocketAddress>>;
using OnResolved = absl::AnyInvocable<void(Resolution)>;

// Asks the system, waiting for the answer. Never an empty list.
Resolution resolve_blocking(const Query& query);

struct ResolverOptions {
  std::size_t threads = 2;
  std::size_t queries_max = 256;  // Waiting for a thread.
  Resolution (*lookup)(const Query&) = resolve_blocking;
};

class Resolver final {
 public:
  explicit Resolver(const ResolverOptions& options = {});
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver() { stop(); }

  // `done` is called once, unless stopped before. It should only post into a mailbox. False: too
  // many asked already, and `done` is dropped.
  [[nodiscard]] bool try_resolve(Query query, OnResolved done);
  // Does not wait for a name server: lookups that run are abandoned and their completions dropped.
  void stop();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  Resolution (*lookup_)(const Query&);
  WorkerPool workers_;
};

}  // namespace runtime
