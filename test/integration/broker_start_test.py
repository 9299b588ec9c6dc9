"""Starts and stops that go wrong: what is left behind, and whether a person learns why."""
import os
import signal
import socket
import subprocess

import harness
import wire
from harness import midge_only, wait_until


class StartTestCase(harness.TestCase):
    def write(self, name, *lines):
        path = self.folder / name
        user = ["user root"] if os.geteuid() == 0 else []
        path.write_text("".join(line + "\n" for line in [*user, *lines]))
        return path

    def run_broker(self, *arguments):
        """A broker that must end by itself."""
        return self.run_command(*harness.end_with_us(), *harness.options.broker, *arguments, timeout=20)


class FailedStart(StartTestCase):
    @midge_only("writes it first")
    def test_a_second_start_leaves_the_first_one_s_pid_file(self):
        broker = self.broker("pid_file {folder}/the.pid")
        pid = (self.folder / "the.pid").read_text()
        self.assertEqual(int(pid), broker.pid)
        self.assertEqual(self.run_broker("-c", broker.config).returncode, 1)
        self.assertEqual((self.folder / "the.pid").read_text(), pid)

    @midge_only("leaves it")
    def test_no_socket_file_is_left(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            path = self.folder / "mqtt.sock"
            done = self.run_broker("-c", self.write("a.conf", f"listener 0 {path}", f"listener {port} 127.0.0.1"))
        self.assertEqual(done.returncode, 1)
        self.assertFalse(path.exists())

    @midge_only("goes on with ::1 alone")
    def test_a_port_in_use_is_an_error_in_local_only_mode_too(self):
        """Even though it is free at ::1."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            done = self.run_broker("-p", other.getsockname()[1])
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"Address already in use", done.stderr)

    def test_a_user_that_there_is_not_is_an_error(self):
        if os.geteuid() != 0:
            self.skipTest("only root becomes somebody else")
        path = self.folder / "a.conf"
        path.write_text("listener 18999 127.0.0.1\nuser nobody-of-that-name\n")
        done = self.run_broker("-c", path, "-d")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"nobody-of-that-name", done.stderr)

    @midge_only("has no --nofile of its own to run out of")
    def test_too_few_descriptors_are_a_sentence(self):
        path = self.write("a.conf", "listener 18999 127.0.0.1", "threads 4")
        done = self.run_command("prlimit", "--nofile=8", *harness.end_with_us(), *harness.options.broker, "-c", path)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"Too many open files", done.stderr)


class UnixSockets(StartTestCase):
    def test_the_file_is_removed_at_the_stop(self):
        path = self.folder / "mqtt.sock"
        broker = self.configured_broker(f"listener 0 {path}", "allow_anonymous true", ready=str(path))
        self.assertEqual(broker.stop(), 0)
        self.assertFalse(path.exists())

    def test_a_file_that_a_killed_broker_left_is_replaced(self):
        path = self.folder / "mqtt.sock"
        first = self.configured_broker(f"listener 0 {path}", "allow_anonymous true", ready=str(path))
        first.kill()
        self.assertTrue(path.exists())
        self.configured_broker(f"listener 0 {path}", "allow_anonymous true", ready=str(path))

    @midge_only("takes its place")
    def test_one_in_use_and_other_files_are_left_alone(self):
        path, other = self.folder / "mqtt.sock", self.folder / "precious"
        other.write_text("data")
        self.configured_broker(f"listener 0 {path}", "allow_anonymous true", ready=str(path))
        for taken in (path, other):
            done = self.run_broker("-c", self.write("b.conf", f"listener 0 {taken}"))
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(taken).encode(), done.stderr)
        self.assertEqual(other.read_text(), "data")
        self.assertTrue(harness.can_connect(str(path)))


class Stop(StartTestCase):
    @midge_only("has no wait that could be cut short")
    def test_a_second_signal_ends_it_at_once_and_leaves_no_files(self):
        """A peer that does not take its DISCONNECT is what the first one waits for."""
        path = self.folder / "mqtt.sock"
        broker = self.broker(f"listener 0 {path}", "allow_anonymous true", "pid_file {folder}/the.pid")
        client = wire.RawClient(broker.port)
        self.addCleanup(client.socket.close)
        self.assertEqual(client.connect("me")[1], 0)
        broker.process.send_signal(signal.SIGTERM)
        client.expect(wire.DISCONNECT)  # From here on it waits for the other side to close.
        broker.process.send_signal(signal.SIGTERM)
        self.assertEqual(broker.wait(), 0)
        self.assertFalse(path.exists())
        self.assertFalse((self.folder / "the.pid").exists())

    def test_a_stop_while_clients_come_and_go(self):
        broker = self.broker("log_type error")
        script = f"while :; do mosquitto_pub -p {broker.port} -t a -m x -q 1 || exit 0; done"
        clients = [subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for _ in range(4)]
        with wire.RawClient(broker.port) as watcher:
            watcher.connect("watcher")
            watcher.subscribe(("a", 0))
            watcher.receive_publish()
        self.assertEqual(broker.stop(), 0)
        for client in clients:
            wait_until(lambda client=client: client.poll() is not None, "the clients notice")

    def test_each_signal_is_taken(self):
        broker = self.broker("log_dest file {folder}/the.log")
        (self.folder / "the.log").rename(self.folder / "the.log.1")
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
            broker.process.send_signal(number)
        wait_until((self.folder / "the.log").exists, "the log file is made anew")
        with wire.RawClient(broker.port) as client:
            self.assertEqual(client.connect("me")[1], 0)
