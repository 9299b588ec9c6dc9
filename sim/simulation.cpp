#include "sim/simulation.h"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "sim/broker_host.h"
#include "sim/checks.h"
#include "sim/client.h"
#include "sim/model.h"
#include "sim/network.h"
#include "sim/topics.h"
#include "sim/world.h"

namespace sim {

namespace {

// What is due at the latest: wills, sessions and messages expire within seconds.
constexpr Ms settling_time = 15'000;
constexpr Ms leaving_time = 15'000;

class Simulation final {
 public:
  Simulation(std::uint64_t seed, bool is_verbose);
  Result run();

 private:
  void start_broker();
  void restart_broker();
  void disasters();
  void busy_time();
  void quiet_time();
  void absence();
  void ask_for_retained();
  void all_leave();
  void check_nothing_left();
  void zero(std::string_view what, std::uint64_t figure);
  void add_hooks();

  World world_;
  Network network_;
  Model model_;
  hook::Hooks hooks_;
  std::uint64_t numbers_ = 0;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<BrokerHost> host_;
};

Simulation::Simulation(std::uint64_t seed, bool is_verbose)
    : world_(seed), network_(world_), model_(world_) {
  world_.is_verbose = is_verbose;
  add_hooks();
  for (auto& checker : all_checkers(model_)) model_.add(std::move(checker));
  start_broker();
  for (std::uint64_t i = 0; i < world_.options.clients; ++i) {
    clients_.push_back(
        std::make_unique<Client>(world_, network_, "c" + std::to_string(i), numbers_));
  }
}

void Simulation::add_hooks() {
  if (world_.options.deferred_login > 0) {
    hooks_.on<hook::Authenticate>("sim", [this](hook::Authenticate& question) {
      if (!world_.percent(world_.options.deferred_login)) return hook::Decision::allow;
      question.work = [] { return hook::Decision::allow; };
      return hook::Decision::defer;
    });
  }
  if (!world_.options.has_access_rules) return;
  hooks_.on<hook::Authorize>("sim", [](hook::Authorize& question) {
    const Right right = question.access == hook::Access::read ? Right::read : Right::write;
    return is_denied(question.client.id, question.topic, right) ? hook::Decision::deny
                                                                : hook::Decision::next;
  });
}

void Simulation::start_broker() {
  host_ = std::make_unique<BrokerHost>(world_, network_, model_, hooks_);
  model_.set_host(host_.get());
  network_.set_host(host_.get());
}

// A process that dies takes with it what was only in memory. There is no store yet that would keep
// anything (see docs/simulator.md): the model forgets all as well.
void Simulation::restart_broker() {
  world_.say("the broker's process dies");
  network_.break_all();
  host_.reset();
  model_.forget_all();
  start_broker();
}

void Simulation::disasters() {
  if (!world_.has_faults) return;
  if (world_.percent(world_.options.storm)) network_.cut_all();
  if (world_.percent(world_.options.crash)) restart_broker();
  world_.after(200, [this] { disasters(); });
}

void Simulation::busy_time() {
  for (const auto& client : clients_) client->start();
  world_.after(200, [this] { disasters(); });
  world_.run_until(world_.now() + world_.options.safety_ms);
}

// Nothing fails any more: all that is owed arrives, queues drain, timers fire.
void Simulation::quiet_time() {
  world_.say("no more faults");
  world_.has_faults = false;
  network_.end_faults();
  for (const auto& client : clients_) client->settle();
  world_.run_until(world_.now() + settling_time);
  if (world_.is_broken()) return;
  for (const auto& client : clients_) {
    if (!client->is_connected()) world_.broken("liveness", "a client cannot come back");
  }
  model_.at_rest();
  world_.is_calm = true;
  for (const auto& client : clients_) client->publish_anywhere();
  world_.run_until(world_.now() + settling_time);
  if (!world_.is_broken()) model_.at_rest();
}

// While one is away the others of its groups get what is shared; it gets the rest when it returns.
void Simulation::absence() {
  if (world_.is_broken() || clients_.size() < 2 || !world_.percent(50)) return;
  Client& absent = *clients_[world_.random.range(0, clients_.size() - 1)];
  absent.go_away();
  world_.run_until(world_.now() + 1'000);
  for (int i = 0; i < 4; ++i) {
    for (const auto& client : clients_) {
      if (client.get() != &absent) client->publish_anywhere();
    }
    world_.run_until(world_.now() + 500);
  }
  world_.run_until(world_.now() + 5'000);
  if (!world_.is_broken()) model_.at_rest();
  absent.come_back();
  world_.run_until(world_.now() + 5'000);
  if (!world_.is_broken()) model_.at_rest();
}

// A new subscriber gets what is retained, and nothing else.
void Simulation::ask_for_retained() {
  if (world_.is_broken()) return;
  Client& asking =
      *clients_.emplace_back(std::make_unique<Client>(world_, network_, "v", numbers_));
  asking.settle();
  world_.run_until(world_.now() + 1'000);
  asking.subscribe_to({"#", "$m/#"});
  world_.run_until(world_.now() + 5'000);
  if (!world_.is_broken()) model_.at_rest();
  const std::map<std::string, std::uint64_t> retained = model_.retained();
  for (const auto& [topic, number] : retained) asking.publish_to(topic, 0, true, true);
  world_.run_until(world_.now() + 5'000);
}

void Simulation::all_leave() {
  if (world_.is_broken()) return;
  for (const auto& client : clients_) client->leave();
  world_.run_until(world_.now() + leaving_time);
  if (!world_.is_broken()) check_nothing_left();
}

void Simulation::zero(std::string_view what, std::uint64_t figure) {
  if (figure != 0) world_.broken("memory", fmt::format("{} {} when all is gone", figure, what));
}

void Simulation::check_nothing_left() {
  using broker::Metrics;
  zero("sessions", host_->sum(&Metrics::sessions));
  zero("sockets", host_->sum(&Metrics::sockets));
  zero("sessions online", host_->sum(&Metrics::sessions_online));
  zero("subscriptions", host_->sum(&Metrics::subscriptions));
  zero("shared subscriptions", host_->sum(&Metrics::shared_subscriptions));
  zero("queued messages", host_->sum(&Metrics::queued_messages));
  zero("queued bytes", host_->sum(&Metrics::queued_bytes));
  zero("output bytes", host_->sum(&Metrics::output_bytes));
  zero("output packets", host_->sum(&Metrics::output_packets));
  zero("connections", host_->totals().connections.load());
  zero("sessions in total", host_->totals().sessions.load());
  zero("message bytes", host_->totals().message_bytes.load());
  zero("filters of interest", host_->interest_filters());
  if (!world_.options.has_sys) {
    zero("retained messages", host_->retained().count());
    zero("retained bytes", host_->retained().bytes());
    if (!host_->deadline().is_never()) world_.broken("timer", "a timer runs when all is gone");
  }
  if (!host_->is_quiet()) world_.broken("rest", "a message still waits in a lane");
}

Result Simulation::run() {
  busy_time();
  if (!world_.is_broken()) quiet_time();
  absence();
  ask_for_retained();
  all_leave();
  return {world_.verdict(), world_.options.text(), world_.trace_hash(), world_.events()};
}

}  // namespace

Result simulate(std::uint64_t seed, bool is_verbose) {
  Simulation simulation{seed, is_verbose};
  return simulation.run();
}

}  // namespace sim
