#include "runtime/resolver.h"

#include <netdb.h>

#include <cerrno>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace runtime {

namespace {

int family_hint(IpVersions versions) {
  switch (versions) {
    case IpVersions::any:
      return AF_UNSPEC;
    case IpVersions::ipv4:
      return AF_INET;
    case IpVersions::ipv6:
      return AF_INET6;
  }
  UNREACHABLE();
}

Failure lookup_failure(const std::string& host, int code, int system_code) {
  const std::string reason = code == EAI_SYSTEM ? error_text(system_code) : ::gai_strerror(code);
  return {code == EAI_SYSTEM ? system_code : 0, "looking up '" + host + "': " + reason};
}

}  // namespace

Resolution resolve_blocking(const Query& query) {
  addrinfo hints{};
  hints.ai_family = family_hint(query.versions);
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int code = ::getaddrinfo(query.host.c_str(), nullptr, &hints, &first);
  if (code != 0) return base::Error{lookup_failure(query.host, code, errno)};
  std::vector<SocketAddress> found;
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    found.emplace_back(one->ai_addr, one->ai_addrlen);
    found.back().set_port(query.port);
  }
  ::freeaddrinfo(first);
  return found;
}

// Completions stay here, not in the jobs, so that stop() ends them however long a lookup takes.
struct Resolver::Shared {
  std::mutex mutex;
  bool stopped = false;
  std::uint64_t last = 0;
  std::unordered_map<std::uint64_t, OnResolved> waiting;

  void complete(std::uint64_t id, Resolution resolution) {
    // Under the lock: after stop() has had it none runs.
    const std::lock_guard lock(mutex);
    const auto found = waiting.find(id);
    if (found == waiting.end()) return;
    OnResolved done = std::move(found->second);
    waiting.erase(found);
    done(std::move(resolution));
  }
};

Resolver::Resolver(const ResolverOptions& options)
    : shared_(std::make_shared<Shared>()),
      lookup_(options.lookup),
      workers_({options.threads, options.queries_max, OnStop::abandon, "resolver"}) {}

bool Resolver::try_resolve(Query query, OnResolved done) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopped) return false;
    id = ++shared_->last;
    shared_->waiting.emplace(id, std::move(done));
  }
  const bool submitted =
      workers_.try_submit([shared = shared_, lookup = lookup_, query = std::move(query), id] {
        shared->complete(id, lookup(query));
      });
  if (submitted) return true;
  const std::lock_guard lock(shared_->mutex);
  shared_->waiting.erase(id);
  return false;
}

void Resolver::stop() {
  std::unordered_map<std::uint64_t, OnResolved> dropped;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
    dropped.swap(shared_->waiting);
  }
  workers_.stop();
}

}  // namespace runtime
