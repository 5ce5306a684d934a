"""Timeouts of the protocol. The test sets the node's clock with setmocktime instead of waiting."""
import time

from chainlib import Chain
from framework import main, wait_until
from p2p import Peer

MINUTE = 60


def set_clock(node):
    """Sets the node's clock to the current time. Returns a function that sets it to that time plus n seconds."""
    now = int(time.time())
    node.rpc("setmocktime", now)
    return lambda seconds: node.rpc("setmocktime", now + seconds)


def test_a_peer_without_a_version_within_60_s_is_disconnected(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    advance_to = set_clock(node)
    silent = Peer.dial(node)
    known = Peer.handshaken(node, chain)
    wait_until("both peers are connected", lambda: node.rpc("getconnectioncount") == 2)
    advance_to(MINUTE - 20)
    assert known.is_connected()
    assert node.rpc("getconnectioncount") == 2
    advance_to(MINUTE + 1)
    silent.expect_disconnect()
    assert known.is_connected()


def test_a_ping_is_sent_every_two_minutes(net):
    node = net.chain_node()
    advance_to = set_clock(node)
    peer = Peer.handshaken(node, Chain.from_node(node))
    peer.sync_with_ping()

    def pings():
        return sum(command == "ping" for command, _ in peer.received)

    assert pings() == 1  # sent after the handshake
    for minute in (1, 2, 3, 4):
        advance_to(minute * MINUTE + 1)
        wait_until("the number of pings is right", lambda: peer.is_connected() and pings() == 1 + minute // 2)


def test_a_peer_that_has_answered_pings_is_disconnected_after_20_minutes_of_silence(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    advance_to = set_clock(node)
    answering = Peer.handshaken(node, chain)
    answering.sync_with_ping()  # also answers the node's ping
    wait_until("the node has received the pong", lambda: "pingtime" in node.rpc("getpeerinfo")[0])
    old = Peer.handshaken(node, chain, protocol=209)  # this version has no ping, so its silence means nothing
    advance_to(19 * MINUTE)
    assert node.rpc("getconnectioncount") == 2
    advance_to(40 * MINUTE)
    answering.expect_disconnect()
    wait_until("one peer is still connected", lambda: node.rpc("getconnectioncount") == 1)
    assert node.rpc("getpeerinfo")[0]["version"] == 209
    old.close()


if __name__ == "__main__":
    main(globals())
