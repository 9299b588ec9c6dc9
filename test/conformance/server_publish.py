"""PUBLISH into the broker and out of it: QoS exchanges, DUP, identifiers, retained messages, topics."""
import codec
from codec import PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, V5, V31
from registry import proves


# ---------------------------------------------------------------- exchanges

@proves("MQTT-3.3.4-1", "MQTT-4.3.2-4", "MQTT-4.3.3-8", "MQTT-4.3.3-11", "MQTT-2.2.1-5", "MQTT-3.4.2-1",
        "MQTT-3.5.2-1", "MQTT-3.7.2-1",
        v311="MQTT-3.3.4-1 MQTT-4.3.2-2 MQTT-4.3.3-2 MQTT-2.3.1-6", v31="MQTT31-qos-1")
def each_qos_is_answered_by_its_acknowledgements_with_the_identifier(t):
    client = t.client()
    client.send(codec.publish(t.version, t.topic(), "0"))
    client.ping()
    assert not client.kept
    for number in (1, 77, 65535):
        client.send(codec.publish(t.version, t.topic(), "1", 1, id=number))
        assert client.expect(PUBACK, id=number).code in (0, 0x10)
        client.send(codec.publish(t.version, t.topic(), "2", 2, id=number))
        assert client.expect(PUBREC, id=number).code in (0, 0x10)
        client.send(codec.ack(t.version, PUBREL, number))
        client.expect(PUBCOMP, id=number, code=0)


@proves("MQTT-2.2.1-2", "MQTT-4.3.1-1", "MQTT-3.3.1-2", v311="MQTT-2.3.1-5 MQTT-4.3.1-1 MQTT-3.3.1-2",
        v31="MQTT31-qos-3")
def qos_0_goes_out_without_identifier_and_dup(t):
    client = t.client()
    client.subscribe((t.topic(), 2))
    client.publish(t.topic(), "x")
    made = client.message("x", qos=0, dup=False)
    extra = 1 if t.v5 else 0
    assert len(made.raw) == 2 + 2 + len(made.topic) + extra + 1


@proves("MQTT-2.2.1-4", "MQTT-4.3.2-1", "MQTT-4.3.2-2", "MQTT-4.3.3-1", "MQTT-4.3.3-2",
        v311="MQTT-2.3.1-1 MQTT-2.3.1-4 MQTT-4.3.2-1 MQTT-4.3.3-1")
def messages_in_flight_have_different_identifiers_and_no_dup(t):
    client = t.client()
    client.subscribe((t.topic(), 2))
    publisher = t.client()
    for number in range(10):
        publisher.publish(t.topic(), str(number), 1 + number % 2)
    got = [client.expect(PUBLISH, dup=False) for _ in range(10)]
    ids = [made.id for made in got]
    assert len(set(ids)) == 10 and 0 not in ids, ids
    assert [made.qos for made in got] == [1 + number % 2 for number in range(10)]


@proves("MQTT-2.2.1-5", "MQTT-4.3.3-4", "MQTT-3.6.2-1", v311="MQTT-2.3.1-6 MQTT-4.3.3-1", v31="MQTT31-qos-1")
def pubrel_repeats_the_identifier_of_its_publish(t):
    client = t.client()
    client.subscribe((t.topic(), 2))
    for number in range(3):
        t.client().publish(t.topic(), str(number), 2)
    got = [client.expect(PUBLISH, qos=2) for _ in range(3)]
    for made in got:
        client.send(codec.ack(t.version, PUBREC, made.id))
    for made in got:
        client.expect(PUBREL, id=made.id, code=0)
        client.send(codec.ack(t.version, PUBCOMP, made.id))


@proves("MQTT-4.3.2-3", "MQTT-4.3.3-3", "MQTT-4.9.0-2", v311="MQTT-4.3.2-1 MQTT-4.3.3-1")
def an_identifier_is_not_used_again_before_its_exchange_has_ended(t):
    client = t.client()
    client.subscribe((t.topic(), 2))
    publisher = t.client()
    publisher.publish(t.topic(), "held", 1)
    publisher.publish(t.topic(), "held", 2)
    held = {client.expect(PUBLISH).id for _ in range(2)}
    for number in range(60):
        publisher.publish(t.topic(), str(number), 1)
        made = client.message(str(number))
        assert made.id not in held


@proves("MQTT-4.3.2-5", v311="MQTT-4.3.2-2")
def after_puback_the_same_identifier_is_a_new_message_whatever_dup_says(t):
    reader = t.client()
    reader.subscribe((t.topic(), 1))
    client = t.client()
    for payload in ("a", "b"):
        client.send(codec.publish(t.version, t.topic(), payload, 1, id=5, dup=payload == "b"))
        client.expect(PUBACK, id=5)
        reader.message(payload)


@proves("MQTT-4.3.3-10", v311="MQTT-4.3.3-2", v31="MQTT31-qos-2")
def before_pubrel_a_repeated_publish_is_acknowledged_and_not_delivered_again(t):
    reader = t.client()
    reader.subscribe((t.topic(), 2))
    client = t.client()
    for dup in (False, True, True):
        client.send(codec.publish(t.version, t.topic(), "once", 2, id=9, dup=dup))
        client.expect(PUBREC, id=9)
    client.send(codec.ack(t.version, PUBREL, 9))
    client.expect(PUBCOMP, id=9)
    reader.message("once")
    t.quiet(reader, client, 2)


@proves("MQTT-4.3.3-12", v311="MQTT-4.3.3-2")
def after_pubcomp_the_same_identifier_is_a_new_message(t):
    reader = t.client()
    reader.subscribe((t.topic(), 2))
    client = t.client()
    for payload in ("a", "b"):
        client.send(codec.publish(t.version, t.topic(), payload, 2, id=9, dup=payload == "b"))
        client.expect(PUBREC, id=9)
        client.send(codec.ack(t.version, PUBREL, 9))
        client.expect(PUBCOMP, id=9)
        reader.message(payload)


@proves("MQTT-4.3.3-9")
def after_a_refusing_pubrec_the_same_identifier_is_a_new_message(t):
    broker = t.broker("message_size_limit 100")
    reader = t.client(broker=broker)
    reader.subscribe((t.topic(), 2))
    client = t.client(broker=broker)
    client.send(codec.publish(V5, t.topic(), b"x" * 200, 2, id=3))
    assert client.expect(PUBREC, id=3).code >= 0x80
    client.send(codec.publish(V5, t.topic(), "small", 2, id=3))
    assert client.expect(PUBREC, id=3).code < 0x80
    client.send(codec.ack(V5, PUBREL, 3))
    client.expect(PUBCOMP, id=3)
    reader.message("small")


@proves("MQTT-4.3.3-11", "MQTT-3.7.2-1")
def pubrel_for_what_is_not_there_is_answered_by_pubcomp_too(t):
    client = t.client()
    client.send(codec.ack(V5, PUBREL, 4711))
    assert client.expect(PUBCOMP, id=4711).code in (0, 0x92)


@proves(v311="MQTT-3.3.5-2", v31="MQTT31-acl-1")
def an_unauthorized_publish_is_acknowledged_or_ends_the_connection(t):
    broker = t.broker("acl_file {folder}/acl", "#file acl topic read #")
    reader = t.client(broker=broker)
    reader.subscribe((t.topic(), 1))
    client = t.client(broker=broker)
    client.send(codec.publish(t.version, t.topic(), "secret", 1, id=1))
    made = client.receive()
    assert made is None or (made.kind, made.id) == (PUBACK, 1), made
    reader.ping()
    assert not reader.kept


@proves("MQTT-3.4.2-1", "MQTT-3.5.2-1")
def an_unauthorized_publish_is_refused_by_its_acknowledgement(t):
    broker = t.broker("acl_file {folder}/acl", "#file acl topic read #")
    client = t.client(broker=broker)
    assert client.publish(t.topic(), "secret", 1).code == 0x87
    assert client.publish(t.topic(), "secret", 2).code == 0x87


# ---------------------------------------------------------------- flags

@proves("MQTT-3.3.1-3", v311="MQTT-3.3.1-3")
def the_publishers_dup_is_not_passed_on(t):
    reader = t.client()
    reader.subscribe((t.topic(), 2))
    client = t.client()
    client.publish(t.topic(), "1", 1, dup=True)
    client.publish(t.topic(), "2", 2, dup=True)
    reader.message("1", dup=False)
    reader.message("2", dup=False)


@proves("MQTT-3.3.1-4", "MQTT-4.13.1-1", v311="MQTT-3.3.1-4")
def qos_3_ends_the_connection(t):
    client = t.client()
    client.send(codec.packet(PUBLISH, codec.prefixed(t.topic()) + b"\0\1\0x", 6))
    assert client.expect_closed() in ((0x81, None) if t.v5 else (None,))


@proves("MQTT-3.3.1-2", v311="MQTT-3.3.1-2")
def dup_at_qos_0_ends_the_connection(t):
    client = t.client()
    client.send(codec.publish(t.version, t.topic(), "x", 0, dup=True))
    assert client.expect_closed() in ((0x81, 0x82, None) if t.v5 else (None,))


@proves("MQTT-2.1.3-1", "MQTT-3.6.1-1", "MQTT-3.8.1-1", "MQTT-3.10.1-1",
        v311="MQTT-2.2.2-1 MQTT-2.2.2-2 MQTT-3.6.1-1 MQTT-3.8.1-1 MQTT-3.10.1-1")
def reserved_flags_end_the_connection(t):
    v5 = b"\0" if t.v5 else b""
    packets = [(PUBREL, b"\0\1"), (codec.SUBSCRIBE, b"\0\1" + v5 + b"\0\1a\0"),
               (codec.UNSUBSCRIBE, b"\0\1" + v5 + b"\0\1a"), (codec.PINGREQ, b""), (PUBACK, b"\0\1"),
               (PUBREC, b"\0\1"), (PUBCOMP, b"\0\1")]
    for kind, body in packets:
        for flags in (0, 1, 3, 8, 15) if codec.FIXED_FLAGS.get(kind) else (1, 2, 8):
            client = t.client()
            client.send(codec.packet(kind, body, flags))
            assert client.expect_closed() in ((0x81, None) if t.v5 else (None,)), (kind, flags)


@proves(v31="MQTT31-flags-1")
def dup_may_be_set_in_repeated_requests(t):
    client = t.client()
    client.send(codec.packet(codec.SUBSCRIBE, b"\0\1" + codec.prefixed(t.topic()) + b"\1", 0x0A))
    client.expect(codec.SUBACK, id=1)
    client.send(codec.packet(codec.UNSUBSCRIBE, b"\0\2" + codec.prefixed(t.topic()), 0x0A))
    client.expect(codec.UNSUBACK, id=2)
    client.send(codec.publish(V31, t.topic(), "x", 2, id=3))
    client.expect(PUBREC, id=3)
    client.send(codec.packet(PUBREL, b"\0\3", 0x0A))
    client.expect(PUBCOMP, id=3)


@proves(v31="MQTT31-flags-2")
def unused_flags_are_ignored(t):
    client = t.client()
    client.send(codec.packet(codec.PINGREQ, b"", 0x0F))
    client.expect(codec.PINGRESP)


@proves("MQTT-1.5.5-1", v311="MQTT-4.8.0-1")
def a_remaining_length_that_is_too_long_ends_the_connection(t):
    client = t.client()
    client.send(b"\xc0\xff\xff\xff\xff\x01")
    client.expect_closed()


@proves("MQTT-4.13.1-1", v311="MQTT-2.3.1-1")
def an_identifier_of_zero_ends_the_connection(t):
    for data in (codec.publish(t.version, t.topic(), "x", 1, id=0), codec.publish(t.version, t.topic(), "x", 2, id=0),
                 codec.subscribe(t.version, [(t.topic(), 0)], 0), codec.unsubscribe(t.version, [t.topic()], 0)):
        client = t.client()
        client.send(data)
        assert client.expect_closed() in ((0x81, 0x82, None) if t.v5 else (None,))


# ---------------------------------------------------------------- retained messages

@proves("MQTT-3.3.1-5", "MQTT-3.3.1-9", v311="MQTT-3.3.1-5 MQTT-3.3.1-6 MQTT-3.3.1-8", v31="MQTT31-retain-1")
def the_last_retained_message_goes_to_new_subscriptions_with_retain_and_its_qos(t):
    publisher = t.client()
    for topic in ("a", "b"):
        publisher.publish(t.topic(topic), "old", 1, retain=True)
        publisher.publish(t.topic(topic), "new", 2, retain=True)
    client = t.client()
    client.subscribe((t.topic("+"), 2))
    got = [client.message("new", retain=True, qos=2, dup=False) for _ in range(2)]
    assert {made.topic for made in got} == {t.topic("a"), t.topic("b")}
    lower = t.client()
    lower.subscribe((t.topic("a"), 1))
    lower.message("new", qos=1, retain=True)


@proves(v311="MQTT-3.3.1-7")
def a_retained_message_of_qos_0_takes_the_place_of_the_earlier_one(t):
    publisher = t.client()
    publisher.publish(t.topic(), "old", 2, retain=True)
    publisher.publish(t.topic(), "new", 0, retain=True)
    publisher.ping()
    client = t.client()
    client.subscribe((t.topic(), 2))
    publisher.publish(t.topic(), "live", 1)
    got = client.message()
    got = client.message() if got.payload == b"new" else got
    assert got.payload == b"live", got


@proves("MQTT-3.3.1-6", "MQTT-3.3.1-7", v311="MQTT-3.3.1-10 MQTT-3.3.1-11", v31="MQTT31-retain-2")
def an_empty_retained_message_is_delivered_and_erases(t):
    live = t.client()
    live.subscribe((t.topic(), 1))
    publisher = t.client()
    publisher.publish(t.topic(), "there", 1, retain=True)
    publisher.publish(t.topic(), "", 1, retain=True)
    live.message("there", retain=False)
    live.message("", retain=False)
    late = t.client()
    late.subscribe((t.topic(), 1))
    t.quiet(late, publisher, 1)


@proves("MQTT-3.3.1-8", v311="MQTT-3.3.1-12", v31="MQTT31-retain-3")
def a_message_without_retain_leaves_the_retained_one_alone(t):
    publisher = t.client()
    publisher.publish(t.topic("none"), "plain", 1)
    publisher.publish(t.topic("one"), "kept", 1, retain=True)
    publisher.publish(t.topic("one"), "plain", 1)
    publisher.publish(t.topic("one"), "", 1)
    client = t.client()
    client.subscribe((t.topic("#"), 1))
    client.message("kept", retain=True)
    t.quiet(client, publisher, 1)


@proves("MQTT-3.3.1-12", v311="MQTT-3.3.1-9", v31="MQTT31-retain-4")
def a_live_copy_has_no_retain_flag(t):
    client = t.client()
    client.subscribe((t.topic(), 1))
    t.client().publish(t.topic(), "x", 1, retain=True)
    client.message("x", retain=False)


@proves("MQTT-3.3.1-13")
def retain_as_published_keeps_the_flag(t):
    client = t.client()
    client.subscribe((t.topic(), 1 | 8))
    publisher = t.client()
    for retain in (True, False):
        publisher.publish(t.topic(), "x", 1, retain=retain)
        client.message("x", retain=retain)


@proves("MQTT-3.3.1-9", "MQTT-3.8.4-4", v311="MQTT-3.8.4-3")
def retained_messages_come_again_with_each_subscribe(t):
    t.client().publish(t.topic(), "x", 1, retain=True)
    client = t.client()
    for _ in range(3):
        client.subscribe((t.topic(), 1))
        client.message("x", retain=True)


@proves("MQTT-3.3.1-10")
def retain_handling_1_sends_retained_messages_for_a_new_subscription_only(t):
    publisher = t.client()
    publisher.publish(t.topic(), "x", 1, retain=True)
    client = t.client()
    client.subscribe((t.topic(), 1 | 0x10))
    client.message("x", retain=True)
    client.subscribe((t.topic(), 1 | 0x10))
    t.quiet(client, publisher, 1)
    client.unsubscribe(t.topic())
    client.subscribe((t.topic(), 1 | 0x10))
    client.message("x", retain=True)


@proves("MQTT-3.3.1-11")
def retain_handling_2_sends_no_retained_messages(t):
    publisher = t.client()
    publisher.publish(t.topic(), "x", 1, retain=True)
    client = t.client()
    client.subscribe((t.topic(), 1 | 0x20))
    t.quiet(client, publisher, 1)


# ---------------------------------------------------------------- delivery

@proves("MQTT-3.8.4-8", v311="MQTT-3.8.4-6", v31="MQTT31-qos-4")
def delivery_is_at_the_lower_of_both_qos(t):
    publisher = t.client()
    for granted in (0, 1, 2):
        client = t.client()
        client.subscribe((t.topic(str(granted)), granted))
        for published in (0, 1, 2):
            publisher.publish(t.topic(str(granted)), "x", published)
            client.message("x", qos=min(granted, published))


@proves("MQTT-3.3.4-2", v311="MQTT-3.3.5-1")
def overlapping_subscriptions_deliver_at_their_highest_qos(t):
    client = t.client()
    client.subscribe((t.topic("a/b"), 0), (t.topic("a/+"), 2), (t.topic("#"), 1))
    publisher = t.client()
    publisher.publish(t.topic("a/b"), "x", 2)
    publisher.publish(t.topic("end"), "end", 2)
    got = []
    while not got or got[-1].topic != t.topic("end"):
        got.append(client.message())
    assert max(made.qos for made in got[:-1]) == 2, got


@proves("MQTT-4.6.0-5", "MQTT-4.6.0-6", v311="MQTT-4.6.0-5 MQTT-4.6.0-6")
def each_publishers_order_is_kept(t):
    client = t.client()
    client.subscribe((t.topic(), 2))
    publishers = [t.client() for _ in range(3)]
    for qos in (0, 1, 2):
        for number in range(12):
            for index, publisher in enumerate(publishers):
                publisher.publish(t.topic(), f"{index} {number}", qos)
        got = [client.message(qos=qos).payload.split() for _ in range(36)]
        for index in range(3):
            assert [int(n) for who, n in got if int(who) == index] == list(range(12)), got


@proves("MQTT-4.5.0-1", v311="MQTT-4.5.0-1")
def a_message_goes_to_every_matching_subscriber(t):
    clients = [t.client() for _ in range(10)]
    for index, client in enumerate(clients):
        client.subscribe(((t.topic("a/b"), 1), (t.topic("+/b"), 1), (t.topic("#"), 1))[index % 3])
    t.client().publish(t.topic("a/b"), "x", 1)
    for client in clients:
        client.message("x", topic=t.topic("a/b"))


@proves("MQTT-3.3.2-3", v311="MQTT-3.3.2-3")
def the_topic_delivered_is_the_one_published(t):
    client = t.client()
    client.subscribe((t.topic("a/+/#"), 0))
    for topic in ("a/b", "a/b/c", "a//c/", "a/\u00e9\u4e2d"):
        client.publish(t.topic(topic), "x")
        client.message("x", topic=t.topic(topic))


@proves("MQTT-4.2-1", v311="MQTT-7.1.1-1 MQTT-7.0.0-2")
def packets_may_be_split_and_joined_anywhere_on_tcp(t):
    client = t.raw()
    data = codec.connect(t.version, t.id(), user="u") + codec.subscribe(t.version, [(t.topic(), 1)])
    data += codec.publish(t.version, t.topic(), "x" * 300, 1, id=2) + codec.packet(codec.PINGREQ)
    for byte in data[:40]:
        client.send(bytes([byte]))
    client.send(data[40:])
    client.expect(codec.CONNACK, code=0)
    client.await_kind(codec.SUBACK)
    client.await_kind(PUBACK, id=2)
    client.await_kind(PUBLISH, payload=b"x" * 300)
    client.await_kind(codec.PINGRESP)
