#include "pub.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <utility>

#include "client_program.h"
#include "client_run.h"
#include "input_file.h"
#include "progress.h"
#include "pub_lines.h"
#include "pub_outcome.h"

namespace apps {
namespace {

using midge::ErrorCode;

// The message of -m, -n, -f or -s, as often as --repeat says. One after the other: the next one
// when the broker has the last one.
class MessagePublisher final {
 public:
  MessagePublisher(ClientRun& run, const ClientOptions& options, midge::Payload payload)
      : run_(run),
        options_(options),
        payload_(std::move(payload)),
        publish_{.qos = options.qos,
                 .retain = options.publish.retain,
                 .properties = &options.publish.properties},
        progress_(run.loop(), run.report().is_for_people() && !options.debug && is_large(),
                  [this] { return progress(); }) {}

  void publish() {
    if (run_.is_ending()) return;
    const auto taken =
        run_.client().publish(options_.publish.topic, payload_, publish_,
                              [this](const midge::PublishResult& result) { on_done(result); });
    if (!taken) run_.fail(taken.error());
  }

 private:
  bool is_large() const {
    constexpr std::size_t large = 1 << 20;
    return payload_.bytes().size() >= large;
  }

  void on_done(const midge::PublishResult& result) {
    if (is_refused_for_good(result.error)) return run_.fail(result.error);
    // The connection broke, which the run hears of too.
    if (result.error && result.error.code != ErrorCode::rejected) return;
    ++done_;
    if (result.error) warn_of_rejection(run_.report(), done_, result);
    if (done_ >= options_.publish.repeat) return run_.end();
    if (options_.publish.repeat_delay.count() == 0) return publish();
    run_.loop().call_after(options_.publish.repeat_delay, [this] { publish(); });
  }

  std::string progress() const {
    const auto passed = std::chrono::steady_clock::now() - began_;
    return fmt::format("Sending {} ({} s)", size_text(payload_.bytes().size()),
                       std::chrono::duration_cast<std::chrono::seconds>(passed).count());
  }

  ClientRun& run_;
  const ClientOptions& options_;
  const midge::Payload payload_;
  const midge::PublishOptions publish_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::uint32_t done_ = 0;
  Progress progress_;
};

// The error is said already.
std::optional<midge::Payload> load_file(const PublishRequest& request, const Report& report) {
  auto text = read_file(request.text, wire::remaining_length_max);
  if (text) return midge::Payload{std::move(*text)};
  if (text.error().is_too_large) {
    report.error(fmt::format("File must be less than {} bytes.", wire::remaining_length_max));
  } else {
    report.error(fmt::format("Unable to read file \"{}\": {}.", request.text, text.error().text));
  }
  report.line(fmt::format("Error loading input file \"{}\".", request.text));
  return std::nullopt;
}

std::optional<midge::Payload> load_input(const Report& report) {
  auto text = read_all(STDIN_FILENO, wire::remaining_length_max);
  if (text && !text->empty()) return midge::Payload{std::move(*text)};
  if (text) {
    report.error("Zero length input.");
  } else if (text.error().is_too_large) {
    report.error(
        fmt::format("Message length must be less than {} bytes.", wire::remaining_length_max));
  } else {
    report.error(fmt::format("Unable to read the standard input: {}.", text.error().text));
  }
  report.line("Error loading input from stdin.");
  return std::nullopt;
}

std::optional<midge::Payload> load(const PublishRequest& request, const Report& report) {
  switch (request.source) {
    case Source::text:
      return midge::Payload{std::string{request.text}};
    case Source::nothing:
      return midge::Payload{};
    case Source::file:
      return load_file(request, report);
    case Source::input:
      return load_input(report);
    case Source::none:
    case Source::input_lines:
      break;
  }
  UNREACHABLE();
}

int publish_message(const ClientOptions& options) {
  ClientRun run{options, OnLoss::give_up};
  auto payload = load(options.publish, run.report());
  if (!payload) return 1;
  MessagePublisher publisher{run, options, std::move(*payload)};
  return run.run([&] { publisher.publish(); });
}

int publish_lines(const ClientOptions& options) {
  ClientRun run{options, OnLoss::reconnect};
  LinePublisher publisher{run, options, STDIN_FILENO};
  const int status = run.run([&] { publisher.on_connected(); });
  if (status != 0 && publisher.unconfirmed() > 0) {
    run.report().error(fmt::format("{} of the lines read may not have reached the broker.",
                                   publisher.unconfirmed()));
  }
  return status;
}

}  // namespace

int pub_main(int argc, char** argv) {
  fill_standard_descriptors();
  const Program program = program_of(Tool::pub, argc > 0 ? argv[0] : "");
  const auto options = options_from(program, argc, argv);
  if (!options) return options.error();
  return options->publish.source == Source::input_lines ? publish_lines(*options)
                                                        : publish_message(*options);
}

}  // namespace apps
