"""MQTT over WebSocket: the subprotocol, binary frames, packets split over frames and joined in them."""
import base64
import os
import struct

import codec
import peer
from registry import proves

LISTENER = ("listener {port} 127.0.0.1", "protocol websockets")
BINARY, TEXT, CLOSE = 2, 1, 8


class WebSocket(peer.Client):
    """A client whose bytes go through frames; what comes is unframed before it is taken in."""

    def __init__(self, address, version, patience, offers="mqtt"):
        super().__init__(address, version, patience)
        self.frames = bytearray()
        key = base64.b64encode(os.urandom(16)).decode()
        request = ["GET /mqtt HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
                   f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {offers}"]
        self.socket.sendall(("\r\n".join(request) + "\r\n\r\n").encode())
        self.headers = self.read_headers()

    def read_headers(self):
        data = b""
        while b"\r\n\r\n" not in data:
            got = self.socket.recv(1)
            assert got, "the connection was closed instead of the handshake's answer"
            data += got
        lines = data.decode().split("\r\n")
        assert lines[0].split()[1] == "101", lines[0]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}

    def frame(self, data, opcode=BINARY, last=True):
        mask = os.urandom(4)
        size = len(data)
        head = bytes([opcode | (0x80 if last else 0)])
        head += bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack("!H", size)
        super().send(head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)))

    def send(self, *packets):
        self.frame(b"".join(packets))

    def read(self, end):
        """Appends what the next frame holds; a CLOSE counts as the end."""
        while True:
            made = take_ws_frame(self.frames)
            if made is None:
                received = self.buffer
                self.buffer = bytearray()
                is_open = super().read(end)
                self.frames += self.buffer
                self.buffer = received
                if not is_open:
                    return False
                continue
            opcode, data = made
            if opcode == CLOSE:
                return False
            assert opcode in (0, BINARY), f"a frame with opcode {opcode}"
            self.buffer += data
            return True


def take_ws_frame(buffer):
    if len(buffer) < 2:
        return None
    size, at = buffer[1] & 0x7F, 2
    assert not buffer[1] & 0x80, "a masked frame from the server"
    if size == 126:
        size, at = int.from_bytes(buffer[2:4], "big"), 4
    if len(buffer) < at + size:
        return None
    made = buffer[0] & 15, bytes(buffer[at:at + size])
    del buffer[:at + size]
    return made


def websocket(t, offers="mqtt"):
    made = WebSocket(t.broker(*LISTENER), t.version, t.patience, offers)
    t.open.append(made)
    return made


@proves("MQTT-6.0.0-4", v311="MQTT-6.0.0-4")
def the_server_selects_the_subprotocol_mqtt(t):
    client = websocket(t, "chat, mqtt")
    assert client.headers.get("sec-websocket-protocol") == "mqtt", client.headers
    client.connect(t.id())


@proves("MQTT-6.0.0-1", v311="MQTT-6.0.0-1")
def a_text_frame_ends_the_connection(t):
    websocket(t).connect(t.id("good"))
    client = websocket(t)
    client.frame(codec.connect(t.version, t.id("bad")), TEXT)
    assert client.receive() is None


@proves("MQTT-6.0.0-2", v311="MQTT-6.0.0-2")
def packets_may_be_split_over_frames_and_joined_in_them(t):
    client = websocket(t)
    data = codec.connect(t.version, t.id()) + codec.packet(codec.PINGREQ) * 2
    data += codec.subscribe(t.version, [(t.topic(), 0)]) + codec.publish(t.version, t.topic(), "x" * 200)
    for at in range(0, 20):
        client.frame(data[at:at + 1])
    client.frame(data[20:30], last=False)
    client.frame(data[30:], 0)
    client.expect(codec.CONNACK, code=0)
    client.expect(codec.PINGRESP)
    client.expect(codec.PINGRESP)
    client.await_kind(codec.SUBACK)
    client.await_kind(codec.PUBLISH, payload="x" * 200)
