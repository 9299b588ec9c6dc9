#include "server/server.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "broker/environment.h"
#include "runtime/clock.h"
#include "runtime/event_loop.h"
#include "runtime/listener.h"
#include "runtime/process.h"
#include "runtime/signals.h"
#include "server/broker_log.h"
#include "server/built_in_hooks.h"
#include "server/shard_thread.h"

namespace server {

using config::LogType;

namespace {

constexpr std::size_t lane_capacity = 1024;
constexpr std::size_t logins_waiting_max = 16'384;
constexpr base::Duration wills_patience = std::chrono::seconds{2};

std::uint64_t system_random() {
  std::uint64_t seed = 0;
  const auto got = ::getrandom(&seed, sizeof seed, 0);
  ASSERT(got == static_cast<ssize_t>(sizeof seed));
  return seed;
}

// Not fmt::print(): that throws when nobody reads stderr.
int complain(const std::string& sentence, int status) {
  const std::string line = fmt::format("Error: {}\n", sentence);
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
  return status;
}

std::size_t thread_count(const config::Config& config) {
  const std::size_t wanted = config.threads() == 0 ? runtime::cpu_count() : config.threads();
  return std::clamp<std::size_t>(wanted, 1, topic::shards_max);
}

runtime::IpVersions versions_of(config::SocketDomain domain) {
  switch (domain) {
    case config::SocketDomain::any:
      return runtime::IpVersions::any;
    case config::SocketDomain::ipv4:
      return runtime::IpVersions::ipv4;
    case config::SocketDomain::ipv6:
      return runtime::IpVersions::ipv6;
  }
  UNREACHABLE();
}

std::string_view name_of(runtime::Family family) {
  switch (family) {
    case runtime::Family::ipv4:
      return "ipv4";
    case runtime::Family::ipv6:
      return "ipv6";
    case runtime::Family::local:
      return "unix";
  }
  UNREACHABLE();
}

// The whole broker between start-up and stop.
class Broker final {
 public:
  Broker(const config::Config& config, const RunOptions& options, BrokerLog& log)
      : config_(config),
        options_(options),
        log_(log),
        listener_states_(broker::listener_states(config)),
        interest_(thread_count(config)),
        retained_(&broker::size_of),
        metrics_(thread_count(config)),
        environment_{config,    hooks_,  log,      listener_states_, interest_,
                     retained_, totals_, metrics_, options.program},
        lanes_(thread_count(config), lane_capacity),
        workers_({.threads = std::clamp<std::size_t>(runtime::cpu_count() / 2, 1, 4),
                  .queue_max = logins_waiting_max,
                  .name = "password"}),
        threads_{environment_, listeners_, lanes_, workers_} {}

  // However it ends: a socket file that stays behind looks like a broker.
  ~Broker() { remove_socket_files(); }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  int run(runtime::Signals& signals) {
    if (const int status = open_everything(); status != exit_ok) return status;
    for (auto& thread : threads_.all) thread->start();
    say(LogType::information,
        fmt::format("{} version {} running", options_.program, MIDGE_VERSION));
    runtime::notify_ready();
    wait_for_stop(signals);
    runtime::notify_stopping();
    stop(signals);
    say(LogType::information,
        fmt::format("{} version {} terminating", options_.program, MIDGE_VERSION));
    return exit_ok;
  }

 private:
  void say(LogType type, std::string line) { log_.write(type, std::move(line)); }

  // Who starts a broker that logs to a file or syslog looks at the terminal.
  int give_up(const std::string& sentence, int status) {
    say(LogType::error, "Error: " + sentence);
    const config::LogDestinations& to = config_.log_dest();
    return to.to_stderr || to.to_stdout ? status : complain(sentence, status);
  }

  int open_everything() {
    std::vector<std::string> warnings = config_.warnings;
    if (config_.packet_buffer_size.is_given()) {
      warnings.emplace_back(
          "packet_buffer_size has no effect: one buffer a thread serves all connections.");
    }
    if (auto added = add_built_in_hooks(config_, log_, hooks_, warnings); !added) {
      return give_up(added.error(), exit_bad_config);
    }
    for (std::string& warning : warnings) say(LogType::warning, "Warning: " + warning);
    if (config_.local_only()) say_local_only();
    if (const auto opened = open_the_rest(); !opened) {
      return give_up(opened.error().message, exit_failure);
    }
    if (config_.log_dest().to_topic) {
      log_.also_to([this](std::string_view topic, std::string_view line) {
        threads_.all[0]->post_log_line({std::string{topic}, std::string{line}});
      });
    }
    return exit_ok;
  }

  runtime::Outcome<void> open_the_rest() {
    auto loop = runtime::EventLoop::create();
    if (!loop) return base::Error{loop.error()};
    loop_ = std::move(*loop);
    if (auto opened = open_listeners(); !opened) return opened;
    // After the listeners: who starts a second broker by mistake must not lose the first one's.
    if (!config_.pid_file().empty()) {
      auto written = runtime::PidFile::write(config_.pid_file().text);
      if (!written) return base::Error{written.error()};
      pid_file_ = std::move(*written);
    }
    for (std::size_t i = 0; i < lanes_.threads(); ++i) {
      auto thread = ShardThread::create(topic::ShardId{static_cast<std::uint8_t>(i)}, threads_,
                                        system_random());
      if (!thread) return base::Error{thread.error()};
      threads_.all.push_back(std::move(*thread));
    }
    return {};
  }

  void say_local_only() {
    say(LogType::notice,
        "Starting in local only mode. Connections will only be possible from clients running on "
        "this machine.");
    say(LogType::notice,
        "To allow others, put `listener 1883` and either a `password_file` or `allow_anonymous "
        "true` into a configuration file and start with -c FILE.");
  }

  runtime::Outcome<void> open_listeners() {
    std::optional<runtime::Failure> first_failure;
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      auto opened = open_listener(*config_.listeners[i]);
      if (!opened) {
        // Without IPv6 on this machine local-only mode is IPv4 alone. A port in use is an error:
        // clients that find another broker at 127.0.0.1 and this one at ::1 are a riddle.
        const int code = opened.error().code;
        const bool is_missing = code == EAFNOSUPPORT || code == EADDRNOTAVAIL;
        if (!config_.local_only() || !is_missing) return base::Error{opened.error()};
        first_failure = opened.error();
        continue;
      }
      for (runtime::Listening& socket : *opened) {
        say(LogType::information,
            socket.address.family() == runtime::Family::local
                ? fmt::format("Opening unix listen socket on path {}.", socket.address.text())
                : fmt::format("Opening {} listen socket on port {}.",
                              name_of(socket.address.family()), socket.address.port()));
        listeners_.push_back({std::move(socket), i});
      }
    }
    if (listeners_.empty() && first_failure) return base::Error{*first_failure};
    return {};
  }

  static runtime::Outcome<std::vector<runtime::Listening>> open_listener(
      const config::Listener& options) {
    const config::Endpoint& endpoint = options.listener();
    if (!endpoint.is_unix()) {
      return runtime::listen_tcp({.host = endpoint.host,
                                  .port = endpoint.port,
                                  .versions = versions_of(options.socket_domain()),
                                  .interface = options.bind_interface()});
    }
    auto socket = runtime::listen_unix(endpoint.unix_path);
    if (!socket) return base::Error{socket.error()};
    std::vector<runtime::Listening> one;
    one.push_back(std::move(*socket));
    return one;
  }

  void wait_for_stop(runtime::Signals& signals) {
    const auto watch = loop_->add(signals.fd(), {.read = true}, 0);
    ASSERT(watch.has_value());
    const auto interval = runtime::watchdog_interval();
    const base::Duration pause =
        interval ? std::chrono::microseconds{*interval / 2} : base::Duration::max();
    bool goes_on = true;
    while (goes_on) {
      loop_->wait(pause, [](std::uint64_t, runtime::Ready) {});
      runtime::notify_watchdog();
      while (const auto signal = signals.take()) goes_on = on_signal(*signal) && goes_on;
    }
  }

  // False: stop.
  bool on_signal(runtime::Signal signal) {
    switch (signal) {
      case runtime::Signal::interrupt:
      case runtime::Signal::terminate:
        return false;
      case runtime::Signal::hangup:
        log_.reopen();
        say(LogType::warning,
            "SIGHUP: the log was reopened; reloading the configuration is not supported yet, "
            "restart for that.");
        return true;
      case runtime::Signal::reopen_logs:
        log_.reopen();
        return true;
      case runtime::Signal::user1:
        say(LogType::warning,
            "SIGUSR1: saving is not supported yet, messages are kept in memory only.");
        return true;
      case runtime::Signal::user2:
        say(LogType::warning, "SIGUSR2: printing the subscription tree is not supported yet.");
        return true;
    }
    UNREACHABLE();
  }

  // Wills first, while everybody can still get them; then all are told.
  void stop(runtime::Signals& signals) {
    tell_all(PublishWills{}, signals);
    const base::Instant give_up = runtime::now() + wills_patience;
    const auto are_done = [this] {
      return std::all_of(threads_.all.begin(), threads_.all.end(),
                         [](const auto& thread) { return thread->wills_done(); });
    };
    while (!are_done() && runtime::now() < give_up) wait_a_moment(signals);
    tell_all(DisconnectAll{}, signals);
    for (auto& thread : threads_.all) {
      while (!thread->has_ended()) wait_a_moment(signals);
      thread->join();
    }
    workers_.stop();
  }

  void tell_all(const Command& command, runtime::Signals& signals) {
    for (auto& thread : threads_.all) {
      while (!thread->post(command)) wait_a_moment(signals);  // Its mailbox is full.
    }
  }

  void wait_a_moment(runtime::Signals& signals) {
    loop_->wait(std::chrono::milliseconds{1}, [](std::uint64_t, runtime::Ready) {});
    while (const auto signal = signals.take()) {
      if (*signal != runtime::Signal::interrupt && *signal != runtime::Signal::terminate) continue;
      remove_socket_files();
      pid_file_.reset();
      std::_Exit(exit_ok);  // The second of its kind: at once.
    }
  }

  void remove_socket_files() {
    for (const OpenListener& listener : listeners_) {
      if (listener.socket.address.family() == runtime::Family::local) {
        ::unlink(listener.socket.address.text().c_str());
      }
    }
  }

  const config::Config& config_;
  const RunOptions& options_;
  BrokerLog& log_;
  hook::Hooks hooks_;
  std::vector<broker::ListenerState> listener_states_;
  topic::InterestTable interest_;
  broker::RetainedStore retained_;
  broker::Totals totals_;
  std::vector<broker::Metrics> metrics_;
  broker::Environment environment_;
  std::unique_ptr<runtime::EventLoop> loop_;  // The main thread's, opened while there are
                                              // descriptors: the stop may not need any.
  std::vector<OpenListener> listeners_;
  std::optional<runtime::PidFile> pid_file_;
  runtime::Lanes<broker::ShardMessage> lanes_;
  runtime::WorkerPool workers_;
  Threads threads_;
};

}  // namespace

int run(const config::Config& config, const RunOptions& options) {
  runtime::block_signals();
  runtime::raise_open_files_limit();
  const std::string& user = config.user();
  const bool is_default = !runtime::user_exists(user) && user == "mosquitto";
  const auto dropped = runtime::drop_privileges(is_default ? "nobody" : user);
  if (!dropped) return complain(dropped.error().message, exit_failure);
  if (options.daemon) {  // After what is likely to fail and can still be said.
    if (const auto gone = runtime::daemonize(); !gone) {
      return complain(gone.error().message, exit_failure);
    }
  }
  auto log = BrokerLog::open(config);
  if (!log) return complain(log.error().message, exit_failure);
  auto signals = runtime::Signals::create();
  if (!signals) return complain(signals.error().message, exit_failure);
  (*log)->write(LogType::information,
                fmt::format("{} version {} starting", options.program, MIDGE_VERSION));
  (*log)->write(LogType::information,
                options.config_file.empty()
                    ? std::string{"Using default config."}
                    : fmt::format("Config loaded from {}.", options.config_file));
  Broker broker{config, options, **log};
  return broker.run(*signals);
}

}  // namespace server
