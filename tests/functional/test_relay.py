"""Transactions between peers: orphans, who is asked and who next, floods of all kinds."""
import os
import struct
import time

from chainlib import COIN, spend
from coins import coin_of, owned_chain, txid_hex
from framework import main, wait_until
from p2p import BLOCK, TX, Peer, frame, inv, net_addr, read_inv, read_tx


def asked_for(p, tx, seconds=20):
    """Waits until the node asks this peer for it."""
    p.expect("getdata", lambda m: (TX, tx.id()) in read_inv(m), seconds)


def test_an_orphan_waits_for_its_parents(net):
    node, chain, key = owned_chain(net, 10)[:3]
    parent = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    child = spend(key, [(parent.id(), 0, COIN)], [(COIN - 1000, key.script)], chain.genesis)
    grandchild = spend(key, [(child.id(), 0, COIN - 1000)], [(COIN - 2000, key.script)], chain.genesis)
    p = Peer.handshaken(node, chain)
    p.send("tx", grandchild.bytes())
    asked_for(p, child)  # the parent it lacks
    p.send("tx", child.bytes())
    asked_for(p, parent)
    assert node.rpc("getrawmempool") == []
    p.send("tx", parent.bytes())
    wait_until("all three wait", lambda: sorted(node.rpc("getrawmempool")) == sorted(map(txid_hex, (parent, child, grandchild))))


def test_an_orphan_whose_sender_left_is_taken_once_its_parent_comes(net):
    node, chain, key = owned_chain(net, 10)[:3]
    parent = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    child = spend(key, [(parent.id(), 0, COIN)], [(COIN - 1000, key.script)], chain.genesis)
    p = Peer.handshaken(node, chain)
    p.send("tx", child.bytes())
    asked_for(p, parent)
    assert node.rpc("getmempoolinfo")["size"] == 0
    p.close()
    wait_until("the peer is gone", lambda: node.rpc("getconnectioncount") == 0)
    q = Peer.handshaken(node, chain)
    q.send("tx", parent.bytes())
    wait_until("both wait", lambda: sorted(node.rpc("getrawmempool")) == sorted([txid_hex(parent), txid_hex(child)]))
    q.expect_no("getdata")  # it was not asked for what is here


def test_one_peer_is_asked_at_a_time_and_then_the_next(net):
    node, chain, key = owned_chain(net, 10)[:3]
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    peers = [Peer.handshaken(node, chain) for _ in range(3)]
    for p in peers:
        p.send("inv", inv((TX, tx.id())))
        p.sync_with_ping()
    asked = [p for p in peers if any(c == "getdata" for c, _ in p.received)]
    assert len(asked) == 1  # the others are not asked while it may still send
    others = [p for p in peers if p not in asked]
    asked_for(others[0], tx, 30)  # it kept silent for 2 s, on a private network
    others[0].send("notfound", inv((TX, tx.id())))
    asked_for(others[1], tx, 30)  # at once
    others[1].send("tx", tx.bytes())
    wait_until("it waits", lambda: node.rpc("getrawmempool") == [txid_hex(tx)])


def test_the_one_asked_leaves_and_the_next_is_asked(net):
    node, chain, key = owned_chain(net, 10)[:3]
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    a, b = Peer.handshaken(node, chain), Peer.handshaken(node, chain)
    a.send("inv", inv((TX, tx.id())))
    asked_for(a, tx)
    b.send("inv", inv((TX, tx.id())))
    b.sync_with_ping()
    a.close()
    asked_for(b, tx)


def test_what_waits_is_told_once_and_given_to_who_asks(net):
    node, chain, key = owned_chain(net, 10)[:3]
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    a, b = Peer.handshaken(node, chain), Peer.handshaken(node, chain)
    a.send("tx", tx.bytes())
    b.expect("inv", lambda m: (TX, tx.id()) in read_inv(m))
    b.send("getdata", inv((TX, tx.id())))
    assert read_tx(b.expect("tx")).id() == tx.id()
    a.expect_no("inv")  # it knows: it sent it
    unknown = os.urandom(32)
    b.send("getdata", inv((TX, unknown), (BLOCK, unknown)))
    missing = []
    while len(missing) < 2:
        missing += read_inv(b.expect("notfound"))
    assert sorted(missing) == [(TX, unknown), (BLOCK, unknown)]
    b.send("mempool")
    b.expect("inv", lambda m: (TX, tx.id()) in read_inv(m))


def test_a_transaction_is_not_fetched_again(net):
    node, chain, key = owned_chain(net, 10)[:3]
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    free = spend(key, [coin_of(chain.blocks[2])], [(coin_of(chain.blocks[2])[2], key.script)], chain.genesis)
    p = Peer.handshaken(node, chain)
    for t in (tx, free):
        p.send("tx", t.bytes())
    p.sync_with_ping()
    wait_until("one is taken", lambda: node.rpc("getrawmempool") == [txid_hex(tx)])
    p.send("inv", inv((TX, tx.id()), (TX, free.id())))
    p.expect_no("getdata")


def test_floods_cost_little_and_others_are_served(net):
    node, chain = owned_chain(net, 10)[:2]

    def resident():
        with open("/proc/%d/status" % node.process.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) // 1024

    before = resident()
    floods = []
    for what in range(4):
        p = Peer.handshaken(node, chain)
        p.sock.settimeout(3)
        floods.append(p)
        entry = struct.pack("<I", int(time.time())) + net_addr("10.1.2.3", 3000)
        data = (frame("ping", b"12345678") * 30000,
                b"".join(frame("inv", inv(*((TX, os.urandom(32)) for _ in range(5000)))) for _ in range(20)),
                frame("addr", b"\xfd\xe8\x03" + b"".join(
                    entry[:28] + os.urandom(2) + entry[30:] for _ in range(1000))) * 20,
                frame("getdata", inv(*((BLOCK, chain.blocks[1].hash()),) * 5000)) * 20)[what]
        try:
            p.sock.sendall(data)
        except OSError:  # it doesn't read, so the node doesn't either
            pass
    live = Peer.handshaken(node, chain)
    start_at = time.monotonic()
    assert live.is_connected() and time.monotonic() - start_at < 10
    node.generate(2)
    assert node.rpc("getblockcount") == len(chain.blocks) + 1
    limit = 250 if "san" in os.environ.get("TALLY", "") else 60  # a sanitizer keeps what was freed
    assert resident() - before < limit, "%d MB more" % (resident() - before)
    for p in floods:
        p.close()


if __name__ == "__main__":
    main(globals())
