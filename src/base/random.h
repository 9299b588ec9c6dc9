// Repeatable random numbers (SplitMix64, Steele et al. 2014). Own generator and own range():
// the standard's distributions differ between libraries, so seeds would not replay. Not for
// secrets.
#pragma once

#include <cstdint>

namespace base {

class Random final {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // Both ends included. The bias of % is below 2^-32 for ranges below 2^32.
  std::uint64_t range(std::uint64_t low, std::uint64_t high) {
    return low + next() % (high - low + 1);
  }

 private:
  std::uint64_t state_;
};

}  // namespace base
