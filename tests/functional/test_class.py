"""A class of nodes whose central node, 127.0.0.1:3000, starts last. Peers with another chain, or none, must not keep
them from joining it. The test runs in a network namespace of its own, in which port 3000 is free; without namespaces
it is skipped."""
import contextlib
import socket
import threading
import time

from chainlib import Chain
from framework import Node, main, wait_until
from netns import run_in_namespace
from p2p import BLOCK, Disconnected, Peer, inv, version

CENTRAL = 3000
JOIN_S = 8  # within 8 seconds after its start all nodes must have joined the central node


def central_node(net):
    """A node at port 3000 with a chain, not started yet."""
    n = Node(net.home, CENTRAL)
    net.nodes.append(n)
    n.create("CENTRAL_NODE", "-name", "class", "-spacing", "0")
    return n


def foreign_chain(net):
    n = net.node()
    n.create("STRANGER", "-name", "stranger", "-spacing", "0")
    n.start("-connect", "0")
    chain = Chain.from_node(n)
    n.stop()
    return chain


def answer_requests(peer, chain, stopping):
    """Answers a node that wants to join, until `stopping` is set. The peer claims a height of 7 but offers only the
    genesis block; chain=None: it has no chain."""
    while not stopping.is_set():
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


class OtherPeer:
    """A peer that dials the node and also listens, so that the node may dial it."""

    def __init__(self, node, chain):
        self.chain, self.stopping, self.threads = chain, threading.Event(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.2)
        peer = Peer.dial(node)
        peer.send("version", version(chain.genesis if chain else None, height=7 if chain else -1,
                                     port=self.listener.getsockname()[1]))
        self.start_thread(answer_requests, peer, chain, self.stopping)
        self.start_thread(self.accept_connections)

    def start_thread(self, target, *args):
        self.threads.append(threading.Thread(target=target, args=args, daemon=True))
        self.threads[-1].start()

    def accept_connections(self):
        while not self.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                self.start_thread(answer_requests, Peer(self.listener.accept()[0]), self.chain, self.stopping)

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join()
        self.listener.close()


def assert_join(central, *nodes):
    tip = central.tip()
    for n in nodes:
        wait_until("node %d has joined the central node" % n.id, lambda: n.tip() == tip, JOIN_S)


def test_an_inbound_connection_without_a_version_does_not_delay_joining(net):
    central, fresh = central_node(net), net.node()
    fresh.start()
    silent = socket.create_connection(("127.0.0.1", fresh.id))
    time.sleep(0.5)
    central.start()
    assert_join(central, fresh)
    silent.close()


def test_an_inbound_peer_without_a_chain_does_not_delay_joining(net):
    central, fresh = central_node(net), net.node()
    fresh.start()
    other_peer = OtherPeer(fresh, None)
    time.sleep(2)
    central.start()
    assert_join(central, fresh)
    other_peer.stop()


def test_a_node_joins_the_central_node_although_an_inbound_peer_offers_another_chain(net):
    chain, central, fresh = foreign_chain(net), central_node(net), net.node()
    fresh.start()
    other_peer = OtherPeer(fresh, chain)
    time.sleep(2)
    central.start()
    assert_join(central, fresh)
    other_peer.stop()


def test_without_a_central_node_the_chain_of_an_inbound_peer_is_joined_after_10_s(net):
    other, fresh = net.chain_node(), net.node()
    fresh.start()
    other.connect(fresh)
    begin = time.monotonic()
    wait_until("the node has joined the other chain", lambda: fresh.tip() == other.tip())
    assert 8 < time.monotonic() - begin < 15


def test_a_class_joins_when_its_central_node_starts_last(net):
    central = central_node(net)
    configured = [net.node() for _ in range(6)]
    default = [net.node() for _ in range(6)]
    for n in configured:
        n.start("-connect", "127.0.0.1:%d" % CENTRAL)
    for n in default:
        n.start()
    time.sleep(20)  # long enough for the reconnect backoff to have grown
    central.start()
    assert_join(central, *configured, *default)
    central.generate(3)
    wait_until("all nodes have synced", lambda: all(n.tip() == central.tip() for n in configured + default))
    all_nodes = [central, *configured, *default]

    def outbound_pairs():
        return [frozenset((n.id, int(p["addr"].rsplit(":")[-1])))
                for n in all_nodes for p in n.rpc("getpeerinfo") if not p["inbound"]]

    # The nodes find each other: one connection between any two, and neither end keeps dialling the other.
    time.sleep(10)
    wait_until("no two nodes are connected twice", lambda: len(outbound_pairs()) == len(set(outbound_pairs())))
    for n in all_nodes:
        with open(n.out) as f:
            log = f.read()
        for other in all_nodes:
            assert log.count(" 127.0.0.1:%d: connected (outbound)" % other.id) <= 3, (n.id, other.id)


if __name__ == "__main__":
    run_in_namespace(__file__)
    main(globals())
