"""Each publisher with each broker and each subscriber: Midge's and the distribution's."""
import random

import harness
from harness import for_each
from pubsub import ClientTestCase

CELLS = {"pub": ("ours", "theirs"), "broker": ("ours", "theirs"), "sub": ("ours", "theirs")}


class Matrix(ClientTestCase):
    def setUp(self):
        super().setUp()
        if not (harness.options.bin / "midge").exists():
            self.skipTest(f"no midge in {harness.options.bin}")

    def folder_of(self, whose):
        return harness.options.bin if whose == "ours" else harness.THEIR_BIN

    def broker_of(self, whose, *lines):
        return self.broker(*lines, command=None if whose == "ours" else harness.THEIR_BROKER)

    @for_each(**CELLS, version=("31", "311", "5"))
    def test_messages_at_each_qos(self, pub, broker, sub, version):
        serving = self.broker_of(broker)
        listening = self.sub(serving, "-q", 2, "-t", "a", "-F", "%q %r %p", "-C", 3, version=version,
                             folder=self.folder_of(sub))
        for qos in (0, 1, 2):
            self.pub(serving, "-q", qos, "-t", "a", "-m", f"{qos}", version=version, folder=self.folder_of(pub))
        self.assertEqual(listening.finish(), b"0 0 0\n1 0 1\n2 0 2\n")

    @for_each(**CELLS)
    def test_a_retained_mebibyte(self, pub, broker, sub):
        serving = self.broker_of(broker)
        payload = random.Random(2).randbytes(1 << 20)
        self.pub(serving, "-q", 1, "-r", "-t", "a", "-s", stdin=payload, folder=self.folder_of(pub))
        printed = self.sub_output(serving, "-q", 1, "-t", "a", "-N", "-C", 1, folder=self.folder_of(sub))
        self.assertEqual(printed, payload)

    @for_each(**CELLS, qos=(0, 1, 2))
    def test_two_thousand_lines(self, pub, broker, sub, qos):
        serving = self.broker_of(broker, "max_queued_messages 0")
        lines = b"".join(b"%d\n" % number for number in range(2000))
        listening = self.sub(serving, "-q", qos, "-t", "a", "-C", 2000, folder=self.folder_of(sub))
        self.pub(serving, "-q", qos, "-t", "a", "-l", stdin=lines, folder=self.folder_of(pub))
        self.assertEqual(listening.finish(), lines)

    @for_each(**CELLS, version=("311", "5"))
    def test_a_session_s_messages_wait(self, pub, broker, sub, version):
        serving = self.broker_of(broker)
        me = ("-c", "-i", "me", "-q", 1, "-t", "a")
        self.sub_output(serving, *me, "-E", version=version, folder=self.folder_of(sub))
        self.pub(serving, "-q", 1, "-t", "a", "-m", "waited", version=version, folder=self.folder_of(pub))
        printed = self.sub_output(serving, *me, "-C", 1, version=version, folder=self.folder_of(sub))
        self.assertEqual(printed, b"waited\n")

    @for_each(**CELLS)
    def test_properties_pass_through(self, pub, broker, sub):
        serving = self.broker_of(broker)
        listening = self.sub(serving, "-t", "a", "-C", 1, "-F", "%C %R %D %P %p", version="5",
                             folder=self.folder_of(sub))
        self.pub(serving, "-t", "a", "-m", "x", "-D", "publish", "content-type", "text",
                 "-D", "publish", "response-topic", "r", "-D", "publish", "correlation-data", "c",
                 "-D", "publish", "user-property", "k", "v", version="5", folder=self.folder_of(pub))
        self.assertEqual(listening.finish(), b"text r c k:v x\n")
