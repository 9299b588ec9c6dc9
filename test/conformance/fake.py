"""The broker that a test plays to a client program, and the program's process."""
import socket
import subprocess
import tempfile
import time

import codec
import peer

NAMES = {codec.V31: "31", codec.V311: "311", codec.V5: "5"}
END_SECONDS = 15.0
PRINT_SECONDS = 5.0


class FakeBroker:
    """Listens on a loopback port; each connection is a Peer whose packets are taken in strictly."""

    def __init__(self, version, patience):
        self.version = version
        self.patience = patience
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(patience)
        self.port = self.listener.getsockname()[1]
        self.peers = []

    def accept(self):
        try:
            sock, _ = self.listener.accept()
        except TimeoutError:
            raise peer.Silence("the client did not connect in time") from None
        made = peer.Peer(sock, self.version, codec.CLIENT, self.patience)
        self.peers.append(made)
        return made

    def accepted(self, present=False, props=()):
        """A connection whose CONNECT was answered; returns it and the CONNECT."""
        made = self.accept()
        connect = made.expect(codec.CONNECT)
        made.send(codec.connack(self.version, 0, present, props))
        return made, connect

    def close(self):
        for one in self.peers:
            one.close()
        self.listener.close()


class Program:
    """A client program under test."""

    def __init__(self, command, broker, arguments):
        self.errors = tempfile.TemporaryFile()
        self.output = tempfile.TemporaryFile()
        words = [*command, "-h", "127.0.0.1", "-p", str(broker.port), "-V", NAMES[broker.version], *arguments]
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *words], stdin=subprocess.PIPE,
                                        stdout=self.output, stderr=self.errors)

    def say(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end_input(self):
        self.process.stdin.close()

    def wait(self):
        """Its exit status once it ends by itself."""
        return self.process.wait(END_SECONDS)

    def printed(self):
        self.output.seek(0)
        return self.output.read().decode(errors="replace").splitlines()

    def prints(self, lines):
        """These lines and no others, soon."""
        end = time.monotonic() + PRINT_SECONDS
        while self.printed() != lines and time.monotonic() < end:
            time.sleep(0.01)
        assert self.printed() == lines, f"it printed {self.printed()}"

    def close(self):
        self.process.kill()
        self.process.wait()
        for one in (self.process.stdin, self.output, self.errors):
            one.close()


def is_there(command):
    """Whether the command is a client program: it knows its own options."""
    try:
        done = subprocess.run([*command, "--help"], capture_output=True, timeout=20, check=False)
    except OSError:
        return False
    return b"-t" in done.stdout + done.stderr
