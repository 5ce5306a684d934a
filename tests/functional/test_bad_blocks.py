"""Blocks and transactions that are just within a rule or just outside it, made by the second implementation of the
chain's formats. The node disconnects the sender of an invalid block. Bytes that don't fit a valid header must not
make the node reject the true block with that header later."""
import copy
import time

from chainlib import COIN, FINAL, MAX_MONEY, Block, Chain, Key, Tx, coinbase, memo_script, merkle_root, spend
from coins import coin_of, owned_chain
from framework import RpcError, main, wait_until
from p2p import Peer


def rejects(node, chain, block, case):
    """A new peer sends the block: the node must close that connection and keep its tip."""
    p = Peer.handshaken(node, chain)
    p.sync_with_ping()
    p.send_block(block)
    p.expect_disconnect(case)
    p.close()
    assert node.tip() == chain.tip.hash()[::-1].hex(), case


def accepts(node, chain, block, case):
    """A new peer sends the block: the node must keep the connection and make the block its tip."""
    p = Peer.handshaken(node, chain)
    p.send_block(block)
    wait_until("%s: the block is the new tip" % case, lambda: node.tip() == block.hash()[::-1].hex())
    assert p.is_connected()
    p.close()
    chain.add(block)


def test_each_block_rule_holds_exactly_at_its_limit(net):
    node, chain, key, _ = owned_chain(net)
    reward = chain.subsidy(chain.height + 1)

    def payment(block, outputs, **how):
        return spend(key, [coin_of(block)], outputs, chain.genesis, **how)

    next_ = lambda *args, **more: chain.next_block(key, *args, **more)  # noqa: E731
    rejects(node, chain, next_(outputs=[(reward + 1, key.script)]), "a reward one unit too large")
    accepts(node, chain, next_(outputs=[(reward - 1, key.script)]), "a reward one unit below the subsidy")
    rejects(node, chain, next_(time=chain.tip.time - 1), "a time one second before the parent's")
    accepts(node, chain, next_(time=chain.tip.time), "the same time as the parent")
    rejects(node, chain, next_(height=chain.height), "the parent's height in the coinbase")
    rejects(node, chain, next_(bits=chain.bits - 1), "bits that differ from the required ones")
    rejects(node, chain, next_(extra=b"x" * 100), "a coinbase script of 101 bytes")
    accepts(node, chain, next_(extra=b"x" * 99), "a coinbase script of 100 bytes")
    young = chain.blocks[chain.height + 2 - chain.maturity]
    rejects(node, chain, next_([payment(young, [(COIN, key.script)])]), "a coinbase spent one block too early")
    old = chain.blocks[chain.height + 1 - chain.maturity]
    accepts(node, chain, next_([payment(old, [(COIN, key.script)])]), "a coinbase spent at the first height allowed")
    rejects(node, chain, next_([payment(old, [(COIN, key.script)])]), "an output that an earlier block has spent")
    a, b = chain.blocks[1], chain.blocks[2]
    good = payment(a, [(coin_of(a)[2], key.script)])
    rejects(node, chain, next_([good, payment(a, [(1, key.script)])]), "two transactions that spend one output")
    child = spend(key, [(good.id(), 0, good.outputs[0][0])], [(5, key.script)], chain.genesis)
    rejects(node, chain, next_([child, good]), "a child before its parent")
    accepts(node, chain, next_([good, child], fees=good.outputs[0][0] - 5), "a child after its parent")
    rejects(node, chain, next_([payment(b, [(coin_of(b)[2] + 1, key.script)])]), "outputs worth more than the inputs")
    rejects(node, chain, next_([payment(b, [(-1, key.script)])]), "a negative value")
    rejects(node, chain, next_([payment(b, [(MAX_MONEY + 1, key.script)])]), "a value above MAX_MONEY")
    rejects(node, chain, next_([payment(b, [(1, b"\x51")])]), "an output script of another form")
    rejects(node, chain, next_([payment(b, [(1, memo_script(b"x"))])]), "a memo with a value")
    rejects(node, chain, next_([payment(b, [(0, memo_script(b"x")), (0, memo_script(b"y"))])]), "two memos")
    rejects(node, chain, next_([payment(b, [(0, memo_script(b"x" * 76))])]), "a memo of 76 bytes")
    rejects(node, chain, next_([payment(b, [(5, key.script)], lock_time=chain.height + 1, sequence=0)]),
            "locked until the height of the block itself")
    rejects(node, chain, next_([payment(b, [(5, key.script)], lock_time=500_000_000 + chain.tip.time, sequence=0)]),
            "locked until the time of the block itself")
    memo = (0, memo_script(b"x" * 75))
    accepts(node, chain, next_([payment(b, [(5, key.script), memo], lock_time=chain.height, sequence=0)]),
            "locked until the height before, with a memo of 75 bytes")
    c = chain.blocks[3]
    late = payment(c, [(5, key.script)], lock_time=4_000_000_000, sequence=FINAL)
    accepts(node, chain, next_([late]), "locked for years, but with final sequences")
    d = chain.blocks[4]
    foreign = spend(key, [coin_of(d)], [(5, key.script)], b"\1" * 32)
    rejects(node, chain, next_([foreign]), "a signature for another chain")
    thief = Key()
    stolen = Tx([[coin_of(d)[0], 0, b"", FINAL]], [(5, thief.script)])
    stolen.sign(0, thief, coin_of(d)[2], chain.genesis)
    rejects(node, chain, next_([stolen]), "a coin spent with the key of somebody else")
    flipped_bit = payment(d, [(5, key.script)])
    script = bytearray(flipped_bit.inputs[0][2])
    script[1 + 40] ^= 1
    flipped_bit.inputs[0][2] = bytes(script)
    rejects(node, chain, next_([flipped_bit]), "a signature with one bit flipped")
    rejects(node, chain, next_([coinbase(chain.height + 1, [(0, key.script)])]), "a second coinbase")
    wrong = payment(d, [(5, key.script)])
    wrong.version = 2
    rejects(node, chain, next_([wrong]), "a transaction of version 2")
    weak = chain.next_block(key)
    weak.mine(valid=False)
    rejects(node, chain, weak, "a hash above the target")
    accepts(node, chain, next_([payment(d, [(coin_of(d)[2], key.script)])]), "a valid block after all these")


def test_blocks_are_limited_to_the_size_that_the_chain_sets(net):
    node = net.node()
    node.create("CENTRAL_NODE", "-spacing", "0", "-max-block-bytes", "10000")
    node.start("-connect", "0")
    chain, key = Chain.from_node(node), Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, 8):
        p.send_block(b)
    wait_until("the node has connected our blocks", lambda: node.rpc("getblockcount") == 8)

    def sized(n, memo_bytes=0):
        outputs = [(1, key.script)] * n + ([(0, memo_script(b"x" * memo_bytes))] if memo_bytes else [])
        return chain.next_block(key, [spend(key, [coin_of(chain.blocks[1])], outputs, chain.genesis)])

    for n in range(290, 330):
        room = 10_000 - len(sized(n).bytes())
        if 12 <= room <= 80:  # a memo output takes 11 bytes and its text
            break
    assert len(sized(n, room - 11).bytes()) == 10_000
    rejects(node, chain, sized(n, room - 10), "one byte over the chain's limit")
    accepts(node, chain, sized(n, room - 11), "exactly the chain's limit")


def test_a_mutated_block_does_not_make_the_valid_block_with_its_header_invalid(net):
    node, chain, key, _ = owned_chain(net)
    pay = [spend(key, [coin_of(chain.blocks[i])], [(COIN, key.script)], chain.genesis) for i in (1, 2)]
    honest = chain.next_block(key, pay)
    mutated = copy.deepcopy(honest)
    # The merkle tree repeats the last node of an odd level, so the root stays the same: CVE-2012-2459.
    mutated.txs.append(mutated.txs[-1])
    assert merkle_root([t.id() for t in mutated.txs]) == honest.merkle
    rejects(node, chain, mutated, "the last transaction twice")
    other = copy.deepcopy(honest)
    other.txs = other.txs[:-1]
    rejects(node, chain, other, "a missing transaction")
    other = copy.deepcopy(honest)
    other.txs[1].outputs[0] = (COIN + 1, key.script)
    rejects(node, chain, other, "a changed transaction")
    accepts(node, chain, honest, "the valid block")


def test_descendants_of_an_invalid_block_stay_rejected(net):
    node, chain, key, _ = owned_chain(net)
    branch = chain.fork(chain.height)
    bad = branch.add(branch.next_block(key, outputs=[(branch.subsidy(9) + 1, key.script)]))
    rejects(node, chain, bad, "a reward too large")
    child = branch.next_block(key)
    rejects(node, chain, bad, "the same block again")
    rejects(node, chain, child, "its child")
    assert node.stop() == 0
    node.start("-connect", "0")
    rejects(node, chain, child, "its child after a restart")


def test_a_block_from_the_future_is_stored_and_connected_when_it_is_due(net):
    node, chain, key, _ = owned_chain(net)
    now = int(time.time())
    node.rpc("setmocktime", now)
    p = Peer.handshaken(node, chain)
    inside = chain.next_block(key, time=now + 120)
    p.send_block(inside)
    wait_until("a block 120 s ahead of the clock is connected", lambda: node.tip() == inside.hash()[::-1].hex())
    chain.add(inside)
    outside = chain.next_block(key, time=now + 125)
    p.send_block(outside)
    assert p.is_connected()
    assert node.tip() == inside.hash()[::-1].hex()
    node.rpc("setmocktime", now + 5)
    wait_until("a block 125 s ahead is connected 5 s later", lambda: node.tip() == outside.hash()[::-1].hex())


def test_future_blocks_beyond_the_storage_limit_are_fetched_again_when_they_are_due(net):
    one = net.chain_node()
    behind = [net.synced_node(one, "-sync", way) for way in ("classic", "headers")]
    now = int(time.time())
    one.rpc("setmocktime", now + 1000)
    one.generate(150)
    time.sleep(2)
    assert [n.rpc("getblockcount") for n in behind] == [0, 0]
    for n in behind:
        n.rpc("setmocktime", now + 1000)
    wait_until("all nodes sync when their clocks are right", lambda: all(n.tip() == one.tip() for n in behind), 60)


def test_invalid_transactions_disconnect_their_sender_and_unwanted_ones_do_not(net):
    node, chain, key, p = owned_chain(net)
    good = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    p.send("tx", good.bytes())
    wait_until("the valid transaction is in the mempool",
               lambda: node.rpc("getrawmempool") == [good.id()[::-1].hex()])
    twice = spend(key, [coin_of(chain.blocks[1])], [(COIN + 1, key.script)], chain.genesis)
    p.send("tx", twice.bytes())  # conflicts with the first: not accepted, but not invalid
    young = spend(key, [coin_of(chain.tip)], [(COIN, key.script)], chain.genesis)
    p.send("tx", young.bytes())
    free = spend(key, [coin_of(chain.blocks[2])], [(coin_of(chain.blocks[2])[2], key.script)], chain.genesis)
    p.send("tx", free.bytes())  # below the minimum fee
    assert p.is_connected()
    assert node.rpc("getrawmempool") == [good.id()[::-1].hex()]
    for tx, case in (
            (spend(key, [coin_of(chain.blocks[3])], [(1, b"\x51")], chain.genesis), "a bad script"),
            (spend(key, [coin_of(chain.blocks[3])] * 2, [(1, key.script)], chain.genesis), "an outpoint spent twice"),
            (spend(key, [coin_of(chain.blocks[3])], [(1, key.script)], b"\1" * 32), "a bad signature"),
            (coinbase(9, [(1, key.script)]), "a coinbase")):
        bad = Peer.handshaken(node, chain)
        bad.sync_with_ping()
        bad.send("tx", tx.bytes())
        bad.expect_disconnect(case)
    assert node.rpc("getrawmempool") == [good.id()[::-1].hex()]


def test_sendrawtransaction_and_submitblock_name_the_broken_rule(net):
    node, chain, key, _ = owned_chain(net)
    bad = spend(key, [coin_of(chain.blocks[1])], [(coin_of(chain.blocks[1])[2] + 1, key.script)], chain.genesis)
    try:
        node.rpc("sendrawtransaction", bad.bytes().hex())
        raise AssertionError("an invalid transaction was accepted")
    except RpcError as e:
        assert e.error["code"] == -26 and "bad-txns-in-belowout" in e.error["message"], e.error
    block = chain.next_block(key, outputs=[(chain.subsidy(9) + 1, key.script)])
    assert node.rpc("submitblock", block.bytes().hex()) == "bad-cb-amount"
    block = chain.next_block(key)
    assert node.rpc("submitblock", block.bytes().hex()) is None
    assert node.rpc("submitblock", block.bytes().hex()) == "duplicate"
    assert Block.read(bytes.fromhex(node.rpc("getblock", node.tip(), 0))).hash() == block.hash()


if __name__ == "__main__":
    main(globals())
