"""A second implementation of the chain's formats and rules, to test the first one against. It is written from
tally-protocol(7) only and shares no code with the program. Hashes are bytes in the order of the wire; people see them
reversed, as hex."""
import hashlib
import os
import struct

from bitcoin import segwit_addr
from nacl.signing import SigningKey

COIN = 100_000_000
MAX_MONEY = 2_100_000_000_000_000
NULL_TXID, NULL_INDEX = b"\0" * 32, 0xffffffff
FINAL = 0xffffffff


def sha256d(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def compact_size(n):
    if n < 0xfd:
        return struct.pack("<B", n)
    if n <= 0xffff:
        return b"\xfd" + struct.pack("<H", n)
    if n <= 0xffffffff:
        return b"\xfe" + struct.pack("<I", n)
    return b"\xff" + struct.pack("<Q", n)


def var_bytes(data):
    return compact_size(len(data)) + data


class Reader:
    """Reads fields from bytes; a read beyond the end raises ValueError."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise ValueError("too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def unpack(self, fmt):
        return struct.unpack("<" + fmt, self.take(struct.calcsize("<" + fmt)))[0]

    def compact_size(self):
        n = self.unpack("B")
        return n if n < 0xfd else self.unpack({0xfd: "H", 0xfe: "I", 0xff: "Q"}[n])

    def var_bytes(self):
        return self.take(self.compact_size())

    def done(self):
        return self.at == len(self.data)


class Key:
    """An Ed25519 key pair with its address and the output script that pays to it."""

    def __init__(self, seed=None):
        self.signing = SigningKey(seed or os.urandom(32))
        self.public = bytes(self.signing.verify_key)
        self.hash = hashlib.blake2b(self.public, digest_size=20).digest()
        self.script = b"\x00\x14" + self.hash
        self.address = segwit_addr.encode("tly", 0, self.hash)

    def sign(self, digest):
        return bytes(self.signing.sign(digest).signature)


def memo_script(data):
    """The script of a memo output: OP_RETURN and a push of the data."""
    return b"\x6a" + bytes([len(data)]) + data


def height_push(height):
    """The push of a height in a coinbase script. Source: BIP 34, with OP_0 and OP_1 to OP_16 for heights up to 16."""
    if height == 0:
        return b"\x00"
    if height <= 16:
        return bytes([0x50 + height])
    n = height.to_bytes((height.bit_length() + 8) // 8, "little")
    return bytes([len(n)]) + n


class Tx:
    """A transaction. inputs: [txid, index, script, sequence]; outputs: (value, script)."""

    def __init__(self, inputs=(), outputs=(), lock_time=0, version=1):
        self.version, self.lock_time = version, lock_time
        self.inputs = [list(i) for i in inputs]
        self.outputs = list(outputs)

    def bytes(self):
        out = struct.pack("<i", self.version) + compact_size(len(self.inputs))
        for txid, index, script, sequence in self.inputs:
            out += txid + struct.pack("<I", index) + var_bytes(script) + struct.pack("<I", sequence)
        out += compact_size(len(self.outputs))
        for value, script in self.outputs:
            out += struct.pack("<q", value) + var_bytes(script)
        return out + struct.pack("<I", self.lock_time)

    def id(self):
        return sha256d(self.bytes())

    @classmethod
    def read(cls, r):
        tx = cls()
        tx.version = r.unpack("i")
        tx.inputs = [[r.take(32), r.unpack("I"), r.var_bytes(), r.unpack("I")]
                     for _ in range(r.compact_size())]
        tx.outputs = [(r.unpack("q"), r.var_bytes()) for _ in range(r.compact_size())]
        tx.lock_time = r.unpack("I")
        return tx

    def signature_hash(self, i, value, script, genesis):
        """The hash that input i signs. value and script are those of the output that it spends. The genesis hash
        makes a signature valid on one chain only."""
        outpoint = [txid + struct.pack("<I", index) for txid, index, _, _ in self.inputs]
        return sha256d(
            genesis + struct.pack("<i", self.version) + sha256d(b"".join(outpoint)) +
            sha256d(b"".join(struct.pack("<I", s) for _, _, _, s in self.inputs)) +
            outpoint[i] + var_bytes(script) + struct.pack("<q", value) +
            struct.pack("<I", self.inputs[i][3]) +
            sha256d(b"".join(struct.pack("<q", v) + var_bytes(s) for v, s in self.outputs)) +
            struct.pack("<I", self.lock_time))

    def sign(self, i, key, value, genesis):
        signature = key.sign(self.signature_hash(i, value, key.script, genesis))
        self.inputs[i][2] = b"\x40" + signature + b"\x20" + key.public


def spend(key, coins, outputs, genesis, lock_time=0, sequence=FINAL):
    """A signed transaction. coins: a list of (txid, index, value), all paid to `key`."""
    tx = Tx([[txid, index, b"", sequence] for txid, index, _ in coins], outputs, lock_time)
    for i, (_, _, value) in enumerate(coins):
        tx.sign(i, key, value, genesis)
    return tx


def coinbase(height, outputs, extra=None):
    # Random bytes, so that two coinbases of one height never have the same txid.
    script = height_push(height) + (os.urandom(8) if extra is None else extra)
    return Tx([[NULL_TXID, NULL_INDEX, script, FINAL]], outputs)


def merkle_root(ids):
    level = list(ids)
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        level = [sha256d(level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def target(bits):
    """The target that the compact form encodes: a hash that is at most the target has enough work."""
    size, word = bits >> 24, bits & 0x7fffff
    return word >> 8 * (3 - size) if size <= 3 else word << 8 * (size - 3)


class Block:
    """A block. Its merkle root is computed here from txs; its nonce is 0 until mine()."""

    def __init__(self, prev, time, bits, txs, version=1):
        self.version, self.prev, self.time, self.bits, self.nonce = version, prev, time, bits, 0
        self.txs = list(txs)
        self.merkle = merkle_root([t.id() for t in self.txs]) if self.txs else b"\0" * 32

    def header(self):
        return struct.pack("<i", self.version) + self.prev + self.merkle + struct.pack(
            "<III", self.time, self.bits, self.nonce)

    def bytes(self):
        return self.header() + compact_size(len(self.txs)) + b"".join(t.bytes() for t in self.txs)

    def hash(self):
        return sha256d(self.header())

    def mine(self, valid=True):
        """Finds a nonce so that the hash meets the target; with valid=False, one so that it doesn't."""
        head, limit = hashlib.sha256(self.header()[:64]), target(self.bits)
        tail = self.header()[64:76]
        for nonce in range(1 << 32):
            h = head.copy()
            h.update(tail + struct.pack("<I", nonce))
            met = int.from_bytes(hashlib.sha256(h.digest()).digest(), "little") <= limit
            if met == valid:
                self.nonce = nonce
                return self
        raise AssertionError("no nonce of 2^32 will do")

    @classmethod
    def read(cls, data):
        r = Reader(data)
        version, prev, merkle = r.unpack("i"), r.take(32), r.take(32)
        time, bits, nonce = r.unpack("I"), r.unpack("I"), r.unpack("I")
        b = cls(prev, time, bits, [Tx.read(r) for _ in range(r.compact_size())], version)
        assert r.done()
        b.merkle, b.nonce = merkle, nonce
        return b


class Chain:
    """A branch of a chain with spacing 0, whose bits never change. blocks[h] is the block at height h."""

    def __init__(self, genesis):
        self.blocks = [genesis]
        self.genesis = genesis.hash()
        # The chain's parameters are in a memo of the genesis coinbase: tally-protocol(7), GENESIS.
        record = genesis.txs[0].outputs[1][1][2:]
        assert record[:4] == b"TLY\x01" and len(record) == 30
        (self.spacing, self.bits, self.reward, self.halving, self.maturity,
         self.max_block_bytes) = struct.unpack("<IIQIHI", record[4:])

    @classmethod
    def from_node(cls, node):
        """The best chain of a running node, read through its control port."""
        raw = [node.rpc("getblock", node.rpc("getblockhash", h), 0)
               for h in range(node.rpc("getblockcount") + 1)]
        chain = cls(Block.read(bytes.fromhex(raw[0])))
        chain.blocks += [Block.read(bytes.fromhex(r)) for r in raw[1:]]
        return chain

    def fork(self, height):
        """A branch that shares the blocks up to that height and has no others yet."""
        other = Chain(self.blocks[0])
        other.blocks = self.blocks[:height + 1]
        return other

    @property
    def height(self):
        return len(self.blocks) - 1

    @property
    def tip(self):
        return self.blocks[-1]

    def subsidy(self, height):
        return self.reward >> height // self.halving if self.halving else self.reward

    def next_block(self, key, txs=(), fees=0, time=None, **more):
        """A mined block on top of the tip. It is not added to this chain. `more` replaces fields: outputs, extra and
        height of the coinbase, prev and bits of the block."""
        height = more.get("height", self.height + 1)
        outputs = more.get("outputs", [(self.subsidy(height) + fees, key.script)])
        cb = coinbase(height, outputs, more.get("extra"))
        b = Block(more.get("prev", self.tip.hash()), self.tip.time if time is None else time,
                  more.get("bits", self.bits), [cb, *txs])
        return b.mine()

    def add(self, block):
        self.blocks.append(block)
        return block

    def grow(self, key, n=1):
        """Mines n blocks that pay to the key and adds them. Returns them."""
        return [self.add(self.next_block(key)) for _ in range(n)]

    def height_of(self, h):
        """The height of the block with that hash; None: not in this chain."""
        return next((i for i, b in enumerate(self.blocks) if b.hash() == h), None)
