// What one shard costs a message, without sockets: bytes of a publisher in, bytes for subscribers
// out. A read's worth (64 KiB) of packets a turn. Compare shapes and versions with each other; the
// absolute figure is this machine's.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/shard.h"
#include "wire/codec.h"

namespace {

using broker::ConnectionId;
using wire::Qos;
using wire::Version;

constexpr std::size_t read_size = 64 * 1024;

struct SilentLog final : broker::Log {
  bool wants(config::LogType) const override { return false; }
  void write(config::LogType, std::string) override {}
};

template <class P>
void append(std::vector<std::uint8_t>& out, const P& packet, Version version) {
  const std::size_t at = out.size();
  out.resize(at + wire::encoded_size(packet, version));
  wire::encode(packet, version, out.data() + at);
}

// A broker of one shard and its clients; whatever they are sent is thrown away, acknowledged where
// QoS asks for it.
class Bench {
 public:
  Bench() {
    config_.listeners.push_back(std::make_unique<config::Listener>(true));
    config_.is_local_only = true;
    config_.max_inflight_messages.set({10'000});
    config_.max_output_bytes.set({std::uint64_t{1} << 30U});
    listeners_ = broker::listener_states(config_);
    environment_ = std::make_unique<broker::Environment>(broker::Environment{
        config_, hooks_, log_, listeners_, interest_, retained_, totals_, metrics_});
    shard_ = std::make_unique<broker::Shard>(topic::ShardId{0}, *environment_, now_, 1);
  }

  ConnectionId connect(const std::string& id, Version version) {
    const auto connection = *shard_->on_accepted(0, {"127.0.0.1", 1}, now_);
    std::vector<std::uint8_t> bytes;
    append(bytes, wire::Connect{.version = version, .client_id = id}, version);
    shard_->on_bytes(connection, bytes, now_);
    drain();
    return connection;
  }
  void subscribe(ConnectionId connection, const std::string& filter, Qos qos, Version version) {
    std::vector<std::uint8_t> bytes;
    append(bytes,
           wire::Subscribe{.id = wire::PacketId{1},
                           .properties = {},
                           .requests = {{.filter = filter, .qos = qos}}},
           version);
    shard_->on_bytes(connection, bytes, now_);
    drain();
  }
  void send(ConnectionId connection, base::Bytes bytes) {
    shard_->on_bytes(connection, bytes, now_);
  }
  // Takes everybody's output.
  std::size_t drain() {
    std::size_t taken = 0;
    while (!shard_->touched().empty()) {
      const std::vector<ConnectionId> touched(shard_->touched().begin(), shard_->touched().end());
      shard_->clear_touched();
      for (const ConnectionId id : touched) {
        const std::size_t size = shard_->output(id).size();
        if (size == 0) continue;
        taken += size;
        shard_->on_written(id, size, now_);
      }
    }
    return taken;
  }

 private:
  config::Config config_;
  SilentLog log_;
  hook::Hooks hooks_;
  std::vector<broker::ListenerState> listeners_;
  topic::InterestTable interest_{1};
  broker::RetainedStore retained_{&broker::size_of};
  broker::Totals totals_;
  std::vector<broker::Metrics> metrics_{1};
  base::Instant now_{std::chrono::seconds{1}};
  std::unique_ptr<broker::Environment> environment_;
  std::unique_ptr<broker::Shard> shard_;
};

// A turn's bytes: as many PUBLISH packets as one read takes.
std::vector<std::uint8_t> turn_of(const std::string& topic, Qos qos, std::size_t payload,
                                  Version version, std::size_t& messages) {
  const std::string body(payload, 'x');
  std::vector<std::uint8_t> bytes;
  messages = 0;
  while (bytes.size() < read_size) {
    append(bytes,
           wire::Publish{.qos = qos,
                         .topic = topic,
                         .id = wire::PacketId{static_cast<std::uint16_t>(
                             qos == Qos::at_most_once ? 0 : 1 + messages)},
                         .payload = base::as_bytes(body)},
           version);
    ++messages;
  }
  return bytes;
}

void deliver_qos0(benchmark::State& state, Version version) {
  const auto subscribers = static_cast<std::size_t>(state.range(0));
  const auto payload = static_cast<std::size_t>(state.range(1));
  Bench bench;
  const ConnectionId publisher = bench.connect("publisher", version);
  for (std::size_t i = 0; i < subscribers; ++i) {
    const std::string id = "subscriber-" + std::to_string(i);
    bench.subscribe(bench.connect(id, version), "plant/line/7/temperature", Qos::at_most_once,
                    version);
  }
  std::size_t messages = 0;
  const auto bytes =
      turn_of("plant/line/7/temperature", Qos::at_most_once, payload, version, messages);
  for (auto _ : state) {
    bench.send(publisher, bytes);
    benchmark::DoNotOptimize(bench.drain());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages * subscribers));
}

void deliver_v311(benchmark::State& state) {
  deliver_qos0(state, Version::v311);
}
void deliver_v5(benchmark::State& state) {
  deliver_qos0(state, Version::v5);
}

BENCHMARK(deliver_v311)->Args({1, 64})->Args({100, 64})->Args({1000, 64})->Args({1, 4096});
BENCHMARK(deliver_v5)->Args({1, 64})->Args({100, 64});

}  // namespace
