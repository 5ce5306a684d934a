"""If the node's clock differs from its peers' clocks by more than 30 s, the console shows a warning, and the log
reports it once."""
import time

from chainlib import Chain
from framework import main, wait_until
from p2p import Peer

DIFFERS = b"clock is "
AGREES = b"clock agrees"


def log_of(node):
    with open(node.dir + "/tally.log", "rb") as f:
        return f.read()


def warning(node):
    return node.rpc("getnetworkinfo")["warnings"]


def peers_with_offsets(node, chain, *offsets):
    """Peers whose clocks are ahead of ours by these offsets in seconds. Each connects from an address of its own,
    because an address has one vote, and the node needs three votes."""
    peers = []
    for i, offset in enumerate(offsets):
        peers.append(Peer.dial(node, "127.0.0.%d" % (10 + i)))
        peers[-1].handshake(chain, time_offset=offset)
        peers[-1].sync_with_ping()
    return peers


def disconnect(node, *peers):
    before = node.rpc("getconnectioncount")
    for p in peers:
        p.close()
    wait_until("the connections are closed", lambda: node.rpc("getconnectioncount") == before - len(peers))


def test_a_difference_above_30_s_is_reported_once(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    disconnect(node, *peers_with_offsets(node, chain, 25, 25, 25))
    assert DIFFERS not in log_of(node)
    # Four connections from one address have one vote.
    disconnect(node, *[Peer.handshaken(node, chain, time_offset=90) for _ in range(4)])
    assert DIFFERS not in log_of(node) and warning(node) == ""
    far = peers_with_offsets(node, chain, 90, 95, 100)
    wait_until("the log reports the difference", lambda: DIFFERS in log_of(node))
    assert "behind its peers'" in warning(node), warning(node)
    screen = node.run("startnode", "-dump-screen", "100x30")[1]
    assert "behind its peers'" in screen, screen
    # One wrong clock of three must not change the median.
    disconnect(node, *far)
    mixed = peers_with_offsets(node, chain, 90, 0, -3)
    wait_until("the log reports that the clocks agree again", lambda: AGREES in log_of(node))
    assert warning(node) == ""
    assert log_of(node).count(DIFFERS) == 1
    # Two wrong clocks of three change it.
    disconnect(node, *mixed)
    behind = peers_with_offsets(node, chain, 90, -100, -110)
    wait_until("the log reports the difference again", lambda: log_of(node).count(DIFFERS) == 2)
    assert "ahead of its peers'" in warning(node)
    assert all(p.is_connected() for p in behind)


def test_one_outbound_peer_is_enough_for_the_warning(net):
    node = net.chain_node()
    node.rpc("setmocktime", int(time.time()) + 100)
    other = net.synced_node(node)
    wait_until("the log reports the difference", lambda: DIFFERS in log_of(other), 30)


if __name__ == "__main__":
    main(globals())
