"""Three nodes in a row, and more than twelve peers at each that try to delay blocks and payments without breaking a
rule."""
import os
import threading
import time

from chainlib import Chain
from framework import main, wait_until
from p2p import BLOCK, TX, Disconnected, Peer, inv, read_headers, read_inv

WATCH_S = 20


class Attack(threading.Thread):
    """Connects to a node and calls action(attack, peer) again and again, in a thread. Connects again if the node
    disconnects it."""

    def __init__(self, node, chain, action, **fields):
        super().__init__(daemon=True)
        self.node, self.chain, self.action, self.fields = node, chain, action, fields
        self.stopping = False
        self.start()

    def run(self):
        while not self.stopping:
            try:
                p = Peer.handshaken(self.node, self.chain, **self.fields)
                while not self.stopping:
                    self.action(self, p)
                p.close()
            except (Disconnected, OSError, TimeoutError, AssertionError):
                time.sleep(0.2)

    def stop(self):
        self.stopping = True
        self.join()


def receive(p, seconds):
    """The next message (name, payload), or (None, None) if none comes within `seconds`."""
    try:
        return p.receive(seconds)
    except TimeoutError:
        return None, None


def announce_made_up_blocks(attack, p):
    """Announces blocks that don't exist."""
    p.send("inv", inv(*((BLOCK, os.urandom(32)) for _ in range(500))))
    receive(p, 1)


def repeat_old_headers(attack, p):
    """Answers every getheaders with headers that all nodes know already."""
    command, _ = receive(p, 0.5)
    if command == "getheaders":
        p.send("headers", attack.known)


class TipWatcher(threading.Thread):
    """A peer that collects the headers of new tips and the ids of new transactions that its node announces."""

    def __init__(self, node, chain):
        super().__init__(daemon=True)
        self.tips, self.txs = [], []
        self.peer = Peer.handshaken(node, chain)
        self.peer.send("sendheaders")
        self.stopping = False
        self.start()

    def run(self):
        while not self.stopping:
            try:
                command, payload = receive(self.peer, 0.5)
            except (Disconnected, OSError):
                return
            if command == "headers":
                self.tips += read_headers(payload)
            elif command == "inv":
                self.txs += [h for t, h in read_inv(payload) if t == TX]

    def stop(self):
        self.stopping = True
        self.join()
        self.peer.close()


def announce_and_withhold_blocks(attack, p):
    """Announces every new tip as early as possible and never sends the block."""
    announced = getattr(p, "announced", len(attack.watcher.tips))
    for header in attack.watcher.tips[announced:]:
        p.send("headers", b"\x01" + header + b"\x00")
    p.announced = len(attack.watcher.tips)
    p.sock.settimeout(0.005)
    receive(p, 0.005)


def announce_and_withhold_payments(attack, p):
    """Announces every new transaction and never sends it."""
    announced = getattr(p, "announced", 0)
    for h in attack.watcher.txs[announced:]:
        p.send("inv", inv((TX, h)))
    p.announced = max(announced, len(attack.watcher.txs))
    receive(p, 0.005)


def test_attackers_do_not_stop_blocks_and_payments_between_three_nodes(net):
    first = net.chain_node()
    first.generate(10)
    second = net.synced_node(first)
    third = net.synced_node(second)
    nodes = (first, second, third)
    chain = Chain.from_node(first)
    tip_watcher, third_watcher = TipWatcher(first, chain), TipWatcher(third, chain)
    attacks = []
    for i in range(12):  # more peers than the node remembers as announcers of one transaction
        a = Attack(second, chain, announce_and_withhold_payments)
        a.watcher = third_watcher
        attacks.append(a)
    for node in nodes:
        for i in range(4):
            attacks.append(Attack(node, chain, announce_made_up_blocks, protocol=209, height=2_000_000_000))
            a = Attack(node, chain, repeat_old_headers)
            a.known = b"\x0a" + b"".join(b.header() + b"\x00" for b in chain.blocks[1:])
            b = Attack(node, chain, announce_and_withhold_blocks)
            b.watcher = tip_watcher
            attacks += [a, b]
    try:
        wait_until("all attackers are connected", lambda: all(n.rpc("getconnectioncount") >= 12 for n in nodes), 20)
        first.rpc("setgenerate", True)
        behind, start = [], time.monotonic()
        height = first.rpc("getblockcount")
        while time.monotonic() - start < WATCH_S:
            time.sleep(0.2)
            behind.append(first.rpc("getblockcount") - third.rpc("getblockcount"))
        # About a block per second is mined, and two more nodes must get it. The first few may be late.
        made = first.rpc("getblockcount") - height
        assert made >= WATCH_S / 4, made
        second_half = behind[len(behind) // 2:]
        assert sum(second_half) / len(second_half) < 2.5, behind
        txid = first.rpc("sendtoaddress", third.rpc("getnewaddress"), 1)
        wait_until("the payment is in a block at the third node", lambda: any(
            t["txid"] == txid and t["confirmations"] > 0 for t in third.rpc("listtransactions")), 15)
        first.rpc("setgenerate", False)
        # The node must not believe that it is still syncing.
        assert len(third.rpc("generatetoaddress", 1, "THIRD")) == 1
        wait_until("all nodes have the new block", lambda: len({n.tip() for n in nodes}) == 1, 15)
        # A payment in the other direction: for the second node the third one is an inbound peer, like the attackers.
        for turn in range(2):
            txid = third.rpc("sendtoaddress", first.rpc("getnewaddress"), 0.1)
            wait_until("the payment is in the first node's mempool", lambda: txid in first.rpc("getrawmempool"), 40)
    finally:
        for a in attacks:
            a.stopping = True
        for a in attacks:
            a.stop()
        tip_watcher.stop()
        third_watcher.stop()


if __name__ == "__main__":
    main(globals())
