// Hook points: where what others decide meets the broker. A point is a struct; its fields are the
// contract, and it grows without breaking anyone. Adding one: the struct, its name in HookPoints,
// one call; a test walks HookPoints and fails on one that is never reached. Hooks are built once,
// then shared as const by all shards: handlers run on shard threads, must be safe to call from
// several at once and must not block (see Decision::defer).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "config/listener.h"
#include "hook/acl_file.h"
#include "wire/packet.h"

namespace hook {

enum class Decision : std::uint8_t {
  next,  // This handler has no opinion: ask the next one.
  allow,
  deny,
  // Authenticate: the answer takes long. `work` was set; it runs on the worker pool and gives allow
  // or deny. Enhanced authentication: one more round; `reply` was set.
  defer,
};

struct ClientView {
  std::string_view id{};
  std::optional<std::string_view> user{};
  std::string_view address{};
  wire::Version version = wire::Version::v311;
  const config::Listener* listener = nullptr;
};

// CONNECT: who is it? When no handler speaks, anonymous clients are let in where the listener
// allows it.
struct Authenticate {
  static constexpr std::string_view name = "authenticate";
  const ClientView& client;
  std::optional<base::Bytes> password;
  std::function<Decision()> work{};  // Owns all that it needs.
};

// Enhanced authentication (MQTT 5, 4.12): CONNECT with an Authentication Method, then AUTH after
// AUTH; also for re-authentication. When no handler speaks, the method is not supported. `exchange`
// names the exchange and is the same in all of its rounds.
struct EnhancedAuthentication {
  static constexpr std::string_view name = "enhanced-authentication";
  const ClientView& client;
  std::string_view method;
  std::optional<base::Bytes> data;
  std::uint64_t exchange = 0;
  std::uint32_t round = 0;  // 0 for CONNECT and for the AUTH that starts re-authentication.
  std::string reply{};      // Authentication Data for the next AUTH, or for CONNACK.
};

// May this client do that? When no handler speaks, it may.
struct Authorize {
  static constexpr std::string_view name = "authorize";
  const ClientView& client;
  std::string_view topic;  // A topic name: only what is delivered and published is asked about.
  Access access = Access::read;
};

struct Connected {
  static constexpr std::string_view name = "connected";
  const ClientView& client;
  bool session_present = false;
};
struct Disconnected {
  static constexpr std::string_view name = "disconnected";
  const ClientView& client;
  std::string_view why;
};
// A PUBLISH that was authorized, before it is routed. `deny` swallows it: it is acknowledged with
// `reason`.
struct Published {
  static constexpr std::string_view name = "published";
  const ClientView& client;
  const wire::Publish& publish;
  wire::ReasonCode reason = wire::ReasonCode::not_authorized;
};
// One filter of a SUBSCRIBE. `deny` answers it with `reason`; the granted QoS may be lowered.
struct Subscribed {
  static constexpr std::string_view name = "subscribed";
  const ClientView& client;
  std::string_view filter;
  wire::Qos qos;
  wire::ReasonCode reason = wire::ReasonCode::not_authorized;
};
struct Unsubscribed {
  static constexpr std::string_view name = "unsubscribed";
  const ClientView& client;
  std::string_view filter;
};

using HookPoints = std::tuple<Authenticate, EnhancedAuthentication, Authorize, Connected,
                              Disconnected, Published, Subscribed, Unsubscribed>;

class Hooks final {
 public:
  template <class E>
  void on(std::string owner, std::function<Decision(E&)> handler) {
    std::get<List<E>>(handlers_).push_back({std::move(owner), std::move(handler)});
  }
  // In registration order; the first decision other than `next` is final. `next` when nobody spoke:
  // the caller knows the point's rule for that.
  template <class E>
  Decision run(E& event) const {
    for (const Handler<E>& h : std::get<List<E>>(handlers_)) {
      if (const Decision d = h.call(event); d != Decision::next) return d;
    }
    return Decision::next;
  }
  // Whether anybody listens: spares the hot path the building of the event.
  template <class E>
  bool has() const {
    return !std::get<List<E>>(handlers_).empty();
  }

 private:
  template <class E>
  struct Handler {
    std::string owner;
    std::function<Decision(E&)> call;
  };
  template <class E>
  using List = std::vector<Handler<E>>;
  template <class>
  struct ListsOf;
  template <class... Es>
  struct ListsOf<std::tuple<Es...>> {
    using type = std::tuple<List<Es>...>;
  };
  ListsOf<HookPoints>::type handlers_;
};

}  // namespace hook
