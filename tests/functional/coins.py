"""A running node with a chain whose coins are the test's own."""
from chainlib import Chain, Key
from framework import wait_until
from p2p import Peer


def owned_chain(net, n=8, *options):
    """Its blocks 1 .. n pay a key of ours: (node, chain, key, a peer of the node)."""
    node = net.chain_node(*options)
    chain, key = Chain.of(node), Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, n):
        p.send_block(b)
    wait_until("our blocks are taken", lambda: node.rpc("getblockcount") == n)
    return node, chain, key, p


def coin_of(block, i=0):
    """Output i of its coinbase, as spend() takes it."""
    tx = block.txs[0]
    return tx.id(), i, tx.outputs[i][0]


def shown(tx):
    """Its id as people see it."""
    return tx.id()[::-1].hex()
