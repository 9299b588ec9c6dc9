"""python3-paho-mqtt with MQTT 3.1.1 and 5: what both versions have."""
import random

import harness
import wire
from harness import for_each
from paho_client import PahoTestCase, properties
from tap import DOWN, UP

BOTH = ("311", "5")


def stays(version):
    """What makes a session outlive its connection."""
    if version == "5":
        return {"clean": False, "connect_properties": properties("CONNECT", SessionExpiryInterval=3600)}
    return {"clean": False}


class Messages(PahoTestCase):
    @for_each(version=BOTH, qos=(0, 1, 2))
    def test_messages_arrive_in_order(self, version, qos):
        broker = self.broker("max_queued_messages 0")
        subscriber = self.client(broker, version=version)
        self.assertEqual(subscriber.subscribe("a/+", qos), [qos])
        publisher = self.client(broker, version=version)
        expected = [b"%d" % number for number in range(500)]
        for payload in expected:
            publisher.publish_only("a/b", payload, qos)
        got = subscriber.wait_for_messages(500)
        self.assertEqual([message.payload for message in got], expected)
        self.assertEqual({(message.topic, message.qos, message.retain) for message in got}, {("a/b", qos, False)})

    @for_each(version=BOTH, qos=(0, 1, 2))
    def test_a_mebibyte_arrives_unchanged(self, version, qos):
        broker = self.broker()
        subscriber = self.client(broker, version=version)
        subscriber.subscribe("big", qos)
        payload = random.Random(3).randbytes(1 << 20)
        self.client(broker, version=version).publish("big", payload, qos)
        self.assertEqual(self.payloads(subscriber, 1), [payload])

    @for_each(version=BOTH, qos=(0, 1, 2))
    def test_64_mebibytes_arrive_where_the_limit_is_raised(self, version, qos):
        broker = self.broker("max_packet_size 100000000")
        subscriber = self.client(broker, version=version)
        subscriber.subscribe("big", qos)
        payload = random.Random(4).randbytes(64 << 20)
        publisher = self.client(broker, version=version)
        publisher.publish("big", payload, qos, seconds=120)
        got = subscriber.wait_for_messages(1, seconds=120)
        self.assertTrue(got[0].payload == payload, "the payload differs")

    @for_each(version=BOTH)
    def test_unsubscribe_ends_delivery(self, version):
        broker = self.broker()
        client = self.client(broker, version=version)
        client.subscribe("a", 1)
        client.subscribe("fence", 1)
        client.publish("a", b"1")
        client.wait_for_messages(1)
        client.unsubscribe("a")
        client.publish("a", b"2")
        client.publish("fence", b"3")
        self.assertEqual(self.payloads(client, 2), [b"1", b"3"])

    @for_each(version=BOTH)
    def test_wildcards_do_not_match_dollar_topics(self, version):
        broker = self.broker()
        client = self.client(broker, version=version)
        client.subscribe("#", 1)
        client.subscribe("+/b", 1)
        client.publish("$other/b", b"hidden")
        client.publish("a/b/c", b"seen")
        self.assertEqual(self.payloads(client, 1), [b"seen"])


class Retained(PahoTestCase):
    @for_each(version=BOTH, qos=(0, 1, 2))
    def test_set_replace_delete(self, version, qos):
        broker = self.broker()
        publisher = self.client(broker, version=version)
        publisher.publish("kept/fence", b"fence", qos or 1, retain=True)  # A QoS 2 message is handed over later.
        for payload, expected in ((b"old", [b"old"]), (b"new", [b"new"]), (b"", [])):
            publisher.publish("kept/a", payload, qos, retain=True)
            if qos == 0:
                publisher.publish("other", b"", 1)  # Acknowledged after what was sent before it.
            subscriber = self.client(broker, version=version)
            subscriber.subscribe("kept/a", 2)
            subscriber.subscribe("kept/fence", 2)
            got = subscriber.wait_for_messages(len(expected) + 1)
            self.assertEqual([message.payload for message in got], expected + [b"fence"])
            self.assertEqual([message.qos for message in got[:-1]], [qos] * len(expected))
            self.assertTrue(all(message.retain for message in got))


class Wills(PahoTestCase):
    def will(self, qos=1, retain=False):
        return {"topic": "will", "payload": b"gone", "qos": qos, "retain": retain}

    @for_each(version=BOTH, qos=(0, 1, 2), retain=(False, True))
    def test_a_crash_publishes_the_will(self, version, qos, retain):
        broker = self.broker()
        watcher = self.client(broker, version=version)
        watcher.subscribe("will", 2)
        self.client(broker, version=version, will=self.will(qos, retain)).vanish()
        message = watcher.wait_for_messages(1)[0]
        self.assertEqual((message.payload, message.qos, message.retain), (b"gone", qos, False))
        later = self.client(broker, version=version)
        later.subscribe("will", 2)
        later.publish("will", b"fence", qos or 1)
        first = later.wait_for_messages(1)[0]
        self.assertEqual((first.payload, first.retain), (b"gone", True) if retain else (b"fence", False))

    @for_each(version=BOTH)
    def test_goodbye_discards_the_will(self, version):
        broker = self.broker()
        watcher = self.client(broker, version=version)
        watcher.subscribe("will", 1)
        self.client(broker, version=version, will=self.will()).disconnect()
        watcher.publish("will", b"fence")
        self.assertEqual(self.payloads(watcher, 1), [b"fence"])

    @for_each(version=BOTH)
    def test_silence_beyond_the_keep_alive_publishes_the_will(self, version):
        """[MQTT-3.1.2-22] One and a half times the keep alive: here of one second."""
        broker = self.broker()
        watcher = self.client(broker, version=version)
        watcher.subscribe("will", 1)
        with wire.RawClient(broker.port, version) as silent:
            will = ("will", "gone", 1, False, [])
            self.assertEqual(silent.connect("silent", keep_alive=1, will=will)[1], 0)
            self.assertEqual(self.payloads(watcher, 1), [b"gone"])


class Sessions(PahoTestCase):
    @for_each(version=BOTH, qos=(1, 2))
    def test_messages_while_away_are_delivered_at_return(self, version, qos):
        broker = self.broker()
        client = self.client(broker, "sleeper", version=version, **stays(version))
        self.assertFalse(client.connack[0])
        client.subscribe("a", qos)
        client.disconnect()
        publisher = self.client(broker, version=version)
        for number in range(100):
            publisher.publish("a", b"%d" % number, qos)
        back = self.client(broker, "sleeper", version=version, **stays(version))
        self.assertTrue(back.connack[0])
        self.assertEqual(self.payloads(back, 100), [b"%d" % number for number in range(100)])

    @for_each(version=BOTH)
    def test_a_clean_start_discards_the_session(self, version):
        broker = self.broker()
        client = self.client(broker, "me", version=version, **stays(version))
        client.subscribe("a", 1)
        client.disconnect()
        self.client(broker, version=version).publish("a", b"lost")
        clean = self.client(broker, "me", version=version)
        self.assertFalse(clean.connack[0])
        clean.subscribe("fence", 1)
        clean.publish("a", b"lost too")
        clean.publish("fence", b"fence")
        self.assertEqual(self.payloads(clean, 1), [b"fence"])

    @for_each(version=BOTH, qos=(1, 2))
    def test_a_cut_while_publishing_loses_and_doubles_nothing(self, version, qos):
        """The broker's answers to the first ten do not arrive; paho publishes them again by itself."""
        broker = self.broker("max_queued_messages 0")
        subscriber = self.client(broker, version=version)
        subscriber.subscribe("a", 2)
        tap = self.tap(broker)
        publisher = self.unconnected(tap, "publisher", version=version, reconnect=True, **stays(version))
        publisher.start()
        tap.swallow(DOWN, wire.PUBACK if qos == 1 else wire.PUBREC)
        infos = [publisher.publish_only("a", b"%d" % number, qos) for number in range(10)]
        tap.wait_for(UP, wire.PUBLISH, 10)
        tap.cut_and_let_through()
        again = tap.wait_for(UP, wire.PUBLISH, 10, connection=2)
        self.assertTrue(all(got.dup for got in again), "[MQTT-3.3.1-1]")
        infos.append(publisher.publish_only("a", b"last", qos))
        harness.wait_until(lambda: all(info.is_published() for info in infos), "all acknowledgements")
        got = subscriber.wait_for_payload(b"last")
        self.assert_delivered_despite_a_cut(got, [b"%d" % number for number in range(10)] + [b"last"], qos)

    @for_each(version=BOTH, qos=(1, 2))
    def test_a_cut_while_receiving_loses_and_doubles_nothing(self, version, qos):
        broker = self.broker()
        tap = self.tap(broker)
        subscriber = self.unconnected(tap, "subscriber", version=version, reconnect=True, **stays(version))
        subscriber.start()
        subscriber.subscribe("a", qos)
        tap.swallow(UP, wire.PUBACK if qos == 1 else wire.PUBREC)
        publisher = self.client(broker, version=version)
        for number in range(5):
            publisher.publish("a", b"%d" % number, qos)
        tap.wait_for(DOWN, wire.PUBLISH, 5)
        tap.cut_and_let_through()
        again = tap.wait_for(DOWN, wire.PUBLISH, 5, connection=2)
        self.assertTrue(all(got.dup for got in again), "[MQTT-3.3.1-1]")
        publisher.publish("a", b"last", qos)
        got = subscriber.wait_for_payload(b"last")
        self.assert_delivered_despite_a_cut(got, [b"%d" % number for number in range(5)] + [b"last"], qos)

    @for_each(version=BOTH)
    def test_a_lost_pubrel_is_sent_again(self, version):
        """[MQTT-4.4.0-1] The cut comes in the second half of QoS 2."""
        broker = self.broker()
        tap = self.tap(broker)
        subscriber = self.unconnected(tap, "subscriber", version=version, reconnect=True, **stays(version))
        subscriber.start()
        subscriber.subscribe("a", 2)
        tap.swallow(DOWN, wire.PUBREL)
        publisher = self.client(broker, version=version)
        publisher.publish("a", b"1", 2)
        tap.wait_for(DOWN, wire.PUBREL)
        tap.cut_and_let_through()
        tap.wait_for(DOWN, wire.PUBREL, connection=2)
        publisher.publish("a", b"2", 2)
        self.assertEqual(self.payloads(subscriber, 2), [b"1", b"2"])
        self.assertEqual(len(tap.packets(DOWN, wire.PUBLISH, connection=2)), 1)

    @for_each(version=BOTH)
    def test_a_second_connection_takes_the_session_over(self, version):
        broker = self.broker()
        first = self.client(broker, "me", version=version)
        second = self.client(broker, "me", version=version)
        first.wait_for_disconnect()
        second.subscribe("a", 1)
        second.publish("a", b"mine")
        self.assertEqual(self.payloads(second, 1), [b"mine"])
        self.assertEqual(first.messages, [])
