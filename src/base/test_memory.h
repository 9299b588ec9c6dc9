// Test code only: how much of the heap is in use, with and without a sanitizer's allocator. Ask for
// large differences: small blocks may wait in a cache of the allocator.
#pragma once

#include <malloc.h>

#include <cstddef>

// Of the sanitizers' run-time library; their header is not in every distribution.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" [[gnu::weak]] std::size_t __sanitizer_get_current_allocated_bytes();

namespace base::test {

inline std::size_t allocated_bytes() {
  if (&__sanitizer_get_current_allocated_bytes != nullptr) {
    return __sanitizer_get_current_allocated_bytes();
  }
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace base::test
