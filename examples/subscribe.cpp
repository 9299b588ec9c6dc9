// Prints what is published, and comes back after every interruption without missing a message of
// QoS 1 or 2: the session has a name and lives an hour on the server.
//   subscribe HOST FILTER CLIENT-ID
#include <cstdio>

#include "client/client.h"

namespace {

void print(const midge::Message& message) {
  std::printf("%.*s: %.*s\n", static_cast<int>(message.topic.size()), message.topic.data(),
              static_cast<int>(message.text().size()), message.text().data());
}

void explain(const midge::Disconnection& end) {
  std::fprintf(stderr, "%s\n", end.error.text.c_str());
  if (!end.will_retry) return;
  std::fprintf(stderr, "trying again in %lld ms\n",
               static_cast<long long>(end.retry_after.count()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s HOST FILTER CLIENT-ID\n", argv[0]);
    return 1;
  }
  midge::Options options;
  options.host = argv[1];
  options.client_id = argv[3];
  options.clean_start = false;
  options.session_expiry = 3'600;
  options.reconnect.enabled = true;
  midge::Client client{options};
  client.on_message(print);
  client.on_disconnected(explain);

  // Waits for the connection; after a reconnect the client subscribes again by itself if it must.
  const auto subscribing =
      client.subscribe({{.filter = argv[2], .qos = midge::Qos::exactly_once}},
                       [&](const midge::SubscribeResult& result) {
                         if (result.ok() && !midge::is_error(result.codes[0])) return;
                         std::fprintf(stderr, "the server refused the subscription\n");
                         client.disconnect();
                       });
  if (!subscribing || !client.connect()) return 1;
  return client.run() ? 0 : 1;
}
