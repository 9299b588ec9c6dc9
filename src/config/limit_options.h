// How much of everything. A part of Config, which is the struct to use.
#pragma once

#include "config/session_options.h"

namespace config {

struct LimitOptions : SessionOptions {
  Option<MinusOneIsOff> global_max_clients{
      *this,
      {.name = "global_max_clients",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "The most sessions, of connected and offline clients together. -1: no limit."},
      {}};
  Option<MinusOneIsOff> global_max_connections{
      *this,
      {.name = "global_max_connections",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "The most connections at a time. -1: no limit."},
      {}};
  Option<ZeroIsOff> max_inflight_messages{
      *this,
      {.name = "max_inflight_messages",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "The most QoS 1 and 2 messages sent to one client and not yet acknowledged; MQTT 5.0 "
              "clients are told it as Receive Maximum, for the other direction. 0: no limit."},
      {20},
      Between<ZeroIsOff>{{1}, {65'535}}};
  Option<ByteLimit> max_inflight_bytes{
      *this,
      {.name = "max_inflight_bytes",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "Likewise, as the sum of their payloads in bytes. 0: no limit."},
      {}};
  Option<ZeroIsOff> max_queued_messages{
      *this,
      {.name = "max_queued_messages",
       .section = Section::limits,
       .reload = Reload::live,
       .doc =
           "The most messages waiting for one client beyond those in flight. What happens then is "
           "queue_full_policy. 0: no limit."},
      {1000}};
  Option<ByteLimit> max_queued_bytes{
      *this,
      {.name = "max_queued_bytes",
       .section = Section::limits,
       .reload = Reload::live,
       .doc = "Likewise, as the sum of their payloads in bytes. 0: no limit."},
      {}};
  Option<QueueFullPolicy> queue_full_policy{
      *this,
      {.name = "queue_full_policy",
       .section = Section::limits,
       .reload = Reload::live,
       .doc =
           "What happens when a client's queue is full: the new message is dropped, the oldest "
           "waiting one "
           "is dropped to make room, or the client is disconnected. What is dropped is counted in "
           "$SYS. Midge only; Mosquitto always drops the newest."},
      QueueFullPolicy::drop_newest};
  Option<ByteSize> max_packet_size{*this,
                                   {.name = "max_packet_size",
                                    .section = Section::limits,
                                    .reload = Reload::new_connections,
                                    .doc = "The largest packet in bytes that a client may send."},
                                   {2'000'000},
                                   Between<ByteSize>{{20}, {2'147'483'647}}};
  Option<ByteLimit> message_size_limit{*this,
                                       {.name = "message_size_limit",
                                        .section = Section::limits,
                                        .reload = Reload::live,
                                        .doc = "The largest payload in bytes. Larger messages are "
                                               "acknowledged and thrown away; max_packet_size "
                                               "refuses them instead. 0: no limit."},
                                       {},
                                       Between<ByteLimit>{{1}, {268'435'455}}};
  Option<ByteLimit> memory_limit{
      *this,
      {.name = "memory_limit",
       .section = Section::limits,
       .reload = Reload::live,
       .doc = "The most bytes of messages waiting in queues (payloads) and retained (all of "
              "them), of all clients together. What comes on top is dropped and counted. 0: no "
              "limit."},
      {}};
  Option<ByteSize> packet_buffer_size{
      *this,
      {.name = "packet_buffer_size",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "Read for Mosquitto's sake and without effect: Midge has one buffer a thread, not "
              "one a connection.",
       .aliases = {"websockets_headers_size"}},
      {4096},
      Between<ByteSize>{{0}, {65'535}}};
  Option<ByteSize> max_output_bytes{
      *this,
      {.name = "max_output_bytes",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "The most bytes written to one connection and not yet taken by the network. Beyond "
              "it QoS 1 and 2 "
              "messages wait in the client's queue, QoS 0 messages are dropped and counted. A "
              "packet that "
              "is larger passes when nothing else is waiting. Midge only."},
      {4U << 20U},
      Between<ByteSize>{{4096}, {std::uint64_t{1} << 40U}}};
  Option<Seconds> connect_timeout{
      *this,
      {.name = "connect_timeout",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "Seconds that a new connection has to send a complete CONNECT packet. Midge only."},
      Seconds{30},
      Between<Seconds>{Seconds{1}, Seconds{3600}}};
  Option<ByteSize> max_connect_packet_size{
      *this,
      {.name = "max_connect_packet_size",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "The largest CONNECT and AUTH packet in bytes, so that nobody fills memory before "
              "having logged "
              "in. Midge only; Mosquitto's limit is fixed at the default."},
      {100'000},
      Between<ByteSize>{{256}, {268'435'460}}};
  Option<ByteSize> max_ack_packet_size{*this,
                                       {.name = "max_ack_packet_size",
                                        .section = Section::limits,
                                        .reload = Reload::new_connections,
                                        .doc = "The largest acknowledgement and DISCONNECT packet "
                                               "in bytes from an MQTT 5.0 client. Midge only; "
                                               "Mosquitto's limit is fixed at the default."},
                                       {10'000},
                                       Between<ByteSize>{{256}, {268'435'460}}};
  Option<ByteSize> max_subscribe_packet_size{
      *this,
      {.name = "max_subscribe_packet_size",
       .section = Section::limits,
       .reload = Reload::new_connections,
       .doc = "The largest SUBSCRIBE and UNSUBSCRIBE packet in bytes. Midge only; Mosquitto's "
              "limit is fixed at "
              "the default and for MQTT 5.0 clients."},
      {100'000},
      Between<ByteSize>{{256}, {268'435'460}}};
  Option<std::uint16_t> max_topic_levels{*this,
                                         {.name = "max_topic_levels",
                                          .section = Section::limits,
                                          .reload = Reload::live,
                                          .doc = "The most levels (parts between slashes) of a "
                                                 "topic or topic filter. Midge only; Mosquitto's "
                                                 "limit is fixed at the default."},
                                         200,
                                         Between<std::uint16_t>{1, 65'535}};
};

}  // namespace config
