"""A clock that is off from the peers' is told in the console and once in the log."""
import time

from chainlib import Chain
from framework import main, wait_until
from p2p import Peer

CLOCK = b"clock is "
AGREES = b"clock agrees"


def log_of(node):
    with open(node.dir + "/tally.log", "rb") as f:
        return f.read()


def warning(node):
    return node.rpc("getnetworkinfo")["warnings"]


def others(node, chain, *clocks):
    """Peers that come from addresses of their own: an address has one vote, and there must be three."""
    peers = []
    for i, clock in enumerate(clocks):
        peers.append(Peer.dial(node, "127.0.0.%d" % (10 + i)))
        peers[-1].handshake(chain, time_offset=clock)
        peers[-1].sync_with_ping()
    return peers


def gone(node, *peers):
    before = node.rpc("getconnectioncount")
    for p in peers:
        p.close()
    wait_until("they are gone", lambda: node.rpc("getconnectioncount") == before - len(peers))


def test_more_than_thirty_seconds_are_told(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    gone(node, *others(node, chain, 25, 25, 25))
    assert CLOCK not in log_of(node)
    # One that comes again and again is one.
    gone(node, *[Peer.handshaken(node, chain, time_offset=90) for _ in range(4)])
    assert CLOCK not in log_of(node) and warning(node) == ""
    far = others(node, chain, 90, 95, 100)
    wait_until("the log has it", lambda: CLOCK in log_of(node))
    assert "behind its peers'" in warning(node), warning(node)
    screen = node.run("startnode", "-dump-screen", "100x30")[1]
    assert "behind its peers'" in screen, screen
    # One odd clock among three moves nothing.
    gone(node, *far)
    mixed = others(node, chain, 90, 0, -3)
    wait_until("the log has its end", lambda: AGREES in log_of(node))
    assert warning(node) == ""
    assert log_of(node).count(CLOCK) == 1
    # Two of three do.
    gone(node, *mixed)
    behind = others(node, chain, 90, -100, -110)
    wait_until("the log has it again", lambda: log_of(node).count(CLOCK) == 2)
    assert "ahead of its peers'" in warning(node)
    assert all(p.is_connected() for p in behind)


def test_one_that_was_dialled_is_enough(net):
    node = net.chain_node()
    node.rpc("setmocktime", int(time.time()) + 100)
    other = net.synced_node(node)
    wait_until("the log has it", lambda: CLOCK in log_of(other), 30)


if __name__ == "__main__":
    main(globals())
