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
        assert n.end() == 0
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
        assert n.end() == 0
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
        assert n.end() == 0
        assert time.monotonic() - begun < 5
    finally:
        os.close(ours)
        os.close(its)
    assert tips(logged(n)) == list(range(1, 601))


def test_a_pipe_whose_reader_has_left(net):
    n = net.node()
    n.create()
    n.start("-connect", "0", stdout=subprocess.PIPE)
    n.process.stdout.close()
    n.generate(1500)
    assert n.end() == 0
    assert tips(logged(n)) == list(range(1, 1501))


if __name__ == "__main__":
    main(globals())
