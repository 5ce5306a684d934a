"""A damaged database: said clearly, and rebuilt from the blocks that can be read. The wallet stays as it is."""
import os
import random
import shutil
import signal

from framework import main, wait_until

PAGE = 4096
TABLES = ("headers", "blocks", "undo", "coins", "meta", "addrs", "schema")


def chain_with_payments(net):
    """A stopped node: 60 blocks, payments, a branch that was never the best."""
    n = net.chain_node()
    n.generate(40)
    other = net.node()
    n.stop()
    shutil.copytree(n.dir, other.dir)
    other.start("-connect", "0")
    branch = [other.rpc("getblock", h, 0) for h in other.generate(2)]
    other.stop()
    shutil.rmtree(other.dir)
    n.start("-connect", "0")
    address = n.cli("createwallet")
    for amount in ("1.5", "2.25"):
        n.cli("send", "-from", "CENTRAL_NODE", "-to", address, "-amount", amount, "-mine")
    for block in branch:
        n.rpc("submitblock", block)
    n.generate(18)
    assert [t["branchlen"] for t in n.rpc("getchaintips")] == [0, 2]
    assert n.stop() == 0
    return n


def facts(n):
    return n.cli("rpc", "gettxoutsetinfo"), n.cli("rpc", "getchaintips"), n.cli("listaddresses")


def path(n, *names):
    return os.path.join(n.dir, *names)


def overwrite(file, at, length, what=None):
    with open(file, "r+b") as f:
        f.seek(at)
        f.write(what or random.Random(at).randbytes(length))


def damages(n, file):
    """Ways to harm a file, each from the file as it was."""
    size = os.path.getsize(file)
    yield "deleted", lambda: os.remove(file)
    yield "empty", lambda: os.truncate(file, 0)
    yield "cut to half", lambda: os.truncate(file, size // PAGE // 2 * PAGE)
    # Part of a page at the end is what a full disk leaves: it is taken off, and kept.
    yield "cut within a page", lambda: os.truncate(file, size // PAGE // 2 * PAGE + 1000)
    yield "head overwritten", lambda: overwrite(file, 0, 512)
    yield "a page overwritten", lambda: overwrite(file, size // PAGE // 2 * PAGE, PAGE)
    yield "a foreign file", lambda: overwrite(file, 0, size)


def contents(file):
    """Of a table's file, and what was taken off its end."""
    with open(file, "rb") as f:
        data = f.read()
    if os.path.exists(file + ".cut"):
        with open(file + ".cut", "rb") as f:
            data += f.read()
    return data


def one_line(err):
    assert err.startswith("tally: ") and err.count("\n") == 1, err
    return err


def test_a_whole_chain_stays_as_it_is(net):
    n = chain_with_payments(net)
    before = facts(n)
    out = n.cli("reindex")
    assert out.startswith("rebuilt from 63 blocks: height 60, tip ") and "\n" not in out, out
    assert facts(n) == before
    assert [f for f in os.listdir(n.dir) if f.startswith("chain")] == ["chain"], os.listdir(n.dir)


def test_every_table_but_the_blocks_comes_back_whole(net):
    n = chain_with_payments(net)
    before = facts(n)
    shutil.copytree(path(n, "chain"), path(n, "whole"))
    for table in TABLES:
        if table == "blocks":
            continue
        file = path(n, "chain", table + ".db")
        for what, harm in damages(n, file):
            shutil.rmtree(path(n, "chain"))
            shutil.copytree(path(n, "whole"), path(n, "chain"))
            harm()
            status, out, err = n.run("rpc", "gettxoutsetinfo")
            if status != 0:
                assert "tally reindex" in one_line(err) and out == "", (table, what, err)
            out = n.cli("reindex")
            assert "height 60" in out, (table, what, out)
            assert facts(n) == before, (table, what)


def test_what_is_left_of_the_blocks_is_kept_and_peers_give_the_rest(net):
    n = chain_with_payments(net)
    wallet = n.cli("listaddresses")
    before = n.cli("rpc", "gettxoutsetinfo")
    shutil.copytree(path(n, "chain"), path(n, "whole"))
    other = net.node()  # has the whole chain
    shutil.copytree(n.dir, other.dir)
    other.start("-connect", "0")
    file = path(n, "chain", "blocks.db")
    for what, harm in damages(n, file):
        shutil.rmtree(path(n, "chain"))
        shutil.copytree(path(n, "whole"), path(n, "chain"))
        harm()
        out = n.cli("reindex")
        if what == "head overwritten":  # the blocks don't need it
            assert out.startswith("rebuilt from 63 blocks"), out
            continue
        assert "kept in" in out and os.path.isdir(path(n, "chain.damaged")), (what, out)
        assert n.cli("listaddresses") == wallet
        n.start("-connect", "127.0.0.1:%d" % other.id)
        wait_until("the rest comes: " + what, lambda: n.rpc("getblockcount") == 60)
        assert n.stop() == 0
        assert n.cli("rpc", "gettxoutsetinfo") == before, what
        assert "height 60" in n.cli("reindex") and os.path.isdir(path(n, "chain.damaged"))


def test_without_the_first_block_only_that_chain_is_joined(net):
    n = chain_with_payments(net)
    shutil.copytree(path(n, "chain"), path(n, "whole"))
    other = net.node()
    shutil.copytree(n.dir, other.dir)
    other.start("-connect", "0")
    stranger = net.chain_node()
    genesis = other.rpc("getblockhash", 0)
    os.remove(path(n, "chain", "blocks.db"))
    out = n.cli("reindex")
    assert out.startswith("the first block can't be read") and genesis in out, out
    n.start("-connect", "127.0.0.1:%d" % stranger.id, "-connect", "127.0.0.1:%d" % other.id)
    wait_until("its own chain is joined", lambda: n.tip() == other.tip())
    assert n.rpc("getblockhash", 0) == genesis


def test_where_nothing_is_left_nothing_is_touched(net):
    n = chain_with_payments(net)
    for table in ("blocks", "headers"):
        overwrite(path(n, "chain", table + ".db"), 0, 8 * PAGE)
    before = sorted((f, os.path.getsize(path(n, "chain", f))) for f in os.listdir(path(n, "chain")) if f.endswith(".db"))
    status, out, err = n.run("reindex")
    assert status == 1 and out == "" and "nothing of the chain" in one_line(err), err
    assert before == sorted((f, os.path.getsize(path(n, "chain", f)))
                            for f in os.listdir(path(n, "chain")) if f.endswith(".db"))
    assert not os.path.exists(path(n, "chain.new"))


def test_blocks_that_are_in_the_log_alone_come_along(net):
    n = net.chain_node()
    n.generate(30)
    tip = n.tip()
    n.stop(signal.SIGKILL)
    os.remove(path(n, "chain", "coins.db"))
    assert "height 30, tip " + tip in n.cli("reindex")
    assert n.cli("rpc", "getbestblockhash") == tip


def test_a_rebuilding_that_was_killed_changes_nothing(net):
    n = net.chain_node()
    n.generate(300)
    assert n.stop() == 0
    before = facts(n)
    for state in ("chain.new", "chain.rebuilt", "chain.rebuilt-keep"):
        # As a kill leaves it: at work; whole, and the old one there or away.
        for old_there in (True, False):
            if state == "chain.new" and not old_there:
                continue
            shutil.copytree(path(n, "chain"), path(n, state))
            if not old_there:
                shutil.rmtree(path(n, "chain"))
            assert facts(n) == before, (state, old_there)
            n.cli("reindex")
            assert facts(n) == before
            assert not os.path.exists(path(n, state))


def test_refused_while_a_node_runs_and_without_a_chain(net):
    n = net.chain_node()
    status, out, err = n.run("reindex")
    assert status == 1 and out == "" and str(n.process.pid) in one_line(err), err
    empty = net.node()
    status, out, err = empty.run("reindex")
    assert status == 1 and out == "" and "there is no data directory" in one_line(err), err
    assert not os.path.exists(empty.dir)


def test_a_database_that_never_held_a_chain_is_not_called_damaged(net):
    n = net.node()
    n.cli("createwallet")
    status, out, err = n.run("reindex")
    assert status == 1 and out == "" and "there is no chain in %s: createblockchain" % n.dir in one_line(err), err
    assert sorted(os.listdir(n.dir)) == [".lock", "chain", "tally.log", "wallet"]
    shutil.copytree(path(n, "chain"), path(n, "whole"))
    for table in ("headers", "blocks"):
        for what, harm in damages(n, path(n, "chain", table + ".db")):
            shutil.rmtree(path(n, "chain"))
            shutil.copytree(path(n, "whole"), path(n, "chain"))
            harm()
            status, out, err = n.run("reindex")
            assert status == 1 and out == "" and "nothing of the chain" in one_line(err), (table, what, err)


def test_a_damaged_wallet_is_named_and_never_touched(net):
    n = chain_with_payments(net)
    before = facts(n)
    shutil.copytree(path(n, "wallet"), path(n, "whole"))
    for table in ("keys", "labels", "txs", "meta", "schema"):
        for what, harm in damages(n, path(n, "wallet", table + ".db")):
            shutil.rmtree(path(n, "wallet"))
            shutil.copytree(path(n, "whole"), path(n, "wallet"))
            harm()
            harmed = contents(path(n, "wallet", table + ".db")) if what != "deleted" else None
            status, out, err = n.run("listaddresses")
            if status == 0:  # it wasn't looked at there: what was read is right
                assert what == "a page overwritten" and out.strip() == before[2], (table, what, out, err)
            else:
                assert status == 1 and out == "" and "wallet" in one_line(err), (table, what, status, out, err)
            assert "height 60" in n.cli("reindex")
            if harmed is not None:
                assert contents(path(n, "wallet", table + ".db")) == harmed
            else:
                assert not os.path.exists(path(n, "wallet", table + ".db"))
    shutil.rmtree(path(n, "wallet"))
    shutil.copytree(path(n, "whole"), path(n, "wallet"))
    assert facts(n) == before


def test_a_flipped_bit_is_never_believed(net):
    n = chain_with_payments(net)
    before = facts(n)
    shutil.copytree(path(n, "chain"), path(n, "whole"))
    rng = random.Random(1)
    for _ in range(12):
        shutil.rmtree(path(n, "chain"))
        shutil.copytree(path(n, "whole"), path(n, "chain"))
        for table in ("headers", "blocks", "meta", "coins"):
            file = path(n, "chain", table + ".db")
            at = rng.randrange(os.path.getsize(file))
            with open(file, "rb") as f:
                f.seek(at)
                byte = f.read(1)[0]
            overwrite(file, at, 1, bytes([byte ^ 1 << rng.randrange(8)]))
        out = n.cli("reindex")
        if "can't be read" in out:  # what is there is a chain none the less
            assert "the first block" in out or int(n.cli("rpc", "getblockcount")) < 60, out
        else:
            assert facts(n) == before


if __name__ == "__main__":
    main(globals())
