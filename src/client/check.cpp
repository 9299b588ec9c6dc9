#include "client/check.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "client/client.h"
#include "wire/utf8.h"

namespace midge {

namespace {

constexpr std::size_t string_max = 65'535;  // MQTT 5, 1.5.4.

bool is_string(std::string_view text) {
  return text.size() <= string_max && wire::is_valid_utf8(text);
}

// '#' only as the whole last level, '+' only as a whole level [MQTT-4.7.1-1], [MQTT-4.7.1-2].
bool is_valid_level(std::string_view level, bool is_last) {
  if (level == "#") return is_last;
  return level == "+" || level.find_first_of("+#") == std::string_view::npos;
}

}  // namespace

bool is_valid_topic(std::string_view text) {  // [MQTT-4.7.3-1], [MQTT-3.3.2-2]
  return !text.empty() && is_string(text) && text.find_first_of("+#") == std::string_view::npos;
}

bool is_valid_filter(std::string_view text) {
  if (text.empty() || !is_string(text)) return false;
  while (true) {
    const std::size_t slash = text.find('/');
    const bool is_last = slash == std::string_view::npos;
    if (!is_valid_level(text.substr(0, slash), is_last)) return false;
    if (is_last) return true;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace midge

namespace client {

using midge::ErrorCode;
using midge::Result;
using wire::PropertyId;
using wire::PropertyScope;
using wire::Version;

base::Error<midge::Error> invalid(std::string text) {
  return base::Error{midge::Error{.code = ErrorCode::invalid_argument, .text = std::move(text)}};
}

namespace {

base::Error<midge::Error> unsupported(std::string text) {
  return base::Error{midge::Error{.code = ErrorCode::not_supported, .text = std::move(text)}};
}

Result<void> check_string(std::string_view what, std::string_view text) {
  if (text.size() > midge::string_max) {
    return invalid(fmt::format("the {} has {} bytes; at most {} are allowed", what, text.size(),
                               midge::string_max));
  }
  if (!wire::is_valid_utf8(text)) return invalid(fmt::format("the {} is not valid UTF-8", what));
  return {};
}

Result<void> check_will(const midge::Will& will, Version version) {
  if (!midge::is_valid_topic(will.topic)) {
    return invalid(fmt::format("'{}' is not a valid topic for the will", will.topic));
  }
  if (will.payload.size() > midge::string_max) {
    return invalid(fmt::format("the will's payload has {} bytes; at most {} are allowed",
                               will.payload.size(), midge::string_max));
  }
  return check_properties(will.properties.view(), PropertyScope::will, version);
}

Result<void> check_client_id(const midge::Options& options) {
  if (auto checked = check_string("client identifier", options.client_id); !checked) return checked;
  if (!options.client_id.empty()) return {};
  if (options.version == Version::v31) return invalid("MQTT 3.1 needs a client identifier");
  if (options.version == Version::v311 && !options.clean_start) {  // [MQTT-3.1.3-7] of MQTT 3.1.1
    return invalid("MQTT 3.1.1 needs a client identifier to keep a session");
  }
  return {};
}

Result<void> check_credentials(const midge::Options& options) {
  if (options.user_name) {
    if (auto checked = check_string("user name", *options.user_name); !checked) return checked;
  }
  if (!options.password) return {};
  if (!options.user_name && options.version != Version::v5) {  // [MQTT-3.1.2-22] of MQTT 3.1.1
    return invalid("a password needs a user name before MQTT 5");
  }
  if (options.password->size() > midge::string_max) return invalid("the password is too long");
  return {};
}

// The fields that become properties; the table knows their bounds.
Result<void> check_numbers(const midge::Options& options) {
  if (options.receive_maximum == 0) return invalid("receive_maximum is 0; at least 1 is allowed");
  if (options.packet_size_max == 0U) return invalid("packet_size_max is 0; at least 1 is allowed");
  if (options.in_flight_max == 0) return invalid("in_flight_max is 0; at least 1 is allowed");
  if (options.queue_max == 0) return invalid("queue_max is 0; at least 1 is allowed");
  if (options.output_bytes_max == 0) return invalid("output_bytes_max is 0; at least 1 is allowed");
  return {};
}

Result<void> check_topic(std::string_view topic, const midge::PublishOptions& publish,
                         const midge::Options& options) {
  const bool has_alias = publish.properties != nullptr &&
                         publish.properties->view().find(PropertyId::topic_alias).has_value();
  if (has_alias && options.topic_aliases_out_max > 0) {
    return invalid("a topic alias of one's own needs topic_aliases_out_max 0");
  }
  if (topic.empty() && has_alias) return {};  // [MQTT-3.3.2-8]
  if (!midge::is_valid_topic(topic)) {
    return invalid(
        fmt::format("'{}' is not a valid topic: it must not be empty, longer than {} "
                    "bytes, or contain + or #",
                    topic.substr(0, 200), midge::string_max));
  }
  return {};
}

}  // namespace

Result<void> check_properties(const wire::Properties& properties, PropertyScope scope,
                              Version version) {
  if (properties.empty()) return {};
  if (version != Version::v5) return unsupported("properties need MQTT 5");
  const wire::Fault fault =
      wire::check_properties(properties.encoded(), scope, wire::Sender::client);
  if (!fault.none()) return invalid(std::string{fault.what});
  return {};
}

Result<void> check_options(const midge::Options& options) {
  if (auto checked = check_client_id(options); !checked) return checked;
  if (auto checked = check_credentials(options); !checked) return checked;
  if (auto checked = check_numbers(options); !checked) return checked;
  if (options.will) {
    if (auto checked = check_will(*options.will, options.version); !checked) return checked;
  }
  return check_properties(options.properties.view(), PropertyScope::connect, options.version);
}

Result<void> check_publish(std::string_view topic, base::Bytes payload,
                           const midge::PublishOptions& publish, const midge::Options& options) {
  if (auto checked = check_topic(topic, publish, options); !checked) return checked;
  std::size_t size = topic.size() + payload.size() + 4;
  if (publish.properties != nullptr) {
    const wire::Properties properties = publish.properties->view();
    size += properties.encoded().size() + 4;
    if (auto checked = check_properties(properties, PropertyScope::publish, options.version);
        !checked) {
      return checked;
    }
  }
  if (size > wire::remaining_length_max) {
    return base::Error{midge::Error{
        .code = ErrorCode::payload_size,
        .text = fmt::format("the payload has {} bytes; an MQTT packet holds at most {}",
                            payload.size(), wire::remaining_length_max)}};
  }
  return {};
}

Result<void> check_subscriptions(const std::vector<midge::Subscription>& subscriptions,
                                 const wire::Properties& properties, Version version) {
  if (subscriptions.empty()) return invalid("nothing to subscribe to");  // [MQTT-3.8.3-2]
  for (const midge::Subscription& subscription : subscriptions) {
    if (!midge::is_valid_filter(subscription.filter)) {
      return invalid(fmt::format("'{}' is not a valid topic filter", subscription.filter));
    }
    const bool shared = subscription.filter.starts_with("$share/");
    if (shared && subscription.no_local) {  // [MQTT-3.8.3-4]
      return invalid("No Local is not allowed for a shared subscription");
    }
  }
  return check_properties(properties, PropertyScope::subscribe, version);
}

Result<void> check_filters(const std::vector<std::string>& filters,
                           const wire::Properties& properties, Version version) {
  if (filters.empty()) return invalid("nothing to unsubscribe from");  // [MQTT-3.10.3-2]
  for (const std::string& filter : filters) {
    if (!midge::is_valid_filter(filter)) {
      return invalid(fmt::format("'{}' is not a valid topic filter", filter));
    }
  }
  return check_properties(properties, PropertyScope::unsubscribe, version);
}

}  // namespace client
