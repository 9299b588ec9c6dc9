#include "pub_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace apps {

bool is_refused_for_good(const midge::Error& error) {
  using midge::ErrorCode;
  constexpr ErrorCode for_good[] = {
      ErrorCode::invalid_argument,  ErrorCode::not_supported,   ErrorCode::payload_size,
      ErrorCode::qos_not_supported, ErrorCode::oversize_packet, ErrorCode::retain_not_supported,
  };
  return std::ranges::find(for_good, error.code) != std::end(for_good);
}

void warn_of_rejection(const Report& report, std::uint64_t number,
                       const midge::PublishResult& result) {
  report.warning(fmt::format("Publish {} failed: {}.", number, wire::name_of(result.reason)));
  if (const auto said = result.properties.text(wire::PropertyId::reason_string)) {
    report.line(*said);
  }
}

}  // namespace apps
