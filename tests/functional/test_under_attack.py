"""Three nodes in a line, and twelve peers at each that do all they can to hold them up, without breaking a rule."""
import os
import threading
import time

from chainlib import Chain
from framework import main, wait_until
from p2p import BLOCK, TX, Disconnected, Peer, inv, read_headers, read_inv

WATCH_S = 20


class Attack(threading.Thread):
    """Connections to a node until it is told to end; who is thrown out comes again."""

    def __init__(self, node, chain, what, **how):
        super().__init__(daemon=True)
        self.node, self.chain, self.what, self.how = node, chain, what, how
        self.over = False
        self.start()

    def run(self):
        while not self.over:
            try:
                p = Peer.handshaken(self.node, self.chain, **self.how)
                while not self.over:
                    self.what(self, p)
                p.close()
            except (Disconnected, OSError, TimeoutError, AssertionError):
                time.sleep(0.2)

    def stop(self):
        self.over = True
        self.join()


def read(p, seconds):
    try:
        return p.receive(seconds)
    except TimeoutError:
        return None, None


def made_up(attack, p):
    """Names blocks that don't exist."""
    p.send("inv", inv(*((BLOCK, os.urandom(32)) for _ in range(500))))
    read(p, 1)


def first_two_thousand(attack, p):
    """Whatever it is asked for, it tells the headers that everybody has."""
    command, _ = read(p, 0.5)
    if command == "getheaders":
        p.send("headers", attack.known)


class News(threading.Thread):
    """A peer that is told of new tips and transactions at once."""

    def __init__(self, node, chain):
        super().__init__(daemon=True)
        self.tips, self.txs = [], []
        self.peer = Peer.handshaken(node, chain)
        self.peer.send("sendheaders")
        self.over = False
        self.start()

    def run(self):
        while not self.over:
            try:
                command, payload = read(self.peer, 0.5)
            except (Disconnected, OSError):
                return
            if command == "headers":
                self.tips += read_headers(payload)
            elif command == "inv":
                self.txs += [h for t, h in read_inv(payload) if t == TX]

    def stop(self):
        self.over = True
        self.join()
        self.peer.close()


def keeps_back(attack, p):
    """Tells of every tip before anybody else can, and never gives it."""
    told = getattr(p, "told", len(attack.news.tips))
    for header in attack.news.tips[told:]:
        p.send("headers", b"\x01" + header + b"\x00")
    p.told = len(attack.news.tips)
    p.sock.settimeout(0.005)
    read(p, 0.005)


def keeps_payments_back(attack, p):
    """The same with transactions."""
    told = getattr(p, "told", 0)
    for h in attack.news.txs[told:]:
        p.send("inv", inv((TX, h)))
    p.told = max(told, len(attack.news.txs))
    read(p, 0.005)


def test_blocks_and_payments_go_along_the_line(net):
    first = net.chain_node()
    first.generate(10)
    second = net.synced_node(first)
    third = net.synced_node(second)
    line = (first, second, third)
    chain = Chain.from_node(first)
    news, other_news = News(first, chain), News(third, chain)
    attacks = []
    for i in range(12):  # more than are remembered of those that tell of one
        a = Attack(second, chain, keeps_payments_back)
        a.news = other_news
        attacks.append(a)
    for node in line:
        for i in range(4):
            attacks.append(Attack(node, chain, made_up, protocol=209, height=2_000_000_000))
            a = Attack(node, chain, first_two_thousand)
            a.known = b"\x0a" + b"".join(b.header() + b"\x00" for b in chain.blocks[1:])
            b = Attack(node, chain, keeps_back)
            b.news = news
            attacks += [a, b]
    try:
        wait_until("they are all there", lambda: all(n.rpc("getconnectioncount") >= 12 for n in line), 20)
        first.rpc("setgenerate", True)
        behind, begin = [], time.monotonic()
        height = first.rpc("getblockcount")
        while time.monotonic() - begin < WATCH_S:
            time.sleep(0.2)
            behind.append(first.rpc("getblockcount") - third.rpc("getblockcount"))
        # A block a second, which two others took over; a few were held up at first.
        made = first.rpc("getblockcount") - height
        assert made >= WATCH_S / 4, made
        late = behind[len(behind) // 2:]
        assert sum(late) / len(late) < 2.5, behind
        txid = first.rpc("sendtoaddress", third.rpc("getnewaddress"), 1)
        wait_until("the payment is in a block at the other end", lambda: any(
            t["txid"] == txid and t["confirmations"] > 0 for t in third.rpc("listtransactions")), 15)
        first.rpc("setgenerate", False)
        assert len(third.rpc("generatetoaddress", 1, "THIRD")) == 1  # it isn't behind, as far as it knows
        wait_until("the others have it", lambda: len({n.tip() for n in line}) == 1, 15)
        # A payment the other way, where the third came by itself as did those who keep it back.
        for turn in range(2):
            txid = third.rpc("sendtoaddress", first.rpc("getnewaddress"), 0.1)
            wait_until("the payment is at the other end", lambda: txid in first.rpc("getrawmempool"), 40)
    finally:
        for a in attacks:
            a.over = True
        for a in attacks:
            a.stop()
        news.stop()
        other_news.stop()


if __name__ == "__main__":
    main(globals())
