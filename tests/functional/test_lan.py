"""A node on a network of private addresses: it discourages peers that break the rules, and its invite names the
machine's address on that network. The test runs in a network namespace of its own; without namespaces it is
skipped."""
import socket
import subprocess

from chainlib import Chain
from framework import main, wait_until
from netns import run_in_namespace
from p2p import Disconnected, Peer, frame

HOST = "10.99.0.1"


def connect_from(node, chain, source):
    """A peer after the handshake, connected from that source address; None: the node refused it."""
    try:
        p = Peer(socket.create_connection((HOST, node.id), 20, (source, 0)))
        p.handshake(chain)
        return p
    except (Disconnected, OSError):
        return None


def misbehave(node, chain, source):
    """Sends a message with a wrong checksum from that address."""
    p = connect_from(node, chain, source)
    p.send_bytes(frame("ping", b"12345678", checksum=b"abcd"))
    p.expect_disconnect()


def bans(node):
    return [(row["address"], row["ban_reason"]) for row in node.rpc("listbanned")]


def test_a_discouraged_address_is_accepted_while_half_of_the_slots_are_free(net):
    node = net.chain_node("-maxinbound", "4")
    chain = Chain.from_node(node)
    misbehave(node, chain, "10.99.0.7")
    wait_until("the misbehaving peer is disconnected", lambda: node.rpc("getconnectioncount") == 0)
    assert bans(node) == [("10.99.0.7/32", "node misbehaving")]
    # Two of four slots are free, so the discouraged address may connect.
    first = connect_from(node, chain, "10.99.0.7")
    assert first and first.is_connected()
    second = connect_from(node, chain, "10.99.0.8")
    assert second.is_connected()
    assert connect_from(node, chain, "10.99.0.7") is None
    third = connect_from(node, chain, "10.99.0.9")
    assert third and third.is_connected()
    loopback = Peer.handshaken(node, chain)
    assert loopback.is_connected() and first.is_connected()
    loopback.close()
    wait_until("the loopback peer is disconnected", lambda: node.rpc("getconnectioncount") == 3)
    # A user can remove a discouragement like a ban.
    node.rpc("setban", "10.99.0.7", "remove")
    assert bans(node) == []
    fourth = connect_from(node, chain, "10.99.0.7")
    assert fourth and fourth.is_connected()


def test_discouragements_survive_a_restart_and_end_after_a_day(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    misbehave(node, chain, "10.99.0.7")
    before = node.rpc("listbanned")
    node.stop()
    node.start("-connect", "0", "-maxinbound", "2")
    assert [r["banned_until"] for r in node.rpc("listbanned")] == [
        r["banned_until"] for r in before]
    first = connect_from(node, chain, "10.99.0.8")
    assert first.is_connected()
    assert connect_from(node, chain, "10.99.0.7") is None
    # 24 hours later the discouragement ends.
    node.rpc("setmocktime", before[0]["banned_until"])
    assert bans(node) == []
    second = connect_from(node, chain, "10.99.0.7")
    assert second and second.is_connected()


def test_only_a_banned_subnet_is_kept_out(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    inside, outside = connect_from(node, chain, "10.99.3.7"), connect_from(node, chain, "10.99.4.7")
    node.rpc("setban", "10.99.3.0/24", "add")
    inside.expect_disconnect()
    assert outside.is_connected()
    assert connect_from(node, chain, "10.99.3.8") is None
    assert connect_from(node, chain, "10.99.4.8").is_connected()


def test_the_network_group_with_most_connections_loses_one_to_a_new_peer(net):
    slots = 60  # enough slots that the crowd remains the largest group without the peers protected from eviction
    node = net.chain_node("-maxinbound", str(slots))
    chain = Chain.from_node(node)
    crowd = [connect_from(node, chain, "10.99.0.66") for _ in range(slots - 8)]
    singles = [connect_from(node, chain, "10.99.1.%d" % i) for i in range(1, 9)]
    assert all(p.is_connected() for p in crowd + singles)
    # The single peers stay, although they connected after the crowd.
    more = connect_from(node, chain, "10.99.2.1")
    assert more.is_connected()

    def connected_count(peers):
        count = 0
        for p in peers:
            try:
                count += p.is_connected()
            except Disconnected:
                pass
        return count

    wait_until("one connection of the crowd is evicted", lambda: connected_count(crowd) == len(crowd) - 1)
    assert connected_count(singles) == len(singles)
    assert more.is_connected()


def test_an_invite_names_the_address_on_the_network(net):
    node = net.chain_node()
    word = node.cli("invite")
    joiner = net.node()
    joiner.start("-join", word)
    wait_until("the invited node has joined", lambda: joiner.rpc("getblockhash", 0) == node.rpc("getblockhash", 0))
    assert joiner.rpc("getpeerinfo")[0]["addr"] == "%s:%d" % (HOST, node.id)


if __name__ == "__main__":
    run_in_namespace(__file__)
    # Linux routes the whole subnet of an address on lo to the machine itself, so any 10.99.x.x works as a source.
    subprocess.run(["ip", "addr", "add", HOST + "/16", "dev", "lo"], check=True)
    main(globals())
