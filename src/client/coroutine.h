// The coroutine face of a client: calls that are awaited instead of handlers.
//
//   midge::Task<> work(midge::AsyncClient& client) {
//     if (midge::Error error = co_await client.connect_async()) co_return;
//     co_await client.publish_async("topic", "payload", {.qos = midge::Qos::at_least_once});
//     client.client().disconnect();
//   }
//   midge::AsyncClient client{options};
//   client.run(work(client));
//
// No thread: coroutines run inside the loop's turns. The client outlives those that await it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/task.h"

namespace midge {

// A received message that outlives the turn.
struct OwnedMessage {
  std::string topic{};
  std::string payload{};
  Qos qos = Qos::at_most_once;
  bool retain = false;
  bool dup = false;
  std::uint16_t id = 0;
  PropertyList properties{};
};

// The ends of requests, without views.
struct Published {
  Error error{};
  ReasonCode reason = ReasonCode::success;
  bool ok() const { return error.code == ErrorCode::none; }
};
struct Subscribed {
  Error error{};
  std::vector<ReasonCode> codes{};
  bool ok() const { return error.code == ErrorCode::none; }
};

class AsyncClient final {
 public:
  // At most `messages_max` messages wait for next_message(); then the socket is not read, so the
  // server has to wait.
  explicit AsyncClient(Options options, std::size_t messages_max = 1'000);
  AsyncClient(Loop& loop, Options options, std::size_t messages_max = 1'000);
  AsyncClient(const AsyncClient&) = delete;
  AsyncClient& operator=(const AsyncClient&) = delete;

  // Until CONNACK, or the error after which nothing is tried any more.
  Task<Error> connect_async();
  // Until it is final (see PublishResult). When the queue is full it waits for room first.
  Task<Published> publish_async(std::string topic, Payload payload, PublishOptions options = {});
  Task<Subscribed> subscribe_async(std::string filter, Qos qos = Qos::at_most_once);
  // Name the vector before: g++ 12 makes wrong code of lists in braces within co_await.
  Task<Subscribed> subscribe_async(std::vector<Subscription> subscriptions,
                                   PropertyList properties = {});
  Task<Subscribed> unsubscribe_async(std::string filter, PropertyList properties = {});
  // In the order they came. None when the client is at rest.
  Task<std::optional<OwnedMessage>> next_message();
  // Until nothing is connected any more.
  Task<> disconnect_async();

  // Runs the loop until `work` is done, or stop(). Ends `work` wherever it is in the second case.
  void run(Task<> work);
  // The handlers on_message, on_writable and on_disconnected are taken.
  Client& client() { return client_; }

 private:
  using Waiting = std::deque<std::coroutine_handle<>>;
  class Turn;
  template <class T>
  class Answer;

  void listen();
  void on_message(const Message& message);
  static void resume_all(Waiting& waiting);

  Client client_;
  std::size_t messages_max_;
  std::deque<OwnedMessage> messages_;
  bool paused_ = false;
  Waiting readers_;  // For a message.
  Waiting writers_;  // For room in the queue.
  Waiting enders_;   // For the end of the connection.
};

}  // namespace midge
