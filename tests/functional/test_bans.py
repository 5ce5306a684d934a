"""Bans and discouragements: set, listed, removed, and still in force after a restart. The nodes are on loopback,
which a user can ban but which the node never discourages."""
import time

from chainlib import Chain
from framework import RpcError, main, wait_until
from p2p import Disconnected, Peer, frame

DAY = 24 * 3600


def error_code(action):
    try:
        action()
    except RpcError as e:
        return e.error["code"]
    raise AssertionError("the command succeeded instead of failing")


def banned_addresses(node):
    return [row["address"] for row in node.rpc("listbanned")]


def is_refused(node, chain):
    """Reports whether the node refuses a new connection from 127.0.0.1."""
    try:
        Peer.handshaken(node, chain).close()
    except (Disconnected, OSError):
        return True
    return False


def test_ban_commands_follow_bitcoin_core(net):
    node = net.chain_node()
    now = int(time.time())
    node.rpc("setmocktime", now)
    assert node.rpc("listbanned") == []
    assert node.rpc("setban", "10.1.2.3", "add") is None
    assert node.rpc("listbanned") == [{
        "address": "10.1.2.3/32", "ban_created": now, "banned_until": now + DAY,
        "ban_duration": DAY, "time_remaining": DAY, "ban_reason": "manually added"}]
    assert error_code(lambda: node.rpc("setban", "10.1.2.3", "add")) == -23
    assert error_code(lambda: node.rpc("setban", "10.1.2.3/32", "add", 5)) == -23
    node.rpc("setban", "10.1.2.0/24", "add", 100)
    node.rpc("setban", "2001:db8::7/32", "add", now + 50, True)
    assert banned_addresses(node) == ["10.1.2.3/32", "10.1.2.0/24", "2001:db8::/32"]
    assert node.rpc("listbanned")[1]["ban_duration"] == 100
    assert node.rpc("listbanned")[2]["banned_until"] == now + 50
    for bad in ("10.1.2", "10.1.2.3/33", "", "host", "10.1.2.3:3000"):
        assert error_code(lambda: node.rpc("setban", bad, "add")) == -30, bad
    assert error_code(lambda: node.rpc("setban", "10.9.9.9", "add", now - 1, True)) == -8
    assert error_code(lambda: node.rpc("setban", "10.9.9.9", "add", -1)) == -8
    assert error_code(lambda: node.rpc("setban", "10.9.9.9", "sub")) == -1
    assert error_code(lambda: node.rpc("setban", "10.9.9.9", "remove")) == -30
    node.rpc("setmocktime", now + 50)
    assert banned_addresses(node) == ["10.1.2.3/32", "10.1.2.0/24"]
    node.rpc("setban", "10.1.2.0/24", "remove")
    assert banned_addresses(node) == ["10.1.2.3/32"]
    node.rpc("setmocktime", now + DAY)
    assert banned_addresses(node) == []


def test_a_banned_peer_is_disconnected_refused_and_not_dialled(net):
    node = net.chain_node()
    other = net.synced_node(node)
    chain = Chain.from_node(node)
    peer = Peer.handshaken(node, chain)
    wait_until("both peers are connected", lambda: node.rpc("getconnectioncount") == 2)
    node.rpc("setban", "127.0.0.0/8", "add")
    peer.expect_disconnect()
    wait_until("no peer is connected", lambda: node.rpc("getconnectioncount") == 0)
    assert is_refused(node, chain)
    assert error_code(lambda: node.connect(other)) == -1
    assert "banned" in node.run("rpc", "addnode", "127.0.0.1:%d" % other.id, "onetry")[2]
    node.rpc("clearbanned")
    assert node.rpc("listbanned") == []
    assert not is_refused(node, chain)
    wait_until("the other node is connected again", lambda: node.rpc("getconnectioncount") == 1)


def test_bans_survive_a_kill_and_a_restart(net):
    node = net.chain_node()
    node.rpc("setban", "10.1.2.0/24", "add", 1000)
    node.rpc("setban", "10.3.0.0/16", "add")
    node.rpc("setban", "10.3.0.0/16", "remove")
    before = node.rpc("listbanned")
    node.process.kill()  # a ban is on disk before the command returns
    node.process.wait()
    node.start("-connect", "0")
    after = node.rpc("listbanned")
    assert len(after) == 1
    for row in before + after:
        del row["time_remaining"]
    assert after == before
    node.rpc("clearbanned")
    node.stop()
    node.start("-connect", "0")
    assert node.rpc("listbanned") == []


def test_a_node_without_a_chain_keeps_bans(net):
    node = net.node()
    node.start("-connect", "0")
    node.rpc("setban", "10.1.2.0/24", "add", 1000)
    node.stop()
    node.start("-connect", "0")
    assert banned_addresses(node) == ["10.1.2.0/24"]


def test_a_misbehaving_loopback_peer_is_disconnected_but_not_discouraged(net):
    node = net.chain_node()
    chain = Chain.from_node(node)
    peer = Peer.handshaken(node, chain)
    peer.send_bytes(frame("ping", b"12345678", checksum=b"abcd"))
    peer.expect_disconnect()
    assert node.rpc("listbanned") == []
    assert not is_refused(node, chain)


def test_ban_commands_of_the_prompt(net):
    node = net.chain_node()
    chain = Chain.from_node(node)

    def prompt(line):
        answer = node.rpc("tally_command", line)
        return answer if isinstance(answer, str) else answer.get("text", str(answer))

    peer = Peer.handshaken(node, chain)
    number = node.rpc("getpeerinfo")[0]["id"]
    assert prompt("bans") == "no address is banned"
    assert prompt("ban %d" % number) == "ban 127.0.0.1/32 for 86400 s and disconnect 1 peer?"
    assert banned_addresses(node) == [] and peer.is_connected()
    assert "127.0.0.1/32 for 86400 s, disconnected 1 peer" in prompt("ban! %d" % number)
    peer.expect_disconnect()
    assert banned_addresses(node) == ["127.0.0.1/32"]
    assert "127.0.0.1/32" in prompt("bans")
    assert "no longer banned" in prompt("unban 127.0.0.1")
    assert node.rpc("listbanned") == []
    prompt("ban! 10.1.0.0/16 60")
    assert node.rpc("listbanned")[0]["ban_duration"] == 60
    prompt("unban 10.1.0.0/16")
    prompt("ban! 10.1.2.3:3000")
    assert banned_addresses(node) == ["10.1.2.3/32"]


if __name__ == "__main__":
    main(globals())
