"""python3-paho-mqtt with MQTT 5: what is new there."""
import time

import wire
from harness import midge_only, wait_until
from paho_client import PahoTestCase, properties
from tap import DOWN, UP


def publish_properties(**values):
    return properties("PUBLISH", **values)


def expires_after(seconds):
    return properties("CONNECT", SessionExpiryInterval=seconds)


def let_pass(seconds):
    """For what the broker counts in seconds, which no test can move."""
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > seconds, "time passes", seconds + 10)


class Properties(PahoTestCase):
    def test_user_properties_keep_their_order_and_repeat(self):
        """[MQTT-3.3.2-18]"""
        broker = self.broker()
        client = self.client(broker)
        client.subscribe("a", 1)
        pairs = [("b", "1"), ("a", "2"), ("b", "1"), ("", ""), ("\u00e9", "\u20ac")]
        client.publish("a", b"x", properties=publish_properties(UserProperty=pairs))
        self.assertEqual(client.wait_for_messages(1)[0].properties.UserProperty, pairs)

    def test_content_type_and_payload_format_pass_through(self):
        broker = self.broker()
        client = self.client(broker)
        client.subscribe("a", 1)
        client.publish("a", b"x", properties=publish_properties(ContentType="text/plain", PayloadFormatIndicator=1))
        got = client.wait_for_messages(1)[0].properties
        self.assertEqual((got.ContentType, got.PayloadFormatIndicator), ("text/plain", 1))

    def test_request_and_response(self):
        broker = self.broker()
        server, asker = self.client(broker), self.client(broker)
        server.subscribe("service", 1)
        asker.subscribe("answers/1", 1)
        asker.publish("service", b"question", properties=publish_properties(ResponseTopic="answers/1",
                                                                           CorrelationData=b"\x00\x01\xff"))
        asked = server.wait_for_messages(1)[0].properties
        server.publish(asked.ResponseTopic, b"answer",
                       properties=publish_properties(CorrelationData=asked.CorrelationData))
        answer = asker.wait_for_messages(1)[0]
        self.assertEqual((answer.payload, answer.properties.CorrelationData), (b"answer", b"\x00\x01\xff"))

    def test_retained_messages_keep_their_properties(self):
        broker = self.broker()
        client = self.client(broker)
        client.publish("a", b"x", retain=True,
                       properties=publish_properties(ContentType="t", UserProperty=[("k", "v")]))
        client.subscribe("a", 1)
        got = client.wait_for_messages(1)[0].properties
        self.assertEqual((got.ContentType, got.UserProperty), ("t", [("k", "v")]))

    def test_a_will_keeps_its_properties(self):
        broker = self.broker()
        watcher = self.client(broker)
        watcher.subscribe("will", 1)
        will = {"topic": "will", "payload": b"gone", "qos": 1,
                "properties": properties("WILLMESSAGE", ContentType="t", UserProperty=[("k", "v")],
                                         CorrelationData=b"c")}
        self.client(broker, will=will).vanish()
        got = watcher.wait_for_messages(1)[0].properties
        self.assertEqual((got.ContentType, got.UserProperty, got.CorrelationData), ("t", [("k", "v")], b"c"))

    def test_a_topic_alias_stands_for_its_topic(self):
        broker = self.broker()
        client = self.client(broker)
        client.subscribe("long/topic", 1)
        client.publish("long/topic", b"1", properties=publish_properties(TopicAlias=1))
        client.publish("", b"2", properties=publish_properties(TopicAlias=1))
        got = client.wait_for_messages(2)
        self.assertEqual([(message.topic, message.payload) for message in got],
                         [("long/topic", b"1"), ("long/topic", b"2")])
        self.assertFalse(hasattr(got[0].properties, "TopicAlias"))

    def test_an_mqtt_3_subscriber_gets_the_message_without_properties(self):
        broker = self.broker()
        old = self.client(broker, version="311")
        old.subscribe("a", 1)
        self.client(broker).publish("a", b"x",
                                    properties=publish_properties(ContentType="t", UserProperty=[("k", "v")]))
        self.assertEqual(self.payloads(old, 1), [b"x"])


class Expiry(PahoTestCase):
    def test_the_time_a_message_waited_is_taken_off(self):
        """[MQTT-3.3.2-6]"""
        broker = self.broker()
        client = self.client(broker, "me", clean=False, connect_properties=expires_after(100))
        client.subscribe("a", 1)
        client.disconnect()
        publisher = self.client(broker)
        publisher.publish("a", b"x", properties=publish_properties(MessageExpiryInterval=100))
        publisher.publish("kept", b"x", retain=True, properties=publish_properties(MessageExpiryInterval=100))
        let_pass(2.1)
        back = self.client(broker, "me", clean=False, connect_properties=expires_after(100))
        back.wait_for_messages(1)
        back.subscribe("kept", 1)
        for message in back.wait_for_messages(2):
            self.assertIn(message.properties.MessageExpiryInterval, range(60, 99))

    def test_an_expired_message_is_not_delivered(self):
        """[MQTT-3.3.2-5]"""
        broker = self.broker()
        client = self.client(broker, "me", clean=False, connect_properties=expires_after(100))
        client.subscribe("a", 1)
        client.disconnect()
        publisher = self.client(broker)
        publisher.publish("a", b"late", properties=publish_properties(MessageExpiryInterval=1))
        publisher.publish("a", b"kept")
        let_pass(2.1)
        back = self.client(broker, "me", clean=False, connect_properties=expires_after(100))
        self.assertEqual(self.payloads(back, 1), [b"kept"])

    def test_an_expired_retained_message_is_gone(self):
        broker = self.broker()
        publisher = self.client(broker)
        publisher.publish("kept/a", b"late", retain=True, properties=publish_properties(MessageExpiryInterval=1))
        publisher.publish("kept/b", b"fence", retain=True)
        let_pass(2.1)
        client = self.client(broker)
        client.subscribe("kept/#", 1)
        self.assertEqual(self.payloads(client, 1), [b"fence"])

    def test_a_session_ends_after_its_interval(self):
        broker = self.broker()
        self.client(broker, "short", clean=False, connect_properties=expires_after(1)).disconnect()
        self.client(broker, "long", clean=False, connect_properties=expires_after(100)).disconnect()
        let_pass(3.1)
        for name, present in (("short", False), ("long", True)):
            self.assertEqual(self.client(broker, name, clean=False).connack[0], present, name)

    def test_disconnect_can_change_the_interval(self):
        broker = self.broker()
        client = self.client(broker, "me", clean=False, connect_properties=expires_after(100))
        client.disconnect(properties=properties("DISCONNECT", SessionExpiryInterval=0))
        self.assertFalse(self.client(broker, "me", clean=False).connack[0])

    def test_without_an_interval_the_session_ends_with_the_connection(self):
        broker = self.broker()
        client = self.client(broker, "me", clean=False)
        client.subscribe("a", 1)
        client.disconnect()
        self.assertFalse(self.client(broker, "me", clean=False).connack[0])


class WillDelay(PahoTestCase):
    def will(self, payload, delay):
        return {"topic": "will", "payload": payload, "qos": 1,
                "properties": properties("WILLMESSAGE", WillDelayInterval=delay)}

    def delayed(self, broker, name, payload, delay, expiry=100):
        return self.client(broker, name, will=self.will(payload, delay), connect_properties=expires_after(expiry))

    def test_a_will_waits_for_its_delay(self):
        broker = self.broker()
        watcher = self.client(broker)
        watcher.subscribe("will", 1)
        dying = self.delayed(broker, "me", b"gone", 2)
        began = time.monotonic()
        dying.vanish()
        self.assertEqual(self.payloads(watcher, 1), [b"gone"])
        self.assertGreater(time.monotonic() - began, 0.9)

    def test_who_comes_back_in_time_leaves_no_will(self):
        """[MQTT-3.1.3-9] The fence is the will of another, who went later."""
        broker = self.broker()
        watcher = self.client(broker)
        watcher.subscribe("will", 1)
        self.delayed(broker, "me", b"no", 1).vanish()
        self.client(broker, "me", clean=False, connect_properties=expires_after(100))
        self.delayed(broker, "other", b"fence", 2).vanish()
        self.assertEqual(self.payloads(watcher, 1), [b"fence"])

    def test_the_end_of_the_session_ends_the_delay(self):
        broker = self.broker()
        watcher = self.client(broker)
        watcher.subscribe("will", 1)
        self.delayed(broker, "me", b"gone", 3600, expiry=1).vanish()
        self.assertEqual(self.payloads(watcher, 1), [b"gone"])

    def test_disconnect_with_will_publishes_it(self):
        broker = self.broker()
        watcher = self.client(broker)
        watcher.subscribe("will", 1)
        with wire.RawClient(broker.port) as raw:
            raw.connect("me", will=("will", "gone", 1, False, []))
            raw.send(wire.packet(wire.DISCONNECT, 0, b"\x04\x00"))
            self.assertEqual(self.payloads(watcher, 1), [b"gone"])


class Subscriptions(PahoTestCase):
    def test_subscription_identifiers_come_back(self):
        """[MQTT-3.3.4-3]"""
        broker = self.broker()
        client = self.client(broker)
        client.subscribe("a/+", 1, properties=properties("SUBSCRIBE", SubscriptionIdentifier=7))
        client.subscribe("b/#", 1, properties=properties("SUBSCRIBE", SubscriptionIdentifier=268435455))
        client.publish("a/x", b"1")
        client.publish("b/x", b"2")
        got = client.wait_for_messages(2)
        self.assertEqual([message.properties.SubscriptionIdentifier for message in got], [[7], [268435455]])

    @midge_only("sends a copy for each overlapping subscription")
    def test_overlapping_subscriptions_make_one_copy_with_all_identifiers(self):
        """[MQTT-3.3.4-4] [MQTT-3.3.4-2] At the highest QoS."""
        broker = self.broker()
        client = self.client(broker)
        for topic, qos, number in (("a/#", 0, 1), ("a/+", 2, 2), ("a/b", 1, 3)):
            client.subscribe(topic, qos, properties=properties("SUBSCRIBE", SubscriptionIdentifier=number))
        client.publish("a/b", b"x", 2)
        client.publish("a/b", b"fence", 2)
        got = client.wait_for_messages(2)
        self.assertEqual([(message.payload, message.qos) for message in got], [(b"x", 2), (b"fence", 2)])
        self.assertEqual(sorted(got[0].properties.SubscriptionIdentifier), [1, 2, 3])

    def test_no_local_hides_one_s_own_messages(self):
        """[MQTT-3.8.3-3]"""
        broker = self.broker()
        client, other = self.client(broker), self.client(broker)
        client.subscribe("a", 1, noLocal=True)
        client.publish("a", b"own")
        other.publish("a", b"other's")
        self.assertEqual(self.payloads(client, 1), [b"other's"])

    def test_retain_as_published(self):
        """[MQTT-3.3.1-12] [MQTT-3.3.1-13]"""
        broker = self.broker()
        keeps, clears = self.client(broker), self.client(broker)
        keeps.subscribe("a", 1, retainAsPublished=True)
        clears.subscribe("a", 1)
        self.client(broker).publish("a", b"x", retain=True)
        self.assertTrue(keeps.wait_for_messages(1)[0].retain)
        self.assertFalse(clears.wait_for_messages(1)[0].retain)

    def test_retain_handling(self):
        """[MQTT-3.3.1-9] to [MQTT-3.3.1-11]: 0 sends always, 1 at a new subscription, 2 never."""
        broker = self.broker()
        self.client(broker).publish("kept", b"kept", retain=True)
        for handling, expected in ((0, [b"kept", b"kept", b"fence"]), (1, [b"kept", b"fence"]), (2, [b"fence"])):
            client = self.client(broker)
            client.subscribe("kept", 1, retainHandling=handling)
            client.subscribe("kept", 1, retainHandling=handling)
            client.subscribe("fence", 1)
            client.publish("fence", b"fence")
            self.assertEqual(self.payloads(client, len(expected)), expected, f"retain handling {handling}")

    def test_a_shared_subscription_shares_the_work(self):
        broker = self.broker()
        members = [self.client(broker) for _ in range(3)]
        for member in members:
            member.subscribe("$share/group/a", 1)
        publisher = self.client(broker)
        expected = sorted(b"%d" % number for number in range(99))
        for payload in expected:
            publisher.publish_only("a", payload)
        wait_until(lambda: sum(len(member.messages) for member in members) >= 99, "all messages")
        self.assertEqual(sorted(message.payload for member in members for message in member.messages), expected)
        for member in members:
            self.assertIn(len(member.messages), range(20, 47), "each has about a third")

    def test_groups_and_plain_subscribers_each_get_the_message(self):
        broker = self.broker()
        clients = [self.client(broker) for _ in range(3)]
        for client, topic in zip(clients, ("$share/one/a", "$share/two/a", "a")):
            client.subscribe(topic, 1)
        clients[0].publish("a", b"x")
        for client in clients:
            self.assertEqual(self.payloads(client, 1), [b"x"])

    @midge_only("gives offline members their turn")
    def test_a_shared_subscription_skips_who_is_offline(self):
        broker = self.broker()
        absent = self.client(broker, "absent", clean=False, connect_properties=expires_after(100))
        present = self.client(broker)
        for member in (absent, present):
            member.subscribe("$share/group/a", 1)
        absent.disconnect()
        expected = [b"%d" % number for number in range(20)]
        for payload in expected:
            present.publish("a", payload)
        self.assertEqual(self.payloads(present, 20), expected)

    @midge_only("sends them")
    def test_a_shared_subscription_gets_no_retained_messages(self):
        broker = self.broker()
        client = self.client(broker)
        client.publish("a", b"kept", retain=True)
        client.subscribe("$share/group/a", 1)
        client.publish("a", b"live")
        self.assertEqual(self.payloads(client, 1), [b"live"])


class Connections(PahoTestCase):
    @midge_only("closes without DISCONNECT")
    def test_a_takeover_is_told(self):
        """[MQTT-3.1.4-3] 0x8E to the older connection. Seen on the wire: paho does not read a short DISCONNECT."""
        broker = self.broker()
        tap = self.tap(broker)
        self.client(tap, "me")
        self.client(broker, "me")
        self.assertEqual(tap.wait_for(DOWN, wire.DISCONNECT)[0].body[0], 0x8E)

    def test_receive_maximum_limits_what_is_in_flight(self):
        """[MQTT-3.3.4-9] Two at a time; QoS 0 flows on."""
        broker = self.broker()
        tap = self.tap(broker)
        client = self.client(tap, connect_properties=properties("CONNECT", ReceiveMaximum=2))
        client.subscribe("a", 1)
        client.subscribe("fence", 0)
        tap.swallow(UP, wire.PUBACK)
        publisher = self.client(broker)
        for number in range(5):
            publisher.publish("a", b"%d" % number)
        publisher.publish("fence", b"fence", 0)
        self.assertEqual(self.payloads(client, 3), [b"0", b"1", b"fence"])

    def test_the_server_s_keep_alive_is_told(self):
        broker = self.broker("max_keepalive 30")
        self.assertEqual(self.client(broker, keep_alive=60).connack[2].ServerKeepAlive, 30)

    def test_an_id_is_assigned_to_who_has_none(self):
        """[MQTT-3.1.3-6]"""
        broker = self.broker()
        names = {self.client(broker).connack[2].AssignedClientIdentifier for _ in range(3)}
        self.assertEqual(len(names), 3)
        self.assertTrue(all(name.startswith("auto-") for name in names), names)

    def test_a_bad_password_is_0x86_or_0x87(self):
        passwords = self.folder / "passwords"
        self.run_command("mosquitto_passwd", "-c", "-b", passwords, "user", "right")
        broker = self.configured_broker("listener {port} 127.0.0.1", f"password_file {passwords}")
        client = self.unconnected(broker, username="user", password="wrong")
        self.assertIn(client.start()[1], (0x86, 0x87))
        self.assertEqual(self.client(broker, username="user", password="right").connack[1], 0)

    def test_publishing_where_nobody_listens_is_told(self):
        broker = self.broker()
        tap = self.tap(broker)
        client = self.client(tap)
        client.publish("nobody", b"x", 1)
        self.assertEqual(tap.wait_for(DOWN, wire.PUBACK)[0].body[2:3], b"\x10")

    def test_unsubscribing_tells_what_existed(self):
        broker = self.broker()
        tap = self.tap(broker)
        client = self.client(tap)
        client.subscribe("a", 1)
        client.unsubscribe(["a", "b"])
        self.assertEqual(tap.wait_for(DOWN, wire.UNSUBACK)[0].body[-2:], b"\x00\x11")
