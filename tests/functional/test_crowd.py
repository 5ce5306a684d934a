"""Many connections. When all inbound slots are taken, the node evicts a peer for a new one; 500 connections don't
disturb it, and running out of file descriptors doesn't either."""
import resource
import socket
import threading
import time

from chainlib import Chain, Key
from framework import main, wait_until
from p2p import Peer, frame, locator


def inbound_count(node):
    return node.rpc("getnetworkinfo")["connections_in"]


def open_connections(node, n):
    """n connections that send nothing. The node may have closed some of them already."""
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


def test_a_new_connection_evicts_the_peer_of_least_use(net):
    slots = 24
    node = net.chain_node("-maxinbound", str(slots))
    chain, key = Chain.from_node(node), Key()
    block_sender = Peer.handshaken(node, chain)
    block = chain.grow(key, 1)[0]
    block_sender.send_block(block)
    wait_until("the block is connected", lambda: node.rpc("getblockcount") == 1)
    assert node.rpc("getpeerinfo")[0]["last_block"] > 0
    old = [Peer.handshaken(node, chain) for _ in range(slots - 2)]
    for p in old:
        p.sync_with_ping()
    silent = open_connections(node, 1)
    wait_until("all inbound slots are taken", lambda: inbound_count(node) == slots)
    # The silent connection is the youngest and has done nothing. The others have answered a ping, one has sent a
    # block.
    more = Peer.handshaken(node, chain)
    wait_until("the silent connection is evicted", lambda: still_open(silent) == 0)
    for p in [block_sender, more, *old]:
        assert p.is_connected()
    assert inbound_count(node) == slots


def test_a_new_connection_is_refused_when_all_peers_are_protected(net):
    node = net.chain_node("-maxinbound", "5")
    chain = Chain.from_node(node)
    peers = [Peer.handshaken(node, chain) for _ in range(5)]
    wait_until("all inbound slots are taken", lambda: inbound_count(node) == 5)
    more = open_connections(node, 1)
    wait_until("the new connection is refused", lambda: still_open(more) == 0)
    for p in peers:
        assert p.is_connected()
    peers[0].close()
    wait_until("one slot is free", lambda: inbound_count(node) == 4)
    assert Peer.handshaken(node, chain).is_connected()


def test_peers_that_send_without_pause_do_not_keep_the_node_from_stopping(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    ended = threading.Event()

    def flood(peer, what):
        try:
            while not ended.is_set():
                peer.sock.sendall(what)
        except OSError:
            pass

    threads = [threading.Thread(target=flood, args=(Peer.handshaken(node, chain), frame(command, payload) * 50))
              for command, payload in (("ping", b"x" * 8), ("nothing", b""), ("getheaders", locator([])))]
    for f in threads:
        f.start()
    time.sleep(1)
    begin = time.monotonic()
    assert node.rpc("stop") == "Tally stopping"
    assert node.stop() == 0
    assert time.monotonic() - begin < 8
    ended.set()
    for f in threads:
        f.join()


def test_500_connections_do_not_disturb_the_node(net):
    node = net.chain_node()
    other = net.synced_node(node)
    chain = Chain.from_node(node)
    peers = [Peer.handshaken(node, chain) for _ in range(3)]
    for p in peers:
        p.sync_with_ping()
    silent = open_connections(node, 500)
    wait_until("all 125 inbound slots are taken", lambda: inbound_count(node) == 125, 60)
    wait_until("the other connections are refused", lambda: still_open(silent) <= 121, 60)
    # The peers that were connected before are not affected.
    for p in peers:
        assert p.is_connected()
    node.generate(2)
    wait_until("new blocks still reach the other node", lambda: other.rpc("getblockcount") == 2)
    assert Peer.handshaken(node, chain).is_connected()
    for s in silent:
        s.close()
    wait_until("the silent connections are closed", lambda: inbound_count(node) <= 5)


def test_the_node_recovers_from_running_out_of_file_descriptors(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    peer = Peer.handshaken(node, chain)
    peer.sync_with_ping()
    limit = resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (48, limit[1]))
    silent = open_connections(node, 60)
    wait_until("the log reports that accept fails",
               lambda: b"accepting a connection failed" in open(node.dir + "/tally.log", "rb").read())
    assert peer.is_connected()
    results = []  # the control port can't accept either, and answers once a descriptor is free
    caller = threading.Thread(target=lambda: results.append(node.rpc("getblockcount")))
    caller.start()
    cpu = cpu_seconds(node)
    peer.expect_no("nothing", 3)
    spent = cpu_seconds(node) - cpu
    assert spent < 1.0, "the node spins: %.2f s CPU time in 3 s" % spent
    for s in silent:
        s.close()
    caller.join(20)
    assert results == [0]
    wait_until("the node accepts connections again", lambda: inbound_count(node) <= 2)
    wait_until("a new peer completes the handshake", lambda: Peer.handshaken(node, chain).is_connected())
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, limit)


def cpu_seconds(node):
    """CPU time of the node's process in seconds."""
    with open("/proc/%d/stat" % node.process.pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main(globals())
