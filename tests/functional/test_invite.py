"""Invites: one word that names a node's address and its chain."""
import socket
import struct

from framework import free_id, main, wait_until
from p2p import Disconnected, Listener, version

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def decode(invite):
    """Decodes an invite: (address, port, genesis hash as hex). Source: BIP 350 for bech32m, tally(1) for the
    payload."""
    hrp, data = invite.rsplit("1", 1)
    assert hrp == "tally" and invite == invite.lower()
    values = [CHARSET.index(c) for c in data]
    chk = 1
    for v in [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp] + values:
        top = chk >> 25
        chk = (chk & 0x1ffffff) << 5 ^ v
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
            if top >> i & 1:
                chk ^= g
    assert chk == 0x2bc830a3
    assert values[0] == 0
    bits = "".join(format(v, "05b") for v in values[1:-6])
    raw = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits) - 7, 8))
    ip_n = len(raw) - 34
    ip = socket.inet_ntop(socket.AF_INET if ip_n == 4 else socket.AF_INET6, raw[:ip_n])
    return ip, struct.unpack(">H", raw[ip_n:ip_n + 2])[0], raw[ip_n + 2:][::-1].hex()


def invite_of(node, address="127.0.0.1"):
    return node.cli("invite", "-address", address)


def test_an_invite_holds_address_port_and_chain(net):
    node = net.node()
    genesis = node.create()
    stopped = node.cli("invite", "-address", "192.168.1.7")
    assert decode(stopped) == ("192.168.1.7", node.id, genesis)
    node.start("-connect", "0")
    assert node.cli("invite", "-address", "192.168.1.7") == stopped
    assert node.rpc("invite", "192.168.1.7") == stopped
    assert decode(invite_of(node, "localhost"))[0] == "127.0.0.1"
    assert decode(invite_of(node, "192.168.1.7:4000"))[:2] == ("192.168.1.7", 4000)
    assert decode(invite_of(node, "[2001:db8::7]:4000"))[:2] == ("2001:db8::7", 4000)
    assert decode(node.cli("invite"))[1:] == (node.id, genesis)


def test_an_invite_names_the_address_and_port_at_which_the_node_listens(net):
    node = net.node()
    genesis = node.create()
    port = free_id()
    node.start("-connect", "0", "-port", str(port), "-bind", "127.0.0.1")
    assert decode(node.cli("invite")) == ("127.0.0.1", port, genesis)


def test_a_node_joins_by_an_invite(net):
    first = net.chain_node()
    first.generate(3)
    invite = invite_of(first)
    second = net.node()
    second.start("-join", invite)
    wait_until("the second node has joined", lambda: second.rpc("getblockcount") == 3)
    assert second.rpc("getblockhash", 0) == first.rpc("getblockhash", 0)
    # Again with a directory that has the chain already. The word is in upper case, as in a QR code.
    second.stop()
    second.start("-join", invite.upper())
    wait_until("the second node is connected", lambda: second.rpc("getconnectioncount") == 1)
    # The invite may also be given in tally.conf.
    third = net.node()
    with open(net.home + "/tally.conf", "w") as f:
        f.write("join=%s\n" % invite)
    third.start()
    wait_until("the third node has joined", lambda: third.rpc("getblockcount") == 3)


def test_an_invite_to_another_chain_is_refused(net):
    first, other = net.chain_node(), net.node()
    genesis = other.create("OTHER", "-spacing", "0", "-name", "other")
    other.start("-connect", "0")
    # The invite names one chain, but its address belongs to a node of another: that chain must not be joined.
    wrong = net.node()
    invite = other.cli("invite", "-address", "127.0.0.1:%d" % first.id)
    wrong.start("-join", invite)
    wait_until("the log reports the wrong chain", lambda: b"of another chain" in open(
        wrong.dir + "/tally.log", "rb").read())
    assert wrong.run("rpc", "getbestblockhash")[0] != 0
    # The directory holds another chain already.
    first.stop()
    status, _, err = first.run("startnode", "-headless", "-join", invite)
    assert status == 2 and "another chain" in err, err
    # -join and -chain name two different chains.
    status, _, err = net.node().run("startnode", "-headless", "-join", invite, "-chain", "ab" * 32)
    assert status == 2 and genesis[:16] in err, err


def test_the_address_in_an_invite_is_dialled(net):
    node = net.node()
    node.create()
    server = Listener()
    invite = node.cli("invite", "-address", "127.0.0.1:%d" % server.port)
    joiner = net.node()
    joiner.start("-join", invite)
    peer = server.accept()
    peer.expect("version")
    # A peer on another chain is disconnected.
    peer.send("version", version(b"\x42" * 32, height=5))
    try:
        peer.expect_disconnect()
    except Disconnected:
        pass
    server.close()


def test_invalid_invites_are_reported_in_one_line(net):
    node = net.node()
    node.create()
    invite = invite_of(node)
    joiner = net.node()
    for bad, why in (("hello", "not an invite"), ("", "give WORD"), (invite[:-1], "damaged"),
                     (invite[:-1] + ("q" if invite[-1] != "q" else "p"), "damaged"),
                     (invite + "q", "damaged"), ("tally1", "damaged"),
                     ("tly1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "not an invite")):
        status, out, err = joiner.run("startnode", "-headless", "-join", bad)
        assert status == 2 and out == "", (bad, status, out)
        assert why in err and err.count("\n") == 1, (bad, err)
    for bad in ("0.0.0.0", "224.0.0.1", "127.0.0.1:0", "1.2.3"):
        status, out, err = node.run("invite", "-address", bad)
        assert status == 2 and out == "" and err.count("\n") == 1, (bad, status, err)
    joiner.cli("createwallet")
    status, _, err = joiner.run("invite")
    assert status != 0 and "no chain" in err, err
    node.start("-connect", "0", "-listen", "0")
    status, _, err = node.run("invite")
    assert status == 1 and "does not listen" in err, (status, err)


if __name__ == "__main__":
    main(globals())
