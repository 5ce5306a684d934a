"""The lesson of the manual: a chain, a second node that syncs from the first, mining, paying."""
from framework import main, wait_until


def test_a_second_node_joins_the_chain_and_syncs(net):
    one = net.node()
    genesis = one.create()
    assert len(genesis) == 64
    assert one.cli("getbalance", "-address", "CENTRAL_NODE") == "Balance of 'CENTRAL_NODE': 50"
    one.start("-connect", "127.0.0.1:1")
    one.generate(30)
    two = net.node()
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("the second node has synced", lambda: two.rpc("getblockcount") == 30)
    assert two.tip() == one.tip()
    assert two.rpc("getblockhash", 0) == genesis
    sent = [m["command"] for m in two.rpc("tally_snapshot")["messages"] if m["direction"] == "out"]
    assert "getdata" in sent, sent


def test_a_payment_passes_through_the_mempools_into_a_block(net):
    one = net.chain_node()
    two = net.synced_node(one)
    address = two.cli("createwallet")
    txid = one.cli("send", "-from", "CENTRAL_NODE", "-to", address, "-amount", "12.5", "-memo", "for you")
    wait_until("the payment is in both mempools",
               lambda: two.rpc("getrawmempool") == [txid] == one.rpc("getrawmempool"))
    one.generate(1)
    wait_until("the payment is confirmed", lambda: two.cli("getbalance", "-address", address).endswith(": 12.5"))
    assert one.rpc("getrawmempool") == [] == two.rpc("getrawmempool")
    # The first node can show the balance of an address that its wallet doesn't own.
    assert one.cli("getbalance", "-address", address) == "Balance of '%s': 12.5" % address


def test_a_miner_mines_and_other_nodes_follow(net):
    one = net.chain_node("-miner", "CENTRAL_NODE")
    two = net.synced_node(one)
    wait_until("three blocks are mined", lambda: two.rpc("getblockcount") >= 3)
    assert two.rpc("getblockhash", 2) == one.rpc("getblockhash", 2)


def test_send_with_mine_confirms_at_once(net):
    one = net.chain_node()
    address = one.cli("createwallet")
    one.cli("send", "-to", address, "-amount", "3", "-mine")
    assert one.rpc("getblockcount") == 1
    assert one.cli("getbalance", "-address", address).endswith(": 3")


def test_the_longer_chain_wins_and_payments_of_the_other_are_unconfirmed_again(net):
    one = net.chain_node()
    two = net.synced_node(one)
    address = one.cli("createwallet")
    two.stop()
    txid = one.cli("send", "-from", "CENTRAL_NODE", "-to", address, "-amount", "7")
    one.generate(2)
    two.start("-connect", "127.0.0.1:1")
    two.generate(5, "OTHER")
    two.connect(one)
    wait_until("both nodes have the longer chain", lambda: one.tip() == two.tip() and one.rpc("getblockcount") == 5)
    wait_until("the payment is unconfirmed again", lambda: one.rpc("getrawmempool") == [txid])
    states = sorted(t["status"] for t in one.rpc("getchaintips"))
    assert states == ["active", "valid-fork"], states
    one.generate(1)
    assert one.cli("getbalance", "-address", address).endswith(": 7")


def test_a_third_node_finds_the_second_through_the_first(net):
    # -addnode, because with -connect a node would not dial the addresses that its peers announce.
    one, two, three = net.node(), net.node(), net.node()
    one.create()
    one.start("-addnode", "127.0.0.1:%d" % two.id)
    two.start("-addnode", "127.0.0.1:%d" % one.id)
    three.start("-addnode", "127.0.0.1:%d" % one.id)
    port = ":%d" % two.id
    wait_until("the third node is connected to the second", lambda: any(
        p["addr"].endswith(port) for p in three.rpc("getpeerinfo")) or any(
        p["addr"].endswith(":%d" % three.id) for p in two.rpc("getpeerinfo")), 40)


def test_with_connect_0_a_node_dials_only_manual_peers(net):
    one = net.chain_node()
    two = net.node()
    two.start("-connect", "0")
    assert two.rpc("tally_snapshot")["dials"] == []
    assert two.rpc("getconnectioncount") == 0
    two.connect(one)  # a manual peer
    wait_until("the second node has joined", lambda: two.rpc("getblockcount") == 0)


def test_without_a_chain_the_error_suggests_only_what_can_help(net):
    n = net.node()

    def suggestion():
        answer = n.rpc("tally_command", "mine")
        assert answer["kind"] == "failed" and "no chain yet" in answer["text"], answer
        assert answer["text"].endswith("or stop this node and make one with tally createblockchain -address NAME")
        return answer["text"].split(": ")[1].split(",")[0]

    n.start("-connect", "0", "-listen", "0")
    assert suggestion() == "connect to a peer that has one"
    n.connect(net.node())
    assert suggestion() == "wait for a peer that has one"
    n.stop()
    n.start("-connect", "0")
    assert suggestion() == "wait for a peer that has one"


def test_of_two_chains_offered_the_user_chooses(net):
    nodes = []
    for name in ("physics", "chemistry"):
        n = net.node()
        n.create("CENTRAL_NODE", "-spacing", "0", "-name", name)
        n.start("-connect", "0")
        n.generate(3)
        nodes.append(n)
    new = net.node()
    new.start(*(a for n in nodes for a in ("-connect", "127.0.0.1:%d" % n.id)))
    wait_until("both chains are offered", lambda: "2 different chains" in new.rpc("tally_snapshot")["warning"])
    assert new.rpc("tally_command", "choose biology")["kind"] == "failed"
    assert new.rpc("tally_command", "choose chemistry")["kind"] == "done"
    wait_until("the node has joined the chosen chain", lambda: new.tip() == nodes[1].tip())
    for name in ("chemistry", "physics"):
        answer = new.rpc("tally_command", "choose " + name)
        assert answer == {"kind": "failed", "text": "this node already has a chain, chemistry: start a node with another --node-id"}, answer


if __name__ == "__main__":
    main(globals())
