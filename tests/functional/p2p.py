"""A peer, written from tally-protocol(7) alone: a socket, messages out, messages in. It does nothing of itself:
a test tells it what to say."""
import os
import socket
import struct
import time

from chainlib import Block, Reader, Tx, compact_size, sha256d, var_bytes

MAGIC = bytes.fromhex("fabfb5da")
TX, BLOCK, FILTERED = 1, 2, 3
NETWORK = 1


def frame(command, payload, magic=MAGIC, checksum=None, length=None):
    name = command if isinstance(command, bytes) else command.encode()
    return (magic + name.ljust(12, b"\0") +
            struct.pack("<I", len(payload) if length is None else length) +
            (sha256d(payload)[:4] if checksum is None else checksum) + payload)


def net_addr(host, port, services=NETWORK):
    packed = b"\0" * 10 + b"\xff\xff" + socket.inet_aton(host)
    return struct.pack("<Q", services) + packed + struct.pack(">H", port)


def version(genesis=None, number=70015, services=NETWORK, height=0, port=0, nonce=None, clock=0,
            agent=None):
    """The payload. genesis: None: no chain is told of."""
    if agent is None:
        agent = b"/peer:1.0%s/" % (b"(chain=%s)" % genesis[::-1].hex().encode() if genesis else b"")
    out = struct.pack("<iQq", number, services, int(time.time()) + clock)
    out += net_addr("127.0.0.1", 0) + net_addr("127.0.0.1", port, services)
    out += nonce or os.urandom(8)
    return out + var_bytes(agent) + struct.pack("<i", height) + b"\x01"


def inv(*items):
    """items: (type, hash)."""
    return compact_size(len(items)) + b"".join(struct.pack("<I", t) + h for t, h in items)


def locator(hashes, stop=b"\0" * 32):
    return struct.pack("<i", 70015) + compact_size(len(hashes)) + b"".join(hashes) + stop


def headers(blocks):
    return compact_size(len(blocks)) + b"".join(b.header() + b"\0" for b in blocks)


def read_inv(payload):
    r = Reader(payload)
    items = [(r.unpack("I"), r.take(32)) for _ in range(r.compact_size())]
    assert r.done()
    return items


def read_headers(payload):
    """The headers' bytes, 80 each."""
    r = Reader(payload)
    out = []
    for _ in range(r.compact_size()):
        out.append(r.take(80))
        assert r.compact_size() == 0
    assert r.done()
    return out


def read_locator(payload):
    r = Reader(payload)
    r.unpack("i")
    hashes = [r.take(32) for _ in range(r.compact_size())]
    stop = r.take(32)
    assert r.done()
    return hashes, stop


def read_tx(payload):
    r = Reader(payload)
    tx = Tx.read(r)
    assert r.done()
    return tx


class Closed(Exception):
    """The other side has closed the connection."""


class Peer:
    def __init__(self, sock, seconds=20):
        self.sock, self.buffer, self.seconds = sock, b"", seconds
        self.sock.settimeout(seconds)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = []  # (command, payload) of everything that came

    @classmethod
    def dial(cls, node, source="127.0.0.1"):
        return cls(socket.create_connection(("127.0.0.1", node.id), 20, (source, 0)))

    @classmethod
    def handshaken(cls, node, chain, **how):
        """Dialled, with versions exchanged. how: as for version()."""
        p = cls.dial(node)
        p.hello(chain, **how)
        return p

    def hello(self, chain, **how):
        how.setdefault("height", chain.height if chain else -1)
        self.send("version", version(chain.genesis if chain else None, **how))
        self.expect("version")
        if how.get("number", 70015) >= 209:
            self.send("verack")

    def send(self, command, payload=b"", **wrong):
        self.raw(frame(command, payload, **wrong))

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Closed(str(e)) from None

    def send_block(self, block):
        self.send("block", block.bytes())

    def _fill(self, n, until):
        while len(self.buffer) < n:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionError as e:
                raise Closed(str(e)) from None
            if not data:
                raise Closed("closed")
            self.buffer += data

    def receive(self, seconds=None):
        """The next message: (command, payload). Pings are answered on the way."""
        until = time.monotonic() + (self.seconds if seconds is None else seconds)
        while True:
            self._fill(24, until)
            magic, name, length, checksum = struct.unpack("<4s12sI4s", self.buffer[:24])
            assert magic == MAGIC, magic
            self._fill(24 + length, until)
            payload, self.buffer = self.buffer[24:24 + length], self.buffer[24 + length:]
            assert sha256d(payload)[:4] == checksum
            command = name.rstrip(b"\0").decode()
            self.got.append((command, payload))
            if command != "ping":
                return command, payload
            self.send("pong", payload)

    def expect(self, command, check=lambda payload: True, seconds=None):
        """Reads on until such a message comes; its payload."""
        until = time.monotonic() + (self.seconds if seconds is None else seconds)
        seen = []
        while True:
            try:
                got, payload = self.receive(max(0.01, until - time.monotonic()))
            except TimeoutError:
                raise AssertionError("no %s came, but %s" % (command, seen)) from None
            if got == command and check(payload):
                return payload
            seen.append(got)

    def expect_block(self):
        return Block.read(self.expect("block"))

    def sync(self):
        """Returns when everything sent before has been looked at (a ping is answered in order)."""
        nonce = os.urandom(8)
        self.send("ping", nonce)
        self.expect("pong", lambda payload: payload == nonce)

    def silence(self, command, seconds=0.5):
        """No such message comes, up to the answer of a ping and a little longer."""
        self.sync()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                got, _ = self.receive(max(0.01, until - time.monotonic()))
            except TimeoutError:
                return
            assert got != command, "a %s came" % command

    def closed(self, what="", seconds=None):
        """Waits until the other side has closed the connection; what: after which it must."""
        until = time.monotonic() + (self.seconds if seconds is None else seconds)
        try:
            while True:
                self.receive(max(0.01, until - time.monotonic()))
        except Closed:
            return
        except TimeoutError:
            raise AssertionError("%s: the connection is still open" % what) from None

    def alive(self):
        self.sync()
        return True

    def close(self):
        self.sock.close()


class Server:
    """Listens, for a node that dials us."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(20)
        self.port = self.sock.getsockname()[1]

    def accept(self):
        sock, _ = self.sock.accept()
        return Peer(sock)

    def close(self):
        self.sock.close()
