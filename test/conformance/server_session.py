"""Sessions: begun, kept, resumed, ended; wills; keep alive; DISCONNECT."""
import time

import codec
from codec import PUBACK, PUBLISH, PUBREC, PUBREL, V5, Will
from registry import proves

TICK = 1.0  # Seconds: the smallest interval that the protocol can name.


# ---------------------------------------------------------------- begin and resume

@proves("MQTT-3.1.2-6", "MQTT-3.2.2-3", "MQTT-3.1.4-4", v311="MQTT-3.2.2-3 MQTT-3.1.4-3 MQTT-3.1.2-4")
def a_session_that_is_not_there_is_made_and_said_to_be_new(t):
    _, answer = t.durable("new")
    assert not answer.present


@proves("MQTT-3.1.2-5", "MQTT-3.1.2-23", "MQTT-3.2.2-3", "MQTT-4.5.0-1", "MQTT-4.1.0-1", "MQTT-3.1.3-2",
        v311="MQTT-3.1.2-4 MQTT-3.1.2-5 MQTT-3.2.2-2 MQTT-4.5.0-1 MQTT-4.1.0-1 MQTT-4.1.0-2 MQTT-3.1.3-2",
        v31="MQTT31-session-2")
def a_kept_session_has_its_subscriptions_and_messages_at_the_next_connection(t):
    client, _ = t.durable("kept")
    client.subscribe((t.topic(), 2))
    client.disconnect()
    publisher = t.client()
    for qos in (1, 2):
        publisher.publish(t.topic(), f"away {qos}", qos)
    client, answer = t.durable("kept")
    assert answer.present or t.version == codec.V31
    assert {client.message().payload for _ in range(2)} == {b"away 1", b"away 2"}
    publisher.publish(t.topic(), "back", 1)
    client.message("back")


@proves("MQTT-3.1.2-23", v311="MQTT-4.1.0-2 MQTT-3.1.2-4")
def a_session_outlives_a_connection_that_was_cut(t):
    client, _ = t.durable("cut")
    client.subscribe((t.topic(), 1))
    client.cut()
    t.client().publish(t.topic(), "x", 1)
    client, answer = t.durable("cut")
    assert answer.present
    client.message("x")


@proves("MQTT-3.1.2-4", "MQTT-3.2.2-2", "MQTT-3.1.4-4", v311="MQTT-3.1.2-6 MQTT-3.2.2-1 MQTT-3.1.4-3",
        v31="MQTT31-session-3")
def a_clean_start_drops_what_was_kept(t):
    client, _ = t.durable("old")
    client.subscribe((t.topic(), 1))
    client.disconnect()
    publisher = t.client()
    publisher.publish(t.topic(), "lost", 1)
    client, answer = t.durable("old", clean=True)
    assert not answer.present
    publisher.publish(t.topic(), "lost too", 1)
    t.quiet(client, publisher, 1)


@proves("MQTT-4.1.0-2", v311="MQTT-3.1.2-6", v31="MQTT31-session-4")
def a_session_without_expiry_ends_with_its_connection(t):
    client = t.client("brief")
    client.subscribe((t.topic(), 1))
    client.disconnect()
    t.client().publish(t.topic(), "lost", 1)
    client, answer = t.durable("brief")
    assert not answer.present
    publisher = t.client()
    publisher.publish(t.topic(), "lost too", 1)
    t.quiet(client, publisher, 1)


@proves("MQTT-4.1.0-2", slow=True)
def a_session_ends_when_its_expiry_interval_has_passed(t):
    client, _ = t.durable("timed", expiry=1)
    client.subscribe((t.topic(), 1))
    client.disconnect()
    time.sleep(2 * TICK + 0.5)
    _, answer = t.durable("timed")
    assert not answer.present


@proves("MQTT-3.1.2-23", slow=True)
def a_session_is_there_until_its_expiry_interval_has_passed(t):
    client, _ = t.durable("timed", expiry=60)
    client.disconnect()
    time.sleep(TICK)
    _, answer = t.durable("timed")
    assert answer.present


@proves("MQTT-3.1.2-23", "MQTT-4.1.0-2")
def disconnect_can_set_another_expiry_interval(t):
    client, _ = t.durable("over")
    client.disconnect(0, [(codec.SESSION_EXPIRY, 0)])
    _, answer = t.durable("over")
    assert not answer.present


@proves("MQTT-4.1.0-1", v311="MQTT-4.1.0-1")
def subscriptions_hold_as_long_as_the_connection(t):
    client = t.client()
    client.subscribe((t.topic(), 1))
    publisher = t.client()
    for number in range(50):
        publisher.publish(t.topic(), str(number), number % 2)
        client.ping()
    assert len(client.messages(50)) == 50


@proves(v311="MQTT-3.1.2-7")
def retained_messages_outlive_the_session_that_published_them(t):
    client = t.client("gone")
    client.publish(t.topic(), "stays", 1, retain=True)
    client.disconnect()
    t.client("gone").ping()
    reader = t.client()
    reader.subscribe((t.topic(), 1))
    reader.message("stays", retain=True)


@proves("MQTT-3.1.4-3", "MQTT-3.1.2-5", v311="MQTT-3.1.4-2 MQTT-3.2.2-2")
def a_session_that_is_taken_over_goes_on_at_the_new_connection(t):
    first, _ = t.durable("moved")
    first.subscribe((t.topic(), 1))
    second, answer = t.durable("moved")
    assert answer.present
    first.expect_closed()
    t.client().publish(t.topic(), "x", 1)
    second.message("x")


# ---------------------------------------------------------------- wills

def with_will(t, name="w", qos=1, retain=False, will_props=(), **fields):
    client = t.raw()
    client.connect(t.id(name), will=Will(t.topic("will"), b"gone", qos, retain, will_props), **fields)
    return client


def watcher(t, options=2):
    client = t.client()
    client.subscribe((t.topic("will"), options))
    return client


@proves("MQTT-3.1.2-7", "MQTT-3.1.2-8", "MQTT-3.1.2-14", "MQTT-3.1.2-10",
        v311="MQTT-3.1.2-8 MQTT-3.1.2-16 MQTT-3.1.2-9 MQTT-3.1.2-10", v31="MQTT31-will-1")
def a_cut_connection_publishes_its_will_once_and_not_retained(t):
    for qos in (0, 1, 2):
        reader = watcher(t)
        with_will(t, f"w{qos}", qos).cut()
        reader.message("gone", topic=t.topic("will"), qos=qos, retain=False)
        t.client(f"w{qos}").disconnect()
        t.quiet(reader, t.client(), 1)
        late = watcher(t)
        t.quiet(late, t.client())
        late.disconnect()
        reader.disconnect()


@proves("MQTT-3.1.2-15", v311="MQTT-3.1.2-17")
def a_retained_will_is_retained(t):
    reader = watcher(t)
    with_will(t, retain=True).cut()
    reader.message("gone")
    watcher(t).message("gone", retain=True, qos=1)


@proves("MQTT-3.14.4-3", "MQTT-3.1.2-8", "MQTT-3.1.2-10", v311="MQTT-3.14.4-3 MQTT-3.1.2-8 MQTT-3.1.2-10",
        v31="MQTT31-disconnect-1")
def disconnect_throws_the_will_away(t):
    reader = watcher(t)
    with_will(t).disconnect()
    t.quiet(reader, t.client(), 1)


@proves(v311="MQTT-3.1.2-12")
def without_a_will_nothing_is_published_at_the_end(t):
    reader = t.client()
    reader.subscribe((t.topic("#"), 1))
    t.client("plain").cut()
    t.quiet(reader, t.client(), 1)


@proves("MQTT-3.1.2-8", "MQTT-3.14.4-3")
def disconnect_with_will_message_publishes_the_will(t):
    reader = watcher(t)
    with_will(t).disconnect(4)
    reader.message("gone")


@proves("MQTT-3.1.2-8", v311="MQTT-3.1.2-8")
def a_protocol_error_publishes_the_will(t):
    reader = watcher(t)
    client = with_will(t)
    client.send(codec.packet(codec.SUBSCRIBE, b"", 0))
    client.expect_closed()
    reader.message("gone")


@proves("MQTT-3.1.2-8", slow=True)
def a_will_waits_for_its_delay(t):
    reader = watcher(t)
    client = with_will(t, props=[(codec.SESSION_EXPIRY, 60)], will_props=[(codec.WILL_DELAY, 2)])
    client.cut()
    began = time.monotonic()
    t.quiet(reader, t.client(), 1)
    reader.message("gone")
    took = time.monotonic() - began
    assert 1.5 * TICK < took < 4 * TICK, f"after {took:.2f} s"


@proves("MQTT-3.1.2-8", slow=True)
def a_will_does_not_wait_longer_than_its_session_lasts(t):
    reader = watcher(t)
    client = with_will(t, props=[(codec.SESSION_EXPIRY, 1)], will_props=[(codec.WILL_DELAY, 600)])
    client.cut()
    reader.message("gone")


@proves("MQTT-3.1.3-9", "MQTT-3.1.2-8", slow=True)
def a_client_that_comes_back_in_time_suppresses_its_will(t):
    reader = watcher(t)
    client = with_will(t, props=[(codec.SESSION_EXPIRY, 60)], will_props=[(codec.WILL_DELAY, 1)])
    client.cut()
    client, answer = t.durable("w")
    assert answer.present
    time.sleep(2 * TICK + 0.5)
    t.quiet(reader, t.client(), 1)
    client.ping()


@proves("MQTT-3.1.2-8")
def a_new_session_of_the_same_client_ends_the_delay_of_its_will(t):
    reader = watcher(t)
    client = with_will(t, props=[(codec.SESSION_EXPIRY, 60)], will_props=[(codec.WILL_DELAY, 600)])
    client.cut()
    t.durable("w", clean=True)
    reader.message("gone")


@proves("MQTT-3.1.3-10", "MQTT-3.3.2-4", "MQTT-3.3.2-15", "MQTT-3.3.2-16", "MQTT-3.3.2-20")
def a_will_is_published_with_its_properties_in_their_order(t):
    props = [(codec.PAYLOAD_FORMAT, 1), (codec.CONTENT_TYPE, "text"), (codec.RESPONSE_TOPIC, "r"),
             (codec.CORRELATION_DATA, b"\0\1"), (codec.USER_PROPERTY, ("b", "1")), (codec.USER_PROPERTY, ("a", "2")),
             (codec.USER_PROPERTY, ("b", "0"))]
    reader = watcher(t)
    with_will(t, will_props=props).cut()
    got = reader.message("gone")
    assert got.all_props(codec.USER_PROPERTY) == [("b", "1"), ("a", "2"), ("b", "0")]
    assert sorted(map(str, got.props)) == sorted(map(str, props)), got.props


# ---------------------------------------------------------------- keep alive

@proves("MQTT-3.1.2-22", "MQTT-3.2.2-22", v311="MQTT-3.1.2-24", v31="MQTT31-keep-alive-1", slow=True)
def silence_of_one_and_a_half_keep_alive_intervals_ends_the_connection_and_publishes_the_will(t):
    reader = watcher(t)
    client = with_will(t, keep_alive=1)
    began = time.monotonic()
    reason = client.expect_closed()
    took = time.monotonic() - began
    latest = 4 if t.suite.is_strict else 8  # Others look at the clock now and then only.
    assert 1.3 * TICK < took < latest * TICK, f"after {took:.2f} s"
    assert reason in ((None, 0x8D) if t.v5 else (None,)), reason
    reader.message("gone")


@proves("MQTT-3.1.2-22", v311="MQTT-3.1.2-24", v31="MQTT31-keep-alive-2", slow=True)
def any_packet_within_the_keep_alive_interval_keeps_the_connection(t):
    client = t.client(keep_alive=1)
    for number in range(4):
        time.sleep(0.8 * TICK)
        if number % 2:
            client.ping()
        else:
            client.send(codec.publish(t.version, t.topic(), "x"))
    client.ping()


@proves("MQTT-3.1.2-22", v311="MQTT-3.1.2-24", v31="MQTT31-keep-alive-3", slow=True)
def a_keep_alive_of_zero_lets_the_client_be_silent(t):
    client = t.client(keep_alive=0)
    time.sleep(2.5 * TICK)
    client.ping()


@proves("MQTT-3.1.2-22", "MQTT-3.2.2-22", slow=True)
def a_server_keep_alive_is_announced_and_in_force(t):
    broker = t.broker("max_keepalive 10")
    client = t.raw(broker)
    answer = client.connect(t.id(), keep_alive=600)
    assert answer.prop(codec.SERVER_KEEP_ALIVE) == 10
    assert t.raw(broker).connect(t.id("b"), keep_alive=5).prop(codec.SERVER_KEEP_ALIVE, 5) == 5


@proves("MQTT-3.12.4-1", v311="MQTT-3.12.4-1")
def pingreq_is_answered(t):
    client = t.client()
    for _ in range(3):
        client.ping()


# ---------------------------------------------------------------- DISCONNECT

@proves("MQTT-3.14.4-1", "MQTT-3.14.4-2", "MQTT-3.14.2-2", "MQTT-3.14.2-1")
def the_servers_disconnect_is_its_last_packet_and_it_closes(t):
    client = t.client()
    client.send(codec.packet(PUBLISH, b"\0\1a\0", flags=6), codec.packet(codec.PINGREQ))
    assert client.expect_closed() in (0x81, None)


@proves("MQTT-3.14.1-1", v311="MQTT-3.14.1-1")
def disconnect_with_reserved_flags_is_malformed(t):
    reader = watcher(t)
    client = with_will(t)
    client.send(codec.packet(codec.DISCONNECT, b"", 1))
    assert client.expect_closed() in ((0x81, None) if t.v5 else (None,))
    reader.message("gone")


@proves("MQTT-3.14.4-2", v31="MQTT31-disconnect-2", v311="MQTT-3.14.4-3")
def the_server_closes_after_disconnect(t):
    client = t.client()
    client.send(codec.disconnect(t.version))
    assert client.receive() is None


@proves("MQTT-4.13.1-1")
def an_expiry_interval_in_disconnect_after_none_in_connect_is_a_protocol_error(t):
    client = t.client()
    client.send(codec.disconnect(V5, 0, [(codec.SESSION_EXPIRY, 5)]))
    assert client.expect_closed() in (0x82, None)


# ---------------------------------------------------------------- what is owed after a reconnect

@proves("MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-2.2.1-4", "MQTT-4.3.2-3",
        v311="MQTT-4.4.0-1 MQTT-3.3.1-1 MQTT-2.3.1-4 MQTT-4.3.2-1 MQTT-4.6.0-6", v31="MQTT31-session-5")
def unacknowledged_messages_come_again_in_order_with_their_ids_and_dup(t):
    client, _ = t.durable("again")
    client.subscribe((t.topic(), 2))
    publisher = t.client()
    for number in range(6):
        publisher.publish(t.topic(), str(number), 1 + number % 2)
    first = [client.expect(PUBLISH, dup=False) for _ in range(6)]
    client.cut()
    client, _ = t.durable("again")
    again = [client.expect(PUBLISH, dup=True) for _ in range(6)]
    assert [(one.id, one.payload, one.qos) for one in again] == [(one.id, one.payload, one.qos) for one in first]
    for made in again:
        client.acknowledge(made)
    client.disconnect()
    client, _ = t.durable("again")
    t.quiet(client, publisher, 1)


@proves("MQTT-4.4.0-1", v311="MQTT-4.4.0-1", slow=True)
def nothing_is_sent_again_on_a_live_connection(t):
    client = t.client()
    client.subscribe((t.topic(), 1))
    publisher = t.client()
    publisher.publish(t.topic(), "x", 1)
    held = client.expect(PUBLISH)
    time.sleep(2 * TICK)
    client.ping()
    assert not client.kept, client.kept
    client.send(codec.ack(t.version, PUBACK, held.id))


@proves("MQTT-4.3.3-5", "MQTT-4.3.3-6", "MQTT-4.4.0-1", v311="MQTT-4.3.3-1 MQTT-4.4.0-1", v31="MQTT31-session-6")
def after_pubrec_only_pubrel_comes_again(t):
    client, _ = t.durable("rel")
    client.subscribe((t.topic(), 2))
    t.client().publish(t.topic(), "x", 2)
    made = client.expect(PUBLISH, qos=2)
    client.send(codec.ack(t.version, PUBREC, made.id))
    client.expect(PUBREL, id=made.id)
    client.cut()
    client, _ = t.durable("rel")
    client.expect(PUBREL, id=made.id)
    client.send(codec.ack(t.version, codec.PUBCOMP, made.id))
    t.quiet(client, t.client(), 1)


@proves("MQTT-4.3.3-10", "MQTT-4.1.0-1", v311="MQTT-4.3.3-2 MQTT-4.1.0-1", v31="MQTT31-qos-2")
def a_qos_2_message_repeated_after_a_reconnect_is_delivered_once(t):
    reader = t.client()
    reader.subscribe((t.topic(), 2))
    client, _ = t.durable("once")
    client.send(codec.publish(t.version, t.topic(), "once", 2, id=7))
    client.expect(PUBREC, id=7)
    client.cut()
    client, _ = t.durable("once")
    client.send(codec.publish(t.version, t.topic(), "once", 2, id=7, dup=True))
    client.expect(PUBREC, id=7)
    client.send(codec.ack(t.version, PUBREL, 7))
    client.expect(codec.PUBCOMP, id=7)
    reader.message("once")
    t.quiet(reader, client, 2)


@proves("MQTT-4.4.0-2", "MQTT-4.3.3-4")
def a_refused_message_is_not_sent_again(t):
    client, _ = t.durable("no")
    client.subscribe((t.topic(), 2))
    publisher = t.client()
    publisher.publish(t.topic(), "one", 1)
    publisher.publish(t.topic(), "two", 2)
    for kind in (PUBACK, PUBREC):
        made = client.expect(PUBLISH)
        client.send(codec.ack(V5, kind, made.id, 0x80))
    client.ping()
    assert not client.kept, "a PUBREC of 0x80 is not answered by PUBREL"
    client.disconnect()
    client, _ = t.durable("no")
    t.quiet(client, publisher, 2)
