"""mosquitto_pub and mosquitto_sub: what they print, byte for byte, and how they exit. Scripts depend on both."""
import os

import harness
import wire
from harness import for_each, midge_only, own_clients_only
from pubsub import ClientTestCase
from tap import DOWN, UP

# What `mosquitto_sub -F` prints for the message that format_of() publishes.
FORMATS = [
    ("%p", b"hello"), ("%t", b"a/b"), ("%q", b"1"), ("%r", b"0"), ("%l", b"5"), ("%m", b"1"), ("%%", b"%"),
    ("%x", b"68656c6c6f"), ("%X", b"68656C6C6F"), ("%C", b"text/plain"), ("%R", b"reply"), ("%D", b"corr"),
    ("%E", b"100"), ("%F", b"1"), ("%P", b"k1:v1 k2:v2"), ("%A", b""), ("%S", b""),
    ("[%8t]", b"[     a/b]"), ("[%-8t]", b"[a/b     ]"), ("[%.2t]", b"[a/]"), ("[%5.1t]", b"[    a]"),
    ("[%04l]", b"[0005]"), ("[%3q]", b"[1]"), ("[%3r]", b"[0]"), ("[%5m]", b"[    1]"),
    ("[%12C]", b"[  text/plain]"), ("[%.4C]", b"[text]"), ("[%8R]", b"[   reply]"),
    (r"a\tb", b"a\tb"), (r"a\nb", b"a\nb"), (r"a\\b", b"a\\b"), (r"a\eb", b"a\x1bb"), (r"a\ab", b"a\x07b"),
    (r"a\rb", b"a\rb"), (r"a\vb", b"a\x0bb"), (r"a\0b", b"a\0b"), ("@@", b"@"), ("%t: %p (%q)", b"a/b: hello (1)"),
]
PROPERTIES = ["-D", "publish", "content-type", "text/plain", "-D", "publish", "response-topic", "reply",
              "-D", "publish", "correlation-data", "corr", "-D", "publish", "message-expiry-interval", "100",
              "-D", "publish", "payload-format-indicator", "1",
              "-D", "publish", "user-property", "k1", "v1", "-D", "publish", "user-property", "k2", "v2"]
TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


class Formats(ClientTestCase):
    def format_of(self, form, version="5", message="hello", more=()):
        broker = self.broker()
        sub = self.sub(broker, "-q", 1, "-t", "a/#", "-C", 1, "-F", form, *more, version=version)
        properties = PROPERTIES if version == "5" else []
        self.pub(broker, "-q", 1, "-t", "a/b", "-m", message, *properties, version=version)
        return sub.finish()

    def test_each_directive_prints_its_field(self):
        for form, expected in FORMATS:
            with self.subTest(form=form):
                self.assertEqual(self.format_of(form), expected + b"\n")

    @own_clients_only("a precision on %x groups bytes only from 2.1 on")
    def test_hexadecimal_can_be_grouped(self):
        self.assertEqual(self.format_of("%.2:x"), b"68:65:6c:6c:6f\n")

    def test_time_directives(self):
        self.assertRegex(self.format_of("%I"), rb"^" + TIME + rb"[+-]\d{4}\n$")
        self.assertRegex(self.format_of("%U"), rb"^\d{10}\.\d{9}\n$")
        self.assertRegex(self.format_of("@Y-@m-@d @H:@M:@S.@N"), rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}\n$")

    def test_json_of_an_mqtt_5_message(self):
        self.assertRegex(
            self.format_of("%j", message='say "hi"'),
            rb'^\{"tst":"' + TIME + rb'\.\d{6}Z[+-]\d{4}","topic":"a/b","qos":1,"retain":0,"payloadlen":8,"mid":1,'
            rb'"properties":\{.*"content-type":"text/plain".*\},"payload":"say \\"hi\\""\}\n$')

    def test_json_of_an_mqtt_3_message(self):
        self.assertRegex(
            self.format_of("%j", version="311"),
            rb'^\{"tst":"' + TIME + rb'\.\d{6}Z[+-]\d{4}","topic":"a/b","qos":1,"retain":0,"payloadlen":5,"mid":1,'
            rb'"payload":"hello"\}\n$')

    def test_json_of_a_json_payload(self):
        self.assertRegex(self.format_of("%J", version="311", message='{"a":[1,2]}'),
                         rb'^\{"tst":.*"payloadlen":11,"mid":1,"payload":\{"a":\[1,2\]\}\}\n$')

    def test_pretty_json_has_a_line_for_each_field(self):
        printed = self.format_of("%j", version="311", more=["--pretty"])
        self.assertRegex(printed, rb'(?s)^\{\n\t"tst":\t".*",\n\t"topic":\t"a/b",\n\t"qos":\t1,\n\t"retain":\t0,\n'
                                  rb'\t"payloadlen":\t5,\n\t"mid":\t1,\n\t"payload":\t"hello"\n\}\n$')

    def test_no_end_of_line_and_verbose(self):
        broker = self.broker()
        self.pub(broker, "-r", "-t", "a", "-m", "x")
        self.assertEqual(self.sub_output(broker, "-t", "a", "-N", "-C", 1), b"x")
        self.assertEqual(self.sub_output(broker, "-t", "a", "-v", "-N", "-C", 1), b"a x")
        self.assertEqual(self.sub_output(broker, "-t", "a", "-v", "-C", 1), b"a x\n")

    def test_debug_output_of_a_publisher(self):
        done = self.pub(self.broker(), "-d", "-i", "me", "-q", 2, "-t", "a", "-m", "x")
        self.assertEqual(done.stdout.decode().splitlines(), [
            "Client me sending CONNECT", "Client me received CONNACK (0)",
            "Client me sending PUBLISH (d0, q2, r0, m1, 'a', ... (1 bytes))", "Client me received PUBREC (Mid: 1)",
            "Client me sending PUBREL (m1)", "Client me received PUBCOMP (Mid: 1, RC:0)",
            "Client me sending DISCONNECT"])

    def test_debug_output_of_a_subscriber(self):
        broker = self.broker()
        self.pub(broker, "-r", "-q", 1, "-t", "a", "-m", "x")
        printed = self.sub_output(broker, "-d", "-i", "me", "-q", 1, "-t", "a", "-C", 1)
        self.assertEqual(printed.decode().splitlines(), [
            "Client me sending CONNECT", "Client me received CONNACK (0)",
            "Client me sending SUBSCRIBE (Mid: 1, Topic: a, QoS: 1, Options: 0x00)", "Client me received SUBACK",
            "Subscribed (mid: 1): 1", "Client me received PUBLISH (d0, q1, r1, m1, 'a', ... (1 bytes))",
            "Client me sending PUBACK (m1, rc0)", "x", "Client me sending DISCONNECT"])


class ExitStatus(ClientTestCase):
    def password_broker(self):
        passwords = self.folder / "passwords"
        made = self.run_command("mosquitto_passwd", "-c", "-b", passwords, "user", "right")
        self.assertEqual(made.returncode, 0, made.stderr)
        return self.configured_broker("listener {port} 127.0.0.1", f"password_file {passwords}")

    @for_each(version=("31", "311", "5"))
    def test_a_bad_password_exits_with_the_connack_code(self, version):
        broker = self.password_broker()
        refused = 135 if version == "5" else 5
        self.pub(broker, "-t", "a", "-m", "x", "-u", "user", "-P", "wrong", version=version, expect=refused)
        self.sub_output(broker, "-t", "a", "-u", "user", "-P", "wrong", version=version, expect=refused)
        self.pub(broker, "-t", "a", "-m", "x", version=version, expect=refused)
        self.pub(broker, "-t", "a", "-m", "x", "-u", "user", "-P", "right", version=version)

    @midge_only("has no accept_protocol_versions")
    @for_each(version=("31", "311", "5"))
    def test_an_unwelcome_protocol_version_exits_with_the_connack_code(self, version):
        accepted = ",".join(str(level) for name, level in wire.LEVELS.items() if name != version)
        broker = self.broker(f"accept_protocol_versions {accepted}")
        self.pub(broker, "-t", "a", "-m", "x", version=version, expect=132 if version == "5" else 1)

    @for_each(version=("311", "5"))
    def test_a_refused_client_id_exits_with_the_connack_code(self, version):
        if version == "5":
            self.needs_midge("answers 0x80, not 0x85")
        broker = self.broker("allow_zero_length_clientid false")
        self.pub(broker, "-t", "a", "-m", "x", version=version, expect=133 if version == "5" else 2)

    def test_nobody_listening_exits_1(self):
        port = harness.free_port()
        for program, more in (("mosquitto_pub", ["-m", "x"]), ("mosquitto_sub", [])):
            done = self.run_command(harness.options.client_bin / program, "-h", "127.0.0.1", "-p", port,
                                    "-t", "a", *more)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(b"Connection refused", done.stderr)

    def test_a_lost_connection_exits_7(self):
        broker = self.broker()
        tap = self.tap(broker)
        tap.swallow(DOWN, wire.PUBACK)
        publisher = self.start_process([harness.options.client_bin / "mosquitto_pub", "-h", "127.0.0.1", "-p", tap.port,
                                        "-q", 1, "-t", "a", "-m", "x"])
        tap.wait_for(UP, wire.PUBLISH)
        tap.cut()
        self.assertEqual(publisher.wait(harness.PATIENCE), 7)

    def test_the_time_limit_exits_27(self):
        broker = self.broker()
        self.assertEqual(self.sub_output(broker, "-t", "a", "-W", 1, expect=27), b"")

    def test_the_time_limit_with_some_messages_exits_27(self):
        broker = self.broker()
        self.pub(broker, "-r", "-t", "a", "-m", "x")
        self.assertEqual(self.sub_output(broker, "-t", "a", "-C", 2, "-W", 1, expect=27), b"x\n")

    def test_usage_errors_exit_1_and_say_so_on_stderr_only(self):
        wrong = [
            ("mosquitto_pub", "-t", "a/#", "-m", "x"), ("mosquitto_pub", "-t", "a", "-m", "x", "-q", "3"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-n"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-p", "0x"), ("mosquitto_pub", "-t", "a", "-m", "x", "--nonsense"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-V", "9"), ("mosquitto_pub", "-t", "a", "-m"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-i", "a", "-I", "b"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "--will-qos", "1"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "--will-payload", "w"),
            ("mosquitto_pub", "-t", "a", "-f", "/nonexistent/file"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-D", "publish", "nonsense", "1"),
            ("mosquitto_sub",), ("mosquitto_sub", "-t", "a#"), ("mosquitto_sub", "-t", "a", "-q", "7"),
            ("mosquitto_sub", "-t", "a", "-C", "0"), ("mosquitto_sub", "-t", "a", "-W", "0"),
            ("mosquitto_sub", "-t", "a", "-F", "%!"), ("mosquitto_sub", "-t", "a", "-U", "#a"),
            ("mosquitto_sub", "-t", "a", "-R", "--retained-only"),
        ]
        for program, *arguments in wrong:
            with self.subTest(arguments=arguments):
                done = self.run_command(harness.options.client_bin / program, *arguments, timeout=10)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertTrue(done.stderr)

    def test_help_exits_as_theirs(self):
        for program in ("mosquitto_pub", "mosquitto_sub"):
            done = self.run_command(harness.options.client_bin / program, "--help")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"Usage: " + program.encode(), done.stdout)

    def test_quiet_says_nothing_of_a_refused_connection(self):
        done = self.run_command(harness.options.client_bin / "mosquitto_pub", "-h", "127.0.0.1", "-p",
                                harness.free_port(), "-t", "a", "-m", "x", "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, b"", b""))


class ConnectOptions(ClientTestCase):
    def connect_packet(self, *arguments, version="311"):
        broker = self.broker()
        tap = self.tap(broker)
        self.pub(broker, "-t", "a", "-m", "x", *arguments, version=version, port=tap.port)
        return wire.Reader(tap.packets(UP, wire.CONNECT)[0].body)

    def test_defaults_on_the_wire(self):
        body = self.connect_packet()
        self.assertEqual((body.binary(), body.number(1), body.number(1), body.number(2)), (b"MQTT", 4, 2, 60))
        self.assertEqual(body.binary(), b"")

    def test_mqtt_3_1_on_the_wire(self):
        body = self.connect_packet(version="31")
        self.assertEqual((body.binary(), body.number(1), body.number(1), body.number(2)), (b"MQIsdp", 3, 2, 60))
        self.assertRegex(body.binary(), rb"^mosq-.{18}$")

    def test_session_keep_alive_and_id(self):
        body = self.connect_packet("-c", "-i", "me", "-k", 90)
        self.assertEqual((body.binary(), body.number(1), body.number(1), body.number(2)), (b"MQTT", 4, 0, 90))
        self.assertEqual(body.binary(), b"me")

    def test_an_id_prefix_is_followed_by_the_process_id(self):
        body = self.connect_packet("-I", "prefix-")
        body.take(10)
        self.assertRegex(body.binary(), rb"^prefix-\d+$")

    def test_mqtt_5_defaults_and_session_expiry(self):
        body = self.connect_packet("-x", 300, "-c", "-i", "me", version="5")
        self.assertEqual((body.binary(), body.number(1), body.number(1), body.number(2)), (b"MQTT", 5, 0, 60))
        self.assertIn((wire.SESSION_EXPIRY, 300), body.properties())

    def test_will_user_and_password(self):
        body = self.connect_packet("-i", "me", "-u", "user", "-P", "secret", "--will-topic", "w",
                                   "--will-payload", "gone", "--will-qos", 1, "--will-retain")
        body.take(7)
        self.assertEqual(body.number(1), 0x80 | 0x40 | 0x20 | 0x08 | 0x04 | 0x02)
        body.take(2)
        self.assertEqual([body.binary() for _ in range(5)], [b"me", b"w", b"gone", b"user", b"secret"])

    def test_properties_of_each_packet(self):
        broker = self.broker()
        sub = self.sub(broker, "-t", "a", "-C", 1, "-F", "%p %P", "-D", "connect", "user-property", "c", "1",
                       "-D", "subscribe", "user-property", "s", "2", "-D", "disconnect", "user-property", "d", "3",
                       version="5")
        self.pub(broker, "-t", "a", "-m", "x", "-D", "publish", "user-property", "p", "4", version="5")
        self.assertEqual(sub.finish(), b"x p:4\n")
        for kind, pair in ((wire.CONNECT, b"c\x00\x011"), (wire.SUBSCRIBE, b"s\x00\x012"),
                           (wire.DISCONNECT, b"d\x00\x013")):
            self.assertIn(b"\x26\x00\x01" + pair, sub.tap.wait_for(UP, kind)[0].body)

    def test_the_file_of_defaults_is_read_first(self):
        broker = self.broker()
        (self.folder / "mosquitto_pub").write_text(f"# defaults\n-h 127.0.0.1\n-p {broker.port}\n-t from/file\n-r\n")
        done = self.run_command(harness.options.client_bin / "mosquitto_pub", "-m", "x",
                                env={**os.environ, "XDG_CONFIG_HOME": str(self.folder)})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.sub_output(broker, "-t", "#", "-v", "-C", 1), b"from/file x\n")

    def test_blank_lines_can_be_sent_as_empty_messages(self):
        """The distribution's 2.0.11 does so without being asked."""
        broker = self.broker()
        sub = self.sub(broker, "-t", "a", "-v", "-C", 3)
        more = [] if harness.options.clients_are_theirs else ["--blank-lines"]
        self.pub(broker, "-t", "a", "-l", *more, stdin=b"one\n\ntwo\n")
        self.assertEqual(sub.finish(), b"a one\na (null)\na two\n")

    @own_clients_only("sends blank lines as empty messages")
    def test_blank_lines_are_left_out(self):
        broker = self.broker()
        sub = self.sub(broker, "-t", "a", "-C", 2)
        self.pub(broker, "-t", "a", "-l", stdin=b"one\n\ntwo\n")
        self.assertEqual(sub.finish(), b"one\ntwo\n")

    def test_a_last_line_without_an_end_is_sent(self):
        broker = self.broker()
        sub = self.sub(broker, "-t", "a", "-C", 2)
        self.pub(broker, "-t", "a", "-l", stdin=b"one\ntwo")
        self.assertEqual(sub.finish(), b"one\ntwo\n")
