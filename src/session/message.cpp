#include "session/message.h"

#include <chrono>
#include <cstring>
#include <new>

#include "base/assert.h"

namespace session {

namespace {

std::size_t bytes_of(const Message::Fields& fields) {
  return fields.topic.size() + fields.properties.size() + fields.payload.size();
}

char* put(char* at, base::Bytes bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

}  // namespace

MessageRef Message::make(const Fields& fields) {
  ASSERT(bytes_of(fields) <= wire::packet_size_max);
  void* memory = ::operator new(sizeof(Message) + bytes_of(fields));
  return MessageRef{new (memory) Message(fields)};
}

Message::Message(const Fields& fields)
    : topic_size_(static_cast<std::uint32_t>(fields.topic.size())),
      properties_size_(static_cast<std::uint32_t>(fields.properties.size())),
      payload_size_(static_cast<std::uint32_t>(fields.payload.size())),
      qos_(fields.qos),
      retain_(fields.retain),
      publisher_(fields.publisher),
      expires_at_(fields.expires_at) {
  auto* at = reinterpret_cast<char*>(this + 1);
  at = put(at, base::as_bytes(fields.topic));
  at = put(at, fields.properties);
  put(at, fields.payload);
}

void Message::destroy() const {
  // Nobody holds it any more. NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  auto* memory = const_cast<Message*>(this);
  memory->~Message();
  ::operator delete(memory);
}

std::uint32_t Message::seconds_left(base::Instant now) const {
  if (expires_at_ <= now) return 0;
  return static_cast<std::uint32_t>(
      std::chrono::ceil<std::chrono::seconds>(expires_at_ - now).count());
}

std::size_t Message::size() const {
  return sizeof(Message) + topic_size_ + properties_size_ + payload_size_;
}

}  // namespace session
