"""Blocks and transactions made by the second implementation: just valid, and just not. A bad block costs its sender
the connection; wrong bytes under an honest header don't spoil the honest block."""
import copy
import time

from chainlib import COIN, FINAL, MAX_MONEY, Block, Chain, Key, Tx, coinbase, memo_script, merkle_root, spend
from coins import coin_of, owned_chain
from framework import RpcError, main, wait_until
from p2p import Peer


def refused(node, chain, block, what):
    """A peer of its own sends it: the connection is closed, the tip stays."""
    p = Peer.handshaken(node, chain)
    p.sync_with_ping()
    p.send_block(block)
    p.expect_disconnect(what)
    p.close()
    assert node.tip() == chain.tip.hash()[::-1].hex(), what


def taken(node, chain, block, what):
    p = Peer.handshaken(node, chain)
    p.send_block(block)
    wait_until("%s is taken" % what, lambda: node.tip() == block.hash()[::-1].hex())
    assert p.is_connected()
    p.close()
    chain.add(block)


def test_blocks_just_outside_the_rules_are_refused_and_just_inside_taken(net):
    node, chain, key, _ = owned_chain(net)
    reward = chain.subsidy(chain.height + 1)

    def payment(block, outputs, **how):
        return spend(key, [coin_of(block)], outputs, chain.genesis, **how)

    next_ = lambda *args, **more: chain.next_block(key, *args, **more)  # noqa: E731
    refused(node, chain, next_(outputs=[(reward + 1, key.script)]), "a unit too much")
    taken(node, chain, next_(outputs=[(reward - 1, key.script)]), "a unit left")
    refused(node, chain, next_(time=chain.tip.time - 1), "a second before its parent")
    taken(node, chain, next_(time=chain.tip.time), "its parent's time")
    refused(node, chain, next_(height=chain.height), "the height of its parent")
    refused(node, chain, next_(bits=chain.bits - 1), "another target than the rule's")
    refused(node, chain, next_(extra=b"x" * 100), "a coinbase script of 101 bytes")
    taken(node, chain, next_(extra=b"x" * 99), "a coinbase script of 100 bytes")
    young = chain.blocks[chain.height + 2 - chain.maturity]
    refused(node, chain, next_([payment(young, [(COIN, key.script)])]), "a coinbase a block too young")
    old = chain.blocks[chain.height + 1 - chain.maturity]
    taken(node, chain, next_([payment(old, [(COIN, key.script)])]), "a coinbase just old enough")
    refused(node, chain, next_([payment(old, [(COIN, key.script)])]), "an output spent twice")
    a, b = chain.blocks[1], chain.blocks[2]
    good = payment(a, [(coin_of(a)[2], key.script)])
    refused(node, chain, next_([good, payment(a, [(1, key.script)])]), "two that spend one output")
    child = spend(key, [(good.id(), 0, good.outputs[0][0])], [(5, key.script)], chain.genesis)
    refused(node, chain, next_([child, good]), "a child before its parent")
    taken(node, chain, next_([good, child], fees=good.outputs[0][0] - 5), "a child behind its parent")
    refused(node, chain, next_([payment(b, [(coin_of(b)[2] + 1, key.script)])]), "more out than in")
    refused(node, chain, next_([payment(b, [(-1, key.script)])]), "a negative value")
    refused(node, chain, next_([payment(b, [(MAX_MONEY + 1, key.script)])]), "more than there can be")
    refused(node, chain, next_([payment(b, [(1, b"\x51")])]), "another output script")
    refused(node, chain, next_([payment(b, [(1, memo_script(b"x"))])]), "a memo with a value")
    refused(node, chain, next_([payment(b, [(0, memo_script(b"x")), (0, memo_script(b"y"))])]), "two memos")
    refused(node, chain, next_([payment(b, [(0, memo_script(b"x" * 76))])]), "a memo of 76 bytes")
    refused(node, chain, next_([payment(b, [(5, key.script)], lock_time=chain.height + 1, sequence=0)]),
            "locked until a height that is not over")
    refused(node, chain, next_([payment(b, [(5, key.script)], lock_time=500_000_000 + chain.tip.time, sequence=0)]),
            "locked until a time that is not over")
    taken(node, chain, next_([payment(b, [(5, key.script), (0, memo_script(b"x" * 75))], lock_time=chain.height, sequence=0)]),
          "locked until the height before, with a memo of 75 bytes")
    c = chain.blocks[3]
    late = payment(c, [(5, key.script)], lock_time=4_000_000_000, sequence=FINAL)
    taken(node, chain, next_([late]), "locked for long, with final sequences")
    d = chain.blocks[4]
    foreign = spend(key, [coin_of(d)], [(5, key.script)], b"\1" * 32)
    refused(node, chain, next_([foreign]), "another chain's signature")
    thief = Key()
    stolen = Tx([[coin_of(d)[0], 0, b"", FINAL]], [(5, thief.script)])
    stolen.sign(0, thief, coin_of(d)[2], chain.genesis)
    refused(node, chain, next_([stolen]), "another's key")
    bent = payment(d, [(5, key.script)])
    script = bytearray(bent.inputs[0][2])
    script[1 + 40] ^= 1
    bent.inputs[0][2] = bytes(script)
    refused(node, chain, next_([bent]), "a bent signature")
    refused(node, chain, next_([coinbase(chain.height + 1, [(0, key.script)])]), "a second coinbase")
    wrong = payment(d, [(5, key.script)])
    wrong.version = 2
    refused(node, chain, next_([wrong]), "another version")
    weak = chain.next_block(key)
    weak.mine(valid=False)
    refused(node, chain, weak, "no work")
    taken(node, chain, next_([payment(d, [(coin_of(d)[2], key.script)])]), "all that went before did no harm")


def test_size_limits(net):
    node = net.node()
    node.create("CENTRAL_NODE", "-spacing", "0", "-max-block-bytes", "10000")
    node.start("-connect", "0")
    chain, key = Chain.from_node(node), Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, 8):
        p.send_block(b)
    wait_until("our blocks are taken", lambda: node.rpc("getblockcount") == 8)

    def sized(n, memo_bytes=0):
        outputs = [(1, key.script)] * n + ([(0, memo_script(b"x" * memo_bytes))] if memo_bytes else [])
        return chain.next_block(key, [spend(key, [coin_of(chain.blocks[1])], outputs, chain.genesis)])

    for n in range(290, 330):
        room = 10_000 - len(sized(n).bytes())
        if 12 <= room <= 80:  # a memo output takes 11 bytes and its text
            break
    assert len(sized(n, room - 11).bytes()) == 10_000
    refused(node, chain, sized(n, room - 10), "a byte over the chain's limit")
    taken(node, chain, sized(n, room - 11), "just the chain's limit")


def test_wrong_bytes_under_an_honest_header_are_the_senders_fault_alone(net):
    node, chain, key, _ = owned_chain(net)
    pay = [spend(key, [coin_of(chain.blocks[i])], [(COIN, key.script)], chain.genesis) for i in (1, 2)]
    honest = chain.next_block(key, pay)
    mutated = copy.deepcopy(honest)
    mutated.txs.append(mutated.txs[-1])  # the odd level's last node, twice
    assert merkle_root([t.id() for t in mutated.txs]) == honest.merkle
    refused(node, chain, mutated, "a doubled transaction")
    other = copy.deepcopy(honest)
    other.txs = other.txs[:-1]
    refused(node, chain, other, "another merkle root")
    other = copy.deepcopy(honest)
    other.txs[1].outputs[0] = (COIN + 1, key.script)
    refused(node, chain, other, "another transaction")
    taken(node, chain, honest, "the honest block")


def test_a_block_upon_an_invalid_one_is_refused_for_good(net):
    node, chain, key, _ = owned_chain(net)
    branch = chain.fork(chain.height)
    bad = branch.add(branch.next_block(key, outputs=[(branch.subsidy(9) + 1, key.script)]))
    refused(node, chain, bad, "too much")
    child = branch.next_block(key)
    refused(node, chain, bad, "the same again")
    refused(node, chain, child, "its child")
    assert node.stop() == 0
    node.start("-connect", "0")
    refused(node, chain, child, "its child after a restart")


def test_a_block_from_the_future_is_kept_and_tried_again(net):
    node, chain, key, _ = owned_chain(net)
    now = int(time.time())
    node.rpc("setmocktime", now)
    p = Peer.handshaken(node, chain)
    inside = chain.next_block(key, time=now + 120)
    p.send_block(inside)
    wait_until("120 s ahead is taken", lambda: node.tip() == inside.hash()[::-1].hex())
    chain.add(inside)
    outside = chain.next_block(key, time=now + 125)
    p.send_block(outside)
    assert p.is_connected()
    assert node.tip() == inside.hash()[::-1].hex()
    node.rpc("setmocktime", now + 5)
    wait_until("it is taken when it is due", lambda: node.tip() == outside.hash()[::-1].hex())


def test_more_blocks_from_the_future_than_are_kept_come_when_they_are_due(net):
    one = net.chain_node()
    behind = [net.synced_node(one, "-sync", way) for way in ("classic", "headers")]
    now = int(time.time())
    one.rpc("setmocktime", now + 1000)
    one.generate(150)
    time.sleep(2)
    assert [n.rpc("getblockcount") for n in behind] == [0, 0]
    for n in behind:
        n.rpc("setmocktime", now + 1000)
    wait_until("the clocks are right: all come", lambda: all(n.tip() == one.tip() for n in behind), 60)


def test_bad_transactions_cost_the_connection_and_unwanted_ones_do_not(net):
    node, chain, key, p = owned_chain(net)
    good = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis)
    p.send("tx", good.bytes())
    wait_until("a good one waits", lambda: node.rpc("getrawmempool") == [good.id()[::-1].hex()])
    twice = spend(key, [coin_of(chain.blocks[1])], [(COIN + 1, key.script)], chain.genesis)
    p.send("tx", twice.bytes())  # first seen wins: not wanted, no offence
    young = spend(key, [coin_of(chain.tip)], [(COIN, key.script)], chain.genesis)
    p.send("tx", young.bytes())
    free = spend(key, [coin_of(chain.blocks[2])], [(coin_of(chain.blocks[2])[2], key.script)], chain.genesis)
    p.send("tx", free.bytes())  # below the relay fee
    assert p.is_connected()
    assert node.rpc("getrawmempool") == [good.id()[::-1].hex()]
    for tx, what in (
            (spend(key, [coin_of(chain.blocks[3])], [(1, b"\x51")], chain.genesis), "a bad script"),
            (spend(key, [coin_of(chain.blocks[3])] * 2, [(1, key.script)], chain.genesis), "an outpoint twice"),
            (spend(key, [coin_of(chain.blocks[3])], [(1, key.script)], b"\1" * 32), "a bad signature"),
            (coinbase(9, [(1, key.script)]), "a coinbase")):
        bad = Peer.handshaken(node, chain)
        bad.sync_with_ping()
        bad.send("tx", tx.bytes())
        bad.expect_disconnect(what)
    assert node.rpc("getrawmempool") == [good.id()[::-1].hex()]


def test_sendrawtransaction_and_submitblock_say_what_is_wrong(net):
    node, chain, key, _ = owned_chain(net)
    bad = spend(key, [coin_of(chain.blocks[1])], [(coin_of(chain.blocks[1])[2] + 1, key.script)], chain.genesis)
    try:
        node.rpc("sendrawtransaction", bad.bytes().hex())
        raise AssertionError("taken")
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
