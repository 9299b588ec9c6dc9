// Publishes each line of standard input at full speed with bounded memory: when the client takes no
// more, the input is not read until it does.
//   line_publisher HOST TOPIC
#include <unistd.h>

#include <cstdio>
#include <string>

#include "client/client.h"

namespace {

class LinePublisher final {
 public:
  LinePublisher(midge::Options options, std::string topic)
      : client_(std::move(options)), topic_(std::move(topic)) {
    client_.on_connected([this](const midge::ConnectInfo&) { read_on(); });
    client_.on_writable([this] { publish(); });
  }

  int run() {
    const auto connecting = client_.connect();
    const auto ended = client_.run();
    for (const auto* step : {&connecting, &ended}) {
      if (*step) continue;
      std::fprintf(stderr, "%s\n", step->error().text.c_str());
      return 1;
    }
    return 0;
  }

 private:
  void read_on() {
    const auto watching = client_.loop().watch(STDIN_FILENO, [this] { read(); });
    if (!watching) client_.disconnect();
  }

  void read() {
    char more[65'536];
    const ssize_t size = ::read(STDIN_FILENO, more, sizeof more);
    if (size > 0) text_.append(more, static_cast<std::size_t>(size));
    if (size <= 0) is_over_ = true;
    client_.loop().unwatch(STDIN_FILENO);
    publish();
  }

  // Until there are no more lines, or no more room: then on_writable calls again.
  void publish() {
    for (std::size_t end; (end = text_.find('\n', at_)) != std::string::npos; at_ = end + 1) {
      const std::string_view line{text_.data() + at_, end - at_};
      const auto taken = client_.publish(topic_, line, {.qos = midge::Qos::at_least_once},
                                         [this](const midge::PublishResult&) { finish(); });
      if (!taken) return;
    }
    text_.erase(0, at_);
    at_ = 0;
    if (!is_over_) return read_on();
    finish();
  }

  void finish() {
    if (is_over_ && at_ == 0 && client_.pending() == 0) client_.disconnect();
  }

  midge::Client client_;
  std::string topic_;
  std::string text_;
  std::size_t at_ = 0;  // Published up to here.
  bool is_over_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s HOST TOPIC\n", argv[0]);
    return 1;
  }
  midge::Options options;
  options.host = argv[1];
  return LinePublisher{options, argv[2]}.run();
}
