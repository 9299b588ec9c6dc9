"""The broker as a process: how it starts, what it says, what its options do, and how it ends."""
import os
import re
import signal
import socket
import subprocess

import harness
import wire
from harness import for_each, midge_only, wait_until
from pubsub import ClientTestCase

OPEN = ("listener {port} 127.0.0.1", "allow_anonymous true")


class ProcessTestCase(ClientTestCase):
    def raw(self, port, version="5"):
        made = wire.RawClient(port, version)
        self.addCleanup(made.socket.close)
        return made

    def connected(self, port, client_id="", version="5", **keywords):
        made = self.raw(port, version)
        self.assertEqual(made.connect(client_id, **keywords)[1], 0)
        return made

    def write(self, name, *lines):
        path = self.folder / name
        path.write_text("".join(line + "\n" for line in lines))
        return path

    def run_broker(self, *arguments):
        """A broker that must end by itself."""
        return self.run_command(*harness.end_with_us(), *harness.options.broker, *arguments, timeout=20)

    def passwd(self, *arguments):
        done = self.run_command("mosquitto_passwd", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)


class CommandLine(ProcessTestCase):
    def test_a_bad_configuration_exits_3_and_names_file_line_and_option(self):
        path = self.write("bad.conf", "# comment", "nonsense_option 1")
        done = self.run_broker("-c", path)
        self.assertEqual(done.returncode, 3)
        said = (done.stdout + done.stderr).decode()
        self.assertIn("nonsense_option", said)
        self.assertRegex(said, re.escape(str(path)) + ":2")

    @for_each(line=("max_qos 3", "allow_anonymous maybe", "listener 70000", "max_packet_size 5", "mount_point a/#/"))
    def test_a_bad_value_exits_3(self, line):
        path = self.write("bad.conf", "listener 18999 127.0.0.1" if line.startswith(("mount", "max_qos")) else "", line)
        self.assertEqual(self.run_broker("-c", path).returncode, 3)

    @midge_only("says only that the option is unknown")
    def test_a_typo_is_answered_with_the_nearest_name(self):
        done = self.run_broker("-c", self.write("bad.conf", "allow_anonimous true"))
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"allow_anonymous", done.stdout + done.stderr)

    def test_a_missing_configuration_file_exits_3(self):
        self.assertEqual(self.run_broker("-c", self.folder / "missing.conf").returncode, 3)

    @for_each(arguments=("--nonsense", "-p", "-p 70000", "-p x", "-c"))
    def test_a_bad_command_line_exits_1(self, arguments):
        """As Mosquitto 2.1; the distribution's 2.0.11 still exits 3."""
        done = self.run_broker(*arguments.split())
        self.assertEqual(done.returncode, 3 if harness.options.broker_is_mosquitto else 1)

    def test_help_names_the_options(self):
        done = self.run_broker("-h")
        for option in (b"-c", b"-d", b"-p", b"-v"):
            self.assertIn(option, done.stdout)

    @midge_only("has no --test-config")
    def test_test_config_says_whether_it_is_good(self):
        good = self.write("good.conf", "listener 18999 127.0.0.1", "allow_anonymous true")
        self.assertEqual(self.run_broker("-c", good, "--test-config").returncode, 0)
        self.assertEqual(self.run_broker("-c", self.write("bad.conf", "nonsense 1"), "--test-config").returncode, 3)

    @midge_only("splits at the space character only and knows comments only in column 0")
    def test_tabs_and_indented_comments_are_fine(self):
        broker = self.configured_broker("  # indented", "\tlistener\t{port}\t127.0.0.1", "allow_anonymous\ttrue")
        self.connected(broker.port)

    def test_line_ends_of_windows_are_fine(self):
        broker = self.configured_broker("listener {port} 127.0.0.1\r", "allow_anonymous true\r")
        self.connected(broker.port)

    def test_include_dir_reads_its_files(self):
        folder = self.folder / "conf.d"
        folder.mkdir()
        (folder / "a.conf").write_text("max_inflight_messages 7\n")
        (folder / "ignored.txt").write_text("nonsense\n")
        broker = self.configured_broker(*OPEN, f"include_dir {folder}")
        self.assertEqual(dict(self.raw(broker.port).connect("me")[2])[wire.RECEIVE_MAXIMUM], 7)

    def test_without_configuration_it_serves_this_machine_only_and_says_so(self):
        broker = self.configured_broker(arguments=["-p", "{port}"])
        self.connected(broker.port)
        broker.wait_for_log("(?i)local only mode")
        with socket.create_connection(("::1", broker.port), 5) as client:
            client.sendall(wire.connect("six"))
            self.assertEqual(client.recv(1)[0] >> 4, wire.CONNACK)

    @midge_only("ends with a segmentation fault")
    def test_several_ports_are_all_served(self):
        ports = [harness.free_port() for _ in range(3)]
        broker = self.configured_broker(arguments=[word for port in ports for word in ("-p", port)], port=ports[-1])
        for port in ports:
            self.connected(port)
        self.assertIn("running", broker.log_text())

    def test_verbose_logs_each_packet(self):
        broker = self.configured_broker(arguments=["-p", "{port}", "-v"])
        client = self.connected(broker.port, "talker")
        client.publish("a/b", b"twelve bytes", qos=1)
        client.expect(wire.PUBACK)
        broker.wait_for_log(r"Received PUBLISH from talker \(d0, q1, r0, m1, 'a/b', \.\.\. \(12 bytes\)\)")

    def test_the_log_has_mosquitto_s_lines(self):
        broker = self.broker()
        client = self.connected(broker.port, "me", "311", keep_alive=60)
        broker.wait_for_log(rf"(?m)^\d{{10}}: New connection from 127\.0\.0\.1:\d+ on port {broker.port}\.$")
        broker.wait_for_log(r"(?m)^\d+: New client connected from 127\.0\.0\.1:\d+ as me \(p\d, c1, k60\)\.$")
        client.send(wire.disconnect())
        broker.wait_for_log(r"(?m)^\d+: Client me .*disconnected\.$")
        broker.wait_for_log(rf"(?m)^\d+: Opening ipv4 listen socket on port {broker.port}\.$")
        broker.wait_for_log(r"(?m)^\d+: \w+ version \S+ running$")

    def test_a_log_file_and_a_time_format(self):
        broker = self.configured_broker(*OPEN, "log_dest file {folder}/the.log",
                                        "log_timestamp_format %Y-%m-%dT%H:%M:%S")
        self.connected(broker.port, "me")
        wait_until(lambda: re.search(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: New client connected .* as me",
                                     (self.folder / "the.log").read_text()), "the line in the log file")

    def test_a_daemon_writes_its_process_id(self):
        port = harness.free_port()
        user = ["user root"] if os.geteuid() == 0 else []
        path = self.write("d.conf", f"listener {port} 127.0.0.1", "allow_anonymous true",
                          f"pid_file {self.folder}/the.pid", f"log_dest file {self.folder}/the.log", *user)
        started = subprocess.run([*harness.options.broker, "-c", str(path), "-d"], timeout=20, check=False,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertEqual(started.returncode, 0)
        pid_file = self.folder / "the.pid"
        pid = int(wait_until(lambda: pid_file.exists() and pid_file.read_text(), "the daemon's process id"))
        self.addCleanup(kill_if_there, pid)
        wait_until(lambda: harness.can_connect(("127.0.0.1", port)), "the daemon serves")
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not running(pid), "the daemon ends")
        self.assertFalse(pid_file.exists())


class Stop(ProcessTestCase):
    @for_each(how=(signal.SIGTERM, signal.SIGINT))
    def test_a_stop_exits_0(self, how):
        self.assertEqual(self.broker().stop(how), 0)

    @midge_only("closes without DISCONNECT")
    def test_mqtt_5_clients_are_told(self):
        broker = self.broker()
        client = self.connected(broker.port)
        broker.stop()
        self.assertEqual(client.disconnect_reason(), 0x8B)

    def test_mqtt_3_clients_are_just_cut_off(self):
        broker = self.broker()
        client = self.connected(broker.port, "me", "311")
        broker.stop()
        self.assertIsNone(client.receive())

    def test_wills_are_published_before(self):
        broker = self.broker()
        watcher = self.connected(broker.port)
        watcher.subscribe(("will", 0))
        self.connected(broker.port, "me", will=("will", "gone", 0, False, []))
        broker.stop()
        self.assertEqual(watcher.receive_publish().payload, b"gone")

    def test_a_taken_port_is_an_error(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            user = ["user root"] if os.geteuid() == 0 else []
            done = self.run_broker("-c", self.write("taken.conf", f"listener {port} 127.0.0.1", *user))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"Address already in use", done.stdout + done.stderr)


class Authentication(ProcessTestCase):
    def connect_reason(self, broker, version="5", **keywords):
        return self.raw(broker.port, version).connect("me", **keywords)[1]

    def password_broker(self, passwords):
        return self.configured_broker("listener {port} 127.0.0.1", f"password_file {passwords}")

    @for_each(kind=("sha512", "sha512-pbkdf2"))
    def test_passwords_hashed_by_mosquitto_passwd(self, kind):
        passwords = self.folder / "passwords"
        self.passwd("-H", kind, "-c", "-b", passwords, "first", "one")
        self.passwd("-H", kind, "-b", passwords, "second", "zwei \u00fc:")
        self.assertIn("$6$" if kind == "sha512" else "$7$", passwords.read_text())
        broker = self.password_broker(passwords)
        self.assertEqual(self.connect_reason(broker, username="first", password="one"), 0)
        self.assertEqual(self.connect_reason(broker, username="second", password="zwei \u00fc:"), 0)
        for username, password in (("first", "two"), ("first", ""), ("third", "one"), ("first", None), ("", "one")):
            self.assertIn(self.connect_reason(broker, username=username, password=password), (0x86, 0x87))
            self.assertIn(self.connect_reason(broker, "311", username=username, password=password), (4, 5))

    def test_passwords_hashed_by_midge_passwd(self):
        midge = harness.options.bin / "midge"
        if not midge.exists():
            self.skipTest(f"no midge in {harness.options.bin}")
        if harness.options.broker_is_mosquitto:
            self.skipTest("mosquitto 2.0.11: knows no argon2id")
        passwords = self.folder / "passwords"
        done = self.run_command(midge, "passwd", "-c", "-b", passwords, "user", "secret")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("user:$argon2id$", passwords.read_text())
        broker = self.password_broker(passwords)
        self.assertEqual(self.connect_reason(broker, username="user", password="secret"), 0)
        self.assertIn(self.connect_reason(broker, username="user", password="wrong"), (0x86, 0x87))

    @for_each(version=("31", "311", "5"))
    def test_with_a_listener_anonymous_is_refused(self, version):
        broker = self.configured_broker("listener {port} 127.0.0.1")
        self.assertEqual(self.connect_reason(broker, version), 0x87 if version == "5" else 5)

    @midge_only("has no listener_allow_anonymous")
    def test_one_listener_can_let_anonymous_in(self):
        other = harness.free_port()
        broker = self.configured_broker("listener {port} 127.0.0.1", "listener_allow_anonymous true",
                                        f"listener {other} 127.0.0.1")
        self.assertEqual(self.connect_reason(broker), 0)
        self.assertEqual(self.raw(other).connect("me")[1], 0x87)


class Listeners(ProcessTestCase):
    def test_a_unix_socket_listener(self):
        path = str(self.folder / "mqtt.sock")
        broker = self.configured_broker(f"listener 0 {path}", "allow_anonymous true", ready=path)
        for program, more in (("mosquitto_pub", ["-r", "-m", "x"]), ("mosquitto_sub", ["-C", "1"])):
            done = self.run_command(harness.options.client_bin / program, "--unix", path, "-t", "a", *more)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, b"x\n")
        self.assertEqual(broker.stop(), 0)

    @midge_only("has no accept_protocol_versions")
    def test_accept_protocol_versions(self):
        broker = self.broker("accept_protocol_versions 4")
        self.assertEqual(self.raw(broker.port, "311").connect("me")[1], 0)
        self.assertEqual(self.raw(broker.port, "5").connect("me")[1], 0x84)
        self.assertEqual(self.raw(broker.port, "31").connect("me")[1], 1)

    @midge_only("miscounts them")
    def test_max_connections(self):
        broker = self.broker("max_connections 2")
        kept = [self.connected(broker.port) for _ in range(2)]
        third = self.raw(broker.port)
        third.send(wire.connect("third"))
        got = third.receive()
        self.assertTrue(got is None or got.body[1] >= 0x80, got)
        kept[0].socket.close()
        wait_until(lambda: self.can_be_served(broker), "a place is free again")

    def can_be_served(self, broker):
        with wire.RawClient(broker.port) as client:
            client.send(wire.connect("again"))
            got = client.receive()
            return got is not None and got.body[1] == 0

    @midge_only("leaves the mount point in what it sends")
    def test_a_mount_point_sets_its_clients_apart(self):
        inner = harness.free_port()
        broker = self.configured_broker(*OPEN, f"listener {inner} 127.0.0.1", "mount_point inner/")
        outside, inside = self.connected(broker.port), self.connected(inner)
        outside.subscribe(("#", 0))
        inside.subscribe(("#", 0))
        inside.publish("a", b"from inside")
        got = outside.receive_publish()
        self.assertEqual((got.topic, got.payload), ("inner/a", b"from inside"))
        self.assertEqual(inside.receive_publish().topic, "a")
        outside.publish("a", b"hidden from inside")
        outside.publish("inner/b", b"from outside")
        self.assertEqual(inside.receive_publish().topic, "b")

    def test_a_mount_point_applies_to_wills(self):
        inner = harness.free_port()
        broker = self.configured_broker(*OPEN, f"listener {inner} 127.0.0.1", "mount_point inner/")
        outside = self.connected(broker.port)
        outside.subscribe(("inner/will", 0))
        self.connected(inner, will=("will", "gone", 0, False, [])).socket.close()
        self.assertEqual(outside.receive_publish().payload, b"gone")

    def test_the_user_name_can_be_the_client_id(self):
        broker = self.broker("use_username_as_clientid true")
        first = self.connected(broker.port, "one", username="user")
        self.connected(broker.port, "two", username="user")
        while (got := first.receive()) is not None:
            self.assertEqual(got.kind, wire.DISCONNECT)
        broker.wait_for_log(r"as user \(")

    @for_each(version=("311", "5"))
    def test_max_qos_lowers_what_is_granted(self, version):
        broker = self.broker("max_qos 1")
        client = self.connected(broker.port, "me", version)
        self.assertEqual(client.subscribe(("a", 2)), [1])

    def test_the_id_prefix_of_generated_ids(self):
        broker = self.broker("auto_id_prefix device-")
        self.assertRegex(dict(self.raw(broker.port).connect("")[2])[wire.ASSIGNED_ID], "^device-")

    def test_queue_limits_drop_the_newest(self):
        broker = self.broker("max_inflight_messages 1", "max_queued_messages 5")
        self.subscribe_and_leave(broker, "me", "a", 1)
        lines = b"".join(b"%d\n" % number for number in range(20))
        self.pub(broker, "-q", 1, "-t", "a", "-l", stdin=lines)
        self.pub(broker, "-q", 1, "-t", "fence", "-m", "x")
        got = self.sub_output(broker, "-c", "-i", "me", "-q", 1, "-t", "a", "-W", 2, expect=27).split()
        self.assertEqual(got, lines.split()[:len(got)])
        self.assertIn(len(got), (5, 6))


def running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill_if_there(pid):
    if running(pid):
        os.kill(pid, signal.SIGKILL)
