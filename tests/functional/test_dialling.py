"""Which peers a node dials by itself, with real nodes: the addresses it remembers, and how it recognises a node to
which it is connected already."""
import socket
import time

from chainlib import Chain
from framework import Skip, main, wait_until
from p2p import Peer, Listener, version


def log_of(node):
    with open(node.dir + "/tally.log", "rb") as f:
        return f.read()


def knows_address(node, to):
    return ("127.0.0.1", node.id, "ipv4") in [
        (a["address"], a["port"], a["network"]) for a in to.rpc("getnodeaddresses", 0)]


def test_addresses_are_remembered_after_a_restart(net):
    first = net.chain_node()
    second = net.node()
    second.start("-addnode", "127.0.0.1:%d" % first.id)
    wait_until("the second node has joined", lambda: second.rpc("getblockcount") == 0)
    wait_until("the second node has one connection", lambda: second.rpc("getconnectioncount") == 1)
    info = second.rpc("getaddrmaninfo")["all_networks"]
    assert info["tried"] == 1 and info["new"] + 1 == info["total"], info
    assert knows_address(first, second)
    second.stop()
    second.start()  # without -addnode
    assert knows_address(first, second)
    assert len(second.rpc("getnodeaddresses")) == 1
    wait_until("the second node is connected again", lambda: any(
        p["addr"] == "127.0.0.1:%d" % first.id for p in second.rpc("getpeerinfo")))


def test_a_node_that_is_connected_already_is_dialled_only_to_verify_its_address(net):
    first = net.node()
    first.create()
    first.start("-addnode", "127.0.0.1:%d" % net.node().id)  # dials addresses from its book, and not the central node
    second = net.synced_node(first)
    duplicate = b"is the same node"
    wait_until("the address is verified", lambda: duplicate in log_of(first) + log_of(second))
    wait_until("one connection is left",
               lambda: first.rpc("getconnectioncount") == second.rpc("getconnectioncount") == 1)
    # Within an hour of mock time it is dialled at most twice more, to verify that the address still works.
    now = int(time.time())
    for minute in range(0, 61, 5):
        first.rpc("setmocktime", now + 60 * minute)
        time.sleep(0.2)
        first.rpc("uptime")
    assert 1 <= log_of(first).count(b"127.0.0.1:%d: connected (outbound)" % second.id) <= 3
    wait_until("one connection is left",
               lambda: first.rpc("getconnectioncount") == second.rpc("getconnectioncount") == 1)


def test_two_nodes_that_dial_each_other_keep_one_connection(net):
    first = net.chain_node()
    second = net.synced_node(first)  # it dials the first node
    first.connect(second)
    wait_until("the log reports the duplicate connection", lambda: b"is the same node" in log_of(
        first) + log_of(second))
    wait_until("one connection is left",
               lambda: first.rpc("getconnectioncount") == second.rpc("getconnectioncount") == 1)
    now = int(time.time())
    for seconds in range(0, 300, 20):
        first.rpc("setmocktime", now + seconds)
    wait_until("one connection is left",
               lambda: first.rpc("getconnectioncount") == second.rpc("getconnectioncount") == 1)
    # The manual peer is dialled again after growing pauses: at 0, 30, 90 and 210 s.
    assert 1 <= log_of(first).count(b"127.0.0.1:%d: connected (outbound)" % second.id) <= 5
    # It is still a manual peer: the first node dials it when the second node's connection is closed.
    second.stop()
    second.start("-connect", "0")
    wait_until("the first node has dialled the second", lambda: any(
        not p["inbound"] for p in first.rpc("getpeerinfo")), 70)


def nonce_of(node, chain):
    """The nonce in the version message that the node sends to an inbound peer."""
    asker = Peer.dial(node)
    asker.send("version", version(chain.genesis))
    nonce = asker.expect("version")[72:80]
    asker.close()
    return nonce


def test_a_peer_that_copies_the_nonce_of_a_node_does_not_keep_that_node_out(net):
    """The copycat has the IP address of the true node, for example because both are behind one router. It stays
    connected while the connection to the true node is closed and opened again."""
    for _ in range(3):  # several times: two random nonces decide which of two duplicate connections is closed
        one = net.chain_node()
        two = net.node()
        two.start("-connect", "127.0.0.1:%d" % one.id)
        wait_until("the second node has synced",
                   lambda: two.rpc("getconnectioncount") == 1 and two.tip() == one.tip())
        chain = Chain.from_node(one)
        nonce = nonce_of(one, chain)
        copycat = Peer.dial(two)
        copycat.send("version", version(chain.genesis, nonce=nonce))
        copycat.expect("version")
        two.rpc("setmocktime", int(time.time()) + 10)
        for p in one.rpc("getpeerinfo"):
            one.rpc("disconnectnode", "", p["id"])
        one.generate(2)
        wait_until("the nodes are connected again", lambda: two.tip() == one.tip(), 30)
        copycat.close()
        one.stop()
        two.stop()


def dials(node, to):
    return any(not p["inbound"] and p["addr"] == "127.0.0.1:%d" % to.id for p in node.rpc("getpeerinfo"))


def test_a_peer_that_uses_the_nonce_of_a_node_first_does_not_keep_that_node_out(net):
    """It makes no difference which port the copycat claims to listen at. The node must also keep dialling the true
    node if it knows it only from its address book."""
    for claims_port in (False, True):
        one, two = net.chain_node(), net.node()
        two.start("-connect", "127.0.0.1:%d" % one.id)
        wait_until("the second node has joined", lambda: two.rpc("getblockcount") == 0)
        chain = Chain.from_node(one)
        two.stop()
        two.start()  # without -connect: it dials addresses from its book
        wait_until("the second node dials the first from its book", lambda: dials(two, one))
        one.stop()
        one.start("-connect", "0")
        copycat = Peer.handshaken(two, chain, nonce=nonce_of(one, chain), port=one.id if claims_port else 0)
        wait_until("the second node dials the first again", lambda: dials(two, one), 40)
        time.sleep(3)
        assert dials(two, one)
        one.generate(2)
        wait_until("the second node has the first node's blocks", lambda: two.tip() == one.tip())
        copycat.close()
        one.stop()
        two.stop()


def test_an_outbound_peer_that_copies_a_nonce_disconnects_nobody(net):
    one = net.chain_node()
    chain = Chain.from_node(one)
    for _ in range(4):  # several times: two random nonces decide which of two duplicate connections is closed
        two, copycat = net.synced_node(one), Listener()
        wait_until("the second node is connected", lambda: two.rpc("getconnectioncount") == 1)
        nonce = nonce_of(two, chain)
        one.rpc("addnode", "127.0.0.1:%d" % copycat.port, "add")
        peer = copycat.accept()
        peer.expect("version")
        peer.send("version", version(chain.genesis, nonce=nonce))
        peer.send("verack")
        peer.sync_with_ping()
        one.generate(1)
        wait_until("the second node has the first node's blocks", lambda: two.tip() == one.tip())
        assert [p["id"] for p in two.rpc("getpeerinfo")] == [1]
        one.rpc("addnode", "127.0.0.1:%d" % copycat.port, "remove")
        peer.close()
        copycat.close()
        two.stop()


def test_drop_removes_a_manual_peer(net):
    node = net.chain_node()
    other = net.synced_node(node)

    def prompt(text):
        answer = node.rpc("tally_command", text)
        return answer["kind"], answer["text"]

    assert prompt("connect 127.0.0.1:%d" % node.id) == (
        "failed", "127.0.0.1:%d is this node itself: dial another" % node.id)
    kind, text = prompt("connect 127.0.0.1:4")
    assert kind == "done" and "drop 127.0.0.1:4 ends the attempts" in text, text
    assert prompt("drop 127.0.0.1:4") == ("done", "127.0.0.1:4 is no longer dialled")
    assert prompt("drop 127.0.0.1:4")[0] == "failed"
    assert "neither a peer's number nor an address" in prompt("drop xx")[1]
    # The other node has dialled us and is also a manual peer. Dropping it by its number removes the manual peer, too.
    prompt("connect 127.0.0.1:%d" % other.id)
    other.stop()
    other.start("-connect", "127.0.0.1:%d" % node.id)
    wait_until("one connection is left", lambda: node.rpc("getconnectioncount") == 1)
    other.stop()
    time.sleep(0.3)
    other.start("-connect", "0")
    wait_until("the node has dialled the other node", lambda: node.rpc("getconnectioncount") == 1, 70)
    prompt("drop %d" % node.rpc("getpeerinfo")[0]["id"])
    time.sleep(3)
    assert node.rpc("getconnectioncount") == 0
    other.stop()
    other.start("-connect", "127.0.0.1:%d" % node.id)
    wait_until("the other node has dialled", lambda: node.rpc("getconnectioncount") == 1)
    kind, text = prompt("drop 127.0.0.1:%d" % other.id)  # this address is the one at which the inbound peer listens
    assert kind == "done" and text.startswith("disconnected 127.0.0.1:%d" % other.id), text


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


def test_nodes_connect_over_ipv6(net):
    if not has_ipv6():
        raise Skip("this machine has no IPv6 loopback")
    first = net.chain_node()
    first.generate(3)
    second = net.node()
    second.start("-connect", "[::1]:%d" % first.id)
    wait_until("the second node has synced", lambda: second.tip() == first.tip())
    assert [p["addr"] for p in second.rpc("getpeerinfo")] == ["[::1]:%d" % first.id]
    address = second.rpc("getnewaddress")
    first.generate(6)
    txid = first.rpc("sendtoaddress", address, 1)
    wait_until("the payment is in the second node's mempool", lambda: second.rpc("getrawmempool") == [txid])
    word = first.cli("invite", "-address", "::1")
    third = net.node()
    third.start("-join", word)
    wait_until("the invited node has synced", lambda: third.tip() == first.tip())
    assert all(p["addr"].startswith("[::1]:") for p in third.rpc("getpeerinfo"))
    # An IPv6 network can be banned like an IPv4 network.
    second.rpc("setban", "::1/128", "add")
    wait_until("the banned peer is disconnected", lambda: second.rpc("getconnectioncount") == 0)
    assert [b["address"] for b in second.rpc("listbanned")] == ["::1/128"]


if __name__ == "__main__":
    main(globals())
