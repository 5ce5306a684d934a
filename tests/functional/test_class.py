"""A class that waits for its central node, 127.0.0.1:3000, and strangers in it who would keep others from that node, in a
network namespace of its own, where that port is free. Without namespaces it is left out."""
import contextlib
import socket
import threading
import time

from chainlib import Chain
from framework import Node, main, wait_until
from netns import run_in_namespace
from p2p import BLOCK, Disconnected, Peer, inv, version

CENTRAL = 3000
SOON = 8  # seconds after the start of the central node


def central_node(net):
    """With a chain, and not started yet."""
    n = Node(net.home, CENTRAL)
    net.nodes.append(n)
    n.create("CENTRAL_NODE", "-name", "class", "-spacing", "0")
    return n


def chain_of_a_stranger(net):
    n = net.node()
    n.create("STRANGER", "-name", "stranger", "-spacing", "0")
    n.start("-connect", "0")
    chain = Chain.from_node(n)
    n.stop()
    return chain


def serve(peer, chain, ended):
    """Answers what is asked by who joins, with nothing but the genesis."""
    while not ended.is_set():
        try:
            command, _ = peer.receive(0.2)
        except TimeoutError:
            continue
        except Disconnected:
            return
        with contextlib.suppress(Disconnected):
            if command == "version":
                peer.send("version", version(chain.genesis if chain else None, height=7 if chain else -1))
                peer.send("verack")
            elif chain and command in ("getblocks", "getheaders"):
                peer.send("inv", inv((BLOCK, chain.genesis)))
            elif chain and command == "getdata":
                peer.send_block(chain.blocks[0])


class Stranger:
    """Comes to the node, and listens itself, so that it may be dialled."""

    def __init__(self, node, chain):
        self.chain, self.ended, self.threads = chain, threading.Event(), []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.door.settimeout(0.2)
        peer = Peer.dial(node)
        peer.send("version", version(chain.genesis if chain else None, height=7 if chain else -1,
                                     port=self.door.getsockname()[1]))
        self.run(serve, peer, chain, self.ended)
        self.run(self.let_in)

    def run(self, what, *args):
        self.threads.append(threading.Thread(target=what, args=args, daemon=True))
        self.threads[-1].start()

    def let_in(self):
        while not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                self.run(serve, Peer(self.door.accept()[0]), self.chain, self.ended)

    def stop(self):
        self.ended.set()
        for t in self.threads:
            t.join()
        self.door.close()


def joins_soon(central, *nodes):
    tip = central.tip()
    for n in nodes:
        wait_until("node %d joins" % n.id, lambda: n.tip() == tip, SOON)


def test_who_knocks_and_is_silent_keeps_nobody_from_the_central_node(net):
    central, fresh = central_node(net), net.node()
    fresh.start()
    knock = socket.create_connection(("127.0.0.1", fresh.id))
    time.sleep(0.5)
    central.start()
    joins_soon(central, fresh)
    knock.close()


def test_who_greets_and_has_no_chain_keeps_nobody_from_it(net):
    central, fresh = central_node(net), net.node()
    fresh.start()
    stranger = Stranger(fresh, None)
    time.sleep(2)
    central.start()
    joins_soon(central, fresh)
    stranger.stop()


def test_the_chain_of_a_stranger_is_not_taken_in_place_of_that_of_the_central_node(net):
    chain, central, fresh = chain_of_a_stranger(net), central_node(net), net.node()
    fresh.start()
    stranger = Stranger(fresh, chain)
    time.sleep(2)
    central.start()
    joins_soon(central, fresh)
    stranger.stop()


def test_where_there_is_no_central_node_what_comes_is_taken_after_ten_seconds(net):
    other, fresh = net.chain_node(), net.node()
    fresh.start()
    other.connect(fresh)
    begin = time.monotonic()
    wait_until("it joins", lambda: fresh.tip() == other.tip())
    assert 8 < time.monotonic() - begin < 15


def test_a_class_joins_when_its_central_node_starts_last(net):
    central = central_node(net)
    given = [net.node() for _ in range(6)]
    others = [net.node() for _ in range(6)]
    for n in given:
        n.start("-connect", "127.0.0.1:%d" % CENTRAL)
    for n in others:
        n.start()
    time.sleep(20)  # so long that back-off would be felt
    central.start()
    joins_soon(central, *given, *others)
    central.generate(3)
    wait_until("all have synced", lambda: all(n.tip() == central.tip() for n in given + others))
    everybody = [central, *given, *others]

    def dialled():
        return [frozenset((n.id, int(p["addr"].rsplit(":")[-1])))
                for n in everybody for p in n.rpc("getpeerinfo") if not p["inbound"]]

    # They find each other: one connection between any two, and no end dials again and again.
    time.sleep(10)
    wait_until("no two are connected twice", lambda: len(dialled()) == len(set(dialled())))
    for n in everybody:
        with open(n.out) as f:
            log = f.read()
        for other in everybody:
            assert log.count(" 127.0.0.1:%d dialled" % other.id) <= 3, (n.id, other.id)


if __name__ == "__main__":
    run_in_namespace(__file__)
    main(globals())
