// Request and response (MQTT 5, 4.10) with coroutines: one client answers, another asks, both on
// one loop and one thread.
//   request_response HOST [PORT]
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "client/coroutine.h"

namespace {

using midge::PropertyId;
using midge::PropertyList;

constexpr midge::Qos qos = midge::Qos::at_least_once;

// Answers each request where it says, with its Correlation Data.
midge::Task<> answer(midge::AsyncClient& client) {
  while (auto request = co_await client.next_message()) {
    const midge::Properties asked = request->properties.view();
    const auto where = asked.text(PropertyId::response_topic);
    if (!where) continue;
    PropertyList properties;
    if (const auto correlation = asked.text(PropertyId::correlation_data)) {
      properties.add(PropertyId::correlation_data, *correlation);
    }
    co_await client.publish_async(std::string{*where}, "you said " + request->payload,
                                  {.qos = qos, .properties = &properties});
  }
}

midge::Task<> ask(midge::AsyncClient& client, std::string question) {
  const std::string mine = "demo/answers/1";
  co_await client.subscribe_async(mine, qos);
  PropertyList properties;
  properties.add(PropertyId::response_topic, mine);
  properties.add(PropertyId::correlation_data, "42");
  co_await client.publish_async("demo/questions", question,
                                {.qos = qos, .properties = &properties});
  if (const auto response = co_await client.next_message()) {
    std::printf("%s\n", response->payload.c_str());
  }
}

midge::Task<> demo(midge::AsyncClient& server, midge::AsyncClient& client) {
  for (midge::AsyncClient* one : {&server, &client}) {
    if (const midge::Error error = co_await one->connect_async()) {
      std::fprintf(stderr, "%s\n", error.text.c_str());
      co_return;
    }
  }
  co_await server.subscribe_async("demo/questions", qos);
  midge::Task<> answering = answer(server);
  answering.start();  // Runs beside what follows.
  co_await ask(client, "hello");
  co_await client.disconnect_async();
  co_await server.disconnect_async();
}

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

}  // namespace

int main(int argc, char** argv) {
  midge::Options options;
  if (argc > 1) options.host = argv[1];
  if (argc > 2) options.port = port_of(argv[2]);
  midge::Loop loop;
  midge::AsyncClient server{loop, options};
  midge::AsyncClient client{loop, options};
  client.run(demo(server, client));
}
