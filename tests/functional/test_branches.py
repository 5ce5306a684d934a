"""Which branch wins: ties, blocks nobody asked for, branches that turn out bad, deep ones, and restarts between."""
import copy

from chainlib import COIN, Chain, Key, Tx, spend
from coins import owned_chain
from framework import main, wait_until
from p2p import BLOCK, Peer, headers, inv, read_inv


def tip(node, chain):
    return node.tip() == chain.tip.hash()[::-1].hex()


def test_of_equal_work_the_first_stays_also_over_a_restart(net):
    node, chain, key, p = owned_chain(net, 6)
    rival = chain.fork(chain.height - 1)
    rival.grow(key)
    p.send_block(rival.tip)
    p.sync_with_ping()
    assert tip(node, chain)
    states = {t["hash"]: t["status"] for t in node.rpc("getchaintips")}
    assert states[chain.tip.hash()[::-1].hex()] == "active"
    assert states[rival.tip.hash()[::-1].hex()].startswith("valid-")
    assert node.stop() == 0
    node.start("-connect", "0")
    assert tip(node, chain)
    rival.grow(key)
    q = Peer.handshaken(node, chain)
    q.send_block(rival.tip)
    wait_until("more work wins", lambda: tip(node, rival))


def test_a_whole_branch_counts_from_when_it_is_complete(net):
    node, chain, key, p = owned_chain(net, 6)
    a, b = chain.fork(chain.height), chain.fork(chain.height)
    a.grow(key, 2)
    b.grow(key, 2)
    p.send("headers", headers(a.blocks[-2:]))
    p.expect("getdata", lambda m: (BLOCK, a.tip.hash()) in read_inv(m))
    p.send_block(a.tip)  # its child first: it can't be connected
    q = Peer.handshaken(node, chain)
    for block in b.blocks[-2:]:
        q.send_block(block)
    wait_until("the complete one is the tip", lambda: tip(node, b))
    p.send_block(a.blocks[-2])
    p.sync_with_ping()
    assert tip(node, b)  # equal work, later complete


def test_a_branch_with_a_bad_block_is_left_again(net):
    node, chain, key, p = owned_chain(net, 6)
    pay = spend(key, [(chain.blocks[1].txs[0].id(), 0, chain.subsidy(1))], [(COIN, key.script)], chain.genesis)
    p.send("tx", pay.bytes())
    wait_until("a payment waits", lambda: len(node.rpc("getrawmempool")) == 1)
    block = chain.add(chain.next_block(key, [pay]))
    p.send_block(block)
    wait_until("the payment is in a block", lambda: node.rpc("getrawmempool") == [] and tip(node, chain))
    bad = chain.fork(chain.height - 2)
    bad.grow(key, 3)
    stolen = spend(key, [(bad.blocks[2].txs[0].id(), 0, bad.subsidy(2))], [(bad.subsidy(2) + 1, key.script)], chain.genesis)
    bad.add(bad.next_block(key, [stolen]))
    good_part = copy.copy(bad)
    good_part.blocks = bad.blocks[:-1]
    q = Peer.handshaken(node, chain)
    for b in bad.blocks[-4:]:
        q.send_block(b)
    q.expect_disconnect("a bad block in a branch")
    # Without the bad block the branch has one block more than the old one: it stays the best.
    wait_until("the good part is the tip", lambda: tip(node, good_part))
    assert node.rpc("getrawmempool") == [pay.id()[::-1].hex()]  # disconnected, it waits again
    r = Peer.handshaken(node, chain)
    chain.grow(key, 2)
    for b in chain.blocks[-2:]:
        r.send_block(b)
    wait_until("back again", lambda: tip(node, chain))
    assert node.rpc("getrawmempool") == []
    assert node.stop() == 0
    coins = node.cli("reindexutxo")
    assert coins == "%d unspent outputs" % (len(chain.blocks)), coins


def test_a_block_nobody_asked_for_of_too_little_work_is_not_kept(net):
    node, chain, key, p = owned_chain(net, 160)
    low = chain.fork(3)
    low.grow(key)
    p.send_block(low.tip)  # 156 blocks behind the tip
    p.sync_with_ping()
    assert len(node.rpc("getchaintips")) == 1
    near = chain.fork(chain.height - 3)
    near.grow(key)
    p.send_block(near.tip)
    p.sync_with_ping()
    wait_until("a recent one is kept", lambda: len(node.rpc("getchaintips")) == 2)
    assert tip(node, chain)


def test_a_peer_that_lies_about_its_height_holds_up_nobody(net):
    node, chain, key, _ = owned_chain(net, 6)
    liar = Peer.handshaken(node, chain, height=2_000_000_000)
    liar.sync_with_ping()
    p = Peer.handshaken(node, chain)
    chain.grow(key)
    p.send("headers", headers([chain.tip]))
    p.expect("getdata", lambda m: (BLOCK, chain.tip.hash()) in read_inv(m))
    p.send_block(chain.tip)
    wait_until("the honest block is taken", lambda: tip(node, chain))
    node.rpc("setgenerate", True)
    wait_until("it mines", lambda: node.rpc("getblockcount") > chain.height, 30)
    assert node.rpc("getblockchaininfo")["initialblockdownload"] is False


def gives_all(peer, blocks):
    """Answers getdata until each of these was asked for."""
    every = {b.hash(): b for b in blocks}
    missing = set(every)
    while missing:
        for kind, h in read_inv(peer.expect("getdata")):
            if kind == BLOCK and h in every:
                peer.send_block(every[h])
                missing.discard(h)


def test_cheap_blocks_beside_the_chain_hold_up_nobody(net):
    """A peer that tells by inv alone chooses what it is asked for: what brings nobody on counts for nothing."""
    node = net.chain_node()
    node.generate(200)
    chain, key = Chain.from_node(node), Key()
    cheap = [chain.fork(0).grow(key)[0] for _ in range(60)]
    p = Peer.handshaken(node, chain, protocol=209)
    p.send("inv", inv(*((BLOCK, b.hash()) for b in cheap)))
    gives_all(p, cheap[:40])
    assert not node.rpc("getblockchaininfo")["initialblockdownload"]
    assert len(node.generate(1)) == 1
    node.rpc("sendtoaddress", node.rpc("getnewaddress"), 1)
    assert b"catching up" not in open(node.dir + "/tally.log", "rb").read()


def test_blocks_of_little_work_do_not_fill_the_disk(net):
    """40 MB of them, told by inv: 16 MB are kept of who came by itself. A branch that needs some to overtake the chain
    still does, and gives back what it took."""
    node = net.chain_node()
    node.generate(200)
    chain, key = Chain.from_node(node), Key()
    padding = [Tx([[b"\x07" * 32, i, b"\x40" + b"\x01" * 64 + b"\x20" + key.public, 0xffffffff]],
                  [(0, key.script)] * 3000) for i in range(9)]
    for tx in padding:
        tx.bytes = lambda raw=tx.bytes(): raw  # made once
    cheap = [chain.fork(0).next_block(key, padding, extra=bytes([i])) for i in range(48)]
    size = len(cheap[0].bytes())
    p = Peer.handshaken(node, chain, protocol=209)
    deep = chain.fork(0)
    p.send("inv", inv(*((BLOCK, b.hash()) for b in deep.grow(key, 220))))
    gives_all(p, deep.blocks[1:])
    wait_until("the deep branch wins", lambda: tip(node, deep))
    p.send("inv", inv(*((BLOCK, b.hash()) for b in cheap)))
    every = {b.hash(): b for b in cheap}
    given = 0
    try:
        while given < len(cheap):
            for _, h in read_inv(p.expect("getdata", seconds=3)):
                p.send_block(every[h])
                given += 1
    except AssertionError:
        pass  # it asks for no more
    assert given < len(cheap)
    wait_until("it is said", lambda: b"not kept any more" in open(node.dir + "/tally.log", "rb").read())
    assert 14 << 20 < size * (len(node.rpc("getchaintips")) - 2) <= 16 << 20
    node.generate(1)
    assert p.expect("inv")  # the peer is kept


def test_a_deep_reorganisation_goes_through_and_back_over_kills(net):
    node, chain, key, p = owned_chain(net, 40)
    rival = chain.fork(5)
    rival.grow(key, 60)
    for b in rival.blocks[6:]:
        p.send_block(b)
    wait_until("the longer one wins", lambda: tip(node, rival), 40)
    node.stop(9)
    node.start("-connect", "0")
    assert tip(node, rival)
    chain.grow(key, 40)
    q = Peer.handshaken(node, chain)
    q.send("headers", headers(chain.blocks[1:]))
    while not tip(node, chain):
        for _, h in read_inv(q.expect("getdata")):
            q.send_block(chain.blocks[chain.height_of(h)])
        wanted = [m for m in q.received if m[0] == "getdata"]
        if sum(len(read_inv(m[1])) for m in wanted) >= 40:
            wait_until("back to the first", lambda: tip(node, chain), 30)
    assert node.stop() == 0
    assert node.cli("reindexutxo") == "%d unspent outputs" % len(chain.blocks)


if __name__ == "__main__":
    main(globals())
