"""Whom a node dials by itself, with real nodes: what it remembers, and what it knows to be connected already."""
import socket
import time

from chainlib import Chain
from framework import Skip, main, wait_until
from p2p import Peer, Listener, version


def log_of(node):
    with open(node.dir + "/tally.log", "rb") as f:
        return f.read()


def is_known(node, to):
    return ("127.0.0.1", node.id, "ipv4") in [
        (a["address"], a["port"], a["network"]) for a in to.rpc("getnodeaddresses", 0)]


def test_addresses_outlive_the_node(net):
    first = net.chain_node()
    second = net.node()
    second.start("-addnode", "127.0.0.1:%d" % first.id)
    wait_until("it has joined", lambda: second.rpc("getblockcount") == 0)
    wait_until("it is connected", lambda: second.rpc("getconnectioncount") == 1)
    info = second.rpc("getaddrmaninfo")["all_networks"]
    assert info["tried"] == 1 and info["new"] + 1 == info["total"], info
    assert is_known(first, second)
    second.stop()
    second.start()  # nobody is named
    assert is_known(first, second)
    assert len(second.rpc("getnodeaddresses")) == 1
    wait_until("it is connected again", lambda: any(
        p["addr"] == "127.0.0.1:%d" % first.id for p in second.rpc("getpeerinfo")))


def test_who_is_connected_already_is_dialled_once_to_prove_its_address(net):
    first = net.node()
    first.create()
    first.start("-addnode", "127.0.0.1:%d" % net.node().id)  # dials from its book, and never the central node
    second = net.synced_node(first)
    proven = b"connected to this node already"
    wait_until("the address is proven", lambda: proven in log_of(first) + log_of(second))
    wait_until("one is left", lambda: first.rpc("getconnectioncount") == second.rpc("getconnectioncount") == 1)
    # An hour goes by: it is hardly dialled again, to see whether that is still so.
    now = int(time.time())
    for minute in range(0, 61, 5):
        first.rpc("setmocktime", now + 60 * minute)
        time.sleep(0.2)
        first.rpc("uptime")
    assert 1 <= log_of(first).count(b"127.0.0.1:%d dialled" % second.id) <= 3
    wait_until("one is left", lambda: first.rpc("getconnectioncount") == second.rpc("getconnectioncount") == 1)


def test_two_that_were_told_of_each_other_keep_one_connection(net):
    first = net.chain_node()
    second = net.synced_node(first)  # dials the first
    first.connect(second)
    wait_until("it is found to be connected", lambda: b"connected to this node already" in log_of(
        first) + log_of(second))
    wait_until("one is left", lambda: first.rpc("getconnectioncount") == second.rpc("getconnectioncount") == 1)
    now = int(time.time())
    for second_later in range(0, 300, 20):
        first.rpc("setmocktime", now + second_later)
    wait_until("one is left", lambda: first.rpc("getconnectioncount") == second.rpc("getconnectioncount") == 1)
    # Looked after ever more rarely: at first, and after 30, 90 and 210 seconds.
    assert 1 <= log_of(first).count(b"127.0.0.1:%d dialled" % second.id) <= 5
    # The wish stands: the first dials when the second's connection has gone.
    second.stop()
    second.start("-connect", "0")
    wait_until("it was dialled", lambda: any(
        not p["inbound"] for p in first.rpc("getpeerinfo")), 70)


def nonce_of(node, chain):
    asker = Peer.dial(node)
    asker.send("version", version(chain.genesis))
    nonce = asker.expect("version")[72:80]
    asker.close()
    return nonce


def test_who_tells_the_nonce_of_another_keeps_nobody_from_it(net):
    """From the same address, as on one machine or behind one router, staying while the link to the other breaks."""
    for _ in range(3):  # whose nonce is smaller is a matter of luck
        one = net.chain_node()
        two = net.node()
        two.start("-connect", "127.0.0.1:%d" % one.id)
        wait_until("it has joined", lambda: two.rpc("getconnectioncount") == 1 and two.tip() == one.tip())
        chain = Chain.from_node(one)
        nonce = nonce_of(one, chain)
        liar = Peer.dial(two)
        liar.send("version", version(chain.genesis, nonce=nonce))
        liar.expect("version")
        two.rpc("setmocktime", int(time.time()) + 10)
        for p in one.rpc("getpeerinfo"):
            one.rpc("disconnectnode", "", p["id"])
        one.generate(2)
        wait_until("it is connected again", lambda: two.tip() == one.tip(), 30)
        liar.close()
        one.stop()
        two.stop()


def dials(node, to):
    return any(not p["inbound"] and p["addr"] == "127.0.0.1:%d" % to.id for p in node.rpc("getpeerinfo"))


def test_who_comes_first_with_the_nonce_of_another_keeps_nobody_from_it(net):
    """Whatever it says of where it listens; and one that is dialled from the book is not given up for it either."""
    for port_told in (False, True):
        one, two = net.chain_node(), net.node()
        two.start("-connect", "127.0.0.1:%d" % one.id)
        wait_until("it has joined", lambda: two.rpc("getblockcount") == 0)
        chain = Chain.from_node(one)
        two.stop()
        two.start()  # nobody is named: it dials from its book
        wait_until("it dials from its book", lambda: dials(two, one))
        one.stop()
        one.start("-connect", "0")
        liar = Peer.handshaken(two, chain, nonce=nonce_of(one, chain), port=one.id if port_told else 0)
        wait_until("it dials the other", lambda: dials(two, one), 40)
        time.sleep(3)
        assert dials(two, one)
        one.generate(2)
        wait_until("it follows the other", lambda: two.tip() == one.tip())
        liar.close()
        one.stop()
        two.stop()


def test_who_is_dialled_and_tells_the_nonce_of_another_has_nobody_hung_up_on(net):
    one = net.chain_node()
    chain = Chain.from_node(one)
    for _ in range(4):  # whose nonce is smaller is a matter of luck
        two, liar = net.synced_node(one), Listener()
        wait_until("it is connected", lambda: two.rpc("getconnectioncount") == 1)
        nonce = nonce_of(two, chain)
        one.rpc("addnode", "127.0.0.1:%d" % liar.port, "add")
        peer = liar.accept()
        peer.expect("version")
        peer.send("version", version(chain.genesis, nonce=nonce))
        peer.send("verack")
        peer.sync_with_ping()
        one.generate(1)
        wait_until("it follows the other", lambda: two.tip() == one.tip())
        assert [p["id"] for p in two.rpc("getpeerinfo")] == [1]
        one.rpc("addnode", "127.0.0.1:%d" % liar.port, "remove")
        peer.close()
        liar.close()
        two.stop()


def test_what_was_named_by_mistake_is_given_up(net):
    node = net.chain_node()
    other = net.synced_node(node)

    def line(text):
        answer = node.rpc("tally_command", text)
        return answer["kind"], answer["text"]

    assert line("connect 127.0.0.1:%d" % node.id) == (
        "failed", "127.0.0.1:%d is this node itself: dial another" % node.id)
    kind, text = line("connect 127.0.0.1:4")
    assert kind == "done" and "drop 127.0.0.1:4 gives up" in text, text
    assert line("drop 127.0.0.1:4") == ("done", "127.0.0.1:4 is not dialled any more")
    assert line("drop 127.0.0.1:4")[0] == "failed"
    assert "neither a peer's number nor an address" in line("drop xx")[1]
    # A peer that came in, and would be dialled, too: by its number it is given up as well.
    line("connect 127.0.0.1:%d" % other.id)
    other.stop()
    other.start("-connect", "127.0.0.1:%d" % node.id)
    wait_until("one connection is left", lambda: node.rpc("getconnectioncount") == 1)
    other.stop()
    time.sleep(0.3)
    other.start("-connect", "0")
    wait_until("it was dialled", lambda: node.rpc("getconnectioncount") == 1, 70)
    line("drop %d" % node.rpc("getpeerinfo")[0]["id"])
    time.sleep(3)
    assert node.rpc("getconnectioncount") == 0
    other.stop()
    other.start("-connect", "127.0.0.1:%d" % node.id)
    wait_until("it came", lambda: node.rpc("getconnectioncount") == 1)
    kind, text = line("drop 127.0.0.1:%d" % other.id)  # where it listens: it has dialled us
    assert kind == "done" and text.startswith("dropped 127.0.0.1:%d" % other.id), text


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


def test_nodes_meet_over_ipv6(net):
    if not has_ipv6():
        raise Skip("this machine has no IPv6 loopback")
    first = net.chain_node()
    first.generate(3)
    second = net.node()
    second.start("-connect", "[::1]:%d" % first.id)
    wait_until("it has synced", lambda: second.tip() == first.tip())
    assert [p["addr"] for p in second.rpc("getpeerinfo")] == ["[::1]:%d" % first.id]
    address = second.rpc("getnewaddress")
    first.generate(6)
    txid = first.rpc("sendtoaddress", address, 1)
    wait_until("the payment came", lambda: second.rpc("getrawmempool") == [txid])
    word = first.cli("invite", "-address", "::1")
    third = net.node()
    third.start("-join", word)
    wait_until("the invited one has synced", lambda: third.tip() == first.tip())
    assert all(p["addr"].startswith("[::1]:") for p in third.rpc("getpeerinfo"))
    # A ban of the network, as of IPv4.
    second.rpc("setban", "::1/128", "add")
    wait_until("it is disconnected", lambda: second.rpc("getconnectioncount") == 0)
    assert [b["address"] for b in second.rpc("listbanned")] == ["::1/128"]


if __name__ == "__main__":
    main(globals())
