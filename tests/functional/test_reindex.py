"""Damaged databases: the error names the damage, and tally reindex rebuilds the chain from the blocks that are still
readable. It never changes the wallet."""
import os
import random
import shutil
import signal

from framework import main, wait_until

PAGE = 4096
TABLES = ("headers", "blocks", "undo", "coins", "meta", "addrs", "schema")


def chain_with_payments(net):
    """A stopped node with 60 blocks, payments, and a side branch that was never the best."""
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


def state_of(n):
    """What must be the same after rebuilding: unspent outputs, branches and wallet addresses."""
    return n.cli("rpc", "gettxoutsetinfo"), n.cli("rpc", "getchaintips"), n.cli("listaddresses")


def path_in(n, *names):
    return os.path.join(n.dir, *names)


def overwrite(file, at, length, data=None):
    """Writes data into the file at an offset; without data, `length` random bytes."""
    with open(file, "r+b") as f:
        f.seek(at)
        f.write(data or random.Random(at).randbytes(length))


def list_damages(n, file):
    """Yields (description, function that damages the file). Each function expects the undamaged file."""
    size = os.path.getsize(file)
    yield "deleted", lambda: os.remove(file)
    yield "empty", lambda: os.truncate(file, 0)
    yield "cut to half", lambda: os.truncate(file, size // PAGE // 2 * PAGE)
    # A full disk leaves part of a page at the end. The node cuts that part off and keeps it in FILE.cut.
    yield "cut within a page", lambda: os.truncate(file, size // PAGE // 2 * PAGE + 1000)
    yield "head overwritten", lambda: overwrite(file, 0, 512)
    yield "a page overwritten", lambda: overwrite(file, size // PAGE // 2 * PAGE, PAGE)
    yield "a foreign file", lambda: overwrite(file, 0, size)


def file_contents(file):
    """The file's bytes, with those that were cut off its end."""
    with open(file, "rb") as f:
        data = f.read()
    if os.path.exists(file + ".cut"):
        with open(file + ".cut", "rb") as f:
            data += f.read()
    return data


def assert_one_line(err):
    assert err.startswith("tally: ") and err.count("\n") == 1, err
    return err


def test_reindex_of_an_undamaged_chain_changes_nothing(net):
    n = chain_with_payments(net)
    before = state_of(n)
    out = n.cli("reindex")
    assert out.startswith("rebuilt from 63 blocks: height 60, tip ") and "\n" not in out, out
    assert state_of(n) == before
    assert [f for f in os.listdir(n.dir) if f.startswith("chain")] == ["chain"], os.listdir(n.dir)


def test_every_table_except_blocks_is_rebuilt_completely(net):
    n = chain_with_payments(net)
    before = state_of(n)
    shutil.copytree(path_in(n, "chain"), path_in(n, "whole"))
    for table in TABLES:
        if table == "blocks":
            continue
        file = path_in(n, "chain", table + ".db")
        for case, damage in list_damages(n, file):
            shutil.rmtree(path_in(n, "chain"))
            shutil.copytree(path_in(n, "whole"), path_in(n, "chain"))
            damage()
            status, out, err = n.run("rpc", "gettxoutsetinfo")
            if status != 0:
                assert "tally reindex" in assert_one_line(err) and out == "", (table, case, err)
            out = n.cli("reindex")
            assert "height 60" in out, (table, case, out)
            assert state_of(n) == before, (table, case)


def test_blocks_that_are_lost_come_from_peers(net):
    n = chain_with_payments(net)
    wallet = n.cli("listaddresses")
    before = n.cli("rpc", "gettxoutsetinfo")
    shutil.copytree(path_in(n, "chain"), path_in(n, "whole"))
    other = net.node()  # a node with the whole chain
    shutil.copytree(n.dir, other.dir)
    other.start("-connect", "0")
    file = path_in(n, "chain", "blocks.db")
    for case, damage in list_damages(n, file):
        shutil.rmtree(path_in(n, "chain"))
        shutil.copytree(path_in(n, "whole"), path_in(n, "chain"))
        damage()
        out = n.cli("reindex")
        if case == "head overwritten":  # the head of the file holds no block
            assert out.startswith("rebuilt from 63 blocks"), out
            continue
        assert "kept in" in out and os.path.isdir(path_in(n, "chain.damaged")), (case, out)
        assert n.cli("listaddresses") == wallet
        n.start("-connect", "127.0.0.1:%d" % other.id)
        wait_until("%s: the lost blocks have come from the peer" % case, lambda: n.rpc("getblockcount") == 60)
        assert n.stop() == 0
        assert n.cli("rpc", "gettxoutsetinfo") == before, case
        assert "height 60" in n.cli("reindex") and os.path.isdir(path_in(n, "chain.damaged"))


def test_a_chain_without_its_first_block_accepts_no_other_chain(net):
    n = chain_with_payments(net)
    shutil.copytree(path_in(n, "chain"), path_in(n, "whole"))
    other = net.node()
    shutil.copytree(n.dir, other.dir)
    other.start("-connect", "0")
    stranger = net.chain_node()
    genesis = other.rpc("getblockhash", 0)
    os.remove(path_in(n, "chain", "blocks.db"))
    out = n.cli("reindex")
    assert out.startswith("the first block can't be read") and genesis in out, out
    n.start("-connect", "127.0.0.1:%d" % stranger.id, "-connect", "127.0.0.1:%d" % other.id)
    wait_until("the node has synced its own chain again", lambda: n.tip() == other.tip())
    assert n.rpc("getblockhash", 0) == genesis


def test_if_nothing_is_readable_reindex_changes_nothing(net):
    n = chain_with_payments(net)
    for table in ("blocks", "headers"):
        overwrite(path_in(n, "chain", table + ".db"), 0, 8 * PAGE)

    def table_sizes():
        files = [f for f in os.listdir(path_in(n, "chain")) if f.endswith(".db")]
        return sorted((f, os.path.getsize(path_in(n, "chain", f))) for f in files)

    before = table_sizes()
    status, out, err = n.run("reindex")
    assert status == 1 and out == "" and "nothing of the chain" in assert_one_line(err), err
    assert before == table_sizes()
    assert not os.path.exists(path_in(n, "chain.new"))


def test_blocks_that_are_only_in_the_database_log_are_kept(net):
    n = net.chain_node()
    n.generate(30)
    tip = n.tip()
    n.stop(signal.SIGKILL)
    os.remove(path_in(n, "chain", "coins.db"))
    assert "height 30, tip " + tip in n.cli("reindex")
    assert n.cli("rpc", "getbestblockhash") == tip


def test_a_killed_reindex_changes_nothing(net):
    n = net.chain_node()
    n.generate(300)
    assert n.stop() == 0
    before = state_of(n)
    for state in ("chain.new", "chain.rebuilt", "chain.rebuilt-keep"):
        # The directories that a killed reindex may leave: while it works, and when the new chain is complete, with
        # the old chain in place or already moved.
        for old_there in (True, False):
            if state == "chain.new" and not old_there:
                continue
            shutil.copytree(path_in(n, "chain"), path_in(n, state))
            if not old_there:
                shutil.rmtree(path_in(n, "chain"))
            assert state_of(n) == before, (state, old_there)
            n.cli("reindex")
            assert state_of(n) == before
            assert not os.path.exists(path_in(n, state))


def test_reindex_refuses_while_a_node_runs_and_without_a_chain(net):
    n = net.chain_node()
    status, out, err = n.run("reindex")
    assert status == 1 and out == "" and str(n.process.pid) in assert_one_line(err), err
    empty = net.node()
    status, out, err = empty.run("reindex")
    assert status == 1 and out == "" and "there is no data directory" in assert_one_line(err), err
    assert not os.path.exists(empty.dir)


def test_a_directory_that_never_held_a_chain_is_not_reported_as_damaged(net):
    n = net.node()
    n.cli("createwallet")
    status, out, err = n.run("reindex")
    assert "there is no chain in %s: createblockchain" % n.dir in assert_one_line(err), err
    assert status == 1 and out == ""
    assert sorted(os.listdir(n.dir)) == [".lock", "chain", "tally.log", "wallet"]
    shutil.copytree(path_in(n, "chain"), path_in(n, "whole"))
    for table in ("headers", "blocks"):
        for case, damage in list_damages(n, path_in(n, "chain", table + ".db")):
            shutil.rmtree(path_in(n, "chain"))
            shutil.copytree(path_in(n, "whole"), path_in(n, "chain"))
            damage()
            status, out, err = n.run("reindex")
            assert status == 1 and out == "" and "nothing of the chain" in assert_one_line(err), (table, case, err)


def test_a_damaged_wallet_is_reported_and_never_changed(net):
    n = chain_with_payments(net)
    before = state_of(n)
    shutil.copytree(path_in(n, "wallet"), path_in(n, "whole"))
    for table in ("keys", "labels", "txs", "meta", "schema"):
        for case, damage in list_damages(n, path_in(n, "wallet", table + ".db")):
            shutil.rmtree(path_in(n, "wallet"))
            shutil.copytree(path_in(n, "whole"), path_in(n, "wallet"))
            damage()
            damaged = file_contents(path_in(n, "wallet", table + ".db")) if case != "deleted" else None
            status, out, err = n.run("listaddresses")
            if status == 0:  # the command did not read the damaged page: its output must be right
                assert case == "a page overwritten" and out.strip() == before[2], (table, case, out, err)
            else:
                assert status == 1 and out == "" and "wallet" in assert_one_line(err), (table, case, status, out, err)
            assert "height 60" in n.cli("reindex")
            if damaged is not None:
                assert file_contents(path_in(n, "wallet", table + ".db")) == damaged
            else:
                assert not os.path.exists(path_in(n, "wallet", table + ".db"))
    shutil.rmtree(path_in(n, "wallet"))
    shutil.copytree(path_in(n, "whole"), path_in(n, "wallet"))
    assert state_of(n) == before


def test_no_flipped_bit_changes_the_rebuilt_chain(net):
    n = chain_with_payments(net)
    before = state_of(n)
    shutil.copytree(path_in(n, "chain"), path_in(n, "whole"))
    rng = random.Random(1)
    for _ in range(12):
        shutil.rmtree(path_in(n, "chain"))
        shutil.copytree(path_in(n, "whole"), path_in(n, "chain"))
        for table in ("headers", "blocks", "meta", "coins"):
            file = path_in(n, "chain", table + ".db")
            at = rng.randrange(os.path.getsize(file))
            with open(file, "rb") as f:
                f.seek(at)
                byte = f.read(1)[0]
            overwrite(file, at, 1, bytes([byte ^ 1 << rng.randrange(8)]))
        out = n.cli("reindex")
        if "can't be read" in out:  # some blocks are lost, and the remaining ones form a valid chain
            assert "the first block" in out or int(n.cli("rpc", "getblockcount")) < 60, out
        else:
            assert state_of(n) == before


if __name__ == "__main__":
    main(globals())
