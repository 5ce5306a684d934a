"""How a node fetches blocks: the messages that it sends, and what the control port reports."""
from chainlib import Chain, Key
from framework import main, wait_until
from p2p import BLOCK, Peer, headers, read_inv


def sent_messages(node):
    """The names of the messages that the node has sent, in order."""
    return [m["command"] for m in node.rpc("tally_snapshot")["messages"] if m["direction"] == "out"]


def test_headers_are_requested_before_blocks(net):
    one = net.chain_node()
    one.generate(3)
    two = net.synced_node(one)
    sent = sent_messages(two)
    assert "sendheaders" in sent, sent
    assert sent.index("getheaders") < max(i for i, c in enumerate(sent) if c == "getdata"), sent


def test_sync_classic_uses_getblocks_only(net):
    one = net.chain_node()
    one.generate(3)
    two = net.synced_node(one, "-sync", "classic")
    sent = sent_messages(two)
    assert "getblocks" in sent and "getdata" in sent, sent
    assert "getheaders" not in sent and "sendheaders" not in sent, sent
    # The node follows the chain: its peer announces new blocks to it by inv.
    one.generate(1)
    wait_until("the second node has the new block", lambda: two.tip() == one.tip())


def test_progress_is_reported(net):
    one = net.chain_node()
    one.generate(3)
    two = net.synced_node(one)
    wait_until("the peer is known to have the tip", lambda: [
        p["synced_blocks"] for p in two.rpc("getpeerinfo")] == [3])
    peer = two.rpc("getpeerinfo")[0]
    assert peer["synced_headers"] == 3 and peer["inflight"] == [], peer
    info = two.rpc("getblockchaininfo")
    assert (info["blocks"], info["headers"], info["verificationprogress"]) == (3, 3, 1.0), info
    assert info["initialblockdownload"] is False
    sync = two.rpc("tally_snapshot")["sync"]
    assert (sync["active"], sync["headers"], sync["target"], sync["senders"]) == (False, 3, 3, []), sync


def test_a_longer_chain_wins_however_deep_the_fork(net):
    one = net.chain_node()
    two = net.synced_node(one)
    two.stop()
    one.generate(300)
    two.start("-connect", "127.0.0.1:1")
    two.generate(310, "OTHER")
    two.connect(one)
    wait_until("both nodes have the longer chain", lambda: one.tip() == two.tip())
    assert one.rpc("getblockcount") == 310


def test_peers_that_withhold_blocks_do_not_stall_the_sync(net):
    """The node requests at most two blocks from an inbound peer that has not delivered any, and none once an outbound
    peer can deliver."""
    one = net.chain_node()
    two = net.synced_node(one)
    two.stop()
    one.generate(1100)
    chain = Chain.from_node(one)
    two.start("-connect", "0")
    withholders = []
    for i in range(20):
        withholders.append(Peer.handshaken(two, chain))
        withholders[i].expect("getheaders")
        withholders[i].send("headers", headers(chain.blocks[1:]))
        asked = read_inv(withholders[i].expect("getdata"))
        assert asked == [(BLOCK, b.hash()) for b in chain.blocks[1 + 2 * i:3 + 2 * i]]
    two.connect(one)
    wait_until("the node has synced from its outbound peer", lambda: two.rpc("getblockcount") == 1100, 8)
    # One of them now announces a new block. No other peer has it, so the node requests it from this one.
    first = chain.fork(chain.height)
    block = first.grow(Key())[0]
    withholders[0].send("headers", headers([block]))
    assert withholders[0].expect("getdata", lambda m: read_inv(m) == [(BLOCK, block.hash())])
    withholders[0].send_block(block)
    wait_until("the new block is connected", lambda: two.rpc("getblockcount") == 1101)


def test_headers_with_too_little_work_are_not_stored(net):
    one = net.chain_node()
    one.generate(250)
    main_chain, key = Chain.from_node(one), Key()
    branch = main_chain.fork(0)
    branch.grow(key, 106)

    def tips():
        return sorted((t["height"], t["status"]) for t in one.rpc("getchaintips"))

    peer = Peer.handshaken(one, main_chain)
    peer.expect("getheaders")
    # The threshold is the work of 250 - 144 = 106 blocks: first one block less, then exactly as much.
    peer.send("headers", headers(branch.blocks[1:106]))
    peer.sync_with_ping()
    assert tips() == [(250, "active")], tips()
    peer.send("headers", headers(branch.blocks[1:107]))
    peer.sync_with_ping()
    assert tips() == [(106, "headers-only"), (250, "active")], tips()
    # The node requests no blocks of a branch with less work than its chain.
    peer.expect_no("getdata")


if __name__ == "__main__":
    main(globals())
