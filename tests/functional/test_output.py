"""Log lines on standard output: a reader that doesn't read never stops the node, and a reader that reads late gets
every line."""
import os
import pty
import re
import subprocess
import time

from framework import main


def tip_heights(text):
    """The heights in the lines that report a new tip."""
    return [int(height) for height in re.findall(r" tip (\d+) ", text)]


def log_text(node):
    with open(os.path.join(node.dir, "tally.log")) as f:
        return f.read()


def test_a_pipe_that_is_not_read_does_not_stop_the_node(net):
    n = net.node()
    n.create()
    n.start("-connect", "0", stdout=subprocess.PIPE)
    with n.process.stdout as pipe:
        n.generate(1500)  # a pipe holds about 800 lines
        begin = time.monotonic()
        assert n.rpc("getblockcount") == 1500
        assert n.stop() == 0
        assert time.monotonic() - begin < 5
        got = tip_heights(pipe.read().decode())
        assert 300 < len(got) < 1500 and got == list(range(1, len(got) + 1)), got
    assert tip_heights(log_text(n)) == list(range(1, 1501))


def test_a_pipe_that_is_read_late_gets_every_line(net):
    n = net.node()
    n.create()
    n.start("-connect", "0", stdout=subprocess.PIPE)
    with n.process.stdout as pipe:
        n.generate(1500)
        text = ""
        while " tip 1500 " not in text:
            text += pipe.readline().decode()
        n.generate(100)
        assert n.stop() == 0
        text += pipe.read().decode()
    assert text == log_text(n)


def test_a_terminal_stopped_with_ctrl_s_does_not_stop_the_node(net):
    """Ctrl-S stops the output of a terminal, Ctrl-Q continues it."""
    n = net.node()
    n.create()
    controller, terminal = pty.openpty()
    try:
        n.start("-connect", "0", stdout=terminal)
        os.write(controller, b"\x13")
        n.generate(300)  # a terminal holds about 50 lines
        os.write(controller, b"\x11")
        text = ""
        while " tip 300 " not in text:
            text += os.read(controller, 65536).decode()
        assert tip_heights(text) == list(range(1, 301))
        os.write(controller, b"\x13")
        n.generate(300)
        begin = time.monotonic()
        assert n.stop() == 0
        assert time.monotonic() - begin < 5
    finally:
        os.close(controller)
        os.close(terminal)
    assert tip_heights(log_text(n)) == list(range(1, 601))


def messages_on_terminal(n, *args):
    """Runs a command with a terminal as its stderr. Returns its exit status and the lines that it prints there."""
    controller, terminal = pty.openpty()
    try:
        with subprocess.Popen(n.command(*args), env=n.environment(), stdout=subprocess.DEVNULL, stderr=terminal) as p:
            status = p.wait(30)
        return status, os.read(controller, 65536).decode().splitlines()
    finally:
        os.close(controller)
        os.close(terminal)


def test_send_reports_mining_only_after_the_payment_was_accepted(net):
    n = net.node()
    n.create("me")
    send = ("send", "-from", "me", "-to", "bob", "-amount", "1", "-mine")
    n.start("-connect", "0")
    status, lines = messages_on_terminal(n, *send)
    assert status == 1 and len(lines) == 1 and lines[0].startswith("tally: 'bob' is neither"), lines
    n.cli("createwallet", "-label", "bob")
    status, lines = messages_on_terminal(n, *send)
    assert status == 0 and lines[0].startswith("tally: mining a block with the payment"), lines
    assert lines[1].startswith("tally: sent 1 to bob, ") and len(lines) == 2, lines


def test_a_closed_pipe_does_not_stop_the_node(net):
    n = net.node()
    n.create()
    n.start("-connect", "0", stdout=subprocess.PIPE)
    n.process.stdout.close()
    n.generate(1500)
    assert n.stop() == 0
    assert tip_heights(log_text(n)) == list(range(1, 1501))


if __name__ == "__main__":
    main(globals())
