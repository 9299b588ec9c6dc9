"""python3-paho-mqtt with waiting: each call returns when the broker has answered."""
import socket
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import harness
from harness import wait_until
from tap import Tap

VERSIONS = {"31": paho.MQTTv31, "311": paho.MQTTv311, "5": paho.MQTTv5}


def properties(kind, **values):
    """Properties by paho's names; a list sets one that may repeat."""
    made = Properties(getattr(PacketTypes, kind))
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            setattr(made, name, one)
    return made


class PahoTestCase(harness.TestCase):
    def client(self, broker, client_id="", **keywords):
        """A connected client."""
        made = self.unconnected(broker, client_id, **keywords)
        made.start()
        return made

    def unconnected(self, broker, client_id="", **keywords):
        made = Client(broker.port, client_id, **keywords)
        self.addCleanup(made.leave)
        return made

    def tap(self, broker):
        made = Tap(broker.port)
        self.addCleanup(made.close)
        return made

    def payloads(self, client, count):
        return [message.payload for message in client.wait_for_messages(count)]


class Client:
    """A paho client with its loop in a thread, and what came back so far."""

    def __init__(self, port, client_id="", version="5", clean=True, keep_alive=60, will=None, connect_properties=None,
                 username=None, password=None, reconnect=False):
        self.port, self.version, self.clean, self.keep_alive = port, version, clean, keep_alive
        self.connect_properties = connect_properties
        self.lock = threading.Lock()
        self.messages, self.connacks, self.disconnects, self.acknowledged = [], [], [], {}
        session = {} if version == "5" else {"clean_session": clean if client_id else True}
        self.paho = paho.Client(client_id, protocol=VERSIONS[version], reconnect_on_failure=reconnect, **session)
        self.paho.reconnect_delay_set(1, 1)
        self.paho.max_queued_messages_set(0)
        if username is not None:
            self.paho.username_pw_set(username, password)
        if will:
            self.paho.will_set(**will)
        self.watch()

    def watch(self):
        """paho's thread calls these."""
        self.paho.on_connect = lambda _c, _u, flags, code, properties=None: self.note(
            self.connacks, (bool(flags["session present"]), number(code), properties))
        self.paho.on_disconnect = lambda _c, _u, code, properties=None: self.note(self.disconnects, number(code))
        self.paho.on_message = lambda _c, _u, message: self.note(self.messages, message)
        self.paho.on_subscribe = lambda _c, _u, identifier, codes, *_: self.acknowledge(
            identifier, [number(code) for code in codes])
        self.paho.on_unsubscribe = lambda _c, _u, identifier, *_: self.acknowledge(identifier, True)
        self.paho.on_publish = lambda _c, _u, identifier: self.acknowledge(identifier, True)

    def note(self, where, what):
        with self.lock:
            where.append(what)

    def acknowledge(self, identifier, what):
        with self.lock:
            self.acknowledged[identifier] = what

    def start(self, seconds=harness.PATIENCE):
        """Connects, waits for CONNACK and returns it as (session present, reason, properties)."""
        before = len(self.connacks)
        more = {"clean_start": self.clean, "properties": self.connect_properties} if self.version == "5" else {}
        self.paho.connect("127.0.0.1", self.port, self.keep_alive, **more)
        self.paho.loop_start()
        return wait_until(lambda: self.connacks[before:], "CONNACK", seconds)[0]

    @property
    def connack(self):
        return self.connacks[-1]

    def answer(self, result):
        code, identifier = result[0], result[1]
        if code != paho.MQTT_ERR_SUCCESS:
            raise AssertionError(f"paho does not send: {paho.error_string(code)}")
        return wait_until(lambda: self.acknowledged.get(identifier), "the broker's acknowledgement")

    def subscribe(self, topic, qos=0, **keywords):
        if self.version == "5":
            options = {name: keywords.pop(name) for name in ("noLocal", "retainAsPublished", "retainHandling")
                       if name in keywords}
            return self.answer(self.paho.subscribe(topic, options=paho.SubscribeOptions(qos, **options), **keywords))
        return self.answer(self.paho.subscribe(topic, qos))

    def unsubscribe(self, topic):
        return self.answer(self.paho.unsubscribe(topic))

    def publish(self, topic, payload=b"", qos=1, retain=False, properties=None, **keywords):
        """Returns once it is acknowledged (QoS 0: written)."""
        more = {"properties": properties} if properties is not None else {}
        info = self.publish_only(topic, payload, qos, retain, **more)
        wait_until(info.is_published, "the broker's acknowledgement", **keywords)

    def publish_only(self, topic, payload=b"", qos=1, retain=False, **more):
        return self.paho.publish(topic, payload, qos, retain, **more)

    def wait_for_messages(self, count, seconds=harness.PATIENCE):
        wait_until(lambda: len(self.messages) >= count, f"{count} messages (now {len(self.messages)})", seconds)
        with self.lock:
            return list(self.messages)

    def wait_for_payload(self, last):
        """All payloads up to this one."""
        wait_until(lambda: self.messages and self.messages[-1].payload == last, f"the message {last!r}")
        return [message.payload for message in self.messages]

    def wait_for_disconnect(self):
        return wait_until(lambda: self.disconnects, "the end of the connection")[-1]

    def disconnect(self, **keywords):
        """Says DISCONNECT, and returns when the connection has ended."""
        before = len(self.disconnects)
        self.paho.disconnect(**keywords)
        wait_until(lambda: len(self.disconnects) > before, "the end of the connection")
        self.paho.loop_stop()

    def vanish(self):
        """As a crash: the connection ends without DISCONNECT."""
        before = len(self.disconnects)
        self.paho.socket().shutdown(socket.SHUT_RDWR)
        wait_until(lambda: len(self.disconnects) > before, "the end of the connection")

    def leave(self):
        self.paho.disconnect()
        self.paho.loop_stop()


def number(code):
    return code if isinstance(code, int) else code.value
