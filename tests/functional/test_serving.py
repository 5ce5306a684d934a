"""How a node answers getblocks, getheaders and getdata: completely, in order, and within bounds."""
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
    """Resident memory of the node in MB."""
    with open("/proc/%d/status" % node.process.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) // 1024


def block_items(blocks):
    return [(BLOCK, b.hash()) for b in blocks]


def test_getblocks_is_answered_with_500_hashes_and_then_the_tip(net):
    node, chain = start(net, 1203)
    p = Peer.handshaken(node, chain, protocol=209)  # version 209 knows no headers: the node announces blocks by inv
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
            assert read_inv(p.expect("inv")) == block_items([chain.tip])  # makes the peer send getblocks again
    assert got == block_items(chain.blocks[1:])


def test_getblocks_starts_after_the_fork_and_ends_before_the_stop_hash(net):
    node, chain = start(net, 12)
    p = Peer.handshaken(node, chain)

    def request(known, stop=NULL):
        p.send("getblocks", locator(known, stop))
        return read_inv(p.expect("inv"))

    h = [b.hash() for b in chain.blocks]
    assert request([h[5]]) == block_items(chain.blocks[6:])
    assert request([os.urandom(32), h[7], h[3]]) == block_items(chain.blocks[8:])
    # No hash of the locator is known: start after the genesis block.
    assert request([os.urandom(32)]) == block_items(chain.blocks[1:])
    assert request([]) == block_items(chain.blocks)  # an empty locator: start with the genesis block
    assert request([h[5]], stop=h[9]) == block_items(chain.blocks[6:9])
    assert request([h[5]], stop=os.urandom(32)) == block_items(chain.blocks[6:])
    for known, stop in (([h[12]], NULL), ([h[5]], h[6])):
        p.send("getblocks", locator(known, stop))
        p.expect_no("inv", 0.2)  # no answer, as there is no block to list
    assert request([os.urandom(32)] * 100 + [h[11]]) == block_items(chain.blocks[12:])
    p.send("getblocks", locator([os.urandom(32)] * 102))
    p.expect_disconnect("a locator of 102 hashes")


def test_getheaders_is_answered_with_2000_headers_up_to_and_including_the_stop_hash(net):
    node, chain = start(net, 2100)
    p = Peer.handshaken(node, chain)

    def request(known, stop=NULL):
        p.send("getheaders", locator(known, stop))
        return read_headers(p.expect("headers"))

    all_ = [b.header() for b in chain.blocks]
    h = [b.hash() for b in chain.blocks]
    assert request([h[0]]) == all_[1:2001]
    assert request([h[2000]]) == all_[2001:]
    assert request([]) == all_[:2000]  # an empty locator: start with the genesis block
    assert request([], stop=h[77]) == [all_[77]]
    assert request([], stop=os.urandom(32)) == []
    assert request([h[10]], stop=h[20]) == all_[11:21]
    assert request([h[2100]]) == []
    assert request([os.urandom(32), h[2090], h[4]]) == all_[2091:]
    p.send("getheaders", locator([os.urandom(32)] * 102))
    p.expect_disconnect("a locator of 102 hashes")


def test_getdata_is_answered_in_order_and_with_notfound_for_unknown_items(net):
    node, chain = start(net, 8)
    key = Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, 6):
        p.send_block(b)
    wait_until("the node has connected our blocks", lambda: node.rpc("getblockcount") == 14)
    coin = chain.blocks[9].txs[0]
    tx = spend(key, [(coin.id(), 0, coin.outputs[0][0])], [(COIN, key.script)], chain.genesis)
    p.send("tx", tx.bytes())
    wait_until("the transaction is in the mempool", lambda: len(node.rpc("getrawmempool")) == 1)
    unknown = os.urandom(32)
    p.received.clear()
    p.send("getdata", inv((BLOCK, chain.blocks[3].hash()), (TX, unknown), (TX, tx.id()), (BLOCK, unknown),
                          (FILTERED, chain.tip.hash()), (77, chain.tip.hash()), (BLOCK, chain.genesis),
                          (TX, coin.id()), (BLOCK, chain.blocks[3].hash())))
    missing = []
    while len(missing) < 5:
        missing += read_inv(p.expect("notfound"))
    p.sync_with_ping()
    assert missing == [(TX, unknown), (BLOCK, unknown), (FILTERED, chain.tip.hash()), (77, chain.tip.hash()),
                       (TX, coin.id())], missing  # a confirmed transaction can't be requested
    sent = [(c, m) for c, m in p.received if c in ("block", "tx")]
    assert sent == [("block", chain.blocks[3].bytes()), ("tx", tx.bytes()), ("block", chain.blocks[0].bytes()),
                    ("block", chain.blocks[3].bytes())]


def test_blocks_of_side_branches_are_sent_and_invalid_blocks_are_not(net):
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
    p.expect_disconnect("an invalid block")
    q = Peer.handshaken(node, chain)
    q.send("getdata", inv((BLOCK, bad.hash())))
    assert read_inv(q.expect("notfound")) == [(BLOCK, bad.hash())]
    q.send("getheaders", locator([], bad.hash()))
    assert read_headers(q.expect("headers")) == []


def test_two_getdata_messages_of_50_000_items_are_answered_completely(net):
    node, chain = start(net, 1)
    p = Peer.handshaken(node, chain)
    unknown = [(TX, os.urandom(32)) for _ in range(49_999)]
    for _ in range(2):
        p.send("getdata", inv(*unknown, (BLOCK, chain.genesis)))
    missing, blocks = [], 0  # a notfound message collects up to 1,000 items, so the block may come before it
    while len(missing) < 2 * len(unknown) or blocks < 2:
        command, payload = p.receive()
        if command == "notfound":
            missing += read_inv(payload)
        elif command == "block":
            blocks += 1
    assert missing == unknown * 2
    assert p.is_connected()
    p.send("getdata", compact_size(50_001) + inv(*unknown, *unknown[:2])[3:])
    p.expect_disconnect("a getdata of 50,001 items")


def test_peers_that_do_not_read_use_little_memory_and_get_all_blocks_when_they_read(net):
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
    wait_until("the node has connected the large block", lambda: node.rpc("getblockcount") == 8)

    before = resident(node)
    copies = 200  # of a block of 0.2 MB: 40 MB
    idle_peers = [Peer.handshaken(node, chain) for _ in range(10)]
    for q in idle_peers:
        q.send("getdata", inv(*[(BLOCK, block.hash())] * copies))
    time.sleep(1)
    reader = Peer.handshaken(node, chain)
    reader.send("getdata", inv((BLOCK, block.hash())))
    assert reader.expect_block().hash() == block.hash()  # other peers are served meanwhile
    limit = 250 if "san" in os.environ.get("TALLY", "") else 40  # a sanitizer keeps freed memory for a while
    assert resident(node) - before < limit, "%d MB more for 10 peers that don't read" % (resident(node) - before)
    q = idle_peers[0]
    for _ in range(copies):
        assert q.expect("block") == block.bytes()
    assert Block.read(block.bytes()).hash() == block.hash() and q.is_connected()
    for q in idle_peers:
        q.close()


def test_a_block_queued_for_100_peers_is_in_memory_once(net):
    node = net.node()
    node.create("CENTRAL_NODE", "-spacing", "0", "-maturity", "1")
    node.start("-connect", "0")
    chain, key = Chain.from_node(node), Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, 11):
        p.send_block(b)
    coins = [coin_of(b) for b in chain.blocks[1:11]]
    txs = [spend(key, [c], [(1000, key.script)] * 3000, chain.genesis) for c in coins]
    block = chain.add(chain.next_block(key, txs))
    assert len(block.bytes()) > 900_000
    p.send_block(block)
    wait_until("the node has connected the large block", lambda: node.rpc("getblockcount") == 12)
    before = resident(node)
    idle_peers = [Peer.handshaken(node, chain) for _ in range(100)]
    for q in idle_peers:
        q.send("getdata", inv(*[(BLOCK, block.hash())] * 40))
    time.sleep(1)
    reader = Peer.handshaken(node, chain)
    reader.send("getdata", inv((BLOCK, block.hash())))
    assert reader.expect("block") == block.bytes()
    limit = 250 if "san" in os.environ.get("TALLY", "") else 40
    assert resident(node) - before < limit, "%d MB more for 100 peers that don't read" % (resident(node) - before)
    assert idle_peers[99].expect("block") == block.bytes()
    for q in idle_peers:
        q.close()


if __name__ == "__main__":
    main(globals())
