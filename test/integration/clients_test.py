"""mosquitto_pub and mosquitto_sub: what is published arrives, whatever happens on the way."""
import random

import harness
import wire
from harness import for_each
from pubsub import ClientTestCase
from tap import DOWN, UP

VERSIONS = ("31", "311", "5")
UNBOUNDED = ("max_queued_messages 0",)  # What is counted may not be dropped for want of room.
EXCEEDS_RECEIVE_MAXIMUM = "each PUBCOMP of an MQTT 5 client lets it send 20 more messages, more than Receive Maximum"


class Delivery(ClientTestCase):
    @for_each(version=VERSIONS, qos=(0, 1, 2))
    def test_messages_arrive_in_order_at_the_qos_asked_for(self, version, qos):
        broker = self.broker()
        sub = self.sub(broker, "-q", qos, "-t", "a/#", "-F", "%t %q %r %p", "-C", 3, version=version)
        for text in ("one", "two", "three"):
            self.pub(broker, "-q", qos, "-t", "a/b", "-m", text, version=version)
        self.assertEqual(sub.finish(), b"".join(b"a/b %d 0 %s\n" % (qos, text) for text in (b"one", b"two", b"three")))

    @for_each(version=VERSIONS)
    def test_delivery_is_at_the_lower_of_both_qos(self, version):
        broker = self.broker()
        sub = self.sub(broker, "-q", 1, "-t", "a", "-F", "%q %p", "-C", 3, version=version)
        for qos in (2, 0, 1):
            self.pub(broker, "-q", qos, "-t", "a", "-m", f"at {qos}", version=version)
        self.assertEqual(sub.finish(), b"1 at 2\n0 at 0\n1 at 1\n")

    @for_each(publisher=VERSIONS, subscriber=VERSIONS)
    def test_versions_understand_each_other(self, publisher, subscriber):
        broker = self.broker()
        sub = self.sub(broker, "-q", 2, "-t", "a", "-C", 1, version=subscriber)
        self.pub(broker, "-q", 2, "-t", "a", "-m", "hello", version=publisher)
        self.assertEqual(sub.finish(), b"hello\n")

    @for_each(version=("311", "5"), qos=(0, 1, 2))
    def test_a_mebibyte_of_any_bytes_arrives_unchanged(self, version, qos):
        broker = self.broker()
        payload = random.Random(1).randbytes(1 << 20)
        (self.folder / "payload").write_bytes(payload)
        sub = self.sub(broker, "-q", qos, "-t", "big", "-N", "-C", 1, version=version)
        self.pub(broker, "-q", qos, "-t", "big", "-f", self.folder / "payload", version=version)
        self.assertEqual(sub.finish(), payload)

    @for_each(version=("311", "5"), qos=(0, 1, 2))
    def test_ten_thousand_lines_arrive_complete_and_in_order(self, version, qos):
        if version == "5" and qos == 2:
            self.needs_midge(EXCEEDS_RECEIVE_MAXIMUM)
        broker = self.broker(*UNBOUNDED)
        lines = b"".join(b"line %05d\n" % number for number in range(10000))
        sub = self.sub(broker, "-q", qos, "-t", "lines", "-C", 10000, version=version)
        self.pub(broker, "-q", qos, "-t", "lines", "-l", stdin=lines, version=version, timeout=120)
        self.assertEqual(sub.finish(timeout=120), lines)

    @for_each(version=("311", "5"))
    def test_standard_input_is_one_message(self, version):
        broker = self.broker()
        payload = bytes(range(256)) + b"\n\nmore\n"
        sub = self.sub(broker, "-t", "a", "-N", "-C", 1, version=version)
        self.pub(broker, "-t", "a", "-s", stdin=payload, version=version)
        self.assertEqual(sub.finish(), payload)

    def test_an_empty_message_arrives(self):
        broker = self.broker()
        sub = self.sub(broker, "-t", "a", "-v", "-C", 2)
        self.pub(broker, "-t", "a", "-n")
        self.pub(broker, "-t", "a", "-m", "after")
        self.assertEqual(sub.finish(), b"a (null)\na after\n")

    def test_repeat_sends_the_message_again(self):
        broker = self.broker()
        sub = self.sub(broker, "-t", "a", "-C", 4)
        self.pub(broker, "-t", "a", "-m", "x", "--repeat", 3)
        self.pub(broker, "-t", "a", "-m", "fence")
        self.assertEqual(sub.finish(), b"x\nx\nx\nfence\n")


class Retained(ClientTestCase):
    @for_each(version=VERSIONS, qos=(0, 1, 2))
    def test_a_new_subscriber_gets_the_retained_message(self, version, qos):
        broker = self.broker()
        self.pub(broker, "-r", "-q", qos, "-t", "kept", "-m", "value", version=version)
        printed = self.sub_output(broker, "-q", qos, "-t", "kept", "-F", "%t %q %r %p", "-C", 1, version=version)
        self.assertEqual(printed, b"kept %d 1 value\n" % qos)

    @for_each(version=VERSIONS)
    def test_a_newer_retained_message_replaces_the_older(self, version):
        broker = self.broker()
        for text in ("old", "new"):
            self.pub(broker, "-r", "-t", "kept/a", "-m", text, version=version)
        self.pub(broker, "-r", "-t", "kept/fence", "-m", "fence", version=version)
        printed = self.sub_output(broker, "-t", "kept/a", "-t", "kept/fence", "-C", 2, version=version)
        self.assertEqual(printed, b"new\nfence\n")

    @for_each(version=VERSIONS)
    def test_an_empty_retained_message_deletes_it(self, version):
        broker = self.broker()
        self.pub(broker, "-r", "-t", "kept/a", "-m", "old", version=version)
        self.pub(broker, "-r", "-t", "kept/a", "-n", version=version)
        self.pub(broker, "-r", "-t", "kept/fence", "-m", "fence", version=version)
        self.assertEqual(self.sub_output(broker, "-t", "kept/#", "-C", 1, version=version), b"fence\n")

    def test_a_live_subscriber_sees_no_retain_flag(self):
        broker = self.broker()
        sub = self.sub(broker, "-t", "kept", "-F", "%r %p", "-C", 1)
        self.pub(broker, "-r", "-t", "kept", "-m", "now")
        self.assertEqual(sub.finish(), b"0 now\n")

    def test_retain_as_published_keeps_the_flag(self):
        broker = self.broker()
        sub = self.sub(broker, "-t", "kept", "-F", "%r %p", "-C", 1, "--retain-as-published", version="5")
        self.pub(broker, "-r", "-t", "kept", "-m", "now")
        self.assertEqual(sub.finish(), b"1 now\n")

    def test_retained_messages_can_be_left_out(self):
        broker = self.broker()
        self.pub(broker, "-r", "-t", "kept", "-m", "old")
        sub = self.sub(broker, "-t", "kept", "-R", "-C", 1)
        self.pub(broker, "-t", "kept", "-m", "now")
        self.assertEqual(sub.finish(), b"now\n")

    def test_retained_only_ends_at_the_first_live_message(self):
        broker = self.broker()
        self.pub(broker, "-r", "-t", "kept", "-m", "old")
        sub = self.sub(broker, "-t", "kept", "--retained-only")
        self.pub(broker, "-t", "kept", "-m", "now")
        self.assertEqual(sub.finish(), b"old\n")

    def test_remove_retained_clears_what_it_got(self):
        """The manual says that it exits then; 2.0.11 waits for ever."""
        broker = self.broker()
        for topic in ("kept/a", "kept/b", "kept/not"):
            self.pub(broker, "-r", "-t", topic, "-m", topic)
        self.sub_output(broker, "-t", "kept/#", "-T", "kept/not", "--remove-retained", "--retained-only", "-W", 1,
                        expect=27 if harness.options.clients_are_theirs else 0)
        self.assertEqual(self.sub_output(broker, "-t", "kept/#", "-C", 1), b"kept/not\n")


class Wills(ClientTestCase):
    WILL = ("--will-topic", "will", "--will-payload", "gone")

    @for_each(version=VERSIONS, qos=(0, 1, 2))
    def test_a_killed_client_leaves_its_will(self, version, qos):
        broker = self.broker()
        watcher = self.sub(broker, "-q", 2, "-t", "will", "-F", "%t %q %r %p", "-C", 1, version=version)
        dying = self.sub(broker, "-t", "x", *self.WILL, "--will-qos", qos, version=version)
        dying.kill()
        self.assertEqual(watcher.finish(), b"will %d 0 gone\n" % qos)

    @for_each(version=VERSIONS)
    def test_a_retained_will_is_there_later(self, version):
        broker = self.broker()
        watcher = self.sub(broker, "-t", "will", "-C", 1, version=version)
        self.sub(broker, "-t", "x", *self.WILL, "--will-retain", version=version).kill()
        watcher.finish()
        self.assertEqual(self.sub_output(broker, "-t", "will", "-F", "%r %p", "-C", 1, version=version), b"1 gone\n")

    @for_each(version=VERSIONS)
    def test_a_client_that_says_goodbye_leaves_no_will(self, version):
        broker = self.broker()
        watcher = self.sub(broker, "-t", "will", "-C", 1, version=version)
        self.sub_output(broker, "-t", "x", "-E", *self.WILL, version=version)
        self.pub(broker, "-t", "x", "-m", "x", *self.WILL, version=version)
        self.pub(broker, "-t", "will", "-m", "fence", version=version)
        self.assertEqual(watcher.finish(), b"fence\n")


class Sessions(ClientTestCase):
    @for_each(version=VERSIONS, qos=(1, 2))
    def test_messages_while_away_are_delivered_at_return(self, version, qos):
        if version == "5" and qos == 2:
            self.needs_midge(EXCEEDS_RECEIVE_MAXIMUM)
        broker = self.broker()
        self.subscribe_and_leave(broker, "sleeper", "a/#", qos, version)
        lines = b"".join(b"%d\n" % number for number in range(100))
        self.pub(broker, "-q", qos, "-t", "a/b", "-l", stdin=lines, version=version)
        back = ("-c", "-i", "sleeper", "-q", qos, "-t", "a/#", "-C", 100)
        self.assertEqual(self.sub_output(broker, *back, version=version), lines)

    @for_each(version=VERSIONS)
    def test_a_clean_session_forgets_what_was_before(self, version):
        broker = self.broker()
        self.subscribe_and_leave(broker, "sleeper", "a", 1, version)
        self.pub(broker, "-q", 1, "-t", "a", "-m", "old", version=version)
        sub = self.sub(broker, "-i", "sleeper", "-q", 1, "-t", "a", "-C", 1, version=version)
        self.pub(broker, "-q", 1, "-t", "a", "-m", "new", version=version)
        self.assertEqual(sub.finish(), b"new\n")

    @for_each(version=("311", "5"), qos=(1, 2))
    def test_what_a_subscriber_did_not_acknowledge_comes_again(self, version, qos):
        """[MQTT-4.4.0-1] The first connection ends with three messages delivered, none acknowledged.

        Without -C, which mosquitto_sub tells as Receive Maximum and miscounts when it reconnects.
        """
        broker = self.broker()
        sub = self.sub(broker, "-c", "-i", "me", "-q", qos, "-t", "a", version=version)
        sub.tap.swallow(UP, wire.PUBACK if qos == 1 else wire.PUBREC)
        for text in ("1", "2", "3"):
            self.pub(broker, "-q", qos, "-t", "a", "-m", text, version=version)
        sub.tap.wait_for(DOWN, wire.PUBLISH, 3)
        sub.tap.cut_and_let_through()
        sub.tap.wait_for(DOWN, wire.SUBACK, connection=2)
        self.pub(broker, "-q", qos, "-t", "a", "-m", "4", version=version)
        again = [wire.read_publish(got, version) for got in sub.tap.wait_for(DOWN, wire.PUBLISH, 3, connection=2)]
        self.assertEqual([(got.payload, got.dup) for got in again[:3]], [(b"1", True), (b"2", True), (b"3", True)])
        sub.wait_for_output(b"4\n")
        self.assert_delivered_despite_a_cut(sub.output().split(), [b"1", b"2", b"3", b"4"], qos)

    @for_each(version=("311", "5"), qos=(1, 2))
    def test_lines_that_the_broker_did_not_acknowledge_are_published_again(self, version, qos):
        broker = self.broker()
        sub = self.sub(broker, "-q", qos, "-t", "a", version=version)
        tap = self.tap(broker)
        tap.swallow(DOWN, wire.PUBACK if qos == 1 else wire.PUBREC)
        publisher = self.start_process(
            [harness.options.client_bin / "mosquitto_pub", "-h", "127.0.0.1", "-p", tap.port, "-V", version,
             "-c", "-i", "me", "-q", qos, "-t", "a", "-l"])
        lines = [b"%d\n" % number for number in range(10)]
        publisher.stdin.write(b"".join(lines))
        publisher.stdin.flush()
        tap.wait_for(UP, wire.PUBLISH, 10)
        tap.cut_and_let_through()
        again = [wire.read_publish(got, version) for got in tap.wait_for(UP, wire.PUBLISH, 10, connection=2)]
        self.assertEqual([got.payload + b"\n" for got in again], lines)
        self.assertTrue(all(got.dup for got in again))
        publisher.stdin.write(b"last\n")
        publisher.stdin.close()
        self.assertEqual(publisher.wait(harness.PATIENCE), 0)
        sub.wait_for_output(b"last\n")
        self.assert_delivered_despite_a_cut(sub.output().splitlines(True), [*lines, b"last\n"], qos)

class Subscriptions(ClientTestCase):
    def test_several_topics_and_filters_out(self):
        broker = self.broker()
        sub = self.sub(broker, "-v", "-t", "a/+", "-t", "b", "-T", "a/no", "-C", 3)
        for topic in ("a/yes", "a/no", "b", "c", "a/last"):
            self.pub(broker, "-t", topic, "-m", "x")
        self.assertEqual(sub.finish(), b"a/yes x\nb x\na/last x\n")

    @for_each(version=VERSIONS)
    def test_unsubscribe_removes_a_session_s_subscription(self, version):
        broker = self.broker()
        self.subscribe_and_leave(broker, "me", "a", 1, version)
        self.sub_output(broker, "-c", "-i", "me", "-t", "b", "-q", 1, "-U", "a", "-E", version=version)
        for topic in ("a", "b"):
            self.pub(broker, "-q", 1, "-t", topic, "-m", topic, version=version)
        back = ("-c", "-i", "me", "-q", 1, "-t", "b", "-C", 1)
        self.assertEqual(self.sub_output(broker, *back, version=version), b"b\n")

    def test_a_url_names_host_port_and_topic(self):
        broker = self.broker()
        url = f"mqtt://user:password@127.0.0.1:{broker.port}/a/b"
        for program, more in (("mosquitto_pub", ["-r", "-m", "x"]), ("mosquitto_sub", ["-v", "-C", "1"])):
            done = self.run_command(harness.options.client_bin / program, "-L", url, *more)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, b"a/b x\n")

    def test_a_shared_subscription_gives_each_message_to_one(self):
        broker = self.broker()
        both = [self.sub(broker, "-t", "$share/group/a", "-t", "end", version="5") for _ in range(2)]
        lines = b"".join(b"%03d\n" % number for number in range(100))
        self.pub(broker, "-t", "a", "-l", stdin=lines)
        self.pub(broker, "-t", "end", "-m", "end")
        for sub in both:
            sub.wait_for_output(b"end\n")
        got = [sub.output().split()[:-1] for sub in both]
        self.assertEqual(sorted(got[0] + got[1]), lines.split())
        self.assertTrue(all(got), "both had some of the work")
