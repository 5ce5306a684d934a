"""What may wait in the mempool and what must leave it, as peers and a person see it."""
from chainlib import COIN, spend
from coins import coin_of, owned_chain, txid_hex
from framework import RpcError, main, wait_until
from p2p import TX, Peer, inv, read_inv

FEE = 20_000


def ids(*txs):
    return sorted(map(txid_hex, txs))


def shown_block(block):
    return block.hash()[::-1].hex()


def waiting(node):
    return sorted(node.rpc("getrawmempool"))


def refused(node, tx, why, code=-26):
    try:
        node.rpc("sendrawtransaction", tx.bytes().hex())
    except RpcError as e:
        assert e.error["code"] == code and why in e.error["message"], e.error
        return
    raise AssertionError("taken, not refused: " + why)


def line(key, coin, n, genesis):
    """n transactions, each spending the one before."""
    txs = []
    for _ in range(n):
        value = coin[2] - FEE
        txs.append(spend(key, [coin], [(value, key.script)], genesis))
        coin = (txs[-1].id(), 0, value)
    return txs


def test_a_line_is_25_long_and_a_family_25_large(net):
    node, chain, key, p = owned_chain(net, 12)
    txs = line(key, coin_of(chain.blocks[1]), 26, chain.genesis)
    for t in txs[:25]:
        p.send("tx", t.bytes())
    wait_until("25 wait", lambda: waiting(node) == ids(*txs[:25]))
    refused(node, txs[25], "too-long-mempool-chain")
    p.send("tx", txs[25].bytes())
    assert p.is_connected()  # no offence
    # One with 30 outputs: 24 children of it, and no more.
    coin = coin_of(chain.blocks[2])
    root = spend(key, [coin], [(COIN, key.script)] * 30, chain.genesis)
    children = [spend(key, [(root.id(), i, COIN)], [(COIN - FEE, key.script)], chain.genesis) for i in range(25)]
    node.rpc("sendrawtransaction", root.bytes().hex())
    for t in children[:24]:
        node.rpc("sendrawtransaction", t.bytes().hex())
    refused(node, children[24], "too-long-mempool-chain")
    entries = node.rpc("getrawmempool", True)
    assert entries[ids(root)[0]]["descendantcount"] == 25
    assert entries[ids(txs[24])[0]]["ancestorcount"] == 25
    # After a block there is room again.
    node.generate(1)
    assert waiting(node) == []
    for t in (txs[25], children[24]):
        node.rpc("sendrawtransaction", t.bytes().hex())
    assert waiting(node) == ids(txs[25], children[24])


def test_a_line_that_was_in_a_lost_block_comes_back_whole(net):
    node, chain, key, p = owned_chain(net, 12)
    txs = line(key, coin_of(chain.blocks[1]), 60, chain.genesis)
    other = chain.fork(12)
    p.send_block(chain.add(chain.next_block(key, txs, fees=60 * FEE)))
    wait_until("a block confirms sixty in a line", lambda: node.rpc("getblockcount") == 13)
    for b in other.grow(key, 2):
        p.send_block(b)
    wait_until("another branch wins", lambda: node.tip() == shown_block(other.tip))
    wait_until("as many as may wait do", lambda: waiting(node) == ids(*txs[:25]))
    node.stop()
    node.start("-connect", "0")
    wait_until("and again after a restart", lambda: waiting(node) == ids(*txs[:25]))
    for first in (25, 50):
        node.generate(1)
        wait_until("the next come", lambda: waiting(node) == ids(*txs[first:first + 25]))
    node.generate(1)
    assert waiting(node) == []
    assert txid_hex(txs[59]) in node.rpc("getblock", node.tip())["tx"]


def test_who_pays_during_a_reorganisation_is_answered_behind_it(net):
    node, chain, key, p = owned_chain(net, 12)
    coin, n = coin_of(chain.blocks[1]), 1500
    fan = spend(key, [coin], [(COIN // 50, key.script)] * n, chain.genesis)
    chain.add(chain.next_block(key, [fan]))
    p.send_block(chain.tip)
    fork = chain.height
    paid = [spend(key, [(fan.id(), i, COIN // 50)], [(COIN // 50 - FEE, key.script)], chain.genesis) for i in range(n)]
    p.send_block(chain.add(chain.next_block(key, paid, fees=n * FEE)))
    wait_until("a block has them all", lambda: node.rpc("getblockcount") == chain.height)
    own = [spend(key, [coin_of(chain.blocks[i])], [(COIN, key.script)], chain.genesis) for i in range(2, 10)]
    other = chain.fork(fork)
    for b in other.grow(key, 2):
        p.send_block(b)
    for t in own:  # some while the block is undone, or what it held comes back
        assert node.rpc("sendrawtransaction", t.bytes().hex()) == txid_hex(t)
    wait_until("all of it waits", lambda: waiting(node) == ids(*paid, *own))


def test_what_a_lost_block_confirmed_is_asked_for_again(net):
    node, chain, key, p = owned_chain(net, 12)
    later = chain.tip.time + 60
    other = chain.fork(12)
    p.send_block(chain.add(chain.next_block(key, time=later)))
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis, later - 1, 0)
    p.send_block(chain.add(chain.next_block(key, [tx])))
    wait_until("it is confirmed", lambda: node.rpc("getblockcount") == 14)
    for b in other.grow(key, 3):
        p.send_block(b)
    wait_until("another branch wins", lambda: node.tip() == shown_block(other.tip))
    assert waiting(node) == []  # the blocks there are older than its lock time
    p.send_block(other.add(other.next_block(key, time=later)))
    wait_until("it is valid again", lambda: node.tip() == shown_block(other.tip))
    p.send("inv", inv((TX, tx.id())))
    p.expect("getdata", lambda payload: (TX, tx.id()) in read_inv(payload))
    p.send("tx", tx.bytes())
    wait_until("it waits", lambda: waiting(node) == ids(tx))


def test_the_first_seen_stays_until_a_block_has_the_other(net):
    node, chain, key, p = owned_chain(net, 12)
    coin = coin_of(chain.blocks[1])
    first = spend(key, [coin], [(coin[2] - FEE, key.script)], chain.genesis)
    child = spend(key, [(first.id(), 0, coin[2] - FEE)], [(COIN, key.script)], chain.genesis)
    richer = spend(key, [coin], [(COIN, key.script)], chain.genesis)  # the rest is fee
    for t in (first, child, richer):
        p.send("tx", t.bytes())
    p.sync_with_ping()
    wait_until("the first and its child wait", lambda: waiting(node) == ids(first, child))
    refused(node, richer, "txn-mempool-conflict")
    block = chain.add(chain.next_block(key, [richer]))
    p.send_block(block)
    wait_until("both have left", lambda: waiting(node) == [])
    refused(node, first, "bad-txns-inputs-missingorspent", -25)


def test_coins_of_a_branch_that_is_left_take_along_what_spends_them(net):
    node, chain, key, p = owned_chain(net, 8)
    assert chain.maturity == 5
    mature = spend(key, [coin_of(chain.blocks[4])], [(COIN, key.script)], chain.genesis)
    after = spend(key, [(mature.id(), 0, COIN)], [(COIN - FEE, key.script)], chain.genesis)
    locked = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis, lock_time=8, sequence=0)
    stay = [mature, after, locked]
    for t in stay:
        node.rpc("sendrawtransaction", t.bytes().hex())
    too_young = spend(key, [coin_of(chain.blocks[5])], [(COIN, key.script)], chain.genesis)
    refused(node, too_young, "bad-txns-premature-spend-of-coinbase")
    too_early = spend(key, [coin_of(chain.blocks[2])], [(COIN, key.script)], chain.genesis, lock_time=9, sequence=0)
    refused(node, too_early, "non-final")
    rival = chain.fork(5)
    rival.grow(key, 6)
    for b in rival.blocks[-6:]:
        p.send_block(b)
    wait_until("the other branch is the best", lambda: node.tip() == rival.tip.hash()[::-1].hex())
    assert waiting(node) == ids(*stay)
    common = spend(key, [coin_of(rival.blocks[5])], [(COIN, key.script)], chain.genesis)
    lost = line(key, coin_of(rival.blocks[6]), 2, chain.genesis)
    for t in (common, *lost):
        node.rpc("sendrawtransaction", t.bytes().hex())
    chain.grow(key, 4)
    for b in chain.blocks[-6:]:
        p.send_block(b)
    wait_until("back again", lambda: node.tip() == chain.tip.hash()[::-1].hex())
    assert waiting(node) == ids(*stay, common)
    node.generate(1)
    assert waiting(node) == []


def test_what_was_mined_comes_back_and_its_rivals_do_not(net):
    node, chain, key, p = owned_chain(net, 12)
    coin = coin_of(chain.blocks[1])
    mined = spend(key, [coin], [(COIN, key.script)], chain.genesis)
    child = spend(key, [(mined.id(), 0, COIN)], [(COIN - FEE, key.script)], chain.genesis)
    rival_tx = spend(key, [coin_of(chain.blocks[2])], [(COIN, key.script)], chain.genesis)
    other = spend(key, [coin_of(chain.blocks[2])], [(COIN - 1, key.script)], chain.genesis)
    first = chain.fork(chain.height)
    first.add(first.next_block(key, [mined, rival_tx]))
    p.send_block(first.tip)
    wait_until("mined", lambda: node.tip() == first.tip.hash()[::-1].hex())
    node.rpc("sendrawtransaction", child.bytes().hex())
    second = chain.fork(chain.height)
    second.add(second.next_block(key, [other]))
    second.grow(key, 1)
    watcher = Peer.handshaken(node, chain)
    for b in second.blocks[-2:]:
        p.send_block(b)
    wait_until("the branch is left", lambda: node.tip() == second.tip.hash()[::-1].hex())
    assert waiting(node) == ids(mined, child)
    watcher.send("mempool")
    watcher.expect("inv", lambda m: {i for i in read_inv(m)} >= {(TX, mined.id()), (TX, child.id())})


def test_a_full_mempool_keeps_those_that_pay_most(net):
    node, chain, key, p = owned_chain(net, 40, "-maxmempool", "1")
    outputs = 3000  # 66 to 96 kB each
    txs = []
    for i in range(1, 31):
        coin = coin_of(chain.blocks[i])
        rate = i  # units a byte
        value = (coin[2] - 110_000 * rate) // outputs
        txs.append(spend(key, [coin], [(value, key.script)] * outputs, chain.genesis))
    for t in txs[:20]:
        p.send("tx", t.bytes())
    p.sync_with_ping()
    info = node.rpc("getmempoolinfo")
    wait_until("it is full", lambda: node.rpc("getmempoolinfo")["mempoolminfee"] > info["minrelaytxfee"])
    wait_until("the last has come", lambda: txid_hex(txs[19]) in waiting(node))
    left = waiting(node)
    assert 0 < len(left) < 20 and txid_hex(txs[0]) not in left
    assert node.rpc("getmempoolinfo")["usage"] <= info["maxmempool"] == 1 << 20
    # The worst of those that left is refused now; one that pays more pushes another out.
    refused(node, txs[0], "mempool-full")
    assert waiting(node) == left
    node.rpc("sendrawtransaction", txs[29].bytes().hex())
    now = waiting(node)
    assert ids(txs[29])[0] in now and len(now) <= len(left)
    # What was refused for its fee is asked for again when a peer offers it.
    node.generate(1)
    p.send("inv", inv((TX, txs[25].id())))
    p.expect("getdata", lambda m: (TX, txs[25].id()) in read_inv(m))


if __name__ == "__main__":
    main(globals())
