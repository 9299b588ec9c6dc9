#include "sub.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "client_program.h"
#include "client_run.h"
#include "end_signal.h"
#include "sub_print.h"
#include "topic/filter.h"

namespace apps {
namespace {

base::WallTime wall_time() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch())};
}

// For eyes only, and for none that asked not to (https://no-color.org).
Colours wanted_colours() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool wants = ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
                     terminal != nullptr && std::string_view{terminal} != "dumb";
  return wants ? Colours::on : Colours::off;
}

class Subscriber final {
 public:
  explicit Subscriber(const ClientOptions& options)
      : options_(options), request_(options.subscribe), run_(options, OnLoss::reconnect) {}

  int run();

 private:
  void on_connected();
  void subscribe();
  void unsubscribe();
  void on_subscribed(const midge::SubscribeResult& result);
  void print_granted(const midge::SubscribeResult& result);
  void on_message(const midge::Message& message);
  bool is_wanted(const midge::Message& message);
  void print(const midge::Message& message);
  void remove_retained(std::string_view topic);
  void finish();
  void end_when_removed();
  void interrupt();

  const ClientOptions& options_;
  const SubscribeRequest& request_;
  ClientRun run_;
  EndSignal end_signal_;
  const Colours colours_ = wanted_colours();
  std::uint32_t printed_ = 0;
  std::size_t removing_ = 0;  // Retained messages whose removal the broker has not confirmed.
  std::size_t unsubscribing_ = 0;
  bool is_finished_ = false;  // What comes now is not looked at.
  bool wants_end_ = false;
  bool has_timed_out_ = false;
};

int Subscriber::run() {
  constexpr int timed_out = 27;  // MOSQ_ERR_TIMEOUT
  run_.client().on_message([this](const midge::Message& message) { on_message(message); });
  if (auto watched = run_.loop().watch(end_signal_.fd(), [this] { interrupt(); }); !watched) {
    run_.report().error(watched.error().text);
    return static_cast<int>(watched.error().code);
  }
  if (request_.time_limit.count() > 0) {
    run_.loop().call_after(request_.time_limit, [this] {
      has_timed_out_ = !run_.is_ending();
      interrupt();
    });
  }
  const int status = run_.run([this] { on_connected(); });
  if (!has_timed_out_) return status;
  run_.report().line("Timed out");
  return timed_out;
}

// The will goes out, as when mosquitto_sub is interrupted; only MQTT 5 can say so.
void Subscriber::interrupt() {
  is_finished_ = true;
  run_.loop().unwatch(end_signal_.fd());
  run_.end(0, midge::ReasonCode::disconnect_with_will_message);
}

void Subscriber::on_connected() {
  if (!request_.filters.empty()) subscribe();
  unsubscribe();
}

void Subscriber::subscribe() {
  std::vector<midge::Subscription> subscriptions;
  subscriptions.reserve(request_.filters.size());
  for (const std::string& filter : request_.filters) {
    subscriptions.push_back({.filter = filter,
                             .qos = options_.qos,
                             .retain_as_published = request_.retain_as_published,
                             .retain_handling = request_.retain_handling});
  }
  const auto sent = run_.client().subscribe(
      std::move(subscriptions),
      [this](const midge::SubscribeResult& result) { on_subscribed(result); },
      request_.properties.view());
  if (!sent) run_.fail(sent.error());
}

// One packet each, so that the debug lines are mosquitto_sub's.
void Subscriber::unsubscribe() {
  for (const std::string& filter : request_.unsubscribe) {
    const auto sent = run_.client().unsubscribe(
        {filter},
        [this](const midge::SubscribeResult&) {
          if (--unsubscribing_ == 0 && request_.filters.empty() && request_.exit_after_subscribe) {
            finish();
          }
        },
        request_.unsubscribe_properties.view());
    if (!sent) return run_.fail(sent.error());
    ++unsubscribing_;
  }
}

void Subscriber::on_subscribed(const midge::SubscribeResult& result) {
  if (!result.ok()) return;  // The connection broke, and the next one subscribes anew.
  if (options_.debug && !options_.quiet) print_granted(result);
  const bool is_denied = std::ranges::all_of(
      result.codes, [](midge::ReasonCode code) { return wire::is_error(code); });
  if (is_denied) {
    run_.report().line("All subscription requests were denied.");
    run_.end();
  } else if (request_.exit_after_subscribe) {
    run_.end();
  }
}

void Subscriber::print_granted(const midge::SubscribeResult& result) {
  std::string& out = run_.output().buffer();
  out += fmt::format("Subscribed (mid: {}): ", result.id);
  for (std::size_t i = 0; i < result.codes.size(); ++i) {
    out += fmt::format("{}{}", i == 0 ? "" : ", ", static_cast<int>(result.codes[i]));
  }
  out += '\n';
  run_.flush_soon();
}

// ---------------------------------------------------------------- messages

void Subscriber::on_message(const midge::Message& message) {
  if (is_finished_ || !is_wanted(message)) return;
  if (request_.remove_retained && message.retain) remove_retained(message.topic);
  if (request_.hides_retained && message.retain) return;
  print(message);
  ++printed_;
  if (request_.count > 0 && printed_ == request_.count) finish();
}

bool Subscriber::is_wanted(const midge::Message& message) {
  if (request_.retained_only && !message.retain) {
    // Between the echoes of our own removals there may still be retained messages.
    end_when_removed();
    return false;
  }
  return std::ranges::none_of(request_.filters_out, [&](const std::string& filter) {
    return topic::matches(filter, message.topic);
  });
}

void Subscriber::print(const midge::Message& message) {
  Output& output = run_.output();
  if (!print_message(message, request_, wall_time(), colours_, output.buffer())) {
    run_.report().error(
        fmt::format("Message payload is not valid JSON on topic {}.", message.topic));
  }
  output.settle();
  run_.flush_soon();
}

void Subscriber::remove_retained(std::string_view topic) {
  const midge::PublishOptions publish{.qos = midge::Qos::at_least_once, .retain = true};
  const auto sent = run_.client().publish(topic, {}, publish, [this](const midge::PublishResult&) {
    if (--removing_ == 0 && wants_end_) run_.end();
  });
  if (!sent) return run_.fail(sent.error());
  ++removing_;
}

void Subscriber::finish() {
  is_finished_ = true;
  end_when_removed();
}

void Subscriber::end_when_removed() {
  wants_end_ = true;
  if (removing_ == 0) run_.end();
}

}  // namespace

int sub_main(int argc, char** argv) {
  fill_standard_descriptors();
  const Program program = program_of(Tool::sub, argc > 0 ? argv[0] : "");
  const auto options = options_from(program, argc, argv);
  if (!options) return options.error();
  Subscriber subscriber{*options};
  return subscriber.run();
}

}  // namespace apps
