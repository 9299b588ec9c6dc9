// An application message: what a publisher sent, shared unchanged by every queue and shard that
// holds it. One allocation for the object and its bytes; freed by the last holder, on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/shared.h"
#include "base/time.h"
#include "wire/property.h"
#include "wire/types.h"

namespace session {

// Names a client by the stable hash of its client id. 0: the broker itself.
using ClientKey = base::Strong<struct ClientKeyTag, std::uint64_t>;

class Message;
using MessageRef = base::Ref<const Message>;

class Message final : public base::Shared {
 public:
  struct Fields {
    std::string_view topic{};
    base::Bytes payload{};
    // As forwarded: without Topic Alias, Subscription Identifier and Message Expiry Interval.
    base::Bytes properties{};
    wire::Qos qos = wire::Qos::at_most_once;
    bool retain = false;
    base::Instant expires_at = base::Instant::never();
    ClientKey publisher{};
  };
  static MessageRef make(const Fields& fields);

  std::string_view topic() const { return {bytes(), topic_size_}; }
  wire::Properties properties() const {
    return wire::Properties{base::as_bytes({bytes() + topic_size_, properties_size_})};
  }
  base::Bytes payload() const {
    return base::as_bytes({bytes() + topic_size_ + properties_size_, payload_size_});
  }
  wire::Qos qos() const { return qos_; }
  bool retain() const { return retain_; }
  ClientKey publisher() const { return publisher_; }
  base::Instant expires_at() const { return expires_at_; }
  bool is_expired(base::Instant now) const { return expires_at_ <= now; }
  // Message Expiry Interval when forwarded now: what was received minus the time waited
  // [MQTT-3.3.2-6].
  std::uint32_t seconds_left(base::Instant now) const;
  // What it takes in memory, all counted.
  std::size_t size() const;

  // Among retained publishes of the broker, the how-manieth this is; 0 for others. Set once, before
  // the message is shared, by whoever holds the topic's stripe.
  std::uint64_t retained_sequence() const { return retained_sequence_; }
  void set_retained_sequence(std::uint64_t sequence) const { retained_sequence_ = sequence; }

 private:
  explicit Message(const Fields& fields);
  ~Message() override = default;
  void destroy() const override;
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  std::uint32_t topic_size_;
  std::uint32_t properties_size_;
  std::uint32_t payload_size_;
  wire::Qos qos_;
  bool retain_;
  mutable std::uint64_t retained_sequence_ = 0;
  ClientKey publisher_;
  base::Instant expires_at_;
};

}  // namespace session
