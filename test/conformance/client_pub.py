"""What `pub` sends: the test plays the broker to it."""
import codec
from codec import (CONNECT, DISCONNECT, PINGREQ, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, RECEIVE_MAXIMUM,
                   TOPIC_ALIAS, TOPIC_ALIAS_MAXIMUM)
from peer import Silence
from registry import proves


def published(client, qos, **fields):
    """Takes the next PUBLISH through its exchange as the broker does."""
    made = client.await_kind(PUBLISH, qos=qos, **fields)
    if qos == 1:
        client.send(codec.ack(client.version, PUBACK, made.id))
    if qos == 2:
        client.send(codec.ack(client.version, PUBREC, made.id))
        client.await_kind(PUBREL, id=made.id)
        client.send(codec.ack(client.version, PUBCOMP, made.id))
    return made


def rest(client):
    """Everything up to the close."""
    got = []
    while (made := client.receive()) is not None:
        got.append(made)
    return got


@proves("MQTT-3.1.0-1", "MQTT-1.5.5-1", "MQTT-2.1.3-1", "MQTT-2.2.2-1", "MQTT-3.1.2-1", "MQTT-3.1.3-1", "MQTT-3.1.3-3",
        "MQTT-3.1.3-4", "MQTT-1.5.4-1", "MQTT-1.5.4-2", "MQTT-3.1.2-11", "MQTT-3.1.2-13", "MQTT-3.1.2-16",
        "MQTT-3.1.2-18", "MQTT-3.3.2-1", "MQTT-4.12.0-7", "MQTT-4.2-1", "MQTT-3.14.1-1", "MQTT-3.14.2-1",
        v311="MQTT-3.1.0-1 MQTT-1.5.3-1 MQTT-1.5.3-2 MQTT-2.2.2-1 MQTT-3.1.3-1 MQTT-3.1.3-3 MQTT-3.1.3-4 MQTT-3.1.2-11 "
             "MQTT-3.1.2-13 MQTT-3.1.2-15 MQTT-3.1.2-18 MQTT-3.1.2-20 MQTT-3.3.2-1 MQTT-7.1.2-1 MQTT-7.0.0-2",
        v31="MQTT31-connect-1 MQTT31-connect-2")
def every_packet_is_well_formed_and_connect_is_the_first(t):
    broker = t.fake()
    program = t.pub(broker, "-t", t.topic(), "-m", "hello", "-q", "1", "-i", t.id())
    client, connect = broker.accepted()
    assert connect.connect["client_id"] == t.id() and "will" not in connect.connect, connect.connect
    assert "user" not in connect.connect and "password" not in connect.connect
    published(client, 1, topic=t.topic(), payload="hello", dup=False)
    assert [made.kind for made in rest(client)] == [DISCONNECT]
    assert program.wait() == 0


@proves("MQTT-3.1.2-17", "MQTT-3.1.2-19", "MQTT-3.1.2-9", "MQTT-3.1.2-12", "MQTT-3.1.3-1", "MQTT-3.1.3-11",
        "MQTT-3.1.3-12",
        v311="MQTT-3.1.2-19 MQTT-3.1.2-21 MQTT-3.1.2-9 MQTT-3.1.2-14 MQTT-3.1.3-1 MQTT-3.1.3-10 MQTT-3.1.3-11",
        v31="MQTT31-connect-5")
def the_will_and_the_credentials_stand_in_connect_as_their_flags_say(t):
    for qos in (0, 1, 2):
        broker = t.fake()
        t.pub(broker, "-t", "a", "-n", "-i", "c", "-u", "us\u00e9r", "-P", "secret", "--will-topic", "w\u00efll",
              "--will-payload", "gone", "--will-qos", str(qos), "--will-retain")
        connect = broker.accept().expect(CONNECT)
        made = connect.connect
        assert (made["user"], made["password"]) == ("us\u00e9r", b"secret")
        will = made["will"]
        assert (will.topic, will.payload, will.qos, will.retain) == ("w\u00efll", b"gone", qos, True), will


@proves(v311="MQTT-3.1.2-22", v31="MQTT31-connect-6")
def a_password_is_not_sent_without_a_user_name(t):
    broker = t.fake()
    program = t.pub(broker, "-t", "a", "-m", "x", "-P", "secret")
    if ended_without_connecting(broker, program):
        return
    assert "password" not in broker.peers[0].all[0].connect


def ended_without_connecting(broker, program):
    """True if it refused what it was asked for. Otherwise its CONNECT was accepted."""
    broker.listener.settimeout(0.1)
    while program.process.poll() is None:
        try:
            broker.accepted()
            return False
        except Silence:
            continue
    return program.process.returncode != 0


@proves(v311="MQTT-3.1.3-7")
def an_empty_client_id_comes_with_a_clean_session(t):
    broker = t.fake()
    program = t.pub(broker, "-t", "a", "-m", "x", "-i", "")
    if not ended_without_connecting(broker, program):
        connect = broker.peers[0].all[0].connect
        assert connect["client_id"] or connect["clean"]


@proves("MQTT-3.1.2-4", v311="MQTT-3.1.2-6", v31="MQTT31-session-3")
def a_program_that_keeps_nothing_asks_for_a_new_session(t):
    broker = t.fake()
    t.pub(broker, "-t", "a", "-m", "x")
    connect = broker.accept().expect(CONNECT)
    assert connect.connect["clean"]
    assert not connect.prop(codec.SESSION_EXPIRY)


@proves("MQTT-2.2.1-2", "MQTT-4.3.1-1", "MQTT-3.3.1-2", v311="MQTT-2.3.1-5 MQTT-4.3.1-1 MQTT-3.3.1-2",
        v31="MQTT31-qos-3")
def qos_0_has_no_identifier_and_no_dup(t):
    broker = t.fake()
    t.pub(broker, "-t", t.topic(), "-m", "x")
    client, _ = broker.accepted()
    made = client.expect(PUBLISH, qos=0, dup=False, payload="x")
    assert len(made.raw) == 2 + 2 + len(t.topic()) + (1 if t.v5 else 0) + 1


@proves("MQTT-2.2.1-3", "MQTT-4.3.2-1", "MQTT-4.3.2-2", "MQTT-4.3.3-1", "MQTT-4.3.3-2", "MQTT-4.3.2-3", "MQTT-4.3.3-3",
        v311="MQTT-2.3.1-1 MQTT-2.3.1-2 MQTT-4.3.2-1 MQTT-4.3.3-1", v31="MQTT31-qos-1")
def messages_in_flight_have_different_identifiers(t):
    for qos in (1, 2):
        broker = t.fake()
        program = t.pub(broker, "-t", "a", "-l", "-q", str(qos))
        client, _ = broker.accepted()
        program.say("".join(f"{number}\n" for number in range(8)))
        got = [client.expect(PUBLISH, qos=qos, dup=False, payload=str(number)) for number in range(8)]
        ids = {made.id for made in got}
        assert len(ids) == 8 and 0 not in ids, ids
        client.send(codec.ack(t.version, PUBACK if qos == 1 else PUBREC, got[3].id))
        program.say("next\n")
        kinds = {client.receive().kind for _ in range(1 if qos == 1 else 2)}
        assert kinds == ({PUBLISH} if qos == 1 else {PUBLISH, PUBREL}), kinds


@proves("MQTT-2.2.1-5", "MQTT-4.3.3-4", "MQTT-3.6.1-1", "MQTT-3.6.2-1", "MQTT-4.6.0-4", "MQTT-4.3.3-6",
        v311="MQTT-2.3.1-6 MQTT-4.3.3-1 MQTT-3.6.1-1 MQTT-4.6.0-4", v31="MQTT31-qos-1")
def pubrel_follows_each_pubrec_in_its_order_and_ends_with_pubcomp(t):
    broker = t.fake()
    program = t.pub(broker, "-t", "a", "-l", "-q", "2")
    client, _ = broker.accepted()
    program.say("".join(f"{number}\n" for number in range(5)))
    program.end_input()
    ids = [client.expect(PUBLISH, qos=2).id for _ in range(5)]
    order = [ids[index] for index in (2, 0, 4, 1, 3)]
    client.send(b"".join(codec.ack(t.version, PUBREC, number) for number in order))
    assert [client.expect(PUBREL).id for _ in order] == order
    client.send(b"".join(codec.ack(t.version, PUBCOMP, number) for number in ids))
    assert [made.kind for made in rest(client)] == [DISCONNECT]


@proves("MQTT-4.3.3-5", "MQTT-4.3.2-3", v311="MQTT-4.3.2-1 MQTT-4.3.3-1")
def it_does_not_leave_before_its_message_is_acknowledged(t):
    broker = t.fake()
    program = t.pub(broker, "-t", "a", "-m", "x", "-q", "2")
    client, _ = broker.accepted()
    made = client.expect(PUBLISH)
    client.send(codec.ack(t.version, PUBREC, made.id))
    client.expect(PUBREL)
    try:
        assert client.receive(0.5) is None, "something came while PUBCOMP was due"
        raise AssertionError("it left while PUBCOMP was due")
    except Silence:
        pass
    client.send(codec.ack(t.version, PUBCOMP, made.id))
    assert program.wait() == 0


@proves("MQTT-4.4.0-2", "MQTT-4.3.3-4")
def a_refused_message_is_settled(t):
    for qos, kind in ((1, PUBACK), (2, PUBREC)):
        broker = t.fake()
        t.pub(broker, "-t", "a", "-m", "x", "-q", str(qos))
        client, _ = broker.accepted()
        made = client.expect(PUBLISH)
        client.send(codec.ack(t.version, kind, made.id, 0x87))
        assert [one.kind for one in rest(client)] in ([DISCONNECT], [])


@proves("MQTT-3.14.4-1", "MQTT-3.14.4-2", v311="MQTT-3.14.4-1 MQTT-3.14.4-2", v31="MQTT31-disconnect-2")
def disconnect_is_the_last_packet_and_then_it_closes(t):
    broker = t.fake()
    t.pub(broker, "-t", "a", "-m", "x")
    client, _ = broker.accepted()
    client.expect(PUBLISH)
    client.expect(DISCONNECT)
    assert client.receive() is None


# ---------------------------------------------------------------- what the server allows

@proves("MQTT-3.3.4-7", "MQTT-4.9.0-1", "MQTT-4.9.0-2")
def it_keeps_to_the_servers_receive_maximum(t):
    broker = t.fake()
    program = t.pub(broker, "-t", "a", "-l", "-q", "1")
    client, _ = broker.accepted(props=[(RECEIVE_MAXIMUM, 2)])
    program.say("".join(f"{number}\n" for number in range(6)))
    held = [client.expect(PUBLISH) for _ in range(2)]
    nothing_comes(client)
    client.send(codec.ack(t.version, PUBACK, held[0].id))
    client.expect(PUBLISH, payload="2")
    nothing_comes(client)


def nothing_comes(client, seconds=0.4):
    try:
        made = client.receive(seconds)
    except Silence:
        return
    raise AssertionError(f"{made or 'the close'} came too early")


@proves("MQTT-3.3.4-8", "MQTT-4.9.0-3", "MQTT-3.1.2-21", "MQTT-3.2.2-21", slow=True)
def an_exhausted_receive_maximum_does_not_hold_back_pingreq(t):
    broker = t.fake()
    program = t.pub(broker, "-t", "a", "-l", "-q", "1", "-k", "60")
    client, _ = broker.accepted(props=[(RECEIVE_MAXIMUM, 1), (codec.SERVER_KEEP_ALIVE, 1)])
    program.say("0\n1\n2\n")
    client.expect(PUBLISH)
    client.expect(PINGREQ)


@proves("MQTT-3.2.2-11")
def it_publishes_no_higher_than_the_maximum_qos(t):
    broker = t.fake()
    t.pub(broker, "-t", "a", "-m", "x", "-q", "2")
    client, _ = broker.accepted(props=[(codec.MAXIMUM_QOS, 1)])
    assert all(made.kind != PUBLISH or made.qos <= 1 for made in until_pause(client))


@proves("MQTT-3.2.2-14")
def it_publishes_nothing_retained_where_that_is_not_available(t):
    broker = t.fake()
    t.pub(broker, "-t", "a", "-m", "x", "-r")
    client, _ = broker.accepted(props=[(codec.RETAIN_AVAILABLE, 0)])
    assert all(made.kind != PUBLISH or not made.retain for made in until_pause(client))


@proves("MQTT-3.2.2-15")
def it_sends_nothing_larger_than_the_maximum_packet_size(t):
    broker = t.fake()
    t.pub(broker, "-t", "a", "-m", "x" * 200, "-q", "1")
    client, _ = broker.accepted(props=[(codec.MAXIMUM_PACKET_SIZE, 50)])
    assert all(len(made.raw) <= 50 for made in until_pause(client))


def until_pause(client, seconds=1.0):
    """What comes until the close, or until nothing has come for a while; PUBLISH is acknowledged."""
    got = []
    try:
        while (made := client.receive(seconds)) is not None:
            got.append(made)
            if made.kind == PUBLISH and made.qos == 1:
                client.send(codec.ack(client.version, PUBACK, made.id))
    except Silence:
        pass
    return got


@proves("MQTT-3.2.2-17", "MQTT-3.2.2-18", "MQTT-3.3.2-9", "MQTT-3.3.2-8")
def it_uses_no_alias_that_the_server_does_not_take(t):
    for most in (0, 3):
        broker = t.fake()
        t.pub(broker, "-t", "a", "-m", "x", "-D", "publish", "topic-alias", "5")
        client, _ = broker.accepted(props=[(TOPIC_ALIAS_MAXIMUM, most)] if most else [])
        for made in until_pause(client):
            assert made.kind != PUBLISH or (made.prop(TOPIC_ALIAS) or 0) <= most


@proves("MQTT-3.1.2-30")
def with_an_authentication_method_nothing_is_sent_before_connack(t):
    broker = t.fake()
    t.pub(broker, "-t", "a", "-m", "x", "-D", "connect", "authentication-method", "m")
    client = broker.accept()
    assert client.expect(CONNECT).prop(codec.AUTH_METHOD) == "m"
    nothing_comes(client)


@proves("MQTT-3.3.2-2", "MQTT-4.7.0-1", "MQTT-4.7.3-1", "MQTT-4.7.3-3", "MQTT-3.3.2-14",
        v311="MQTT-3.3.2-2 MQTT-4.7.1-1 MQTT-4.7.3-1 MQTT-4.7.3-3", v31="MQTT31-topic-1")
def topics_that_are_none_are_not_published(t):
    wrong = [["-t", "a/+", "-m", "x"], ["-t", "#", "-m", "x"], ["-t", "", "-m", "x"], ["-t", "a" * 65536, "-m", "x"]]
    if t.v5:
        wrong.append(["-t", "a", "-m", "x", "-D", "publish", "response-topic", "a/+"])
    for arguments in wrong:
        broker = t.fake()
        program = t.pub(broker, *arguments)
        if not ended_without_connecting(broker, program):
            assert all(made.kind != PUBLISH for made in until_pause(broker.peers[0]))


@proves("MQTT-3.3.2-13", "MQTT-3.3.2-19", "MQTT-1.5.7-1", "MQTT-3.3.4-6")
def properties_are_sent_as_given(t):
    broker = t.fake()
    t.pub(broker, "-t", "a", "-m", "x", "-D", "publish", "response-topic", "r\u00e9/ply",
          "-D", "publish", "content-type", "t\u00fc",
          "-D", "publish", "user-property", "k\u00e9y", "v\u00e4lue", "-D", "publish", "correlation-data", "data")
    client, _ = broker.accepted()
    made = client.expect(PUBLISH, payload="x")
    assert made.prop(codec.RESPONSE_TOPIC) == "r\u00e9/ply" and made.prop(codec.CONTENT_TYPE) == "t\u00fc"
    assert made.prop(codec.USER_PROPERTY) == ("k\u00e9y", "v\u00e4lue")
    assert made.prop(codec.CORRELATION_DATA) == b"data"


# ---------------------------------------------------------------- what is wrong with a server

@proves("MQTT-1.5.4-1", "MQTT-2.1.3-1", "MQTT-1.5.5-1",
        v311="MQTT-4.8.0-1 MQTT-2.2.2-2 MQTT-1.5.3-1")
def malformed_packets_of_the_server_end_the_connection(t):
    reserved = codec.packet(codec.CONNACK, b"\xff\xff" + (b"\0" if t.v5 else b""))
    wrong = [b"\x21" + codec.connack(t.version)[1:], b"\x20\x01\x00", reserved,
             b"\x20\x83\x80\x80\x80\x00", codec.packet(PUBLISH, codec.prefixed("a"))]
    for data in wrong:
        broker = t.fake()
        program = t.pub(broker, "-t", "a", "-m", "x")
        client = broker.accept()
        client.expect(CONNECT)
        client.send(data)
        assert all(made.kind == DISCONNECT for made in rest(client))
        program.close()


@proves("MQTT-4.13.2-1", v311="MQTT-4.8.0-1", v31="MQTT31-connack-2")
def a_refused_connection_is_closed_and_nothing_is_published(t):
    broker = t.fake()
    program = t.pub(broker, "-t", "a", "-m", "x")
    client = broker.accept()
    client.expect(CONNECT)
    client.send(codec.connack(t.version, 0x87 if t.v5 else 5))
    assert rest(client) == []
    assert program.wait() != 0


# ---------------------------------------------------------------- after a cut

def cut_with_messages_in_flight(t, qos):
    """`pub` with three messages sent and none acknowledged, whose connection is then cut."""
    broker = t.fake()
    program = t.pub(broker, "-t", "a", "-l", "-q", str(qos), "-c", "-i", t.id())
    client, connect = broker.accepted()
    assert connect.connect["client_id"] == t.id()
    program.say("0\n1\n2\n")
    return broker, client, [client.expect(PUBLISH, payload=str(number), dup=False) for number in range(3)]


def again(t, broker, present):
    client, connect = broker.accepted(present=present)
    assert connect.connect["client_id"] == t.id() and not connect.connect["clean"]
    return client


@proves("MQTT-3.3.1-1", "MQTT-4.4.0-1", "MQTT-4.6.0-1", "MQTT-3.1.3-2", "MQTT-4.1.0-1", "MQTT-4.3.2-3", "MQTT-4.3.3-3",
        v311="MQTT-3.3.1-1 MQTT-4.4.0-1 MQTT-4.6.0-1 MQTT-3.1.3-2 MQTT-2.3.1-3 MQTT-4.1.0-1")
def messages_in_flight_come_again_in_order_with_their_ids_and_dup(t):
    for qos in (1, 2):
        broker, client, sent = cut_with_messages_in_flight(t, qos)
        client.close()
        client = again(t, broker, True)
        for made in sent:
            client.expect(PUBLISH, id=made.id, payload=made.payload, qos=qos, dup=True)


@proves("MQTT-4.3.3-6", "MQTT-4.4.0-1", "MQTT-4.3.3-5", v311="MQTT-4.3.3-1 MQTT-2.3.1-3")
def after_pubrec_only_pubrel_comes_again(t):
    broker, client, sent = cut_with_messages_in_flight(t, 2)
    client.send(codec.ack(t.version, PUBREC, sent[0].id))
    client.expect(PUBREL, id=sent[0].id)
    client.close()
    client = again(t, broker, True)
    got = [client.receive() for _ in range(3)]
    wanted = {(PUBREL, sent[0].id), (PUBLISH, sent[1].id), (PUBLISH, sent[2].id)}
    assert {(made.kind, made.id) for made in got} == wanted, got


@proves("MQTT-3.2.2-5")
def what_belonged_to_a_session_that_the_server_lost_is_dropped(t):
    broker, client, sent = cut_with_messages_in_flight(t, 2)
    client.send(codec.ack(t.version, PUBREC, sent[0].id))
    client.expect(PUBREL, id=sent[0].id)
    client.close()
    client = again(t, broker, False)
    assert all(made.kind != PUBREL for made in until_pause(client))


@proves("MQTT-3.6.2-2", "MQTT-3.6.2-3", "MQTT-3.14.2-3", "MQTT-3.14.2-4")
def pubrel_and_disconnect_fit_the_maximum_packet_size(t):
    broker = t.fake()
    t.pub(broker, "-t", "a", "-m", "x", "-q", "2")
    client, _ = broker.accepted(props=[(codec.MAXIMUM_PACKET_SIZE, 12)])
    made = client.expect(PUBLISH, qos=2)
    client.send(codec.ack(t.version, PUBREC, made.id))
    client.expect(PUBREL, id=made.id)
    client.send(codec.ack(t.version, PUBCOMP, made.id))
    client.expect(DISCONNECT)
    assert all(len(one.raw) <= 12 for one in client.all[1:])
