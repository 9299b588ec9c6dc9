// `midge pub -l`: each line of a descriptor is a message, in order, all of them before the end.
// Reads no faster than the broker takes: when the client's queue is full, reading stops. On the
// run's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared.h"
#include "client_run.h"
#include "line_reader.h"
#include "progress.h"

namespace apps {

class LinePublisher final {
 public:
  // Of `fd`, which stays the caller's. Sets the client's handlers.
  LinePublisher(ClientRun& run, const ClientOptions& options, int fd);

  // At each CONNACK.
  void on_connected();
  // Lines read, less those that the broker has.
  std::uint64_t unconfirmed() const { return sent_ - confirmed_ + again_.size(); }

 private:
  // Shared with the client, and kept until the broker has it.
  class Line final : public base::Shared {
   public:
    explicit Line(std::string_view text) : text_(text) {}
    midge::Payload payload() const {
      return {base::Ref<const base::Shared>{this}, base::as_bytes(text_)};
    }

   private:
    const std::string text_;
  };
  using LineRef = base::Ref<const Line>;

  void read();
  void pump();
  void start_reading();
  void stop_reading();
  std::optional<LineRef> next_line();
  bool send(const LineRef& line);
  void on_done(const LineRef& line, const midge::PublishResult& result);
  std::string progress() const;

  ClientRun& run_;
  const ClientOptions& options_;
  const int fd_;
  const midge::PublishOptions publish_;
  std::vector<char> bytes_ = std::vector<char>(65'536);  // For one read.
  LineReader reader_;
  bool has_started_ = false;
  bool is_reading_ = false;
  bool has_ended_ = false;  // There are no more bytes.
  std::deque<LineRef>
      again_;  // To be sent before what comes: no more than the client's queue held.
  std::uint64_t sent_ = 0;
  std::uint64_t confirmed_ = 0;
  Progress progress_;
};

}  // namespace apps
