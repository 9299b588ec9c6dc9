#include "client_run.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace apps {
namespace {

using midge::ErrorCode;

midge::Options connection_options(const ClientOptions& options, OnLoss on_loss) {
  midge::Options connection = options.connection;
  if (connection.version == midge::Version::v31 && connection.client_id.empty()) {
    connection.client_id = random_client_id();
  }
  connection.reconnect = {.enabled = on_loss == OnLoss::reconnect,
                          .first = std::chrono::seconds{1},
                          .most = std::chrono::seconds{10}};
  // The tools subscribe at each CONNACK, as they say what was granted.
  connection.resubscribe = midge::Resubscribe::never;
  return connection;
}

}  // namespace

std::string random_client_id() {
  constexpr std::string_view letters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::array<unsigned char, 18> bytes{};
  const bool filled = ::getrandom(bytes.data(), bytes.size(), 0) == std::ssize(bytes);
  ASSERT(filled);  // So few bytes always come at once.
  std::string id = "mosq-";
  for (const unsigned char byte : bytes) id += letters[byte % letters.size()];
  return id;
}

ClientRun::ClientRun(const ClientOptions& options, OnLoss on_loss)
    : options_(options),
      report_(options, ::isatty(STDERR_FILENO) == 1),
      output_(STDOUT_FILENO),
      client_(loop_, connection_options(options, on_loss)) {
  client_.on_disconnected([this](const midge::Disconnection& end) { on_disconnected(end); });
  if (!options.debug) return;
  client_.on_log([this](std::string_view line) {
    output_.buffer() += line;
    output_.write("\n");
    flush_soon();
  });
}

void ClientRun::flush_soon() {
  if (std::exchange(will_flush_, true)) return;
  const bool posted = loop_.post([this] {
    will_flush_ = false;
    output_.flush();
    check_output();
  });
  if (posted) return;
  will_flush_ = false;
  output_.flush();
}

int ClientRun::run(std::function<void()> on_connected) {
  std::signal(SIGPIPE, SIG_IGN);  // A reader who goes away is seen when writing.
  for (const std::string& warning : options_.warnings) report_.warning(warning);
  client_.on_connected([this, on_connected = std::move(on_connected)](const midge::ConnectInfo&) {
    was_connected_ = true;
    on_connected();
  });
  if (auto started = client_.connect(); !started) {
    report_.error(started.error().text);
    return exit_status(started.error(), false);
  }
  // How it ended was told to on_disconnected() already.
  static_cast<void>(client_.run());
  output_.flush();
  return status_;
}

void ClientRun::end(int status, midge::ReasonCode reason) {
  if (status_ == 0) status_ = status;
  if (std::exchange(is_ending_, true)) return;
  client_.disconnect(reason, options_.disconnect_properties.view());
}

void ClientRun::fail(const midge::Error& error) {
  report_.line(explain(error, {}, options_.connection.version));
  report_.hint(advice(error, options_, true));
  end(exit_status(error, true));
}

// Not before the first CONNACK: a wrong port or password does not mend itself.
void ClientRun::on_disconnected(const midge::Disconnection& end_of) {
  if (!end_of.error || is_ending_) return;
  if (end_of.will_retry && was_connected_) {
    report_.hint(explain(end_of.error, end_of.properties, options_.connection.version));
    report_.hint("Trying again.");
    return;
  }
  report_.line(explain(end_of.error, end_of.properties, options_.connection.version));
  report_.hint(advice(end_of.error, options_, was_connected_));
  end(exit_status(end_of.error, was_connected_));
}

// Nobody reads any more: the end that was wished for. Anything else is a failure.
void ClientRun::check_output() {
  const int failure = output_.failure();
  if (failure == 0 || is_ending_) return;
  if (failure == EPIPE || failure == EINTR) return end();
  report_.error(fmt::format("Unable to write to the standard output: {}.",
                            std::generic_category().message(failure)));
  end(static_cast<int>(ErrorCode::system));
}

}  // namespace apps
