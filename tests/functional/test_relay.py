"""Transaction relay: orphans, from which peer a transaction is requested, and floods of messages."""
import os
import struct
import time

from chainlib import COIN, spend
from coins import coin_of, owned_chain, txid_hex
from framework import main, wait_until
from p2p import BLOCK, TX, Peer, frame, inv, net_addr, read_inv, read_tx


def expect_request(p, tx, seconds=20):
    """Waits until the node requests the transaction from this peer."""
    p.expect("getdata", lambda m: (TX, tx.id()) in read_inv(m), seconds)


def test_an_orphan_is_accepted_when_its_parents_arrive(net):
    node, chain, key = owned_chain(net, 10)[:3]
    parent = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    child = spend(key, [(parent.id(), 0, COIN)], [(COIN - 1000, key.script)], chain.genesis)
    grandchild = spend(key, [(child.id(), 0, COIN - 1000)], [(COIN - 2000, key.script)], chain.genesis)
    p = Peer.handshaken(node, chain)
    p.send("tx", grandchild.bytes())
    expect_request(p, child)  # the orphan's parent
    p.send("tx", child.bytes())
    expect_request(p, parent)
    assert node.rpc("getrawmempool") == []
    p.send("tx", parent.bytes())
    expected = sorted(map(txid_hex, (parent, child, grandchild)))
    wait_until("all three are in the mempool", lambda: sorted(node.rpc("getrawmempool")) == expected)


def test_an_orphan_is_accepted_even_if_its_sender_has_disconnected(net):
    node, chain, key = owned_chain(net, 10)[:3]
    parent = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    child = spend(key, [(parent.id(), 0, COIN)], [(COIN - 1000, key.script)], chain.genesis)
    p = Peer.handshaken(node, chain)
    p.send("tx", child.bytes())
    expect_request(p, parent)
    assert node.rpc("getmempoolinfo")["size"] == 0
    p.close()
    wait_until("the sender is disconnected", lambda: node.rpc("getconnectioncount") == 0)
    q = Peer.handshaken(node, chain)
    q.send("tx", parent.bytes())
    expected = sorted([txid_hex(parent), txid_hex(child)])
    wait_until("both are in the mempool", lambda: sorted(node.rpc("getrawmempool")) == expected)
    q.expect_no("getdata")  # the node has the orphan and doesn't request it


def test_a_transaction_is_requested_from_one_peer_at_a_time(net):
    node, chain, key = owned_chain(net, 10)[:3]
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    peers = [Peer.handshaken(node, chain) for _ in range(3)]
    for p in peers:
        p.send("inv", inv((TX, tx.id())))
        p.sync_with_ping()
    requested = [p for p in peers if any(c == "getdata" for c, _ in p.received)]
    assert len(requested) == 1  # while that peer may still answer, the others get no request
    others = [p for p in peers if p not in requested]
    expect_request(others[0], tx, 30)  # that peer didn't answer within 2 s, the limit on a private network
    others[0].send("notfound", inv((TX, tx.id())))
    expect_request(others[1], tx, 30)  # requested at once after a notfound
    others[1].send("tx", tx.bytes())
    wait_until("the transaction is in the mempool", lambda: node.rpc("getrawmempool") == [txid_hex(tx)])


def test_if_the_requested_peer_disconnects_the_next_one_is_asked(net):
    node, chain, key = owned_chain(net, 10)[:3]
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    a, b = Peer.handshaken(node, chain), Peer.handshaken(node, chain)
    a.send("inv", inv((TX, tx.id())))
    expect_request(a, tx)
    b.send("inv", inv((TX, tx.id())))
    b.sync_with_ping()
    a.close()
    expect_request(b, tx)


def test_a_transaction_is_announced_once_and_sent_on_request(net):
    node, chain, key = owned_chain(net, 10)[:3]
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    a, b = Peer.handshaken(node, chain), Peer.handshaken(node, chain)
    a.send("tx", tx.bytes())
    b.expect("inv", lambda m: (TX, tx.id()) in read_inv(m))
    b.send("getdata", inv((TX, tx.id())))
    assert read_tx(b.expect("tx")).id() == tx.id()
    a.expect_no("inv")  # the sender gets no announcement of its own transaction
    unknown = os.urandom(32)
    b.send("getdata", inv((TX, unknown), (BLOCK, unknown)))
    missing = []
    while len(missing) < 2:
        missing += read_inv(b.expect("notfound"))
    assert sorted(missing) == [(TX, unknown), (BLOCK, unknown)]
    b.send("mempool")
    b.expect("inv", lambda m: (TX, tx.id()) in read_inv(m))


def test_a_known_or_rejected_transaction_is_not_requested_again(net):
    node, chain, key = owned_chain(net, 10)[:3]
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    free = spend(key, [coin_of(chain.blocks[2])], [(coin_of(chain.blocks[2])[2], key.script)], chain.genesis)
    p = Peer.handshaken(node, chain)
    for t in (tx, free):
        p.send("tx", t.bytes())
    p.sync_with_ping()
    wait_until("the first transaction is accepted", lambda: node.rpc("getrawmempool") == [txid_hex(tx)])
    p.send("inv", inv((TX, tx.id()), (TX, free.id())))
    p.expect_no("getdata")


def test_floods_use_little_memory_and_do_not_delay_other_peers(net):
    node, chain = owned_chain(net, 10)[:2]

    def resident():
        """Resident memory of the node in MB."""
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
        except OSError:  # the node has stopped reading, as this peer doesn't read its answers
            pass
    live = Peer.handshaken(node, chain)
    begin = time.monotonic()
    assert live.is_connected() and time.monotonic() - begin < 10
    node.generate(2)
    assert node.rpc("getblockcount") == len(chain.blocks) + 1
    limit = 250 if "san" in os.environ.get("TALLY", "") else 60  # a sanitizer keeps freed memory for a while
    assert resident() - before < limit, "%d MB more" % (resident() - before)
    for p in floods:
        p.close()


if __name__ == "__main__":
    main(globals())
