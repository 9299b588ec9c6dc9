"""Which test proves which statement: the decorator, what a test is given, and how one is run."""
import dataclasses
import inspect
import itertools
import threading

import brokers
import codec
import fake
import peer

VERSIONS = (codec.V31, codec.V311, codec.V5)
PATIENCE = 10.0

tests = []
serial = itertools.count()


class NotRun(Exception):
    """The test cannot be run here: what is lacking."""


@dataclasses.dataclass(frozen=True, eq=False)  # Each is itself.
class Test:
    name: str
    function: object
    ids: dict  # version -> ids of statements
    is_slow: bool
    versions: tuple

    @property
    def role(self):
        return "clients" if self.name.startswith("client_") else "broker"

    @property
    def is_case(self):
        return self.name.startswith("case.")


def proves(*v5, v311="", v31="", slow=False):
    """The statements that the test proves, by version; it is run once for each version that has any.

    Statements of 3.1 and 3.1.1 are words in one text. A slow test spends its time waiting, and starts first.
    """
    def note(function):
        ids = {codec.V5: tuple(v5), codec.V311: tuple(v311.split()), codec.V31: tuple(v31.split())}
        assert any(ids.values()), function.__name__
        module = inspect.getmodule(function).__name__
        versions = tuple(version for version in VERSIONS if ids[version])
        tests.append(Test(f"{module}.{function.__name__}", function, ids, slow, versions))
        return function
    return note


class Context:
    """What a test is given: its version, connections to the broker, names of its own."""

    def __init__(self, suite, version):
        self.suite = suite
        self.version = version
        self.v5 = version == codec.V5
        self.patience = suite.patience
        self.number = next(serial)
        self.count = itertools.count()
        self.open = []

    # ---- names that no other test uses

    def topic(self, name="a"):
        return f"t{self.number}/{name}"

    def id(self, name="c"):
        return f"c{self.number}{name}"

    # ---- connections

    def raw(self, broker=None, version=None):
        """A connection without CONNECT."""
        client = peer.Client(broker or self.suite.address(), version or self.version, self.patience)
        self.open.append(client)
        return client

    def client(self, name=None, broker=None, version=None, **fields):
        """A connected client; without a name it has an id of its own."""
        client = self.raw(broker, version)
        client.connect(self.id(f"x{next(self.count)}") if name is None else self.id(name), **fields)
        return client

    def durable(self, name, clean=False, broker=None, expiry=3600, props=(), **fields):
        """A client whose session outlives the connection; returns it and its CONNACK."""
        client = self.raw(broker)
        props = ((codec.SESSION_EXPIRY, expiry), *props) if self.v5 else ()
        answer = client.connect(self.id(name), clean=clean, props=props, **fields)
        return client, answer

    def broker(self, *lines):
        """The address of a broker with these lines of configuration too; {port} is filled in."""
        return self.suite.special(lines)

    # ---- clients under test

    def fake(self):
        """A broker that the test plays."""
        made = fake.FakeBroker(self.version, self.patience)
        self.open.append(made)
        return made

    def pub(self, broker, *arguments):
        return self.program("pub", broker, arguments)

    def sub(self, broker, *arguments):
        return self.program("sub", broker, arguments)

    def program(self, name, broker, arguments):
        command = self.suite.clients[name]
        if not command:
            raise NotRun(f"there is no `{name}` to run")
        made = fake.Program(command, broker, arguments)
        self.open.insert(0, made)
        return made

    # ---- what must not come

    def quiet(self, subscriber, publisher, qos=0):
        """Nothing came or comes to the subscriber but a message that this publisher sends behind all else."""
        fence = self.topic(f"fence{next(self.count)}")
        subscriber.subscribe((fence, qos))
        publisher.publish(fence, "fence", qos)
        subscriber.message(topic=fence)

    def end(self):
        for one in self.open:
            one.close()


class Suite:
    """The broker and the clients under test."""

    def __init__(self, broker, pub=None, sub=None, patience=PATIENCE, is_strict=False):
        self.broker = broker
        self.is_strict = is_strict  # Midge gives the reasons that its packet cases name.
        self.clients = {name: command if command and fake.is_there(command) else None
                        for name, command in (("pub", pub), ("sub", sub))}
        self.patience = patience
        self.lock = threading.Lock()
        self.specials = {}

    def address(self):
        return self.broker.address

    def special(self, lines):
        with self.lock:
            if lines not in self.specials:
                self.specials[lines] = self.start(lines)
            made = self.specials[lines]
        if isinstance(made, str):
            raise NotRun(made)
        return made.address

    def start(self, lines):
        if not isinstance(self.broker, brokers.Broker):
            return self.broker.address if isinstance(self.broker, brokers.Mute) else "needs its own configuration"
        try:
            return brokers.Broker(self.broker.command, lines)
        except brokers.Refused as error:
            return str(error)

    def end(self):
        """Ends the brokers; returns how they ended."""
        return [made.stop() for made in (self.broker, *self.specials.values()) if isinstance(made, brokers.Broker)]
