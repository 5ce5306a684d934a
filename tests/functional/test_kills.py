"""Kills a node with SIGKILL at random moments, many times. Everything that it acknowledged must still be there, and
the unspent outputs must be those that its blocks make. TALLY_KILLS sets the number of kills: 1000 for a soak test."""
import os
import random
import shutil
import signal
import threading
import time

from framework import NODE_STOPPED, main, wait_until

KILLS = int(os.environ.get("TALLY_KILLS", "50"))


class Repeater(threading.Thread):
    """Calls the action again and again until the node is killed. Keeps the results of the calls that returned."""

    def __init__(self, action):
        super().__init__(daemon=True)
        self.action, self.acknowledged = action, []
        self.start()

    def run(self):
        try:
            while True:
                self.acknowledged.append(self.action())
        except NODE_STOPPED:
            pass


def kill(n, max_seconds):
    """Kills the node after a random time of at most max_seconds."""
    time.sleep(random.uniform(0, max_seconds))
    n.stop(signal.SIGKILL)


def check_directory(n, addresses=(), blocks=(), payments=()):
    """Checks the directory of a killed node, while no node runs. Its unspent outputs must be those that its blocks
    make, and it must have these addresses, blocks and payments."""
    coins = n.cli("rpc", "gettxoutsetinfo")
    n.cli("reindexutxo")
    assert n.cli("rpc", "gettxoutsetinfo") == coins
    known = n.cli("listaddresses")
    for address in addresses:
        assert address in known, address
    for block in blocks:
        assert '"hash": "%s"' % block in n.cli("rpc", "getblockheader", block)
    if payments:
        history = n.cli("rpc", "listtransactions", "*", "1000")
        for txid in payments:
            assert txid in history, txid


def start_without_peers(n):
    n.start("-connect", "0")


def test_kills_while_mining_lose_nothing_acknowledged(net):
    n = net.chain_node()
    for _ in range(KILLS // 4 + KILLS % 4):
        miner = Repeater(lambda: n.generate(3))
        maker = Repeater(lambda: n.rpc("getnewaddress"))
        kill(n, 0.3)
        miner.join()
        maker.join()
        check_directory(n, maker.acknowledged, [h for hashes in miner.acknowledged[-2:] for h in hashes])
        start_without_peers(n)


def test_kills_while_paying_lose_nothing_acknowledged(net):
    n = net.chain_node()
    n.generate(30)
    to = n.cli("createwallet")
    for _ in range(KILLS // 4):
        payer = Repeater(lambda: n.rpc("sendtoaddress", to, round(random.uniform(0.01, 1), 4)))
        miner = Repeater(lambda: n.generate(1))
        kill(n, 0.3)
        payer.join()
        miner.join()
        check_directory(n, [to], payments=payer.acknowledged[-20:])
        start_without_peers(n)


def test_kills_while_syncing_leave_a_directory_that_syncs_on(net):
    one = net.chain_node()
    to = one.cli("createwallet")
    for _ in range(4):
        one.generate(150)
        for _ in range(20):
            one.rpc("sendtoaddress", to, 0.5)
    one.generate(1)
    two = net.node()
    mine = None
    for i in range(KILLS // 4):
        if i % 3 == 0:  # start again with an empty directory
            shutil.rmtree(two.dir, ignore_errors=True)
            mine = two.cli("createwallet")
        two.start("-connect", "127.0.0.1:%d" % one.id)
        kill(two, 0.3)
        # Otherwise it was killed before it had stored the chain's first block.
        if two.run("rpc", "getblockcount")[0] == 0:
            check_directory(two, [mine])
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("the node has synced in the end", lambda: two.tip() == one.tip(), 60)
    coins = one.rpc("gettxoutsetinfo")
    assert two.rpc("gettxoutsetinfo") == coins


def test_kills_during_reorganisations_lose_no_block(net):
    one = net.chain_node()
    one.generate(10)
    two = net.synced_node(one)
    two.stop()
    to = one.cli("createwallet")
    for _ in range(KILLS // 4):
        start_without_peers(two)
        two.generate(random.randrange(1, 40), two.rpc("getnewaddress"))
        own = two.tip()
        height = two.rpc("getblockcount")
        one.rpc("sendtoaddress", to, 1)
        # If the last kill came before the commit, the first node's chain is still the longer one.
        one.generate(max(0, height - one.rpc("getblockcount")) + random.randrange(1, 20))
        two.connect(one)
        kill(two, 0.2)
        check_directory(two, blocks=[own])
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("both nodes have the same tip", lambda: two.tip() == one.tip(), 60)
    assert two.rpc("gettxoutsetinfo") == one.rpc("gettxoutsetinfo")


if __name__ == "__main__":
    main(globals())
