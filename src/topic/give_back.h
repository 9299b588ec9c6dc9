// absl's tables never shrink by themselves; after an erase this one does when it is mostly empty.
// An eighth, so that a table that grows and shrinks around one size is not rebuilt each time.
#pragma once

namespace topic {

template <class Table>
void give_back_space(Table& table) {
  if (table.capacity() > 64 && table.size() < table.capacity() / 8) table.rehash(0);
}

}  // namespace topic
