"""The broker under want: of file descriptors, of memory given back; and the figures that it publishes."""
import os
import re
import socket
import time

import harness
import wire
from harness import midge_only, wait_until

TICKS = os.sysconf("SC_CLK_TCK")


class Resources(harness.TestCase):
    def connected(self, broker):
        made = wire.RawClient(broker.port, "311")
        self.addCleanup(made.socket.close)
        self.assertEqual(made.connect(f"client {made.socket.getsockname()[1]}")[1], 0)
        return made

    def cpu_seconds(self, broker):
        with open(f"/proc/{broker.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def cpu_share(self, broker, seconds):
        """The share of one core that it uses over so many seconds."""
        before, began = self.cpu_seconds(broker), time.monotonic()
        wait_until(lambda: time.monotonic() - began > seconds, "time passes")
        return (self.cpu_seconds(broker) - before) / (time.monotonic() - began)

    def test_out_of_file_descriptors_it_neither_spins_nor_ends(self):
        broker = self.broker(limit_files=64)
        if broker.needs_descriptors():
            self.skipTest("UBSan needs descriptors too")
        clients = [socket.create_connection(("127.0.0.1", broker.port), 10) for _ in range(100)]
        for client in clients:
            self.addCleanup(client.close)
            client.sendall(wire.connect(f"client {client.getsockname()[1]}", version="311"))
        first = clients[0]
        self.assertEqual(first.recv(4), b"\x20\x02\x00\x00")
        self.assertLess(self.cpu_share(broker, 2), 0.3)
        first.sendall(wire.packet(wire.PINGREQ, 0, b""))
        self.assertEqual(first.recv(2), b"\xd0\x00", "who is in is served")
        for client in clients:
            client.close()
        with wire.RawClient(broker.port, "311") as late:
            self.assertEqual(late.connect("late")[1], 0)
        if not harness.options.broker_is_mosquitto:
            broker.wait_for_log("(?i)too many open files|file descriptors")

    def resident_kib(self, broker):
        with open(f"/proc/{broker.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def open_and_close(self, broker, count):
        for number in range(count):
            with wire.RawClient(broker.port, "311") as client:
                client.send(wire.connect(f"client {number}", version="311") + wire.disconnect())
                client.expect(wire.CONNACK)

    def test_ten_thousand_connections_leave_no_memory_behind(self):
        """A thousand before warm it up: allocator arenas, tables that grow once."""
        broker = self.broker("log_type error")
        self.open_and_close(broker, 1000)
        before = self.resident_kib(broker)
        self.open_and_close(broker, 10000)
        grown = self.resident_kib(broker) - before
        if not broker.is_sanitized():  # Its quarantine keeps what was freed.
            self.assertLess(grown, 2048)

    def test_a_thousand_at_once_leave_little_behind(self):
        broker = self.broker("log_type error")
        for _ in range(2):
            clients = [self.connected(broker) for _ in range(1000)]
            before = self.resident_kib(broker)
            for client in clients:
                client.socket.close()
        with wire.RawClient(broker.port, "311") as late:
            late.connect("late")
        self.assertLess(self.resident_kib(broker), before + 2048)

    def test_an_idle_broker_uses_no_cpu(self):
        broker = self.broker()
        clients = [self.connected(broker) for _ in range(50)]
        self.assertLess(self.cpu_share(broker, 3), 0.05)
        self.assertEqual(len(clients), 50)


class SysTopics(harness.TestCase):
    NUMBERS = [
        "clients/total", "clients/maximum", "clients/connected", "clients/active", "clients/disconnected",
        "clients/inactive", "clients/expired", "messages/received", "messages/sent", "messages/stored",
        "store/messages/count", "store/messages/bytes", "retained messages/count", "subscriptions/count",
        "bytes/received", "bytes/sent", "publish/bytes/received", "publish/bytes/sent", "publish/messages/received",
        "publish/messages/sent", "publish/messages/dropped"]
    NUMBERS_OF_2_1 = ["shared_subscriptions/count", "packet/out/count", "packet/out/bytes", "connections/socket/count"]
    LOADS = [f"load/{what}/{span}" for span in ("1min", "5min", "15min") for what in (
        "messages/received", "messages/sent", "publish/received", "publish/sent", "publish/dropped",
        "bytes/received", "bytes/sent", "sockets", "connections")]

    def setUp(self):
        super().setUp()
        self.started = self.broker("sys_interval 1")
        self.client = wire.RawClient(self.started.port, "311")
        self.addCleanup(self.client.socket.close)
        self.client.connect("watcher")
        self.found = {}

    def watch(self, *topics):
        """Reads until each of the topics has come; published once in a second, and when it changes."""
        self.client.subscribe(("$SYS/#", 0))
        missing = {f"$SYS/broker/{topic}" for topic in topics}
        end = time.monotonic() + harness.PATIENCE
        while missing - self.found.keys() and time.monotonic() < end:
            got = self.client.receive_publish()
            self.found[got.topic] = got.payload.decode()
        self.assertEqual(missing - self.found.keys(), set())

    def test_counters_are_whole_numbers_under_mosquitto_s_names(self):
        self.watch(*self.NUMBERS)
        for topic in self.NUMBERS:
            self.assertRegex(self.found["$SYS/broker/" + topic], r"^\d+$", topic)

    @midge_only("does not publish them")
    def test_counters_of_mosquitto_2_1(self):
        self.watch(*self.NUMBERS_OF_2_1)
        for topic in self.NUMBERS_OF_2_1:
            self.assertRegex(self.found["$SYS/broker/" + topic], r"^\d+$", topic)

    def test_load_averages_have_two_decimals(self):
        self.client.subscribe(("$SYS/broker/load/#", 0))
        with wire.RawClient(self.started.port, "311") as other:
            other.connect("other")
        loads = [topic for topic in self.LOADS if "dropped" not in topic]
        self.watch(*loads)
        for topic in loads:
            self.assertRegex(self.found["$SYS/broker/" + topic], r"^\d+\.\d\d$", topic)

    def test_version_and_uptime(self):
        self.watch("version", "uptime")
        self.assertRegex(self.found["$SYS/broker/version"], r"^\w+ version \d+\.\d+")
        self.assertRegex(self.found["$SYS/broker/uptime"], r"^\d+ seconds$")

    def test_the_figures_count_what_happens(self):
        with wire.RawClient(self.started.port, "311") as other:
            other.connect("other")
            other.publish("kept", b"x", retain=True, qos=1)
            other.expect(wire.PUBACK)
            self.watch("clients/connected", "retained messages/count", "subscriptions/count")
            end = time.monotonic() + harness.PATIENCE
            while self.found["$SYS/broker/clients/connected"] != "2" and time.monotonic() < end:
                got = self.client.receive_publish()
                self.found[got.topic] = got.payload.decode()
        self.assertEqual(self.found["$SYS/broker/clients/connected"], "2")

    def test_they_are_retained_and_hidden_from_wildcards(self):
        self.client.subscribe(("#", 0))
        self.client.publish("fence", b"x")
        self.assertEqual(self.client.receive_publish().topic, "fence")
        self.watch("version")

    @midge_only("counts the sum only")
    def test_drops_are_counted_by_reason(self):
        self.watch("publish/messages/dropped")
        with wire.RawClient(self.started.port, "311") as other:
            other.connect("sleeper", clean=False)
            other.subscribe(("a", 1))
        publisher = wire.RawClient(self.started.port, "311")
        self.addCleanup(publisher.socket.close)
        publisher.connect("publisher")
        for number in range(1100):
            publisher.publish("a", b"x", qos=1, identifier=number + 1)
            publisher.expect(wire.PUBACK)
        end = time.monotonic() + harness.PATIENCE
        while time.monotonic() < end:
            got = self.client.receive_publish()
            if re.match(r"\$SYS/broker/publish/messages/dropped/\w+", got.topic) and got.payload not in (b"0", b""):
                break
        self.assertRegex(got.topic, r"dropped/\w+$")
        self.assertIn(int(got.payload), range(80, 101))

    def test_clients_may_not_write_them(self):
        self.client.publish("$SYS/broker/version", b"forged", retain=True)
        with wire.RawClient(self.started.port, "311") as other:
            other.connect("other")
            other.subscribe(("$SYS/broker/version", 0))
            self.assertNotEqual(other.receive_publish().payload, b"forged")
