"""What a node answers to getblocks, getheaders and getdata: all of it, in order, and no more than it should."""
import os
import time

from chainlib import COIN, Block, Chain, Key, compact_size, spend
from coins import coin_of
from framework import main, wait_until
from p2p import BLOCK, FILTERED, TX, Peer, inv, locator, read_headers, read_inv

NULL = b"\0" * 32


def start(net, n):
    node = net.chain_node()
    node.generate(n)
    return node, Chain.from_node(node)


def resident(node):
    """MB."""
    with open("/proc/%d/status" % node.process.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) // 1024


def hashes(blocks):
    return [(BLOCK, b.hash()) for b in blocks]


def test_getblocks_is_answered_by_500_and_then_by_the_tip(net):
    node, chain = start(net, 1203)
    p = Peer.handshaken(node, chain, protocol=209)  # one that is told tips by inv
    got, locator_hash = [], chain.genesis
    while len(got) < chain.height:
        p.send("getblocks", locator([locator_hash]))
        items = read_inv(p.expect("inv", lambda m: len(read_inv(m)) > 1))
        assert len(items) == min(500, chain.height - len(got))
        got += items
        locator_hash = items[-1][1]
        if len(items) == 500:
            p.send("getdata", inv(items[-1]))
            assert p.expect_block().hash() == items[-1][1]
            assert read_inv(p.expect("inv")) == hashes([chain.tip])  # "ask on"
    assert got == hashes(chain.blocks[1:])


def test_getblocks_begins_at_the_fork_and_ends_before_the_stop(net):
    node, chain = start(net, 12)
    p = Peer.handshaken(node, chain)

    def ask(known, stop=NULL):
        p.send("getblocks", locator(known, stop))
        return read_inv(p.expect("inv"))

    h = [b.hash() for b in chain.blocks]
    assert ask([h[5]]) == hashes(chain.blocks[6:])
    assert ask([os.urandom(32), h[7], h[3]]) == hashes(chain.blocks[8:])
    assert ask([os.urandom(32)]) == hashes(chain.blocks[1:])  # none known: from genesis on
    assert ask([]) == hashes(chain.blocks)  # genesis included
    assert ask([h[5]], stop=h[9]) == hashes(chain.blocks[6:9])
    assert ask([h[5]], stop=os.urandom(32)) == hashes(chain.blocks[6:])
    for known, stop in (([h[12]], NULL), ([h[5]], h[6])):
        p.send("getblocks", locator(known, stop))
        p.expect_no("inv", 0.2)  # nothing to say
    assert ask([os.urandom(32)] * 100 + [h[11]]) == hashes(chain.blocks[12:])
    p.send("getblocks", locator([os.urandom(32)] * 102))
    p.expect_disconnect("a locator of 102 hashes")


def test_getheaders_is_answered_by_2000_the_stop_included(net):
    node, chain = start(net, 2100)
    p = Peer.handshaken(node, chain)

    def ask(known, stop=NULL):
        p.send("getheaders", locator(known, stop))
        return read_headers(p.expect("headers"))

    all_ = [b.header() for b in chain.blocks]
    h = [b.hash() for b in chain.blocks]
    assert ask([h[0]]) == all_[1:2001]
    assert ask([h[2000]]) == all_[2001:]
    assert ask([]) == all_[:2000]  # genesis included
    assert ask([], stop=h[77]) == [all_[77]]
    assert ask([], stop=os.urandom(32)) == []
    assert ask([h[10]], stop=h[20]) == all_[11:21]
    assert ask([h[2100]]) == []
    assert ask([os.urandom(32), h[2090], h[4]]) == all_[2091:]
    p.send("getheaders", locator([os.urandom(32)] * 102))
    p.expect_disconnect("a locator of 102 hashes")


def test_what_is_asked_for_comes_in_order_and_what_is_missing_is_said(net):
    node, chain = start(net, 8)
    key = Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, 6):
        p.send_block(b)
    wait_until("our blocks are taken", lambda: node.rpc("getblockcount") == 14)
    coin = chain.blocks[9].txs[0]
    tx = spend(key, [(coin.id(), 0, coin.outputs[0][0])], [(COIN, key.script)], chain.genesis)
    p.send("tx", tx.bytes())
    wait_until("it waits", lambda: len(node.rpc("getrawmempool")) == 1)
    gone = os.urandom(32)
    p.received.clear()
    p.send("getdata", inv((BLOCK, chain.blocks[3].hash()), (TX, gone), (TX, tx.id()), (BLOCK, gone),
                          (FILTERED, chain.tip.hash()), (77, chain.tip.hash()), (BLOCK, chain.genesis),
                          (TX, coin.id()), (BLOCK, chain.blocks[3].hash())))
    missing = []
    while len(missing) < 5:
        missing += read_inv(p.expect("notfound"))
    p.sync_with_ping()
    assert missing == [(TX, gone), (BLOCK, gone), (FILTERED, chain.tip.hash()), (77, chain.tip.hash()),
                       (TX, coin.id())], missing  # a transaction in a block is not kept by itself
    sent = [(c, m) for c, m in p.received if c in ("block", "tx")]
    assert sent == [("block", chain.blocks[3].bytes()), ("tx", tx.bytes()), ("block", chain.blocks[0].bytes()),
                    ("block", chain.blocks[3].bytes())]


def test_blocks_beside_the_best_chain_are_given_and_bad_ones_are_not(net):
    node, chain = start(net, 5)
    key = Key()
    p = Peer.handshaken(node, chain)
    side = chain.fork(4)
    side.grow(key)
    bad = chain.next_block(key, outputs=[(chain.subsidy(6) + 1, key.script)])
    p.send_block(side.tip)
    p.sync_with_ping()
    p.send("getdata", inv((BLOCK, side.tip.hash())))
    assert p.expect_block().bytes() == side.tip.bytes()
    p.send_block(bad)
    p.expect_disconnect("a bad block")
    q = Peer.handshaken(node, chain)
    q.send("getdata", inv((BLOCK, bad.hash())))
    assert read_inv(q.expect("notfound")) == [(BLOCK, bad.hash())]
    q.send("getheaders", locator([], bad.hash()))
    assert read_headers(q.expect("headers")) == []


def test_fifty_thousand_wishes_and_fifty_thousand_more_are_fulfilled(net):
    node, chain = start(net, 1)
    p = Peer.handshaken(node, chain)
    gone = [(TX, os.urandom(32)) for _ in range(49_999)]
    for _ in range(2):
        p.send("getdata", inv(*gone, (BLOCK, chain.genesis)))
    missing, blocks = [], 0  # what is missing is told by the thousand, so a block may overtake it
    while len(missing) < 2 * len(gone) or blocks < 2:
        command, payload = p.receive()
        if command == "notfound":
            missing += read_inv(payload)
        elif command == "block":
            blocks += 1
    assert missing == gone * 2
    assert p.is_connected()
    p.send("getdata", compact_size(50_001) + inv(*gone, *gone[:2])[3:])
    p.expect_disconnect("a getdata of 50,001")


def test_who_does_not_read_fills_no_memory_and_gets_all_when_it_does(net):
    node = net.node()
    node.create("CENTRAL_NODE", "-spacing", "0", "-max-block-bytes", "4000000")
    node.start("-connect", "0")
    chain, key = Chain.from_node(node), Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, 7):
        p.send_block(b)
    coin = chain.blocks[1].txs[0]
    first = spend(key, [(coin.id(), 0, coin.outputs[0][0])], [(1000, key.script)] * 3200, chain.genesis)
    second = spend(key, [(first.id(), i, 1000) for i in range(50)], [(10, key.script)] * 2800, chain.genesis)
    assert all(90_000 < len(t.bytes()) <= 100_000 for t in (first, second))
    block = chain.add(chain.next_block(key, [first, second]))
    p.send_block(block)
    wait_until("a large block is taken", lambda: node.rpc("getblockcount") == 8)

    before = resident(node)
    wanted = 200  # 40 MB
    deaf = [Peer.handshaken(node, chain) for _ in range(10)]
    for q in deaf:
        q.send("getdata", inv(*[(BLOCK, block.hash())] * wanted))
    time.sleep(1)
    live = Peer.handshaken(node, chain)
    live.send("getdata", inv((BLOCK, block.hash())))
    assert live.expect_block().hash() == block.hash()  # others are served
    limit = 250 if "san" in os.environ.get("TALLY", "") else 40  # a sanitizer keeps what was freed
    assert resident(node) - before < limit, "%d MB more for ten that don't read" % (resident(node) - before)
    q = deaf[0]
    for _ in range(wanted):
        assert q.expect("block") == block.bytes()
    assert Block.read(block.bytes()).hash() == block.hash() and q.is_connected()
    for q in deaf:
        q.close()


def test_what_a_hundred_ask_for_and_none_reads_is_there_once(net):
    node = net.node()
    node.create("CENTRAL_NODE", "-spacing", "0", "-maturity", "1")
    node.start("-connect", "0")
    chain, key = Chain.from_node(node), Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, 11):
        p.send_block(b)
    coins = [coin_of(b) for b in chain.blocks[1:11]]
    block = chain.add(chain.next_block(key, [spend(key, [c], [(1000, key.script)] * 3000, chain.genesis) for c in coins]))
    assert len(block.bytes()) > 900_000
    p.send_block(block)
    wait_until("a large block is taken", lambda: node.rpc("getblockcount") == 12)
    before = resident(node)
    deaf = [Peer.handshaken(node, chain) for _ in range(100)]
    for q in deaf:
        q.send("getdata", inv(*[(BLOCK, block.hash())] * 40))
    time.sleep(1)
    live = Peer.handshaken(node, chain)
    live.send("getdata", inv((BLOCK, block.hash())))
    assert live.expect("block") == block.bytes()
    limit = 250 if "san" in os.environ.get("TALLY", "") else 40
    assert resident(node) - before < limit, "%d MB more for a hundred that don't read" % (resident(node) - before)
    assert deaf[99].expect("block") == block.bytes()
    for q in deaf:
        q.close()


if __name__ == "__main__":
    main(globals())
