#include "client/backoff.h"

#include <algorithm>

#include "wire/reason_code.h"

namespace client {

using midge::ErrorCode;
using wire::ReasonCode;

std::optional<std::chrono::milliseconds> Backoff::after_failure(const midge::Error& why) {
  if (!policy_.enabled) return std::nullopt;
  if (!policy_.after_permanent_refusal && is_permanent(why, version_)) return std::nullopt;
  if (policy_.attempts_max != 0 && failures_ >= policy_.attempts_max) return std::nullopt;
  const std::uint32_t doublings = std::min(failures_++, 30U);
  const auto first = static_cast<std::uint64_t>(std::max<std::int64_t>(policy_.first.count(), 1));
  const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(policy_.most.count(), 1));
  const std::uint64_t pause = std::min(first << doublings, most);
  return std::chrono::milliseconds{
      static_cast<std::int64_t>(random_.range((pause + 1) / 2, pause))};
}

namespace {

bool is_permanent_reason(ReasonCode reason) {
  constexpr ReasonCode permanent[] = {
      ReasonCode::unsupported_protocol_version,
      ReasonCode::client_identifier_not_valid,
      ReasonCode::bad_user_name_or_password,
      ReasonCode::not_authorized,
      ReasonCode::banned,
      ReasonCode::bad_authentication_method,
      ReasonCode::topic_name_invalid,
      ReasonCode::packet_too_large,
      ReasonCode::payload_format_invalid,
      ReasonCode::retain_not_supported,
      ReasonCode::qos_not_supported,
      ReasonCode::use_another_server,
      ReasonCode::server_moved,
      ReasonCode::session_taken_over,
      ReasonCode::malformed_packet,
      ReasonCode::protocol_error,
  };
  return std::ranges::find(permanent, reason) != std::ranges::end(permanent);
}

}  // namespace

bool is_permanent(const midge::Error& why, wire::Version version) {
  if (why.reason == 0) return false;
  if (why.code != ErrorCode::connection_refused && why.code != ErrorCode::connection_lost) {
    return false;
  }
  if (version == wire::Version::v5) return is_permanent_reason(ReasonCode{why.reason});
  return why.reason != static_cast<std::uint8_t>(wire::ConnectReturnCode::server_unavailable);
}

}  // namespace client
