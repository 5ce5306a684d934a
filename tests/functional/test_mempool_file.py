"""mempool.dat: unconfirmed transactions survive a restart. Payments of the node's own wallet are announced again."""
import json
import os
import signal
import time

from chainlib import Chain, Key, spend
from framework import main, wait_until


def node_with_foreign_payments(net, payments=3):
    """A node whose mempool holds payments of another node, which has stopped. Returns (node, txids in mempool
    order)."""
    one = net.chain_node()
    two = net.synced_node(one)
    to = two.rpc("getnewaddress", "two")
    one.rpc("generatetoaddress", 8, to)
    wait_until("the second node has synced", lambda: two.tip() == one.tip())
    # Each payment spends the change of the one before, or another coin.
    ids = [two.rpc("sendtoaddress", to, 1) for _ in range(payments)]
    wait_until("the first node has all payments", lambda: sorted(one.rpc("getrawmempool")) == sorted(ids))
    assert two.stop() == 0
    return one, one.rpc("getrawmempool")


def mempool_file(node):
    return os.path.join(node.dir, "mempool.dat")


def is_loaded(node):
    return node.rpc("getmempoolinfo")["loaded"]


def test_transactions_and_their_times_survive_a_restart(net):
    one, ids = node_with_foreign_payments(net)
    times = {i: e["time"] for i, e in one.rpc("getrawmempool", True).items()}
    assert one.stop() == 0
    time.sleep(1.1)
    # A command that opens the directory itself reads the file, too, and doesn't change it.
    assert len(one.cli("rpc", "getrawmempool").split('"')) // 2 == len(ids)
    one.start("-connect", "0")
    wait_until("mempool.dat is loaded", lambda: is_loaded(one))
    assert one.rpc("getrawmempool") == ids
    assert {i: e["time"] for i, e in one.rpc("getrawmempool", True).items()} == times
    one.generate(1)
    assert one.rpc("getrawmempool") == []
    # Transactions that are in a block by now are not loaded again.
    assert one.stop() == 0
    one.start("-connect", "0")
    wait_until("mempool.dat is loaded", lambda: is_loaded(one))
    assert one.rpc("getrawmempool") == []


def test_the_file_is_written_without_following_a_symbolic_link(net):
    one, ids = node_with_foreign_payments(net, payments=1)
    precious = os.path.join(net.home, "precious")
    with open(precious, "w") as f:
        f.write("precious")
    os.symlink(precious, mempool_file(one) + ".new")
    one.rpc("savemempool")
    with open(precious) as f:
        assert f.read() == "precious"
    assert not os.path.islink(mempool_file(one)) and os.path.getsize(mempool_file(one)) > 100
    assert one.stop() == 0
    os.unlink(mempool_file(one))
    os.mkfifo(mempool_file(one))  # opening it must not block until somebody writes to it
    one.start("-connect", "0")
    assert one.rpc("getrawmempool") == []


def test_savemempool_survives_a_kill(net):
    one, ids = node_with_foreign_payments(net)
    assert one.rpc("savemempool") == {"filename": mempool_file(one)}
    assert os.stat(mempool_file(one)).st_mode & 0o777 == 0o600
    one.stop(signal.SIGKILL)
    one.start("-connect", "0")
    wait_until("all transactions are in the mempool again", lambda: one.rpc("getrawmempool") == ids)


def test_the_file_is_written_every_five_minutes(net):
    one, ids = node_with_foreign_payments(net)
    assert not os.path.exists(mempool_file(one))
    one.rpc("setmocktime", int(time.time()) + 290)
    one.rpc("setmocktime", int(time.time()) + 310)
    wait_until("mempool.dat is written", lambda: os.path.exists(mempool_file(one)))
    one.stop(signal.SIGKILL)
    one.start("-connect", "0")
    wait_until("all transactions are in the mempool again", lambda: one.rpc("getrawmempool") == ids)


def test_a_damaged_file_is_ignored_and_logged(net):
    one, ids = node_with_foreign_payments(net)
    assert one.stop() == 0
    with open(mempool_file(one), "rb") as f:
        good = f.read()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 4
    for bad in (bytes(flipped), good[:-1], good[:20], b"", b"\0" * 5000, good + b"x"):
        with open(mempool_file(one), "wb") as f:
            f.write(bad)
        with open(os.path.join(one.dir, "tally.log")) as f:
            lines = f.read().count("mempool.dat is damaged")
        one.start("-connect", "0")
        assert is_loaded(one) and one.rpc("getrawmempool") == []
        assert one.stop() == 0
        with open(os.path.join(one.dir, "tally.log")) as f:
            assert f.read().count("mempool.dat is damaged") == lines + 1
    with open(mempool_file(one), "wb") as f:
        f.write(good)
    one.start("-connect", "0")
    wait_until("all transactions are in the mempool again", lambda: one.rpc("getrawmempool") == ids)


def node_with_many_payments(net, n):
    """A node whose mempool holds n transactions of a key that is not in its wallet. Returns (node, txids in mempool
    order)."""
    one, key = net.chain_node(), Key()
    one.rpc("generatetoaddress", 1, key.address)
    one.generate(5)
    chain = Chain.from_node(one)
    tx = chain.blocks[1].txs[0]
    value = tx.outputs[0][0] // n - 10000
    split = spend(key, [(tx.id(), 0, tx.outputs[0][0])], [(value, key.script)] * n, chain.genesis)
    one.rpc("sendrawtransaction", split.bytes().hex())
    one.generate(1)
    txs = [spend(key, [(split.id(), i, value)], [(value - 1000 - i, key.script)], chain.genesis) for i in range(n)]
    calls = [{"method": "sendrawtransaction", "params": [t.bytes().hex()], "id": i} for i, t in enumerate(txs)]
    for i in range(0, n, 250):
        status, text = one.post(json.dumps(calls[i:i + 250]))
        assert all(a["error"] is None for a in json.loads(text)), text[:300]
    return one, [t.id()[::-1].hex() for t in txs]


def test_more_transactions_than_the_verification_queue_holds_are_loaded_in_order(net):
    one, ids = node_with_many_payments(net, 2500)
    assert one.rpc("getrawmempool") == ids
    assert one.stop() == 0
    one.start("-connect", "0")
    wait_until("mempool.dat is loaded", lambda: is_loaded(one), 60)
    assert one.rpc("getrawmempool") == ids
    # If the node stops while it loads the file, the file stays as it was.
    assert one.stop() == 0
    for pause in (0, 0.01, 0.03):
        one.start("-connect", "0")
        time.sleep(pause)
        assert one.stop() == 0
    one.start("-connect", "0")
    wait_until("all transactions are in the mempool again", lambda: one.rpc("getrawmempool") == ids, 60)
    one.generate(1)
    assert one.rpc("getrawmempool") == []


def test_transactions_expire_after_14_days(net):
    one, ids = node_with_foreign_payments(net)
    now = int(time.time())
    one.rpc("setmocktime", now + 14 * 86400 - 60)
    assert one.rpc("getrawmempool") == ids
    one.rpc("setmocktime", now + 14 * 86400 + 120)
    wait_until("the mempool is empty", lambda: one.rpc("getrawmempool") == [])


def test_own_payments_are_announced_again(net):
    one = net.chain_node()
    one.generate(8)
    to = one.cli("createwallet")
    txid = one.rpc("sendtoaddress", to, 1)
    two = net.synced_node(one)
    one.rpc("setmocktime", int(time.time()) + 310)
    wait_until("the second node has the payment", lambda: two.rpc("getrawmempool") == [txid])
    # An own payment that has expired is put into the mempool and announced again, too.
    one.rpc("setmocktime", int(time.time()) + 15 * 86400)
    wait_until("the payment is in the mempool again, with a new time",
               lambda: one.rpc("getrawmempool", True)[txid]["time"] > time.time() + 14 * 86400)


if __name__ == "__main__":
    main(globals())
