"""Tests for clients that read commands and print what happens: Paho C (paho_c_test.c), MQTT.js (mqttjs_test.mjs)."""
import queue
import subprocess
import threading

import harness
import wire
from harness import for_each, wait_until
from tap import DOWN, UP, Tap

LEVELS = (4, 5)  # MQTT 3.1.1 and 5.


class LineClient:
    """One client process, told what to do line by line."""

    def __init__(self, program, port, level, client_id="", stay=False, will=()):
        command = [*program, port, level, client_id or f"{id(self):x}", "stay" if stay else "clean", *will]
        self.process = subprocess.Popen([*harness.end_with_us(), *(str(word) for word in command)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answers = queue.Queue()
        self.messages = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("message "):
                self.messages.append(line.rstrip("\n").split(" ", 4)[1:])
            else:
                self.answers.put(line.strip())
        self.answers.put("ended")

    def tell(self, command):
        """Returns the answer to the command."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answers.get(timeout=harness.PATIENCE * 2)

    def tell_all(self, *commands):
        return [self.tell(command) for command in commands]

    def wait_for_messages(self, count):
        wait_until(lambda: len(self.messages) >= count, f"{count} messages, not {self.messages}")
        return list(self.messages)

    def wait_for_payload(self, last):
        wait_until(lambda: self.messages and self.messages[-1][3] == last, f"the message {last}, not {self.messages}")
        return [message[3] for message in self.messages]

    def vanish(self):
        """Ends the process: no DISCONNECT."""
        self.process.kill()
        self.process.wait()

    def close(self):
        self.vanish()
        self.process.stdin.close()


class LineClientTests(harness.TestCase):
    """What both clients are put through; a subclass names the program."""

    def program(self):
        raise NotImplementedError

    def client(self, port, level, *arguments, connected=True, **keywords):
        made = LineClient(self.program(), port, level, *arguments, **keywords)
        self.addCleanup(made.close)
        if connected:
            self.assertRegex(made.tell("connect"), "^connected [01]$")
        return made

    def tap(self, broker):
        made = Tap(broker.port)
        self.addCleanup(made.close)
        return made

    @for_each(level=LEVELS, qos=(0, 1, 2))
    def test_messages_arrive_in_order(self, level, qos):
        broker = self.broker()
        subscriber, publisher = self.client(broker.port, level), self.client(broker.port, level)
        self.assertEqual(subscriber.tell(f"subscribe a/+ {qos}"), f"subscribed {qos}")
        for number in range(50):
            self.assertEqual(publisher.tell(f"send a/b {qos} 0 {number}"), "sent")
            if number % 10 == 9:  # MQTT.js does not heed Receive Maximum, which is 20.
                self.assertEqual(publisher.tell("flush"), "flushed")
        self.assertEqual(subscriber.wait_for_messages(50),
                         [["a/b", str(qos), "0", str(number)] for number in range(50)])

    @for_each(level=LEVELS, qos=(0, 1, 2))
    def test_a_mebibyte_arrives_unchanged(self, level, qos):
        broker = self.broker()
        client = self.client(broker.port, level)
        client.tell(f"subscribe big {qos}")
        checksum = client.tell(f"fill big {qos} {1 << 20}").removeprefix("filled ")
        self.assertEqual(client.wait_for_messages(1), [["big", str(qos), "0", f"{1 << 20} {checksum}"]])

    @for_each(level=LEVELS)
    def test_retained_set_replace_delete(self, level):
        broker = self.broker()
        client = self.client(broker.port, level)
        client.tell_all("send kept/fence 1 1 fence", "send kept/a 1 1 old", "send kept/a 1 1 new", "flush",
                        "subscribe kept/a 1")
        self.assertEqual(client.wait_for_messages(1), [["kept/a", "1", "1", "new"]])
        client.tell_all("send kept/a 1 1 ", "flush")
        later = self.client(broker.port, level)
        later.tell("subscribe kept/# 1")
        later.tell("send kept/end 1 0 end")
        self.assertEqual(later.wait_for_messages(2), [["kept/fence", "1", "1", "fence"], ["kept/end", "1", "0", "end"]])

    @for_each(level=LEVELS, qos=(0, 1, 2))
    def test_a_crash_publishes_the_will(self, level, qos):
        broker = self.broker()
        watcher = self.client(broker.port, level)
        watcher.tell("subscribe will 2")
        self.client(broker.port, level, will=("will", "gone", qos, 0)).vanish()
        self.assertEqual(watcher.wait_for_messages(1), [["will", str(qos), "0", "gone"]])

    @for_each(level=LEVELS)
    def test_goodbye_discards_the_will(self, level):
        broker = self.broker()
        watcher = self.client(broker.port, level)
        watcher.tell("subscribe will 1")
        leaving = self.client(broker.port, level, will=("will", "gone", 1, 0))
        self.assertEqual(leaving.tell("disconnect"), "disconnected")
        watcher.tell("send will 1 0 fence")
        self.assertEqual(watcher.wait_for_messages(1), [["will", "1", "0", "fence"]])

    @for_each(level=LEVELS, qos=(1, 2))
    def test_messages_while_away_are_delivered_at_return(self, level, qos):
        broker = self.broker()
        self.client(broker.port, level, "sleeper", stay=True).tell_all(f"subscribe a {qos}", "disconnect")
        publisher = self.client(broker.port, level)
        publisher.tell_all(*(f"send a {qos} 0 {number}" for number in range(20)), "flush")
        back = self.client(broker.port, level, "sleeper", stay=True, connected=False)
        self.assertEqual(back.tell("connect"), "connected 1")
        self.assertEqual(back.wait_for_messages(20), [["a", str(qos), "0", str(number)] for number in range(20)])

    @for_each(level=LEVELS, qos=(1, 2))
    def test_a_cut_while_publishing_loses_and_doubles_nothing(self, level, qos):
        """MQTT.js publishes again without DUP: the broker may not lean on it."""
        broker = self.broker()
        subscriber = self.client(broker.port, level)
        subscriber.tell("subscribe a 2")
        tap = self.tap(broker)
        publisher = self.client(tap.port, level, "publisher", stay=True)
        tap.swallow(DOWN, wire.PUBACK if qos == 1 else wire.PUBREC)
        publisher.tell_all(*(f"send a {qos} 0 {number}" for number in range(5)))
        tap.wait_for(UP, wire.PUBLISH, 5)
        tap.cut_and_let_through()
        tap.wait_for(UP, wire.PUBLISH, 5, connection=2)
        self.assertEqual(publisher.tell_all(f"send a {qos} 0 last", "flush")[-1], "flushed")
        self.assert_delivered_despite_a_cut(subscriber.wait_for_payload("last"), ["0", "1", "2", "3", "4", "last"], qos)

    @for_each(level=LEVELS, qos=(1, 2))
    def test_a_cut_while_receiving_loses_and_doubles_nothing(self, level, qos):
        broker = self.broker()
        tap = self.tap(broker)
        subscriber = self.client(tap.port, level, "subscriber", stay=True)
        subscriber.tell(f"subscribe a {qos}")
        tap.swallow(UP, wire.PUBACK if qos == 1 else wire.PUBREC)
        publisher = self.client(broker.port, level)
        publisher.tell_all(*(f"send a {qos} 0 {number}" for number in range(5)), "flush")
        tap.wait_for(DOWN, wire.PUBLISH, 5)
        tap.cut_and_let_through()
        again = tap.wait_for(DOWN, wire.PUBLISH, 5, connection=2)
        self.assertTrue(all(got.dup for got in again), "[MQTT-3.3.1-1]")
        publisher.tell_all(f"send a {qos} 0 last", "flush")
        self.assert_delivered_despite_a_cut(subscriber.wait_for_payload("last"), ["0", "1", "2", "3", "4", "last"], qos)
