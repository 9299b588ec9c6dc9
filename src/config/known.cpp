#include "config/known.h"

#include <algorithm>
#include <string>

namespace config {
namespace {

constexpr std::string_view tls = "TLS listeners";
constexpr std::string_view psk = "TLS with pre-shared keys";
constexpr std::string_view bridges = "bridges";
constexpr std::string_view plugins = "plugins";
constexpr std::string_view websockets = "WebSocket listeners";
constexpr std::string_view proxy = "the PROXY protocol";
constexpr std::string_view no_persistence =
    "messages are kept in memory only, there is nothing to save";

constexpr std::string_view tls_names[] = {"cafile",
                                          "capath",
                                          "certfile",
                                          "ciphers",
                                          "ciphers_tls1.3",
                                          "crlfile",
                                          "disable_client_cert_date_checks",
                                          "keyfile",
                                          "require_certificate",
                                          "tls_engine",
                                          "tls_engine_kpass_sha1",
                                          "tls_keyform",
                                          "tls_version",
                                          "use_identity_as_username",
                                          "use_subject_as_username"};
constexpr std::string_view psk_names[] = {"psk_file", "psk_hint"};
constexpr std::string_view plugin_names[] = {"auth_plugin",   "auth_plugin_deny_special_chars",
                                             "global_plugin", "plugin",
                                             "plugin_load",   "plugin_use"};
constexpr std::string_view plugin_prefixes[] = {"plugin_opt_", "auth_opt_"};
constexpr std::string_view websocket_names[] = {"http_dir", "websockets_origin"};
constexpr std::string_view proxy_names[] = {"enable_proxy_protocol",
                                            "proxy_protocol_v2_require_tls"};
constexpr std::string_view bridge_names[] = {"address",
                                             "addresses",
                                             "bridge_alpn",
                                             "bridge_attempt_unsubscribe",
                                             "bridge_bind_address",
                                             "bridge_cafile",
                                             "bridge_capath",
                                             "bridge_certfile",
                                             "bridge_ciphers",
                                             "bridge_ciphers_tls1.3",
                                             "bridge_identity",
                                             "bridge_insecure",
                                             "bridge_keyfile",
                                             "bridge_max_packet_size",
                                             "bridge_max_topic_alias",
                                             "bridge_outgoing_retain",
                                             "bridge_protocol_version",
                                             "bridge_psk",
                                             "bridge_receive_maximum",
                                             "bridge_reload_type",
                                             "bridge_require_ocsp",
                                             "bridge_session_expiry_interval",
                                             "bridge_tcp_keepalive",
                                             "bridge_tcp_user_timeout",
                                             "bridge_tls_use_os_certs",
                                             "bridge_tls_version",
                                             "cleansession",
                                             "clientid",
                                             "connection",
                                             "idle_timeout",
                                             "keepalive_interval",
                                             "local_cleansession",
                                             "local_clientid",
                                             "local_password",
                                             "local_username",
                                             "notification_topic",
                                             "notifications",
                                             "notifications_local_only",
                                             "password",
                                             "remote_clientid",
                                             "remote_password",
                                             "remote_username",
                                             "restart_timeout",
                                             "round_robin",
                                             "start_type",
                                             "threshold",
                                             "topic",
                                             "try_private",
                                             "username"};
constexpr std::string_view persistence_names[] = {"autosave_interval", "autosave_on_changes",
                                                  "persistence_file", "persistence_location"};
constexpr Known dead[] = {
    {"retry_interval", Standing::dead, "messages are sent again only when a client reconnects"},
    {"websockets_log_level", Standing::dead, "it is about libwebsockets, which is not used"},
    {"dhparamfile", Standing::dead, "the parameters are chosen by OpenSSL"}};

template <std::size_t N>
void append(std::vector<Known>& out, const std::string_view (&names)[N], Standing standing,
            std::string_view about) {
  for (const std::string_view name : names) out.push_back({name, standing, about});
}

std::vector<Known> all_known() {
  std::vector<Known> out(std::begin(dead), std::end(dead));
  append(out, tls_names, Standing::not_yet, tls);
  append(out, psk_names, Standing::not_yet, psk);
  append(out, plugin_names, Standing::not_yet, plugins);
  append(out, websocket_names, Standing::not_yet, websockets);
  append(out, proxy_names, Standing::not_yet, proxy);
  append(out, bridge_names, Standing::not_yet, bridges);
  append(out, persistence_names, Standing::without_effect, no_persistence);
  std::sort(out.begin(), out.end(), [](const Known& a, const Known& b) { return a.name < b.name; });
  return out;
}

}  // namespace

const std::vector<Known>& known_options() {
  static const std::vector<Known> all = all_known();
  return all;
}

const Known* find_known(std::string_view name) {
  static constexpr Known plugin_option{"plugin_opt_*", Standing::not_yet, plugins};
  for (const std::string_view prefix : plugin_prefixes) {
    if (name.starts_with(prefix)) return &plugin_option;
  }
  const auto& all = known_options();
  const auto at = std::lower_bound(all.begin(), all.end(), name,
                                   [](const Known& k, std::string_view n) { return k.name < n; });
  return at != all.end() && at->name == name ? &*at : nullptr;
}

}  // namespace config
