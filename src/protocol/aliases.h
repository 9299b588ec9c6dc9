// Topic aliases of one connection (MQTT 5, 3.3.2.3.4), both directions. They end with it
// [MQTT-3.3.2-7].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace protocol {

class Aliases final {
 public:
  // ---- of the peer. Bounded by the Topic Alias Maximum that we announced.
  void learn(std::uint16_t alias, std::string_view topic);
  // Empty when not known.
  std::string_view topic(std::uint16_t alias) const;

  // ---- our own: the first `most` topics get one, and keep it. 0: none is left for this topic.
  std::uint16_t assign(std::string_view topic, std::uint16_t most, bool& is_new);
  // Takes back an assignment that was not sent.
  void forget_last(std::string_view topic);

 private:
  std::vector<std::string> theirs_;  // By alias - 1.
  std::vector<std::string> ours_;    // By alias - 1; a linear search, since the default is ten.
};

}  // namespace protocol
