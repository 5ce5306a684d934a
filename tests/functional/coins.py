"""A running node on a chain whose coins belong to the test."""
from chainlib import Chain, Key
from framework import wait_until
from p2p import Peer


def owned_chain(net, n=8, *options):
    """Starts a node and feeds it n blocks that pay to a key of the test. Returns (node, chain, key, the peer that
    sent the blocks)."""
    node = net.chain_node(*options)
    chain, key = Chain.from_node(node), Key()
    p = Peer.handshaken(node, chain)
    for b in chain.grow(key, n):
        p.send_block(b)
    wait_until("the node has connected our blocks", lambda: node.rpc("getblockcount") == n)
    return node, chain, key, p


def coin_of(block, i=0):
    """Output i of the block's coinbase as (txid, index, value), which spend() takes."""
    tx = block.txs[0]
    return tx.id(), i, tx.outputs[i][0]


def txid_hex(tx):
    """The transaction's id as the control port shows it."""
    return tx.id()[::-1].hex()
