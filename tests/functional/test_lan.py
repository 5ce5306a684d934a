"""A node on a network of private addresses, in a network namespace of its own: whoever breaks the rules there is
discouraged, and an invite names the machine's address on the network. Without namespaces it is left out."""
import socket
import subprocess

from chainlib import Chain
from framework import main, wait_until
from netns import run_in_namespace
from p2p import Disconnected, Peer, frame

HOST = "10.99.0.1"


def come_from(node, chain, source):
    """A handshaken peer from that address; None: it was refused."""
    try:
        p = Peer(socket.create_connection((HOST, node.id), 20, (source, 0)))
        p.handshake(chain)
        return p
    except (Disconnected, OSError):
        return None


def break_the_rules(node, chain, source):
    p = come_from(node, chain, source)
    p.send_bytes(frame("ping", b"12345678", checksum=b"abcd"))
    p.expect_disconnect()


def listed(node):
    return [(row["address"], row["ban_reason"]) for row in node.rpc("listbanned")]


def test_who_breaks_the_rules_is_let_in_while_half_the_slots_are_free(net):
    node = net.chain_node("-maxinbound", "4")
    chain = Chain.from_node(node)
    break_the_rules(node, chain, "10.99.0.7")
    wait_until("it is gone", lambda: node.rpc("getconnectioncount") == 0)
    assert listed(node) == [("10.99.0.7/32", "node misbehaving")]
    # As long as two of four are free.
    first = come_from(node, chain, "10.99.0.7")
    assert first and first.is_connected()
    second = come_from(node, chain, "10.99.0.8")
    assert second.is_connected()
    assert come_from(node, chain, "10.99.0.7") is None
    third = come_from(node, chain, "10.99.0.9")
    assert third and third.is_connected()
    loopback = Peer.handshaken(node, chain)
    assert loopback.is_connected() and first.is_connected()
    loopback.close()
    wait_until("one is gone", lambda: node.rpc("getconnectioncount") == 3)
    # Lifted by hand, as a ban is.
    node.rpc("setban", "10.99.0.7", "remove")
    assert listed(node) == []
    fourth = come_from(node, chain, "10.99.0.7")
    assert fourth and fourth.is_connected()


def test_discouragements_outlive_the_node(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    break_the_rules(node, chain, "10.99.0.7")
    before = node.rpc("listbanned")
    node.stop()
    node.start("-connect", "0", "-maxinbound", "2")
    assert [r["banned_until"] for r in node.rpc("listbanned")] == [
        r["banned_until"] for r in before]
    first = come_from(node, chain, "10.99.0.8")
    assert first.is_connected()
    assert come_from(node, chain, "10.99.0.7") is None
    # A day later it is over.
    node.rpc("setmocktime", before[0]["banned_until"])
    assert listed(node) == []
    second = come_from(node, chain, "10.99.0.7")
    assert second and second.is_connected()


def test_a_banned_subnet_is_kept_out_and_the_rest_is_not(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    inside, outside = come_from(node, chain, "10.99.3.7"), come_from(node, chain, "10.99.4.7")
    node.rpc("setban", "10.99.3.0/24", "add")
    inside.expect_disconnect()
    assert outside.is_connected()
    assert come_from(node, chain, "10.99.3.8") is None
    assert come_from(node, chain, "10.99.4.8").is_connected()


def test_the_largest_group_makes_room(net):
    slots = 60  # so many that the crowd has the most, whoever is protected
    node = net.chain_node("-maxinbound", str(slots))
    chain = Chain.from_node(node)
    crowd = [come_from(node, chain, "10.99.0.66") for _ in range(slots - 8)]
    singles = [come_from(node, chain, "10.99.1.%d" % i) for i in range(1, 9)]
    assert all(p.is_connected() for p in crowd + singles)
    # Newer than the crowd's, the single ones stay.
    more = come_from(node, chain, "10.99.2.1")
    assert more.is_connected()

    def open_ones(peers):
        count = 0
        for p in peers:
            try:
                count += p.is_connected()
            except Disconnected:
                pass
        return count

    wait_until("one of the crowd is gone", lambda: open_ones(crowd) == len(crowd) - 1)
    assert open_ones(singles) == len(singles)
    assert more.is_connected()


def test_an_invite_names_the_address_on_the_network(net):
    node = net.chain_node()
    word = node.cli("invite")
    joiner = net.node()
    joiner.start("-join", word)
    wait_until("it has joined", lambda: joiner.rpc("getblockhash", 0) == node.rpc("getblockhash", 0))
    assert joiner.rpc("getpeerinfo")[0]["addr"] == "%s:%d" % (HOST, node.id)


if __name__ == "__main__":
    run_in_namespace(__file__)
    # With one address of it on lo the whole network is this machine.
    subprocess.run(["ip", "addr", "add", HOST + "/16", "dev", "lo"], check=True)
    main(globals())
