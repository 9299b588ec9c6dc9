#include "config/config.h"

namespace config {

bool share_an_address(const Listener& a, const Listener& b) {
  return a.listener() == b.listener() && a.bind_interface() == b.bind_interface() &&
         a.socket_domain() == b.socket_domain();
}

bool Config::allow_anonymous_for(const Listener& listener) const {
  const auto& own = listener.listener_allow_anonymous();
  if (own) return *own;
  return security_of(listener).allow_anonymous().value_or(local_only());
}

std::string_view Config::auto_id_prefix_for(const Listener& listener) const {
  if (listener.listener_auto_id_prefix.is_given()) return listener.listener_auto_id_prefix();
  const auto& general = security_of(listener).auto_id_prefix;
  return general.is_given() ? std::string_view(general()) : "auto-";
}

}  // namespace config
