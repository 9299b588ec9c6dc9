"""mosquitto_pub and mosquitto_sub as the tests run them: the distribution's or Midge's own."""
import subprocess

import harness
import wire
from harness import PATIENCE, end_with_us
from tap import DOWN, Tap


class ClientTestCase(harness.TestCase):
    """Runs the two programs of --client-bin against a broker."""

    def tap(self, broker):
        made = Tap(broker.port)
        self.addCleanup(made.close)
        return made

    def pub(self, broker, *arguments, version="311", expect=0, timeout=PATIENCE, stdin=b"", folder=None, port=None):
        """Runs mosquitto_pub to its end and holds it to an exit status."""
        done = self.run_command((folder or harness.options.client_bin) / "mosquitto_pub", "-h", "127.0.0.1",
                                "-p", port or broker.port, "-V", version, *arguments, timeout=timeout, stdin=stdin)
        self.assertEqual(done.returncode, expect, f"mosquitto_pub {arguments}: {done.stdout!r} {done.stderr!r}")
        return done

    def sub(self, broker, *arguments, **keywords):
        """Starts mosquitto_sub and returns once the broker has acknowledged its subscription."""
        made = self.start_sub(broker, *arguments, **keywords)
        made.tap.wait_for(DOWN, wire.SUBACK)
        return made

    def start_sub(self, broker, *arguments, version="311", folder=None):
        made = Sub(self, broker, arguments, version, folder or harness.options.client_bin)
        self.addCleanup(made.close)
        return made

    def sub_output(self, broker, *arguments, expect=0, **keywords):
        """What a mosquitto_sub prints that ends by itself."""
        return self.start_sub(broker, *arguments, **keywords).finish(expect)

    def subscribe_and_leave(self, broker, client_id, topic, qos, version="311"):
        """Makes a session that stays."""
        self.sub_output(broker, "-c", "-i", client_id, "-q", str(qos), "-t", topic, "-E", version=version)


class Sub:
    """A running mosquitto_sub, seen through a tap."""

    def __init__(self, case, broker, arguments, version, folder):
        self.case = case
        self.tap = Tap(broker.port)
        self.arguments = arguments
        self.output_file = case.folder / f"sub{self.tap.port}.out"
        self.error_file = case.folder / f"sub{self.tap.port}.err"
        with open(self.output_file, "wb") as out, open(self.error_file, "wb") as err:
            self.process = subprocess.Popen(
                [*end_with_us(), str(folder / "mosquitto_sub"), "-h", "127.0.0.1", "-p", str(self.tap.port),
                 "-V", version, *(str(word) for word in arguments)],
                stdout=out, stderr=err, stdin=subprocess.DEVNULL)

    def output(self):
        return self.output_file.read_bytes()

    def wait_for_output(self, text):
        harness.wait_until(lambda: text in self.output(), f"mosquitto_sub prints {text!r}")

    def finish(self, expect=0, timeout=PATIENCE):
        """Waits until it ends by itself and returns what it printed."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"mosquitto_sub {self.arguments} did not end; it printed "
                                 f"{self.output()[-500:]!r}") from None
        self.case.assertEqual(status, expect, f"mosquitto_sub {self.arguments}: {self.error_file.read_bytes()!r}")
        return self.output()

    def kill(self):
        """As a crash: no DISCONNECT."""
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.tap.close()
