"""Headers that lie: without work, out of order, of nothing known, from the future, or whose bodies never come."""
import os
import time

from chainlib import Chain, Key, compact_size
from framework import main, wait_until
from p2p import BLOCK, Peer, frame, headers, inv, read_inv, read_locator


def start(net, n=6):
    node = net.chain_node()
    node.generate(n)
    return node, Chain.from_node(node), Key()


def only_tip(node, chain):
    tips = [(t["height"], t["status"]) for t in node.rpc("getchaintips")]
    assert tips == [(chain.height, "active")], tips


def test_each_lie_costs_its_teller_the_connection_and_leaves_nothing(net):
    node, chain, key = start(net)

    def branch(n=3):
        b = chain.fork(chain.height)
        b.grow(key, n)
        return b.blocks[-n:]

    def lie(what, blocks):
        p = Peer.handshaken(node, chain)
        p.expect("getheaders")
        p.send("headers", headers(blocks))
        p.expect_disconnect(what)
        assert node.tip() == chain.tip.hash()[::-1].hex(), what

    weak = branch(1)
    weak[0].mine(valid=False)
    lie("no work", weak)
    easy = branch(1)
    easy[0].bits += 1
    lie("an easier target", [easy[0].mine()])
    hard = branch(1)
    hard[0].bits = 0x1f00ffff
    lie("a harder target", [hard[0].mine()])
    back = branch(1)
    back[0].time = chain.tip.time - 1
    lie("a time before its parent's", [back[0].mine()])
    other = branch(1)
    other[0].version = 2
    lie("another version", [other[0].mine()])
    only_tip(node, chain)
    gap = branch()
    lie("a gap", [gap[0], gap[2]])
    twisted = branch()
    lie("a wrong order", [twisted[1], twisted[0]])
    stray = branch()
    stray[1].prev = os.urandom(32)
    lie("one that follows nothing, after one that is good", [stray[0], stray[1].mine()])


def test_what_is_not_a_list_of_headers_is_malformed(net):
    node, chain, key = start(net)
    chain.grow(key, 1)
    one = chain.tip.header()
    for what, payload in (
            ("2001 headers", compact_size(2001) + (one + b"\0") * 2001),
            ("a header with transactions", compact_size(1) + one + b"\1"),
            ("a header cut off", compact_size(1) + one[:79]),
            ("no end", compact_size(1) + one),
            ("one too many bytes", compact_size(1) + one + b"\0\0"),
            ("a count not minimal", b"\xfd\x01\x00" + one + b"\0"),
            ("a count of 2^64 - 1", b"\xff" * 9)):
        p = Peer.handshaken(node, chain)
        p.expect("getheaders")
        p.send("headers", payload)
        p.expect_disconnect(what)
    only_tip(node, chain.fork(chain.height - 1))


def test_ten_that_follow_nothing_known_disconnect_and_a_known_one_between_forgives(net):
    node, chain, key = start(net)
    stray = chain.fork(chain.height)
    stray.grow(key, 2)
    p = Peer.handshaken(node, chain)
    p.expect("getheaders")
    for _ in range(9):
        p.send("headers", headers([stray.tip]))
        known, _ = read_locator(p.expect("getheaders"))
        assert chain.blocks[-2].hash() in known  # it asks what lies between
    p.send("headers", headers([chain.tip]))
    p.sync_with_ping()
    for _ in range(9):
        p.send("headers", headers([stray.tip]))
        p.expect("getheaders")
    assert p.is_connected()
    p.send("headers", headers([stray.tip]))
    p.expect_disconnect("the tenth in a row")
    only_tip(node, chain)


def test_a_header_from_the_future_is_asked_for_again_when_it_is_due(net):
    node, chain, key = start(net)
    now = int(time.time())
    node.rpc("setmocktime", now)
    ahead = chain.fork(chain.height)
    for seconds in (60, 130):
        ahead.add(ahead.next_block(key, time=now + seconds))
    p = Peer.handshaken(node, chain)
    p.expect("getheaders")
    p.send("headers", headers(ahead.blocks[-2:]))
    assert (BLOCK, ahead.blocks[-2].hash()) in read_inv(p.expect("getdata"))
    p.send_block(ahead.blocks[-2])
    wait_until("the one that is due is taken", lambda: node.tip() == ahead.blocks[-2].hash()[::-1].hex())
    p.expect_no("getdata", 0.2)
    node.rpc("setmocktime", now + 15)
    p.expect("getheaders")
    p.send("headers", headers([ahead.tip]))
    assert read_inv(p.expect("getdata")) == [(BLOCK, ahead.tip.hash())]
    p.send_block(ahead.tip)
    wait_until("the other is, later", lambda: node.tip() == ahead.tip.hash()[::-1].hex())


def test_bodies_kept_back_hold_up_nobody(net):
    node, chain, key = start(net)
    promised = chain.fork(chain.height)
    promised.grow(key, 30)
    liar = Peer.handshaken(node, chain)
    liar.expect("getheaders")
    liar.send("headers", headers(promised.blocks[-30:]))
    assert len(read_inv(liar.expect("getdata"))) == 2  # it has given nothing yet
    # The honest chain has less work than was promised, and more than any whose blocks are here.
    honest = Peer.handshaken(node, chain)
    for b in chain.grow(key, 3):
        honest.send("headers", headers([b]))
        honest.expect("getdata", lambda m, b=b: (BLOCK, b.hash()) in read_inv(m), 30)
        honest.send_block(b)
        wait_until("an honest block is taken", lambda b=b: node.tip() == b.hash()[::-1].hex())
    assert honest.is_connected()
    node.generate(1)  # it is not behind: what was promised does not come
    node.rpc("setgenerate", True)
    wait_until("it mines upon the blocks it has", lambda: node.rpc("getblockcount") > chain.height + 1, 10)
    # What it has not, as it says at last, is no reason either.
    for b in promised.blocks[-30:-14]:
        liar.send("notfound", inv((BLOCK, b.hash())))
    assert honest.is_connected()


def test_blocks_that_do_not_exist_hold_up_nobody(net):
    node, chain, key = start(net)
    old = Peer.handshaken(node, chain, protocol=209, height=2_000_000_000)
    old.send("inv", inv(*((BLOCK, os.urandom(32)) for _ in range(500))))
    assert len(read_inv(old.expect("getdata"))) == 16
    honest = Peer.handshaken(node, chain)
    time.sleep(6)  # for so long any word is believed
    for b in chain.grow(key, 3):  # blocks that come are no sign that those come
        honest.send_block(b)
    wait_until("honest blocks are taken", lambda: node.tip() == chain.tip.hash()[::-1].hex())
    node.generate(1)
    node.rpc("setgenerate", True)
    wait_until("it mines", lambda: node.rpc("getblockcount") > chain.height + 2, 10)
    wait_until("its height is not the goal any more", lambda: node.rpc("tally_snapshot")["sync"]["target"] < 1000)


def test_the_same_headers_over_and_over_cost_no_memory(net):
    node, chain, key = start(net, 2000)
    message = frame("headers", headers(chain.blocks[1:]))

    def resident():
        with open("/proc/%d/status" % node.process.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    p = Peer.handshaken(node, chain)
    p.send_bytes(message * 5)
    p.sync_with_ping()
    before = resident()
    for _ in range(20):
        p.send_bytes(message * 5)
        p.sync_with_ping()
    limit = 250_000 if "san" in os.environ.get("TALLY", "") else 8_000  # a sanitizer keeps what was freed
    assert resident() - before < limit, resident() - before
    only_tip(node, chain)


def test_a_chain_of_little_work_is_read_and_not_kept_however_long(net):
    node, chain, key = start(net, 300)
    low = chain.fork(10)
    low.grow(key, 140)  # 150 of 300, less 144: one is too few
    p = Peer.handshaken(node, chain)
    p.expect("getheaders")
    p.send("headers", headers(low.blocks[11:150]))
    p.expect_no("getdata", 0.2)
    only_tip(node, chain)
    # Another tells it in two pieces, none of them full.
    q = Peer.handshaken(node, chain)
    q.expect("getheaders")
    q.send("headers", headers(low.blocks[11:100]))
    q.send("headers", headers(low.blocks[100:150]))
    q.expect_no("getdata", 0.2)
    only_tip(node, chain)


if __name__ == "__main__":
    main(globals())
