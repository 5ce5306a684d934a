"""Where other nodes listen: who is told what, how often, and how little a flood of addresses does."""
import struct
import time

from chainlib import Chain, Reader, compact_size
from framework import main, wait_until
from p2p import NETWORK, Peer, Listener, net_addr

DAY = 24 * 3600


def addr(*items):
    """items: (host, port, time)."""
    return compact_size(len(items)) + b"".join(struct.pack("<I", int(t)) + net_addr(h, p) for h, p, t in items)


def read_addr(payload):
    """(host, port, time, services) of each."""
    r = Reader(payload)
    out = []
    for _ in range(r.compact_size()):
        t, services, ip, port = r.unpack("I"), r.unpack("Q"), r.take(16), r.take(2)
        assert ip[:12] == b"\0" * 10 + b"\xff\xff"
        out.append((".".join(map(str, ip[12:])), int.from_bytes(port, "big"), t, services))
    assert r.done()
    return out


def public(n):
    """Addresses, each of another network."""
    return [("%d.%d.1.1" % (20 + i % 60, i // 60 + 1), 3000) for i in range(n)]


def told(peer):
    return [(h, p) for c, m in peer.received if c == "addr" for h, p, _, _ in read_addr(m)]


def start(net, *options):
    node = net.chain_node(*options)
    return node, Chain.from_node(node)


def dialled(node, chain, **how):
    """A peer that the node has dialled, with versions exchanged."""
    server = Listener()
    node.rpc("addnode", "127.0.0.1:%d" % server.port, "onetry")
    p = server.accept()
    p.handshake(chain, port=server.port, **how)
    p.expect("getheaders" if how.get("protocol", 70015) >= 31800 else "getblocks")
    server.close()
    return p, server.port


def known(node):
    return node.rpc("getaddrmaninfo")["all_networks"]["total"]


def test_who_is_dialled_is_asked_and_told_our_address(net):
    node, chain = start(net)
    p, _ = dialled(node, chain)
    p.sync_with_ping()
    commands = [c for c, _ in p.received]
    assert commands.count("getaddr") == 1, commands
    assert ("127.0.0.1", node.id) in told(p)
    services = [s for c, m in p.received if c == "addr" for _, _, _, s in read_addr(m)]
    assert services == [NETWORK], services
    q = Peer.handshaken(node, chain)  # who came in is neither asked nor told
    q.sync_with_ping()
    assert not {"addr", "getaddr"} & {c for c, _ in q.received}
    old, _ = dialled(node, chain, protocol=31000)
    time.sleep(0.3)
    assert not {"addr", "getaddr"} & {c for c, _ in old.received}  # addresses had no times then


def test_a_few_fresh_ones_are_passed_on_to_two_others_and_never_back(net):
    node, chain = start(net)
    source, _ = dialled(node, chain)
    others = [Peer.handshaken(node, chain) for _ in range(5)]
    now = time.time()
    fresh = public(8)
    source.send("addr", addr(*((h, p, now) for h, p in fresh)))
    source.sync_with_ping()
    for p in others:
        p.sync_with_ping()
    for a in fresh:
        assert sum(a in told(p) for p in others) == 2, a
        assert a not in told(source), a
    for p in others:
        p.received.clear()
    stale = public(20)[8:18]
    source.send("addr", addr(*((h, p, now - 3600) for h, p in stale)))
    many = public(31)[20:31]
    source.send("addr", addr(*((h, p, now) for h, p in many)))  # eleven: an answer to getaddr
    source.sync_with_ping()
    for p in others:
        p.sync_with_ping()
        assert told(p) == [], told(p)
    wait_until("all of them are known", lambda: known(node) >= len(fresh) + len(stale) + len(many))


def test_what_cannot_be_dialled_is_not_kept_and_no_time_is_believed(net):
    node, chain = start(net)
    p, _ = dialled(node, chain)
    now = int(time.time())
    p.send("addr", addr(("0.0.0.0", 3000, now), ("255.255.255.255", 3000, now), ("224.0.0.1", 3000, now), ("20.1.1.1", 0, now)))
    p.sync_with_ping()
    assert {a["address"] for a in node.rpc("getnodeaddresses", 0)} == {"127.0.0.1"}
    p.send("addr", addr(("20.1.1.1", 3000, now + DAY), ("20.2.1.1", 3000, now), ("20.3.1.1", 3000, 0xffffffff)))
    p.sync_with_ping()
    seen = {a["address"]: a["time"] for a in node.rpc("getnodeaddresses", 0)}
    assert seen["20.1.1.1"] < now - DAY and seen["20.3.1.1"] < now - DAY, seen
    assert now - DAY < seen["20.2.1.1"] <= now, seen


def test_a_flood_fills_nothing(net):
    node, chain = start(net)
    p = Peer.handshaken(node, chain)
    now = time.time()
    before = known(node)
    for turn in range(20):
        p.send("addr", addr(*(("%d.%d.%d.1" % (20 + turn, i // 200 + 1, i % 200), 3000, now) for i in range(1000))))
    p.sync_with_ping()
    assert known(node) - before <= 3, known(node)  # one, and another every ten seconds
    # Who is asked may tell a thousand, and no more.
    q, _ = dialled(node, chain)
    for turn in range(3):
        q.send("addr", addr(*(("%d.%d.%d.1" % (60 + turn, i // 200 + 1, i % 200), 3000, now) for i in range(1000))))
    q.sync_with_ping()
    assert 30 < known(node) - before < 330, known(node)  # five networks of one source: 64 places each


def test_getaddr_is_answered_once_with_some_of_what_is_known(net):
    node, chain = start(net)
    source, _ = dialled(node, chain)
    now = time.time()
    source.send("addr", addr(*((h, p, now - 60) for h, p in public(500))))
    source.sync_with_ping()
    total = known(node)
    assert total > 300, total
    p = Peer.handshaken(node, chain)
    p.send("getaddr")
    answer = read_addr(p.expect("addr"))
    assert len(answer) == max(64, total * 23 // 100), (len(answer), total)
    assert len({(h, port) for h, port, _, _ in answer}) == len(answer)
    assert {(h, port) for h, port, _, _ in answer if h != "127.0.0.1"} <= set(public(500))
    p.received.clear()
    p.send("getaddr")
    p.expect_no("addr", 0.3)
    q = Peer.handshaken(node, chain)
    q.send("getaddr")
    other = read_addr(q.expect("addr"))
    assert {h for h, _, _, _ in other} != {h for h, _, _, _ in answer}  # another choice


def test_an_address_on_its_own_word_is_not_told_before_it_was_dialled(net):
    node, chain = start(net)
    claimed = 3999
    p = Peer.handshaken(node, chain, port=claimed)
    p.send("addr", addr(("127.0.0.1", claimed, time.time())))
    p.sync_with_ping()
    q = Peer.handshaken(node, chain)
    q.send("getaddr")
    q.sync_with_ping()
    assert ("127.0.0.1", claimed) not in told(q)
    dialled_peer, port = dialled(node, chain)  # this one was
    r = Peer.handshaken(node, chain)
    r.send("getaddr")
    got = {(h, p) for h, p, _, _ in read_addr(r.expect("addr"))}
    assert ("127.0.0.1", port) in got and ("127.0.0.1", claimed) not in got, got
    dialled_peer.close()


def test_our_own_address_is_told_again_after_a_day(net):
    node, chain = start(net)
    now = int(time.time())
    node.rpc("setmocktime", now)
    p, _ = dialled(node, chain)
    p.received.clear()
    for hours in range(1, 25):  # in steps: twenty minutes of silence would close the connection
        for part in range(0, 60, 15):
            node.rpc("setmocktime", now + 3600 * (hours - 1) + 60 * (part + 15))
            p.sync_with_ping()
    wait_until("it is told", lambda: p.is_connected() and ("127.0.0.1", node.id) in told(p))


if __name__ == "__main__":
    main(globals())
