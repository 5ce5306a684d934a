"""Log lines on standard output: who doesn't read them keeps the node from nothing, who reads them gets them all."""
import os
import pty
import re
import subprocess
import time

from framework import main


def tips(text):
    """Heights, as the lines tell them."""
    return [int(height) for height in re.findall(r" tip (\d+) ", text)]


def logged(node):
    with open(os.path.join(node.dir, "tally.log")) as f:
        return f.read()


def test_a_pipe_that_nobody_reads(net):
    n = net.node()
    n.create()
    n.start("-connect", "0", stdout=subprocess.PIPE)
    with n.process.stdout as pipe:
        n.generate(1500)  # a pipe takes some 800 lines
        begun = time.monotonic()
        assert n.rpc("getblockcount") == 1500
        assert n.stop() == 0
        assert time.monotonic() - begun < 5
        got = tips(pipe.read().decode())
        assert 300 < len(got) < 1500 and got == list(range(1, len(got) + 1)), got
    assert tips(logged(n)) == list(range(1, 1501))


def test_a_pipe_that_is_read_later(net):
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
    assert text == logged(n)


def test_a_terminal_that_is_held(net):
    """By ^S, until ^Q."""
    n = net.node()
    n.create()
    ours, its = pty.openpty()
    try:
        n.start("-connect", "0", stdout=its)
        os.write(ours, b"\x13")
        n.generate(300)  # a terminal takes some 50 lines
        os.write(ours, b"\x11")
        text = ""
        while " tip 300 " not in text:
            text += os.read(ours, 65536).decode()
        assert tips(text) == list(range(1, 301))
        os.write(ours, b"\x13")
        n.generate(300)
        begun = time.monotonic()
        assert n.stop() == 0
        assert time.monotonic() - begun < 5
    finally:
        os.close(ours)
        os.close(its)
    assert tips(logged(n)) == list(range(1, 601))


def told(n, *args):
    """What a command says on a terminal beside its result."""
    ours, its = pty.openpty()
    try:
        with subprocess.Popen(n.command(*args), env=n.environment(), stdout=subprocess.DEVNULL, stderr=its) as p:
            status = p.wait(30)
        return status, os.read(ours, 65536).decode().splitlines()
    finally:
        os.close(ours)
        os.close(its)


def test_that_a_block_is_mined_is_told_of_a_payment_that_is_made(net):
    n = net.node()
    n.create("me")
    send = ("send", "-from", "me", "-to", "bob", "-amount", "1", "-mine")
    n.start("-connect", "0")
    status, lines = told(n, *send)
    assert status == 1 and len(lines) == 1 and lines[0].startswith("tally: 'bob' is neither"), lines
    n.cli("createwallet", "-label", "bob")
    status, lines = told(n, *send)
    assert status == 0 and lines[0].startswith("tally: mining a block with it"), lines
    assert lines[1].startswith("tally: sent 1 to bob, ") and len(lines) == 2, lines


def test_a_pipe_whose_reader_has_left(net):
    n = net.node()
    n.create()
    n.start("-connect", "0", stdout=subprocess.PIPE)
    n.process.stdout.close()
    n.generate(1500)
    assert n.stop() == 0
    assert tips(logged(n)) == list(range(1, 1501))


if __name__ == "__main__":
    main(globals())
