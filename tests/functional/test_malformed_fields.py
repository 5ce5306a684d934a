"""Every field of every message with a wrong value, one at a time. A value that breaks the format or a rule
disconnects the sender; any other value does no harm. Finally random bits of all messages are flipped."""
import random
import struct

from chainlib import NULL_TXID, Block, Chain, Key, compact_size, sha256d, spend, target
from framework import main, wait_until
from p2p import BLOCK, TX, Disconnected, Peer, frame, headers, inv, locator, net_addr, version

HUGE = b"\xff" * 9


def start(net, n=8):
    node = net.chain_node()
    chain, key = Chain.from_node(node), Key()
    for b in chain.grow(key, n):
        assert node.rpc("submitblock", b.bytes().hex()) is None
    return node, chain, key


class Layout:
    """A message as a list of named fields: (name, bytes)."""

    def __init__(self, *fields):
        self.fields = list(fields)

    def bytes(self):
        return b"".join(value for _, value in self.fields)

    def with_field(self, name, value):
        """The message with another value for one field."""
        assert any(n == name for n, _ in self.fields), name
        return b"".join(value if n == name else v for n, v in self.fields)

    def get(self, name):
        """The bytes of one field."""
        return next(v for n, v in self.fields if n == name)

    def truncations(self):
        """All truncations of the message: before each field, and in the middle of each field. Yields (description,
        bytes)."""
        at = 0
        for name, value in self.fields:
            yield "ends before " + name, self.bytes()[:at]
            if len(value) > 1:
                yield "ends within " + name, self.bytes()[:at + len(value) // 2]
            at += len(value)


def tx_layout(tx):
    """The fields of a transaction with one input and one output."""
    (txid, index, script, sequence), (value, out) = tx.inputs[0], tx.outputs[0]
    return Layout(
        ("version", struct.pack("<i", tx.version)), ("input count", b"\1"), ("txid", txid),
        ("index", struct.pack("<I", index)), ("script length", bytes([len(script)])),
        ("signature push", script[:1]), ("signature", script[1:65]), ("key push", script[65:66]),
        ("key", script[66:]), ("sequence", struct.pack("<I", sequence)), ("output count", b"\1"),
        ("value", struct.pack("<q", value)), ("output script length", bytes([len(out)])),
        ("witness version", out[:1]), ("key hash push", out[1:2]), ("key hash", out[2:]),
        ("lock time", struct.pack("<I", tx.lock_time)))


def flipped(data, at=0):
    """The data with the lowest bit of one byte flipped."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def assert_each_rejected(node, chain, command, cases):
    """Sends each payload from a new peer, which must be disconnected. Returns the number of payloads."""
    n = 0
    for case, payload in cases:
        p = Peer.handshaken(node, chain)
        p.send(command, payload)
        p.expect_disconnect("%s: %s" % (command, case))
        p.close()
        n += 1
    return n


def test_each_field_of_a_transaction_is_checked(net):
    node, chain, key = start(net)
    coin = chain.blocks[1].txs[0]
    good = tx_layout(spend(key, [(coin.id(), 0, coin.outputs[0][0])], [(1000, key.script)], chain.genesis))
    wrong = [("version", struct.pack("<i", v)) for v in (0, 2, -1)]
    wrong += [(n, v) for n in ("input count", "output count", "script length", "output script length")
              for v in (b"\0", b"\2", b"\xfc", HUGE)]
    wrong += [("input count", b"\xfd\1\0"), ("output count", b"\xfe\1\0\0\0"), ("script length", b"\xfd\x62\0")]
    wrong += [(n, flipped(good.get(n))) for n in (
        "signature push", "signature", "key push", "key", "sequence", "witness version", "key hash push",
        "key hash", "lock time")]
    wrong += [("signature", flipped(good.get("signature"), 40))]
    wrong += [("value", struct.pack("<q", v)) for v in (-1, 999, coin.outputs[0][0] + 1, 1 << 62, -1 << 63)]
    wrong += [("txid", NULL_TXID), ("script length", b"\x61"), ("script length", b"\x63")]
    cases = [(n + " " + v[:9].hex(), good.with_field(n, v)) for n, v in wrong if n != "txid"]
    cases.append(("the null outpoint", good.with_field("txid", NULL_TXID).replace(
        NULL_TXID + good.get("index"), NULL_TXID + b"\xff" * 4)))
    assert assert_each_rejected(node, chain, "tx", cases + list(good.truncations())) > 60
    p = Peer.handshaken(node, chain)
    for n, v in (("txid", flipped(good.get("txid"))), ("index", struct.pack("<I", 1))):
        p.send("tx", good.with_field(n, v))  # the node doesn't know these coins, which is not the sender's fault
    assert p.is_connected()
    assert node.rpc("getrawmempool") == []
    p.send("tx", good.bytes())
    wait_until("the unchanged transaction is in the mempool", lambda: len(node.rpc("getrawmempool")) == 1)


def test_each_field_of_a_block_is_checked(net):
    node, chain, key = start(net)
    good = chain.next_block(key)
    head = good.header()
    cb = tx_layout_of_coinbase(good)

    def with_coinbase(cb_bytes, count=b"\1"):
        """A block with this coinbase as its only transaction, mined."""
        b = Block(good.prev, good.time, good.bits, [])
        b.merkle = sha256d(cb_bytes)
        return b.mine().header() + count + cb_bytes

    def with_header_fields(**fields):
        """The valid block with other values in its header, mined."""
        b = Block(good.prev, good.time, good.bits, good.txs)
        for name, value in fields.items():
            setattr(b, name, value)
        return b.mine().bytes()

    cases = [("header of version %d" % v, with_header_fields(version=v)) for v in (0, 2, -1)]
    cases += [("bits %08x" % b, with_header_fields(bits=b)) for b in (good.bits - 1, good.bits + 1)]
    cases += [("bits that encode nothing", head[:72] + struct.pack("<I", b) + head[76:] + good.bytes()[80:])
              for b in (0, 0x1d800001, 0xff123456, 0x01003456, 0xffffffff)]
    cases += [("merkle root", with_header_fields(merkle=flipped(good.merkle)))]
    cases += [("a time before its parent's", with_header_fields(time=chain.tip.time - 1)),
              ("time 0", with_header_fields(time=0))]
    cases += [("count " + c.hex(), head + c + good.bytes()[81:]) for c in (b"\0", b"\2", b"\xfd\1\0", HUGE)]
    height = good.txs[0].inputs[0][2][:1]
    for n, v in ([("version", struct.pack("<i", v)) for v in (0, 2, -1)] +
                 [("input count", v) for v in (b"\0", b"\2", HUGE)] +
                 [("output count", v) for v in (b"\0", b"\2", HUGE)] +
                 [("txid", flipped(NULL_TXID)), ("index", b"\xfe\xff\xff\xff"), ("index", b"\0" * 4)] +
                 [("height", bytes([height[0] + 1])), ("height", b"\x01"), ("height", b"\x00")] +
                 [("value", struct.pack("<q", v)) for v in (chain.reward + 1, -1, 1 << 62)] +
                 [("output script", b"\1\x51"), ("output script", b"\0"), ("script length", b"\1")]):
        cases.append(("coinbase: %s %s" % (n, v[:9].hex()), with_coinbase(cb.with_field(n, v))))
    count = cb.get("output count")
    not_final = cb.with_field("lock time", struct.pack("<I", 400_000_000)).replace(
        b"\xff\xff\xff\xff" + count, b"\xfe\xff\xff\xff" + count)
    cases.append(("coinbase: not final", with_coinbase(not_final)))
    assert assert_each_rejected(node, chain, "block", cases) > 30
    layout = Layout(("version", head[:4]), ("previous hash", head[4:36]), ("merkle root", head[36:68]),
                    ("time", head[68:72]), ("bits", head[72:76]), ("nonce", head[76:]), ("count", b"\1"), *cb.fields)
    assert layout.bytes() == good.bytes()
    assert assert_each_rejected(node, chain, "block", layout.truncations()) > 20
    assert node.tip() == chain.tip.hash()[::-1].hex()
    p = Peer.handshaken(node, chain)
    orphan = Block(flipped(good.prev), good.time, good.bits, good.txs).mine()
    p.send_block(orphan)  # its parent is unknown, so the node requests the headers in between
    p.expect("getheaders")
    p.send_block(good)
    wait_until("the unchanged block is the new tip", lambda: node.tip() == good.hash()[::-1].hex())
    assert p.is_connected()


def tx_layout_of_coinbase(block):
    """The fields of a coinbase with one output."""
    tx = block.txs[0]
    (txid, index, script, sequence), (value, out) = tx.inputs[0], tx.outputs[0]
    return Layout(
        ("version", struct.pack("<i", 1)), ("input count", b"\1"), ("txid", txid),
        ("index", struct.pack("<I", index)), ("script length", bytes([len(script)])), ("height", script[:1]),
        ("extra", script[1:]), ("sequence", struct.pack("<I", sequence)), ("output count", b"\1"),
        ("value", struct.pack("<q", value)), ("output script", bytes([len(out)]) + out),
        ("lock time", struct.pack("<I", 0)))


def version_layout(chain):
    whole = version(chain.genesis)
    user_agent = whole[81:-5]
    assert len(user_agent) == whole[80] < 0xfd
    return Layout(
        ("version", whole[:4]), ("services", whole[4:12]), ("time", whole[12:20]), ("receiver", whole[20:46]),
        ("sender", whole[46:72]), ("nonce", whole[72:80]), ("agent length", whole[80:81]), ("agent", user_agent),
        ("height", whole[-5:-1]), ("relay", whole[-1:]))


def test_each_field_of_a_version_message_is_checked(net):
    node, chain, _ = start(net, 1)
    good = version_layout(chain)

    def is_accepted(payload):
        """Reports whether the node completes the handshake after this payload."""
        p = Peer.dial(node)
        p.send("version", payload)
        try:
            p.expect("verack")
            return p.is_connected()
        except Disconnected:
            return False
        finally:
            p.close()

    assert is_accepted(good.bytes())
    optional = {"nonce", "agent length", "height", "relay"}  # the message may end before these fields
    for case, payload in good.truncations():
        words = case.split(" ", 2)
        assert is_accepted(payload) == (words[1] == "before" and words[2] in optional), case
    user_agent = good.get("agent")
    other = user_agent[:-3] + bytes([user_agent[-3] ^ 1]) + user_agent[-2:]
    for name, value in (("agent length", b"\xfd\x60\0"), ("agent length", HUGE), ("agent length", b"\xfd\xff\xff"),
                        ("agent", other), ("agent", user_agent[:-2] + b"x" + user_agent[-1:])):
        assert not is_accepted(good.with_field(name, value)), (name, value)
    low, high = -1 << 63, (1 << 63) - 1
    for name, value in ([("time", struct.pack("<q", t)) for t in (low, low + 1, -1, 0, 1 << 62, high)] +
                        [("height", struct.pack("<i", h)) for h in (-1 << 31, -2, (1 << 31) - 1)] +
                        [("services", b"\xff" * 8), ("services", b"\0" * 8), ("receiver", b"\xff" * 26),
                         ("sender", b"\0" * 26), ("relay", b"\xff"), ("version", b"\xff\xff\xff\x7f"),
                         ("nonce", b"\0" * 8)]):
        assert is_accepted(good.with_field(name, value)), (name, value)
    # Extreme clocks of peers must not make the node's arithmetic overflow.
    p = Peer.handshaken(node, chain, time_offset=high // 2)
    q = Peer.dial(node)
    q.send("version", good.with_field("time", struct.pack("<q", low)))
    q.expect("verack")
    assert len(node.rpc("getpeerinfo")) == 2 and node.rpc("getnetworkinfo")["connections"] == 2
    node.rpc("tally_snapshot")
    assert p.is_connected() and q.is_connected()


def test_protocol_versions_below_209_are_accepted(net):
    """The node treats such a peer as one of the first protocol version: without pings, and with blocks announced by
    inv."""
    node, chain, _ = start(net, 1)
    for number in (0, -1, -1 << 31, 1):
        p = Peer.dial(node)
        p.send("version", version(chain.genesis, protocol=number))
        p.expect("version")
        p.send("getblocks", locator([chain.genesis]))
        p.expect("inv")
        p.close()


def test_a_flipped_bit_in_any_message_does_no_more_than_disconnect(net):
    node, chain, key = start(net)
    rng = random.Random(20)
    coin = chain.blocks[2].txs[0]
    block = chain.next_block(key)
    messages = {
        "version": version(chain.genesis), "inv": inv((BLOCK, block.hash()), (TX, coin.id())),
        "getdata": inv((BLOCK, chain.tip.hash()), (TX, coin.id())), "notfound": inv((BLOCK, block.hash())),
        "getblocks": locator([chain.tip.hash(), chain.genesis]),
        "getheaders": locator([chain.tip.hash(), chain.genesis]), "headers": headers(chain.blocks[-3:]),
        "block": block.bytes(),
        "addr": compact_size(2) + (struct.pack("<I", block.time) + net_addr("10.1.2.3", 3000)) * 2,
        "tx": spend(key, [(coin.id(), 0, coin.outputs[0][0])], [(1000, key.script)], chain.genesis).bytes(),
        "ping": b"12345678", "pong": b"12345678", "verack": b"", "getaddr": b"", "mempool": b"", "sendheaders": b""}
    p, closed, changes = Peer.handshaken(node, chain), 0, 0
    for command, good in messages.items():
        whole = frame(command, good)
        for i in range(160):
            data = bytearray(whole)
            # For half of them the checksum is made right again, so that the payload is decoded.
            inside = i % 2 and len(good)
            at = rng.randrange(24, len(data)) if inside else rng.randrange(24)
            data[at] ^= 1 << rng.randrange(8)
            if inside:
                data[20:24] = sha256d(bytes(data[24:]))[:4]
            header_hash = int.from_bytes(sha256d(bytes(data[24:104])), "little")
            if command == "block" and 24 <= at < 104 and header_hash <= target(chain.bits):
                continue  # by chance the changed header has enough work, so this is another valid header
            changes += 1
            try:
                p.send_bytes(bytes(data))
                # Otherwise the node waits for the rest of the payload.
                if int.from_bytes(data[16:20], "little") <= len(good):
                    p.sync_with_ping()
                    continue
            except Disconnected:
                closed += 1
            p.close()
            p = Peer.handshaken(node, chain)
    assert changes > 2000 and closed > 800
    assert node.tip() == chain.tip.hash()[::-1].hex() and node.rpc("getrawmempool") == []
    p = Peer.handshaken(node, chain)
    p.send_block(block)
    wait_until("the node still connects blocks", lambda: node.tip() == block.hash()[::-1].hex())


if __name__ == "__main__":
    main(globals())
