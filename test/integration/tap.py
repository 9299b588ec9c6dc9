"""A tap between a client and a broker: it sees each packet go by, and can swallow some or cut the line.

So a test knows when a subscription is in force, and puts a connection's end exactly between a
message and its acknowledgement.
"""
import socket
import threading

import wire
from harness import wait_until

UP, DOWN = "up", "down"  # To the broker, to the client.


class Tap:
    """Listens on a port of its own and connects each client through. Its threads end with close()."""

    def __init__(self, broker_port):
        self.broker_port = broker_port
        self.lock = threading.Lock()
        self.seen = []      # (direction, packet, number of the connection)
        self.swallowed = {}  # (direction, type) -> how many more
        self.sockets = []
        self.connections = 0
        self.dead = 0       # Connections up to this number pass nothing on.
        self.closed = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(("127.0.0.1", self.broker_port), 10)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            self.carry(client, broker)

    def carry(self, client, broker):
        with self.lock:
            if self.closed:
                client.close()
                broker.close()
                return
            self.connections += 1
            number = self.connections
            self.sockets += [client, broker]
        for source, target, direction in ((client, broker, UP), (broker, client, DOWN)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.pump, args=(source, target, direction, number), daemon=True).start()

    def pump(self, source, target, direction, number):
        buffer = bytearray()
        try:
            while True:
                data = source.recv(1 << 18)
                if not data:
                    break
                buffer += data
                target.sendall(self.pass_on(buffer, direction, number))
        except OSError:
            pass
        for end in (source, target):
            shut(end)

    def pass_on(self, buffer, direction, number):
        out = bytearray()
        while (got := wire.take_packet(buffer)) is not None:
            with self.lock:
                self.seen.append((direction, got, number))
                left = self.swallowed.get((direction, got.kind), 0)
                self.swallowed[direction, got.kind] = max(0, left - 1)
                is_dead = number <= self.dead
            if not left and not is_dead:
                out += wire.packet(got.kind, got.flags, got.body)
        return out

    def swallow(self, direction, kind, count=1 << 30):
        """From now on so many packets of this type do not arrive."""
        with self.lock:
            self.swallowed[direction, kind] = count

    def packets(self, direction, kind, connection=None):
        with self.lock:
            return [got for way, got, number in self.seen
                    if way == direction and got.kind == kind and connection in (None, number)]

    def wait_for(self, direction, kind, count=1, connection=None):
        wait_until(lambda: len(self.packets(direction, kind, connection)) >= count,
                   f"{count} packets of type {kind} {direction}")
        return self.packets(direction, kind, connection)

    def cut(self):
        """Ends the connections there are, as a network failure does; new ones are carried."""
        with self.lock:
            sockets, self.sockets = self.sockets, []
        for end in sockets:
            shut(end)

    def cut_and_let_through(self):
        """Both at one moment: nothing that was swallowed so far gets past on the old connections."""
        with self.lock:
            self.dead = self.connections
            self.swallowed.clear()
        self.cut()

    def close(self):
        with self.lock:
            self.closed = True
        shut(self.listener)  # Wakes the thread that accepts.
        self.listener.close()
        self.cut()


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
