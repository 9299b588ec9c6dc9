#include "pub_lines.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "pub_outcome.h"

namespace apps {

using midge::ErrorCode;

LinePublisher::LinePublisher(ClientRun& run, const ClientOptions& options, int fd)
    : run_(run),
      options_(options),
      fd_(fd),
      publish_{.qos = options.qos,
               .retain = options.publish.retain,
               .properties = &options.publish.properties},
      reader_(wire::remaining_length_max),
      progress_(run.loop(), run.report().is_for_people() && !options.debug && ::isatty(fd) == 0,
                [this] { return progress(); }) {
  run.client().on_writable([this] { pump(); });
}

void LinePublisher::on_connected() {
  if (!std::exchange(has_started_, true)) {
    start_reading();
  } else {
    pump();
  }
}

void LinePublisher::start_reading() {
  if (has_ended_ || std::exchange(is_reading_, true)) return;
  if (auto watched = run_.loop().watch(fd_, [this] { read(); }); !watched) {
    run_.fail(watched.error());
  }
}

void LinePublisher::stop_reading() {
  if (std::exchange(is_reading_, false)) run_.loop().unwatch(fd_);
}

// There is something, or the end: it does not block.
void LinePublisher::read() {
  const ssize_t got = ::read(fd_, bytes_.data(), bytes_.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) {
    stop_reading();
    run_.report().error(fmt::format("Unable to read the standard input: {}.",
                                    std::generic_category().message(errno)));
    return run_.end(static_cast<int>(ErrorCode::system));
  }
  if (got == 0) {
    reader_.end();
    has_ended_ = true;
    stop_reading();
  } else {
    reader_.feed({bytes_.data(), static_cast<std::size_t>(got)});
  }
  pump();
}

void LinePublisher::pump() {
  if (run_.is_ending()) return;
  while (auto line = next_line()) {
    if (send(*line)) continue;
    again_.push_front(std::move(*line));
    return stop_reading();
  }
  if (run_.is_ending()) return stop_reading();
  if (reader_.is_too_long()) {
    stop_reading();
    return run_.fail({.code = ErrorCode::payload_size,
                      .text = fmt::format("line {} of the standard input has more than {} bytes",
                                          reader_.count() + 1, wire::remaining_length_max)});
  }
  start_reading();
  if (has_ended_ && sent_ == confirmed_) run_.end();
}

std::optional<LinePublisher::LineRef> LinePublisher::next_line() {
  if (run_.is_ending()) return std::nullopt;
  if (!again_.empty()) {
    LineRef line = std::move(again_.front());
    again_.pop_front();
    return line;
  }
  while (const auto text = reader_.next()) {
    if (!text->empty() || options_.publish.blank_lines) return LineRef{new Line{*text}};
  }
  return std::nullopt;
}

// False: there is no room.
bool LinePublisher::send(const LineRef& line) {
  const auto taken = run_.client().publish(
      options_.publish.topic, line->payload(), publish_,
      [this, line](const midge::PublishResult& result) { on_done(line, result); });
  if (!taken && taken.error().code == ErrorCode::queue_full) return false;
  if (!taken) {
    run_.fail(taken.error());
    return true;
  }
  ++sent_;
  return true;
}

void LinePublisher::on_done(const LineRef& line, const midge::PublishResult& result) {
  if (is_refused_for_good(result.error)) {
    --sent_;
    return run_.fail(result.error);
  }
  if (result.error && result.error.code != ErrorCode::rejected) {
    // The connection broke: the broker may not have the line. Where no other connection follows it
    // is counted as missing.
    --sent_;
    again_.push_back(line);
    return;
  }
  ++confirmed_;
  if (result.error) warn_of_rejection(run_.report(), confirmed_, result);
  if (has_ended_) pump();
}

std::string LinePublisher::progress() const {
  return fmt::format("{} lines read, {} sent{}", reader_.count(), confirmed_,
                     options_.qos == midge::Qos::at_most_once ? "" : " and confirmed");
}

}  // namespace apps
