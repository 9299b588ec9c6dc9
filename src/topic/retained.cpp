#include "topic/retained.h"

namespace topic {

std::size_t retained_stripe_of(std::string_view name) {
  return (stable_hash(prefix(name, retained_stripe_levels)) >> 32) % retained_stripes;
}

StripeRange retained_stripes_of(std::string_view filter) {
  const std::size_t literal = literal_levels(filter);
  // `a/b/#` has only two that are fixed, and the names it matches may have more.
  if (literal < retained_stripe_levels && has_wildcard(filter)) return {0, retained_stripes};
  const std::size_t only = retained_stripe_of(filter);
  return {only, only + 1};
}

}  // namespace topic
