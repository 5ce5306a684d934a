"""How a node fetches blocks, as its peers and a person see it."""
from chainlib import Chain, Key
from framework import main, wait_until
from p2p import BLOCK, Peer, headers, read_inv


def said(node):
    """What it sent, in order."""
    return [m["command"] for m in node.rpc("tally_snapshot")["messages"] if m["direction"] == "out"]


def test_headers_come_first(net):
    one = net.chain_node()
    one.generate(3)
    two = net.synced_node(one)
    out = said(two)
    assert "sendheaders" in out, out
    assert out.index("getheaders") < max(i for i, c in enumerate(out) if c == "getdata"), out


def test_the_classic_way_is_shown_with_sync_classic(net):
    one = net.chain_node()
    one.generate(3)
    two = net.synced_node(one, "-sync", "classic")
    out = said(two)
    assert "getblocks" in out and "getdata" in out, out
    assert "getheaders" not in out and "sendheaders" not in out, out
    # And it follows: tips are told it by inv.
    one.generate(1)
    wait_until("it follows", lambda: two.tip() == one.tip())


def test_progress_is_told(net):
    one = net.chain_node()
    one.generate(3)
    two = net.synced_node(one)
    wait_until("the tip is known to be the peer's", lambda: [
        p["synced_blocks"] for p in two.rpc("getpeerinfo")] == [3])
    peer = two.rpc("getpeerinfo")[0]
    assert peer["synced_headers"] == 3 and peer["inflight"] == [], peer
    info = two.rpc("getblockchaininfo")
    assert (info["blocks"], info["headers"], info["verificationprogress"]) == (3, 3, 1.0), info
    assert info["initialblockdownload"] is False
    sync = two.rpc("tally_snapshot")["sync"]
    assert (sync["active"], sync["headers"], sync["target"], sync["senders"]) == (False, 3, 3, []), sync


def test_a_longer_chain_is_switched_to_below_any_depth(net):
    one = net.chain_node()
    two = net.synced_node(one)
    two.stop()
    one.generate(300)
    two.start("-connect", "127.0.0.1:1")
    two.generate(310, "OTHER")
    two.connect(one)
    wait_until("both have the longer one", lambda: one.tip() == two.tip())
    assert one.rpc("getblockcount") == 310


def test_many_that_keep_the_first_blocks_back_hold_up_nobody(net):
    """Who comes by itself is asked for little, and only while nobody better is there."""
    one = net.chain_node()
    two = net.synced_node(one)
    two.stop()
    one.generate(1100)
    chain = Chain.from_node(one)
    two.start("-connect", "0")
    thieves = []
    for i in range(20):
        thieves.append(Peer.handshaken(two, chain))
        thieves[i].expect("getheaders")
        thieves[i].send("headers", headers(chain.blocks[1:]))
        asked = read_inv(thieves[i].expect("getdata"))
        assert asked == [(BLOCK, b.hash()) for b in chain.blocks[1 + 2 * i:3 + 2 * i]]
    two.connect(one)
    wait_until("the other takes over", lambda: two.rpc("getblockcount") == 1100, 8)
    # A new one among them tells a block first: nobody better has it, so it is asked.
    first = chain.fork(chain.height)
    block = first.grow(Key())[0]
    thieves[0].send("headers", headers([block]))
    assert thieves[0].expect("getdata", lambda m: read_inv(m) == [(BLOCK, block.hash())])
    thieves[0].send_block(block)
    wait_until("it is there", lambda: two.rpc("getblockcount") == 1101)


def test_headers_of_too_little_work_are_not_kept(net):
    one = net.chain_node()
    one.generate(250)
    main_chain, key = Chain.from_node(one), Key()
    branch = main_chain.fork(0)
    branch.grow(key, 106)

    def tips():
        return sorted((t["height"], t["status"]) for t in one.rpc("getchaintips"))

    peer = Peer.handshaken(one, main_chain)
    peer.expect("getheaders")
    # 250 less 144 blocks is the bar: one below it, then at it.
    peer.send("headers", headers(branch.blocks[1:106]))
    peer.sync_with_ping()
    assert tips() == [(250, "active")], tips()
    peer.send("headers", headers(branch.blocks[1:107]))
    peer.sync_with_ping()
    assert tips() == [(106, "headers-only"), (250, "active")], tips()
    # And no body of a chain of less work is asked for.
    peer.expect_no("getdata")


if __name__ == "__main__":
    main(globals())
