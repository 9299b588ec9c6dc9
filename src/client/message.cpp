#include "client/message.h"

#include <utility>

#include "client/session.h"

namespace midge {

Payload::Payload(std::string&& text) {
  auto* owned = new client::OwnedText{std::move(text)};
  owner_ = base::Ref<const base::Shared>{owned};
  bytes_ = owned->bytes();
}

}  // namespace midge
