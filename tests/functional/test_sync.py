"""How a node fetches blocks, as its peers and a person see it."""
from framework import main, wait_until


def said(node):
    """What it sent, in order."""
    return [m["command"] for m in node.rpc("tally_snapshot")["messages"] if m["direction"] == "out"]


def test_headers_come_first(net):
    one = net.chain_node()
    one.generate(3)
    two = net.joined(one)
    out = said(two)
    assert "sendheaders" in out, out
    assert out.index("getheaders") < max(i for i, c in enumerate(out) if c == "getdata"), out


def test_the_classic_way_is_shown_with_sync_classic(net):
    one = net.chain_node()
    one.generate(3)
    two = net.joined(one, "-sync", "classic")
    out = said(two)
    assert "getblocks" in out and "getdata" in out, out
    assert "getheaders" not in out and "sendheaders" not in out, out
    # And it follows: tips are told it by inv.
    one.generate(1)
    wait_until("it follows", lambda: two.tip() == one.tip())


def test_progress_is_told(net):
    one = net.chain_node()
    one.generate(3)
    two = net.joined(one)
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
    two = net.joined(one)
    two.end()
    one.generate(300)
    two.start("-connect", "127.0.0.1:1")
    two.generate(310, "OTHER")
    two.connect(one)
    wait_until("both have the longer one", lambda: one.tip() == two.tip())
    assert one.rpc("getblockcount") == 310


if __name__ == "__main__":
    main(globals())
