"""Restarts: everything acknowledged is still there after a stop and after a kill. Also suspended nodes and
signals."""
import os
import signal
import socket
import subprocess
import threading
import time

from framework import main, wait_until


def test_a_stop_and_a_start_keep_everything(net):
    one = net.chain_node()
    one.generate(12)
    address = one.cli("createwallet")
    one.cli("send", "-from", "CENTRAL_NODE", "-to", address, "-amount", "1.25", "-mine")
    tip = one.tip()
    assert one.stop() == 0
    # Without a running node the commands open the database themselves.
    assert one.cli("getbalance", "-address", address) == "Balance of '%s': 1.25" % address
    assert one.cli("rpc", "getbestblockhash") == tip
    one.start("-connect", "127.0.0.1:1")
    assert one.tip() == tip


def test_a_kill_while_mining_loses_nothing_acknowledged(net):
    one = net.chain_node()
    for _ in range(5):
        hashes = one.generate(20)
        address = one.cli("createwallet")
        one.rpc("setgenerate", True)
        time.sleep(0.15)
        one.stop(signal.SIGKILL)
        one.start("-connect", "127.0.0.1:1")
        for h in hashes:
            assert one.rpc("getblockheader", h)["confirmations"] > 0
        assert address in one.cli("listaddresses")
    height = one.rpc("getblockcount")
    total = one.cli("getbalance")
    one.stop()
    count = one.cli("reindexutxo")
    assert count == "%d unspent outputs" % (height + 1), count
    assert one.cli("getbalance") == total


def test_a_node_killed_while_syncing_continues_to_sync(net):
    one = net.chain_node()
    one.generate(800)
    two = net.node()
    two.start("-connect", "127.0.0.1:%d" % one.id)
    for _ in range(4):
        time.sleep(0.1)
        two.stop(signal.SIGKILL)
        two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("the second node has synced", lambda: two.tip() == one.tip(), 30)
    two.stop()
    assert two.cli("reindexutxo") == "801 unspent outputs"


def test_commands_and_a_starting_node_do_not_collide_in_the_directory(net):
    one = net.node()
    one.create()
    answers, stop = [], threading.Event()

    def call():
        while not stop.is_set():
            answers.append(one.run("rpc", "getblockcount"))

    callers = [threading.Thread(target=call) for _ in range(2)]
    for t in callers:
        t.start()
    try:
        for _ in range(3):
            one.start("-connect", "127.0.0.1:1")
            assert one.stop() == 0
    finally:
        stop.set()
        for t in callers:
            t.join()
    # A node that is stopping may close a connection without an answer. No command may find the directory locked.
    for status, out, err in answers:
        assert (status, out) == (0, "0\n") or "did not answer" in err or "stopping" in err, (status, out, err)
    assert any(status == 0 for status, _, _ in answers)


def test_commands_ignore_the_cookie_that_a_killed_node_left(net):
    one = net.chain_node()
    one.generate(2)
    one.stop(signal.SIGKILL)
    with socket.create_server(("127.0.0.1", one.id + 10000)):  # now another program listens at the control port
        assert one.cli("rpc", "getblockcount") == "2"


def suspend(node):
    """Suspends the process like Ctrl-Z does and waits until it is suspended."""
    os.kill(node.process.pid, signal.SIGSTOP)

    def state():
        with open("/proc/%d/stat" % node.process.pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0]

    wait_until("the process is suspended", lambda: state() == "T")


def test_commands_report_a_suspended_node(net):
    """A node that Ctrl-Z has suspended can't answer. A command must fail within seconds instead of waiting, and the
    node must not carry it out when it continues."""
    one = net.chain_node()
    suspend(one)
    begin = time.monotonic()
    for command in (["getbalance"], ["rpc", "stop"], ["createwallet"]):
        status, out, err = one.run(*command)
        assert status == 1 and out == "" and err.count("\n") == 1, (status, out, err)
        assert "node %d is suspended (process %d, ^Z)" % (one.id, one.process.pid) in err, err
    assert time.monotonic() - begin < 5
    os.kill(one.process.pid, signal.SIGCONT)
    assert one.cli("rpc", "getblockcount") == "0"
    # The same if the node is suspended while a command waits for the answer.
    slow = subprocess.Popen(one.command("rpc", "generatetoaddress", "100000", "CENTRAL_NODE"), env=one.environment(),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until("mining has begun", lambda: one.rpc("getblockcount") > 0)
    suspend(one)
    out, err = slow.communicate(timeout=20)
    assert slow.returncode == 1 and "check the result before you repeat it" in err, (out, err)
    os.kill(one.process.pid, signal.SIGCONT)
    assert one.stop() == 0


def test_signals_ignored_at_the_start_stay_ignored(net):
    """nohup ignores SIGHUP, and a shell script ignores SIGINT in its background jobs."""
    one = net.node()
    one.create()
    signals = (signal.SIGHUP, signal.SIGINT)

    def start(disposition):
        before = [signal.signal(s, disposition) for s in signals]
        try:
            one.start("-connect", "0")
        finally:
            for s, handler in zip(signals, before):
                signal.signal(s, handler)

    start(signal.SIG_IGN)
    for s in signals:
        one.process.send_signal(s)
        time.sleep(0.3)
        assert one.rpc("getblockcount") == 0
    assert one.stop() == 0
    for s in signals:
        start(signal.SIG_DFL)
        assert one.stop(s) == 0


def test_a_second_process_in_a_directory_is_refused_and_names_the_first(net):
    one = net.chain_node()
    status, out, err = one.run("startnode", "-headless", "-port", str(one.id + 1), "-control-port", str(one.id + 2))
    assert status == 1 and out == "", (status, out)
    assert err.startswith("tally: ") and str(one.process.pid) in err and err.count("\n") == 1, err


if __name__ == "__main__":
    main(globals())
