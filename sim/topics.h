// Topics, payloads and rights of a run: what clients use and checkers know. Plain functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sim {

// By the standard's words, level by level (MQTT 5, 4.7); nothing of src/topic.
bool filter_matches(std::string_view filter, std::string_view topic);
bool is_shared(std::string_view filter);
// Of "$share/GROUP/FILTER".
std::string_view filter_of_shared(std::string_view filter);
// Ordinary filters never match these: "$s/0".
bool is_shared_topic(std::string_view topic);
inline bool is_sys(std::string_view topic) {
  return topic.starts_with("$SYS/");
}

// Every message has a number, and its payload follows from that and its size.
std::string payload_of(std::uint64_t number, std::size_t size);
// 0: an empty payload, or none of ours.
std::uint64_t number_of(std::string_view payload);

// The access rules of runs that have some.
enum class Right : std::uint8_t { read, write };
bool is_denied(std::string_view client, std::string_view topic, Right right);

}  // namespace sim
