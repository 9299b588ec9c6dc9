"""What every integration test stands on: a broker process of its own, and waiting with a bound.

A test never sleeps for a guessed time: it waits until a condition holds and fails, with the end of
the broker's log, when that takes too long.
"""
import dataclasses
import functools
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

THEIR_BIN = pathlib.Path("/usr/bin")
THEIR_BROKER = ["/usr/sbin/mosquitto"]
PATIENCE = 30.0  # Seconds that a condition may take: far more than it should, sanitizers and a busy machine included.
SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer")

options = None  # Set once by run.py before any test is made.


@dataclasses.dataclass(frozen=True)
class Options:
    """What is under test, and where it is."""
    broker: list
    broker_is_mosquitto: bool
    bin: pathlib.Path
    client_bin: pathlib.Path
    helper_bin: pathlib.Path
    known: bool

    @staticmethod
    def of(arguments):
        return Options(
            broker=broker_command(arguments.broker, arguments.bin),
            broker_is_mosquitto=arguments.broker == "mosquitto",
            bin=arguments.bin.absolute(),
            client_bin=arguments.client_bin.absolute(),
            helper_bin=(arguments.helper_bin or arguments.bin).absolute(),
            known=arguments.known)

    @property
    def clients_are_theirs(self):
        return self.client_bin == THEIR_BIN


def broker_command(name, folder):
    if name == "mosquitto":
        return THEIR_BROKER
    return [str(folder.absolute() / "midge"), "broker"] if name == "midge" else shlex.split(name)


# --- Which tests are for whom -----------------------------------------------------------------------

def midge_only(reason):
    """A test that the distribution's mosquitto 2.0.11 is known not to pass, and why."""
    return before_the_test(lambda self: self.needs_midge(reason))


def own_clients_only(reason):
    """A test that the distribution's mosquitto_pub or mosquitto_sub 2.0.11 is known not to pass, and why."""
    return before_the_test(lambda self: self.needs_own_clients(reason))


def before_the_test(look):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(self, *arguments, **keywords):
            look(self)
            return function(self, *arguments, **keywords)
        return wrapper
    return decorate


def for_each(**choices):
    """Makes one test of each combination: @for_each(version=("311", "5"), qos=(0, 1))."""
    def decorate(function):
        function.choices = choices
        return function
    return decorate


def combinations(choices):
    made = [("", {})]
    for key, values in choices.items():
        made = [(f"{name}_{key[0]}{value}", {**chosen, key: value}) for name, chosen in made for value in values]
    return made


class TestCase(unittest.TestCase):
    """Starts brokers and other processes, and looks at how each ended."""

    def __init_subclass__(cls):
        for name, function in list(vars(cls).items()):
            choices = getattr(function, "choices", None)
            if choices is None:
                continue
            delattr(cls, name)
            for suffix, chosen in combinations(choices):
                setattr(cls, name + suffix, functools.partialmethod(function, **chosen))

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="midge-integration-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def needs_midge(self, reason):
        """As midge_only, for some of a test's combinations."""
        if options.broker_is_mosquitto and not options.known:
            self.skipTest(f"mosquitto 2.0.11: {reason}")

    def needs_own_clients(self, reason):
        if options.clients_are_theirs and not options.known:
            self.skipTest(f"clients 2.0.11: {reason}")

    def broker(self, *lines, **keywords):
        """A broker on a free loopback port that lets anonymous clients in, with these lines of configuration too."""
        return self.configured_broker("listener {port} 127.0.0.1", "allow_anonymous true", *lines, **keywords)

    def configured_broker(self, *lines, **keywords):
        """A broker with these lines of configuration alone; {port} and {folder} are filled in."""
        command = keywords.pop("command", None) or options.broker
        broker = Broker(self.folder, command, lines, **keywords)
        self.addCleanup(self.end_broker, broker)
        broker.start()
        return broker

    def end_broker(self, broker):
        status = broker.stop()
        log = broker.log_text()
        self.assertIsNone(SANITIZER_REPORT.search(log), f"a sanitizer complains:\n{log[-6000:]}")
        self.assertIn(status, broker.allowed_statuses, f"the broker's exit status; the end of its log:\n{log[-3000:]}")

    def start_process(self, command):
        """Starts a program that is killed at the test's end if it still runs then."""
        process = subprocess.Popen([*end_with_us(), *(str(word) for word in command)], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end_process, process)
        return process

    def assert_delivered_despite_a_cut(self, got, expected, qos):
        """At QoS 2 exactly these; at QoS 1 these, after as many of the first as had come before the cut."""
        before = got[:-len(expected)]
        self.assertEqual(got, before + expected)
        self.assertEqual(before, [] if qos == 2 else expected[:len(before)])

    def run_command(self, *command, timeout=PATIENCE, stdin=b"", **keywords):
        """Runs a program to its end and returns it with status and output."""
        return subprocess.run([str(word) for word in command], input=stdin, capture_output=True,
                              timeout=timeout, check=False, **keywords)


# --- The broker process -----------------------------------------------------------------------------

class Broker:
    """One broker process: its port, configuration file and log."""
    count = 0

    def __init__(self, folder, command, lines, arguments=(), limit_files=None, ready=None, port=None):
        Broker.count += 1
        self.folder = folder
        self.command = command
        self.lines = lines
        self.arguments = arguments
        self.limit_files = limit_files
        self.ready = ready  # What to connect to, to see that it serves; default: its port.
        self.port = port
        self.log = folder / f"broker{Broker.count}.log"
        self.config = folder / f"broker{Broker.count}.conf"
        self.allowed_statuses = {0}
        self.process = None

    def start(self):
        """Another process may take the port between the choice and its use: then with another port."""
        for _ in range(5):
            self.launch()
            if self.wait_until_ready():
                return
            if not re.search("address already in use", self.log_text(), re.I):
                break
        raise AssertionError(f"the broker did not start:\n{self.log_text()[-3000:]}")

    def launch(self):
        self.port = self.port or free_port()
        self.write_config()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command_line(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            cwd=self.folder)

    def write_config(self):
        general = ["log_type all", "log_dest stderr"] + (["user root"] if os.geteuid() == 0 else [])
        text = "\n".join([*general, *self.lines]) + "\n"
        self.config.write_text(text.replace("{port}", str(self.port)).replace("{folder}", str(self.folder)))

    def command_line(self):
        limit = [] if self.limit_files is None else ["prlimit", f"--nofile={self.limit_files}"]
        arguments = [str(word).replace("{port}", str(self.port)) for word in self.arguments]
        configuration = ["-c", str(self.config)] if self.lines else []
        return [*end_with_us(), *limit, *self.command, *configuration, *arguments]

    def wait_until_ready(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if can_connect(self.ready or ("127.0.0.1", self.port)):
                return True
            time.sleep(0.01)
        if self.process.poll() is None:
            self.kill()
            return False
        self.port = None
        return False

    @property
    def pid(self):
        return self.process.pid

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for_log(self, pattern):
        return wait_until(lambda: re.search(pattern, self.log_text()), f"a log line like {pattern}")

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit status; a second call returns the same."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the broker did not end:\n{self.log_text()[-3000:]}") from None

    def kill(self):
        self.allowed_statuses = {-signal.SIGKILL}
        self.process.kill()
        self.process.wait()

    def is_sanitized(self):
        return self.has_symbol(b"__asan_init") or self.has_symbol(b"__tsan_init")

    def needs_descriptors(self):
        """UBSan opens a pipe to look at an object's memory, and when it can't it reports what is not there."""
        return self.has_symbol(b"__ubsan_handle_dynamic_type_cache_miss")

    def has_symbol(self, name):
        return name in pathlib.Path(shutil.which(self.command[0]) or self.command[0]).read_bytes()


def end_process(process):
    if process.stdin and not process.stdin.closed:
        process.stdin.close()
    process.kill()
    process.wait()


def end_with_us():
    """No process outlives the test run, even if that is killed."""
    return ["setpriv", "--pdeathsig", "KILL"]


def free_port():
    """Below the range that the kernel gives to clients, so that none of them takes it meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def can_connect(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.settimeout(5)
            probe.connect(address)
            return True
    except OSError:
        return False


def wait_until(condition, what, seconds=PATIENCE):
    """Returns the condition's value once it is true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.005)
