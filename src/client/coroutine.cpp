#include "client/coroutine.h"

#include <chrono>
#include <memory>
#include <utility>

#include "client/texts.h"

namespace midge {

// Suspends until somebody resumes the list. Leaves the list when its coroutine is destroyed.
class AsyncClient::Turn final {
 public:
  explicit Turn(Waiting& list) : list_(list) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (handle_) std::erase(list_, handle_);
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    list_.push_back(handle);
  }
  void await_resume() noexcept { handle_ = {}; }

 private:
  Waiting& list_;
  std::coroutine_handle<> handle_;
};

// Suspends until a handler called finish(). The handler keeps a part of it, which outlives a
// coroutine that is destroyed while it waits.
template <class T>
class AsyncClient::Answer final {
 public:
  struct State {
    std::optional<T> result{};
    std::coroutine_handle<> waiting{};
    void finish(T value) {
      result.emplace(std::move(value));
      if (const auto handle = std::exchange(waiting, {})) handle.resume();
    }
  };

  Answer() = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() { state_->waiting = {}; }
  const std::shared_ptr<State>& state() const { return state_; }

  bool await_ready() const noexcept { return state_->result.has_value(); }
  void await_suspend(std::coroutine_handle<> handle) { state_->waiting = handle; }
  T await_resume() { return std::move(*state_->result); }

 private:
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

namespace {

template <class State>
SubscribeHandler finish_with(std::shared_ptr<State> state) {
  return [state = std::move(state)](const SubscribeResult& result) {
    state->finish({.error = result.error, .codes = {result.codes.begin(), result.codes.end()}});
  };
}

}  // namespace

AsyncClient::AsyncClient(Options options, std::size_t messages_max)
    : client_(std::move(options)), messages_max_(messages_max) {
  listen();
}

AsyncClient::AsyncClient(Loop& loop, Options options, std::size_t messages_max)
    : client_(loop, std::move(options)), messages_max_(messages_max) {
  listen();
}

void AsyncClient::listen() {
  client_.on_message([this](const Message& message) { on_message(message); });
  client_.on_writable([this] { resume_all(writers_); });
  client_.on_disconnected([this](const Disconnection& end) {
    if (end.will_retry) return;
    for (Waiting* waiting : {&readers_, &writers_, &enders_}) resume_all(*waiting);
  });
}

void AsyncClient::on_message(const Message& message) {
  OwnedMessage& kept = messages_.emplace_back(OwnedMessage{.topic = std::string{message.topic},
                                                           .payload = std::string{message.text()},
                                                           .qos = message.qos,
                                                           .retain = message.retain,
                                                           .dup = message.dup,
                                                           .id = message.id});
  kept.properties.add(message.properties);
  if (messages_.size() >= messages_max_) {
    paused_ = true;
    client_.pause_receiving();
  }
  resume_all(readers_);
}

// Those that come to wait meanwhile wait for the next time.
void AsyncClient::resume_all(Waiting& waiting) {
  for (std::size_t left = waiting.size(); left > 0 && !waiting.empty(); --left) {
    const std::coroutine_handle<> handle = waiting.front();
    waiting.pop_front();
    handle.resume();
  }
}

Task<Error> AsyncClient::connect_async() {
  Answer<Error> answer;
  auto started =
      client_.connect([state = answer.state()](const Error& error) { state->finish(error); });
  if (!started) co_return started.error();
  co_return co_await answer;
}

Task<Published> AsyncClient::publish_async(std::string topic, Payload payload,
                                           PublishOptions options) {
  Answer<Published> answer;
  const auto done = [state = answer.state()](const PublishResult& result) {
    state->finish({.error = result.error, .reason = result.reason});
  };
  while (true) {
    auto taken = client_.publish(topic, payload, options, done);
    if (taken) break;
    const bool may_wait = taken.error().code == ErrorCode::queue_full && !client_.is_at_rest();
    if (!may_wait) co_return Published{.error = taken.error()};
    Turn turn{writers_};
    co_await turn;
    if (client_.is_at_rest()) co_return Published{.error = client::no_connection()};
  }
  co_return co_await answer;
}

Task<Subscribed> AsyncClient::subscribe_async(std::vector<Subscription> subscriptions,
                                              PropertyList properties) {
  Answer<Subscribed> answer;
  auto taken =
      client_.subscribe(std::move(subscriptions), finish_with(answer.state()), properties.view());
  if (!taken) co_return Subscribed{.error = taken.error()};
  co_return co_await answer;
}

Task<Subscribed> AsyncClient::subscribe_async(std::string filter, Qos qos) {
  std::vector<Subscription> one(1);
  one[0].filter = std::move(filter);
  one[0].qos = qos;
  return subscribe_async(std::move(one), PropertyList{});
}

Task<Subscribed> AsyncClient::unsubscribe_async(std::string filter, PropertyList properties) {
  Answer<Subscribed> answer;
  std::vector<std::string> filters(1, std::move(filter));
  auto taken =
      client_.unsubscribe(std::move(filters), finish_with(answer.state()), properties.view());
  if (!taken) co_return Subscribed{.error = taken.error()};
  co_return co_await answer;
}

Task<std::optional<OwnedMessage>> AsyncClient::next_message() {
  while (messages_.empty()) {
    if (client_.is_at_rest()) co_return std::nullopt;
    Turn turn{readers_};
    co_await turn;
  }
  std::optional<OwnedMessage> message{std::move(messages_.front())};
  messages_.pop_front();
  if (paused_ && messages_.size() <= messages_max_ / 2) {
    paused_ = false;
    client_.resume_receiving();
  }
  co_return message;
}

Task<> AsyncClient::disconnect_async() {
  client_.disconnect();
  while (!client_.is_at_rest()) {
    Turn turn{enders_};
    co_await turn;
  }
}

void AsyncClient::run(Task<> work) {
  work.start();
  while (!work.is_done()) {
    if (!client_.loop().run_once(std::chrono::milliseconds{-1})) return;
  }
}

}  // namespace midge
