"""CONNECT: structure, protocol, flags, identity; and CONNACK."""
import codec
from codec import CONNACK, V31, V311, V5, Will
from registry import proves

BAD_TEXT = b"\xed\xa0\x80"  # A surrogate.


def refused(t, data, broker=None):
    """Sends bytes on a new connection that must be turned away, while a good CONNECT is taken; the code or None."""
    t.client(broker=broker).ping()
    client = t.raw(broker)
    client.send(data)
    return client.expect_refused()


def closed_without_connack(t, data):
    assert refused(t, data) is None, "3.1.1 lets a malformed CONNECT be answered by nothing"


# ---------------------------------------------------------------- order

@proves("MQTT-3.1.0-1", v311="MQTT-3.1.0-1")
def another_packet_before_connect_ends_the_connection(t):
    t.client().ping()
    for first in (codec.packet(codec.PINGREQ), codec.publish(t.version, t.topic()),
                  codec.subscribe(t.version, [("a", 0)]), codec.packet(CONNACK, b"\0\0")):
        client = t.raw()
        client.send(first, codec.connect(t.version, t.id()))
        assert client.receive() is None


@proves("MQTT-3.1.0-2", v311="MQTT-3.1.0-2")
def a_second_connect_ends_the_connection(t):
    client = t.client("twice")
    client.send(codec.connect(t.version, t.id("twice")))
    client.expect_closed()


@proves("MQTT-3.2.0-1", "MQTT-3.2.0-2", "MQTT-3.1.4-5", v311="MQTT-3.2.0-1 MQTT-3.1.4-4", v31="MQTT31-connack-1")
def the_first_packet_is_one_connack_also_with_a_session_full_of_messages(t):
    client, _ = t.durable("full")
    client.subscribe((t.topic(), 1))
    client.disconnect()
    publisher = t.client()
    for number in range(5):
        publisher.publish(t.topic(), str(number), 1)
    client, answer = t.durable("full")
    assert answer.kind == CONNACK
    client.ping()
    kinds = {made.kind for made in client.all[1:]}
    assert kinds == {codec.PUBLISH, codec.PINGRESP}, kinds


@proves("MQTT-4.13.1-1", "MQTT-4.13.2-1", v311="MQTT-4.8.0-1")
def a_protocol_violation_ends_only_its_own_connection(t):
    other = t.client()
    guilty = t.client()
    guilty.send(codec.packet(codec.PUBLISH, codec.prefixed("a"), flags=6))
    guilty.expect_closed()
    other.ping()


# ---------------------------------------------------------------- protocol name and level

@proves("MQTT-3.1.2-1", v311="MQTT-3.1.2-1", v31="MQTT31-connect-1")
def another_protocol_name_is_refused(t):
    for name in ("", "MQTt", "MQISDP", "HTTP", "MQTTX"):
        code = refused(t, codec.connect(t.version, t.id(), name=name))
        assert code in (None, 0x84 if t.v5 else 1), code


@proves("MQTT-3.1.2-2")
def a_version_above_5_is_refused_with_0x84(t):
    assert refused(t, codec.connect(t.version, t.id(), level=6)) in (None, 0x84)


@proves(v311="MQTT-3.1.2-2", v31="MQTT31-connect-2")
def another_level_is_refused_with_1(t):
    for level in (0, 2, 3) if t.version == V311 else (2, 4, 5):
        assert refused(t, codec.connect(t.version, t.id(), level=level)) == 1


@proves(v31="MQTT31-connect-3")
def the_name_of_3_1_1_does_not_go_with_the_level_of_3_1(t):
    assert refused(t, codec.connect(V31, t.id(), name="MQTT", level=3)) in (None, 1)


# ---------------------------------------------------------------- Connect Flags

@proves("MQTT-3.1.2-3", v311="MQTT-3.1.2-3 MQTT-3.1.4-1")
def the_reserved_connect_flag_is_refused(t):
    code = refused(t, codec.connect(t.version, t.id(), flags=0x03))
    assert code in ((None, 0x81) if t.v5 else (None,)), code


@proves(v31="MQTT31-connect-4")
def the_unused_connect_flag_is_ignored(t):
    t.raw().connect(t.id(), flags=0x03)


@proves("MQTT-3.1.2-11", v311="MQTT-3.1.2-13 MQTT-3.1.2-11")
def will_qos_without_a_will_is_refused(t):
    for qos in (1, 2, 3):
        refused(t, codec.connect(t.version, t.id(), flags=0x02 | qos << 3))


@proves("MQTT-3.1.2-13", v311="MQTT-3.1.2-15 MQTT-3.1.2-11")
def will_retain_without_a_will_is_refused(t):
    refused(t, codec.connect(t.version, t.id(), flags=0x22))


@proves("MQTT-3.1.2-12", v311="MQTT-3.1.2-14", v31="MQTT31-connect-5")
def will_qos_3_is_refused(t):
    refused(t, codec.connect(t.version, t.id(), will=Will(t.topic(), b"", 3)))


@proves("MQTT-3.1.2-9", "MQTT-3.1.3-1", v311="MQTT-3.1.2-9 MQTT-3.1.3-1 MQTT-3.1.2-11")
def the_will_flag_and_the_will_in_the_payload_go_together(t):
    without = codec.connect(t.version, t.id("w"), flags=0x06)
    refused(t, without)
    with_will = codec.connect(t.version, t.id("w"), will=Will(t.topic(), b"x"), flags=0x02)
    refused(t, with_will)
    client = t.raw()
    client.connect(t.id("w"), will=Will(t.topic(), b"x"), user="u", password="p")


@proves("MQTT-3.1.2-16", "MQTT-3.1.2-17", v311="MQTT-3.1.2-18 MQTT-3.1.2-19")
def the_user_name_flag_and_the_user_name_go_together(t):
    refused(t, codec.connect(t.version, t.id(), flags=0x82))
    refused(t, codec.connect(t.version, t.id(), user="u", flags=0x02))
    t.raw().connect(t.id(), user="u")


@proves("MQTT-3.1.2-18", "MQTT-3.1.2-19", v311="MQTT-3.1.2-20 MQTT-3.1.2-21")
def the_password_flag_and_the_password_go_together(t):
    refused(t, codec.connect(t.version, t.id(), user="u", flags=0xC2))
    refused(t, codec.connect(t.version, t.id(), user="u", password="p", flags=0x82))
    t.raw().connect(t.id(), user="u", password=b"\x00\xff")


@proves("MQTT-3.1.2-19")
def a_password_without_a_user_name_is_accepted(t):
    t.raw().connect(t.id(), password="p")


@proves(v311="MQTT-3.1.2-22 MQTT-3.1.4-1", v31="MQTT31-connect-6")
def a_password_without_a_user_name_is_refused(t):
    assert refused(t, codec.connect(t.version, t.id(), password="p")) is None


@proves(v31="MQTT31-connect-7")
def announced_but_missing_user_name_and_password_count_as_absent(t):
    t.raw().connect(t.id("a"), flags=0x82)
    t.raw().connect(t.id("b"), flags=0xC2)
    t.raw().connect(t.id("c"), user="u", flags=0xC2)


@proves("MQTT-3.1.4-1", v311="MQTT-3.1.4-1 MQTT-4.8.0-1")
def a_connect_that_ends_early_or_late_is_refused(t):
    good = codec.connect(t.version, t.id(), user="u", password="p", will=Will(t.topic(), b"w"))
    body = good[2:]
    for length in range(0, len(body), 3):
        code = refused_quickly(t, codec.packet(codec.CONNECT, body[:length]))
        assert t.v5 or code is None, f"CONNACK {code} for the first {length} bytes of a CONNECT"
    refused_quickly(t, codec.packet(codec.CONNECT, body + b"\0"))
    t.raw().send(good)
    t.client().ping()


def refused_quickly(t, data):
    client = t.raw()
    client.send(data)
    return client.expect_refused()


# ---------------------------------------------------------------- client identifier

@proves("MQTT-3.1.3-5", "MQTT-3.1.3-3", v311="MQTT-3.1.3-5 MQTT-3.1.3-3", v31="MQTT31-connect-8")
def ids_of_1_to_23_letters_and_digits_are_accepted(t):
    number = f"{t.number}Zz"
    for client_id in ("Q" if t.v5 else "q" if t.version == V311 else "k", number, number.ljust(22, "a"),
                      number.ljust(23, "Z")):
        t.raw().connect(client_id)
    for start in range(0, 62, 20):
        letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[start:start + 20]
        t.raw().connect(letters.ljust(20, "0") + str(t.number)[-3:].rjust(3, "0"))


@proves("MQTT-3.1.3-4", v311="MQTT-3.1.3-4 MQTT-1.5.3-1")
def an_id_that_is_not_utf_8_is_refused(t):
    refused(t, codec.connect(t.version, b"a\xff"))
    refused(t, codec.connect(t.version, BAD_TEXT))


@proves("MQTT-1.5.4-2", v311="MQTT-1.5.3-2")
def an_id_with_u0000_is_refused(t):
    refused(t, codec.connect(t.version, b"a\0b"))


@proves("MQTT-3.1.3-6", "MQTT-3.1.3-7", "MQTT-3.2.2-16")
def an_empty_id_gets_one_that_nobody_else_has(t):
    clients = [t.raw() for _ in range(20)]
    ids = [client.connect("").prop(codec.ASSIGNED_ID) for client in clients]
    assert all(ids) and len(set(ids)) == len(ids), ids
    clients[0].cut()
    t.raw().connect(ids[0])


@proves(v311="MQTT-3.1.3-6 MQTT-3.1.3-3")
def empty_ids_are_different_clients(t):
    first, second = t.raw(), t.raw()
    first.connect("")
    second.connect("")
    second.ping()
    first.ping()


@proves(v311="MQTT-3.1.3-8 MQTT-3.2.2-4 MQTT-3.2.2-5", v31="MQTT31-connect-9")
def an_empty_id_with_a_session_to_keep_is_refused_with_2(t):
    assert refused(t, codec.connect(t.version, "", clean=False)) == 2


@proves(v31="MQTT31-connect-9")
def an_empty_id_is_refused_with_2_also_for_a_clean_session(t):
    assert refused(t, codec.connect(t.version, "", clean=True)) == 2


@proves("MQTT-3.1.3-8", "MQTT-3.2.2-6", "MQTT-3.2.2-7", v311="MQTT-3.1.3-9 MQTT-3.2.2-4 MQTT-3.2.2-5")
def an_empty_id_that_the_configuration_forbids_is_refused(t):
    broker = t.broker("allow_zero_length_clientid false")
    code = refused(t, codec.connect(t.version, ""), broker)
    assert code in ((None, 0x85) if t.v5 else (2,)), code


@proves(v31="MQTT31-connect-10")
def an_id_of_more_than_23_characters_is_accepted_or_refused_with_2(t):
    t.client().ping()
    client = t.raw()
    client.send(codec.connect(t.version, t.id("x" * 40)))
    assert client.expect(CONNACK).code in (0, 2)


# ---------------------------------------------------------------- strings of CONNECT

@proves("MQTT-3.1.3-11", "MQTT-1.5.4-1", v311="MQTT-3.1.3-10 MQTT-1.5.3-1")
def a_will_topic_that_is_not_utf_8_is_refused(t):
    refused(t, codec.connect(t.version, t.id(), will=Will(BAD_TEXT, b"")))


@proves("MQTT-3.1.3-12", "MQTT-1.5.4-1", v311="MQTT-3.1.3-11 MQTT-1.5.3-1")
def a_user_name_that_is_not_utf_8_is_refused(t):
    refused(t, codec.connect(t.version, t.id(), user=BAD_TEXT))


@proves("MQTT-1.5.7-1", "MQTT-1.5.4-1")
def a_user_property_that_is_not_utf_8_is_refused(t):
    refused(t, codec.connect(t.version, t.id(), props=[(codec.USER_PROPERTY, (b"a", BAD_TEXT))]))
    refused(t, codec.connect(t.version, t.id(), props=[(codec.USER_PROPERTY, (BAD_TEXT, b"a"))]))


# ---------------------------------------------------------------- refusals

@proves("MQTT-3.1.4-2", "MQTT-3.2.2-6", "MQTT-3.2.2-7", "MQTT-3.2.2-8", v311="MQTT-3.2.2-4 MQTT-3.2.2-5",
        v31="MQTT31-connack-2")
def failed_authentication_is_refused_and_closed(t):
    broker = t.broker("allow_anonymous false")
    client = t.raw(broker)
    client.send(codec.connect(t.version, t.id(), user="nobody", password="wrong"))
    answer = client.expect(CONNACK, present=False)
    assert answer.code in ((0x86, 0x87) if t.v5 else (4, 5)), answer.code
    assert client.receive() is None


@proves("MQTT-3.1.4-6", "MQTT-3.14.0-1", v311="MQTT-3.1.4-5")
def what_follows_a_refused_connect_is_ignored(t):
    broker = t.broker("allow_anonymous false")
    client = t.raw(broker)
    client.send(codec.connect(t.version, t.id()), codec.publish(t.version, t.topic(), "x", 1, retain=True),
                codec.subscribe(t.version, [("#", 0)]), codec.packet(codec.PINGREQ))
    assert client.expect(CONNACK).code != 0
    assert client.receive() is None


@proves("MQTT-3.2.2-1", "MQTT-3.2.2-8", "MQTT-3.1.2-28", "MQTT-4.12.0-6", "MQTT-2.2.2-1",
        v311="MQTT-3.2.2-1 MQTT-3.2.2-3", v31="MQTT31-connack-1")
def connack_is_well_formed_and_says_no_more_than_was_asked_for(t):
    answer = t.raw().connect(t.id())
    assert not answer.present
    names = {name for name, _ in answer.props}
    assert not names & {codec.RESPONSE_INFORMATION, codec.AUTH_METHOD, codec.AUTH_DATA, codec.ASSIGNED_ID}, names


@proves("MQTT-3.1.2-28")
def response_information_is_not_sent_to_who_declines_it(t):
    answer = t.raw().connect(t.id(), props=[(codec.RESPONSE_INFORMATION_WANTED, 0)])
    assert answer.prop(codec.RESPONSE_INFORMATION) is None


@proves("MQTT-4.12.0-1", "MQTT-3.1.4-2", "MQTT-3.2.2-7", "MQTT-4.12.0-4", "MQTT-4.13.2-1")
def an_unknown_authentication_method_is_refused(t):
    data = codec.connect(t.version, t.id(), props=[(codec.AUTH_METHOD, "nonsense"), (codec.AUTH_DATA, b"x")])
    assert refused(t, data) in (None, 0x8C, 0x87)


@proves("MQTT-3.1.3-2", "MQTT-3.1.4-3", v311="MQTT-3.1.3-2 MQTT-3.1.4-2", v31="MQTT31-session-1")
def an_id_that_connects_again_takes_over(t):
    first = t.client("same")
    second = t.client("same")
    reason = first.expect_closed()
    assert reason == 0x8E if t.v5 else reason is None, reason
    second.ping()


@proves("MQTT-3.2.2-9", "MQTT-3.2.2-10")
def a_lower_maximum_qos_is_announced_and_subscriptions_are_granted_less(t):
    broker = t.broker("listener {port} 127.0.0.1", "max_qos 1")
    client = t.raw(broker)
    assert client.connect(t.id()).prop(codec.MAXIMUM_QOS) == 1
    assert client.subscribe((t.topic(), 2)).codes[0] in (0, 1, 2)
    client.publish(t.topic(), "x", 1)
    assert client.message("x").qos <= 1


@proves("MQTT-3.2.2-12", "MQTT-4.13.2-1")
def a_will_above_the_maximum_qos_is_refused(t):
    broker = t.broker("listener {port} 127.0.0.1", "max_qos 1")
    code = refused(t, codec.connect(V5, t.id(), will=Will(t.topic(), b"", 2)), broker)
    assert code in (None, 0x9B), code


@proves("MQTT-3.2.2-13", "MQTT-4.13.2-1")
def a_retained_will_without_retain_support_is_refused(t):
    broker = t.broker("retain_available false")
    assert t.raw(broker).connect(t.id()).prop(codec.RETAIN_AVAILABLE) == 0
    code = refused(t, codec.connect(V5, t.id("w"), will=Will(t.topic(), b"x", 0, True)), broker)
    assert code in (None, 0x9A), code


@proves("MQTT-3.2.2-19", "MQTT-3.2.2-20", "MQTT-3.1.2-24")
def a_refusal_fits_the_maximum_packet_size(t):
    broker = t.broker("allow_anonymous false")
    client = t.raw(broker)
    client.send(codec.connect(t.version, t.id(), user="nobody", password="x", props=[(codec.MAXIMUM_PACKET_SIZE, 6)]))
    answer = client.expect(CONNACK)
    assert len(answer.raw) <= 6 and answer.code >= 0x80, answer
