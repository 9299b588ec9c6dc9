#include "sim/planted.h"

#include <algorithm>

#include "base/planted.h"

namespace sim {

namespace {

constexpr Planted list[] = {
    {"skip-dup", "sends again without DUP"},
    {"release-id-early", "frees a packet identifier at PUBREC"},
    {"forget-rewind", "does not send again what was in flight"},
    {"newest-first", "takes the newest of a queue first"},
    {"window-off-by-one", "sends one more than Receive Maximum"},
    {"deliver-expired", "delivers what expired in a queue"},
    {"expire-in-queues-only", "delivers what expired between two shards"},
    {"qos0-overtakes", "lets QoS 0 overtake queued QoS 0"},
    {"reuse-encoded", "sends the bytes of the message before"},
    {"too-large", "sends packets above Maximum Packet Size"},
    {"forget-access", "delivers without asking for the right to read"},
    {"qos2-twice", "routes a repeated QoS 2 PUBLISH again"},
    {"acknowledge-and-lose", "acknowledges some messages and routes them to nobody"},
    {"leak-receive-maximum", "does not count PUBREL against Receive Maximum"},
    {"forget-pubrel", "does not answer PUBREC for what is not in flight"},
    {"forget-will", "publishes no will when a connection is lost"},
    {"will-after-disconnect", "publishes the will after a normal DISCONNECT"},
    {"will-twice", "publishes a will twice"},
    {"will-despite-return", "publishes a delayed will although its client returned"},
    {"never-expire", "keeps sessions beyond their expiry"},
    {"ignore-clean-start", "keeps the session of a client that wants none"},
    {"session-present-lies", "says that there is no session when there is one"},
    {"miscount-queued", "leaves the messages of ended sessions in its figures"},
    {"keep-emptied", "keeps a retained message that was removed"},
    {"first-retained-stays", "does not replace a retained message"},
    {"retained-again", "sends retained messages for a repeated filter that asks for none"},
    {"deliver-stale", "delivers a retained publish older than the subscription"},
    {"deliver-replaced", "sends a retained message that was replaced while it waited"},
    {"keep-retain-flag", "forwards RETAIN to those who did not ask for it"},
    {"ignore-no-local", "sends a client what it published itself"},
    {"lower-qos-wins", "takes the lowest QoS of overlapping subscriptions"},
    {"one-identifier", "sends only one of several subscription identifiers"},
    {"lose-lane-message", "loses some messages between two shards"},
    {"two-members", "sends some messages to two members of a group"},
    {"lose-orphans", "loses what waited for a member that went"},
    {"forget-presence", "does not notice which members are there"},
    {"unsubscribe-in-name", "goes on delivering after UNSUBACK"},
    {"leak-interest", "never forgets a shard's interest in a topic"},
    {"grant-more", "grants QoS 2 to all"},
    {"keep-unseen-alias", "uses a topic alias that the client never saw"},
    {"trust-silence", "keeps silent clients for ever"},
    {"lose-first-piece", "loses a first byte that comes alone"},
    {"lose-bytes-of-a-move", "loses bytes behind CONNECT when a connection moves"},
    {"hold-back-for-ever", "never reads again whom a full lane held back"},
};

}  // namespace

std::span<const Planted> all_planted() {
  return list;
}

bool plant(std::string_view name) {
#ifdef MIDGE_PLANTED_BUGS
  const bool is_known =
      name.empty() || std::any_of(std::begin(list), std::end(list),
                                  [&](const Planted& one) { return one.name == name; });
  if (is_known) base::planted_bug = name;
  return is_known;
#else
  return name.empty();
#endif
}

}  // namespace sim
