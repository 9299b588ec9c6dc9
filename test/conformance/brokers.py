"""The servers that the suite runs against: a broker process, one that is already there, one that says nothing."""
import dataclasses
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

START_SECONDS = 30.0


class Refused(Exception):
    """The broker does not take this configuration."""


@dataclasses.dataclass(frozen=True)
class Existing:
    """A broker that somebody else started."""
    address: tuple

    def stop(self):
        """It is not ours to end."""


class Broker:
    """A broker process on a free loopback port that lets anonymous clients in."""

    def __init__(self, command, lines=()):
        self.command = command
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="midge-conformance-"))
        self.log = self.folder / "log"
        self.process = None
        for _ in range(5):
            self.launch(lines)
            if self.is_ready():
                return
            if not re.search("in use", self.log_text(), re.I):
                break
        text = self.log_text()
        self.stop()
        raise Refused(next((line for line in text.splitlines() if "rror" in line), text[-500:]).strip())

    def launch(self, lines):
        port = free_port()
        self.address = ("127.0.0.1", port)
        general = ["log_type error", "log_type warning", "log_dest stderr"]
        general += ["user root"] if os.geteuid() == 0 else []
        if not any(line.startswith("listener") for line in lines):
            general += [f"listener {port} 127.0.0.1"]
        if not any(line.startswith("allow_anonymous") for line in lines):
            lines = [*lines, "allow_anonymous true"]
        text = "\n".join([*general, *lines]).replace("{port}", str(port)).replace("{folder}", str(self.folder))
        for name, content in re.findall(r"^#file (\S+) (.*)$", text, re.M):
            (self.folder / name).write_text(content.replace("\\n", "\n") + "\n")
            (self.folder / name).chmod(0o600)
        (self.folder / "conf").write_text(text + "\n")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command, "-c", str(self.folder / "conf")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)

    def is_ready(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            if can_connect(self.address):
                return True
            time.sleep(0.01)
        return False

    def log_text(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.process.returncode


class Mute:
    """Accepts connections and says nothing; or, if it slams, ends each at once."""

    def __init__(self, slams=False):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = self.listener.getsockname()
        self.slams = slams
        self.held = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.slams:
                connection.close()
            else:
                self.held.append(connection)

    def stop(self):
        self.listener.close()
        for connection in self.held:
            connection.close()


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
    try:
        with socket.create_connection(address, 5):
            return True
    except OSError:
        return False
