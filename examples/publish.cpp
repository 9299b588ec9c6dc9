// Publishes one message and waits until the server has it.
//   publish HOST TOPIC MESSAGE
#include <cstdio>

#include "client/client.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s HOST TOPIC MESSAGE\n", argv[0]);
    return 1;
  }
  midge::Options options;
  options.host = argv[1];
  midge::Client client{options};

  bool refused = false;
  const auto connecting = client.connect();
  const auto publishing =
      client.publish(argv[2], argv[3], {.qos = midge::Qos::at_least_once},
                     [&](const midge::PublishResult& result) {
                       refused = result.error.code == midge::ErrorCode::rejected;
                       if (refused) std::fprintf(stderr, "%s\n", result.error.text.c_str());
                       client.disconnect();
                     });
  for (const auto& step : {connecting, publishing, client.run()}) {
    if (step) continue;
    std::fprintf(stderr, "%s\n", step.error().text.c_str());
    return 1;
  }
  return refused ? 1 : 0;
}
