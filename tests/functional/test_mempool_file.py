"""What waits, waits over a restart: mempool.dat; own payments are announced again."""
import json
import os
import signal
import time

from chainlib import Chain, Key, spend
from framework import main, wait_until


def pair(net, payments=3):
    """One holds payments of somebody else, made by two, which is gone again. (one, ids in order)."""
    one = net.chain_node()
    two = net.synced_node(one)
    to = two.rpc("getnewaddress", "two")
    one.rpc("generatetoaddress", 8, to)
    wait_until("two has synced", lambda: two.tip() == one.tip())
    # Each spends the change of the one before, or another coin.
    ids = [two.rpc("sendtoaddress", to, 1) for _ in range(payments)]
    wait_until("one has heard", lambda: sorted(one.rpc("getrawmempool")) == sorted(ids))
    assert two.stop() == 0
    return one, one.rpc("getrawmempool")


def path(node):
    return os.path.join(node.dir, "mempool.dat")


def loaded(node):
    return node.rpc("getmempoolinfo")["loaded"]


def test_what_waits_is_there_after_a_restart_with_its_time(net):
    one, ids = pair(net)
    times = {i: e["time"] for i, e in one.rpc("getrawmempool", True).items()}
    assert one.stop() == 0
    time.sleep(1.1)
    # Commands on the directory see it too, and leave it there.
    assert len(one.cli("rpc", "getrawmempool").split('"')) // 2 == len(ids)
    one.start("-connect", "0")
    wait_until("it is loaded", lambda: loaded(one))
    assert one.rpc("getrawmempool") == ids
    assert {i: e["time"] for i, e in one.rpc("getrawmempool", True).items()} == times
    one.generate(1)
    assert one.rpc("getrawmempool") == []
    # What was mined meanwhile does not come back.
    assert one.stop() == 0
    one.start("-connect", "0")
    wait_until("it is loaded", lambda: loaded(one))
    assert one.rpc("getrawmempool") == []


def test_what_a_link_in_its_place_leads_to_is_left_alone(net):
    one, ids = pair(net, payments=1)
    precious = os.path.join(net.home, "precious")
    with open(precious, "w") as f:
        f.write("precious")
    os.symlink(precious, path(one) + ".new")
    one.rpc("savemempool")
    with open(precious) as f:
        assert f.read() == "precious"
    assert not os.path.islink(path(one)) and os.path.getsize(path(one)) > 100
    assert one.stop() == 0
    os.unlink(path(one))
    os.mkfifo(path(one))  # nobody writes into it: the node starts all the same
    one.start("-connect", "0")
    assert one.rpc("getrawmempool") == []


def test_savemempool_survives_a_kill(net):
    one, ids = pair(net)
    assert one.rpc("savemempool") == {"filename": path(one)}
    assert os.stat(path(one)).st_mode & 0o777 == 0o600
    one.stop(signal.SIGKILL)
    one.start("-connect", "0")
    wait_until("all wait again", lambda: one.rpc("getrawmempool") == ids)


def test_every_few_minutes_it_is_written(net):
    one, ids = pair(net)
    assert not os.path.exists(path(one))
    one.rpc("setmocktime", int(time.time()) + 290)
    one.rpc("setmocktime", int(time.time()) + 310)
    wait_until("it is written", lambda: os.path.exists(path(one)))
    one.stop(signal.SIGKILL)
    one.start("-connect", "0")
    wait_until("all wait again", lambda: one.rpc("getrawmempool") == ids)


def test_a_damaged_file_costs_a_line(net):
    one, ids = pair(net)
    assert one.stop() == 0
    with open(path(one), "rb") as f:
        good = f.read()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 4
    for bad in (bytes(flipped), good[:-1], good[:20], b"", b"\0" * 5000, good + b"x"):
        with open(path(one), "wb") as f:
            f.write(bad)
        with open(os.path.join(one.dir, "tally.log")) as f:
            lines = f.read().count("mempool.dat is damaged")
        one.start("-connect", "0")
        assert loaded(one) and one.rpc("getrawmempool") == []
        assert one.stop() == 0
        with open(os.path.join(one.dir, "tally.log")) as f:
            assert f.read().count("mempool.dat is damaged") == lines + 1
    with open(path(one), "wb") as f:
        f.write(good)
    one.start("-connect", "0")
    wait_until("all wait again", lambda: one.rpc("getrawmempool") == ids)


def many(net, n):
    """A node with n payments of a stranger waiting; their ids in order."""
    one, key = net.chain_node(), Key()
    one.rpc("generatetoaddress", 1, key.address)
    one.generate(5)
    chain = Chain.from_node(one)
    tx = chain.blocks[1].txs[0]
    value = tx.outputs[0][0] // n - 10000
    fan = spend(key, [(tx.id(), 0, tx.outputs[0][0])], [(value, key.script)] * n, chain.genesis)
    one.rpc("sendrawtransaction", fan.bytes().hex())
    one.generate(1)
    txs = [spend(key, [(fan.id(), i, value)], [(value - 1000 - i, key.script)], chain.genesis) for i in range(n)]
    calls = [{"method": "sendrawtransaction", "params": [t.bytes().hex()], "id": i} for i, t in enumerate(txs)]
    for i in range(0, n, 250):
        status, text = one.post(json.dumps(calls[i:i + 250]))
        assert all(a["error"] is None for a in json.loads(text)), text[:300]
    return one, [t.id()[::-1].hex() for t in txs]


def test_more_than_waits_to_be_checked_at_a_time_comes_back_in_order(net):
    one, ids = many(net, 2500)
    assert one.rpc("getrawmempool") == ids
    assert one.stop() == 0
    one.start("-connect", "0")
    wait_until("it is loaded", lambda: loaded(one), 60)
    assert one.rpc("getrawmempool") == ids
    # A stop while it is being read leaves the file as it was.
    assert one.stop() == 0
    for pause in (0, 0.01, 0.03):
        one.start("-connect", "0")
        time.sleep(pause)
        assert one.stop() == 0
    one.start("-connect", "0")
    wait_until("all wait again", lambda: one.rpc("getrawmempool") == ids, 60)
    one.generate(1)
    assert one.rpc("getrawmempool") == []


def test_after_14_days_it_leaves(net):
    one, ids = pair(net)
    now = int(time.time())
    one.rpc("setmocktime", now + 14 * 86400 - 60)
    assert one.rpc("getrawmempool") == ids
    one.rpc("setmocktime", now + 14 * 86400 + 120)
    wait_until("it has left", lambda: one.rpc("getrawmempool") == [])


def test_own_payments_are_announced_again(net):
    one = net.chain_node()
    one.generate(8)
    to = one.cli("createwallet")
    txid = one.rpc("sendtoaddress", to, 1)
    two = net.synced_node(one)
    one.rpc("setmocktime", int(time.time()) + 310)
    wait_until("two has heard", lambda: two.rpc("getrawmempool") == [txid])
    # One that expired here is told again too.
    one.rpc("setmocktime", int(time.time()) + 15 * 86400)
    wait_until("it waits again", lambda: one.rpc("getrawmempool", True)[txid]["time"] > time.time() + 14 * 86400)


if __name__ == "__main__":
    main(globals())
