"""Many connections: a full house makes room in order, 500 leave the node healthy, and so does running out of files."""
import resource
import socket
import threading
import time

from chainlib import Chain, Key
from framework import main, wait_until
from p2p import Peer, frame, locator


def inbound(node):
    return node.rpc("getnetworkinfo")["connections_in"]


def knock(node, n):
    """n connections that say nothing. Those that were turned away at once are among them."""
    return [socket.create_connection(("127.0.0.1", node.id), 20) for _ in range(n)]


def still_open(sockets):
    count = 0
    for s in sockets:
        s.setblocking(False)
        try:
            count += s.recv(1) != b""
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


def test_a_full_house_makes_room_for_one_more(net):
    slots = 24
    node = net.chain_node("-maxinbound", str(slots))
    chain, key = Chain.from_node(node), Key()
    useful = Peer.handshaken(node, chain)
    block = chain.grow(key, 1)[0]
    useful.send_block(block)
    wait_until("the block is there", lambda: node.rpc("getblockcount") == 1)
    assert node.rpc("getpeerinfo")[0]["last_block"] > 0
    old = [Peer.handshaken(node, chain) for _ in range(slots - 2)]
    for p in old:
        p.sync_with_ping()
    silent = knock(node, 1)
    wait_until("the house is full", lambda: inbound(node) == slots)
    # The youngest goes, of whom nothing is known; those who have answered a ping and been of use stay.
    more = Peer.handshaken(node, chain)
    wait_until("the silent one is gone", lambda: still_open(silent) == 0)
    for p in [useful, more, *old]:
        assert p.is_connected()
    assert inbound(node) == slots


def test_where_all_are_worth_keeping_a_newcomer_is_refused(net):
    node = net.chain_node("-maxinbound", "5")
    chain = Chain.from_node(node)
    peers = [Peer.handshaken(node, chain) for _ in range(5)]
    wait_until("the house is full", lambda: inbound(node) == 5)
    more = knock(node, 1)
    wait_until("it is refused", lambda: still_open(more) == 0)
    for p in peers:
        assert p.is_connected()
    peers[0].close()
    wait_until("there is room", lambda: inbound(node) == 4)
    assert Peer.handshaken(node, chain).is_connected()


def test_who_sends_without_end_does_not_keep_it_from_ending(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    ended = threading.Event()

    def flood(peer, what):
        try:
            while not ended.is_set():
                peer.sock.sendall(what)
        except OSError:
            pass

    floods = [threading.Thread(target=flood, args=(Peer.handshaken(node, chain), frame(command, payload) * 50))
              for command, payload in (("ping", b"x" * 8), ("nothing", b""), ("getheaders", locator([])))]
    for f in floods:
        f.start()
    time.sleep(1)
    begin = time.monotonic()
    assert node.rpc("stop") == "Tally stopping"
    assert node.stop() == 0
    assert time.monotonic() - begin < 8
    ended.set()
    for f in floods:
        f.join()


def test_five_hundred_connections_leave_the_node_healthy(net):
    node = net.chain_node()
    other = net.synced_node(node)
    chain = Chain.from_node(node)
    useful = [Peer.handshaken(node, chain) for _ in range(3)]
    for p in useful:
        p.sync_with_ping()
    crowd = knock(node, 500)
    wait_until("no more than the slots are taken", lambda: inbound(node) == 125, 60)
    wait_until("the rest is turned away", lambda: still_open(crowd) <= 121, 60)
    # The others see nothing of it.
    for p in useful:
        assert p.is_connected()
    node.generate(2)
    wait_until("blocks go on", lambda: other.rpc("getblockcount") == 2)
    assert Peer.handshaken(node, chain).is_connected()
    for s in crowd:
        s.close()
    wait_until("they are gone", lambda: inbound(node) <= 5)


def test_out_of_files_the_node_rests_and_goes_on(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    peer = Peer.handshaken(node, chain)
    peer.sync_with_ping()
    limit = resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (48, limit[1]))
    crowd = knock(node, 60)
    wait_until("it says so", lambda: b"can't accept" in open(node.dir + "/tally.log", "rb").read())
    assert peer.is_connected()
    asked = []  # the control port rests too, and answers as soon as there is a file
    asking = threading.Thread(target=lambda: asked.append(node.rpc("getblockcount")))
    asking.start()
    cpu = cpu_of(node)
    peer.expect_no("nothing", 3)
    spent = cpu_of(node) - cpu
    assert spent < 1.0, "it spins: %.2f s of 3" % spent
    for s in crowd:
        s.close()
    asking.join(20)
    assert asked == [0]
    wait_until("it lets in again", lambda: inbound(node) <= 2)
    wait_until("a newcomer is served", lambda: Peer.handshaken(node, chain).is_connected())
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, limit)


def cpu_of(node):
    """Seconds that the process has run."""
    with open("/proc/%d/stat" % node.process.pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main(globals())
