// A hash of text that is the same in every process, build and release (FNV-1a, 64 bits, finished
// with SplitMix64's mixer): for what is stored, sent to other shards or has to replay from a seed.
// Not against people who choose their keys; hash tables use absl's.
#pragma once

#include <cstdint>
#include <string_view>

namespace base {

constexpr std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t h = 14'695'981'039'346'656'037ULL;
  for (const char c : text) h = (h ^ static_cast<std::uint8_t>(c)) * 1'099'511'628'211ULL;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
  return h ^ (h >> 31);
}

}  // namespace base
