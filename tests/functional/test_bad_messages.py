"""A malformed message disconnects its sender and has no other effect on the node."""
import os
import struct

from chainlib import Chain, Key, compact_size, spend
from framework import RpcError, main, wait_until
from p2p import BLOCK, MAGIC, TX, Peer, frame, headers, inv, locator, net_addr, version


def malformed_messages(chain, key):
    """Yields (description, bytes to send)."""
    block = chain.next_block(key)
    coin = chain.blocks[1].txs[0]
    tx = spend(key, [(coin.id(), 0, coin.outputs[0][0])], [(1000, key.script)], chain.genesis)
    big = 0x02000000
    yield "bad magic", frame("ping", b"12345678", magic=b"\xf9\xbe\xb4\xd9")
    yield "bad checksum", frame("ping", b"12345678", checksum=b"abcd")
    yield "payload too long", frame("block", b"", length=4_000_001)
    yield "payload of 4 GB", frame("block", b"", length=0xffffffff)
    yield "message name with a byte after its padding", frame(b"ping\0x", b"12345678")
    yield "message name that is not ASCII", frame(b"\x80\xff", b"")
    for case, payload in (
            ("ping without a nonce", b""), ("ping too long", b"123456789"), ("pong too short", b"1234567")):
        yield case, frame(case.split()[0], payload)
    for name in ("inv", "getdata", "notfound"):
        yield name + " with an empty payload", frame(name, b"")
        yield name + " cut short", frame(name, inv((BLOCK, b"\1" * 32))[:-1])
        yield name + " with one byte too many", frame(name, inv((BLOCK, b"\1" * 32)) + b"x")
        yield name + " with 50,001 entries", frame(
            name, compact_size(50_001) + (struct.pack("<I", TX) + b"\1" * 32) * 50_001)
        yield name + " with a larger count than entries", frame(name, compact_size(big))
        yield name + " with a count that is not minimally encoded", frame(
            name, b"\xfd\x01\x00" + inv((TX, b"\1" * 32))[1:])
    for name in ("getblocks", "getheaders"):
        yield name + " cut short", frame(name, locator([chain.genesis])[:-1])
        yield name + " with one byte too many", frame(name, locator([chain.genesis]) + b"x")
        yield name + " with 102 hashes", frame(name, locator([chain.genesis] * 102))
    yield "headers cut short", frame("headers", headers([block])[:-1])
    yield "headers with a transaction count of 1", frame("headers", b"\1" + block.header() + b"\1")
    yield "2,001 headers", frame("headers", headers([block] * 2001))
    yield "block cut short", frame("block", block.bytes()[:-1])
    yield "block with one byte too many", frame("block", block.bytes() + b"x")
    yield "block of a header only", frame("block", block.header())
    yield "block without transactions", frame("block", block.header() + b"\0")
    yield "block with a larger count than transactions", frame("block", block.header() + compact_size(big))
    raw = tx.bytes()
    yield "tx cut short", frame("tx", raw[:-1])
    yield "tx with one byte too many", frame("tx", raw + b"x")
    yield "tx without inputs", frame("tx", raw[:4] + b"\0" + raw[4 + 1 + 41 + 98:])
    yield "tx with a count that is not minimally encoded", frame("tx", raw[:4] + b"\xfd\x01\x00" + raw[5:])
    yield "empty tx", frame("tx", b"")
    yield "addr with 1,001 entries", frame("addr", compact_size(1001) + (
        struct.pack("<I", 1) + net_addr("127.0.0.1", 1)) * 1001)
    yield "addr cut short", frame("addr", b"\1" + struct.pack("<I", 1) + net_addr("127.0.0.1", 1)[:-1])
    yield "verack with a payload", frame("verack", b"x")
    yield "getaddr with a payload", frame("getaddr", b"x")


def test_each_malformed_message_disconnects_its_sender(net):
    node = net.chain_node()
    chain, key = Chain.from_node(node), Key()
    chain.grow(key, 1)
    tried = 0
    for name, data in malformed_messages(chain, key):
        p = Peer.handshaken(node, chain)
        p.sync_with_ping()
        p.send_bytes(data)
        p.expect_disconnect(name)
        p.close()
        tried += 1
    assert tried > 40
    assert node.rpc("getblockcount") == 0 and node.rpc("getrawmempool") == []
    assert Peer.handshaken(node, chain).is_connected()


def test_a_malformed_version_disconnects_and_a_short_or_long_one_is_accepted(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    good = version(chain.genesis)
    for wrong in (b"", good[:45], good[:71], good[:80] + compact_size(1 << 30)):
        p = Peer.dial(node)
        p.send("version", wrong)
        p.expect_disconnect()
    p = Peer.dial(node)
    p.send("version", good[:72])  # ends after addr_from
    p.expect("version")
    p.send("verack")
    assert p.is_connected()
    p = Peer.dial(node)
    p.send("version", good + b"fields of later versions")
    p.expect("version")
    assert p.is_connected()


def test_unknown_messages_and_inv_types_are_ignored(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    p = Peer.dial(node)
    p.send("ping", b"12345678")  # before the version message: ignored
    p.handshake(chain)
    p.send("version", version(chain.genesis))  # a second version message: ignored
    for name in ("feefilter", "sendcmpct", "wtxidrelay", "nonsense", "alert", "x" * 12):
        p.send(name, os.urandom(30))
    p.send("headers", b"\0")
    p.send("inv", inv((99, b"\1" * 32), (0, b"\2" * 32)))
    assert p.is_connected()
    assert "pong" in [c for c, _ in p.received] and [c for c, _ in p.received].count("version") == 1
    assert node.rpc("getnetworkinfo")["unknown_messages"] == 6


def test_incomplete_messages_and_silent_peers_do_not_delay_others(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    half = frame("block", b"x" * 3_000_000)
    waiting = []
    for n in (1, 10, 23, 24, 25, 1_000_000):
        p = Peer.handshaken(node, chain)
        p.send_bytes(half[:n])
        waiting.append(p)
    silent = Peer.dial(node)
    node.generate(3)
    live = Peer.handshaken(node, chain)
    assert live.is_connected()
    live.send("getblocks", locator([chain.genesis]))
    live.expect("inv")
    assert node.rpc("getconnectioncount") >= len(waiting) + 1
    for p in (*waiting, silent, live):
        p.close()


def test_a_message_may_arrive_byte_by_byte(net):
    node = net.chain_node()
    p = Peer.handshaken(node, Chain.from_node(node))
    for byte in frame("ping", b"byte by "):
        p.send_bytes(bytes([byte]))
    p.expect("pong", lambda payload: payload == b"byte by ")


def test_a_node_detects_a_connection_to_itself(net):
    """It recognises the nonce of its own version message."""
    # Bound to one address, so that it doesn't recognise its own address before it connects.
    node = net.chain_node("-bind", "127.0.0.1")
    chain = Chain.from_node(node)
    node.rpc("addnode", "127.0.0.1:%d" % node.id, "onetry")
    wait_until("the log reports the connection to itself",
               lambda: b"connected to ourselves" in open(node.dir + "/tally.log", "rb").read())
    p = Peer.handshaken(node, chain)
    assert p.is_connected()
    p.close()
    assert all(not i["addr"].endswith(":%d" % node.id) for i in node.rpc("getpeerinfo"))
    try:
        node.rpc("addnode", "127.0.0.1:%d" % node.id, "onetry")
        raise AssertionError("the node dialled itself again")
    except RpcError as e:
        assert "this node itself" in e.error["message"]


def test_a_peer_on_another_chain_is_disconnected(net):
    node, other = net.chain_node(), net.chain_node()
    p = Peer.dial(node)
    p.send("version", version(Chain.from_node(other).genesis, height=0))
    p.expect_disconnect()
    assert Peer.handshaken(node, Chain.from_node(node)).is_connected()


assert MAGIC.hex() == "fabfb5da"

if __name__ == "__main__":
    main(globals())
