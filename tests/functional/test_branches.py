"""Which branch becomes the best chain: equal work, unrequested blocks, branches with an invalid block, deep
reorganisations, and restarts in between."""
import copy

from chainlib import COIN, Chain, Key, Tx, spend
from coins import owned_chain
from framework import main, wait_until
from p2p import BLOCK, Peer, headers, inv, read_inv


def has_tip(node, chain):
    return node.tip() == chain.tip.hash()[::-1].hex()


def test_of_two_branches_with_equal_work_the_first_seen_stays_best_after_a_restart(net):
    node, chain, key, p = owned_chain(net, 6)
    rival = chain.fork(chain.height - 1)
    rival.grow(key)
    p.send_block(rival.tip)
    p.sync_with_ping()
    assert has_tip(node, chain)
    states = {t["hash"]: t["status"] for t in node.rpc("getchaintips")}
    assert states[chain.tip.hash()[::-1].hex()] == "active"
    assert states[rival.tip.hash()[::-1].hex()].startswith("valid-")
    assert node.stop() == 0
    node.start("-connect", "0")
    assert has_tip(node, chain)
    rival.grow(key)
    q = Peer.handshaken(node, chain)
    q.send_block(rival.tip)
    wait_until("the branch with more work is the best chain", lambda: has_tip(node, rival))


def test_of_two_branches_with_equal_work_the_first_complete_one_is_best(net):
    node, chain, key, p = owned_chain(net, 6)
    a, b = chain.fork(chain.height), chain.fork(chain.height)
    a.grow(key, 2)
    b.grow(key, 2)
    p.send("headers", headers(a.blocks[-2:]))
    p.expect("getdata", lambda m: (BLOCK, a.tip.hash()) in read_inv(m))
    p.send_block(a.tip)  # the second block of the branch: without the first it cannot be connected
    q = Peer.handshaken(node, chain)
    for block in b.blocks[-2:]:
        q.send_block(block)
    wait_until("the complete branch is the best chain", lambda: has_tip(node, b))
    p.send_block(a.blocks[-2])
    p.sync_with_ping()
    assert has_tip(node, b)  # equal work, but complete later


def test_a_branch_with_an_invalid_block_is_used_only_up_to_that_block(net):
    node, chain, key, p = owned_chain(net, 6)
    pay = spend(key, [(chain.blocks[1].txs[0].id(), 0, chain.subsidy(1))], [(COIN, key.script)], chain.genesis)
    p.send("tx", pay.bytes())
    wait_until("the payment is in the mempool", lambda: len(node.rpc("getrawmempool")) == 1)
    block = chain.add(chain.next_block(key, [pay]))
    p.send_block(block)
    wait_until("the payment is in a block", lambda: node.rpc("getrawmempool") == [] and has_tip(node, chain))
    invalid = chain.fork(chain.height - 2)
    invalid.grow(key, 3)
    too_much = spend(key, [(invalid.blocks[2].txs[0].id(), 0, invalid.subsidy(2))],
                     [(invalid.subsidy(2) + 1, key.script)], chain.genesis)
    invalid.add(invalid.next_block(key, [too_much]))
    valid_part = copy.copy(invalid)
    valid_part.blocks = invalid.blocks[:-1]
    q = Peer.handshaken(node, chain)
    for b in invalid.blocks[-4:]:
        q.send_block(b)
    q.expect_disconnect("an invalid block in a branch")
    # Without the invalid block the branch is still one block longer than the old chain, so it stays the best.
    wait_until("the valid part of the branch is the best chain", lambda: has_tip(node, valid_part))
    # The block with the payment was disconnected, so the payment is unconfirmed again.
    assert node.rpc("getrawmempool") == [pay.id()[::-1].hex()]
    r = Peer.handshaken(node, chain)
    chain.grow(key, 2)
    for b in chain.blocks[-2:]:
        r.send_block(b)
    wait_until("the first chain is the best again", lambda: has_tip(node, chain))
    assert node.rpc("getrawmempool") == []
    assert node.stop() == 0
    coins = node.cli("reindexutxo")
    assert coins == "%d unspent outputs" % (len(chain.blocks)), coins


def test_an_unrequested_block_with_too_little_work_is_not_stored(net):
    node, chain, key, p = owned_chain(net, 160)
    low = chain.fork(3)
    low.grow(key)
    p.send_block(low.tip)  # 156 blocks below the tip
    p.sync_with_ping()
    assert len(node.rpc("getchaintips")) == 1
    near = chain.fork(chain.height - 3)
    near.grow(key)
    p.send_block(near.tip)
    p.sync_with_ping()
    wait_until("a block that forks off near the tip is stored", lambda: len(node.rpc("getchaintips")) == 2)
    assert has_tip(node, chain)


def test_a_peer_that_claims_a_false_height_does_not_stall_the_node(net):
    node, chain, key, _ = owned_chain(net, 6)
    liar = Peer.handshaken(node, chain, height=2_000_000_000)
    liar.sync_with_ping()
    p = Peer.handshaken(node, chain)
    chain.grow(key)
    p.send("headers", headers([chain.tip]))
    p.expect("getdata", lambda m: (BLOCK, chain.tip.hash()) in read_inv(m))
    p.send_block(chain.tip)
    wait_until("the honest block is connected", lambda: has_tip(node, chain))
    node.rpc("setgenerate", True)
    wait_until("it mines", lambda: node.rpc("getblockcount") > chain.height, 30)
    assert node.rpc("getblockchaininfo")["initialblockdownload"] is False


def deliver_all(peer, blocks):
    """Answers getdata messages until each of these blocks has been requested and sent."""
    every = {b.hash(): b for b in blocks}
    missing = set(every)
    while missing:
        for kind, h in read_inv(peer.expect("getdata")):
            if kind == BLOCK and h in every:
                peer.send_block(every[h])
                missing.discard(h)


def test_blocks_of_low_work_branches_do_not_make_the_node_believe_it_is_syncing(net):
    """A peer that announces by inv chooses which blocks the node requests. Blocks that don't advance the best chain
    must not count as progress of a sync."""
    node = net.chain_node()
    node.generate(200)
    chain, key = Chain.from_node(node), Key()
    cheap = [chain.fork(0).grow(key)[0] for _ in range(60)]
    p = Peer.handshaken(node, chain, protocol=209)
    p.send("inv", inv(*((BLOCK, b.hash()) for b in cheap)))
    deliver_all(p, cheap[:40])
    assert not node.rpc("getblockchaininfo")["initialblockdownload"]
    assert len(node.generate(1)) == 1
    node.rpc("sendtoaddress", node.rpc("getnewaddress"), 1)
    assert b"catching up" not in open(node.dir + "/tally.log", "rb").read()


def test_blocks_of_low_work_branches_do_not_fill_the_disk(net):
    """The peer announces 40 MB of such blocks by inv. The node stores at most 16 MB for inbound peers. A branch that
    overtakes the chain is still accepted, and its blocks don't count towards the limit any more."""
    node = net.chain_node()
    node.generate(200)
    chain, key = Chain.from_node(node), Key()
    padding = [Tx([[b"\x07" * 32, i, b"\x40" + b"\x01" * 64 + b"\x20" + key.public, 0xffffffff]],
                  [(0, key.script)] * 3000) for i in range(9)]
    for tx in padding:
        tx.bytes = lambda raw=tx.bytes(): raw  # serialised once, to save time
    cheap = [chain.fork(0).next_block(key, padding, extra=bytes([i])) for i in range(48)]
    size = len(cheap[0].bytes())
    p = Peer.handshaken(node, chain, protocol=209)
    deep = chain.fork(0)
    p.send("inv", inv(*((BLOCK, b.hash()) for b in deep.grow(key, 220))))
    deliver_all(p, deep.blocks[1:])
    wait_until("the branch of 220 blocks is the best chain", lambda: has_tip(node, deep))
    p.send("inv", inv(*((BLOCK, b.hash()) for b in cheap)))
    every = {b.hash(): b for b in cheap}
    given = 0
    try:
        while given < len(cheap):
            for _, h in read_inv(p.expect("getdata", seconds=3)):
                p.send_block(every[h])
                given += 1
    except AssertionError:
        pass  # the node has stopped requesting blocks
    assert given < len(cheap)
    wait_until("the log reports that the limit is reached",
               lambda: b"refusing blocks of branches" in open(node.dir + "/tally.log", "rb").read())
    assert 14 << 20 < size * (len(node.rpc("getchaintips")) - 2) <= 16 << 20
    node.generate(1)
    assert p.expect("inv")  # the peer is still connected


def test_a_deep_reorganisation_and_its_reversal_survive_kills(net):
    node, chain, key, p = owned_chain(net, 40)
    rival = chain.fork(5)
    rival.grow(key, 60)
    for b in rival.blocks[6:]:
        p.send_block(b)
    wait_until("the longer branch is the best chain", lambda: has_tip(node, rival), 40)
    node.stop(9)
    node.start("-connect", "0")
    assert has_tip(node, rival)
    chain.grow(key, 40)
    q = Peer.handshaken(node, chain)
    q.send("headers", headers(chain.blocks[1:]))
    while not has_tip(node, chain):
        for _, h in read_inv(q.expect("getdata")):
            q.send_block(chain.blocks[chain.height_of(h)])
        wanted = [m for m in q.received if m[0] == "getdata"]
        if sum(len(read_inv(m[1])) for m in wanted) >= 40:
            wait_until("the first chain is the best again", lambda: has_tip(node, chain), 30)
    assert node.stop() == 0
    assert node.cli("reindexutxo") == "%d unspent outputs" % len(chain.blocks)


if __name__ == "__main__":
    main(globals())
