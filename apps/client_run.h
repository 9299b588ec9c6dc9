// One connection of `midge pub` or `midge sub` from its start to the exit status: the client, its
// loop, both output streams, and what happens when the broker refuses or the connection breaks. The
// tools hang their own handlers on client(). One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "client/client.h"
#include "client_options.h"
#include "client_report.h"
#include "output.h"

namespace apps {

enum class OnLoss : std::uint8_t { give_up, reconnect };

class ClientRun final {
 public:
  // `options` outlive the run. `on_loss` is about connections that had been accepted; the first
  // attempt is the only one.
  ClientRun(const ClientOptions& options, OnLoss on_loss);
  ClientRun(const ClientRun&) = delete;
  ClientRun& operator=(const ClientRun&) = delete;

  midge::Client& client() { return client_; }
  midge::Loop& loop() { return loop_; }
  const Report& report() const { return report_; }
  Output& output() { return output_; }
  // What was printed goes out at the end of this turn of the loop.
  void flush_soon();

  // Blocks until the connection is over; gives the exit status. `on_connected` is called at each
  // CONNACK that accepts us.
  int run(std::function<void()> on_connected);

  // Disconnects; run() returns `status`, or an earlier one that was not 0.
  void end(int status = 0, midge::ReasonCode reason = midge::ReasonCode::normal_disconnection);
  // Says what is wrong and ends with its number.
  void fail(const midge::Error& error);
  bool is_ending() const { return is_ending_; }
  int status() const { return status_; }

 private:
  void on_disconnected(const midge::Disconnection& end);
  void check_output();

  const ClientOptions& options_;
  Report report_;
  Output output_;
  midge::Loop loop_;
  midge::Client client_;
  bool was_connected_ = false;
  bool is_ending_ = false;
  bool will_flush_ = false;
  int status_ = 0;
};

// MQTT 3.1 has no ids that the server chooses: "mosq-" and 18 letters and digits, as libmosquitto.
std::string random_client_id();

}  // namespace apps
