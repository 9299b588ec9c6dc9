"""What the broker sends by default, byte for byte as Mosquitto 2.1: swapping the broker leaves a capture unchanged."""
import harness
import wire
from harness import for_each, midge_only

MESSAGE_PROPERTIES = [
    (wire.PAYLOAD_FORMAT, 1), (wire.CONTENT_TYPE, "text/plain"), (wire.RESPONSE_TOPIC, "reply"),
    (wire.CORRELATION_DATA, b"\x00\x01"), (wire.USER_PROPERTY, ("b", "1")), (wire.USER_PROPERTY, ("a", "2"))]


class RawTestCase(harness.TestCase):
    def raw(self, broker, version="5"):
        made = wire.RawClient(broker.port, version)
        self.addCleanup(made.socket.close)
        return made

    def connected(self, broker, client_id="", version="5", **keywords):
        made = self.raw(broker, version)
        self.assertEqual(made.connect(client_id, **keywords)[1], 0)
        return made


class Connack(RawTestCase):
    @midge_only("sends no Maximum Packet Size, and Server Keep Alive 65535 where none is asked for")
    def test_mqtt_5_defaults(self):
        with self.raw(self.broker()) as client:
            self.assertEqual(client.connect("me", keep_alive=60), (False, 0, [
                (wire.TOPIC_ALIAS_MAXIMUM, 10), (wire.MAXIMUM_PACKET_SIZE, 2000000), (wire.RECEIVE_MAXIMUM, 20)]))

    @midge_only("sends no Maximum Packet Size")
    def test_what_else_is_due_comes_between(self):
        """After Topic Alias Maximum and before Maximum Packet Size and Receive Maximum."""
        broker = self.broker("max_keepalive 30")
        with self.raw(broker) as client:
            _, _, props = client.connect("", keep_alive=60)
            self.assertEqual(props[0], (wire.TOPIC_ALIAS_MAXIMUM, 10))
            self.assertEqual(props[-2:], [(wire.MAXIMUM_PACKET_SIZE, 2000000), (wire.RECEIVE_MAXIMUM, 20)])
            self.assertEqual([name for name, _ in props[1:-2]], [wire.SERVER_KEEP_ALIVE, wire.ASSIGNED_ID])

    def test_the_old_two_properties_and_their_order(self):
        """What 2.0 and 2.1 have in common."""
        with self.raw(self.broker()) as client:
            present, reason, props = client.connect("", keep_alive=60)
            self.assertEqual((present, reason), (False, 0))
            names = [name for name, _ in props]
            self.assertEqual((names[0], names[-1]), (wire.TOPIC_ALIAS_MAXIMUM, wire.RECEIVE_MAXIMUM))
            self.assertRegex(dict(props)[wire.ASSIGNED_ID],
                             r"^auto-[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$")

    def test_options_show_in_the_properties(self):
        broker = self.broker("max_inflight_messages 7", "max_packet_size 5000", "max_topic_alias 3", "max_qos 1")
        with self.raw(broker) as client:
            props = dict(client.connect("me", keep_alive=60)[2])
        self.assertEqual({name: props.get(name) for name in (wire.RECEIVE_MAXIMUM, wire.MAXIMUM_PACKET_SIZE,
                                                             wire.TOPIC_ALIAS_MAXIMUM, wire.MAXIMUM_QOS)},
                         {wire.RECEIVE_MAXIMUM: 7, wire.MAXIMUM_PACKET_SIZE: 5000, wire.TOPIC_ALIAS_MAXIMUM: 3,
                          wire.MAXIMUM_QOS: 1})

    @for_each(version=("31", "311"))
    def test_mqtt_3_is_two_bytes(self, version):
        with self.raw(self.broker(), version) as client:
            client.send(wire.connect("me", version=version))
            self.assertEqual(client.expect(wire.CONNACK).body, b"\x00\x00")

    @for_each(version=("311", "5"))
    def test_session_present(self, version):
        broker = self.broker()
        props = [(wire.SESSION_EXPIRY, 100)] if version == "5" else []
        with self.raw(broker, version) as client:
            self.assertFalse(client.connect("me", clean=False, props=props)[0])
        with self.raw(broker, version) as client:
            self.assertTrue(client.connect("me", clean=False, props=props)[0])

    def test_mqtt_3_1_has_no_session_present(self):
        broker = self.broker()
        for _ in range(2):
            with self.raw(broker, "31") as client:
                client.send(wire.connect("me", version="31", clean=False))
                self.assertEqual(client.expect(wire.CONNACK).body[1], 0)

    def test_an_unknown_version_is_refused(self):
        """[MQTT-3.1.2-2]"""
        with self.raw(self.broker()) as client:
            client.send(wire.packet(wire.CONNECT, 0, wire.binary("MQTT") + b"\x06\x02\x00\x00\x00" + wire.binary("me")))
            got = client.receive()
            self.assertIn(got.body[1] if got else 0x84, (0x01, 0x84))


class ForwardedPublish(RawTestCase):
    def forwarded(self, props, **options):
        broker = self.broker()
        subscriber = self.connected(broker, **options.pop("connect", {}))
        subscriber.subscribe(("a", 1), props=options.pop("subscribe", ()))
        publisher = self.connected(broker)
        publisher.publish("a", b"x", qos=1, props=props)
        return subscriber.receive_publish()

    def test_properties_keep_the_publisher_s_order(self):
        for order in (MESSAGE_PROPERTIES, MESSAGE_PROPERTIES[::-1]):
            self.assertEqual(self.forwarded(order).props, order)

    def test_message_expiry_comes_last(self):
        sent = [(wire.MESSAGE_EXPIRY, 100), *MESSAGE_PROPERTIES]
        self.assertEqual(self.forwarded(sent).props, [*MESSAGE_PROPERTIES, (wire.MESSAGE_EXPIRY, 100)])

    def test_the_publisher_s_topic_alias_is_not_passed_on(self):
        got = self.forwarded([(wire.TOPIC_ALIAS, 1), *MESSAGE_PROPERTIES])
        self.assertEqual((got.topic, got.props), ("a", MESSAGE_PROPERTIES))

    def test_a_subscription_identifier_is_among_the_properties(self):
        got = self.forwarded(MESSAGE_PROPERTIES, subscribe=[(wire.SUBSCRIPTION_ID, 5)])
        self.assertCountEqual(got.props, [*MESSAGE_PROPERTIES, (wire.SUBSCRIPTION_ID, 5)])

    @midge_only("sends no topic aliases")
    def test_the_broker_uses_aliases_where_the_client_allows(self):
        broker = self.broker()
        subscriber = self.connected(broker, props=[(wire.TOPIC_ALIAS_MAXIMUM, 5)])
        subscriber.subscribe(("long/topic", 0))
        publisher = self.connected(broker)
        for payload in (b"1", b"2", b"3"):
            publisher.publish("long/topic", payload)
        first, second, third = (subscriber.receive_publish() for _ in range(3))
        self.assertEqual((first.topic, second.topic, third.topic), ("long/topic", "", ""))
        aliases = [dict(got.props)[wire.TOPIC_ALIAS] for got in (first, second, third)]
        self.assertEqual(len(set(aliases)), 1)
        self.assertIn(aliases[0], range(1, 6))

    @for_each(version=("31", "311"))
    def test_mqtt_3_bytes(self, version):
        broker = self.broker()
        subscriber = self.connected(broker, "me", version)
        self.assertEqual(subscriber.subscribe(("a", 1)), [1])
        publisher = self.connected(broker)
        publisher.publish("a", b"payload", qos=1, props=MESSAGE_PROPERTIES)
        got = subscriber.expect(wire.PUBLISH)
        self.assertEqual((got.flags, got.body), (2, b"\x00\x01a\x00\x01payload"))

    @for_each(kind=(wire.PUBACK, wire.PUBREC))
    def test_an_mqtt_3_acknowledgement_is_two_bytes(self, kind):
        client = self.connected(self.broker(), "me", "311")
        client.publish("a", b"x", qos=1 if kind == wire.PUBACK else 2, identifier=258)
        self.assertEqual(client.expect(kind).body, b"\x01\x02")

    def test_allow_duplicate_messages_gives_mqtt_3_clients_a_copy_each(self):
        broker = self.broker("allow_duplicate_messages true")
        client = self.connected(broker, "me", "311")
        client.subscribe(("a/#", 0), ("a/b", 0))
        client.publish("a/b", b"x")
        client.publish("a/c", b"fence")
        self.assertEqual([client.receive_publish().payload for _ in range(3)], [b"x", b"x", b"fence"])

    def test_without_duplicates_there_is_one_copy(self):
        broker = self.broker("allow_duplicate_messages false")
        client = self.connected(broker, "me", "311")
        client.subscribe(("a/#", 0), ("a/b", 0))
        client.publish("a/b", b"x")
        client.publish("a/c", b"fence")
        self.assertEqual([client.receive_publish().payload for _ in range(2)], [b"x", b"fence"])


class Limits(RawTestCase):
    AROUND_THE_PAYLOAD = 1 + 3 + 3 + 2 + 1  # Type, length, topic, packet identifier, no properties.

    def test_a_packet_over_the_limit_is_answered_0x95(self):
        """[MQTT-3.2.2-15] And the log says what to raise."""
        broker = self.broker("max_packet_size 2000")
        client = self.connected(broker, "sender")
        client.publish("a", bytes(3000))
        self.assertEqual(client.disconnect_reason(), 0x95)
        if not harness.options.broker_is_mosquitto:
            broker.wait_for_log("sender.*max_packet_size|max_packet_size.*sender")

    @midge_only("has no limit by default")
    def test_the_default_limit_is_two_million_bytes(self):
        broker = self.broker()
        client = self.connected(broker)
        client.publish("a", bytes(2000001 - self.AROUND_THE_PAYLOAD), qos=1)
        self.assertEqual(client.disconnect_reason(), 0x95)

    def test_a_packet_of_the_limit_is_taken(self):
        broker = self.broker()
        client = self.connected(broker)
        client.publish("a", bytes(2000000 - self.AROUND_THE_PAYLOAD), qos=1)
        self.assertEqual(client.expect(wire.PUBACK).body[:2], b"\x00\x01")

    def test_an_mqtt_3_client_over_the_limit_is_cut_off(self):
        client = self.connected(self.broker("max_packet_size 2000"), "me", "311")
        client.publish("a", bytes(3000))
        self.assertIsNone(client.receive())

    def test_the_client_s_maximum_packet_size_is_kept(self):
        """[MQTT-3.1.2-24] [MQTT-3.1.2-25] What is too big is as if it had been sent."""
        broker = self.broker()
        client = self.connected(broker, props=[(wire.MAXIMUM_PACKET_SIZE, 200)])
        client.subscribe(("a", 1))
        publisher = self.connected(broker)
        publisher.publish("a", bytes(500), qos=1, identifier=1)
        publisher.publish("a", b"fits", qos=1, identifier=2)
        self.assertEqual(client.receive_publish().payload, b"fits")

    def test_retain_not_available_is_0x9a(self):
        client = self.connected(self.broker("retain_available false"))
        client.publish("a", b"x", retain=True)
        self.assertEqual(client.disconnect_reason(), 0x9A)

    def test_a_qos_above_the_maximum_is_0x9b(self):
        client = self.connected(self.broker("max_qos 1"))
        client.publish("a", b"x", qos=2)
        self.assertEqual(client.disconnect_reason(), 0x9B)

    def test_a_topic_alias_above_the_maximum_is_0x94(self):
        client = self.connected(self.broker())
        client.publish("a", b"x", props=[(wire.TOPIC_ALIAS, 11)])
        self.assertEqual(client.disconnect_reason(), 0x94)

    @midge_only("closes without DISCONNECT")
    def test_silence_is_0x8d(self):
        client = self.connected(self.broker(), keep_alive=1)
        self.assertEqual(client.disconnect_reason(), 0x8D)

    def test_a_malformed_packet_is_0x81(self):
        client = self.connected(self.broker())
        client.send(wire.packet(wire.SUBSCRIBE, 2, b"\x00\x01\x00" + wire.binary(b"\xff") + b"\x00"))
        self.assertEqual(client.disconnect_reason(), 0x81)

    def test_garbage_before_connect_is_cut_off_and_hurts_nobody_else(self):
        broker = self.broker()
        other = self.connected(broker)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", bytes(100), b"\xff" * 100, b"\x10\xff\xff\xff\xff\xff"):
            client = self.raw(broker)
            client.send(garbage)
            self.assertIsNone(client.receive(), garbage)
        other.send(wire.packet(wire.PINGREQ, 0, b""))
        other.expect(wire.PINGRESP)
