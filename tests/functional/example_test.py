"""An example to start from. It shows the two kinds of functional tests: several real nodes, and one node with a peer that
the test plays itself. tests/README.md explains the parts."""
from chainlib import Chain, Key
from framework import main, wait_until
from p2p import Peer


def test_payment_reaches_another_node_and_is_confirmed_there(net):
    # A name of a test is its claim. `net` makes nodes, and removes them after the test.
    anna = net.chain_node()  # has a chain with spacing 0, so that blocks can be mined at once
    ben = net.synced_node(anna)
    address = ben.cli("createwallet")  # a command of the shell; it must succeed

    txid = anna.rpc("send", address, 2.5)["txid"]  # a command of the control port
    # Wait for a condition, never for a time.
    wait_until("ben's node has the payment", lambda: txid in ben.rpc("getrawmempool"))
    assert ben.rpc("getbalance") == 0, "unconfirmed coins of others can't be spent"

    anna.generate(1)
    wait_until("the payment is confirmed", lambda: ben.rpc("getbalance") == 2.5)


def test_block_that_pays_too_much_costs_the_connection(net):
    node = net.chain_node()
    chain, key = Chain.from_node(node), Key()  # the test's own copy of the chain, in Python
    peer = Peer.handshaken(node, chain)

    good = chain.next_block(key)
    peer.send_block(good)
    wait_until("the node has the block", lambda: node.rpc("getblockcount") == 1)
    chain.add(good)

    bad = chain.next_block(key, outputs=[(chain.subsidy(2) + 1, key.script)])  # one unit more than allowed
    peer.send_block(bad)
    peer.expect_disconnect("an invalid block")
    assert node.rpc("getbestblockhash") == good.hash()[::-1].hex()


if __name__ == "__main__":
    main(globals())
