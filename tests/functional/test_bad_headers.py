"""Headers from dishonest peers: without enough work, in the wrong order, with an unknown parent, from the future, or
of blocks that the peer never delivers."""
import os
import time

from chainlib import Chain, Key, compact_size
from framework import main, wait_until
from p2p import BLOCK, Peer, frame, headers, inv, read_inv, read_locator


def start(net, n=6):
    node = net.chain_node()
    node.generate(n)
    return node, Chain.from_node(node), Key()


def assert_only_tip(node, chain):
    tips = [(t["height"], t["status"]) for t in node.rpc("getchaintips")]
    assert tips == [(chain.height, "active")], tips


def test_a_peer_that_sends_invalid_headers_is_disconnected_and_none_is_stored(net):
    node, chain, key = start(net)

    def branch(n=3):
        b = chain.fork(chain.height)
        b.grow(key, n)
        return b.blocks[-n:]

    def rejects(case, blocks):
        p = Peer.handshaken(node, chain)
        p.expect("getheaders")
        p.send("headers", headers(blocks))
        p.expect_disconnect(case)
        assert node.tip() == chain.tip.hash()[::-1].hex(), case

    weak = branch(1)
    weak[0].mine(valid=False)
    rejects("a hash above the target", weak)
    easy = branch(1)
    easy[0].bits += 1
    rejects("an easier target", [easy[0].mine()])
    hard = branch(1)
    hard[0].bits = 0x1f00ffff
    rejects("a harder target", [hard[0].mine()])
    back = branch(1)
    back[0].time = chain.tip.time - 1
    rejects("a time before its parent's", [back[0].mine()])
    other = branch(1)
    other[0].version = 2
    rejects("a header of version 2", [other[0].mine()])
    assert_only_tip(node, chain)
    gap = branch()
    rejects("a missing header in the middle", [gap[0], gap[2]])
    twisted = branch()
    rejects("two headers in reverse order", [twisted[1], twisted[0]])
    stray = branch()
    stray[1].prev = os.urandom(32)
    rejects("a valid header, then one with an unknown parent", [stray[0], stray[1].mine()])


def test_malformed_headers_messages_disconnect_their_sender(net):
    node, chain, key = start(net)
    chain.grow(key, 1)
    one = chain.tip.header()
    for case, payload in (
            ("2,001 headers", compact_size(2001) + (one + b"\0") * 2001),
            ("a header with a transaction count of 1", compact_size(1) + one + b"\1"),
            ("a header cut to 79 bytes", compact_size(1) + one[:79]),
            ("a header without its transaction count", compact_size(1) + one),
            ("one byte too many", compact_size(1) + one + b"\0\0"),
            ("a count that is not minimally encoded", b"\xfd\x01\x00" + one + b"\0"),
            ("a count of 2^64 - 1", b"\xff" * 9)):
        p = Peer.handshaken(node, chain)
        p.expect("getheaders")
        p.send("headers", payload)
        p.expect_disconnect(case)
    assert_only_tip(node, chain.fork(chain.height - 1))


def test_ten_headers_in_a_row_with_unknown_parents_disconnect_but_a_known_one_resets_the_count(net):
    node, chain, key = start(net)
    stray = chain.fork(chain.height)
    stray.grow(key, 2)
    p = Peer.handshaken(node, chain)
    p.expect("getheaders")
    for _ in range(9):
        p.send("headers", headers([stray.tip]))
        known, _ = read_locator(p.expect("getheaders"))
        assert chain.blocks[-2].hash() in known  # it asks for the headers between its tip and the unknown parent
    p.send("headers", headers([chain.tip]))
    p.sync_with_ping()
    for _ in range(9):
        p.send("headers", headers([stray.tip]))
        p.expect("getheaders")
    assert p.is_connected()
    p.send("headers", headers([stray.tip]))
    p.expect_disconnect("the tenth headers message in a row with an unknown parent")
    assert_only_tip(node, chain)


def test_a_header_from_the_future_is_requested_again_when_it_is_due(net):
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
    wait_until("the block 60 s ahead is connected", lambda: node.tip() == ahead.blocks[-2].hash()[::-1].hex())
    p.expect_no("getdata", 0.2)
    node.rpc("setmocktime", now + 15)
    p.expect("getheaders")
    p.send("headers", headers([ahead.tip]))
    assert read_inv(p.expect("getdata")) == [(BLOCK, ahead.tip.hash())]
    p.send_block(ahead.tip)
    wait_until("the block 130 s ahead is connected when it is due",
               lambda: node.tip() == ahead.tip.hash()[::-1].hex())


def test_a_peer_that_announces_blocks_and_never_sends_them_does_not_stall_the_node(net):
    node, chain, key = start(net)
    withheld = chain.fork(chain.height)
    withheld.grow(key, 30)
    withholder = Peer.handshaken(node, chain)
    withholder.expect("getheaders")
    withholder.send("headers", headers(withheld.blocks[-30:]))
    # A peer that has not delivered a block yet gets at most 2 requests.
    assert len(read_inv(withholder.expect("getdata"))) == 2
    # The honest chain has less work than the withheld one, but more than any chain whose blocks the node has.
    honest = Peer.handshaken(node, chain)
    for b in chain.grow(key, 3):
        honest.send("headers", headers([b]))
        honest.expect("getdata", lambda m, b=b: (BLOCK, b.hash()) in read_inv(m), 30)
        honest.send_block(b)
        wait_until("the honest block is connected", lambda b=b: node.tip() == b.hash()[::-1].hex())
    assert honest.is_connected()
    node.generate(1)  # the node mines: headers without blocks don't mean that it is still syncing
    node.rpc("setgenerate", True)
    wait_until("it mines on top of the blocks that it has", lambda: node.rpc("getblockcount") > chain.height + 1, 10)
    # The peer then answers that it doesn't have the blocks. That must not make the node drop the honest peer.
    for b in withheld.blocks[-30:-14]:
        withholder.send("notfound", inv((BLOCK, b.hash())))
    assert honest.is_connected()


def test_announcements_of_blocks_that_do_not_exist_do_not_stall_the_node(net):
    node, chain, key = start(net)
    old = Peer.handshaken(node, chain, protocol=209, height=2_000_000_000)
    old.send("inv", inv(*((BLOCK, os.urandom(32)) for _ in range(500))))
    assert len(read_inv(old.expect("getdata"))) == 16
    honest = Peer.handshaken(node, chain)
    time.sleep(6)  # for some seconds the node believes an announcement without a header
    for b in chain.grow(key, 3):  # honest blocks that arrive must not extend that time
        honest.send_block(b)
    wait_until("the honest blocks are connected", lambda: node.tip() == chain.tip.hash()[::-1].hex())
    node.generate(1)
    node.rpc("setgenerate", True)
    wait_until("the node mines", lambda: node.rpc("getblockcount") > chain.height + 2, 10)
    wait_until("the announced height is no longer the sync target",
               lambda: node.rpc("tally_snapshot")["sync"]["target"] < 1000)


def test_repeating_the_same_headers_uses_no_more_memory(net):
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
    limit = 250_000 if "san" in os.environ.get("TALLY", "") else 8_000  # a sanitizer keeps freed memory for a while
    assert resident() - before < limit, resident() - before
    assert_only_tip(node, chain)


def test_a_header_chain_below_the_work_threshold_is_not_stored(net):
    node, chain, key = start(net, 300)
    low = chain.fork(10)
    low.grow(key, 140)  # the threshold is the work of the tip less 144 blocks; 149 blocks are too few
    p = Peer.handshaken(node, chain)
    p.expect("getheaders")
    p.send("headers", headers(low.blocks[11:150]))
    p.expect_no("getdata", 0.2)
    assert_only_tip(node, chain)
    # The same with two messages, neither of which holds the maximum of 2,000 headers.
    q = Peer.handshaken(node, chain)
    q.expect("getheaders")
    q.send("headers", headers(low.blocks[11:100]))
    q.send("headers", headers(low.blocks[100:150]))
    q.expect_no("getdata", 0.2)
    assert_only_tip(node, chain)


if __name__ == "__main__":
    main(globals())
