"""Calls with long answers: they don't delay other calls, and the node stops working on one when its client
disconnects."""
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

BIG_BLOCKS = 20
CACHE = {}  # filled by make_chain: "chain", its "key", and "home", the directory that holds a copy of it


def add_big_block(chain, key, coin):
    """Adds a block of about 0.8 MB, in which 4,600 payments each spend the one before. Returns the block and the last
    coin."""
    txs = []
    for _ in range(4600):
        txs.append(spend(key, [coin], [(coin[2], key.script)], chain.genesis))
        coin = (txs[-1].id(), 0, coin[2])
    return chain.add(chain.next_block(key, txs)), coin


def make_chain(net):
    """Makes a chain whose last BIG_BLOCKS blocks are big and stores it in CACHE."""
    node, chain, key, p = owned_chain(net, 6)
    coin = coin_of(chain.blocks[1])
    for _ in range(BIG_BLOCKS):
        b, coin = add_big_block(chain, key, coin)
        p.send_block(b)
    wait_until("the node has connected our blocks", lambda: node.rpc("getblockcount") == chain.height, 60)
    node.stop()
    CACHE["chain"], CACHE["key"] = chain, key
    CACHE["home"] = tempfile.mkdtemp(prefix="tally-test.")
    atexit.register(shutil.rmtree, CACHE["home"])
    shutil.copytree(os.path.join(node.dir, "chain"), os.path.join(CACHE["home"], "chain"))


def big_chain(net):
    """Starts a node on a copy of the chain in CACHE. Returns the node and the chain."""
    if not CACHE:
        make_chain(net)
    node = net.node()
    os.makedirs(node.dir)
    shutil.copytree(os.path.join(CACHE["home"], "chain"), os.path.join(node.dir, "chain"))
    node.start("-connect", "127.0.0.1:%d" % free_id())
    return node, CACHE["chain"]


def measure_delays(node, method, params):
    """Makes a call in a thread and others meanwhile. Returns how long it took, and the longest that another call
    took, in seconds."""
    duration, delays = [], []

    def call():
        begin = time.monotonic()
        node.post(json.dumps({"method": method, "params": params, "id": 1}))
        duration.append(time.monotonic() - begin)

    caller = threading.Thread(target=call)
    caller.start()
    while not duration:
        begin = time.monotonic()
        node.rpc("getblockcount")
        delays.append(time.monotonic() - begin)
    caller.join()
    return duration[0], max(delays)


def assert_does_not_delay_others(node, method, *params, fresh=False):
    """Other calls must take less than 60 % of the time of this one. Because the machine may be busy, one of five
    attempts is enough. fresh=True: the node is restarted before each attempt, so that its caches are empty."""
    attempts = []
    for _ in range(5):
        if fresh:
            assert node.stop() == 0
            node.start("-connect", "127.0.0.1:%d" % free_id())
        duration, longest = measure_delays(node, method, list(params))
        if longest < duration * 0.6:
            return
        attempts.append("%.0f of %.0f ms" % (longest * 1000, duration * 1000))
    raise AssertionError("%s delayed other calls by %s" % (method, ", ".join(attempts)))


def open_call(node, body):
    """Sends a call and returns the connection, on which the answer is still to come."""
    with open(os.path.join(node.dir, ".cookie")) as f:
        auth = base64.b64encode(f.read().encode()).decode()
    body = json.dumps(body)
    s = socket.create_connection(("127.0.0.1", node.id + 10000))
    s.sendall(("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s" % (
        auth, len(body), body)).encode())
    return s


def abandoned_count(node, method):
    """How many calls of this command the node has ended because the client had disconnected."""
    with open(os.path.join(node.dir, "tally.log")) as f:
        return f.read().count("%s cancelled: the client disconnected" % method)


def assert_ends_when_client_disconnects(node, method, *params):
    open_call(node, {"method": method, "params": params, "id": 1}).close()
    wait_until("%s ends after its client has disconnected" % method, lambda: abandoned_count(node, method) == 1)


def test_printchain_lists_the_blocks_in_pages(net):
    node, chain = big_chain(net)
    hashes = [b.hash()[::-1].hex() for b in reversed(chain.blocks)]
    page = node.rpc("printchain", None, 1000)
    rows = page["blocks"]
    assert [r["hash"] for r in rows] == hashes[:len(rows)]
    assert rows[0]["tx"] == [txid_hex(t) for t in chain.tip.txs] and rows[0]["nTx"] == 4601
    # A page ends when its blocks exceed 16 MB; the next page starts at the block below.
    assert sum(r["size"] for r in rows[:-1]) < 16000000 <= sum(r["size"] for r in rows)
    assert page["next"] == chain.height - len(rows)
    rest = node.rpc("printchain", page["next"], 1000)
    assert [r["hash"] for r in rest["blocks"]] == hashes[len(rows):] and rest["next"] is None
    assert [r["height"] for r in node.rpc("printchain", 3, 2)["blocks"]] == [3, 2]
    printed = node.cli("printchain")
    assert [line.split()[2] for line in printed.splitlines() if line.startswith("block ")] == hashes
    assert_does_not_delay_others(node, "printchain", None, 1000)
    assert_ends_when_client_disconnects(node, "printchain", None, 1000)
    by_rpc = node.cli("rpc", "printchain", "2", "2")
    assert node.stop() == 0
    assert node.cli("printchain") == printed and node.cli("rpc", "printchain", "2", "2") == by_rpc


def test_a_page_of_printchain_holds_blocks_of_one_branch_only(net):
    node, chain = big_chain(net)
    fork = chain.fork(chain.height - 10)
    better = fork.grow(Key(), 11)
    branches = [" ".join(b.hash()[::-1].hex() for b in reversed(c.blocks)) for c in (chain, fork)]
    pages, reorganised = [], threading.Event()

    def page():
        pages.append(node.rpc("printchain", None, 1000)["blocks"])

    def call():
        while not reorganised.is_set():
            page()

    page()
    caller = threading.Thread(target=call)
    caller.start()
    for b in better:
        node.rpc("submitblock", b.bytes().hex())
    reorganised.set()
    caller.join()
    assert node.tip() == branches[1].split()[0]
    page()
    for rows in pages:
        assert any(" ".join(r["hash"] for r in rows) in b for b in branches), rows
    assert pages[0][0]["hash"] in branches[0] and pages[-1][0]["hash"] in branches[1]


def test_getblock_lists_all_transactions_of_a_big_block(net):
    node, chain = big_chain(net)
    tip, name = chain.tip, chain.tip.hash()[::-1].hex()
    assert node.rpc("getblock", name, 0) == tip.bytes().hex()
    ids, whole = node.rpc("getblock", name), node.rpc("getblock", name, 2)
    assert ids["tx"] == [txid_hex(t) for t in tip.txs] == [t["txid"] for t in whole["tx"]]
    assert [t["hex"] for t in whole["tx"]] == [t.bytes().hex() for t in tip.txs]
    assert whole["tx"][1]["vin"][0]["txid"] == tip.txs[1].inputs[0][0][::-1].hex()
    whole["tx"] = ids["tx"]
    assert ids == whole and ids["nTx"] == 4601 and ids["size"] == len(tip.bytes()) and ids["height"] == chain.height
    assert_does_not_delay_others(node, "getblock", name, 2)
    assert_ends_when_client_disconnects(node, "getblock", name, 2)
    shown_online = [node.cli("rpc", "getblock", h, v) for h in ("0", "3") for v in ("0", "1", "2")]
    assert node.stop() == 0
    assert [node.cli("rpc", "getblock", h, v) for h in ("0", "3") for v in ("0", "1", "2")] == shown_online
    assert shown_online[0] == chain.blocks[0].bytes().hex()


def test_a_screen_is_complete_although_its_blocks_are_read_in_slices(net):
    node, chain = big_chain(net)
    rows = node.rpc("tally_screen", 120, 100).splitlines()
    assert sum(" 4601tx " in row for row in rows) == BIG_BLOCKS, rows
    assert_does_not_delay_others(node, "tally_screen", 120, 100, fresh=True)
    assert node.stop() == 0
    assert node.cli("startnode", "-dump-screen", "120x100").count(" 4601tx ") == BIG_BLOCKS


def test_listunspent_lists_all_coins_of_a_large_wallet(net):
    node, chain, key, p = owned_chain(net, 14)
    our_script = b"\x00\x14" + bytes(segwit_addr.decode("tly", node.rpc("getnewaddress"))[1])
    coins = [coin_of(b) for b in chain.blocks[1:9]]
    outputs = [(1000 + i, our_script) for i in range(3000)]
    txs = [spend(key, [c], outputs + [(c[2] - 8000000, key.script)], chain.genesis) for c in coins]
    p.send_block(chain.add(chain.next_block(key, txs)))
    wait_until("the coins are in a block", lambda: node.rpc("getblockcount") == chain.height)
    first, *listed = node.rpc("listunspent")
    assert first["amount"] == 50 and first["confirmations"] == chain.height + 1  # paid by the genesis block
    assert [(c["txid"], c["vout"], round(c["amount"] * 1e8)) for c in listed] == [
        (name, i, 1000 + i) for name in map(txid_hex, txs) for i in range(3000)]
    assert all(c["confirmations"] == 1 and c["spendable"] and c["safe"] for c in listed)
    assert_does_not_delay_others(node, "listunspent")
    assert_ends_when_client_disconnects(node, "listunspent")


def test_getrawmempool_lists_all_transactions(net):
    node, chain, key, p = owned_chain(net, 8)
    coin = coin_of(chain.blocks[1])
    split = spend(key, [coin], [(100000, key.script)] * 150 + [(coin[2] - 16000000, key.script)], chain.genesis)
    p.send_block(chain.add(chain.next_block(key, [split])))
    txs = [spend(key, [(split.id(), i, 100000)], [(99000, key.script)], chain.genesis) for i in range(150)]
    for t in txs:
        p.send("tx", t.bytes())
    wait_until("all transactions are in the mempool", lambda: node.rpc("getmempoolinfo")["size"] == 150)
    assert node.rpc("getrawmempool") == [txid_hex(t) for t in txs]
    whole = node.rpc("getrawmempool", True)
    assert list(whole) == [txid_hex(t) for t in txs]
    assert all(round(en["fees"]["base"] * 1e8) == 1000 and en["depends"] == [] for en in whole.values())
    lines = node.cli("rpc", "getrawmempool", "true")
    assert json.loads(lines) == whole and '"base": 0.00001000' in lines
    assert node.stop() == 0
    assert json.loads(node.cli("rpc", "getrawmempool", "true")).keys() == whole.keys()


def test_a_batch_ends_when_its_client_disconnects_and_when_the_node_stops(net):
    node, _ = big_chain(net)
    batch = [{"method": "printchain", "params": [None, 1000], "id": i} for i in range(300)]
    open_call(node, batch).close()
    wait_until("a call of the batch ends after the client has disconnected",
               lambda: abandoned_count(node, "printchain") > 0)
    with open_call(node, batch):
        assert node.rpc("getblockcount") == 6 + BIG_BLOCKS
        assert node.stop() == 0


def test_a_payment_during_a_reorganisation_is_accepted_after_it_without_delaying_others(net):
    attempts = []
    for _ in range(5):
        node, chain = big_chain(net)
        key, other = CACHE["key"], chain.fork(6)
        tx = spend(key, [coin_of(chain.blocks[3])], [(50_0000_0000 - 20_000, key.script)], chain.genesis)
        p = Peer.handshaken(node, chain)
        for b in other.grow(key, BIG_BLOCKS + 1):
            p.send_block(b)
        duration, wait = measure_delays(node, "sendrawtransaction", [tx.bytes().hex()])
        assert txid_hex(tx) in node.rpc("getrawmempool")
        node.stop()
        attempts.append((duration, wait))
        # The payment was sent during the reorganisation, and other calls were answered meanwhile.
        if duration > 0.1 and wait < 0.5 * duration:
            return
    raise AssertionError("other calls waited too long (duration of the payment, longest wait): %s" % attempts)


def test_a_long_call_is_abandoned_when_its_client_shuts_down_its_sending_side(net):
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
