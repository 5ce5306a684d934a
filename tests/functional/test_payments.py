"""Payments: an acknowledged payment is durable, coins are chosen well, and payments work with and without a running
node. Also mining with a clock that is behind the tip."""
import os
import shutil
import signal
import subprocess
import time

from framework import RpcError, main, wait_until


def test_an_acknowledged_payment_survives_a_kill(net):
    one = net.chain_node()
    one.generate(8)
    to = one.cli("createwallet")
    txid = one.cli("send", "-from", "CENTRAL_NODE", "-to", to, "-amount", "1.5", "-memo", "rent")
    one.stop(signal.SIGKILL)
    one.start("-connect", "0")
    wait_until("the payment is in the mempool again", lambda: one.rpc("getrawmempool") == [txid])
    assert txid in [t["txid"] for t in one.rpc("listtransactions")]
    one.generate(1)
    assert one.cli("getbalance", "-address", to).endswith(": 1.5")


def test_payments_made_without_a_running_node_spend_each_others_change(net):
    one = net.node()
    one.create()
    to = one.cli("createwallet")
    # The genesis coin is the only one, so the second payment spends the change of the first.
    ids = [one.cli("send", "-from", "CENTRAL_NODE", "-to", to, "-amount", "1") for _ in range(3)]
    one.start("-connect", "0")
    wait_until("all three payments are in the mempool", lambda: sorted(one.rpc("getrawmempool")) == sorted(ids))
    one.generate(1)
    assert one.cli("getbalance", "-address", to).endswith(": 3")
    assert one.stop() == 0
    one.cli("send", "-from", "CENTRAL_NODE", "-to", to, "-amount", "1", "-mine")
    assert one.cli("getbalance", "-address", to).endswith(": 4")


def test_the_miner_receives_the_fees_of_the_block(net):
    one = net.chain_node()
    one.generate(8)
    to = one.cli("createwallet")
    for rate in ("1", "7", "30"):
        one.cli("send", "-from", "CENTRAL_NODE", "-to", to, "-amount", "1", "-fee", rate)
    units = lambda coins: round(coins * 100000000)  # noqa: E731
    fees = sum(units(e["fees"]["base"]) for e in one.rpc("getrawmempool", True).values())
    assert fees >= 38 * 200 and fees == units(one.rpc("getmempoolinfo")["total_fee"])
    block = one.rpc("getblock", one.generate(1)[0], 2)
    assert units(block["tx"][0]["vout"][0]["value"]) == 50 * 100000000 + fees


def test_a_running_miner_includes_a_new_payment(net):
    one = net.chain_node()
    one.generate(8)
    to = one.cli("createwallet")
    one.rpc("setgenerate", True)
    for _ in range(3):
        one.rpc("sendtoaddress", to, 1)
        wait_until("the payment is in a block", lambda: one.rpc("getrawmempool") == [])
    one.rpc("setgenerate", False)


def test_a_transaction_may_be_sent_again_until_it_is_in_a_block(net):
    one = net.chain_node()
    one.generate(8)
    txid = one.rpc("sendtoaddress", one.cli("createwallet"), 1)
    raw = one.rpc("getrawtransaction", txid)
    assert one.rpc("sendrawtransaction", raw) == txid
    one.generate(1)
    try:
        one.rpc("sendrawtransaction", raw)
        raise AssertionError("a transaction that is in a block was accepted")
    except RpcError as e:
        assert e.error["code"] == -27, e.error


def test_an_unconfirmed_payment_cannot_be_abandoned(net):
    one = net.chain_node()
    one.generate(8)
    txid = one.rpc("sendtoaddress", one.cli("createwallet"), 1)
    for name, why in ((txid, "can be abandoned"), ("00" * 32, "no such transaction")):
        try:
            one.rpc("abandontransaction", name)
            raise AssertionError("a payment that is in the mempool was abandoned")
        except RpcError as e:
            assert e.error["code"] == -5 and why in e.error["message"], e.error


def test_confirmed_coins_are_spent_before_unconfirmed_change(net):
    one = net.chain_node()
    one.generate(45)
    to = one.cli("createwallet")
    # With 40 mature coins no payment needs change that has 25 unconfirmed ancestors, the maximum.
    for _ in range(35):
        one.rpc("sendtoaddress", to, 1)
    assert len(one.rpc("getrawmempool")) == 35
    one.generate(1)
    assert one.cli("getbalance", "-address", to).endswith(": 35")


def test_amounts_have_a_decimal_point_in_every_locale(net):
    if not shutil.which("localedef") or not os.path.exists("/usr/share/i18n/locales/de_DE"):
        print("# skipped: localedef or the de_DE locale is missing")
        return
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(net.home, "de_DE.UTF-8")], check=True)
    german = {"LOCPATH": net.home, "LC_ALL": "de_DE.UTF-8"}
    one = net.node()
    one.create()
    status, txid, err = one.run("rpc", "sendtoaddress", "CENTRAL_NODE", "1.5", env=german)
    assert status == 0 and len(txid) == 65, err
    status, out, err = one.run("rpc", "getrawmempool", "true", env=german)
    assert status == 0 and '"base": 0.00000211' in out, (out, err)
    status, screen, err = one.run("startnode", "-dump-screen", "120x40", env=german)
    assert status == 0 and "2^12.0" in screen, screen


def test_stopping_during_a_sync_loses_nothing(net):
    one = net.chain_node()
    one.generate(600)
    to = one.cli("createwallet")
    for _ in range(12):
        for _ in range(10):
            one.rpc("sendtoaddress", to, 0.5)
        one.generate(1)
    two = net.node()
    for pause in (0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3):
        two.start("-connect", "127.0.0.1:%d" % one.id)
        time.sleep(pause)
        assert two.stop() == 0
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("the second node has synced", lambda: two.tip() == one.tip(), 60)


def test_a_miner_pauses_while_its_clock_is_behind_the_tip(net):
    one = net.chain_node()
    now = int(time.time())
    one.rpc("setmocktime", now + 3600)
    tip = one.generate(1)[0]
    one.rpc("setmocktime", now)
    one.rpc("setgenerate", True)
    time.sleep(1.5)
    assert one.tip() == tip
    with open(os.path.join(one.dir, "tally.log")) as log:
        text = log.read()
    assert text.count("mining pauses") == 1 and "own block refused" not in text
    one.rpc("setmocktime", now + 3600)
    wait_until("it mines when the clock is right again", lambda: one.tip() != tip)


def test_no_block_is_mined_while_the_clock_is_behind_the_tip_nor_afterwards_by_itself(net):
    one = net.chain_node()
    one.generate(6)
    two = net.synced_node(one)
    two.stop()
    two.start("-connect", "0")
    now = int(time.time())
    one.rpc("setmocktime", now + 3600)
    ahead = one.rpc("getblock", one.generate(1)[0], 0)
    assert two.rpc("submitblock", ahead) == "time-too-new"
    one.rpc("setmocktime", now)
    tip, addresses = one.tip(), one.cli("listaddresses")
    for command in (["rpc", "generatetoaddress", "1", "somebody"],
                    ["send", "-to", "CENTRAL_NODE", "-amount", "1", "-mine"]):
        status, out, err = one.run(*command)
        assert (status, out) == (1, "") and err.count("\n") == 1, (status, out, err)
        assert "time is 3600 s ahead of this clock: set the clock" in err, err
    assert one.tip() == tip and one.rpc("getrawmempool") == [] and one.cli("listaddresses") == addresses
    # A command that failed must not mine later, when the clock is right again.
    for n, height in ((one, 7), (two, 6)):
        n.rpc("setmocktime", now + 3600)
        time.sleep(1.2)
        assert n.rpc("getblockcount") == height
        n.generate(1)
        assert n.rpc("getblockcount") == height + 1


def test_generatetoaddress_ends_with_an_error_if_the_clock_is_set_back(net):
    one = net.chain_node()
    now = int(time.time())
    one.rpc("setmocktime", now + 3600)
    caller = subprocess.Popen(one.command("rpc", "generatetoaddress", "100000", "A"), env=one.environment(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until("mining has begun", lambda: one.rpc("getblockcount") > 5)
    one.rpc("setmocktime", now)
    out, err = caller.communicate(timeout=30)
    assert (caller.returncode, out) == (1, "") and " ahead of this clock: " in err, (out, err)
    height = one.rpc("getblockcount")
    one.rpc("setmocktime", now + 3600)
    time.sleep(1.2)
    assert one.rpc("getblockcount") == height


def test_a_miner_that_joins_a_chain_mines_no_stale_block(net):
    one = net.chain_node()
    one.generate(400)
    two = net.node()
    two.start("-connect", "127.0.0.1:%d" % one.id, "-miner", "M")
    wait_until("it mines on top of the chain that it joined", lambda: two.rpc("getblockcount") > 401, 40)
    assert len(two.rpc("getchaintips")) == 1, two.rpc("getchaintips")


if __name__ == "__main__":
    main(globals())
