"""The control port, as clients written for Bitcoin Core see it."""
import base64
import decimal
import http.client
import json
import os
import socket
import stat
import time

import bitcoin.rpc

from chainlib import Chain
from framework import RpcError, main, wait_until
from p2p import Peer


def proxy(n):
    with open(os.path.join(n.dir, ".cookie")) as f:
        return bitcoin.rpc.RawProxy(service_url="http://%s@127.0.0.1:%d" % (f.read(), n.id + 10000))


def test_the_chain_tells_how_much_of_the_disk_it_takes(net):
    n = net.chain_node()

    def size():
        return n.rpc("getblockchaininfo")["size_on_disk"]

    directory = os.path.join(n.dir, "chain")
    before = size()
    assert before == sum(os.path.getsize(os.path.join(directory, f)) for f in os.listdir(directory)) > 0
    n.generate(2000)
    assert size() > before + 2000 * 172


def test_blocks_are_made_only_while_somebody_waits_for_them(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    n.start("-connect", "0")
    n.rpc("getnewaddress", "bob")
    for method, params in (("generatetoaddress", [1000, "CENTRAL_NODE"]),
                           ("send", {"to": "bob", "amount": "1", "mine": True}),
                           ("tally_command", ["send! bob 1 mine=true"])):
        leave_while_it_mines(n, {"method": method, "params": params, "id": 1})


def ask(n, calls):
    """A connection over which this was asked, the answer still to come."""
    body = json.dumps(calls)
    with open(os.path.join(n.dir, ".cookie")) as f:
        auth = base64.b64encode(f.read().encode()).decode()
    s = socket.create_connection(("127.0.0.1", n.id + 10000), 30)
    s.sendall(("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s" % (
        auth, len(body), body)).encode())
    return s


def leave_while_it_mines(n, call):
    with ask(n, call):
        wait_until("it mines", lambda: n.rpc("getmininginfo")["hashespersec"] > 0)
    wait_until("it has stopped", lambda: n.rpc("getmininginfo")["hashespersec"] == 0)
    assert n.rpc("getblockcount") == 0


def test_what_of_a_batch_is_not_begun_when_its_client_leaves_never_is(net):
    n = net.chain_node()
    n.generate(1000)
    slow = [{"method": "printchain", "params": [1000, 1000], "id": i} for i in range(60)]
    late = [{"method": "getnewaddress", "params": ["late"]},
            {"method": "generatetoaddress", "params": [3000, "CENTRAL_NODE"]}]
    with ask(n, slow + late):
        time.sleep(0.05)
    # Calls of two batches take turns: by the end of this one the other's would have been begun.
    assert len(json.loads(n.post(json.dumps(slow + slow[:20]))[1])) == 80
    assert "late" not in n.cli("listaddresses")
    assert n.rpc("getblockcount") == 1000


def test_who_closes_the_side_that_sends_is_answered_and_waits_for_nothing_long(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    n.start("-connect", "0")
    count = {"method": "getblockcount", "id": 1}
    long = {"method": "generatetoaddress", "params": [1, "CENTRAL_NODE"], "id": 2}

    def closing(calls):
        with ask(n, calls) as s:
            s.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(s)
            answer.begin()
            return json.loads(answer.read())

    assert closing(count)["result"] == 0
    for answer in (closing(long), closing([long])[0]):
        error = answer["error"]
        assert error["data"]["token"] == "given-up" and "closed the connection" in error["message"], answer
    assert n.rpc("getblockcount") == 0


def test_mining_off_ends_the_counts_that_are_under_way(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    n.start("-connect", "0")
    for off in ("mine off", "mine", "setgenerate false"):
        with ask(n, {"method": "generatetoaddress", "params": [50, "CENTRAL_NODE"], "id": 1}) as s:
            wait_until("it mines", lambda: n.rpc("tally_snapshot")["hash_rate"] > 0)
            assert n.rpc("tally_snapshot")["role"] == "MINER" and not n.rpc("getmininginfo")["generate"]
            assert n.rpc("tally_command", off)["kind"] == "done"
            answer = http.client.HTTPResponse(s)
            answer.begin()
            assert b"mining was switched off: 0 of 50 blocks mined" in answer.read(), off
        assert n.rpc("tally_snapshot")["role"] == "FULL" and not n.rpc("getmininginfo")["generate"]
    assert n.rpc("getblockcount") == 0


def test_mining_goes_on_when_told_how(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    n.start("-connect", "0")

    def mining(line):
        n.rpc("tally_command", line)
        info = n.rpc("getmininginfo")
        return info["generate"], info["genproclimit"]

    assert mining("mine threads=1") == (True, 1)
    assert mining("mine threads=3") == (True, 3)
    assert mining("mine address=bob") == (True, 3)
    assert mining("mine") == (False, 3)
    assert mining("mine off threads=2") == (False, 2)
    assert mining("mine") == (True, 2)
    for bad in ("0", "65", "-1", "1000", "x"):
        answer = n.rpc("tally_command", "mine threads=" + bad)
        assert answer["kind"] == "failed" and "from 1 to 64" in answer["text"], (bad, answer)
    for bad in (0, 65, -2):
        status, out, err = n.run("rpc", "setgenerate", "true", str(bad))
        assert status == 2 and out == "" and "from 1 to 64" in err, (bad, err)
    n.cli("rpc", "setgenerate", "true", "-1")  # as Bitcoin Core had it: no limit
    assert n.rpc("getmininginfo")["genproclimit"] == 2


def test_what_can_be_spent_is_the_same_everywhere(net):
    n = net.chain_node()
    n.generate(6)
    n.rpc("getnewaddress", "bob")
    two = net.synced_node(n)
    to = two.rpc("getnewaddress")
    wait_until("it follows", lambda: two.tip() == n.tip())
    n.rpc("sendtoaddress", to, 8.5)
    spend = n.rpc("getbalance")
    b = n.rpc("getbalances")
    assert b["mine"]["trusted"] == spend and b["mine"]["untrusted_pending"] == 0
    assert b["lastprocessedblock"] == {"hash": n.tip(), "height": 6}
    info = n.rpc("getwalletinfo")
    assert info["balance"] == spend and info["immature_balance"] == b["mine"]["immature"] == 200
    assert 0 < 150 - 8.5 - spend < 0.001  # the payment has gone, its change can be spent again
    assert n.cli("getbalance") == "Balance: %s (%s to spend, 200 mined, to wait for)" % (
        format(spend + 200, ".8f").rstrip("0"), format(spend, ".8f").rstrip("0"))
    assert format(spend, ".8f").rstrip("0") + " coins" in n.rpc("tally_screen", 120, 40)
    answer = n.rpc("tally_command", "send bob 1000")
    assert "%s can be spent and 200 wait for blocks" % format(spend, ".8f").rstrip("0") in answer["text"], answer
    # What others pay counts when it is in a block.
    wait_until("it came", lambda: two.rpc("getbalances")["mine"]["untrusted_pending"] == 8.5)
    assert two.cli("getbalance") == "Balance: 8.5 (0 to spend, 8.5 coming)"
    assert two.rpc("getbalance") == 0
    n.generate(1)
    wait_until("it is there", lambda: two.rpc("getbalance") == 8.5)


def test_the_balance_is_of_the_wallet_and_as_deep_as_one_asks(net):
    n = net.chain_node()
    n.generate(6)
    n.rpc("getnewaddress", "bob")
    assert n.rpc("getbalance") == n.rpc("getbalance", "*", 1) == n.rpc("getbalance", "", 0) == 150
    assert [n.rpc("getbalance", "*", deep) for deep in (5, 6, 7, 8)] == [150, 100, 50, 0]
    n.rpc("sendtoaddress", "bob", 8.5)  # one's own, but it waits, as the change does
    assert 149.9 < n.rpc("getbalance", "*", 0) < 150
    assert n.rpc("getbalance", "*", 1) == 100
    p = proxy(n)
    assert p.getbalance("*", 1, False) == p.getbalance("", 6) == 100  # all its clients may say
    for params, code, says in ((["bob"], -32, "tally_balance bob tells"), (["*", "x"], -3, "minconf is no whole number"),
                               (["*", -1], -8, "minconf -1 is out of range"), (["*", 1, "x"], -3, "include_watchonly")):
        try:
            n.rpc("getbalance", *params)
            raise AssertionError(params)
        except RpcError as e:
            assert e.error["code"] == code and says in e.error["message"], (params, e)
        status, out, err = n.run("rpc", "getbalance", *map(str, params))
        assert status == 2 and out == "" and says in err, (params, err)


def test_a_block_is_found_by_what_the_screen_shows(net):
    n = net.chain_node()
    hashes = [n.rpc("getblockhash", 0), *n.generate(25)]
    for height in (0, 3, 25):
        full = hashes[height]
        digits = full.lstrip("0")
        zeros = len(full) - len(digits)
        shown = "0" * min(zeros, 2) + digits
        for name in (full, str(height), full[:40], "%s..%s" % (shown[:6], full[-2:])):
            assert n.rpc("getblock", name)["hash"] == full, name
            assert n.rpc("getblockheader", name)["height"] == height
    for bad, code in (("26", -5), ("0" * 64, -5), ("ffffff", -5), ("", -8), ("zz", -8), ("abcde", -8),
                      (hashes[3] + "0", -8)):
        try:
            n.rpc("getblock", bad)
            raise AssertionError(bad)
        except RpcError as e:
            assert e.error["code"] == code, (bad, e)
    assert n.rpc("tally_command", "getblock 3")["kind"] == "done"


def test_bitcoinlib_can_ask(net):
    n = net.chain_node()
    hashes = n.generate(3)
    p = proxy(n)
    info = p.getblockchaininfo()
    assert info["blocks"] == 3 and info["bestblockhash"] == hashes[-1] and info["chain"] == "tally"
    assert p.getblockcount() == 3 and p.getblockhash(1) == hashes[0]
    block = p.getblock(hashes[0], 2)
    assert block["height"] == 1 and block["tx"][0]["vout"][0]["value"] == decimal.Decimal("50.00000000")
    assert len(bytes.fromhex(p.getblock(hashes[0], 0))) == block["size"]
    assert p.getpeerinfo() == [] and p.getconnectioncount() == 0
    assert p.getbalance() == 50
    txid = p.sendtoaddress(p.getnewaddress(), 1.5)
    assert p.getrawmempool() == [txid]
    assert p.getrawtransaction(txid, True)["txid"] == txid
    assert p.getmempoolinfo()["size"] == 1


def test_the_coins_are_summed_up(net):
    n = net.chain_node()
    n.generate(9)
    n.cli("send", "-from", "CENTRAL_NODE", "-to", n.cli("createwallet"), "-amount", "1", "-mine")
    info = n.rpc("gettxoutsetinfo")
    assert info["height"] == 10 and info["bestblock"] == n.tip()
    assert info["txouts"] == 12 and info["total_amount"] == 550, info  # 11 coinbases, one of them spent for two
    assert n.rpc("gettxoutsetinfo") == info
    n.generate(1)
    assert n.rpc("gettxoutsetinfo")["hash_serialized"] != info["hash_serialized"]
    n.stop()
    before = n.cli("rpc", "gettxoutsetinfo")
    n.cli("reindexutxo")
    assert n.cli("rpc", "gettxoutsetinfo") == before


def test_http_status_and_errors(net):
    n = net.chain_node()
    assert n.post("{}", cookie="__cookie__:0")[0] == 401
    for body, status, code in (('{"method":"nosuch","id":7}', 404, -32601),
                               ('{"method":"getblockhash","params":[99],"id":7}', 500, -8),
                               ('{"method":"getblock","params":["%s"],"id":7}' % ("0" * 64), 500, -5),
                               ("not json", 500, -32700)):
        got, text = n.post(body)
        answer = json.loads(text)
        assert got == status and answer["error"]["code"] == code and answer["result"] is None, (got, text)


def test_batches_and_named_parameters(net):
    n = net.chain_node()
    n.generate(2)
    status, text = n.post(json.dumps([
        {"method": "getblockcount", "id": "a"}, {"method": "nosuch", "id": "b"},
        {"method": "getblockhash", "params": {"height": 1}, "id": "c"},
        {"method": "generatetoaddress", "params": {"nblocks": 1, "address": "CENTRAL_NODE"}, "id": "d"}]))
    answers = json.loads(text)
    assert status == 200 and [a["id"] for a in answers] == ["a", "b", "c", "d"]
    assert answers[0]["result"] == 2 and answers[1]["error"]["code"] == -32601
    assert answers[2]["result"] == n.rpc("getblockhash", 1)
    assert answers[3]["result"] == [n.tip()]


def test_cookie_is_private_and_goes(net):
    n = net.chain_node()
    path = os.path.join(n.dir, ".cookie")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    n.stop()
    assert not os.path.exists(path)


def test_prompt_lines_and_blocks_by_hand(net):
    n = net.chain_node()
    assert n.rpc("tally_command", "send 1 @nobody")["kind"] == "failed"
    address = n.rpc("getnewaddress", "alice")
    asked = n.rpc("tally_command", "send 5 @alice")
    assert asked["kind"] == "confirm" and address in asked["text"]
    assert n.rpc("getrawmempool") == []
    done = n.rpc("tally_command", "send! 5 @alice")
    assert done["kind"] == "done" and n.rpc("getrawmempool") == [done["text"].split()[-1]]
    raw = n.rpc("getblock", n.tip(), 0)
    assert n.rpc("submitblock", raw) == "duplicate"
    try:
        n.rpc("sendrawtransaction", "00")
        raise AssertionError("taken")
    except RpcError as e:
        assert e.error["code"] == -22, e


def test_an_id_comes_back_as_it_was(net):
    n = net.chain_node()
    for i in (7, "a", None, "\u0001 {\"evil\":1}", "\u0001", [1, {"x": "\u0001y"}], 1.5):
        status, text = n.post(json.dumps({"method": "uptime", "id": i}))
        assert status == 200 and json.loads(text)["id"] == i, text


def sanitized(text):
    """As it is shown to others: without what is not plain."""
    return "".join("?" if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2028" else c for c in text)


# What would be taken for something else if it were not a text: marks of amounts, ends of texts, controls.
TEXTS = ("\u0001", "\u00011,\"x\":2", "a\"\u00011", "\\u0000", "\"\\u00001,\"x\":2", "\\", "\"", "\u001f\u007f\u0085",
         "},\"error\":null", "\u202e\u2028", "\U0001f600")


def test_no_text_is_taken_for_something_else(net):
    n = net.chain_node()
    n.generate(20)

    def exact(method, **params):
        """The answer, which must be JSON in which nothing is told twice."""
        def once(pairs):
            assert len(dict(pairs)) == len(pairs), pairs
            return dict(pairs)
        return json.loads(n.post(json.dumps({"method": method, "params": params}))[1], object_pairs_hook=once)

    for text in TEXTS:
        sent = exact("send", to="CENTRAL_NODE", amount=0.5, memo=text, preview=True)["result"]
        assert sent["memo"] == text and sent["amount"] == 0.5, sent
        assert sent.keys() == {"txid", "to", "amount", "fee", "change", "label", "own", "memo", "preview"}
        sent = exact("send", to="CENTRAL_NODE", amount=0.5, memo=text)["result"]
        assert sent["memo"] == text
        outs = exact("getrawtransaction", txid=sent["txid"], verbose=True)["result"]["vout"]
        assert [o["scriptPubKey"]["memo"] for o in outs if "memo" in o["scriptPubKey"]] == [sanitized(text)]
        assert exact("tally_command", line="send @CENTRAL_NODE 1 memo=" + json.dumps(text))["error"] is None
        # As a label it is taken, or not; and an error says whose it is.
        label = exact("getnewaddress", label=text)
        if label["error"]:
            assert label["result"] is None and label["error"]["data"]["token"] == "bad-label", label
        else:
            assert any(a["label"] == text for a in exact("listaddresses")["result"])
        for method, params in (("send", {"to": text + "?", "amount": 1}), ("send", {"to": "a", "amount": text}),
                               ("help", {"command": text}), ("getblock", {"blockhash": text}), ("mine", {"on": text}),
                               ("mine", {"on": "x" * 39 + text}), (text, {}), ("getblockcount", {text: 1}),
                               ("help", {"command": text * 400}), ("help", {"command": "x" + text * 400})):
            answer = exact(method, **params)
            assert answer["result"] is None and answer["error"]["message"], (method, params, answer)
    memos = {t["memo"] for t in exact("listtransactions", count=100)["result"] if "memo" in t}
    assert memos >= set(map(sanitized, TEXTS)), memos
    # A path need not be UTF-8.
    odd = net.node()
    odd.home = os.path.join(net.home, "\udcff")
    odd.dir = os.path.join(odd.home, str(odd.id))
    odd.create()
    odd.start("-connect", "0")
    assert odd.rpc("savemempool")["filename"] == "%s/?/%d/mempool.dat" % (net.home, odd.id)
    assert odd.stop() == 0
    # No text holds a NUL.
    assert json.loads(n.post('{"method":"send","params":{"memo":"\\u0000"}}')[1])["error"]["code"] == -32700
    # And what a peer says of itself.
    chain = Chain.from_node(n)
    for text in TEXTS:
        peer = Peer.handshaken(n, chain, user_agent=("/%s(chain=%s)/" % (text, chain.genesis[::-1].hex())).encode())
        wait_until("it is a peer", lambda: exact("getpeerinfo")["result"][-1]["subver"].startswith("/" + sanitized(text)))
        assert exact("tally_snapshot")["error"] is None
        peer.close()


def test_large_answers_come_whole_and_too_large_batches_are_cut(net):
    n = net.chain_node()
    n.generate(60)
    to = n.cli("createwallet")
    for _ in range(40):
        n.rpc("sendtoaddress", to, 0.1)
    n.generate(1)
    hashes = [n.rpc("getblockhash", h) for h in range(60)]
    calls = [{"method": "getblock", "params": [h, 2], "id": i} for i, h in enumerate(hashes * 16)]
    status, text = n.post(json.dumps(calls))
    answers = json.loads(text)
    assert status == 200 and [a["id"] for a in answers] == list(range(len(calls)))
    assert all(a["result"]["hash"] == hashes[a["id"] % 60] for a in answers)
    raw = [{"method": "help", "id": i} for i in range(1000)]
    assert len(json.loads(n.post(json.dumps(raw))[1])) == 1000
    assert n.post(json.dumps(raw + raw[:1]))[0] == 500


def test_who_has_no_secret_can_neither_fill_memory_nor_hold_the_port(net):
    n = net.chain_node()

    def resident():
        with open("/proc/%d/status" % n.process.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) // 1024

    before = resident()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n"
    strangers = []
    for _ in range(100):
        s = socket.create_connection(("127.0.0.1", n.id + 10000))
        s.settimeout(1)
        try:
            s.sendall(head)
            for _ in range(20):
                s.sendall(b"x" * 200000)
        except OSError:  # closed, or not taken yet
            pass
        strangers.append(s)
    assert resident() - before < 40, "%d MB more" % (resident() - before)
    start = time.monotonic()
    assert n.rpc("uptime") >= 0  # waits until strangers without a secret were sent away
    assert time.monotonic() - start < 30
    for s in strangers:
        s.close()
    # A secret in the body, or in a later request's head only, is none in the first.
    with open(os.path.join(n.dir, ".cookie")) as f:
        auth = base64.b64encode(f.read().encode())
    s = socket.create_connection(("127.0.0.1", n.id + 10000))
    s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nAuthorization: Basic " + auth + b"\r\n" * 100)
    assert b"401" in s.recv(1000)
    s.close()


def test_a_crowd_without_the_secret_does_not_keep_the_owner_waiting(net):
    n = net.chain_node()

    def waited():
        crowd = [socket.socket() for _ in range(500)]
        for s in crowd:
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", n.id + 10000))
        start = time.monotonic()
        assert n.rpc("uptime") >= 0
        seconds = time.monotonic() - start
        for s in crowd:
            s.close()
        return seconds

    # Whom the system's queue has no room for comes again a second later.
    assert min(waited() for _ in range(3)) < 3


def test_what_turns_the_writing_is_escaped_on_the_command_line(net):
    node = net.node()
    name = "good \u202egnp.x\u2066 gr\u00fc\u00df"
    node.cli("createblockchain", "-address", "A", "-name", name, "-spacing", "0")
    out = node.cli("rpc", "getblockchaininfo")
    assert json.loads(out)["chain"] == name, out
    assert "\u202e" not in out and "\u2066" not in out and "gr\u00fc\u00df" in out


if __name__ == "__main__":
    main(globals())
