"""MQTT's bytes for the conformance suite, written from the standard and from nothing else of this project.

Encoding is lenient, so that a test can send what is wrong. Decoding is strict: whatever the peer sends is
held against every rule that one packet alone can break, and Malformed says which.
"""
import dataclasses
import struct

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)
NAMES = ("RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK "
         "PINGREQ PINGRESP DISCONNECT AUTH").split()

V31, V311, V5 = "3.1", "3.1.1", "5"
LEVELS = {V31: 3, V311: 4, V5: 5}
PROTOCOL_NAMES = {V31: "MQIsdp", V311: "MQTT", V5: "MQTT"}

SERVER, CLIENT = "server", "client"  # Who sends.

PAYLOAD_FORMAT, MESSAGE_EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION_DATA = 0x01, 0x02, 0x03, 0x08, 0x09
SUBSCRIPTION_ID, SESSION_EXPIRY, ASSIGNED_ID, SERVER_KEEP_ALIVE = 0x0B, 0x11, 0x12, 0x13
AUTH_METHOD, AUTH_DATA, PROBLEM_INFORMATION, WILL_DELAY, RESPONSE_INFORMATION_WANTED = 0x15, 0x16, 0x17, 0x18, 0x19
RESPONSE_INFORMATION, SERVER_REFERENCE, REASON_STRING = 0x1A, 0x1C, 0x1F
RECEIVE_MAXIMUM, TOPIC_ALIAS_MAXIMUM, TOPIC_ALIAS, MAXIMUM_QOS = 0x21, 0x22, 0x23, 0x24
RETAIN_AVAILABLE, USER_PROPERTY, MAXIMUM_PACKET_SIZE = 0x25, 0x26, 0x27
WILDCARDS_AVAILABLE, SUBSCRIPTION_IDS_AVAILABLE, SHARED_AVAILABLE = 0x28, 0x29, 0x2A

WILL = "WILL"
ACKS = (PUBACK, PUBREC, PUBREL, PUBCOMP)
ANSWERS = (CONNACK, *ACKS, SUBACK, UNSUBACK, DISCONNECT, AUTH)

# MQTT 5, 2.2.2.2: identifier -> (type, packets that may carry it, bounds of a number).
FLAG = (0, 1)
PROPERTIES = {
    PAYLOAD_FORMAT: ("byte", (PUBLISH, WILL), FLAG),
    MESSAGE_EXPIRY: ("four", (PUBLISH, WILL), None),
    CONTENT_TYPE: ("text", (PUBLISH, WILL), None),
    RESPONSE_TOPIC: ("text", (PUBLISH, WILL), None),
    CORRELATION_DATA: ("binary", (PUBLISH, WILL), None),
    SUBSCRIPTION_ID: ("variable", (PUBLISH, SUBSCRIBE), (1, 268_435_455)),
    SESSION_EXPIRY: ("four", (CONNECT, CONNACK, DISCONNECT), None),
    ASSIGNED_ID: ("text", (CONNACK,), None),
    SERVER_KEEP_ALIVE: ("two", (CONNACK,), None),
    AUTH_METHOD: ("text", (CONNECT, CONNACK, AUTH), None),
    AUTH_DATA: ("binary", (CONNECT, CONNACK, AUTH), None),
    PROBLEM_INFORMATION: ("byte", (CONNECT,), FLAG),
    WILL_DELAY: ("four", (WILL,), None),
    RESPONSE_INFORMATION_WANTED: ("byte", (CONNECT,), FLAG),
    RESPONSE_INFORMATION: ("text", (CONNACK,), None),
    SERVER_REFERENCE: ("text", (CONNACK, DISCONNECT), None),
    REASON_STRING: ("text", ANSWERS, None),
    RECEIVE_MAXIMUM: ("two", (CONNECT, CONNACK), (1, 65_535)),
    TOPIC_ALIAS_MAXIMUM: ("two", (CONNECT, CONNACK), None),
    TOPIC_ALIAS: ("two", (PUBLISH,), (1, 65_535)),
    MAXIMUM_QOS: ("byte", (CONNACK,), FLAG),
    RETAIN_AVAILABLE: ("byte", (CONNACK,), FLAG),
    USER_PROPERTY: ("pair", (CONNECT, PUBLISH, WILL, SUBSCRIBE, UNSUBSCRIBE, *ANSWERS), None),
    MAXIMUM_PACKET_SIZE: ("four", (CONNECT, CONNACK), (1, 0xFFFFFFFF)),
    WILDCARDS_AVAILABLE: ("byte", (CONNACK,), FLAG),
    SUBSCRIPTION_IDS_AVAILABLE: ("byte", (CONNACK,), FLAG),
    SHARED_AVAILABLE: ("byte", (CONNACK,), FLAG),
}

# MQTT 5, 2.4 with the tables of each packet: what each sender may put in.
PUBACK_CODES = {0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}
DISCONNECT_BOTH = {0x00, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99}
CONNACK_CODES = {0x00, *range(0x80, 0x8B), 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F}
SUBACK_CODES = {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2}
UNSUBACK_CODES = {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91}
REASONS = {
    (PUBACK, SERVER): PUBACK_CODES | {0x10}, (PUBACK, CLIENT): PUBACK_CODES,
    (PUBREC, SERVER): PUBACK_CODES | {0x10}, (PUBREC, CLIENT): PUBACK_CODES,
    (PUBREL, SERVER): {0x00, 0x92}, (PUBREL, CLIENT): {0x00, 0x92},
    (PUBCOMP, SERVER): {0x00, 0x92}, (PUBCOMP, CLIENT): {0x00, 0x92},
    (AUTH, SERVER): {0x00, 0x18}, (AUTH, CLIENT): {0x18, 0x19},
    (DISCONNECT, CLIENT): DISCONNECT_BOTH | {0x04},
    (DISCONNECT, SERVER): DISCONNECT_BOTH | {0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F,
                                             0xA0, 0xA1, 0xA2},
}
FIXED_FLAGS = {PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2}
FROM_CLIENT_ONLY = {CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ}
FROM_SERVER_ONLY = {CONNACK, SUBACK, UNSUBACK, PINGRESP}


class Malformed(AssertionError):
    """What the peer sent breaks a rule of the standard."""


def require(condition, rule):
    if not condition:
        raise Malformed(rule)


# ---------------------------------------------------------------- bytes out

def as_bytes(data):
    return data.encode() if isinstance(data, str) else bytes(data)


def variable(number):
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def prefixed(data):
    data = as_bytes(data)
    return struct.pack("!H", len(data)) + data


def property_value(name, value):
    kind = PROPERTIES[name][0]
    if kind in ("byte", "two", "four"):
        return value.to_bytes({"byte": 1, "two": 2, "four": 4}[kind], "big")
    if kind == "variable":
        return variable(value)
    return prefixed(value[0]) + prefixed(value[1]) if kind == "pair" else prefixed(value)


def properties(pairs):
    body = b"".join(bytes([name]) + property_value(name, value) for name, value in pairs)
    return variable(len(body)) + body


def packet(kind, body=b"", flags=None):
    flags = FIXED_FLAGS.get(kind, 0) if flags is None else flags
    return bytes([kind << 4 | flags]) + variable(len(body)) + body


@dataclasses.dataclass
class Will:
    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    props: tuple = ()


def connect(version, client_id="", clean=True, keep_alive=0, props=(), user=None, password=None, will=None,
            name=None, level=None, flags=None):
    made = (0x02 if clean else 0) | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    payload = prefixed(client_id)
    if will:
        made |= 0x04 | will.qos << 3 | (0x20 if will.retain else 0)
        payload += properties(will.props) if version == V5 else b""
        payload += prefixed(will.topic) + prefixed(will.payload)
    payload += b"".join(prefixed(field) for field in (user, password) if field is not None)
    head = prefixed(PROTOCOL_NAMES[version] if name is None else name)
    head += bytes([LEVELS[version] if level is None else level, made if flags is None else flags])
    head += struct.pack("!H", keep_alive) + (properties(props) if version == V5 else b"")
    return packet(CONNECT, head + payload)


def publish(version, topic, payload=b"", qos=0, retain=False, dup=False, id=1, props=()):
    body = prefixed(topic) + (struct.pack("!H", id) if qos else b"")
    body += properties(props) if version == V5 else b""
    return packet(PUBLISH, body + as_bytes(payload), (8 if dup else 0) | qos << 1 | (1 if retain else 0))


def subscribe(version, filters, id=1, props=()):
    """Each filter is (filter, options byte)."""
    body = struct.pack("!H", id) + (properties(props) if version == V5 else b"")
    return packet(SUBSCRIBE, body + b"".join(prefixed(name) + bytes([options]) for name, options in filters))


def unsubscribe(version, filters, id=1, props=()):
    body = struct.pack("!H", id) + (properties(props) if version == V5 else b"")
    return packet(UNSUBSCRIBE, body + b"".join(prefixed(name) for name in filters))


def ack(version, kind, id, reason=0, props=()):
    body = struct.pack("!H", id)
    if version == V5 and (reason or props):
        body += bytes([reason]) + (properties(props) if props else b"")
    return packet(kind, body)


def disconnect(version, reason=0, props=()):
    if version != V5 or not (reason or props):
        return packet(DISCONNECT)
    return packet(DISCONNECT, bytes([reason]) + properties(props))


def auth(reason, props=()):
    return packet(AUTH, bytes([reason]) + properties(props))


def connack(version, code=0, present=False, props=()):
    return packet(CONNACK, bytes([present, code]) + (properties(props) if version == V5 else b""))


def suback(version, id, codes, props=()):
    return packet(SUBACK, struct.pack("!H", id) + (properties(props) if version == V5 else b"") + bytes(codes))


def unsuback(version, id, codes):
    return packet(UNSUBACK, struct.pack("!H", id) + (properties(()) + bytes(codes) if version == V5 else b""))


# ---------------------------------------------------------------- bytes in

@dataclasses.dataclass
class Packet:
    """One packet taken apart; which fields count depends on its kind."""
    kind: int
    raw: bytes = b""
    id: int = 0
    code: int = 0
    codes: tuple = ()
    props: tuple = ()
    topic: str = ""
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    dup: bool = False
    present: bool = False
    connect: dict = dataclasses.field(default_factory=dict)
    filters: tuple = ()

    def prop(self, name, default=None):
        return next((value for key, value in self.props if key == name), default)

    def all_props(self, name):
        return [value for key, value in self.props if key == name]

    def __str__(self):
        return f"{NAMES[self.kind]} {self.raw[:60].hex(' ')}"


class Body:
    """Takes fields off a packet's body in order."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        require(self.left() >= count, "the packet ends before its fields do")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def binary(self):
        return self.take(self.number(2))

    def text(self):
        data = self.binary()
        try:
            text = data.decode()  # Python's decoder is strict about surrogates and overlong forms.
        except UnicodeDecodeError as error:
            raise Malformed(f"a string is not UTF-8: {error}") from None
        require("\0" not in text, "a string holds U+0000")
        return text

    def variable(self):
        number = 0
        for index in range(4):
            byte = self.number(1)
            number |= (byte & 0x7F) << 7 * index
            if byte < 0x80:
                require(byte or not index, "a Variable Byte Integer is not in its shortest form")
                return number
        raise Malformed("a Variable Byte Integer has more than four bytes")

    def properties(self, where, sender):
        length = self.variable()
        require(self.left() >= length, "the properties reach beyond the packet")
        end = self.at + length
        found = []
        while self.at < end:
            name = self.variable()
            require(name in PROPERTIES, f"property {name:#x} does not exist")
            found.append((name, self.property_value(name, where, sender, found)))
        require(self.at == end, "a property reaches beyond the Property Length")
        names = {name for name, _ in found}
        require(AUTH_DATA not in names or AUTH_METHOD in names, "Authentication Data without a method")
        return tuple(found)

    def property_value(self, name, where, sender, found):
        kind, allowed, bounds = PROPERTIES[name]
        require(where in allowed, f"property {name:#x} does not belong into this packet")
        repeatable = name == USER_PROPERTY or (name == SUBSCRIPTION_ID and where == PUBLISH and sender == SERVER)
        require(repeatable or name not in (key for key, _ in found), f"property {name:#x} comes twice")
        require(not (name == SUBSCRIPTION_ID and where == PUBLISH and sender == CLIENT),
                "a client's PUBLISH holds a Subscription Identifier")
        require(not (where == DISCONNECT and sender == SERVER and name == SESSION_EXPIRY),
                "the server's DISCONNECT holds a Session Expiry Interval")
        require(not (where == DISCONNECT and sender == CLIENT and name == SERVER_REFERENCE),
                "a client's DISCONNECT holds a Server Reference")
        if kind in ("byte", "two", "four"):
            value = self.number({"byte": 1, "two": 2, "four": 4}[kind])
        elif kind == "variable":
            value = self.variable()
        elif kind == "pair":
            value = (self.text(), self.text())
        else:
            value = self.binary() if kind == "binary" else self.text()
        require(bounds is None or bounds[0] <= value <= bounds[1], f"property {name:#x} is out of its bounds")
        require(name != RESPONSE_TOPIC or not set("+#") & set(value), "the Response Topic holds a wildcard")
        return value


def take_frame(buffer):
    """Removes the first whole packet from the bytearray: (first byte, body, raw), or None."""
    for size in range(1, 5):
        if len(buffer) <= size:
            return None
        if buffer[size] < 0x80:
            break
    else:
        raise Malformed("the Remaining Length has more than four bytes")
    require(size == 1 or buffer[size] != 0, "the Remaining Length is not in its shortest form")
    length = sum((byte & 0x7F) << 7 * index for index, byte in enumerate(buffer[1:size + 1]))
    end = 1 + size + length
    if len(buffer) < end:
        return None
    raw = bytes(buffer[:end])
    del buffer[:end]
    return raw[0], raw[1 + size:], raw


def take_packet(buffer, version, sender):
    """Removes and takes apart the first whole packet, or returns None."""
    frame = take_frame(buffer)
    return None if frame is None else decode(frame, version, sender)


def decode(frame, version, sender):
    first, data, raw = frame
    made = Packet(first >> 4, raw)
    flags = first & 15
    require(made.kind != 0 and not (made.kind == AUTH and version != V5), f"packet type {made.kind} is reserved")
    wrong = FROM_CLIENT_ONLY if sender == SERVER else FROM_SERVER_ONLY
    require(made.kind not in wrong, f"{NAMES[made.kind]} from the {sender}")
    require(not (made.kind == DISCONNECT and sender == SERVER and version != V5), "DISCONNECT from the server")
    if made.kind != PUBLISH:
        require(flags == FIXED_FLAGS.get(made.kind, 0), f"the reserved flags of {NAMES[made.kind]} are {flags}")
    body = Body(data)
    DECODERS[made.kind](made, body, flags, version, sender)
    require(body.left() == 0, f"{body.left()} bytes are left over in {NAMES[made.kind]}")
    return made


def decode_connect(made, body, _flags, version, sender):
    name, level, flags = body.text(), body.number(1), body.number(1)
    require((name, level) == (PROTOCOL_NAMES[version], LEVELS[version]), f"protocol {name} with level {level}")
    require(not flags & 1, "the reserved bit of Connect Flags is set")
    has_will, qos = bool(flags & 4), flags >> 3 & 3
    require(has_will or not flags & 0x38, "Will QoS or Will Retain without a Will")
    require(qos < 3, "Will QoS is 3")
    has_user, has_password = bool(flags & 0x80), bool(flags & 0x40)
    require(version == V5 or has_user or not has_password, "a password without a user name")
    made.connect = {"clean": bool(flags & 2), "keep_alive": body.number(2)}
    made.props = body.properties(CONNECT, sender) if version == V5 else ()
    made.connect["client_id"] = body.text()
    if has_will:
        props = body.properties(WILL, sender) if version == V5 else ()
        will = Will(body.text(), body.binary(), qos, bool(flags & 0x20), props)
        require(will.topic and not set("+#") & set(will.topic), f"the Will Topic is {will.topic!r}")
        made.connect["will"] = will
    if has_user:
        made.connect["user"] = body.text()
    if has_password:
        made.connect["password"] = body.binary()


def decode_connack(made, body, _flags, version, sender):
    acknowledge = body.number(1)
    require(acknowledge < (1 if version == V31 else 2), "reserved Connect Acknowledge Flags are set")
    made.present, made.code = bool(acknowledge), body.number(1)
    require(made.code in (CONNACK_CODES if version == V5 else range(6)), f"CONNACK code {made.code:#x}")
    require(not (made.present and made.code), "Session Present with a refusal")
    made.props = body.properties(CONNACK, sender) if version == V5 else ()


def decode_publish(made, body, flags, version, sender):
    made.dup, made.qos, made.retain = bool(flags & 8), flags >> 1 & 3, bool(flags & 1)
    require(made.qos < 3, "QoS is 3")
    require(made.qos or not made.dup, "DUP is set at QoS 0")
    made.topic = body.text()
    require(not set("+#") & set(made.topic), "the Topic Name holds a wildcard")
    if made.qos:
        made.id = packet_id(body)
    made.props = body.properties(PUBLISH, sender) if version == V5 else ()
    require(made.topic or made.prop(TOPIC_ALIAS), "the Topic Name is empty")
    made.payload = body.take(body.left())


def packet_id(body):
    number = body.number(2)
    require(number, "the Packet Identifier is 0")
    return number


def decode_ack(made, body, _flags, version, sender):
    made.id = packet_id(body)
    if version != V5 or not body.left():
        return
    made.code = body.number(1)
    check_reason(made, sender)
    made.props = body.properties(made.kind, sender) if body.left() else ()


def check_reason(made, sender):
    require(made.code in REASONS[made.kind, sender], f"{NAMES[made.kind]} with reason {made.code:#x} from the {sender}")


def decode_subscribe(made, body, _flags, version, sender):
    made.id = packet_id(body)
    made.props = body.properties(SUBSCRIBE, sender) if version == V5 else ()
    filters = []
    while body.left():
        name, options = body.text(), body.number(1)
        check_filter(name)
        require(options & (0xC0 if version == V5 else 0xFC) == 0, "reserved bits of the options are set")
        require(options & 3 < 3 and options >> 4 & 3 < 3, "QoS or Retain Handling is 3")
        require(not (name.startswith("$share/") and options & 4), "No Local for a shared subscription")
        filters.append((name, options))
    require(filters, "SUBSCRIBE without a filter")
    made.filters = tuple(filters)


def check_filter(name):
    if name.startswith("$share/"):
        share, _, name = name[len("$share/"):].partition("/")
        require(share and not set("+#") & set(share), f"the ShareName is {share!r}")
    require(name, "an empty Topic Filter")
    levels = name.split("/")
    for index, level in enumerate(levels):
        require("#" not in level or (level == "#" and index == len(levels) - 1), f"'#' is out of place in {name!r}")
        require("+" not in level or level == "+", f"'+' is out of place in {name!r}")


def decode_unsubscribe(made, body, _flags, version, sender):
    made.id = packet_id(body)
    made.props = body.properties(UNSUBSCRIBE, sender) if version == V5 else ()
    filters = []
    while body.left():
        filters.append(body.text())
        check_filter(filters[-1])
    require(filters, "UNSUBSCRIBE without a filter")
    made.filters = tuple(filters)


def decode_suback(made, body, _flags, version, sender):
    made.id = packet_id(body)
    made.props = body.properties(SUBACK, sender) if version == V5 else ()
    made.codes = tuple(body.take(body.left()))
    allowed = {V5: SUBACK_CODES, V311: {0, 1, 2, 0x80}, V31: {0, 1, 2}}[version]
    require(made.codes and set(made.codes) <= allowed, f"SUBACK codes {made.codes}")


def decode_unsuback(made, body, _flags, version, sender):
    made.id = packet_id(body)
    if version == V5:
        made.props = body.properties(UNSUBACK, sender)
        made.codes = tuple(body.take(body.left()))
        require(made.codes and set(made.codes) <= UNSUBACK_CODES, f"UNSUBACK codes {made.codes}")


def decode_nothing(_made, _body, _flags, _version, _sender):
    """The packet ends here."""


def decode_disconnect(made, body, _flags, version, sender):
    if version != V5 or not body.left():
        return
    made.code = body.number(1)
    check_reason(made, sender)
    made.props = body.properties(DISCONNECT, sender) if body.left() else ()


def decode_auth(made, body, _flags, _version, sender):
    made.code = body.number(1)
    check_reason(made, sender)
    made.props = body.properties(AUTH, sender)
    require(made.prop(AUTH_METHOD), "AUTH without Authentication Method")


DECODERS = {
    CONNECT: decode_connect, CONNACK: decode_connack, PUBLISH: decode_publish,
    PUBACK: decode_ack, PUBREC: decode_ack, PUBREL: decode_ack, PUBCOMP: decode_ack,
    SUBSCRIBE: decode_subscribe, SUBACK: decode_suback, UNSUBSCRIBE: decode_unsubscribe, UNSUBACK: decode_unsuback,
    PINGREQ: decode_nothing, PINGRESP: decode_nothing, DISCONNECT: decode_disconnect, AUTH: decode_auth,
}
