"""The control port, as clients written for Bitcoin Core see it."""
import decimal
import json
import os
import stat

import bitcoin.rpc

from framework import RpcError, main


def proxy(n):
    with open(os.path.join(n.dir, ".cookie")) as f:
        return bitcoin.rpc.RawProxy(service_url="http://%s@127.0.0.1:%d" % (f.read(), n.id + 10000))


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
    n.end()
    assert not os.path.exists(path)


def test_prompt_lines_and_blocks_by_hand(net):
    n = net.chain_node()
    assert n.rpc("tally_command", "send 1 @nobody")["kind"] == "failed"
    address = n.rpc("getnewaddress", "alice")
    asked = n.rpc("tally_command", "send 5 @alice")
    assert asked["kind"] == "confirm" and address in asked["text"]
    assert n.rpc("getrawmempool") == []
    done = n.rpc("tally_command", "send! 5 @alice")
    assert done["kind"] == "done" and n.rpc("getrawmempool") == [done["text"]]
    raw = n.rpc("getblock", n.tip(), 0)
    assert n.rpc("submitblock", raw) == "duplicate"
    try:
        n.rpc("sendrawtransaction", "00")
        raise AssertionError("taken")
    except RpcError as e:
        assert e.error["code"] == -22, e


if __name__ == "__main__":
    main(globals())
