"""SUBSCRIBE and UNSUBSCRIBE, topic filters and names, shared subscriptions."""
import codec
from codec import PUBACK, PUBLISH, PUBREC, SUBACK, SUBSCRIPTION_ID, UNSUBACK, V5
from registry import proves

BAD_TEXT = b"\xed\xa0\x80"


def ends(t, data, reasons=(0x81,)):
    """What the client sends must end its connection; in MQTT 5 with one of these reasons or none."""
    client = t.client()
    client.ping()
    client.send(data)
    reason = client.expect_closed()
    assert reason in ((None, *reasons) if t.v5 else (None,)), f"reason {reason:#x}"


# ---------------------------------------------------------------- SUBSCRIBE

@proves("MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-6", "MQTT-3.8.4-7", "MQTT-3.9.3-1", "MQTT-3.9.3-2", "MQTT-2.2.1-6",
        "MQTT-3.8.4-5",
        v311="MQTT-3.8.4-1 MQTT-3.8.4-2 MQTT-3.8.4-5 MQTT-3.9.3-1 MQTT-3.9.3-2 MQTT-2.3.1-7 MQTT-3.8.4-4",
        v31="MQTT31-suback-1")
def suback_repeats_the_identifier_and_has_one_code_a_filter_in_their_order(t):
    client = t.client()
    for number in (1, 300, 65535):
        asked = [(t.topic(f"{number}/{qos}"), qos) for qos in (2, 0, 1, 0, 2)]
        client.send(codec.subscribe(t.version, asked, number))
        client.expect(SUBACK, id=number, codes=(2, 0, 1, 0, 2))
    for topic, qos in asked:
        client.publish(topic, "x", 2)
        client.await_kind(PUBLISH, topic=topic, qos=qos)


@proves("MQTT-3.8.4-3", "MQTT-3.8.4-4", v311="MQTT-3.8.4-3")
def repeating_a_filter_replaces_the_subscription(t):
    client = t.client()
    publisher = t.client()
    client.subscribe((t.topic(), 2))
    client.subscribe((t.topic(), 0))
    publisher.publish(t.topic(), "x", 2)
    client.message("x", qos=0)
    t.quiet(client, publisher)
    client.unsubscribe(t.topic())
    publisher.publish(t.topic(), "y", 2)
    t.quiet(client, publisher)


@proves("MQTT-3.8.4-4", v311="MQTT-3.8.4-3")
def no_message_is_lost_while_a_subscription_is_replaced(t):
    client = t.client()
    client.subscribe((t.topic(), 1))
    publisher = t.client()
    for number in range(40):
        publisher.send(codec.publish(t.version, t.topic(), str(number), 1, id=number + 1))
        client.send(codec.subscribe(t.version, [(t.topic(), 1)], number + 1000))
    got = []
    while len(got) < 40:
        made = client.receive()
        if made.kind == PUBLISH:
            got.append(int(made.payload))
            client.send(codec.ack(t.version, PUBACK, made.id))
    assert got == list(range(40)), got


@proves("MQTT-3.8.3-2", v311="MQTT-3.8.3-3")
def subscribe_without_a_filter_ends_the_connection(t):
    ends(t, codec.subscribe(t.version, []), (0x81, 0x82))


@proves("MQTT-3.8.3-1", "MQTT-1.5.4-1", v311="MQTT-3.8.3-1 MQTT-1.5.3-1")
def a_filter_that_is_not_utf_8_ends_the_connection(t):
    ends(t, codec.subscribe(t.version, [(BAD_TEXT, 0)]))
    ends(t, codec.subscribe(t.version, [(b"a/\xc0\x80", 0)]))


@proves("MQTT-3.8.3-5", v311="MQTT-3.8.3-4")
def reserved_option_bits_and_qos_3_end_the_connection(t):
    for options in (0x40, 0x80, 3) if t.v5 else (4, 8, 0x10, 0x20, 0x40, 0x80, 3):
        ends(t, codec.subscribe(t.version, [(t.topic(), options)]), (0x81, 0x82))


@proves("MQTT-3.8.3-5")
def retain_handling_3_is_a_protocol_error(t):
    ends(t, codec.subscribe(t.version, [(t.topic(), 0x30)]), (0x82, 0x81))


@proves("MQTT-3.8.3-3")
def no_local_keeps_a_clients_own_messages_from_it(t):
    client = t.client()
    client.subscribe((t.topic(), 1 | 4))
    client.publish(t.topic(), "own", 1)
    other = t.client()
    other.publish(t.topic(), "other", 1)
    client.message("other")


@proves("MQTT-3.8.3-4")
def no_local_for_a_shared_subscription_is_a_protocol_error(t):
    ends(t, codec.subscribe(V5, [(f"$share/g/{t.topic()}", 4)]), (0x82,))


@proves("MQTT-3.8.3-1", v311="MQTT-3.8.3-2 MQTT-4.7.1-1")
def wildcard_subscriptions_are_accepted(t):
    client = t.client()
    answer = client.subscribe((t.topic("+"), 1), (t.topic("#"), 1))
    assert answer.codes == (1, 1), answer.codes


@proves(v31="MQTT31-suback-2")
def a_refused_subscription_is_granted_and_delivers_nothing(t):
    broker = t.broker("acl_file {folder}/acl", "#file acl topic write #\\ntopic read open/#")
    client = t.client(broker=broker)
    answer = client.subscribe(("secret/a", 1))
    assert answer.codes[0] in (0, 1, 2)
    client.subscribe(("open/a", 1))
    publisher = t.client(broker=broker)
    publisher.publish("secret/a", "x", 1)
    publisher.publish("open/a", "y", 1)
    client.message("y")


@proves("MQTT-3.9.3-2", "MQTT-3.8.4-7", v311="MQTT-3.9.3-2 MQTT-3.8.4-5")
def an_invalid_filter_fails_alone_or_ends_the_connection(t):
    client = t.client()
    client.send(codec.subscribe(t.version, [(t.topic("ok"), 1), ("a/#/b", 1)]))
    made = client.receive()
    if made is None or made.kind == codec.DISCONNECT:
        return
    assert made.kind == SUBACK and made.codes[0] == 1 and made.codes[1] >= 0x80, made


# ---------------------------------------------------------------- UNSUBSCRIBE

@proves("MQTT-3.10.4-4", "MQTT-3.10.4-5", "MQTT-3.10.4-6", "MQTT-3.11.3-1", "MQTT-3.11.3-2", "MQTT-2.2.1-6",
        v311="MQTT-3.10.4-4 MQTT-3.10.4-5 MQTT-3.10.4-6 MQTT-2.3.1-7")
def unsuback_repeats_the_identifier_also_when_there_was_nothing(t):
    client = t.client()
    client.subscribe((t.topic("a"), 0), (t.topic("c"), 0))
    for number in (2, 65535):
        client.send(codec.unsubscribe(t.version, [t.topic("a"), t.topic("b"), t.topic("c")], number))
        answer = client.expect(UNSUBACK, id=number)
        if t.v5:
            assert answer.codes == ((0, 0x11, 0) if number == 2 else (0x11, 0x11, 0x11)), answer.codes
    client.publish(t.topic("c"), "x")
    client.ping()
    assert not client.kept


@proves("MQTT-3.10.4-1", "MQTT-3.10.4-2", v311="MQTT-3.10.4-1 MQTT-3.10.4-2")
def only_the_very_same_filter_is_removed(t):
    client = t.client()
    client.subscribe((t.topic("a/+"), 1))
    publisher = t.client()
    for other in (t.topic("a/b"), t.topic("a/#"), t.topic("A/+"), t.topic("a/+/")):
        client.unsubscribe(other)
    publisher.publish(t.topic("a/b"), "still", 1)
    client.message("still")
    client.unsubscribe(t.topic("a/+"))
    publisher.publish(t.topic("a/b"), "gone", 1)
    t.quiet(client, publisher, 1)


@proves("MQTT-3.10.4-3", v311="MQTT-3.10.4-3")
def deliveries_under_way_end_after_unsubscribe(t):
    client = t.client()
    client.subscribe((t.topic(), 2))
    publisher = t.client()
    publisher.publish(t.topic(), "one", 1)
    publisher.publish(t.topic(), "two", 2)
    first, second = client.expect(PUBLISH), client.expect(PUBLISH)
    client.unsubscribe(t.topic())
    client.acknowledge(first)
    client.acknowledge(second)
    client.ping()


@proves("MQTT-3.10.4-3", v311="MQTT-3.10.4-3")
def deliveries_under_way_come_again_after_unsubscribe_and_a_cut(t):
    client, _ = t.durable("u")
    client.subscribe((t.topic(), 2))
    t.client().publish(t.topic(), "two", 2)
    made = client.expect(PUBLISH)
    client.unsubscribe(t.topic())
    client.cut()
    client, _ = t.durable("u")
    client.message("two", id=made.id, dup=True)


@proves("MQTT-3.10.3-2", v311="MQTT-3.10.3-2")
def unsubscribe_without_a_filter_ends_the_connection(t):
    ends(t, codec.unsubscribe(t.version, []), (0x81, 0x82))


@proves("MQTT-3.10.3-1", "MQTT-1.5.4-1", v311="MQTT-3.10.3-1 MQTT-1.5.3-1")
def a_filter_to_unsubscribe_that_is_not_utf_8_ends_the_connection(t):
    ends(t, codec.unsubscribe(t.version, [BAD_TEXT]))


# ---------------------------------------------------------------- names and filters

@proves("MQTT-3.3.2-2", "MQTT-4.7.0-1", v311="MQTT-3.3.2-2 MQTT-4.7.1-1", v31="MQTT31-topic-1")
def a_topic_name_with_a_wildcard_ends_the_connection(t):
    for topic in ("a/+", "#", "a#b", "+"):
        ends(t, codec.publish(t.version, topic, "x"), (0x81, 0x82, 0x90))


@proves("MQTT-3.3.2-1", "MQTT-1.5.4-1", v311="MQTT-3.3.2-1 MQTT-1.5.3-1")
def a_topic_name_that_is_not_utf_8_ends_the_connection(t):
    for topic in (BAD_TEXT, b"\xff", b"\xc0\x80", b"\xf4\x90\x80\x80", b"abc\xe2\x82"):
        ends(t, codec.publish(t.version, topic, "x"), (0x81, 0x90))


@proves("MQTT-4.7.3-2", "MQTT-1.5.4-2", v311="MQTT-4.7.3-2 MQTT-1.5.3-2")
def u0000_in_a_name_or_filter_ends_the_connection(t):
    ends(t, codec.publish(t.version, b"a\0b", "x"), (0x81, 0x90))
    ends(t, codec.subscribe(t.version, [(b"a\0b", 0)]), (0x81, 0x8F))
    ends(t, codec.unsubscribe(t.version, [b"a\0b"]), (0x81, 0x8F))


@proves("MQTT-4.7.3-1", v311="MQTT-4.7.3-1", v31="MQTT31-topic-2")
def an_empty_name_or_filter_is_refused_and_one_character_is_enough(t):
    ends(t, codec.publish(t.version, "", "x"), (0x81, 0x82, 0x90))
    client = t.client()
    client.send(codec.subscribe(t.version, [("", 0)]))
    made = client.receive()
    refused = (None if t.version == codec.V31 else 0x80)
    assert made is None or made.kind == codec.DISCONNECT or refused is None or made.codes[0] >= refused, made
    client = t.client()
    client.subscribe(("/", 1))
    client.publish("/", str(t.number), 1)
    while client.await_kind(PUBLISH).payload != str(t.number).encode():
        pass


@proves("MQTT-4.7.3-3", v311="MQTT-4.7.3-3")
def a_topic_of_65535_bytes_is_carried(t):
    client = t.client()
    topic = t.topic().ljust(65535, "x")
    client.subscribe((topic, 1))
    client.publish(topic, "x", 1)
    client.message("x", topic=topic)


@proves("MQTT-1.5.4-3", "MQTT-4.7.3-4", v311="MQTT-1.5.3-3 MQTT-4.7.3-4")
def a_byte_order_mark_is_a_character_like_any_other(t):
    client = t.client()
    marked = "\ufeff" + t.topic()
    client.subscribe((marked, 1), (t.topic("\ufeffx"), 1))
    publisher = t.client()
    publisher.publish(t.topic(), "unmarked", 1)
    publisher.publish(marked, "marked", 1)
    client.message("marked", topic=marked)
    publisher.publish(t.topic("\ufeffx"), "inside", 1)
    client.message("inside", topic=t.topic("\ufeffx"))


@proves("MQTT-4.7.3-4", v311="MQTT-4.7.3-4")
def names_are_compared_as_sent(t):
    client = t.client()
    client.subscribe((t.topic("caf\u00e9"), 1), (t.topic("Case"), 1), (t.topic("a b"), 1), (t.topic("x/"), 1))
    publisher = t.client()
    for other in ("cafe\u0301", "case", "a%20b", "x", "x//"):
        publisher.publish(t.topic(other), "other", 1)
    publisher.publish(t.topic("caf\u00e9"), "same", 1)
    client.message("same")


@proves("MQTT-4.7.1-1", v311="MQTT-4.7.1-2", v31="MQTT31-topic-3")
def a_hash_matches_its_parent_and_everything_below(t):
    client = t.client()
    client.subscribe((t.topic("s/#"), 1))
    publisher = t.client()
    for topic in ("s", "s/", "s/a", "s/a/b/c"):
        publisher.publish(t.topic(topic), topic, 1)
        client.message(topic)
    for topic in ("sa", "sa/b", "r/s"):
        publisher.publish(t.topic(topic), topic, 1)
    t.quiet(client, publisher, 1)


@proves("MQTT-4.7.1-1", "MQTT-4.7.1-2", v311="MQTT-4.7.1-2 MQTT-4.7.1-3")
def misplaced_wildcards_are_refused(t):
    for wrong in ("a/b#", "a/#/b", "#/a", "a+", "a/+b", "+a/b", "a/b+/c"):
        client = t.client()
        client.send(codec.subscribe(t.version, [(wrong, 0)]))
        made = client.receive()
        assert made is None or made.kind == codec.DISCONNECT or made.codes[0] >= 0x80, (wrong, made)


@proves("MQTT-4.7.1-2", v311="MQTT-4.7.1-3", v31="MQTT31-topic-4")
def a_plus_matches_exactly_one_level(t):
    client = t.client()
    client.subscribe((t.topic("s/+"), 1), (t.topic("+/m/+"), 1))
    publisher = t.client()
    for topic in ("s/a", "s/", "x/m/y", "/m/"):
        publisher.publish(t.topic(topic), topic, 1)
        client.message(topic)
    for topic in ("s", "s/a/b", "x/m", "m/y"):
        publisher.publish(t.topic(topic), topic, 1)
    t.quiet(client, publisher, 1)


@proves("MQTT-4.7.2-1", v311="MQTT-4.7.2-1", v31="MQTT31-topic-5")
def leading_wildcards_do_not_match_topics_with_a_dollar(t):
    alone = t.broker("# without the other tests' topics")
    client = t.client(broker=alone)
    own = f"$own{t.number}"
    client.subscribe(("#", 1), ("+/x", 1), (f"+/{t.number}/#", 1))
    named = t.client(broker=alone)
    named.subscribe((f"{own}/#", 1), (f"{own}/+", 1))
    publisher = t.client(broker=alone)
    publisher.publish(f"{own}/x", "hidden", 1)
    named.message("hidden")
    publisher.publish(f"plain{t.number}", "seen", 1)
    while (made := client.await_kind(PUBLISH)).topic != f"plain{t.number}":
        client.acknowledge(made)
        assert not made.topic.startswith("$"), made.topic


# ---------------------------------------------------------------- subscription identifiers

@proves("MQTT-3.3.4-3", "MQTT-3.3.4-4", "MQTT-3.3.4-5")
def deliveries_carry_the_identifiers_of_the_subscriptions_that_match(t):
    client = t.client()
    client.subscribe((t.topic("a/b"), 1), props=[(SUBSCRIPTION_ID, 1)])
    client.subscribe((t.topic("a/+"), 1), props=[(SUBSCRIPTION_ID, 268_435_455)])
    client.subscribe((t.topic("#"), 1))
    client.subscribe((t.topic("z"), 1), props=[(SUBSCRIPTION_ID, 3)])
    publisher = t.client()
    publisher.publish(t.topic("a/b"), "x", 1)
    publisher.publish(t.topic("end"), "end", 1)
    ids = []
    while (made := client.message()).topic != t.topic("end"):
        ids += made.all_props(SUBSCRIPTION_ID)
    assert sorted(ids) == [1, 268_435_455], ids
    assert not made.all_props(SUBSCRIPTION_ID)


@proves("MQTT-3.3.4-3", "MQTT-3.8.4-3")
def a_replaced_subscription_has_its_new_identifier(t):
    client = t.client()
    client.subscribe((t.topic(), 1), props=[(SUBSCRIPTION_ID, 5)])
    client.subscribe((t.topic(), 1), props=[(SUBSCRIPTION_ID, 6)])
    t.client().publish(t.topic(), "x", 1)
    assert client.message("x").all_props(SUBSCRIPTION_ID) == [6]


@proves("MQTT-3.3.4-6")
def a_subscription_identifier_from_a_client_is_a_protocol_error(t):
    ends(t, codec.publish(V5, t.topic(), "x", props=[(SUBSCRIPTION_ID, 1)]), (0x82, 0x81))


# ---------------------------------------------------------------- shared subscriptions

def group(t, count, options=1, topic="a", share="g", broker=None):
    clients = [t.client(broker=broker) for _ in range(count)]
    for client in clients:
        assert client.subscribe((f"$share/{share}/{t.topic(topic)}", options)).codes[0] < 3
    return clients


@proves("MQTT-4.8.2-1", "MQTT-4.8.2-2")
def shared_filters_without_a_good_name_or_filter_are_refused(t):
    for wrong in ("$share//a", "$share/g", "$share/g/", "$share/g+/a", "$share/#/a", "$share/+/a"):
        client = t.client()
        client.send(codec.subscribe(V5, [(wrong, 0)]))
        made = client.receive()
        assert made is None or made.kind == codec.DISCONNECT or made.codes[0] >= 0x80, (wrong, made)


@proves("MQTT-4.8.2-1", "MQTT-4.8.2-2")
def each_message_goes_to_one_member_of_each_group(t):
    members, others = group(t, 3, share="a"), group(t, 2, share="b")
    plain = t.client()
    plain.subscribe((t.topic(), 1))
    publisher = t.client()
    for number in range(30):
        publisher.publish(t.topic(), str(number), 1)
    assert [int(plain.message().payload) for _ in range(30)] == list(range(30))
    for clients in (members, others):
        got = collect(t, clients)
        assert sorted(got) == list(range(30)), got


def collect(t, clients):
    """Everything that a group got, as numbers; each member gets a last message of its own behind."""
    got = []
    for index, client in enumerate(clients):
        own = t.topic(f"end {index} {next(t.count)}")
        client.subscribe((own, 1))
        client.publish(own, "end", 1)
        client.ping()
        while (made := client.message()).topic != own:
            got.append(int(made.payload))
    return got


@proves("MQTT-4.8.2-3")
def a_shared_delivery_has_the_qos_granted_to_its_member(t):
    member = group(t, 1, 0)[0]
    t.client().publish(t.topic(), "x", 2)
    member.message("x", qos=0)


@proves("MQTT-4.8.2-4")
def an_interrupted_qos_2_delivery_is_finished_with_the_same_client(t):
    first, _ = t.durable("first")
    first.subscribe((f"$share/g/{t.topic()}", 2))
    t.client().publish(t.topic(), "x", 2)
    made = first.expect(PUBLISH, qos=2)
    other = group(t, 1, 2)[0]
    first.cut()
    t.quiet(other, t.client(), 2)
    first, _ = t.durable("first")
    first.message("x", id=made.id)
    t.quiet(other, t.client(), 2)


@proves("MQTT-4.8.2-5")
def a_qos_2_delivery_whose_session_ends_goes_to_nobody_else(t):
    first, _ = t.durable("first")
    first.subscribe((f"$share/g/{t.topic()}", 2))
    t.client().publish(t.topic(), "x", 2)
    first.expect(PUBLISH, qos=2)
    other = group(t, 1, 2)[0]
    first.disconnect(0, [(codec.SESSION_EXPIRY, 0)])
    t.quiet(other, t.client(), 2)


@proves("MQTT-4.8.2-6", "MQTT-4.4.0-2")
def a_message_that_a_member_refuses_goes_to_nobody_else(t):
    first = group(t, 1, 2)[0]
    publisher = t.client()
    publisher.publish(t.topic(), "one", 1)
    publisher.publish(t.topic(), "two", 2)
    refused = [first.expect(PUBLISH), first.expect(PUBLISH)]
    other = group(t, 1, 2)[0]
    first.send(codec.ack(V5, PUBACK, refused[0].id, 0x80), codec.ack(V5, PUBREC, refused[1].id, 0x80))
    first.ping()
    t.quiet(other, publisher, 2)
