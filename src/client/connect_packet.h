// The CONNECT that options ask for. Owns the property blocks that the packet's views look into; the
// rest looks into the options, which must outlive it. Pure.
#pragma once

#include <string_view>

#include "client/options.h"
#include "protocol/connection.h"
#include "wire/packet.h"

namespace client {

class ConnectPacket final {
 public:
  // `client_id` may be one that the server assigned before.
  ConnectPacket(const midge::Options& options, std::string_view client_id, bool clean_start);
  ConnectPacket(const ConnectPacket&) = delete;
  ConnectPacket& operator=(const ConnectPacket&) = delete;

  const wire::Connect& packet() const { return packet_; }

 private:
  void add_properties(const midge::Options& options);

  wire::PropertyList properties_;
  wire::Connect packet_;
};

// What this client accepts, after the same options.
protocol::Limits limits_of(const midge::Options& options);

}  // namespace client
