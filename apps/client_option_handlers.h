// What the rows of the option table do with their values. One function an option or a kind of
// option; each checks its value and says in the words of mosquitto_pub and mosquitto_sub what is
// wrong with it.
#pragma once

#include "client_options.h"

namespace apps::handle {

Outcome host(ClientOptions& options, Arguments values);
Outcome port(ClientOptions& options, Arguments values);
Outcome unix_socket(ClientOptions& options, Arguments values);
Outcome bind_address(ClientOptions& options, Arguments values);
Outcome url(ClientOptions& options, Arguments values);
Outcome protocol_version(ClientOptions& options, Arguments values);
Outcome client_id(ClientOptions& options, Arguments values);
Outcome id_prefix(ClientOptions& options, Arguments values);
Outcome user_name(ClientOptions& options, Arguments values);
Outcome password(ClientOptions& options, Arguments values);
Outcome persistent(ClientOptions& options, Arguments values);
Outcome keep_alive(ClientOptions& options, Arguments values);
Outcome session_expiry(ClientOptions& options, Arguments values);
Outcome in_flight(ClientOptions& options, Arguments values);
Outcome qos(ClientOptions& options, Arguments values);
Outcome property(ClientOptions& options, Arguments values);
Outcome debug(ClientOptions& options, Arguments values);
Outcome quiet(ClientOptions& options, Arguments values);
Outcome nothing(ClientOptions& options, Arguments values);
Outcome show_help(ClientOptions& options, Arguments values);
Outcome show_version(ClientOptions& options, Arguments values);

Outcome will_topic(ClientOptions& options, Arguments values);
Outcome will_payload(ClientOptions& options, Arguments values);
Outcome will_qos(ClientOptions& options, Arguments values);
Outcome will_retain(ClientOptions& options, Arguments values);

Outcome publish_topic(ClientOptions& options, Arguments values);
Outcome message(ClientOptions& options, Arguments values);
Outcome file(ClientOptions& options, Arguments values);
Outcome null_message(ClientOptions& options, Arguments values);
Outcome input(ClientOptions& options, Arguments values);
Outcome input_lines(ClientOptions& options, Arguments values);
Outcome blank_lines(ClientOptions& options, Arguments values);
Outcome retain(ClientOptions& options, Arguments values);
Outcome repeat(ClientOptions& options, Arguments values);
Outcome repeat_delay(ClientOptions& options, Arguments values);

Outcome subscribe_filter(ClientOptions& options, Arguments values);
Outcome filter_out(ClientOptions& options, Arguments values);
Outcome unsubscribe(ClientOptions& options, Arguments values);
Outcome count(ClientOptions& options, Arguments values);
Outcome time_limit(ClientOptions& options, Arguments values);
Outcome exit_after_subscribe(ClientOptions& options, Arguments values);
Outcome format(ClientOptions& options, Arguments values);
Outcome verbose(ClientOptions& options, Arguments values);
Outcome pretty(ClientOptions& options, Arguments values);
Outcome no_end_of_line(ClientOptions& options, Arguments values);
Outcome hide_retained(ClientOptions& options, Arguments values);
Outcome retained_only(ClientOptions& options, Arguments values);
Outcome remove_retained(ClientOptions& options, Arguments values);
Outcome retain_as_published(ClientOptions& options, Arguments values);
Outcome retain_handling(ClientOptions& options, Arguments values);

}  // namespace apps::handle
