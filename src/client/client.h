// An MQTT client: connects and reconnects, publishes and subscribes at all QoS, keeps the session
// over reconnects. All calls belong on the loop's thread (before run(): on any one thread); other
// threads use loop().post(). Only stop() may be called from anywhere. Handlers run on the loop's
// thread, may call any method, and never run inside the call that causes them. No call blocks but
// run() and run_once().
//
// Received messages of QoS 2 are handed over when their PUBLISH first comes; repeats are recognised
// by the Packet Identifier, which is kept over reconnects until PUBREL.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/error.h"
#include "client/loop.h"
#include "client/message.h"
#include "client/options.h"

namespace midge {

class Client final {
 public:
  // With a loop of its own.
  explicit Client(Options options);
  // On a loop that others use too and that outlives the client.
  Client(Loop& loop, Options options);
  // Closes without DISCONNECT: the server publishes the will. No handler is called any more.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // ---- what happens. Set before connect(); an empty function takes a handler away.
  void on_connected(std::function<void(const ConnectInfo&)> handler);
  void on_disconnected(std::function<void(const Disconnection&)> handler);
  void on_message(std::function<void(const Message&)> handler);
  // After publish() returned queue_full: there is room for at least half of the queue again.
  void on_writable(std::function<void()> handler);
  void on_auth(std::function<void(const AuthEvent&)> handler);
  // One line a packet, in the words of the mosquitto clients' -d: "Client X sending CONNECT". Costs
  // formatting.
  void on_log(std::function<void(std::string_view line)> handler);

  // ---- connection
  // Starts to connect. `done` is called once: with CONNACK, or with the error after which nothing
  // is tried any more. Fails at once for options that the version of MQTT does not allow.
  Result<void> connect(ConnectHandler done = {});
  // Sends DISCONNECT behind what was already written, then closes; ends reconnecting too. Publishes
  // and requests that are not done end with `disconnected`. on_disconnected follows.
  void disconnect(ReasonCode reason = ReasonCode::normal_disconnection,
                  const Properties& properties = {});
  // AUTH: the answer to on_auth, or re_authenticate to start anew (MQTT 5, 4.12.1).
  Result<void> authenticate(ReasonCode reason, const Properties& properties);
  bool is_connected() const;
  // No connection, and none will be made unless connect() is called.
  bool is_at_rest() const;

  // ---- publish and subscribe. While there is no connection they wait for one.
  // Errors at once: queue_full (nothing was taken, on_writable follows), invalid_argument,
  // oversize_packet, and not_connected where nothing may wait. Otherwise `done` is called once.
  Result<void> publish(std::string_view topic, const Payload& payload,
                       const PublishOptions& options = {}, PublishHandler done = {});
  Result<void> subscribe(std::vector<Subscription> subscriptions, SubscribeHandler done = {},
                         const Properties& properties = {});
  Result<void> unsubscribe(std::vector<std::string> filters, SubscribeHandler done = {},
                           const Properties& properties = {});
  // Publishes that are not done (queued or in flight).
  std::size_t pending() const;

  // Stops reading from the socket, at once, so that the peer has to wait. Keep alive goes on.
  void pause_receiving();
  void resume_receiving();

  // ---- driving
  // Until stop() or until the client is at rest; gives the error that ended it. For a shared loop,
  // others' events are served meanwhile.
  Result<void> run();
  bool run_once(std::chrono::milliseconds timeout);  // As Loop's.
  void stop();
  Loop& loop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether MQTT allows `text` as the topic of a PUBLISH, or as a Topic Filter.
bool is_valid_topic(std::string_view text);
bool is_valid_filter(std::string_view text);

}  // namespace midge
