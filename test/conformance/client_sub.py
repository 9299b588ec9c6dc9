"""What `sub` sends: the test plays the broker to it."""
import codec
from codec import (CONNECT, DISCONNECT, PINGREQ, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, SUBSCRIBE,
                   TOPIC_ALIAS, UNSUBSCRIBE)
from client_pub import ended_without_connecting, nothing_comes, rest, until_pause
from registry import proves


def subscribed(t, *arguments, present=False, props=()):
    """`sub` with its subscription made: the fake broker, the program, the connection, its SUBSCRIBE."""
    broker = t.fake()
    program = t.sub(broker, "-t", "a/#", "-q", "2", "-F", "%t %p", *arguments)
    client, _ = broker.accepted(present, props)
    return broker, program, client, confirm(client)


def confirm(client):
    asked = client.expect(SUBSCRIBE)
    client.send(codec.suback(client.version, asked.id, [options & 3 for _, options in asked.filters]))
    return asked


@proves("MQTT-2.2.1-3", "MQTT-3.8.1-1", "MQTT-3.8.3-1", "MQTT-3.8.3-2", "MQTT-3.1.0-1",
        v311="MQTT-2.3.1-1 MQTT-2.3.1-2 MQTT-3.8.1-1 MQTT-3.8.3-1 MQTT-3.8.3-3 MQTT-3.1.0-1", v31="MQTT31-flags-1")
def subscribe_is_well_formed_and_names_what_was_asked_for(t):
    broker = t.fake()
    t.sub(broker, "-t", "a/+", "-t", "caf\u00e9/#", "-q", "1")
    client, _ = broker.accepted()
    filters = []
    while len(filters) < 2:
        asked = confirm(client)
        assert asked.id
        filters += asked.filters
    assert [(name, options & 3) for name, options in filters] == [("a/+", 1), ("caf\u00e9/#", 1)], filters


@proves("MQTT-3.10.1-1", "MQTT-3.10.3-1", "MQTT-3.10.3-2", "MQTT-2.2.1-3",
        v311="MQTT-3.10.1-1 MQTT-3.10.3-1 MQTT-3.10.3-2 MQTT-2.3.1-1")
def unsubscribe_is_well_formed(t):
    broker = t.fake()
    t.sub(broker, "-t", "a/#", "-U", "b\u00e9/+")
    client, _ = broker.accepted()
    seen = {}
    while UNSUBSCRIBE not in seen:
        made = client.receive()
        seen[made.kind] = made
        if made.kind == SUBSCRIBE:
            client.send(codec.suback(t.version, made.id, [0]))
    assert seen[UNSUBSCRIBE].filters == ("b\u00e9/+",) and seen[UNSUBSCRIBE].id
    client.send(codec.unsuback(t.version, seen[UNSUBSCRIBE].id, [0]))


@proves("MQTT-3.3.4-1", "MQTT-4.5.0-2", "MQTT-4.3.2-4", "MQTT-4.3.3-8", "MQTT-4.3.3-11", "MQTT-2.2.1-5", "MQTT-4.6.0-2",
        "MQTT-4.6.0-3", "MQTT-3.4.2-1", "MQTT-3.5.2-1", "MQTT-3.7.2-1",
        v311="MQTT-3.3.4-1 MQTT-4.5.0-2 MQTT-4.3.2-2 MQTT-4.3.3-2 MQTT-2.3.1-6 MQTT-4.6.0-2 MQTT-4.6.0-3",
        v31="MQTT31-qos-1")
def messages_are_acknowledged_by_their_qos_in_the_order_they_came(t):
    _, program, client, _ = subscribed(t)
    ids = (9, 3, 65535, 1)
    client.send(codec.publish(t.version, "a/0", "zero"))
    client.send(b"".join(codec.publish(t.version, "a/1", "one", 1, id=number) for number in ids))
    assert [client.expect(PUBACK, code=0).id for _ in ids] == list(ids)
    client.send(b"".join(codec.publish(t.version, "a/2", "two", 2, id=number) for number in ids))
    assert [client.expect(PUBREC, code=0).id for _ in ids] == list(ids)
    client.send(b"".join(codec.ack(t.version, PUBREL, number) for number in ids))
    assert [client.expect(PUBCOMP, code=0).id for _ in ids] == list(ids)
    nothing_comes(client)
    program.prints(["a/0 zero"] + ["a/1 one"] * 4 + ["a/2 two"] * 4)


@proves("MQTT-4.3.3-10", "MQTT-4.3.3-12", "MQTT-4.3.2-5", v311="MQTT-4.3.3-2 MQTT-4.3.2-2", v31="MQTT31-qos-2")
def a_repeated_qos_2_message_counts_once_until_its_exchange_has_ended(t):
    _, program, client, _ = subscribed(t)
    for payload, dup in (("first", False), ("first", True), ("second", False)):
        client.send(codec.publish(t.version, "a", payload, 2, id=5, dup=dup))
        client.expect(PUBREC, id=5)
        if payload == "first" and not dup:
            continue
        client.send(codec.ack(t.version, PUBREL, 5))
        client.expect(PUBCOMP, id=5)
    for dup in (False, True):
        client.send(codec.publish(t.version, "a", "third", 1, id=5, dup=dup))
        client.expect(PUBACK, id=5)
    program.prints(["a first", "a second", "a third", "a third"])


@proves("MQTT-3.3.2-10", "MQTT-3.3.2-7")
def aliases_up_to_the_maximum_that_it_announced_are_accepted(t):
    broker = t.fake()
    program = t.sub(broker, "-t", "a/#", "-F", "%t %p", "-D", "connect", "topic-alias-maximum", "10")
    client, connect = broker.accepted()
    most = connect.prop(codec.TOPIC_ALIAS_MAXIMUM, 0)
    assert most == 10, most
    confirm(client)
    for alias in (1, most):
        client.send(codec.publish(t.version, f"a/{alias}", "named", 1, id=1, props=[(TOPIC_ALIAS, alias)]))
        client.expect(PUBACK, id=1)
    for alias in (1, most):
        client.send(codec.publish(t.version, "", "aliased", 1, id=1, props=[(TOPIC_ALIAS, alias)]))
        client.expect(PUBACK, id=1)
    program.prints(["a/1 named", "a/10 named", "a/1 aliased", "a/10 aliased"])


@proves("MQTT-3.3.2-8")
def an_alias_of_zero_from_the_server_ends_the_connection(t):
    _, program, client, _ = subscribed(t)
    client.send(codec.publish(t.version, "a", "x", props=[(TOPIC_ALIAS, 0)]))
    assert all(made.kind == DISCONNECT for made in rest(client))
    assert program.printed() == []


@proves("MQTT-1.5.4-1", "MQTT-1.5.4-2", "MQTT-3.3.1-4", "MQTT-3.3.2-2", "MQTT-2.1.3-1", "MQTT-3.6.1-1", "MQTT-3.3.2-14",
        "MQTT-4.7.3-2", "MQTT-3.14.1-1", "MQTT-3.15.1-1",
        v311="MQTT-1.5.3-1 MQTT-1.5.3-2 MQTT-3.3.1-4 MQTT-3.3.2-2 MQTT-2.2.2-2 MQTT-4.8.0-1 MQTT-4.7.3-2")
def what_a_server_may_not_send_ends_the_connection(t):
    v5 = b"\0" if t.v5 else b""
    wrong = [codec.packet(PUBLISH, b"\0\2\xff\xfe" + v5 + b"x"), codec.packet(PUBLISH, b"\0\3a\0b" + v5 + b"x"),
             codec.packet(PUBLISH, b"\0\1a\0\1" + v5, 6), codec.packet(PUBLISH, b"\0\3a/+" + v5 + b"x"),
             codec.packet(codec.PINGRESP, b"", 1), codec.packet(PUBREL, b"\0\1", 0), codec.packet(0, b"")]
    if t.v5:
        wrong += [codec.publish(t.version, "a", "x", props=[(codec.RESPONSE_TOPIC, "#")]),
                  codec.packet(DISCONNECT, b"", 1), codec.packet(codec.AUTH, b"\x18\0", 1)]
    for data in wrong:
        _, program, client, _ = subscribed(t)
        client.send(data)
        got = rest(client)
        assert all(made.kind == DISCONNECT for made in got), got
        assert program.printed() == [], (data, program.printed())
        program.close()


@proves("MQTT-1.5.4-3", v311="MQTT-1.5.3-3")
def a_byte_order_mark_in_a_topic_stays(t):
    _, program, client, _ = subscribed(t)
    client.send(codec.publish(t.version, "a/\ufeffx", "y", 1, id=1))
    client.expect(PUBACK, id=1)
    program.prints(["a/\ufeffx y"])


@proves("MQTT-3.1.2-20", v311="MQTT-3.1.2-23", v31="MQTT31-keep-alive-2", slow=True)
def pingreq_comes_within_each_keep_alive_interval(t):
    broker = t.fake()
    t.sub(broker, "-t", "a", "-k", "5")
    client, connect = broker.accepted()
    assert connect.connect["keep_alive"] == 5
    confirm(client)
    for _ in range(2):
        assert client.receive(6.5).kind == PINGREQ
        client.send(codec.packet(codec.PINGRESP))


@proves("MQTT-3.1.2-21", "MQTT-3.2.2-21", slow=True)
def the_servers_keep_alive_counts_instead_of_its_own(t):
    _, _, client, _ = subscribed(t, "-k", "600", props=[(codec.SERVER_KEEP_ALIVE, 1)])
    for _ in range(2):
        assert client.receive(2.5).kind == PINGREQ
        client.send(codec.packet(codec.PINGRESP))


@proves("MQTT-3.2.2-4")
def a_session_that_it_does_not_have_ends_the_connection(t):
    broker = t.fake()
    t.sub(broker, "-t", "a", "-i", t.id())
    client, connect = broker.accepted(present=True)
    assert connect.connect["clean"]
    assert all(made.kind in (DISCONNECT, SUBSCRIBE) for made in rest(client))


@proves("MQTT-3.1.2-23", "MQTT-4.1.0-1", v311="MQTT-3.1.2-4 MQTT-4.1.0-1 MQTT-4.1.0-2", v31="MQTT31-session-2")
def a_kept_session_is_asked_for_and_goes_on_after_a_cut(t):
    broker, program, client, _ = subscribed(t, "-c", "-i", t.id())
    connect = client.all[0]
    assert not connect.connect["clean"] and connect.connect["client_id"] == t.id()
    assert not t.v5 or connect.prop(codec.SESSION_EXPIRY, 0) > 0
    client.send(codec.publish(t.version, "a", "once", 2, id=8))
    client.expect(PUBREC, id=8)
    client.close()
    client, connect = broker.accepted(present=t.version != codec.V31)
    assert not connect.connect["clean"] and connect.connect["client_id"] == t.id()
    client.send(codec.publish(t.version, "a", "once", 2, id=8, dup=True))
    while (made := client.receive()).kind == SUBSCRIBE:
        client.send(codec.suback(t.version, made.id, [2]))
    assert (made.kind, made.id) == (PUBREC, 8), made
    client.send(codec.ack(t.version, PUBREL, 8))
    client.await_kind(PUBCOMP, id=8)
    program.prints(["a once"])


@proves("MQTT-4.7.1-1", "MQTT-4.7.1-2", "MQTT-4.7.3-1", "MQTT-4.7.3-3", "MQTT-4.7.0-1", "MQTT-4.8.2-1", "MQTT-4.8.2-2",
        v311="MQTT-4.7.1-2 MQTT-4.7.1-3 MQTT-4.7.3-1 MQTT-4.7.3-3 MQTT-4.7.1-1", v31="MQTT31-topic-2")
def filters_that_are_none_are_not_subscribed_to(t):
    for wrong in ("a/#/b", "a#", "+a", "a/b+", "", "a" * 65536, *(("$share//a", "$share/g") if t.v5 else ())):
        broker = t.fake()
        program = t.sub(broker, "-t", wrong)
        if not ended_without_connecting(broker, program):
            got = until_pause(broker.peers[0])
            assert all(made.kind != SUBSCRIBE for made in got), got


@proves("MQTT-3.14.4-1", "MQTT-3.14.4-2", v311="MQTT-3.14.4-1 MQTT-3.14.4-2")
def after_its_last_message_it_disconnects_and_closes(t):
    _, program, client, _ = subscribed(t, "-C", "1")
    client.send(codec.publish(t.version, "a", "x", 1, id=1))
    client.expect(PUBACK, id=1)
    client.await_kind(DISCONNECT)
    assert client.receive() is None
    assert program.wait() == 0


@proves("MQTT-4.3.3-13")
def the_exchange_of_an_expired_message_is_completed(t):
    _, _, client, _ = subscribed(t)
    client.send(codec.publish(t.version, "a", "x", 2, id=4, props=[(codec.MESSAGE_EXPIRY, 0)]))
    client.expect(PUBREC, id=4)
    client.send(codec.ack(t.version, PUBREL, 4))
    client.expect(PUBCOMP, id=4)




@proves("MQTT-3.4.2-2", "MQTT-3.4.2-3", "MQTT-3.5.2-2", "MQTT-3.5.2-3", "MQTT-3.7.2-2", "MQTT-3.7.2-3", "MQTT-3.14.2-3",
        "MQTT-3.14.2-4", "MQTT-3.2.2-15")
def acknowledgements_fit_the_servers_maximum_packet_size(t):
    broker = t.fake()
    t.sub(broker, "-t", "a", "-q", "2")
    client, _ = broker.accepted(props=[(codec.MAXIMUM_PACKET_SIZE, 12)])
    confirm(client)
    client.send(codec.publish(t.version, "a", "x", 1, id=1), codec.publish(t.version, "a", "x", 2, id=2))
    client.expect(PUBACK)
    client.expect(PUBREC)
    client.send(codec.ack(t.version, PUBREL, 2), codec.ack(t.version, PUBREL, 99))
    client.expect(PUBCOMP, id=2)
    client.expect(PUBCOMP, id=99)
    client.send(codec.publish(t.version, "", "x", props=[(TOPIC_ALIAS, 77)]))
    rest(client)
    assert all(len(made.raw) <= 12 for made in client.all[1:]), client.all
