"""MQTT 5 in the broker: properties forwarded, expiry, topic aliases, flow control, packet sizes, AUTH."""
import time

import codec
from codec import (CONNACK, MESSAGE_EXPIRY, PUBACK, PUBLISH, PUBREC, PUBREL, RECEIVE_MAXIMUM, SUBACK, TOPIC_ALIAS,
                   TOPIC_ALIAS_MAXIMUM, UNSUBACK, USER_PROPERTY, V5)
from registry import NotRun, proves
from server_subscribe import ends

BAD_TEXT = b"\xed\xa0\x80"
ALIAS_INVALID, PROTOCOL_ERROR = 0x94, 0x82


# ---------------------------------------------------------------- forwarding

@proves("MQTT-3.3.2-4", "MQTT-3.3.2-15", "MQTT-3.3.2-16", "MQTT-3.3.2-17", "MQTT-3.3.2-18", "MQTT-3.3.2-20")
def properties_are_forwarded_unchanged_and_in_their_order(t):
    props = [(codec.PAYLOAD_FORMAT, 0), (codec.USER_PROPERTY, ("b", "1")), (codec.CONTENT_TYPE, "t\u00fcp"),
             (codec.USER_PROPERTY, ("a", "")), (codec.RESPONSE_TOPIC, "re/ply"),
             (codec.CORRELATION_DATA, bytes(range(256))), (codec.USER_PROPERTY, ("b", "0"))]
    clients = [t.client() for _ in range(3)]
    for client in clients:
        client.subscribe((t.topic(), 1))
    t.client().publish(t.topic(), "x", 1, props=props, retain=True)
    late = t.client()
    late.subscribe((t.topic(), 1))
    for client in (*clients, late):
        got = client.message("x")
        assert sorted(map(str, got.props)) == sorted(map(str, props)), got.props
        assert got.all_props(USER_PROPERTY) == [("b", "1"), ("a", ""), ("b", "0")]


@proves("MQTT-2.2.2-1")
def no_properties_are_written_as_length_zero(t):
    client = t.client()
    answer = client.subscribe((t.topic(), 1))
    client.publish(t.topic(), "x", 1)
    got = client.message("x")
    assert got.props == () and got.raw[-2] == 0, "Property Length zero stands before the payload"
    assert answer.props == () and answer.raw[4] == 0


@proves("MQTT-3.3.2-13", "MQTT-3.3.2-19", "MQTT-1.5.4-1", "MQTT-1.5.7-1")
def text_properties_that_are_not_utf_8_end_the_connection(t):
    for name in (codec.RESPONSE_TOPIC, codec.CONTENT_TYPE):
        ends(t, codec.publish(V5, t.topic(), "x", props=[(name, BAD_TEXT)]), (0x81,))
    for pair in ((BAD_TEXT, b"a"), (b"a", BAD_TEXT), (b"a", b"\0")):
        ends(t, codec.publish(V5, t.topic(), "x", props=[(USER_PROPERTY, pair)]), (0x81,))


@proves("MQTT-3.3.2-14")
def a_response_topic_with_a_wildcard_ends_the_connection(t):
    for topic in ("a/+", "#"):
        ends(t, codec.publish(V5, t.topic(), "x", props=[(codec.RESPONSE_TOPIC, topic)]), (0x81, 0x82, 0x90))


# ---------------------------------------------------------------- expiry

@proves("MQTT-3.3.2-5", slow=True)
def an_expired_message_is_not_delivered(t):
    client, _ = t.durable("late")
    client.subscribe((t.topic(), 2))
    client.disconnect()
    publisher = t.client()
    publisher.publish(t.topic(), "short", 1, props=[(MESSAGE_EXPIRY, 1)], retain=True)
    publisher.publish(t.topic("other"), "x", 1)
    time.sleep(2.2)
    client, _ = t.durable("late")
    t.quiet(client, publisher, 1)
    reader = t.client()
    reader.subscribe((t.topic(), 1))
    t.quiet(reader, publisher, 1)


@proves("MQTT-3.3.2-6", slow=True)
def the_expiry_interval_is_forwarded_less_the_time_waited(t):
    client, _ = t.durable("late")
    client.subscribe((t.topic(), 1))
    client.disconnect()
    t.client().publish(t.topic(), "x", 1, props=[(MESSAGE_EXPIRY, 100)])
    time.sleep(2.1)
    client, _ = t.durable("late")
    left = client.message("x").prop(MESSAGE_EXPIRY)
    assert 90 <= left <= 98, left


@proves("MQTT-4.3.3-7", "MQTT-4.3.3-13", slow=True)
def a_message_under_way_does_not_expire(t):
    client, _ = t.durable("c")
    client.subscribe((t.topic(), 2))
    t.client().publish(t.topic(), "x", 2, props=[(MESSAGE_EXPIRY, 1)])
    made = client.expect(PUBLISH)
    time.sleep(2.2)
    client.send(codec.ack(V5, PUBREC, made.id))
    client.expect(PUBREL, id=made.id)
    client.send(codec.ack(V5, codec.PUBCOMP, made.id))
    client.ping()


@proves("MQTT-4.3.3-13", slow=True)
def the_receiver_completes_the_exchange_of_an_expired_message(t):
    client = t.client()
    client.send(codec.publish(V5, t.topic(), "x", 2, id=1, props=[(MESSAGE_EXPIRY, 1)]))
    client.expect(PUBREC, id=1)
    time.sleep(1.5)
    client.send(codec.ack(V5, PUBREL, 1))
    client.expect(codec.PUBCOMP, id=1, code=0)


# ---------------------------------------------------------------- topic aliases

def with_aliases(t):
    client = t.raw()
    most = client.connect(t.id(f"a{next(t.count)}")).prop(TOPIC_ALIAS_MAXIMUM, 0)
    if not most:
        raise NotRun("the broker takes no topic aliases")
    return client, most


@proves("MQTT-3.3.2-12")
def every_alias_up_to_the_maximum_is_accepted(t):
    reader = t.client()
    reader.subscribe((t.topic("#"), 1))
    client, most = with_aliases(t)
    for alias in sorted({1, 2, most // 2 + 1, most}):
        client.publish(t.topic(str(alias)), "named", 1, props=[(TOPIC_ALIAS, alias)])
        reader.message("named", topic=t.topic(str(alias)), props=())
        client.publish("", "aliased", 1, props=[(TOPIC_ALIAS, alias)])
        reader.message("aliased", topic=t.topic(str(alias)))
        client.publish(t.topic("new"), "moved", 1, props=[(TOPIC_ALIAS, alias)])
        reader.message("moved", topic=t.topic("new"))
        client.publish("", "aliased", 1, props=[(TOPIC_ALIAS, alias)])
        reader.message("aliased", topic=t.topic("new"))


@proves("MQTT-3.3.2-8")
def alias_0_is_invalid(t):
    ends(t, codec.publish(V5, t.topic(), "x", props=[(TOPIC_ALIAS, 0)]), (ALIAS_INVALID,))


@proves("MQTT-4.13.1-1")
def an_alias_above_the_maximum_is_invalid(t):
    client, most = with_aliases(t)
    if most == 65535:
        raise NotRun("the broker takes every topic alias")
    client.send(codec.publish(V5, t.topic(), "x", props=[(TOPIC_ALIAS, most + 1)]))
    assert client.expect_closed() in (None, ALIAS_INVALID)


@proves("MQTT-3.3.2-7")
def an_alias_is_forgotten_with_its_connection(t):
    client, _ = with_aliases(t)
    client.publish(t.topic(), "x", 1, props=[(TOPIC_ALIAS, 1)])
    client.cut()
    client = t.raw()
    client.connect(client.client_id or t.id("a0"), clean=False)
    client.send(codec.publish(V5, "", "x", props=[(TOPIC_ALIAS, 1)]))
    assert client.expect_closed() in (None, PROTOCOL_ERROR, ALIAS_INVALID)


@proves("MQTT-3.1.2-26", "MQTT-3.3.2-11")
def the_servers_aliases_stay_within_the_clients_maximum(t):
    client = t.raw()
    client.connect(t.id(), props=[(TOPIC_ALIAS_MAXIMUM, 2)])
    client.subscribe((t.topic("#"), 0))
    publisher = t.client()
    known = {}
    for number in range(30):
        topic = t.topic(f"a long enough name {number % 5}")
        publisher.publish(topic, "x")
        made = client.message("x")
        alias = made.prop(TOPIC_ALIAS)
        assert alias is None or 1 <= alias <= 2, alias
        if alias and made.topic:
            known[alias] = made.topic
        assert (made.topic or known[alias]) == topic


@proves("MQTT-3.1.2-27")
def without_a_maximum_the_server_uses_no_aliases(t):
    for props in ((), [(TOPIC_ALIAS_MAXIMUM, 0)]):
        client = t.raw()
        client.connect(t.id(f"n{len(props)}"), props=props)
        client.subscribe((t.topic(), 0))
        for _ in range(10):
            client.publish(t.topic(), "x")
            assert client.message("x", topic=t.topic()).prop(TOPIC_ALIAS) is None


# ---------------------------------------------------------------- Receive Maximum

@proves("MQTT-3.3.4-9", "MQTT-4.9.0-1", "MQTT-4.9.0-2", "MQTT-3.3.4-10", "MQTT-4.9.0-3")
def the_server_keeps_to_the_clients_receive_maximum_and_still_answers(t):
    client = t.raw()
    client.connect(t.id(), props=[(RECEIVE_MAXIMUM, 3)])
    client.subscribe((t.topic(), 2))
    publisher = t.client()
    for number in range(10):
        publisher.publish(t.topic(), str(number), 1 + number % 2)
    client.ping()
    held = [client.expect(PUBLISH) for _ in range(3)]
    client.ping()
    assert not client.kept, "more than Receive Maximum"
    client.subscribe((t.topic("zero"), 0))
    publisher.publish(t.topic("zero"), "zero")
    client.message("zero", qos=0)
    client.acknowledge(held[0])
    fourth = client.expect(PUBLISH, payload="3")
    client.send(codec.ack(V5, PUBREC, held[1].id))
    client.expect(PUBREL, id=held[1].id)
    client.ping()
    assert not client.kept, "PUBREC alone frees no place"
    client.send(codec.ack(V5, codec.PUBCOMP, held[1].id))
    fifth = client.expect(PUBLISH, payload="4")
    for made in (held[2], fourth, fifth):
        client.acknowledge(made)
    for number in range(5, 10):
        client.message(str(number))


@proves("MQTT-4.9.0-1")
def a_receive_maximum_of_zero_is_a_protocol_error(t):
    t.client().ping()
    client = t.raw()
    client.send(codec.connect(V5, t.id(), props=[(RECEIVE_MAXIMUM, 0)]))
    assert client.expect_refused() in (None, 0x82, 0x81)


# ---------------------------------------------------------------- Maximum Packet Size

@proves("MQTT-3.1.2-24", "MQTT-3.1.2-25")
def a_message_too_large_for_the_client_is_dropped_for_it_alone(t):
    client, other = t.raw(), t.client()
    client.connect(t.id(), props=[(codec.MAXIMUM_PACKET_SIZE, 60)])
    for one in (client, other):
        one.subscribe((t.topic("#"), 2))
    publisher = t.client()
    for qos in (0, 1, 2):
        publisher.publish(t.topic(), "x" * 100, qos)
        other.message("x" * 100)
        publisher.publish(t.topic(), "small", qos)
        for one in (other, client):
            one.message("small", qos=qos)


@proves("MQTT-3.1.2-24", "MQTT-3.1.2-25")
def a_waiting_message_too_large_for_the_client_is_dropped(t):
    client, _ = t.durable("w")
    client.subscribe((t.topic(), 1))
    client.disconnect()
    publisher = t.client()
    publisher.publish(t.topic(), "x" * 100, 1)
    publisher.publish(t.topic(), "small", 1)
    client, _ = t.durable("w", props=[(codec.MAXIMUM_PACKET_SIZE, 60)])
    client.message("small")


ACL = ("acl_file {folder}/acl", "#file acl topic read open/#")


@proves("MQTT-3.4.2-2", "MQTT-3.4.2-3", "MQTT-3.5.2-2", "MQTT-3.5.2-3", "MQTT-3.6.2-2", "MQTT-3.6.2-3", "MQTT-3.7.2-2",
        "MQTT-3.7.2-3", "MQTT-3.9.2-1", "MQTT-3.9.2-2", "MQTT-3.11.2-1", "MQTT-3.11.2-2", "MQTT-3.1.2-24")
def acknowledgements_fit_the_maximum_packet_size(t):
    client = t.raw(t.broker(*ACL))
    client.connect(t.id(), props=[(codec.MAXIMUM_PACKET_SIZE, 40)])
    client.send(codec.packet(codec.PINGREQ))
    client.expect(codec.PINGRESP)
    small = t.raw(t.broker(*ACL))
    small.send(codec.connect(V5, t.id("s"), props=[(codec.MAXIMUM_PACKET_SIZE, 8)]))
    answer = small.receive()
    if answer is None or answer.code:
        small = client
    exchange = [(codec.publish(V5, t.topic(), "x", 1, id=1), PUBACK),
                (codec.publish(V5, t.topic(), "x", 2, id=2), PUBREC),
                (codec.ack(V5, PUBREL, 9), codec.PUBCOMP), (codec.ack(V5, PUBREC, 9), PUBREL),
                (codec.subscribe(V5, [("secret", 1)], 3), SUBACK), (codec.unsubscribe(V5, ["secret"], 4), UNSUBACK)]
    for one in {small, client}:
        limit = 8 if one is small and small is not client else 40
        for data, kind in exchange:
            one.send(data)
            assert len(one.expect(kind).raw) <= limit


@proves("MQTT-3.14.2-3", "MQTT-3.14.2-4", "MQTT-3.1.2-24")
def disconnect_fits_the_maximum_packet_size(t):
    client = t.raw()
    client.connect(t.id(), props=[(codec.MAXIMUM_PACKET_SIZE, 60)])
    client.send(codec.publish(V5, t.topic("+"), "x"))
    client.expect_closed()
    assert all(len(made.raw) <= 60 for made in client.all)


@proves("MQTT-3.1.2-29")
def without_problem_information_acknowledgements_carry_no_text(t):
    client = t.raw(t.broker(*ACL))
    client.connect(t.id(), props=[(codec.PROBLEM_INFORMATION, 0)])
    for data, kind in ((codec.publish(V5, t.topic(), "x", 1, id=1), PUBACK),
                       (codec.publish(V5, t.topic(), "x", 2, id=2), PUBREC),
                       (codec.subscribe(V5, [("secret", 1)], 3), SUBACK),
                       (codec.unsubscribe(V5, ["none"], 4), UNSUBACK)):
        client.send(data)
        made = client.expect(kind)
        assert not {name for name, _ in made.props} & {codec.REASON_STRING, USER_PROPERTY}, made.props


# ---------------------------------------------------------------- AUTH

@proves("MQTT-4.12.0-6", "MQTT-4.13.1-1")
def auth_without_a_method_in_connect_ends_the_connection(t):
    ends(t, codec.auth(0x19, [(codec.AUTH_METHOD, "m")]), (0x82,))


@proves("MQTT-3.15.1-1")
def auth_with_reserved_flags_is_malformed(t):
    ends(t, codec.packet(codec.AUTH, b"\x19" + codec.properties([(codec.AUTH_METHOD, "m")]), 1), (0x81, 0x82))


@proves("MQTT-3.2.0-1")
def a_method_in_connect_gets_a_refusal_before_anything_else(t):
    t.client().ping()
    client = t.raw()
    client.send(codec.connect(V5, t.id(), props=[(codec.AUTH_METHOD, "m")]),
                codec.publish(V5, t.topic(), "x", 1), codec.packet(codec.PINGREQ))
    made = client.receive()
    assert made is None or made.kind == CONNACK and made.code in (0x8C, 0x87), made
    assert made is None or client.receive() is None


# ---------------------------------------------------------------- encoding

@proves("MQTT-1.5.5-1")
def a_variable_byte_integer_that_is_not_the_shortest_ends_the_connection(t):
    body = codec.prefixed(t.topic()) + b"\x80\x00x"
    ends(t, codec.packet(PUBLISH, body), (0x81,))
    ends(t, b"\xc0\x80\x00", (0x81,))


@proves("MQTT-4.13.1-1", "MQTT-3.6.2-1", "MQTT-3.4.2-1", "MQTT-3.5.2-1", "MQTT-3.7.2-1", "MQTT-3.14.2-1")
def reason_codes_that_a_packet_may_not_carry_end_the_connection(t):
    for kind, code in ((PUBACK, 0x01), (PUBREC, 0x92), (PUBREL, 0x80), (codec.PUBCOMP, 0x10), (codec.DISCONNECT, 0x01)):
        body = bytes([code]) if kind == codec.DISCONNECT else b"\0\1" + bytes([code])
        ends(t, codec.packet(kind, body), (0x81, 0x82))
