"""Which transactions the mempool accepts and which it removes, as seen by peers and through the control port."""
from chainlib import COIN, spend
from coins import coin_of, owned_chain, txid_hex
from framework import RpcError, main, wait_until
from p2p import TX, Peer, inv, read_inv

FEE = 20_000


def ids(*txs):
    """The transactions' ids in hex, sorted."""
    return sorted(map(txid_hex, txs))


def block_hash_hex(block):
    return block.hash()[::-1].hex()


def mempool(node):
    return sorted(node.rpc("getrawmempool"))


def assert_rejected(node, tx, reason, code=-26):
    try:
        node.rpc("sendrawtransaction", tx.bytes().hex())
    except RpcError as e:
        assert e.error["code"] == code and reason in e.error["message"], e.error
        return
    raise AssertionError("the transaction was accepted: " + reason)


def spend_chain(key, coin, n, genesis):
    """n transactions: the first spends the coin, each other the one before."""
    txs = []
    for _ in range(n):
        value = coin[2] - FEE
        txs.append(spend(key, [coin], [(value, key.script)], genesis))
        coin = (txs[-1].id(), 0, value)
    return txs


def test_at_most_25_unconfirmed_ancestors_or_descendants(net):
    node, chain, key, p = owned_chain(net, 12)
    txs = spend_chain(key, coin_of(chain.blocks[1]), 26, chain.genesis)
    for t in txs[:25]:
        p.send("tx", t.bytes())
    wait_until("25 transactions are in the mempool", lambda: mempool(node) == ids(*txs[:25]))
    assert_rejected(node, txs[25], "too-long-mempool-chain")
    p.send("tx", txs[25].bytes())
    assert p.is_connected()  # the sender is not disconnected for it
    # A transaction with 30 outputs may have at most 24 unconfirmed children.
    coin = coin_of(chain.blocks[2])
    root = spend(key, [coin], [(COIN, key.script)] * 30, chain.genesis)
    children = [spend(key, [(root.id(), i, COIN)], [(COIN - FEE, key.script)], chain.genesis) for i in range(25)]
    node.rpc("sendrawtransaction", root.bytes().hex())
    for t in children[:24]:
        node.rpc("sendrawtransaction", t.bytes().hex())
    assert_rejected(node, children[24], "too-long-mempool-chain")
    entries = node.rpc("getrawmempool", True)
    assert entries[ids(root)[0]]["descendantcount"] == 25
    assert entries[ids(txs[24])[0]]["ancestorcount"] == 25
    # When a block has confirmed them, the two rejected transactions are accepted.
    node.generate(1)
    assert mempool(node) == []
    for t in (txs[25], children[24]):
        node.rpc("sendrawtransaction", t.bytes().hex())
    assert mempool(node) == ids(txs[25], children[24])


def test_a_long_chain_from_a_block_reorganised_away_is_confirmed_again_piece_by_piece(net):
    node, chain, key, p = owned_chain(net, 12)
    txs = spend_chain(key, coin_of(chain.blocks[1]), 60, chain.genesis)
    other = chain.fork(12)
    p.send_block(chain.add(chain.next_block(key, txs, fees=60 * FEE)))
    wait_until("a block confirms 60 transactions, each spending the one before",
               lambda: node.rpc("getblockcount") == 13)
    for b in other.grow(key, 2):
        p.send_block(b)
    wait_until("another branch is the best chain", lambda: node.tip() == block_hash_hex(other.tip))
    wait_until("the first 25 transactions are unconfirmed again", lambda: mempool(node) == ids(*txs[:25]))
    node.stop()
    node.start("-connect", "0")
    wait_until("the first 25 are in the mempool after a restart", lambda: mempool(node) == ids(*txs[:25]))
    for first in (25, 50):
        node.generate(1)
        wait_until("the next transactions are in the mempool", lambda: mempool(node) == ids(*txs[first:first + 25]))
    node.generate(1)
    assert mempool(node) == []
    assert txid_hex(txs[59]) in node.rpc("getblock", node.tip())["tx"]


def test_a_payment_sent_during_a_reorganisation_is_accepted_after_it(net):
    node, chain, key, p = owned_chain(net, 12)
    coin, n = coin_of(chain.blocks[1]), 1500
    split = spend(key, [coin], [(COIN // 50, key.script)] * n, chain.genesis)
    chain.add(chain.next_block(key, [split]))
    p.send_block(chain.tip)
    fork = chain.height
    paid = [spend(key, [(split.id(), i, COIN // 50)], [(COIN // 50 - FEE, key.script)], chain.genesis)
            for i in range(n)]
    p.send_block(chain.add(chain.next_block(key, paid, fees=n * FEE)))
    wait_until("all payments are in a block", lambda: node.rpc("getblockcount") == chain.height)
    own = [spend(key, [coin_of(chain.blocks[i])], [(COIN, key.script)], chain.genesis) for i in range(2, 10)]
    other = chain.fork(fork)
    for b in other.grow(key, 2):
        p.send_block(b)
    for t in own:  # some arrive while the block is disconnected, or while its transactions return to the mempool
        assert node.rpc("sendrawtransaction", t.bytes().hex()) == txid_hex(t)
    wait_until("all transactions are in the mempool", lambda: mempool(node) == ids(*paid, *own))


def test_a_transaction_of_a_block_reorganised_away_is_requested_again(net):
    node, chain, key, p = owned_chain(net, 12)
    later = chain.tip.time + 60
    other = chain.fork(12)
    p.send_block(chain.add(chain.next_block(key, time=later)))
    tx = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis, later - 1, 0)
    p.send_block(chain.add(chain.next_block(key, [tx])))
    wait_until("the transaction is confirmed", lambda: node.rpc("getblockcount") == 14)
    for b in other.grow(key, 3):
        p.send_block(b)
    wait_until("another branch is the best chain", lambda: node.tip() == block_hash_hex(other.tip))
    assert mempool(node) == []  # the blocks of that branch are older than its lock time
    p.send_block(other.add(other.next_block(key, time=later)))
    wait_until("the lock time has passed on that branch", lambda: node.tip() == block_hash_hex(other.tip))
    p.send("inv", inv((TX, tx.id())))
    p.expect("getdata", lambda payload: (TX, tx.id()) in read_inv(payload))
    p.send("tx", tx.bytes())
    wait_until("the transaction is in the mempool", lambda: mempool(node) == ids(tx))


def test_the_first_of_two_conflicting_transactions_stays_until_a_block_has_the_other(net):
    node, chain, key, p = owned_chain(net, 12)
    coin = coin_of(chain.blocks[1])
    first = spend(key, [coin], [(coin[2] - FEE, key.script)], chain.genesis)
    child = spend(key, [(first.id(), 0, coin[2] - FEE)], [(COIN, key.script)], chain.genesis)
    better_paying = spend(key, [coin], [(COIN, key.script)], chain.genesis)  # the rest of the coin is its fee
    for t in (first, child, better_paying):
        p.send("tx", t.bytes())
    p.sync_with_ping()
    wait_until("the first transaction and its child are in the mempool", lambda: mempool(node) == ids(first, child))
    assert_rejected(node, better_paying, "txn-mempool-conflict")
    block = chain.add(chain.next_block(key, [better_paying]))
    p.send_block(block)
    wait_until("both have left the mempool", lambda: mempool(node) == [])
    assert_rejected(node, first, "bad-txns-inputs-missingorspent", -25)


def test_transactions_that_spend_coinbases_of_a_branch_are_removed_with_that_branch(net):
    node, chain, key, p = owned_chain(net, 8)
    assert chain.maturity == 5
    mature = spend(key, [coin_of(chain.blocks[4])], [(COIN, key.script)], chain.genesis)
    after = spend(key, [(mature.id(), 0, COIN)], [(COIN - FEE, key.script)], chain.genesis)
    locked = spend(key, [coin_of(chain.blocks[1])], [(COIN, key.script)], chain.genesis, lock_time=8, sequence=0)
    stay = [mature, after, locked]
    for t in stay:
        node.rpc("sendrawtransaction", t.bytes().hex())
    too_young = spend(key, [coin_of(chain.blocks[5])], [(COIN, key.script)], chain.genesis)
    assert_rejected(node, too_young, "bad-txns-premature-spend-of-coinbase")
    too_early = spend(key, [coin_of(chain.blocks[2])], [(COIN, key.script)], chain.genesis, lock_time=9, sequence=0)
    assert_rejected(node, too_early, "non-final")
    rival = chain.fork(5)
    rival.grow(key, 6)
    for b in rival.blocks[-6:]:
        p.send_block(b)
    wait_until("the other branch is the best chain", lambda: node.tip() == rival.tip.hash()[::-1].hex())
    assert mempool(node) == ids(*stay)
    common = spend(key, [coin_of(rival.blocks[5])], [(COIN, key.script)], chain.genesis)
    lost = spend_chain(key, coin_of(rival.blocks[6]), 2, chain.genesis)
    for t in (common, *lost):
        node.rpc("sendrawtransaction", t.bytes().hex())
    chain.grow(key, 4)
    for b in chain.blocks[-6:]:
        p.send_block(b)
    wait_until("the first branch is the best chain again", lambda: node.tip() == chain.tip.hash()[::-1].hex())
    assert mempool(node) == ids(*stay, common)
    node.generate(1)
    assert mempool(node) == []


def test_transactions_of_a_disconnected_block_return_unless_the_new_branch_conflicts(net):
    node, chain, key, p = owned_chain(net, 12)
    coin = coin_of(chain.blocks[1])
    mined = spend(key, [coin], [(COIN, key.script)], chain.genesis)
    child = spend(key, [(mined.id(), 0, COIN)], [(COIN - FEE, key.script)], chain.genesis)
    rival_tx = spend(key, [coin_of(chain.blocks[2])], [(COIN, key.script)], chain.genesis)
    other = spend(key, [coin_of(chain.blocks[2])], [(COIN - 1, key.script)], chain.genesis)
    first = chain.fork(chain.height)
    first.add(first.next_block(key, [mined, rival_tx]))
    p.send_block(first.tip)
    wait_until("the transaction is in a block", lambda: node.tip() == first.tip.hash()[::-1].hex())
    node.rpc("sendrawtransaction", child.bytes().hex())
    second = chain.fork(chain.height)
    second.add(second.next_block(key, [other]))
    second.grow(key, 1)
    watcher = Peer.handshaken(node, chain)
    for b in second.blocks[-2:]:
        p.send_block(b)
    wait_until("another branch is the best chain", lambda: node.tip() == second.tip.hash()[::-1].hex())
    assert mempool(node) == ids(mined, child)
    watcher.send("mempool")
    watcher.expect("inv", lambda m: {i for i in read_inv(m)} >= {(TX, mined.id()), (TX, child.id())})


def test_a_full_mempool_keeps_the_transactions_with_the_highest_fee_rates(net):
    node, chain, key, p = owned_chain(net, 40, "-maxmempool", "1")
    outputs = 3000  # makes a transaction of 66 to 96 kB
    txs = []
    for i in range(1, 31):
        coin = coin_of(chain.blocks[i])
        rate = i  # units per byte
        value = (coin[2] - 110_000 * rate) // outputs
        txs.append(spend(key, [coin], [(value, key.script)] * outputs, chain.genesis))
    for t in txs[:20]:
        p.send("tx", t.bytes())
    p.sync_with_ping()
    info = node.rpc("getmempoolinfo")
    wait_until("the minimum fee has risen: the mempool is full",
               lambda: node.rpc("getmempoolinfo")["mempoolminfee"] > info["minrelaytxfee"])
    wait_until("the transaction with the highest fee rate is in the mempool",
               lambda: txid_hex(txs[19]) in mempool(node))
    remaining = mempool(node)
    assert 0 < len(remaining) < 20 and txid_hex(txs[0]) not in remaining
    assert node.rpc("getmempoolinfo")["usage"] <= info["maxmempool"] == 1 << 20
    # The transaction with the lowest rate stays rejected. One with a higher rate evicts another.
    assert_rejected(node, txs[0], "mempool-full")
    assert mempool(node) == remaining
    node.rpc("sendrawtransaction", txs[29].bytes().hex())
    now = mempool(node)
    assert ids(txs[29])[0] in now and len(now) <= len(remaining)
    # After a block has made room, a transaction that is announced is requested.
    node.generate(1)
    p.send("inv", inv((TX, txs[25].id())))
    p.expect("getdata", lambda m: (TX, txs[25].id()) in read_inv(m))


if __name__ == "__main__":
    main(globals())
