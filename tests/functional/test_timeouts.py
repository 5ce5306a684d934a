"""Timeouts of the protocol, under a clock that is set: setmocktime moves them along, nobody waits."""
import time

from chainlib import Chain
from framework import main, wait_until
from p2p import Peer

MINUTE = 60


def clock(node):
    """Sets the node's clock to now; returns a function that sets it this many seconds later."""
    now = int(time.time())
    node.rpc("setmocktime", now)
    return lambda seconds: node.rpc("setmocktime", now + seconds)


def test_who_says_no_version_within_a_minute_is_closed(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    later = clock(node)
    silent = Peer.dial(node)
    known = Peer.handshaken(node, chain)
    wait_until("both are there", lambda: node.rpc("getconnectioncount") == 2)
    later(MINUTE - 20)
    assert known.is_connected()
    assert node.rpc("getconnectioncount") == 2
    later(MINUTE + 1)
    silent.expect_disconnect()
    assert known.is_connected()


def test_a_ping_is_sent_every_two_minutes(net):
    node = net.chain_node()
    later = clock(node)
    peer = Peer.handshaken(node, Chain.from_node(node))
    peer.sync_with_ping()

    def pings():
        return sum(command == "ping" for command, _ in peer.received)

    assert pings() == 1  # the first follows the handshake
    for minute in (1, 2, 3, 4):
        later(minute * MINUTE + 1)
        wait_until("the node has looked", lambda: peer.is_connected() and pings() == 1 + minute // 2)


def test_silence_for_twenty_minutes_closes_who_has_ponged(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    later = clock(node)
    ponged = Peer.handshaken(node, chain)
    ponged.sync_with_ping()  # answers the ping on the way
    wait_until("the pong is there", lambda: "pingtime" in node.rpc("getpeerinfo")[0])
    old = Peer.handshaken(node, chain, protocol=209)  # knows no ping
    later(19 * MINUTE)
    assert node.rpc("getconnectioncount") == 2
    later(40 * MINUTE)
    ponged.expect_disconnect()
    wait_until("one is left", lambda: node.rpc("getconnectioncount") == 1)
    assert node.rpc("getpeerinfo")[0]["version"] == 209
    old.close()


if __name__ == "__main__":
    main(globals())
