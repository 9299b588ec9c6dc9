// The errors of a session as values with a sentence each: what the server did or said. Pure.
#pragma once

#include <cstdint>

#include "client/error.h"
#include "wire/packet.h"
#include "wire/types.h"

namespace client {

midge::Error refused(const wire::Connack& connack, wire::Version version);
midge::Error server_disconnected(const wire::Disconnect& disconnect);
midge::Error broken_protocol(const wire::Fault& fault, std::uint16_t keep_alive);
// A PUBACK, PUBREC or PUBCOMP with 0x80 or above.
midge::Error rejected(wire::ReasonCode reason, const wire::Properties& properties);

midge::Error user_disconnected();
midge::Error session_forgotten();
midge::Error queue_full();
midge::Error no_connection();
midge::Error too_large_for(std::uint32_t packet_size_max);
midge::Error qos_too_high(wire::Qos most);
midge::Error no_retained_messages();
midge::Error alias_forgotten();
midge::Error alias_too_high(std::uint16_t most);

}  // namespace client
