#include "protocol/aliases.h"

#include <algorithm>

#include "base/assert.h"

namespace protocol {

void Aliases::learn(std::uint16_t alias, std::string_view topic) {
  ASSERT(alias > 0);
  if (theirs_.size() < alias) theirs_.resize(alias);
  theirs_[alias - 1U] = topic;
}

std::string_view Aliases::topic(std::uint16_t alias) const {
  ASSERT(alias > 0);
  return alias <= theirs_.size() ? std::string_view{theirs_[alias - 1U]} : std::string_view{};
}

std::uint16_t Aliases::assign(std::string_view topic, std::uint16_t most, bool& is_new) {
  const auto found = std::find(ours_.begin(), ours_.end(), topic);
  if (found != ours_.end()) return static_cast<std::uint16_t>(found - ours_.begin() + 1);
  if (ours_.size() >= most) return 0;
  is_new = true;
  ours_.emplace_back(topic);
  return static_cast<std::uint16_t>(ours_.size());
}

void Aliases::forget_last(std::string_view topic) {
  ASSERT(!ours_.empty());
  ASSERT(ours_.back() == topic);
  ours_.pop_back();
}

}  // namespace protocol
