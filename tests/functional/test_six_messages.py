"""The simplest peer there is: it knows version, getblocks, inv, getdata, block and tx and nothing else. It syncs
from the node, and the node from it; payments go both ways."""
import threading

from bitcoin import segwit_addr
from chainlib import COIN, Block, Chain, Key, spend
from framework import main, wait_until
from p2p import BLOCK, TX, Disconnected, Peer, Listener, inv, locator, read_inv, read_locator, read_tx, version

OLD = 106  # before verack, ping and getheaders
SIX = {"version", "getblocks", "inv", "getdata", "block", "tx"}


class Simple(threading.Thread):
    """Serves its chain and its transactions by the six messages alone."""

    def __init__(self, peer, chain):
        super().__init__(daemon=True)
        self.peer, self.chain, self.txs, self.failure = peer, chain, {}, None

    def run(self):
        try:
            while True:
                command, payload = self.peer.receive(60)
                self.handle(command, payload)
        except (Disconnected, OSError, TimeoutError):
            pass
        except Exception as e:  # seen by the test at the end
            self.failure = e

    def handle(self, command, payload):
        if command == "version":
            self.peer.send("version", version(self.chain.genesis, protocol=OLD, height=self.chain.height))
        elif command == "getblocks":
            known, stop = read_locator(payload)
            at = next((h for h in map(self.chain.height_of, known) if h is not None), -1 if not known else 0)
            follow = self.chain.blocks[at + 1:at + 501]
            hashes = [b.hash() for b in follow]
            if stop in hashes:
                hashes = hashes[:hashes.index(stop)]
            if hashes:
                self.peer.send("inv", inv(*((BLOCK, h) for h in hashes)))
        elif command == "getdata":
            for kind, h in read_inv(payload):
                if kind == BLOCK and self.chain.height_of(h) is not None:
                    self.peer.send_block(self.chain.blocks[self.chain.height_of(h)])
                elif kind == TX and h in self.txs:
                    self.peer.send("tx", self.txs[h].bytes())


def download(peer, genesis):
    """All blocks after genesis, as a peer of six messages fetches them."""
    have = [genesis]
    while True:
        peer.send("getblocks", locator([have[-1]]))
        try:
            hashes = [h for t, h in read_inv(peer.expect("inv", seconds=2)) if t == BLOCK]
        except AssertionError:  # silence: there is nothing more
            return have
        hashes = [h for h in hashes if h not in have]
        for at in range(0, len(hashes), 16):
            some = hashes[at:at + 16]
            peer.send("getdata", inv(*((BLOCK, h) for h in some)))
            for h in some:
                b = peer.expect_block()
                assert b.hash() == h
                if b.prev == have[-1]:  # else the tip, announced after a full answer: ask on
                    have.append(h)


def test_it_syncs_from_the_node(net):
    node = net.chain_node()
    node.generate(620)  # more than one answer of 500
    chain = Chain.from_node(node)
    p = Peer.dial(node)
    p.send("version", version(chain.genesis, protocol=OLD, services=0, height=0))
    p.expect("version")
    assert download(p, chain.genesis) == [b.hash() for b in chain.blocks]
    said = {command for command, _ in p.received}
    assert said <= SIX | {"verack"}, said


def test_a_node_without_a_chain_learns_it_from_such_a_peer(net):
    first = net.chain_node()
    first.generate(30)
    chain = Chain.from_node(first)
    chain.grow(Key(), 600)
    assert first.stop() == 0
    server = Listener()
    node = net.node()
    node.start("-connect", "127.0.0.1:%d" % server.port)
    simple = Simple(server.accept(), chain)
    simple.start()
    wait_until("the node has the whole chain", lambda: node.rpc("getblockcount") == chain.height, 60)
    assert node.tip() == chain.tip.hash()[::-1].hex()
    said = {command for command, _ in simple.peer.received}
    assert "getheaders" not in said and "ping" not in said, said
    assert simple.failure is None, simple.failure
    simple.peer.close()
    server.close()


def test_payments_go_both_ways(net):
    node = net.chain_node()
    node.generate(6)
    chain, ours = Chain.from_node(node), Key()
    p = Peer.dial(node)
    p.send("version", version(chain.genesis, protocol=OLD, height=chain.height))
    p.expect("version")
    # The node pays us: its inv, our getdata, its tx; then the block with it.
    txid = bytes.fromhex(node.cli("send", "-from", "CENTRAL_NODE", "-to", ours.address, "-amount", "20"))[::-1]
    assert (TX, txid) in read_inv(p.expect("inv"))
    p.send("getdata", inv((TX, txid)))
    paid = read_tx(p.expect("tx"))
    assert paid.id() == txid
    index = next(i for i, (value, script) in enumerate(paid.outputs)
                 if script == ours.script and value == 20 * COIN)
    node.generate(1)
    h = next(h for t, h in read_inv(p.expect("inv", lambda m: read_inv(m)[0][0] == BLOCK)))
    p.send("getdata", inv((BLOCK, h)))
    b = p.expect_block()
    assert b.hash() == h and txid in [t.id() for t in b.txs]
    # We pay the node: our inv, its getdata, our tx, and it waits in its mempool.
    to = node.cli("createwallet")
    script = b"\x00\x14" + bytes(segwit_addr.decode("tly", to)[1])
    back = spend(ours, [(txid, index, 20 * COIN)], [(7 * COIN, script), (12 * COIN, ours.script)], chain.genesis)
    p.send("inv", inv((TX, back.id())))
    assert (TX, back.id()) in read_inv(p.expect("getdata"))
    p.send("tx", back.bytes())
    wait_until("our payment waits", lambda: back.id()[::-1].hex() in node.rpc("getrawmempool"))
    # We mine it.
    chain.add(b)
    mine = chain.add(chain.next_block(ours, [back], fees=COIN))
    p.send("inv", inv((BLOCK, mine.hash())))
    assert (BLOCK, mine.hash()) in read_inv(p.expect("getdata", lambda m: read_inv(m)[0][0] == BLOCK))
    p.send_block(mine)
    wait_until("our block is the tip", lambda: node.tip() == mine.hash()[::-1].hex())
    assert node.cli("getbalance", "-address", to).endswith(": 7")
    assert Block.read(mine.bytes()).hash() == mine.hash()


if __name__ == "__main__":
    main(globals())
