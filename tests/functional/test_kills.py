"""kill -9 at any moment, over and over: what was acknowledged is there, and the coins are those that the blocks
make. TALLY_KILLS=1000 for a soak."""
import os
import random
import shutil
import signal
import threading
import time

from framework import NODE_STOPPED, main, wait_until

KILLS = int(os.environ.get("TALLY_KILLS", "50"))

class Busy(threading.Thread):
    """Does something over and over until the node is gone; keeps what was acknowledged."""

    def __init__(self, what):
        super().__init__(daemon=True)
        self.what, self.acknowledged = what, []
        self.start()

    def run(self):
        try:
            while True:
                self.acknowledged.append(self.what())
        except NODE_STOPPED:
            pass


def kill(n, after):
    time.sleep(random.uniform(0, after))
    n.stop(signal.SIGKILL)


def check(n, addresses=(), blocks=(), payments=()):
    """What must hold of a directory whose node was killed: looked at without a node, from the last kill's files."""
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


def alone(n):
    n.start("-connect", "0")


def test_while_mining(net):
    n = net.chain_node()
    for _ in range(KILLS // 4 + KILLS % 4):
        miner = Busy(lambda: n.generate(3))
        maker = Busy(lambda: n.rpc("getnewaddress"))
        kill(n, 0.3)
        miner.join()
        maker.join()
        check(n, maker.acknowledged, [h for hashes in miner.acknowledged[-2:] for h in hashes])
        alone(n)


def test_while_paying(net):
    n = net.chain_node()
    n.generate(30)
    to = n.cli("createwallet")
    for _ in range(KILLS // 4):
        payer = Busy(lambda: n.rpc("sendtoaddress", to, round(random.uniform(0.01, 1), 4)))
        miner = Busy(lambda: n.generate(1))
        kill(n, 0.3)
        payer.join()
        miner.join()
        check(n, [to], payments=payer.acknowledged[-20:])
        alone(n)


def test_while_syncing(net):
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
        if i % 3 == 0:  # from the start again
            shutil.rmtree(two.dir, ignore_errors=True)
            mine = two.cli("createwallet")
        two.start("-connect", "127.0.0.1:%d" % one.id)
        kill(two, 0.3)
        if two.run("rpc", "getblockcount")[0] == 0:  # else it had not joined yet
            check(two, [mine])
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("it syncs after all", lambda: two.tip() == one.tip(), 60)
    coins = one.rpc("gettxoutsetinfo")
    assert two.rpc("gettxoutsetinfo") == coins


def test_while_reorganising(net):
    one = net.chain_node()
    one.generate(10)
    two = net.synced_node(one)
    two.stop()
    to = one.cli("createwallet")
    for _ in range(KILLS // 4):
        alone(two)
        two.generate(random.randrange(1, 40), two.rpc("getnewaddress"))
        own = two.tip()
        height = two.rpc("getblockcount")
        one.rpc("sendtoaddress", to, 1)
        # Where the last kill came before the commit, the first is still ahead.
        one.generate(max(0, height - one.rpc("getblockcount")) + random.randrange(1, 20))
        two.connect(one)
        kill(two, 0.2)
        check(two, blocks=[own])
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("both agree", lambda: two.tip() == one.tip(), 60)
    assert two.rpc("gettxoutsetinfo") == one.rpc("gettxoutsetinfo")


if __name__ == "__main__":
    main(globals())
