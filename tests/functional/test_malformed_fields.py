"""Every field of every message, wrong one at a time: what breaks the format or a rule costs its sender the connection,
what doesn't is harmless, and no change of any byte does more."""
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
    """A message as a list of named fields."""

    def __init__(self, *fields):
        self.fields = list(fields)

    def bytes(self):
        return b"".join(value for _, value in self.fields)

    def with_(self, name, value):
        assert any(n == name for n, _ in self.fields), name
        return b"".join(value if n == name else v for n, v in self.fields)

    def get(self, name):
        return next(v for n, v in self.fields if n == name)

    def cuts(self):
        """Every beginning that ends before, and in the midst of, a field."""
        at = 0
        for name, value in self.fields:
            yield "ends before " + name, self.bytes()[:at]
            if len(value) > 1:
                yield "ends within " + name, self.bytes()[:at + len(value) // 2]
            at += len(value)


def tx_layout(tx):
    """Of one input and one output."""
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
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def refuse_each(node, chain, command, cases):
    n = 0
    for what, payload in cases:
        p = Peer.handshaken(node, chain)
        p.send(command, payload)
        p.expect_disconnect("%s: %s" % (command, what))
        p.close()
        n += 1
    return n


def test_transactions(net):
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
    cases = [(n + " " + v[:9].hex(), good.with_(n, v)) for n, v in wrong if n != "txid"]
    cases.append(("the null outpoint", good.with_("txid", NULL_TXID).replace(
        NULL_TXID + good.get("index"), NULL_TXID + b"\xff" * 4)))
    assert refuse_each(node, chain, "tx", cases + list(good.cuts())) > 60
    p = Peer.handshaken(node, chain)
    for n, v in (("txid", flipped(good.get("txid"))), ("index", struct.pack("<I", 1))):
        p.send("tx", good.with_(n, v))  # unknown coins: nothing to be held against it
    assert p.is_connected()
    assert node.rpc("getrawmempool") == []
    p.send("tx", good.bytes())
    wait_until("the good one is taken", lambda: len(node.rpc("getrawmempool")) == 1)


def test_blocks(net):
    node, chain, key = start(net)
    good = chain.next_block(key)
    head = good.header()
    cb = tx_layout_of_coinbase(good)

    def remade(cb_bytes, count=b"\1"):
        """Its header is mined again, upon the changed coinbase."""
        b = Block(good.prev, good.time, good.bits, [])
        b.merkle = sha256d(cb_bytes)
        return b.mine().header() + count + cb_bytes

    def reheaded(**fields):
        b = Block(good.prev, good.time, good.bits, good.txs)
        for name, value in fields.items():
            setattr(b, name, value)
        return b.mine().bytes()

    cases = [("header of version %d" % v, reheaded(version=v)) for v in (0, 2, -1)]
    cases += [("bits %08x" % b, reheaded(bits=b)) for b in (good.bits - 1, good.bits + 1)]
    cases += [("bits that encode nothing", head[:72] + struct.pack("<I", b) + head[76:] + good.bytes()[80:])
              for b in (0, 0x1d800001, 0xff123456, 0x01003456, 0xffffffff)]
    cases += [("merkle root", reheaded(merkle=flipped(good.merkle)))]
    cases += [("a time before its parent's", reheaded(time=chain.tip.time - 1)), ("time 0", reheaded(time=0))]
    cases += [("count " + c.hex(), head + c + good.bytes()[81:]) for c in (b"\0", b"\2", b"\xfd\1\0", HUGE)]
    height = good.txs[0].inputs[0][2][:1]
    for n, v in ([("version", struct.pack("<i", v)) for v in (0, 2, -1)] +
                 [("input count", v) for v in (b"\0", b"\2", HUGE)] + [("output count", v) for v in (b"\0", b"\2", HUGE)] +
                 [("txid", flipped(NULL_TXID)), ("index", b"\xfe\xff\xff\xff"), ("index", b"\0" * 4)] +
                 [("height", bytes([height[0] + 1])), ("height", b"\x01"), ("height", b"\x00")] +
                 [("value", struct.pack("<q", v)) for v in (chain.reward + 1, -1, 1 << 62)] +
                 [("output script", b"\1\x51"), ("output script", b"\0"), ("script length", b"\1")]):
        cases.append(("coinbase: %s %s" % (n, v[:9].hex()), remade(cb.with_(n, v))))
    unlock = cb.with_("lock time", struct.pack("<I", 400_000_000)).replace(b"\xff\xff\xff\xff" + cb.get("output count"),
                                                                         b"\xfe\xff\xff\xff" + cb.get("output count"))
    cases.append(("coinbase: not final", remade(unlock)))
    assert refuse_each(node, chain, "block", cases) > 30
    layout = Layout(("version", head[:4]), ("previous hash", head[4:36]), ("merkle root", head[36:68]),
                    ("time", head[68:72]), ("bits", head[72:76]), ("nonce", head[76:]), ("count", b"\1"), *cb.fields)
    assert layout.bytes() == good.bytes()
    assert refuse_each(node, chain, "block", layout.cuts()) > 20
    assert node.tip() == chain.tip.hash()[::-1].hex()
    p = Peer.handshaken(node, chain)
    lonely = Block(flipped(good.prev), good.time, good.bits, good.txs).mine()
    p.send_block(lonely)  # of an unknown parent: that is asked for
    p.expect("getheaders")
    p.send_block(good)
    wait_until("the good one is taken", lambda: node.tip() == good.hash()[::-1].hex())
    assert p.is_connected()


def tx_layout_of_coinbase(block):
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
    agent = whole[81:-5]
    assert len(agent) == whole[80] < 0xfd
    return Layout(
        ("version", whole[:4]), ("services", whole[4:12]), ("time", whole[12:20]), ("receiver", whole[20:46]),
        ("sender", whole[46:72]), ("nonce", whole[72:80]), ("agent length", whole[80:81]), ("agent", agent),
        ("height", whole[-5:-1]), ("relay", whole[-1:]))


def test_versions(net):
    node, chain, _ = start(net, 1)
    good = version_layout(chain)

    def is_taken(payload):
        """Does the node speak on with it?"""
        p = Peer.dial(node)
        p.send("version", payload)
        try:
            p.expect("verack")
            return p.is_connected()
        except Disconnected:
            return False
        finally:
            p.close()

    assert is_taken(good.bytes())
    may_end = {"nonce", "agent length", "height", "relay"}  # the fields that may be missing
    for what, payload in good.cuts():
        words = what.split(" ", 2)
        assert is_taken(payload) == (words[1] == "before" and words[2] in may_end), what
    agent = good.get("agent")
    other = agent[:-3] + bytes([agent[-3] ^ 1]) + agent[-2:]
    for name, value in (("agent length", b"\xfd\x60\0"), ("agent length", HUGE), ("agent length", b"\xfd\xff\xff"),
                        ("agent", other), ("agent", agent[:-2] + b"x" + agent[-1:])):
        assert not is_taken(good.with_(name, value)), (name, value)
    low, high = -1 << 63, (1 << 63) - 1
    for name, value in ([("time", struct.pack("<q", t)) for t in (low, low + 1, -1, 0, 1 << 62, high)] +
                        [("height", struct.pack("<i", h)) for h in (-1 << 31, -2, (1 << 31) - 1)] +
                        [("services", b"\xff" * 8), ("services", b"\0" * 8), ("receiver", b"\xff" * 26),
                         ("sender", b"\0" * 26), ("relay", b"\xff"), ("version", b"\xff\xff\xff\x7f"),
                         ("nonce", b"\0" * 8)]):
        assert is_taken(good.with_(name, value)), (name, value)
    # Its clock may be anything: it stays out of sums that overflow.
    p = Peer.handshaken(node, chain, time_offset=high // 2)
    q = Peer.dial(node)
    q.send("version", good.with_("time", struct.pack("<q", low)))
    q.expect("verack")
    assert len(node.rpc("getpeerinfo")) == 2 and node.rpc("getnetworkinfo")["connections"] == 2
    node.rpc("tally_snapshot")
    assert p.is_connected() and q.is_connected()


def test_versions_before_any_known(net):
    """A protocol number below all others is that of the simplest peer."""
    node, chain, _ = start(net, 1)
    for number in (0, -1, -1 << 31, 1):
        p = Peer.dial(node)
        p.send("version", version(chain.genesis, protocol=number))
        p.expect("version")
        p.send("getblocks", locator([chain.genesis]))
        p.expect("inv")
        p.close()


def test_any_byte_changed_hurts_nobody(net):
    node, chain, key = start(net)
    rng = random.Random(20)
    coin = chain.blocks[2].txs[0]
    block = chain.next_block(key)
    messages = {
        "version": version(chain.genesis), "inv": inv((BLOCK, block.hash()), (TX, coin.id())),
        "getdata": inv((BLOCK, chain.tip.hash()), (TX, coin.id())), "notfound": inv((BLOCK, block.hash())),
        "getblocks": locator([chain.tip.hash(), chain.genesis]),
        "getheaders": locator([chain.tip.hash(), chain.genesis]), "headers": headers(chain.blocks[-3:]),
        "block": block.bytes(), "addr": compact_size(2) + (struct.pack("<I", block.time) + net_addr("10.1.2.3", 3000)) * 2,
        "tx": spend(key, [(coin.id(), 0, coin.outputs[0][0])], [(1000, key.script)], chain.genesis).bytes(),
        "ping": b"12345678", "pong": b"12345678", "verack": b"", "getaddr": b"", "mempool": b"", "sendheaders": b""}
    p, closed, changes = Peer.handshaken(node, chain), 0, 0
    for command, good in messages.items():
        whole = frame(command, good)
        for i in range(160):
            data = bytearray(whole)
            # Half of them have the right checksum, so that they get through to who reads them.
            inside = i % 2 and len(good)
            at = rng.randrange(24, len(data)) if inside else rng.randrange(24)
            data[at] ^= 1 << rng.randrange(8)
            if inside:
                data[20:24] = sha256d(bytes(data[24:]))[:4]
            if command == "block" and 24 <= at < 104 and int.from_bytes(sha256d(bytes(data[24:104])), "little") <= target(chain.bits):
                continue  # by chance another block with enough work
            changes += 1
            try:
                p.send_bytes(bytes(data))
                if int.from_bytes(data[16:20], "little") <= len(good):  # else it waits for the rest
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
    wait_until("it goes on", lambda: node.tip() == block.hash()[::-1].hex())


if __name__ == "__main__":
    main(globals())
