"""Peers that break the rules, on purpose or not: each gets the answer the standard names; nobody else notices."""
import os
import random
import re
import socket
import struct
import time

import harness
import wire
from harness import for_each, midge_only, wait_until

MALFORMED, PROTOCOL_ERROR = 0x81, 0x82


def pack(*parts):
    return b"".join(struct.pack("!H", part) if isinstance(part, int) else part for part in parts)


def raw_properties(data):
    """Bytes that need not be properties, with a right length in front."""
    return wire.variable(len(data)) + data


def raw_publish(head, flags=0):
    return wire.packet(wire.PUBLISH, flags, head)


def raw_subscribe(body, flags=2):
    return wire.packet(wire.SUBSCRIBE, flags, body)


def raw_connect(props=b"\x00", flags=2, level=5, name=b"MQTT", rest=None, header_flags=0):
    rest = wire.binary("evil") if rest is None else rest
    return wire.packet(wire.CONNECT, header_flags, wire.binary(name) + bytes([level, flags]) + pack(60) + props + rest)


TOPIC = wire.binary("evil/topic")
LONG_LENGTH = b"\xff\xff\xff\xff\x01"

# What a connected client sends, and the reason code for it in MQTT 5; in all versions it is the end.
COMMON = {
    "packet type 0 is reserved": (b"\x00\x00", MALFORMED),
    "a remaining length of five bytes [MQTT-1.5.5-1]": (b"\x30" + LONG_LENGTH, MALFORMED),
    "PUBREL without its flags [MQTT-3.6.1-1]": (b"\x60\x02\x00\x01", MALFORMED),
    "flags in PINGREQ [MQTT-2.1.3-1]": (b"\xc1\x00", MALFORMED),
    "a body in PINGREQ": (b"\xc0\x01\x00", MALFORMED),
    "flags in DISCONNECT [MQTT-3.14.1-1]": (b"\xe3\x00", MALFORMED),
    "PUBLISH at QoS 3 [MQTT-3.3.1-4]": (raw_publish(TOPIC + pack(1) + b"\x00", 6), MALFORMED),
    "PUBLISH shorter than its topic": (raw_publish(pack(50) + b"short"), MALFORMED),
    "PUBLISH at QoS 1 without a packet identifier": (raw_publish(TOPIC, 2), MALFORMED),
    "a topic that is not UTF-8 [MQTT-1.5.4-1]": (raw_publish(wire.binary(b"a\xff") + b"\x00"), MALFORMED),
    "a surrogate in a topic [MQTT-1.5.4-1]": (raw_publish(wire.binary(b"a\xed\xa0\x80") + b"\x00"), MALFORMED),
    "a null character in a topic [MQTT-1.5.4-2]": (raw_publish(wire.binary(b"a\x00b") + b"\x00"), MALFORMED),
    "an overlong encoding in a topic": (raw_publish(wire.binary(b"a\xc0\xaf") + b"\x00"), MALFORMED),
    "a PUBACK of one byte": (b"\x40\x01\x00", MALFORMED),
    "an empty SUBSCRIBE": (b"\x82\x00", MALFORMED),
    "a second CONNECT [MQTT-3.1.0-2]": (wire.connect("again", version="5"), PROTOCOL_ERROR),
    "CONNACK from a client": (b"\x20\x02\x00\x00", PROTOCOL_ERROR),
    "SUBACK from a client": (b"\x90\x03\x00\x01\x00", PROTOCOL_ERROR),
    "PINGRESP from a client": (b"\xd0\x00", PROTOCOL_ERROR),
}

ONLY_5 = {
    "SUBSCRIBE without its flags [MQTT-3.8.1-1]": (raw_subscribe(pack(1, b"\x00", TOPIC, b"\x00"), 0), MALFORMED),
    "SUBSCRIBE with packet identifier 0": (raw_subscribe(pack(0, b"\x00", TOPIC, b"\x00")), PROTOCOL_ERROR),
    "SUBSCRIBE without a filter [MQTT-3.8.3-2]": (raw_subscribe(pack(1, b"\x00")), PROTOCOL_ERROR),
    "a subscription at QoS 3": (raw_subscribe(pack(1, b"\x00", TOPIC, b"\x03")), PROTOCOL_ERROR),
    "Retain Handling 3": (raw_subscribe(pack(1, b"\x00", TOPIC, b"\x30")), PROTOCOL_ERROR),
    "reserved subscription options [MQTT-3.8.3-5]": (raw_subscribe(pack(1, b"\x00", TOPIC, b"\x40")), MALFORMED),
    "No Local on a shared subscription [MQTT-3.8.3-4]":
        (wire.subscribe(("$share/g/a", 4)), PROTOCOL_ERROR),
    "Subscription Identifier 0": (wire.subscribe(("a", 0), props=[(wire.SUBSCRIPTION_ID, 0)]), PROTOCOL_ERROR),
    "two Subscription Identifiers": (wire.subscribe(("a", 0), props=[(wire.SUBSCRIPTION_ID, 1)] * 2), PROTOCOL_ERROR),
    "UNSUBSCRIBE without a filter [MQTT-3.10.3-2]": (
        wire.packet(wire.UNSUBSCRIBE, 2, pack(1, b"\x00")), PROTOCOL_ERROR),
    "PUBLISH at QoS 1 with packet identifier 0 [MQTT-2.2.1-3]":
        (wire.publish("a", b"x", qos=1, identifier=0), PROTOCOL_ERROR),
    "DUP at QoS 0 [MQTT-3.3.1-2]": (wire.publish("a", b"x", dup=True), MALFORMED),
    "an empty topic without an alias": (wire.publish("", b"x"), PROTOCOL_ERROR),
    "a wildcard in a topic [MQTT-3.3.2-2]": (wire.publish("a/+/b", b"x"), 0x90),
    "Topic Alias 0 [MQTT-3.3.2-8]": (wire.publish("a", b"x", props=[(wire.TOPIC_ALIAS, 0)]), 0x94),
    "a Topic Alias that is too big [MQTT-3.3.2-9]": (wire.publish("a", b"x", props=[(wire.TOPIC_ALIAS, 11)]), 0x94),
    "a Topic Alias that is not known": (wire.publish("", b"x", props=[(wire.TOPIC_ALIAS, 5)]), PROTOCOL_ERROR),
    "Subscription Identifier in PUBLISH [MQTT-3.3.4-6]":
        (wire.publish("a", b"x", props=[(wire.SUBSCRIPTION_ID, 1)]), PROTOCOL_ERROR),
    "a wildcard in a Response Topic [MQTT-3.3.2-14]":
        (wire.publish("a", b"x", props=[(wire.RESPONSE_TOPIC, "a/#")]), PROTOCOL_ERROR),
    "an unknown property": (raw_publish(TOPIC + raw_properties(b"\x7f\x00")), MALFORMED),
    "a property of another packet": (wire.publish("a", b"x", props=[(wire.WILL_DELAY, 1)]), MALFORMED),
    "a property twice": (wire.publish("a", b"x", props=[(wire.MESSAGE_EXPIRY, 1)] * 2), PROTOCOL_ERROR),
    "properties longer than the packet": (raw_publish(TOPIC + b"\x20\x01\x01"), MALFORMED),
    "a property that is cut off": (raw_publish(TOPIC + raw_properties(b"\x02\x00\x00")), MALFORMED),
    "more in flight than Receive Maximum":
        (b"".join(wire.publish("a", b"x", qos=2, identifier=n) for n in range(1, 22)), 0x93),
    "a packet of 256 MB": (b"\x30\xff\xff\xff\x7f", 0x95),
    "a SUBSCRIBE of 1 MB": (b"\x82" + wire.variable(1 << 20), 0x95),
    "a PUBACK of 1 MB": (b"\x40" + wire.variable(1 << 20), 0x95),
    "AUTH without a method [MQTT-4.12.0-6]": (b"\xf0\x00", PROTOCOL_ERROR),
    "AUTH with flags [MQTT-3.15.1-1]": (b"\xf1\x00", MALFORMED),
    "DISCONNECT with a reason that there is not": (b"\xe0\x01\x77", MALFORMED),
    "DISCONNECT with an expiry after none [MQTT-3.14.2-2]":
        (wire.packet(wire.DISCONNECT, 0, b"\x00" + wire.properties([(wire.SESSION_EXPIRY, 5)])), PROTOCOL_ERROR),
}

ONLY_3 = {
    "SUBSCRIBE without its flags": raw_subscribe(pack(1, TOPIC, b"\x00"), 0),
    "SUBSCRIBE with packet identifier 0": raw_subscribe(pack(0, TOPIC, b"\x00")),
    "SUBSCRIBE without a filter": raw_subscribe(pack(1)),
    "a subscription at QoS 3": raw_subscribe(pack(1, TOPIC, b"\x03")),
    "reserved subscription bits": raw_subscribe(pack(1, TOPIC, b"\x04")),
    "PUBLISH with packet identifier 0": wire.publish("a", b"x", version="311", qos=1, identifier=0),
    "an empty topic": wire.publish("", b"x", version="311"),
    "a wildcard in a topic": wire.publish("a/#", b"x", version="311"),
    "AUTH": b"\xf0\x00",
}
# Before 3.1.1 these bits had no meaning, so they were not wrong.
FREE_IN_31 = {"flags in PINGREQ [MQTT-2.1.3-1]", "flags in DISCONNECT [MQTT-3.14.1-1]", "reserved subscription bits"}

# First packets that are no CONNECT, or hardly one: nothing is answered.
NOT_CONNECT = {
    "PUBLISH first [MQTT-3.1.0-1]": wire.publish("a", b"x"),
    "PINGREQ first": b"\xc0\x00",
    "AUTH first": b"\xf0\x00",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "CONNECT of 256 MB": b"\x10\xff\xff\xff\x7f\x00\x04MQTT\x05",
    "a remaining length of five bytes": b"\x10" + LONG_LENGTH,
}

# CONNECT of MQTT 5 and the reason code in CONNACK.
CONNECT_5 = {
    "a protocol name that is not MQTT's [MQTT-3.1.2-1]": (raw_connect(name=b"HTTP"), 0x84),
    "an unknown protocol level [MQTT-3.1.2-2]": (raw_connect(level=9), 0x84),
    "a reserved connect flag [MQTT-3.1.2-3]": (raw_connect(flags=3), MALFORMED),
    "will QoS 3 [MQTT-3.1.2-12]":
        (raw_connect(flags=0x1e, rest=wire.binary("evil") + b"\x00" + wire.binary("w") * 2), MALFORMED),
    "will QoS without a will [MQTT-3.1.2-11]": (raw_connect(flags=0x0a), MALFORMED),
    "will retain without a will [MQTT-3.1.2-13]": (raw_connect(flags=0x22), MALFORMED),
    "a client id that is not UTF-8": (raw_connect(rest=wire.binary(b"\xff\xfe")), MALFORMED),
    "a cut-off client id": (raw_connect(rest=pack(20) + b"short"), MALFORMED),
    "bytes behind the end": (raw_connect(rest=wire.binary("evil") + b"more"), MALFORMED),
    "a user name that is announced but missing": (raw_connect(flags=0x82), MALFORMED),
    "an unknown property": (raw_connect(raw_properties(b"\x7f\x00")), MALFORMED),
    "a property twice": (wire.connect("evil", props=[(wire.SESSION_EXPIRY, 1)] * 2), PROTOCOL_ERROR),
    "Receive Maximum 0": (wire.connect("evil", props=[(wire.RECEIVE_MAXIMUM, 0)]), PROTOCOL_ERROR),
    "Maximum Packet Size 0": (wire.connect("evil", props=[(wire.MAXIMUM_PACKET_SIZE, 0)]), PROTOCOL_ERROR),
    "Authentication Data without a method": (raw_connect(raw_properties(b"\x16\x00\x01x")), PROTOCOL_ERROR),
    "a method that nobody knows": (raw_connect(raw_properties(b"\x15" + wire.binary("SCRAM"))), 0x8c),
    "a wildcard in the will's topic": (wire.connect("evil", will=("a/#", b"", 0, False, [])), 0x90),
}
CONNECT_3 = {
    "a reserved connect flag": raw_connect(b"", flags=3, level=4),
    "will QoS 3": raw_connect(b"", flags=0x1e, level=4, rest=wire.binary("evil") + wire.binary("w") * 2),
    "will QoS without a will": raw_connect(b"", flags=0x0a, level=4),
    "a password without a user name [MQTT-3.1.2-22]":
        raw_connect(b"", flags=0x42, level=4, rest=wire.binary("evil") + wire.binary("secret")),
    "a client id that is not UTF-8": raw_connect(b"", level=4, rest=wire.binary(b"\xff\xfe")),
    "bytes behind the end": raw_connect(b"", level=4, rest=wire.binary("evil") + b"more"),
}


class HostileTestCase(harness.TestCase):
    def raw(self, broker, version="5"):
        made = wire.RawClient(broker.port, version)
        self.addCleanup(made.socket.close)
        return made

    def connected(self, broker, client_id="", version="5", **keywords):
        made = self.raw(broker, version)
        self.assertEqual(made.connect(client_id, **keywords)[1], 0)
        return made

    def bystander(self, broker):
        client = self.connected(broker, "bystander")
        client.subscribe(("bystander", 1))
        return client

    def assert_served(self, client):
        """Its own message comes back, and nothing else came before."""
        client.publish("bystander", b"still here", qos=1)
        kinds = sorted((client.receive(), client.receive()), key=lambda got: got.kind if got else 0)
        self.assertEqual([got and got.kind for got in kinds], [wire.PUBLISH, wire.PUBACK])
        client.send(wire.acknowledge(wire.PUBACK, wire.read_publish(kinds[0]).identifier))

    def resident_kib(self, broker):
        with open(f"/proc/{broker.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def descriptors(self, broker):
        return len(os.listdir(f"/proc/{broker.pid}/fd"))

    def assert_grown_less(self, broker, before, kib):
        if not broker.is_sanitized():  # Their shadow memory and quarantine are not ours to count.
            self.assertLess(self.resident_kib(broker) - before, kib)

    def assert_logged(self, broker, client, client_id):
        """One line with who it was, from where, and what was wrong in words."""
        port = client.socket.getsockname()[1]
        broker.wait_for_log(rf"(?m)^\d+: Client {client_id} \[127\.0\.0\.1:{port}\] disconnected: .{{8,}}\.$")


class BrokenPackets(HostileTestCase):
    def setUp(self):
        super().setUp()
        self.needs_midge("answers some of them otherwise, and logs less")

    def test_of_a_connected_mqtt_5_client(self):
        broker = self.broker()
        bystander = self.bystander(broker)
        for what, (data, reason) in {**COMMON, **ONLY_5}.items():
            with self.subTest(what):
                client = self.connected(broker, "evil")
                client.send(data)
                got = client.receive()
                while got is not None and got.kind == wire.PUBREC:
                    got = client.receive()
                self.assertIsNotNone(got, "a DISCONNECT")
                self.assertEqual((got.kind, hex(got.body[0])), (wire.DISCONNECT, hex(reason)))
                self.assertIsNone(client.receive())
                self.assert_logged(broker, client, "evil")
                self.assert_served(bystander)

    @for_each(version=("31", "311"))
    def test_of_a_connected_mqtt_3_client(self, version):
        """There is no DISCONNECT for the broker to send: the end of the connection is all."""
        broker = self.broker()
        bystander = self.bystander(broker)
        for what, data in {**{name: data for name, (data, _) in COMMON.items()}, **ONLY_3}.items():
            if version == "31" and what in FREE_IN_31:
                continue
            with self.subTest(what):
                client = self.connected(broker, "evil", version)
                client.send(data)
                self.assertIsNone(client.receive())
                self.assert_logged(broker, client, "evil")
                self.assert_served(bystander)

    def test_what_is_no_connect_is_not_answered(self):
        broker = self.broker()
        bystander = self.bystander(broker)
        for what, data in NOT_CONNECT.items():
            with self.subTest(what):
                client = self.raw(broker)
                client.send(data)
                self.assertIsNone(client.receive())
                self.assert_logged(broker, client, "<unknown>")
                self.assert_served(bystander)

    def test_a_broken_connect_of_mqtt_5_is_answered_with_connack(self):
        broker = self.broker()
        bystander = self.bystander(broker)
        for what, (data, reason) in CONNECT_5.items():
            with self.subTest(what):
                client = self.raw(broker)
                client.send(data)
                got = client.expect(wire.CONNACK)
                self.assertEqual(hex(got.body[1]), hex(reason))
                self.assertIsNone(client.receive())
                self.assert_logged(broker, client, "(evil|<unknown>)")
                self.assert_served(bystander)

    def test_a_broken_connect_of_mqtt_3_is_not_answered(self):
        broker = self.broker()
        bystander = self.bystander(broker)
        for what, data in CONNECT_3.items():
            with self.subTest(what):
                client = self.raw(broker)
                client.send(data)
                self.assertIsNone(client.receive())
                self.assert_logged(broker, client, "(evil|<unknown>)")
                self.assert_served(bystander)

    def test_a_client_id_can_not_forge_log_lines(self):
        broker = self.broker()
        client = self.connected(broker, "a\n1700000000: forged")
        client.send(b"\x00\x00")
        self.assertIsNotNone(client.receive())
        broker.wait_for_log(r"Client a\?1700000000: forged .*disconnected")
        self.assertNotIn("\n1700000000: forged", broker.log_text())


class Noise(HostileTestCase):
    """Bounded counts of seeded randomness; what it finds belongs into a test above."""
    SEED = 20260101

    def sequence(self, version):
        """Packets that are right."""
        props = [(wire.USER_PROPERTY, ("a", "b")), (wire.MESSAGE_EXPIRY, 9)]
        return [
            wire.connect("noise", version=version, clean=False, will=("will", b"x", 1, True, []), username="u"),
            wire.subscribe(("noise/#", 1), ("$share/g/noise/+", 2), version=version),
            wire.publish("noise/a", b"x" * 50, version=version, qos=0, retain=True, props=props),
            wire.publish("noise/b", b"x" * 50, version=version, qos=1, identifier=7, props=props),
            wire.publish("noise/c", b"", version=version, qos=2, identifier=8),
            wire.acknowledge(wire.PUBREL, 8), wire.acknowledge(wire.PUBACK, 1), wire.acknowledge(wire.PUBREC, 2),
            wire.acknowledge(wire.PUBCOMP, 2), wire.packet(wire.PINGREQ, 0, b""),
            wire.packet(wire.UNSUBSCRIBE, 2, pack(9, b"\x00" if version == "5" else b"", wire.binary("noise/#"))),
            wire.disconnect()]

    def mutated(self, chance, packets):
        data = bytearray(b"".join(packets))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data))
            kind = chance.randrange(5)
            if kind == 0:
                data[at] = chance.randrange(256)
            elif kind == 1:
                data[at] ^= 1 << chance.randrange(8)
            elif kind == 2:
                del data[at:at + chance.randrange(1, 20)]
            elif kind == 3:
                data[at:at] = chance.randbytes(chance.randrange(1, 20))
            else:
                data[at:at] = data[at:at + chance.randrange(1, 60)]
            data = data or bytearray(b"\x00")
        return bytes(data)

    def throw(self, broker, data, chance):
        with socket.create_connection(("127.0.0.1", broker.port), 10) as peer:
            cut = chance.randrange(len(data) + 1)
            try:
                for part in (data[:cut], data[cut:]):
                    peer.sendall(part)
                how = chance.randrange(3)
                if how == 0:
                    peer.shutdown(socket.SHUT_WR)
                    peer.settimeout(10)
                    while peer.recv(1 << 16):
                        pass
                elif how == 1:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:  # It closed first, which is what it should do.
                pass

    @for_each(version=("31", "311", "5"))
    def test_mutated_packets(self, version):
        broker = self.broker("threads 2", "persistent_client_expiration 1d", "log_type error")
        bystander = self.bystander(broker)
        chance = random.Random(self.SEED)
        packets = self.sequence(version)
        for number in range(1000):
            some = [packets[0]] + chance.sample(packets[1:], chance.randrange(len(packets)))
            self.throw(broker, self.mutated(chance, some), chance)
            if number % 100 == 0:
                self.assert_served(bystander)
        self.assert_served(bystander)

    def test_random_bytes(self):
        broker = self.broker("threads 2", "log_type error")
        bystander = self.bystander(broker)
        chance = random.Random(self.SEED)
        for number in range(600):
            start = b"" if number % 2 else wire.connect("noise")
            self.throw(broker, start + chance.randbytes(chance.randrange(1, 300)), chance)
        self.assert_served(bystander)


class Slowness(HostileTestCase):
    @midge_only("has no connect_timeout")
    def test_a_connect_that_comes_byte_by_byte_is_ended_by_connect_timeout(self):
        broker = self.broker("connect_timeout 2")
        bystander = self.bystander(broker)
        slow = [self.raw(broker) for _ in range(50)]
        data = wire.connect("c" * 60000)
        for at in range(len(data)):
            try:
                for client in slow:
                    client.send(data[at:at + 1])
                slow[0].socket.settimeout(0.05)
                if not slow[0].socket.recv(1):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        for client in slow[1:]:
            self.assertIsNone(client.receive())
        self.assertLess(at, 5000, "it was ended long before the packet was whole")
        broker.wait_for_log("connect_timeout")
        self.assert_served(bystander)

    @midge_only("reserves what was announced")
    def test_memory_follows_the_bytes_that_came_and_not_the_length_announced(self):
        broker = self.broker("max_connect_packet_size 268435460", "max_packet_size 268435460")
        bystander = self.bystander(broker)
        before = self.resident_kib(broker)
        slow = [self.raw(broker) for _ in range(200)]
        for client in slow:
            client.send(b"\x10\xff\xff\xff\x7f\x00\x04MQTT\x05\x02\x00\x3c")
        for client in slow:
            for _ in range(10):
                client.send(b"\x00" * 10)
        self.assert_served(bystander)
        self.assert_grown_less(broker, before, 4096)

    @midge_only("has no max_output_bytes")
    @for_each(qos=(0, 1))
    def test_a_subscriber_that_never_reads_costs_its_limit_and_no_more(self, qos):
        broker = self.broker("max_output_bytes 1000000", "max_queued_messages 100", "sys_interval 1",
                             "log_type notice", "log_type error")
        bystander = self.bystander(broker)
        deaf = [self.connected(broker, f"deaf {number}") for number in range(3)]
        for client in deaf:
            client.subscribe(("flood", qos))
        publisher = self.connected(broker, "publisher")
        before = self.resident_kib(broker)
        payload = bytes(20000)
        for number in range(2000):
            publisher.publish("flood", payload, qos=qos, identifier=number % 20 + 1)
            if qos == 1:
                self.assertEqual(publisher.expect(wire.PUBACK).body[:2], pack(number % 20 + 1))
            if number % 200 == 0:
                self.assert_served(bystander)
        publisher.send(wire.packet(wire.PINGREQ, 0, b""))
        publisher.expect(wire.PINGRESP)
        self.assert_grown_less(broker, before, 3 * 1000 + 100 * 20 + 20000)
        broker.wait_for_log("Outgoing messages are being dropped for client deaf 0")
        reason = "queue_full" if qos == 1 else "output_full"
        bystander.subscribe((f"$SYS/broker/publish/messages/dropped/{reason}", 0))
        while int((got := bystander.receive_publish()).payload) == 0:
            pass
        self.assertGreater(int(got.payload), 1000)

    def test_a_slow_reader_that_sends_pings_is_not_taken_for_silent(self):
        """So much waits for it that it is not read for a while; what it takes shows that it is there."""
        broker = self.broker("log_type error", "log_type notice", "max_output_bytes 64000000")
        slow = self.raw(broker)
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100000)
        self.assertEqual(slow.connect("slow", keep_alive=2)[1], 0)
        slow.subscribe(("a", 0))
        publisher = self.connected(broker, "publisher")
        for _ in range(30):
            publisher.publish("a", bytes(1000000))
        publisher.send(wire.packet(wire.PINGREQ, 0, b""))
        publisher.expect(wire.PINGRESP)
        began = time.monotonic()
        while time.monotonic() - began < 6:
            slow.send(wire.packet(wire.PINGREQ, 0, b""))
            slow.buffer += slow.socket.recv(400000)
            step = time.monotonic() + 0.1
            wait_until(lambda step=step: time.monotonic() > step, "time passes")
        kinds = [slow.receive().kind for _ in range(31)]
        self.assertEqual(kinds.count(wire.PUBLISH) + kinds.count(wire.PINGRESP), 31, kinds)

    def test_a_client_that_takes_no_answers_is_not_read_for_ever(self):
        """Its own PINGREQs make the output that it does not take."""
        broker = self.broker("log_type none")
        bystander = self.bystander(broker)
        deaf = self.connected(broker, "deaf", version="311")
        before = self.resident_kib(broker)
        deaf.socket.settimeout(2)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += deaf.socket.send(b"\xc0\x00" * 50000)
        except TimeoutError:
            pass
        self.assertLess(sent, 64 << 20)
        self.assert_served(bystander)
        self.assert_grown_less(broker, before, 16 << 10)


class Sockets(HostileTestCase):
    def test_who_stops_sending_is_answered_first(self):
        """A half-closed socket is the end of the connection, after what came before."""
        broker = self.broker()
        watcher = self.connected(broker)
        watcher.subscribe(("will", 0))
        client = self.raw(broker)
        client.send(wire.connect("half", will=("will", b"gone", 0, False, [])) + wire.publish("a", b"x", qos=1))
        client.socket.shutdown(socket.SHUT_WR)
        client.expect(wire.CONNACK)
        client.expect(wire.PUBACK)
        self.assertIsNone(client.receive())
        self.assertEqual(watcher.receive_publish().payload, b"gone")

    def test_a_subscriber_that_stopped_sending_is_let_go(self):
        broker = self.broker()
        client = self.connected(broker, "half")
        client.subscribe(("a", 0))
        client.socket.shutdown(socket.SHUT_WR)
        self.assertIsNone(client.receive())

    def test_ten_thousand_ends_of_every_kind_leave_nothing_behind(self):
        broker = self.broker("threads 2", "log_type error")
        chance = random.Random(1)
        self.come_and_go(broker, chance, 1500)
        wait_until(lambda: self.descriptors(broker) < 100, "the sockets are closed")
        before, descriptors = self.resident_kib(broker), self.descriptors(broker)
        self.come_and_go(broker, chance, 10000)
        wait_until(lambda: self.descriptors(broker) <= descriptors, "the sockets are closed")
        self.assert_grown_less(broker, before, 2048)

    def come_and_go(self, broker, chance, count):
        reset = struct.pack("ii", 1, 0)
        for number in range(count):
            with socket.create_connection(("127.0.0.1", broker.port), 30) as peer:
                kind = chance.randrange(5)
                connect = wire.connect(f"client {number}", version="311")
                subscribe = wire.subscribe((f"topic/{number}/#", 1), version="311")
                if kind == 1:
                    peer.sendall(connect + subscribe)
                elif kind == 2:
                    peer.sendall(connect + subscribe)
                    self.assertEqual(peer.recv(4), b"\x20\x02\x00\x00")
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                elif kind == 3:
                    peer.sendall(connect[:chance.randrange(len(connect))])
                elif kind == 4:
                    peer.sendall(b"garbage")

    def test_the_same_client_id_from_everywhere_at_once(self):
        """Each takes over from the one before; one is left, and no session more."""
        broker = self.broker("threads 3", "log_type error")
        for _ in range(20):
            clients = [self.raw(broker) for _ in range(30)]
            for client in clients:
                client.send(wire.connect("same", props=[(wire.SESSION_EXPIRY, 60)]))
            for client in clients:
                client.connack()
            left = self.connected(broker, "same")
            for client in clients:
                self.assertEqual(client.disconnect_reason(), 0x8E)
            left.send(wire.disconnect())
            self.assertIsNone(left.receive())

    @midge_only("aborts")
    def test_it_can_be_stopped_when_no_descriptor_is_left(self):
        broker = self.broker(limit_files=64)
        if broker.needs_descriptors():
            self.skipTest("UBSan needs descriptors too")
        clients = [socket.create_connection(("127.0.0.1", broker.port), 10) for _ in range(100)]
        for client in clients:
            self.addCleanup(client.close)
        broker.wait_for_log("(?i)too many open files")
        self.assertEqual(broker.stop(), 0)


class Plenty(HostileTestCase):
    def test_thousands_of_subscriptions_of_one_client(self):
        broker = self.broker("log_type error", "sys_interval 1")
        bystander = self.bystander(broker)
        client = self.connected(broker, "collector", "311")
        for start in range(0, 10000, 500):
            filters = [(f"s/{n}/{'+' if n % 3 else 'x'}/{'#' if n % 2 else 'y'}", 0) for n in range(start, start + 500)]
            self.assertEqual(client.subscribe(*filters), [0] * 500)
        self.assert_served(bystander)
        for number in (0, 1, 5000, 9999):
            client.publish(f"s/{number}/x/y", b"%d" % number)
            self.assertEqual(client.receive_publish().payload, b"%d" % number)
        client.socket.close()
        bystander.subscribe(("$SYS/broker/subscriptions/count", 0))
        while int(bystander.receive_publish().payload) > 3:
            pass

    def test_a_storm_of_retained_messages(self):
        """Many ask for all of them at once, and some do not read what they get."""
        broker = self.broker("threads 2", "log_type error", "max_output_bytes 1000000")
        bystander = self.bystander(broker)
        publisher = self.connected(broker, "publisher", "311")
        for number in range(5000):
            publisher.publish(f"kept/{number}", bytes(200), retain=True)
        publisher.publish("kept/last", b"", qos=1)
        publisher.expect(wire.PUBACK)
        before = self.resident_kib(broker)
        deaf = [self.connected(broker) for _ in range(20)]
        for client in deaf:
            client.send(wire.subscribe(("kept/#", 0)))
        readers = [self.connected(broker, version="311") for _ in range(5)]
        for client in readers:
            client.send(wire.subscribe(("kept/#", 0), version="311"))
        self.assert_served(bystander)
        for client in readers:
            client.expect(wire.SUBACK)
            topics = {client.receive_publish().topic for _ in range(5000)}
            self.assertEqual(len(topics), 5000)
        self.assert_served(bystander)
        self.assert_grown_less(broker, before, 20 * 1000 + 8192)
