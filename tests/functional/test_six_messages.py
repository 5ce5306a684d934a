"""The simplest peer of tally-protocol(7): it knows only the messages version, getblocks, inv, getdata, block and tx.
It syncs from the node, the node syncs from it, and payments go both ways."""
import threading

from bitcoin import segwit_addr
from chainlib import COIN, Block, Chain, Key, spend
from framework import main, wait_until
from p2p import BLOCK, TX, Disconnected, Peer, Listener, inv, locator, read_inv, read_locator, read_tx, version

OLD_VERSION = 106  # a protocol version before verack, ping and getheaders
SIX_MESSAGES = {"version", "getblocks", "inv", "getdata", "block", "tx"}


class SimplePeer(threading.Thread):
    """A peer that serves its chain and its transactions in a thread."""

    def __init__(self, peer, chain):
        super().__init__(daemon=True)
        self.peer, self.chain, self.txs, self.failure = peer, chain, {}, None

    def run(self):
        try:
            while True:
                name, payload = self.peer.receive(60)
                self.handle(name, payload)
        except (Disconnected, OSError, TimeoutError):
            pass
        except Exception as e:  # the test checks it at the end
            self.failure = e

    def handle(self, name, payload):
        if name == "version":
            self.peer.send("version", version(self.chain.genesis, protocol=OLD_VERSION, height=self.chain.height))
        elif name == "getblocks":
            known, stop = read_locator(payload)
            at = next((h for h in map(self.chain.height_of, known) if h is not None), -1 if not known else 0)
            follow = self.chain.blocks[at + 1:at + 501]
            hashes = [b.hash() for b in follow]
            if stop in hashes:
                hashes = hashes[:hashes.index(stop)]
            if hashes:
                self.peer.send("inv", inv(*((BLOCK, h) for h in hashes)))
        elif name == "getdata":
            for kind, h in read_inv(payload):
                if kind == BLOCK and self.chain.height_of(h) is not None:
                    self.peer.send_block(self.chain.blocks[self.chain.height_of(h)])
                elif kind == TX and h in self.txs:
                    self.peer.send("tx", self.txs[h].bytes())


def download(peer, genesis):
    """Downloads all blocks after the genesis block. Returns the hashes, the genesis block's included."""
    have = [genesis]
    while True:
        peer.send("getblocks", locator([have[-1]]))
        try:
            hashes = [h for t, h in read_inv(peer.expect("inv", seconds=2)) if t == BLOCK]
        except AssertionError:  # no answer: there are no more blocks
            return have
        hashes = [h for h in hashes if h not in have]
        for at in range(0, len(hashes), 16):
            some = hashes[at:at + 16]
            peer.send("getdata", inv(*((BLOCK, h) for h in some)))
            for h in some:
                b = peer.expect_block()
                assert b.hash() == h
                # Otherwise it is the tip, which the node announces after 500 hashes so that the peer asks for more.
                if b.prev == have[-1]:
                    have.append(h)


def test_the_simplest_peer_syncs_from_the_node(net):
    node = net.chain_node()
    node.generate(620)  # more than the 500 hashes of one answer to getblocks
    chain = Chain.from_node(node)
    p = Peer.dial(node)
    p.send("version", version(chain.genesis, protocol=OLD_VERSION, services=0, height=0))
    p.expect("version")
    assert download(p, chain.genesis) == [b.hash() for b in chain.blocks]
    received_names = {name for name, _ in p.received}
    assert received_names <= SIX_MESSAGES | {"verack"}, received_names


def test_a_node_without_a_chain_syncs_from_the_simplest_peer(net):
    first = net.chain_node()
    first.generate(30)
    chain = Chain.from_node(first)
    chain.grow(Key(), 600)
    assert first.stop() == 0
    server = Listener()
    node = net.node()
    node.start("-connect", "127.0.0.1:%d" % server.port)
    simple = SimplePeer(server.accept(), chain)
    simple.start()
    wait_until("the node has the whole chain", lambda: node.rpc("getblockcount") == chain.height, 60)
    assert node.tip() == chain.tip.hash()[::-1].hex()
    received_names = {name for name, _ in simple.peer.received}
    assert "getheaders" not in received_names and "ping" not in received_names, received_names
    assert simple.failure is None, simple.failure
    simple.peer.close()
    server.close()


def test_payments_work_in_both_directions(net):
    node = net.chain_node()
    node.generate(6)
    chain, our_key = Chain.from_node(node), Key()
    p = Peer.dial(node)
    p.send("version", version(chain.genesis, protocol=OLD_VERSION, height=chain.height))
    p.expect("version")
    # The node pays us: it announces the transaction, we request it; then the block with it.
    txid = bytes.fromhex(node.cli("send", "-from", "CENTRAL_NODE", "-to", our_key.address, "-amount", "20"))[::-1]
    assert (TX, txid) in read_inv(p.expect("inv"))
    p.send("getdata", inv((TX, txid)))
    paid = read_tx(p.expect("tx"))
    assert paid.id() == txid
    index = next(i for i, (value, script) in enumerate(paid.outputs)
                 if script == our_key.script and value == 20 * COIN)
    node.generate(1)
    h = next(h for t, h in read_inv(p.expect("inv", lambda m: read_inv(m)[0][0] == BLOCK)))
    p.send("getdata", inv((BLOCK, h)))
    b = p.expect_block()
    assert b.hash() == h and txid in [t.id() for t in b.txs]
    # We pay the node: we announce the transaction, and the node requests it.
    to = node.cli("createwallet")
    script = b"\x00\x14" + bytes(segwit_addr.decode("tly", to)[1])
    outputs = [(7 * COIN, script), (12 * COIN, our_key.script)]
    back = spend(our_key, [(txid, index, 20 * COIN)], outputs, chain.genesis)
    p.send("inv", inv((TX, back.id())))
    assert (TX, back.id()) in read_inv(p.expect("getdata"))
    p.send("tx", back.bytes())
    wait_until("our payment is in the node's mempool", lambda: back.id()[::-1].hex() in node.rpc("getrawmempool"))
    # We mine a block with it.
    chain.add(b)
    our_block = chain.add(chain.next_block(our_key, [back], fees=COIN))
    p.send("inv", inv((BLOCK, our_block.hash())))
    assert (BLOCK, our_block.hash()) in read_inv(p.expect("getdata", lambda m: read_inv(m)[0][0] == BLOCK))
    p.send_block(our_block)
    wait_until("our block is the tip", lambda: node.tip() == our_block.hash()[::-1].hex())
    assert node.cli("getbalance", "-address", to).endswith(": 7")
    assert Block.read(our_block.bytes()).hash() == our_block.hash()


if __name__ == "__main__":
    main(globals())
