"""Packets as data: test/cases/VERSION.txt, one a line: name | state | bytes | answer.

States: new (nothing was sent), connected (a clean CONNECT was accepted). Bytes: pairs of hexadecimal digits; XX*N
is N times the byte XX. Answers:
    close [CODE...]   the connection ends; in MQTT 5 after a CONNACK (new) or DISCONNECT (connected) with one of
                      these reasons, where some are named; before MQTT 5 without a word
    refuse CODE       CONNACK with this code, then the end
    answer BYTES      exactly these come, and the connection stays
    nothing           nothing comes, and the connection stays
    wait              the packet is not complete: nothing comes until the peer ends the connection
"""
import dataclasses
import functools
import pathlib
import socket

import codec
import registry

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "cases"
FILES = {codec.V31: "v31.txt", codec.V311: "v311.txt", codec.V5: "v5.txt"}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    state: str
    data: bytes
    answer: str
    codes: tuple
    expected: bytes = b""


def unhex(text):
    out = bytearray()
    for word in text.split():
        pair, _, count = word.partition("*")
        out += bytes([int(pair, 16)]) * int(count or 1)
    return bytes(out)


def parse(line):
    name, state, data, answer = (field.strip() for field in line.split("|"))
    word, _, rest = answer.partition(" ")
    assert state in ("new", "connected") and word in ("close", "refuse", "answer", "nothing", "wait"), line
    codes = tuple(int(code, 16) for code in rest.split()) if word in ("close", "refuse") else ()
    return Case(name, state, unhex(data), word, codes, unhex(rest) if word == "answer" else b"")


def load(version):
    lines = (FOLDER / FILES[version]).read_text().splitlines()
    return [parse(line) for line in lines if line.strip() and not line.startswith("#")]


def tests():
    made = []
    for version in registry.VERSIONS:
        for case in load(version):
            ids = {one: () for one in registry.VERSIONS}
            made.append(registry.Test(f"case.{case.name}", functools.partial(run, case), ids, False, (version,)))
    names = [(test.name, test.versions) for test in made]
    assert len(names) == len(set(names)), "two cases have one name"
    return made


def run(case, t):
    t.client().ping()  # A server that is deaf to what is right proves nothing by what it does to what is wrong.
    client = t.raw()
    if case.state == "connected":
        client.connect(t.id())
    client.send(case.data)
    ANSWERS[case.answer](case, t, client)
    t.client().ping()  # Nor does one that has ended.


def closes(case, t, client):
    reason = client.expect_refused() if case.state == "new" else client.expect_closed()
    if t.suite.is_strict and not t.v5:
        assert reason is None, f"an answer with {reason:#x}"
    if t.suite.is_strict and case.codes:
        assert reason in case.codes, f"reason {reason} instead of {[hex(code) for code in case.codes]}"


def refuses(case, t, client):
    reason = client.expect_refused()
    assert reason in case.codes or not t.suite.is_strict, f"refused with {reason}"


def answers(case, _t, client):
    got = b""
    while len(got) < len(case.expected):
        made = client.receive()
        assert made is not None, f"the connection was closed after {got.hex(' ')}"
        got += made.raw
    assert got == case.expected, f"got {got.hex(' ')}"
    client.ping()
    assert not client.kept, f"{client.kept[0]} came too"


def ignores(_case, _t, client):
    client.ping()
    assert not client.kept, f"got {client.kept[0]}"


def waits(_case, _t, client):
    assert client.is_open(0.1), "the connection was closed before the packet was complete"
    client.socket.shutdown(socket.SHUT_WR)
    made = client.receive()
    assert made is None, f"got {made}"


ANSWERS = {"close": closes, "refuse": refuses, "answer": answers, "nothing": ignores, "wait": waits}
