"""Just enough of MQTT's bytes for tests that look at the wire: a few packets out, any packet in."""
import dataclasses
import socket
import struct
import time

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)

LEVELS = {"31": 3, "311": 4, "5": 5}

# Property identifiers by the type of their value (MQTT 5, 2.2.2.2).
BYTES = {0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A}
SHORTS = {0x13, 0x21, 0x22, 0x23}
LONGS = {0x02, 0x11, 0x18, 0x27}
VARIABLES = {0x0B}
PAIRS = {0x26}
BINARIES = {0x09, 0x16}

MESSAGE_EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION_DATA = 0x02, 0x03, 0x08, 0x09
SESSION_EXPIRY, ASSIGNED_ID, SERVER_KEEP_ALIVE = 0x11, 0x12, 0x13
RECEIVE_MAXIMUM, TOPIC_ALIAS_MAXIMUM, TOPIC_ALIAS = 0x21, 0x22, 0x23
MAXIMUM_QOS, USER_PROPERTY, MAXIMUM_PACKET_SIZE, PAYLOAD_FORMAT = 0x24, 0x26, 0x27, 0x01
SUBSCRIPTION_ID, WILL_DELAY = 0x0B, 0x18


def variable(number):
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def take_variable(data, at=0):
    """The number and where it ends, or None if the bytes end first."""
    number = 0
    for index in range(4):
        if at + index >= len(data):
            return None
        number |= (data[at + index] & 0x7F) << (7 * index)
        if data[at + index] < 0x80:
            return number, at + index + 1
    raise ValueError("a variable byte integer of more than four bytes")


def binary(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack("!H", len(data)) + data


def property_value(name, value):
    if name in BYTES:
        return bytes([value])
    if name in SHORTS:
        return struct.pack("!H", value)
    if name in LONGS:
        return struct.pack("!I", value)
    if name in VARIABLES:
        return variable(value)
    return binary(value[0]) + binary(value[1]) if name in PAIRS else binary(value)


def properties(pairs):
    body = b"".join(bytes([name]) + property_value(name, value) for name, value in pairs)
    return variable(len(body)) + body


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + variable(len(body)) + body


def connect(client_id="", version="5", clean=True, keep_alive=0, props=(), username=None, password=None, will=None):
    """`will` is (topic, payload, qos, retain, properties)."""
    name = "MQIsdp" if version == "31" else "MQTT"
    flags = (0x02 if clean else 0) | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    body = binary(client_id)
    if will:
        flags |= 0x04 | will[2] << 3 | (0x20 if will[3] else 0)
        body += (properties(will[4]) if version == "5" else b"") + binary(will[0]) + binary(will[1])
    body += b"".join(binary(field) for field in (username, password) if field is not None)
    head = binary(name) + bytes([LEVELS[version], flags]) + struct.pack("!H", keep_alive)
    return packet(CONNECT, 0, head + (properties(props) if version == "5" else b"") + body)


def publish(topic, payload=b"", version="5", qos=0, retain=False, identifier=1, props=(), dup=False):
    payload = payload.encode() if isinstance(payload, str) else payload
    body = binary(topic) + (struct.pack("!H", identifier) if qos else b"")
    body += properties(props) if version == "5" else b""
    return packet(PUBLISH, (8 if dup else 0) | qos << 1 | (1 if retain else 0), body + payload)


def subscribe(*filters, version="5", identifier=1, props=()):
    """Each filter is (filter, options byte)."""
    body = struct.pack("!H", identifier) + (properties(props) if version == "5" else b"")
    return packet(SUBSCRIBE, 2, body + b"".join(binary(name) + bytes([how]) for name, how in filters))


def acknowledge(kind, identifier):
    return packet(kind, 2 if kind == PUBREL else 0, struct.pack("!H", identifier))


def disconnect():
    return packet(DISCONNECT, 0, b"")


class Reader:
    """Takes fields from a packet's body in order."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("the packet ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def binary(self):
        return self.take(self.number(2))

    def variable(self):
        number, self.at = take_variable(self.data, self.at)
        return number

    def properties(self):
        """As (identifier, value) in the order of the wire."""
        end = self.variable() + self.at
        found = []
        while self.at < end:
            name = self.number(1)
            found.append((name, self.property_value(name)))
        return found

    def property_value(self, name):
        if name in BYTES or name in SHORTS or name in LONGS:
            return self.number(1 if name in BYTES else 2 if name in SHORTS else 4)
        if name in VARIABLES:
            return self.variable()
        if name in PAIRS:
            return self.binary().decode(), self.binary().decode()
        return self.binary() if name in BINARIES else self.binary().decode()

    def rest(self):
        return self.take(len(self.data) - self.at)


@dataclasses.dataclass(frozen=True)
class Packet:
    kind: int
    flags: int
    body: bytes

    @property
    def qos(self):
        return self.flags >> 1 & 3

    @property
    def dup(self):
        return bool(self.flags & 8)

    @property
    def retain(self):
        return bool(self.flags & 1)


def take_packet(buffer):
    """Removes the first whole packet from the bytearray, or returns None."""
    length = take_variable(buffer, 1) if len(buffer) >= 2 else None
    if length is None or len(buffer) < sum(length):
        return None
    made = Packet(buffer[0] >> 4, buffer[0] & 15, bytes(buffer[length[1]:sum(length)]))
    del buffer[:sum(length)]
    return made


@dataclasses.dataclass(frozen=True)
class Published:
    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    identifier: int
    props: list


def read_publish(got, version="5"):
    body = Reader(got.body)
    topic = body.binary().decode()
    identifier = body.number(2) if got.qos else 0
    props = body.properties() if version == "5" else []
    return Published(topic, body.rest(), got.qos, got.retain, got.dup, identifier, props)


class RawClient:
    """A socket that speaks whole packets; everything that it waits for has a bound."""

    def __init__(self, port, version="5", timeout=30.0):
        self.version = version
        self.timeout = timeout
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = bytearray()
        self.early = []  # What came while an acknowledgement was waited for.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next packet; None once the peer has closed."""
        return self.early.pop(0) if self.early else self.receive_from_socket()

    def receive_from_socket(self):
        end = time.monotonic() + self.timeout
        while True:
            got = take_packet(self.buffer)
            if got:
                return got
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                return None
            self.buffer += data

    def expect(self, kind):
        got = self.receive()
        if got is None or got.kind != kind:
            raise AssertionError(f"expected a packet of type {kind}, got {got}")
        return got

    def connect(self, client_id="", **keywords):
        """Returns (session present, reason, properties)."""
        self.send(connect(client_id, version=self.version, **keywords))
        return self.connack()

    def connack(self):
        body = Reader(self.expect(CONNACK).body)
        present, reason = body.number(1), body.number(1)
        return bool(present), reason, body.properties() if self.version == "5" else []

    def subscribe(self, *filters, props=()):
        """Returns the reason codes; messages may come before the acknowledgement and are kept for later."""
        self.send(subscribe(*filters, version=self.version, props=props))
        early = []
        while (got := self.receive()) is not None and got.kind == PUBLISH:
            early.append(got)
        if got is None or got.kind != SUBACK:
            raise AssertionError(f"expected SUBACK, got {got}")
        self.early = early + self.early
        return list(got.body[-len(filters):])

    def publish(self, topic, payload=b"", **keywords):
        self.send(publish(topic, payload, version=self.version, **keywords))

    def receive_publish(self):
        return read_publish(self.expect(PUBLISH), self.version)

    def disconnect_reason(self):
        """The reason of the DISCONNECT that must come next, and then the close."""
        body = self.expect(DISCONNECT).body
        if self.receive() is not None:
            raise AssertionError("something came after DISCONNECT")
        return body[0] if body else 0
