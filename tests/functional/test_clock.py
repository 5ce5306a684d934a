"""A clock that is off from the peers' is told in the console and once in the log."""
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


def test_more_than_thirty_seconds_are_told(net):
    node = net.chain_node()
    chain = Chain.of(node)
    near = Peer.handshaken(node, chain, clock=25)
    near.sync()
    assert warning(node) == ""
    near.close()
    wait_until("it is gone", lambda: node.rpc("getconnectioncount") == 0)
    far = Peer.handshaken(node, chain, clock=90)
    far.sync()
    wait_until("the log has it", lambda: CLOCK in log_of(node))
    assert "behind its peers'" in warning(node), warning(node)
    screen = node.run("startnode", "-dump-screen", "100x30")[1]
    assert "behind its peers'" in screen, screen
    # One odd clock among three moves nothing.
    others = [Peer.handshaken(node, chain, clock=c) for c in (0, -3)]
    for p in others:
        p.sync()
    wait_until("the log has its end", lambda: AGREES in log_of(node))
    assert warning(node) == ""
    assert log_of(node).count(CLOCK) == 1
    # Two of three do.
    others[0].close()
    wait_until("it is gone", lambda: node.rpc("getconnectioncount") == 2)
    behind = [Peer.handshaken(node, chain, clock=c) for c in (-100, -110, -120)]
    for p in behind:
        p.sync()
    wait_until("the log has it again", lambda: log_of(node).count(CLOCK) == 2)
    assert "ahead of its peers'" in warning(node)
    assert far.alive()


if __name__ == "__main__":
    main(globals())
