// What a PUBLISH costs on its way in and out: the hot path must stay at a few nanoseconds and
// allocate nothing.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "wire/codec.h"
#include "wire/utf8.h"

namespace {

using wire::Publish;
using wire::Qos;
using wire::Version;

constexpr std::string_view topic = "plant/line4/press/temperature";

struct Sample {
  std::string payload = std::string(64, 'x');
  wire::PropertyList properties;
  Publish packet{.topic = topic};

  explicit Sample(Qos qos) {
    packet.qos = qos;
    if (qos != Qos::at_most_once) packet.id = wire::PacketId{7};
    packet.payload = base::as_bytes(payload);
  }
  void add_properties() {
    properties.add(wire::PropertyId::message_expiry_interval, 60U);
    properties.add(wire::PropertyId::content_type, "application/json");
    properties.add(wire::PropertyId::user_property, "source", "press 4");
    packet.properties = properties.view();
  }
};

void decode(benchmark::State& state, Version version, const Sample& sample) {
  std::vector<std::uint8_t> bytes(encoded_size(sample.packet, version));
  encode(sample.packet, version, bytes.data());
  const base::Bytes in{bytes};
  Publish out;
  for (auto _ : state) {
    wire::FixedHeader header;
    benchmark::DoNotOptimize(read_fixed_header(in, header));
    benchmark::DoNotOptimize(
        decode(header, in.subspan(header.size), version, wire::Sender::client, out));
    benchmark::DoNotOptimize(out);
  }
}

void encode(benchmark::State& state, Version version, const Sample& sample) {
  std::vector<std::uint8_t> out(encoded_size(sample.packet, version));
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoded_size(sample.packet, version));
    encode(sample.packet, version, out.data());
    benchmark::ClobberMemory();
  }
}

void encode_head(benchmark::State& state, Version version, const Sample& sample) {
  std::vector<std::uint8_t> out(publish_head_size(sample.packet, version));
  for (auto _ : state) {
    benchmark::DoNotOptimize(encode_publish_head(sample.packet, version, out.data()));
    benchmark::ClobberMemory();
  }
}

template <Version version, Qos qos>
void decode_publish(benchmark::State& state) {
  decode(state, version, Sample{qos});
}
template <Version version, Qos qos>
void encode_publish(benchmark::State& state) {
  encode(state, version, Sample{qos});
}
template <Version version, Qos qos>
void encode_publish_head_only(benchmark::State& state) {
  encode_head(state, version, Sample{qos});
}
void decode_publish_with_properties(benchmark::State& state) {
  Sample sample{Qos::at_least_once};
  sample.add_properties();
  decode(state, Version::v5, sample);
}
void encode_publish_with_properties(benchmark::State& state) {
  Sample sample{Qos::at_least_once};
  sample.add_properties();
  encode(state, Version::v5, sample);
}

void decode_puback(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes{0x40, 2, 0, 7};
  wire::Puback out;
  for (auto _ : state) {
    wire::FixedHeader header;
    benchmark::DoNotOptimize(read_fixed_header(bytes, header));
    benchmark::DoNotOptimize(decode(header, base::Bytes{bytes}.subspan(header.size), Version::v5,
                                    wire::Sender::client, out));
  }
}

void valid_utf8(benchmark::State& state, std::string_view unit) {
  std::string text;
  while (text.size() < static_cast<std::size_t>(state.range(0))) text += unit;
  for (auto _ : state) benchmark::DoNotOptimize(wire::is_valid_utf8(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

BENCHMARK(decode_publish<Version::v311, Qos::at_most_once>);
BENCHMARK(decode_publish<Version::v311, Qos::at_least_once>);
BENCHMARK(decode_publish<Version::v5, Qos::at_most_once>);
BENCHMARK(decode_publish<Version::v5, Qos::at_least_once>);
BENCHMARK(decode_publish_with_properties);
BENCHMARK(encode_publish<Version::v311, Qos::at_most_once>);
BENCHMARK(encode_publish<Version::v311, Qos::at_least_once>);
BENCHMARK(encode_publish<Version::v5, Qos::at_most_once>);
BENCHMARK(encode_publish<Version::v5, Qos::at_least_once>);
BENCHMARK(encode_publish_with_properties);
BENCHMARK(encode_publish_head_only<Version::v5, Qos::at_least_once>);
BENCHMARK(decode_puback);
BENCHMARK_CAPTURE(valid_utf8, ascii, std::string_view{"plain text "})->Arg(16)->Arg(1024);
BENCHMARK_CAPTURE(valid_utf8, mixed,
                  std::string_view{"Pr\xc3\xbc"
                                   "fstand "})
    ->Arg(16)
    ->Arg(1024);

}  // namespace
