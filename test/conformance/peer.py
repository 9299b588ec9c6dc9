"""One end of an MQTT connection, played by a test: sends anything, takes whole packets in strictly.

All waiting ends at the peer's patience. Packets that come while something else is awaited are kept.
"""
import socket
import time

import codec
from codec import (CONNACK, DISCONNECT, NAMES, PINGREQ, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK,
                   UNSUBACK)


class Silence(AssertionError):
    """What a test waited for did not come in time."""


class Peer:
    def __init__(self, sock, version, sender, patience):
        self.socket = sock
        self.version = version
        self.sender = sender  # Who is at the other end: codec.SERVER or codec.CLIENT.
        self.patience = patience
        self.buffer = bytearray()
        self.kept = []
        self.all = []  # Everything that came.
        self.next_id = 0

    def close(self):
        self.socket.close()

    # ---- out

    def send(self, *packets):
        try:
            self.socket.sendall(b"".join(packets))
        except OSError:
            pass  # The peer closed first: what it said before tells the test.

    def take_id(self):
        self.next_id += 1
        return self.next_id

    # ---- in

    def receive(self, patience=None):
        """The next packet, or None if the peer has closed."""
        return self.kept.pop(0) if self.kept else self.from_socket(patience)

    def from_socket(self, patience=None):
        end = time.monotonic() + (self.patience if patience is None else patience)
        while True:
            made = codec.take_packet(self.buffer, self.version, self.sender)
            if made:
                self.all.append(made)
                return made
            if not self.read(end):
                if self.buffer:
                    raise codec.Malformed(f"the connection ended within a packet: {bytes(self.buffer[:40]).hex(' ')}")
                return None

    def read(self, end):
        self.socket.settimeout(max(0.001, end - time.monotonic()))
        try:
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            raise Silence("nothing came in time") from None
        except OSError:
            data = b""
        self.buffer += data
        return bool(data)

    def expect(self, kind, **fields):
        """The next packet must be of this kind and have these fields."""
        made = self.receive()
        assert made is not None, f"the connection was closed instead of {NAMES[kind]}"
        return self.is_as(made, kind, fields)

    def is_as(self, made, kind, fields):
        assert made.kind == kind, f"got {made} instead of {NAMES[kind]}"
        for name, wanted in fields.items():
            wanted = codec.as_bytes(wanted) if name == "payload" else wanted
            got = getattr(made, name)
            assert got == wanted, f"{NAMES[kind]}'s {name} is {got!r} instead of {wanted!r}"
        return made

    def await_kind(self, kind, **fields):
        """Until a packet of this kind comes; what came before it is kept for later."""
        for index, made in enumerate(self.kept):
            if made.kind == kind:
                return self.is_as(self.kept.pop(index), kind, fields)
        while True:
            made = self.from_socket()
            assert made is not None, f"the connection was closed instead of {NAMES[kind]}"
            if made.kind == kind:
                return self.is_as(made, kind, fields)
            self.kept.append(made)

    def expect_closed(self, patience=None):
        """Nothing but at most a DISCONNECT of the server may come before the close: its reason, or None."""
        made = self.receive(patience)
        if made is None:
            return None
        assert made.kind == DISCONNECT, f"got {made} instead of the connection's end"
        after = self.receive(patience)
        assert after is None, f"{after} came after DISCONNECT"
        return made.code

    def expect_refused(self):
        """A CONNACK with a refusal or nothing before the close: its code, or None."""
        made = self.receive()
        if made is None:
            return None
        assert made.kind == CONNACK and made.code != 0, f"got {made} instead of a refusal"
        after = self.receive()
        assert after is None, f"{after} came after a refusal"
        return made.code

    def is_open(self, patience=0.05):
        """Whether the peer has neither closed nor said anything within so many seconds."""
        try:
            return self.receive(patience) is not None
        except Silence:
            return True


class Client(Peer):
    """A client that the test plays."""

    def __init__(self, address, version, patience):
        sock = socket.create_connection(address, patience)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, version, codec.SERVER, patience)
        self.client_id = ""

    def connect(self, client_id="", **fields):
        """CONNECT that must be accepted; returns its CONNACK."""
        self.client_id = client_id
        self.send(codec.connect(self.version, client_id, **fields))
        return self.expect(CONNACK, code=0)

    def subscribe(self, *filters, props=()):
        """Filters are names (QoS 2) or (name, options); returns the SUBACK."""
        asked = [(one, 2) if isinstance(one, str) else one for one in filters]
        number = self.take_id()
        self.send(codec.subscribe(self.version, asked, number, props))
        answer = self.await_kind(SUBACK, id=number)
        assert len(answer.codes) == len(asked), f"{len(asked)} filters, {len(answer.codes)} codes"
        return answer

    def unsubscribe(self, *filters):
        number = self.take_id()
        self.send(codec.unsubscribe(self.version, filters, number))
        return self.await_kind(UNSUBACK, id=number)

    def publish(self, topic, payload=b"", qos=0, **fields):
        """The whole exchange of its QoS; returns the first acknowledgement."""
        number = self.take_id() if qos else 0
        self.send(codec.publish(self.version, topic, payload, qos, id=number, **fields))
        if qos == 1:
            return self.await_kind(PUBACK, id=number)
        if qos == 2:
            answer = self.await_kind(PUBREC, id=number)
            if answer.code < 0x80:
                self.send(codec.ack(self.version, PUBREL, number))
                self.await_kind(PUBCOMP, id=number)
            return answer
        return None

    def message(self, payload=None, **fields):
        """The next packet must be a PUBLISH, which is acknowledged to its end."""
        if payload is not None:
            fields["payload"] = payload
        made = self.expect(PUBLISH, **fields)
        self.acknowledge(made)
        return made

    def acknowledge(self, made):
        if made.qos == 1:
            self.send(codec.ack(self.version, PUBACK, made.id))
        if made.qos == 2:
            self.send(codec.ack(self.version, PUBREC, made.id))
            self.await_kind(PUBREL, id=made.id)
            self.send(codec.ack(self.version, PUBCOMP, made.id))

    def messages(self, count):
        return [self.message() for _ in range(count)]

    def ping(self):
        """PINGREQ and its answer; what came before it stays to be received."""
        self.send(codec.packet(PINGREQ))
        self.await_kind(PINGRESP)

    def disconnect(self, reason=0, props=()):
        """Leaves in order and waits until the broker has closed its end."""
        self.send(codec.disconnect(self.version, reason, props))
        self.socket.shutdown(socket.SHUT_WR)
        while self.receive() is not None:
            pass
        self.close()

    def cut(self):
        """The connection ends without DISCONNECT; returns when the broker has seen it."""
        self.socket.shutdown(socket.SHUT_WR)
        while self.receive() is not None:
            pass
        self.close()
