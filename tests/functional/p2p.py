"""A peer for tests, written from tally-protocol(7) only: it sends and receives messages over a socket. Except for
answering pings it sends nothing by itself: the test decides what it sends."""
import os
import socket
import struct
import time

from chainlib import Block, Reader, Tx, compact_size, sha256d, var_bytes

MAGIC = bytes.fromhex("fabfb5da")
TX, BLOCK, FILTERED = 1, 2, 3
NETWORK = 1


def frame(name, payload, magic=MAGIC, checksum=None, length=None):
    """A whole message: header and payload. The keywords put wrong values into the header."""
    raw_name = name if isinstance(name, bytes) else name.encode()
    return (magic + raw_name.ljust(12, b"\0") +
            struct.pack("<I", len(payload) if length is None else length) +
            (sha256d(payload)[:4] if checksum is None else checksum) + payload)


def net_addr(host, port, services=NETWORK):
    packed = b"\0" * 10 + b"\xff\xff" + socket.inet_aton(host)
    return struct.pack("<Q", services) + packed + struct.pack(">H", port)


def version(genesis=None, protocol=70015, services=NETWORK, height=0, port=0, nonce=None, time_offset=0,
            user_agent=None):
    """The payload of a version message. genesis=None: the peer has no chain yet. time_offset: seconds that the peer's
    clock is ahead of ours."""
    if user_agent is None:
        user_agent = b"/peer:1.0%s/" % (b"(chain=%s)" % genesis[::-1].hex().encode() if genesis else b"")
    out = struct.pack("<iQq", protocol, services, int(time.time()) + time_offset)
    out += net_addr("127.0.0.1", 0) + net_addr("127.0.0.1", port, services)
    out += nonce or os.urandom(8)
    return out + var_bytes(user_agent) + struct.pack("<i", height) + b"\x01"


def inv(*items):
    """The payload of inv, getdata or notfound. items: (type, hash)."""
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
    """The headers of a headers message, each as its 80 bytes."""
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


class Disconnected(Exception):
    """The node has closed the connection."""


class Peer:
    """A connection to a node. `received` lists every message that came: (name, payload)."""

    def __init__(self, sock, seconds=20):
        self.sock, self.buffer, self.seconds = sock, b"", seconds
        self.sock.settimeout(seconds)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = []

    @classmethod
    def dial(cls, node, source="127.0.0.1"):
        """Connects to the node from that address. Sends nothing."""
        return cls(socket.create_connection(("127.0.0.1", node.id), 20, (source, 0)))

    @classmethod
    def handshaken(cls, node, chain, **fields):
        """Connects to the node and completes the handshake. fields: keywords of version()."""
        p = cls.dial(node)
        p.handshake(chain, **fields)
        return p

    def handshake(self, chain, **fields):
        """Sends our version and reads the node's. chain=None: the peer has no chain."""
        fields.setdefault("height", chain.height if chain else -1)
        self.send("version", version(chain.genesis if chain else None, **fields))
        self.expect("version")
        if fields.get("protocol", 70015) >= 209:  # older versions have no verack
            self.send("verack")

    def send(self, name, payload=b"", **wrong):
        """Sends a message. wrong: keywords of frame()."""
        self.send_bytes(frame(name, payload, **wrong))

    def send_bytes(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Disconnected(str(e)) from None

    def send_block(self, block):
        self.send("block", block.bytes())

    def _fill(self, n, until):
        """Reads until the buffer holds n bytes; TimeoutError at the time `until`."""
        while len(self.buffer) < n:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionError as e:
                raise Disconnected(str(e)) from None
            if not data:
                raise Disconnected("closed")
            self.buffer += data

    def receive(self, seconds=None):
        """Returns the next message: (name, payload). Answers pings and doesn't return them."""
        until = time.monotonic() + (self.seconds if seconds is None else seconds)
        while True:
            self._fill(24, until)
            magic, raw_name, length, checksum = struct.unpack("<4s12sI4s", self.buffer[:24])
            assert magic == MAGIC, magic
            self._fill(24 + length, until)
            payload, self.buffer = self.buffer[24:24 + length], self.buffer[24 + length:]
            assert sha256d(payload)[:4] == checksum
            name = raw_name.rstrip(b"\0").decode()
            self.received.append((name, payload))
            if name != "ping":
                return name, payload
            self.send("pong", payload)

    def expect(self, name, check=lambda payload: True, seconds=None):
        """Reads messages until one has this name and check(payload) is true. Returns its payload."""
        until = time.monotonic() + (self.seconds if seconds is None else seconds)
        others = []
        while True:
            try:
                received_name, payload = self.receive(max(0.01, until - time.monotonic()))
            except TimeoutError:
                raise AssertionError("expected %s, received %s" % (name, others)) from None
            if received_name == name and check(payload):
                return payload
            others.append(received_name)

    def expect_block(self):
        return Block.read(self.expect("block"))

    def sync_with_ping(self):
        """Returns when the node has handled all that was sent before: it handles messages in order, and answers this
        ping after them."""
        nonce = os.urandom(8)
        self.send("ping", nonce)
        self.expect("pong", lambda payload: payload == nonce)

    def expect_no(self, name, seconds=0.5):
        """Fails if a message with this name comes before the node has handled all that was sent before, or within
        `seconds` after that."""
        start = len(self.received)
        self.sync_with_ping()
        assert name not in [n for n, _ in self.received[start:]], "received %s" % name
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                received_name, _ = self.receive(max(0.01, until - time.monotonic()))
            except TimeoutError:
                return
            assert received_name != name, "received %s" % name

    def expect_disconnect(self, reason="", seconds=None):
        """Waits until the node has closed the connection. reason: what it should disconnect for, for the message."""
        until = time.monotonic() + (self.seconds if seconds is None else seconds)
        try:
            while True:
                self.receive(max(0.01, until - time.monotonic()))
        except Disconnected:
            return
        except TimeoutError:
            raise AssertionError("%s: the connection is still open" % reason) from None

    def is_connected(self):
        """Raises Disconnected if the node has closed the connection. A ping makes sure that it has handled all that
        was sent before."""
        self.sync_with_ping()
        return True

    def close(self):
        self.sock.close()


class Listener:
    """Listens at a free port for a node that dials the test."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(20)
        self.port = self.sock.getsockname()[1]

    def accept(self):
        """Waits for a connection. Returns it as a Peer; the handshake is still to do."""
        sock, _ = self.sock.accept()
        return Peer(sock)

    def close(self):
        self.sock.close()
