#include "client/client.h"

#include <utility>

#include "client/client_impl.h"

namespace midge {

Client::Client(Options options) {
  auto own = std::make_unique<Loop>();
  Loop& loop = *own;
  client::LoopCore& core = *loop.core_;
  impl_ = std::make_unique<Impl>(std::move(own), loop, core, std::move(options));
}

Client::Client(Loop& loop, Options options)
    : impl_(std::make_unique<Impl>(nullptr, loop, *loop.core_, std::move(options))) {}

Client::~Client() = default;

void Client::on_connected(std::function<void(const ConnectInfo&)> handler) {
  impl_->handlers().connected = std::move(handler);
}
void Client::on_disconnected(std::function<void(const Disconnection&)> handler) {
  impl_->handlers().disconnected = std::move(handler);
}
void Client::on_message(std::function<void(const Message&)> handler) {
  impl_->handlers().message = std::move(handler);
}
void Client::on_writable(std::function<void()> handler) {
  impl_->handlers().writable = std::move(handler);
}
void Client::on_auth(std::function<void(const AuthEvent&)> handler) {
  impl_->handlers().auth = std::move(handler);
}
void Client::on_log(std::function<void(std::string_view)> handler) {
  impl_->session().set_log(std::move(handler));
}

Result<void> Client::connect(ConnectHandler done) {
  return impl_->connect(std::move(done));
}
void Client::disconnect(ReasonCode reason, const Properties& properties) {
  impl_->disconnect(reason, properties);
}
Result<void> Client::authenticate(ReasonCode reason, const Properties& properties) {
  return impl_->session().authenticate(reason, properties);
}
bool Client::is_connected() const {
  return std::as_const(*impl_).session().is_online();
}
bool Client::is_at_rest() const {
  return impl_->is_at_rest();
}

Result<void> Client::publish(std::string_view topic, const Payload& payload,
                             const PublishOptions& options, PublishHandler done) {
  return impl_->session().publish(topic, payload, options, std::move(done));
}
Result<void> Client::subscribe(std::vector<Subscription> subscriptions, SubscribeHandler done,
                               const Properties& properties) {
  return impl_->session().subscribe(std::move(subscriptions), std::move(done), properties);
}
Result<void> Client::unsubscribe(std::vector<std::string> filters, SubscribeHandler done,
                                 const Properties& properties) {
  return impl_->session().unsubscribe(std::move(filters), std::move(done), properties);
}
std::size_t Client::pending() const {
  return std::as_const(*impl_).session().pending();
}

void Client::pause_receiving() {
  impl_->pause_receiving();
}
void Client::resume_receiving() {
  impl_->resume_receiving();
}

Result<void> Client::run() {
  return impl_->run();
}
bool Client::run_once(std::chrono::milliseconds timeout) {
  return impl_->loop().run_once(timeout);
}
void Client::stop() {
  impl_->core().stop();
}
Loop& Client::loop() {
  return impl_->loop();
}

}  // namespace midge
