// Whether what a person or program asks for is allowed by MQTT and the version in use. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "client/error.h"
#include "client/message.h"
#include "client/options.h"
#include "wire/property.h"

namespace client {

midge::Result<void> check_options(const midge::Options& options);
midge::Result<void> check_publish(std::string_view topic, base::Bytes payload,
                                  const midge::PublishOptions& publish,
                                  const midge::Options& options);
midge::Result<void> check_subscriptions(const std::vector<midge::Subscription>& subscriptions,
                                        const wire::Properties& properties, wire::Version version);
midge::Result<void> check_filters(const std::vector<std::string>& filters,
                                  const wire::Properties& properties, wire::Version version);
// Properties where they stand; any is an error before MQTT 5.
midge::Result<void> check_properties(const wire::Properties& properties, wire::PropertyScope scope,
                                     wire::Version version);

base::Error<midge::Error> invalid(std::string text);

}  // namespace client
