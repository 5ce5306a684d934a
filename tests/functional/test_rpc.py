"""The control port, as clients written for Bitcoin Core use it, and the commands of Tally's own."""
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


def test_size_on_disk_is_the_size_of_the_chain_directory(net):
    n = net.chain_node()

    def size():
        return n.rpc("getblockchaininfo")["size_on_disk"]

    directory = os.path.join(n.dir, "chain")
    before = size()
    assert before == sum(os.path.getsize(os.path.join(directory, f)) for f in os.listdir(directory)) > 0
    n.generate(2000)
    assert size() > before + 2000 * 172


def test_mining_stops_when_the_client_disconnects(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    n.start("-connect", "0")
    n.rpc("getnewaddress", "bob")
    for method, params in (("generatetoaddress", [1000, "CENTRAL_NODE"]),
                           ("send", {"to": "bob", "amount": "1", "mine": True}),
                           ("tally_command", ["send! bob 1 mine=true"])):
        disconnect_while_mining(n, {"method": method, "params": params, "id": 1})


def open_call(n, calls):
    """Sends a call or a batch. Returns the connection, on which the answer is still to come."""
    body = json.dumps(calls)
    with open(os.path.join(n.dir, ".cookie")) as f:
        auth = base64.b64encode(f.read().encode()).decode()
    s = socket.create_connection(("127.0.0.1", n.id + 10000), 30)
    s.sendall(("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s" % (
        auth, len(body), body)).encode())
    return s


def disconnect_while_mining(n, call):
    """Mining must begin for this call and end when its client disconnects, without a block."""
    with open_call(n, call):
        wait_until("mining has begun", lambda: n.rpc("getmininginfo")["hashespersec"] > 0)
    wait_until("mining has ended", lambda: n.rpc("getmininginfo")["hashespersec"] == 0)
    assert n.rpc("getblockcount") == 0


def test_calls_of_a_batch_that_have_not_begun_are_cancelled_when_its_client_disconnects(net):
    n = net.chain_node()
    n.generate(1000)
    slow_calls = [{"method": "printchain", "params": [1000, 1000], "id": i} for i in range(60)]
    late_calls = [{"method": "getnewaddress", "params": ["late"]},
            {"method": "generatetoaddress", "params": [3000, "CENTRAL_NODE"]}]
    with open_call(n, slow_calls + late_calls):
        time.sleep(0.05)
    # The calls of two batches alternate: when this batch has ended, the other's last calls would have begun.
    assert len(json.loads(n.post(json.dumps(slow_calls + slow_calls[:20]))[1])) == 80
    assert "late" not in n.cli("listaddresses")
    assert n.rpc("getblockcount") == 1000


def test_a_client_that_shuts_down_its_sending_side_gets_short_answers_and_no_long_ones(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    n.start("-connect", "0")
    count = {"method": "getblockcount", "id": 1}
    long = {"method": "generatetoaddress", "params": [1, "CENTRAL_NODE"], "id": 2}

    def call_and_shut_down(calls):
        with open_call(n, calls) as s:
            s.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(s)
            answer.begin()
            return json.loads(answer.read())

    assert call_and_shut_down(count)["result"] == 0
    for answer in (call_and_shut_down(long), call_and_shut_down([long])[0]):
        error = answer["error"]
        assert error["data"]["token"] == "given-up" and "closed the connection" in error["message"], answer
    assert n.rpc("getblockcount") == 0


def test_switching_mining_off_ends_generatetoaddress(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    n.start("-connect", "0")
    for off in ("mine off", "mine", "setgenerate false"):
        with open_call(n, {"method": "generatetoaddress", "params": [50, "CENTRAL_NODE"], "id": 1}) as s:
            wait_until("mining has begun", lambda: n.rpc("tally_snapshot")["hash_rate"] > 0)
            assert n.rpc("tally_snapshot")["role"] == "MINER" and not n.rpc("getmininginfo")["generate"]
            assert n.rpc("tally_command", off)["kind"] == "done"
            answer = http.client.HTTPResponse(s)
            answer.begin()
            assert b"mining was switched off: 0 of 50 blocks mined" in answer.read(), off
        assert n.rpc("tally_snapshot")["role"] == "FULL" and not n.rpc("getmininginfo")["generate"]
    assert n.rpc("getblockcount") == 0


def test_the_mine_command_changes_threads_and_address_of_running_mining(net):
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
    n.cli("rpc", "setgenerate", "true", "-1")  # as in Bitcoin Core: no limit
    assert n.rpc("getmininginfo")["genproclimit"] == 2


def test_all_commands_agree_on_the_spendable_balance(net):
    n = net.chain_node()
    n.generate(6)
    n.rpc("getnewaddress", "bob")
    two = net.synced_node(n)
    to = two.rpc("getnewaddress")
    wait_until("the second node has synced", lambda: two.tip() == n.tip())
    n.rpc("sendtoaddress", to, 8.5)
    spend = n.rpc("getbalance")
    b = n.rpc("getbalances")
    assert b["mine"]["trusted"] == spend and b["mine"]["untrusted_pending"] == 0
    assert b["lastprocessedblock"] == {"hash": n.tip(), "height": 6}
    info = n.rpc("getwalletinfo")
    assert info["balance"] == spend and info["immature_balance"] == b["mine"]["immature"] == 200
    assert 0 < 150 - 8.5 - spend < 0.001  # the payment is deducted, and its change can be spent
    assert n.cli("getbalance") == "Balance: %s (%s spendable, 200 mined but immature)" % (
        format(spend + 200, ".8f").rstrip("0"), format(spend, ".8f").rstrip("0"))
    assert format(spend, ".8f").rstrip("0") + " coins" in n.rpc("tally_screen", 120, 40)
    answer = n.rpc("tally_command", "send bob 1000")
    assert "can be spent now, %s: " % format(spend, ".8f").rstrip("0") in answer["text"], answer
    assert "wait for the blocks that make another 200 spendable" in answer["text"], answer
    # A payment from another wallet can be spent when it is in a block.
    wait_until("the second node has the unconfirmed payment",
               lambda: two.rpc("getbalances")["mine"]["untrusted_pending"] == 8.5)
    assert two.cli("getbalance") == "Balance: 8.5 (0 spendable, 8.5 unconfirmed)"
    assert two.rpc("getbalance") == 0
    n.generate(1)
    wait_until("the payment can be spent", lambda: two.rpc("getbalance") == 8.5)


def test_getbalance_counts_coins_with_at_least_minconf_confirmations(net):
    n = net.chain_node()
    n.generate(6)
    n.rpc("getnewaddress", "bob")
    assert n.rpc("getbalance") == n.rpc("getbalance", "*", 1) == n.rpc("getbalance", "", 0) == 150
    assert [n.rpc("getbalance", "*", minconf) for minconf in (5, 6, 7, 8)] == [150, 100, 50, 0]
    n.rpc("sendtoaddress", "bob", 8.5)  # a payment to ourselves, unconfirmed like its change
    assert 149.9 < n.rpc("getbalance", "*", 0) < 150
    assert n.rpc("getbalance", "*", 1) == 100
    p = proxy(n)
    assert p.getbalance("*", 1, False) == p.getbalance("", 6) == 100  # all arguments that Bitcoin clients may give
    for params, code, contains in ((["bob"], -32, "call tally_balance bob"),
                                   (["*", "x"], -3, "minconf is not a whole number"),
                                   (["*", -1], -8, "minconf -1 is out of range"),
                                   (["*", 1, "x"], -3, "include_watchonly")):
        try:
            n.rpc("getbalance", *params)
            raise AssertionError(params)
        except RpcError as e:
            assert e.error["code"] == code and contains in e.error["message"], (params, e)
        status, out, err = n.run("rpc", "getbalance", *map(str, params))
        assert status == 2 and out == "" and contains in err, (params, err)


def test_getblock_accepts_heights_and_shortened_hashes_from_the_screen(net):
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


def test_python_bitcoinlib_works_as_a_client(net):
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


def test_gettxoutsetinfo_summarises_the_unspent_outputs(net):
    n = net.chain_node()
    n.generate(9)
    n.cli("send", "-from", "CENTRAL_NODE", "-to", n.cli("createwallet"), "-amount", "1", "-mine")
    info = n.rpc("gettxoutsetinfo")
    assert info["height"] == 10 and info["bestblock"] == n.tip()
    # 11 coinbase outputs; one was spent and made two outputs.
    assert info["txouts"] == 12 and info["total_amount"] == 550, info
    assert n.rpc("gettxoutsetinfo") == info
    n.generate(1)
    assert n.rpc("gettxoutsetinfo")["hash_serialized"] != info["hash_serialized"]
    n.stop()
    before = n.cli("rpc", "gettxoutsetinfo")
    n.cli("reindexutxo")
    assert n.cli("rpc", "gettxoutsetinfo") == before


def test_errors_have_the_http_status_and_code_of_bitcoin_core(net):
    n = net.chain_node()
    assert n.post("{}", cookie="__cookie__:0")[0] == 401
    for body, status, code in (('{"method":"nosuch","id":7}', 404, -32601),
                               ('{"method":"getblockhash","params":[99],"id":7}', 500, -8),
                               ('{"method":"getblock","params":["%s"],"id":7}' % ("0" * 64), 500, -5),
                               ("not json", 500, -32700)):
        got, text = n.post(body)
        answer = json.loads(text)
        assert got == status and answer["error"]["code"] == code and answer["result"] is None, (got, text)


def test_batches_and_named_parameters_work(net):
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


def test_the_cookie_is_private_and_removed_when_the_node_stops(net):
    n = net.chain_node()
    path = os.path.join(n.dir, ".cookie")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    n.stop()
    assert not os.path.exists(path)


def test_prompt_commands_ask_for_confirmation_unless_the_name_ends_with_an_exclamation_mark(net):
    n = net.chain_node()
    assert n.rpc("tally_command", "send 1 @nobody")["kind"] == "failed"
    address = n.rpc("getnewaddress", "alice")
    preview = n.rpc("tally_command", "send 5 @alice")
    assert preview["kind"] == "confirm" and address in preview["text"]
    assert n.rpc("getrawmempool") == []
    done = n.rpc("tally_command", "send! 5 @alice")
    assert done["kind"] == "done" and n.rpc("getrawmempool") == [done["text"].split()[-1]]
    raw = n.rpc("getblock", n.tip(), 0)
    assert n.rpc("submitblock", raw) == "duplicate"
    try:
        n.rpc("sendrawtransaction", "00")
        raise AssertionError("an invalid transaction was accepted")
    except RpcError as e:
        assert e.error["code"] == -22, e


def test_a_confirmed_payment_is_the_transaction_that_was_previewed(net):
    n = net.chain_node()
    n.rpc("getnewaddress", "bob")
    n.rpc("generatetoaddress", 1, "bob")
    n.generate(7)

    def run(line):
        return n.rpc("tally_command", line)

    def shown_payment(answer):
        """Amount, receiver, fee and change of a question, or amount, receiver and fee of a sent payment."""
        return answer["text"].split(" ", 1)[1].split(", change ")[0].split(": transaction ")[0]

    preview = run("send bob 20 from=CENTRAL_NODE")
    command, txid = preview["confirm"].split(" draft=")
    assert preview["kind"] == "confirm" and command == "send! bob 20 from=CENTRAL_NODE"
    # The wallet gets a coin of 30, which a new payment of 20 would spend.
    assert run("send! CENTRAL_NODE 30 from=bob mine=true")["kind"] == "done"
    assert not run("send bob 20 from=CENTRAL_NODE")["confirm"].endswith(txid)
    sent = run(preview["confirm"])
    assert sent["kind"] == "done" and sent["text"].endswith("transaction " + txid), sent
    assert shown_payment(sent) == shown_payment(preview)
    assert n.rpc("getrawmempool") == [txid]
    # A coin of a previewed payment is spent by another one.
    preview = run("send bob 1 from=CENTRAL_NODE")
    all_coins = n.rpc("tally_balance", "CENTRAL_NODE")["spendable"]
    assert run("send! bob %s from=CENTRAL_NODE" % (all_coins - 1))["kind"] == "done"
    before = n.rpc("getrawmempool")
    refused = run(preview["confirm"])
    assert refused["kind"] == "failed" and refused["text"].startswith("nothing was sent, a coin of this payment"), refused
    assert n.rpc("getrawmempool") == before


def test_the_id_of_a_request_is_returned_unchanged(net):
    n = net.chain_node()
    for i in (7, "a", None, "\u0001 {\"evil\":1}", "\u0001", [1, {"x": "\u0001y"}], 1.5):
        status, text = n.post(json.dumps({"method": "uptime", "id": i}))
        assert status == 200 and json.loads(text)["id"] == i, text


def sanitized(text):
    """The text as the node shows it to others: control characters and direction marks are replaced."""
    return "".join("?" if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2028" else c for c in text)


# Texts that could be mistaken for something else in JSON: the node's marks for amounts, quotation marks, escape
# sequences, the end of an object, control characters.
TEXTS = ("\u0001", "\u00011,\"x\":2", "a\"\u00011", "\\u0000", "\"\\u00001,\"x\":2", "\\", "\"", "\u001f\u007f\u0085",
         "},\"error\":null", "\u202e\u2028", "\U0001f600")


def test_texts_of_users_and_peers_never_break_the_json(net):
    n = net.chain_node()
    n.generate(20)

    def call(method, **params):
        """Calls a command. Its answer must be JSON without duplicate names in an object."""
        def unique(pairs):
            assert len(dict(pairs)) == len(pairs), pairs
            return dict(pairs)
        answer = n.post(json.dumps({"method": method, "params": params}))[1]
        return json.loads(answer, object_pairs_hook=unique)

    for text in TEXTS:
        sent = call("send", to="CENTRAL_NODE", amount=0.5, memo=text, preview=True)["result"]
        assert sent["memo"] == text and sent["amount"] == 0.5, sent
        assert sent.keys() == {"txid", "to", "amount", "fee", "change", "label", "own", "memo", "preview"}
        sent = call("send", to="CENTRAL_NODE", amount=0.5, memo=text)["result"]
        assert sent["memo"] == text
        outs = call("getrawtransaction", txid=sent["txid"], verbose=True)["result"]["vout"]
        assert [o["scriptPubKey"]["memo"] for o in outs if "memo" in o["scriptPubKey"]] == [sanitized(text)]
        assert call("tally_command", line="send @CENTRAL_NODE 1 memo=" + json.dumps(text))["error"] is None
        # The text is accepted as a label, or rejected as a bad label.
        label = call("getnewaddress", label=text)
        if label["error"]:
            assert label["result"] is None and label["error"]["data"]["token"] == "bad-label", label
        else:
            assert any(a["label"] == text for a in call("listaddresses")["result"])
        for method, params in (("send", {"to": text + "?", "amount": 1}), ("send", {"to": "a", "amount": text}),
                               ("help", {"command": text}), ("getblock", {"blockhash": text}), ("mine", {"on": text}),
                               ("mine", {"on": "x" * 39 + text}), (text, {}), ("getblockcount", {text: 1}),
                               ("help", {"command": text * 400}), ("help", {"command": "x" + text * 400})):
            answer = call(method, **params)
            assert answer["result"] is None and answer["error"]["message"], (method, params, answer)
    memos = {t["memo"] for t in call("listtransactions", count=100)["result"] if "memo" in t}
    assert memos >= set(map(sanitized, TEXTS)), memos
    # A path may hold bytes that are not UTF-8.
    odd = net.node()
    odd.home = os.path.join(net.home, "\udcff")
    odd.dir = os.path.join(odd.home, str(odd.id))
    odd.create()
    odd.start("-connect", "0")
    assert odd.rpc("savemempool")["filename"] == "%s/?/%d/mempool.dat" % (net.home, odd.id)
    assert odd.stop() == 0
    # A text must not hold a NUL.
    assert json.loads(n.post('{"method":"send","params":{"memo":"\\u0000"}}')[1])["error"]["code"] == -32700
    # The user agent of a peer.
    chain = Chain.from_node(n)
    for text in TEXTS:
        peer = Peer.handshaken(n, chain, user_agent=("/%s(chain=%s)/" % (text, chain.genesis[::-1].hex())).encode())
        wait_until("the peer is listed with its user agent",
                   lambda: call("getpeerinfo")["result"][-1]["subver"].startswith("/" + sanitized(text)))
        assert call("tally_snapshot")["error"] is None
        peer.close()


def test_large_answers_are_complete_and_batches_above_1000_calls_rejected(net):
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


def test_clients_without_the_cookie_neither_fill_memory_nor_block_the_port(net):
    n = net.chain_node()

    def resident():
        """Resident memory of the node in MB."""
        with open("/proc/%d/status" % n.process.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) // 1024

    before = resident()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n"
    connections = []
    for _ in range(100):
        s = socket.create_connection(("127.0.0.1", n.id + 10000))
        s.settimeout(1)
        try:
            s.sendall(head)
            for _ in range(20):
                s.sendall(b"x" * 200000)
        except OSError:  # the node has closed the connection or not accepted it yet
            pass
        connections.append(s)
    assert resident() - before < 40, "%d MB more" % (resident() - before)
    start = time.monotonic()
    assert n.rpc("uptime") >= 0  # the call may wait until the node has closed connections without a cookie
    assert time.monotonic() - start < 30
    for s in connections:
        s.close()
    # The cookie counts only in the head of the first request: neither in a body, nor in a later head.
    with open(os.path.join(n.dir, ".cookie")) as f:
        auth = base64.b64encode(f.read().encode())
    s = socket.create_connection(("127.0.0.1", n.id + 10000))
    s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
              b"Authorization: Basic " + auth + b"\r\n" * 100)
    assert b"401" in s.recv(1000)
    s.close()


def test_500_clients_without_the_cookie_do_not_delay_the_owner(net):
    n = net.chain_node()

    def seconds_to_answer():
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

    # TCP sends a connection request that finds no room in the listen queue again after 1 s.
    assert min(seconds_to_answer() for _ in range(3)) < 3


def test_direction_marks_are_escaped_on_the_command_line(net):
    node = net.node()
    name = "good \u202egnp.x\u2066 gr\u00fc\u00df"
    node.cli("createblockchain", "-address", "A", "-name", name, "-spacing", "0")
    out = node.cli("rpc", "getblockchaininfo")
    assert json.loads(out)["chain"] == name, out
    assert "\u202e" not in out and "\u2066" not in out and "gr\u00fc\u00df" in out


if __name__ == "__main__":
    main(globals())
