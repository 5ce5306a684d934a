"""Address relay: which addresses a node stores, to which peers it announces them, how it answers getaddr, and how few
of a flood it stores."""
import struct
import time

from chainlib import Chain, Reader, compact_size
from framework import main, wait_until
from p2p import NETWORK, Peer, Listener, net_addr

DAY = 24 * 3600


def addr(*items):
    """The payload of an addr message. items: (host, port, time)."""
    return compact_size(len(items)) + b"".join(struct.pack("<I", int(t)) + net_addr(h, p) for h, p, t in items)


def read_addr(payload):
    """The entries of an addr message as a list of (host, port, time, services)."""
    r = Reader(payload)
    out = []
    for _ in range(r.compact_size()):
        t, services, ip, port = r.unpack("I"), r.unpack("Q"), r.take(16), r.take(2)
        assert ip[:12] == b"\0" * 10 + b"\xff\xff"
        out.append((".".join(map(str, ip[12:])), int.from_bytes(port, "big"), t, services))
    assert r.done()
    return out


def public_addresses(n):
    """n addresses (host, port), each in another /16 network."""
    return [("%d.%d.1.1" % (20 + i % 60, i // 60 + 1), 3000) for i in range(n)]


def announced_to(peer):
    return [(h, p) for c, m in peer.received if c == "addr" for h, p, _, _ in read_addr(m)]


def start(net, *options):
    node = net.chain_node(*options)
    return node, Chain.from_node(node)


def dialled(node, chain, **fields):
    """Lets the node dial a listener of the test. Returns the connection after the handshake, and the listener's
    port."""
    server = Listener()
    node.rpc("addnode", "127.0.0.1:%d" % server.port, "onetry")
    p = server.accept()
    p.handshake(chain, port=server.port, **fields)
    p.expect("getheaders" if fields.get("protocol", 70015) >= 31800 else "getblocks")
    server.close()
    return p, server.port


def address_count(node):
    return node.rpc("getaddrmaninfo")["all_networks"]["total"]


def test_outbound_peers_get_getaddr_and_our_address(net):
    node, chain = start(net)
    p, _ = dialled(node, chain)
    p.sync_with_ping()
    commands = [c for c, _ in p.received]
    assert commands.count("getaddr") == 1, commands
    assert ("127.0.0.1", node.id) in announced_to(p)
    services = [s for c, m in p.received if c == "addr" for _, _, _, s in read_addr(m)]
    assert services == [NETWORK], services
    q = Peer.handshaken(node, chain)  # inbound peers get neither
    q.sync_with_ping()
    assert not {"addr", "getaddr"} & {c for c, _ in q.received}
    old, _ = dialled(node, chain, protocol=31000)
    time.sleep(0.3)
    assert not {"addr", "getaddr"} & {c for c, _ in old.received}  # before version 31402 addr entries carried no time


def test_small_fresh_addr_messages_are_relayed_to_two_peers_but_not_to_their_sender(net):
    node, chain = start(net)
    source, _ = dialled(node, chain)
    others = [Peer.handshaken(node, chain) for _ in range(5)]
    now = time.time()
    fresh = public_addresses(8)
    source.send("addr", addr(*((h, p, now) for h, p in fresh)))
    source.sync_with_ping()
    for p in others:
        p.sync_with_ping()
    for a in fresh:
        assert sum(a in announced_to(p) for p in others) == 2, a
        assert a not in announced_to(source), a
    for p in others:
        p.received.clear()
    stale = public_addresses(20)[8:18]
    source.send("addr", addr(*((h, p, now - 3600) for h, p in stale)))
    many = public_addresses(31)[20:31]
    # 11 entries: it could be the answer to a getaddr, so it is not relayed.
    source.send("addr", addr(*((h, p, now) for h, p in many)))
    source.sync_with_ping()
    for p in others:
        p.sync_with_ping()
        assert announced_to(p) == [], announced_to(p)
    wait_until("the node has stored all addresses",
               lambda: address_count(node) >= len(fresh) + len(stale) + len(many))


def test_addresses_that_cannot_be_dialled_are_dropped_and_future_times_replaced(net):
    node, chain = start(net)
    p, _ = dialled(node, chain)
    now = int(time.time())
    p.send("addr", addr(("0.0.0.0", 3000, now), ("255.255.255.255", 3000, now), ("224.0.0.1", 3000, now),
                        ("20.1.1.1", 0, now)))
    p.sync_with_ping()
    assert {a["address"] for a in node.rpc("getnodeaddresses", 0)} == {"127.0.0.1"}
    p.send("addr", addr(("20.1.1.1", 3000, now + DAY), ("20.2.1.1", 3000, now), ("20.3.1.1", 3000, 0xffffffff)))
    p.sync_with_ping()
    seen = {a["address"]: a["time"] for a in node.rpc("getnodeaddresses", 0)}
    assert seen["20.1.1.1"] < now - DAY and seen["20.3.1.1"] < now - DAY, seen
    assert now - DAY < seen["20.2.1.1"] <= now, seen


def test_a_flood_of_addresses_stores_few(net):
    node, chain = start(net)
    p = Peer.handshaken(node, chain)
    now = time.time()
    before = address_count(node)
    for turn in range(20):
        p.send("addr", addr(*(("%d.%d.%d.1" % (20 + turn, i // 200 + 1, i % 200), 3000, now) for i in range(1000))))
    p.sync_with_ping()
    assert address_count(node) - before <= 3, address_count(node)  # a peer may add one address every 10 s
    # A peer that was sent getaddr may add 1,000 addresses without delay, and no more.
    q, _ = dialled(node, chain)
    for turn in range(3):
        q.send("addr", addr(*(("%d.%d.%d.1" % (60 + turn, i // 200 + 1, i % 200), 3000, now) for i in range(1000))))
    q.sync_with_ping()
    # Five networks from one source, at most 64 entries each.
    assert 30 < address_count(node) - before < 330, address_count(node)


def test_getaddr_is_answered_once_per_connection_with_23_percent_of_the_addresses(net):
    node, chain = start(net)
    source, _ = dialled(node, chain)
    now = time.time()
    source.send("addr", addr(*((h, p, now - 60) for h, p in public_addresses(500))))
    source.sync_with_ping()
    total = address_count(node)
    assert total > 300, total
    p = Peer.handshaken(node, chain)
    p.send("getaddr")
    answer = read_addr(p.expect("addr"))
    assert len(answer) == max(64, total * 23 // 100), (len(answer), total)
    assert len({(h, port) for h, port, _, _ in answer}) == len(answer)
    assert {(h, port) for h, port, _, _ in answer if h != "127.0.0.1"} <= set(public_addresses(500))
    p.received.clear()
    p.send("getaddr")
    p.expect_no("addr", 0.3)
    q = Peer.handshaken(node, chain)
    q.send("getaddr")
    other = read_addr(q.expect("addr"))
    assert {h for h, _, _, _ in other} != {h for h, _, _, _ in answer}  # another random choice


def test_an_address_that_a_peer_claims_is_not_announced_before_it_was_dialled(net):
    node, chain = start(net)
    claimed = 3999
    p = Peer.handshaken(node, chain, port=claimed)
    p.send("addr", addr(("127.0.0.1", claimed, time.time())))
    p.sync_with_ping()
    q = Peer.handshaken(node, chain)
    q.send("getaddr")
    q.sync_with_ping()
    assert ("127.0.0.1", claimed) not in announced_to(q)
    dialled_peer, port = dialled(node, chain)  # the node has dialled this one
    r = Peer.handshaken(node, chain)
    r.send("getaddr")
    got = {(h, p) for h, p, _, _ in read_addr(r.expect("addr"))}
    assert ("127.0.0.1", port) in got and ("127.0.0.1", claimed) not in got, got
    dialled_peer.close()


def test_our_address_is_announced_again_after_24_hours(net):
    node, chain = start(net)
    now = int(time.time())
    node.rpc("setmocktime", now)
    p, _ = dialled(node, chain)
    p.received.clear()
    for hours in range(1, 25):  # in steps of 15 minutes: after 20 minutes without a message the node would disconnect
        for part in range(0, 60, 15):
            node.rpc("setmocktime", now + 3600 * (hours - 1) + 60 * (part + 15))
            p.sync_with_ping()
    wait_until("the node has announced its address again",
               lambda: p.is_connected() and ("127.0.0.1", node.id) in announced_to(p))


if __name__ == "__main__":
    main(globals())
