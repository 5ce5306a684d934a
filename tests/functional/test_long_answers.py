"""Answers that take long keep nobody else waiting, and are made only while somebody waits for them."""
import atexit
import base64
import http.client
import json
import os
import shutil
import socket
import tempfile
import threading
import time

from bitcoin import segwit_addr

from chainlib import Key, spend
from coins import coin_of, owned_chain, txid_hex
from framework import free_id, main, wait_until
from p2p import Peer

BLOCKS = 20
MADE = {}  # the chain and a copy of its directory, made at first use


def add_big_block(chain, key, coin):
    """Of about 0.8 MB: 4,600 payments, one upon the other. Returns the coin that is left, too."""
    txs = []
    for _ in range(4600):
        txs.append(spend(key, [coin], [(coin[2], key.script)], chain.genesis))
        coin = (txs[-1].id(), 0, coin[2])
    return chain.add(chain.next_block(key, txs)), coin


def make_chain(net):
    node, chain, key, p = owned_chain(net, 6)
    coin = coin_of(chain.blocks[1])
    for _ in range(BLOCKS):
        b, coin = add_big_block(chain, key, coin)
        p.send_block(b)
    wait_until("our blocks are taken", lambda: node.rpc("getblockcount") == chain.height, 60)
    node.stop()
    MADE["chain"], MADE["key"] = chain, key
    MADE["home"] = tempfile.mkdtemp(prefix="tally-test.")
    atexit.register(shutil.rmtree, MADE["home"])
    shutil.copytree(os.path.join(node.dir, "chain"), os.path.join(MADE["home"], "chain"))


def big_chain(net):
    """A node that has just been started, whose last BLOCKS blocks are big ones, and its chain."""
    if not MADE:
        make_chain(net)
    node = net.node()
    os.makedirs(node.dir)
    shutil.copytree(os.path.join(MADE["home"], "chain"), os.path.join(node.dir, "chain"))
    node.start("-connect", "127.0.0.1:%d" % free_id())
    return node, MADE["chain"]


def waits_of_others(node, method, params):
    """Seconds that the call took, and the longest that another one waited meanwhile."""
    took, waits = [], []

    def ask():
        begun = time.monotonic()
        node.post(json.dumps({"method": method, "params": params, "id": 1}))
        took.append(time.monotonic() - begun)

    asking = threading.Thread(target=ask)
    asking.start()
    while not took:
        begun = time.monotonic()
        node.rpc("getblockcount")
        waits.append(time.monotonic() - begun)
    asking.join()
    return took[0], max(waits)


def others_go_on(node, method, *params, fresh=False):
    """A machine may be busy with something else: one of several tries must do. fresh: each after a start."""
    tries = []
    for _ in range(5):
        if fresh:
            assert node.stop() == 0
            node.start("-connect", "127.0.0.1:%d" % free_id())
        took, longest = waits_of_others(node, method, list(params))
        if longest < took * 0.6:
            return
        tries.append("%.0f of %.0f ms" % (longest * 1000, took * 1000))
    raise AssertionError("%s: others waited %s" % (method, ", ".join(tries)))


def begin(node, body):
    """A connection that waits for its answer."""
    with open(os.path.join(node.dir, ".cookie")) as f:
        auth = base64.b64encode(f.read().encode()).decode()
    body = json.dumps(body)
    s = socket.create_connection(("127.0.0.1", node.id + 10000))
    s.sendall(("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s" % (
        auth, len(body), body)).encode())
    return s


def ended(node, method):
    """How many such answers ended because who asked had left."""
    with open(os.path.join(node.dir, "tally.log")) as f:
        return f.read().count("%s ends here: who asked has left" % method)


def nobody_waits(node, method, *params):
    begin(node, {"method": method, "params": params, "id": 1}).close()
    wait_until("%s ends" % method, lambda: ended(node, method) == 1)


def test_blocks_are_listed_a_page_at_a_time(net):
    node, chain = big_chain(net)
    hashes = [b.hash()[::-1].hex() for b in reversed(chain.blocks)]
    page = node.rpc("printchain", None, 1000)
    rows = page["blocks"]
    assert [r["hash"] for r in rows] == hashes[:len(rows)]
    assert rows[0]["tx"] == [txid_hex(t) for t in chain.tip.txs] and rows[0]["nTx"] == 4601
    # A page of 16 MB is one, and the next goes on below it.
    assert sum(r["size"] for r in rows[:-1]) < 16000000 <= sum(r["size"] for r in rows)
    assert page["next"] == chain.height - len(rows)
    rest = node.rpc("printchain", page["next"], 1000)
    assert [r["hash"] for r in rest["blocks"]] == hashes[len(rows):] and rest["next"] is None
    assert [r["height"] for r in node.rpc("printchain", 3, 2)["blocks"]] == [3, 2]
    printed = node.cli("printchain")
    assert [line.split()[2] for line in printed.splitlines() if line.startswith("block ")] == hashes
    others_go_on(node, "printchain", None, 1000)
    nobody_waits(node, "printchain", None, 1000)
    by_rpc = node.cli("rpc", "printchain", "2", "2")
    assert node.stop() == 0
    assert node.cli("printchain") == printed and node.cli("rpc", "printchain", "2", "2") == by_rpc


def test_a_page_is_of_one_branch(net):
    node, chain = big_chain(net)
    fork = chain.fork(chain.height - 10)
    better = fork.grow(Key(), 11)
    branches = [" ".join(b.hash()[::-1].hex() for b in reversed(c.blocks)) for c in (chain, fork)]
    pages, moved = [], threading.Event()

    def page():
        pages.append(node.rpc("printchain", None, 1000)["blocks"])

    def ask():
        while not moved.is_set():
            page()

    page()
    asking = threading.Thread(target=ask)
    asking.start()
    for b in better:
        node.rpc("submitblock", b.bytes().hex())
    moved.set()
    asking.join()
    assert node.tip() == branches[1].split()[0]
    page()
    for rows in pages:
        assert any(" ".join(r["hash"] for r in rows) in b for b in branches), rows
    assert pages[0][0]["hash"] in branches[0] and pages[-1][0]["hash"] in branches[1]


def test_a_block_is_told_with_its_transactions(net):
    node, chain = big_chain(net)
    tip, name = chain.tip, chain.tip.hash()[::-1].hex()
    assert node.rpc("getblock", name, 0) == tip.bytes().hex()
    ids, whole = node.rpc("getblock", name), node.rpc("getblock", name, 2)
    assert ids["tx"] == [txid_hex(t) for t in tip.txs] == [t["txid"] for t in whole["tx"]]
    assert [t["hex"] for t in whole["tx"]] == [t.bytes().hex() for t in tip.txs]
    assert whole["tx"][1]["vin"][0]["txid"] == tip.txs[1].inputs[0][0][::-1].hex()
    whole["tx"] = ids["tx"]
    assert ids == whole and ids["nTx"] == 4601 and ids["size"] == len(tip.bytes()) and ids["height"] == chain.height
    others_go_on(node, "getblock", name, 2)
    nobody_waits(node, "getblock", name, 2)
    shown_online = [node.cli("rpc", "getblock", h, v) for h in ("0", "3") for v in ("0", "1", "2")]
    assert node.stop() == 0
    assert [node.cli("rpc", "getblock", h, v) for h in ("0", "3") for v in ("0", "1", "2")] == shown_online
    assert shown_online[0] == chain.blocks[0].bytes().hex()


def test_a_screen_is_whole_though_its_blocks_are_read_bit_by_bit(net):
    node, chain = big_chain(net)
    rows = node.rpc("tally_screen", 120, 100).splitlines()
    assert sum(" 4601tx " in row for row in rows) == BLOCKS, rows
    others_go_on(node, "tally_screen", 120, 100, fresh=True)
    assert node.stop() == 0
    assert node.cli("startnode", "-dump-screen", "120x100").count(" 4601tx ") == BLOCKS


def test_all_coins_of_a_large_wallet_are_listed(net):
    node, chain, key, p = owned_chain(net, 14)
    mine = b"\x00\x14" + bytes(segwit_addr.decode("tly", node.rpc("getnewaddress"))[1])
    coins = [coin_of(b) for b in chain.blocks[1:9]]
    txs = [spend(key, [c], [(1000 + i, mine) for i in range(3000)] + [(c[2] - 8000000, key.script)], chain.genesis)
           for c in coins]
    p.send_block(chain.add(chain.next_block(key, txs)))
    wait_until("they are paid", lambda: node.rpc("getblockcount") == chain.height)
    first, *listed = node.rpc("listunspent")
    assert first["amount"] == 50 and first["confirmations"] == chain.height + 1  # of the chain's first block
    assert [(c["txid"], c["vout"], round(c["amount"] * 1e8)) for c in listed] == [
        (name, i, 1000 + i) for name in map(txid_hex, txs) for i in range(3000)]
    assert all(c["confirmations"] == 1 and c["spendable"] and c["safe"] for c in listed)
    others_go_on(node, "listunspent")
    nobody_waits(node, "listunspent")


def test_all_that_waits_is_listed(net):
    node, chain, key, p = owned_chain(net, 8)
    coin = coin_of(chain.blocks[1])
    split = spend(key, [coin], [(100000, key.script)] * 150 + [(coin[2] - 16000000, key.script)], chain.genesis)
    p.send_block(chain.add(chain.next_block(key, [split])))
    txs = [spend(key, [(split.id(), i, 100000)], [(99000, key.script)], chain.genesis) for i in range(150)]
    for t in txs:
        p.send("tx", t.bytes())
    wait_until("they wait", lambda: node.rpc("getmempoolinfo")["size"] == 150)
    assert node.rpc("getrawmempool") == [txid_hex(t) for t in txs]
    whole = node.rpc("getrawmempool", True)
    assert list(whole) == [txid_hex(t) for t in txs]
    assert all(round(en["fees"]["base"] * 1e8) == 1000 and en["depends"] == [] for en in whole.values())
    lines = node.cli("rpc", "getrawmempool", "true")
    assert json.loads(lines) == whole and '"base": 0.00001000' in lines
    assert node.stop() == 0
    assert json.loads(node.cli("rpc", "getrawmempool", "true")).keys() == whole.keys()


def test_a_batch_ends_when_its_client_leaves_and_when_the_node_stops(net):
    node, _ = big_chain(net)
    batch = [{"method": "printchain", "params": [None, 1000], "id": i} for i in range(300)]
    begin(node, batch).close()
    wait_until("they end", lambda: ended(node, "printchain") > 0)
    with begin(node, batch):
        assert node.rpc("getblockcount") == 6 + BLOCKS
        assert node.stop() == 0


def test_a_payment_waits_for_a_reorganisation_and_holds_up_nobody(net):
    tries = []
    for _ in range(5):
        node, chain = big_chain(net)
        key, other = MADE["key"], chain.fork(6)
        tx = spend(key, [coin_of(chain.blocks[3])], [(50_0000_0000 - 20_000, key.script)], chain.genesis)
        p = Peer.handshaken(node, chain)
        for b in other.grow(key, BLOCKS + 1):
            p.send_block(b)
        took, wait = waits_of_others(node, "sendrawtransaction", [tx.bytes().hex()])
        assert txid_hex(tx) in node.rpc("getrawmempool")
        node.stop()
        tries.append((took, wait))
        if took > 0.1 and wait < 0.5 * took:  # it came while blocks were undone, and others were answered
            return
    raise AssertionError("payments and the longest waits of others: %s" % tries)


def test_who_closes_the_side_that_sends_has_left_a_long_answer(net):
    node, _ = big_chain(net)
    with socket.create_connection(("127.0.0.1", node.id + 10000)) as s:
        with open(os.path.join(node.dir, ".cookie")) as f:
            auth = base64.b64encode(f.read().encode()).decode()
        body = json.dumps({"method": "printchain", "params": [], "id": 1})
        s.sendall(("POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s"
                   % (auth, len(body), body)).encode())
        s.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(s)
        answer.begin()
        error = json.loads(answer.read())["error"]
    assert error["data"]["token"] == "given-up" and "closed the connection" in error["message"], error


if __name__ == "__main__":
    main(globals())
