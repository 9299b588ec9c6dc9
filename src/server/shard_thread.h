// One shard on one thread: its event loop, its sockets and the lanes to the others. Everything of
// MQTT is in broker::Shard; here are only descriptors and turns. Made on the main thread, then
// start(); afterwards other threads touch it through its mailbox and waker only.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "broker/shard.h"
#include "runtime/event_loop.h"
#include "runtime/lanes.h"
#include "runtime/listener.h"
#include "runtime/mailbox.h"
#include "runtime/socket.h"
#include "runtime/worker_pool.h"
#include "server/farewells.h"

namespace server {

class ShardThread;

// A listening socket, shared by all shards.
struct OpenListener {
  runtime::Listening socket;
  std::size_t number = 0;  // Of its listener in the configuration.
};

// What all shard threads share.
struct Threads {
  broker::Environment& environment;
  const std::vector<OpenListener>& listeners;
  runtime::Lanes<broker::ShardMessage>& lanes;
  runtime::WorkerPool& workers;
  std::vector<std::unique_ptr<ShardThread>> all{};  // By shard.
};

// From other threads.
struct JobDone {
  broker::ConnectionId connection;
  std::uint64_t serial = 0;
  hook::Decision decision = hook::Decision::deny;
};
struct PublishWills {
};  // Answered by wills_done() once everything they caused has left this shard.
struct DisconnectAll {};  // The thread ends when the last bytes are out, or shortly after.
struct LogLine {
  std::string topic;
  std::string line;
};
using Command = std::variant<JobDone, PublishWills, DisconnectAll, LogLine>;

class ShardThread final {
 public:
  static runtime::Outcome<std::unique_ptr<ShardThread>> create(topic::ShardId id, Threads& threads,
                                                               std::uint64_t seed);
  ~ShardThread();

  void start();
  void join() { thread_.join(); }
  // Any thread. False: its mailbox is full.
  bool post(Command command) { return mailbox_.try_post(std::move(command)); }
  // Any thread. False: too many wait already, and it is dropped.
  bool post_log_line(LogLine line);
  void wake() { loop_->waker().wake(); }
  bool has_ended() const { return has_ended_.load(std::memory_order_acquire); }
  bool wills_done() const { return wills_done_.load(std::memory_order_acquire); }

 private:
  struct Socket {
    runtime::Fd fd;
    runtime::Watch watch;
    runtime::Interest interest;
    bool spoke_last = false;  // Bytes were written after the client was given up.
  };
  struct Accepting {
    runtime::Watch watch;
    bool is_paused = false;
  };

  ShardThread(topic::ShardId id, Threads& threads, std::uint64_t seed,
              std::unique_ptr<runtime::EventLoop> loop);
  void run();
  bool turn();
  bool is_quiet() const;
  base::Duration time_to_wait() const;
  void on_ready(std::uint64_t token, runtime::Ready ready);

  void watch_listeners();
  void on_listener(std::size_t at);
  void pause_accepting(int error);
  void stop_accepting();
  void resume_accepting();
  void accept_one(std::size_t at, runtime::Accepted accepted);

  void on_readable(broker::ConnectionId id);
  void write(broker::ConnectionId id);
  void attach(broker::ConnectionId id, runtime::Fd fd);
  runtime::Fd detach(broker::ConnectionId id);
  void close(broker::ConnectionId id, std::string_view why);
  void update_interest(broker::ConnectionId id);

  void deal_with_outputs();
  void send_departures();
  void submit_jobs();
  void flush_lanes();
  void drain_lanes(std::size_t budget);
  void on_command(Command&& command);
  void on_shard_message(broker::ShardMessage&& message);

  const topic::ShardId id_;
  Threads& threads_;
  std::unique_ptr<runtime::EventLoop> loop_;
  broker::Shard shard_;
  runtime::Mailbox<Command> mailbox_;
  std::vector<Socket> sockets_;  // By ConnectionId.
  std::vector<Accepting> accepting_;
  base::Instant resume_accepting_at_ = base::Instant::never();
  base::Instant complain_again_at_{};
  Farewells farewells_;
  std::vector<std::uint8_t> read_buffer_;
  std::vector<broker::ConnectionId> touched_;  // Scratch.
  base::Instant now_;
  bool lanes_may_sleep_ = true;
  bool reports_wills_ = false;
  base::Instant stop_at_ = base::Instant::never();  // Set by DisconnectAll: latest end.
  std::atomic<std::size_t> log_lines_{0};           // In the mailbox.
  std::atomic<bool> wills_done_{false};
  std::atomic<bool> has_ended_{false};
  std::thread thread_;
};

}  // namespace server
