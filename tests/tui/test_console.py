"""The console in a real terminal (a pty read by pyte), with real nodes."""
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import time

import pyte

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "functional"))
from chainlib import spend  # noqa: E402
from coins import coin_of, owned_chain  # noqa: E402
from framework import TALLY, main, wait_until  # noqa: E402


class Console:
    """startnode on a terminal of its own."""

    def __init__(self, node, cols, rows, *options):
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.master, self.slave = pty.openpty()
        self.size(cols, rows)
        self.before = termios.tcgetattr(self.slave)
        os.set_blocking(self.master, False)
        self.raw = b""
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.environ.update(TALLY_HOME=node.home, NODE_ID=str(node.id), TERM=os.environ.get("TALLY_TEST_TERM", "xterm-256color"),
                              LC_ALL="C.UTF-8")
            os.execv(TALLY, [TALLY, "startnode", "-connect", "127.0.0.1:1", *options])

    def size(self, cols, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, cols, rows):
        self.size(cols, rows)
        self.screen.resize(rows, cols)
        os.kill(self.pid, signal.SIGWINCH)

    def read(self):
        try:
            while True:
                data = os.read(self.master, 65536)
                if not data:
                    break
                self.raw += data
                self.stream.feed(data)
        except (BlockingIOError, OSError):
            pass
        return "\n".join(self.screen.display)

    def sees(self, text, seconds=10):
        try:
            wait_until("screen shows %r" % text, lambda: text in self.read(), seconds)
        except AssertionError as e:
            raise AssertionError("%s:\n%s" % (e, self.read())) from None

    def type(self, text):
        os.write(self.master, text.encode())

    def wait(self):
        """The exit status as waitpid gives it."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                self.read()
                return status
            time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("the console did not end in 10 s")

    def given_back(self):
        after = termios.tcgetattr(self.slave)
        assert after[:4] == self.before[:4], "terminal modes differ"
        assert self.raw.rstrip().endswith(b"\x1b[?1049l") or b"\x1b[?1049l" in self.raw[-200:], self.raw[-200:]
        assert self.raw.rfind(b"\x1b[?2004l") > self.raw.rfind(b"\x1b[?2004h") >= 0, "bracketed paste stays on"
        assert self.raw.rfind(b"\x1b[?25h") > self.raw.rfind(b"\x1b[?25l"), "the cursor stays hidden"

    def quit(self):
        self.type("\x03\x03")
        assert self.wait() == 0
        self.given_back()


def chain(net):
    n = net.node()
    n.create()
    return n


def opened(net, cols=80, rows=24):
    """A node with a chain of its own, and its console, which is there."""
    n = chain(net)
    c = Console(n, cols, rows)
    c.sees("n%d" % n.id)
    return n, c


def test_the_list_of_large_blocks_is_filled_in_at_once(net):
    n, blocks, key, p = owned_chain(net, 8)
    coin = coin_of(blocks.blocks[1])
    for _ in range(24):
        txs = []
        for _ in range(10):
            rest = coin[2] - 2000 * 1000
            txs.append(spend(key, [coin], [(1000, key.script)] * 2000 + [(rest, key.script)], blocks.genesis))
            coin = (txs[-1].id(), 2000, rest)
        p.send_block(blocks.add(blocks.next_block(key, txs)))
    wait_until("the blocks are taken", lambda: n.rpc("getblockcount") == 32, 60)
    assert n.stop() == 0
    c = Console(n, 120, 110)
    c.sees("n%d" % n.id)
    begun = time.monotonic()
    wait_until("all are read", lambda: c.read().count(" 11tx ") == 24)
    assert time.monotonic() - begun < 5  # a frame is not waited for until the second is over
    c.quit()


def test_panels_keys_and_quit_at_80x24(net):
    n, c = opened(net)
    for text in ("Peers", "Chain", "Msgs", "no peers yet", "h0", "50.00"):
        c.sees(text)
    c.type("?")
    c.sees("Display")
    c.type("q7")
    c.sees("[7 Log]")
    c.sees("peers at port")
    c.type("1q")
    c.sees("Stop node? y/N")
    c.type("n")
    c.type(":getnewaddress bob\r")
    c.sees("tly1q")
    c.type(":  tally send -amount 5 -to @bob\r")
    c.sees("y/N")
    c.type("y")
    wait_until("it waits", lambda: len(n.rpc("getrawmempool")) == 1)
    c.type("m")
    c.sees("h1")
    c.type("qy")
    assert c.wait() == 0
    c.given_back()


def test_a_payment_with_a_block_says_so_before_and_meanwhile(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    c = Console(n, 120, 40)
    c.sees("h0")
    c.type(":send CENTRAL_NODE 1 mine=true\r")
    c.sees(", and mine a block with it? y/N")
    c.type("y")
    c.sees("running: send! CENTRAL_NODE 1 mine=true")
    assert len(n.rpc("getrawmempool")) == 1 and n.rpc("getblockcount") == 0
    c.type("7n")  # another message hides it no longer than that is there
    c.sees("no search yet")
    c.type("g")
    c.sees("running: send! CENTRAL_NODE 1 mine=true")
    c.type("1")
    # It is seen to mine, and how to stop it.
    c.sees("requested   0 of 1 blocks")
    c.sees(" MINER ")
    c.sees("m Mine off")
    c.type("m")
    c.sees("off: m starts")
    c.sees(" FULL ")
    c.sees("mining is off")
    c.type("7")
    c.sees("mining was switched off: 0 of 1 blocks mined")
    assert len(n.rpc("getrawmempool")) == 1 and n.rpc("getblockcount") == 0
    c.quit()


def test_small_and_odd_sizes_never_end_it(net):
    _, c = opened(net, 60, 15)
    c.sees("5:Msgs")
    for cols, rows in ((1, 1), (20, 3), (30, 6), (200, 60), (2, 100), (120, 40)):
        c.resize(cols, rows)
        time.sleep(0.15)
        c.read()
    c.sees("Wallet")
    c.sees("Miner")
    os.kill(c.pid, signal.SIGTERM)
    assert c.wait() == 0
    c.given_back()


def test_a_joined_chain_is_told_and_another_one_too(net):
    central, other = chain(net), chain(net)
    central.start()
    at = "127.0.0.1:%d" % central.id
    c = Console(net.node(), 80, 24, "-connect", at)
    c.sees("joined chain tally")
    c.sees("offered by " + at)
    c.quit()
    for cols, rows in ((80, 24), (60, 15)):
        c = Console(other, cols, rows, "-connect", at)
        c.sees("another chain at %s: stop and remove chain/" % at)
        c.type("2")
        c.sees("no peers: %s has another chain" % at)
        c.quit()


def test_a_reorganisation_is_told(net):
    one, two = chain(net), net.node()
    one.start()
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("it has joined", lambda: two.run("rpc", "getblockcount")[1] == "0\n")
    one.stop()
    two.stop()
    two.start("-connect", "0", "-listen", "0")
    two.generate(3)
    two.stop()
    c = Console(one, 80, 24)
    c.sees("n%d" % one.id)
    one.generate(2)
    c.sees("h2")
    two.start("-connect", "127.0.0.1:%d" % one.id)
    c.sees("reorganisation: 2 blocks undone; the new tip, block 3, has more work")
    c.type("3")
    c.sees("stale")
    c.type("jj")
    c.sees("block 2 is stale: it has no payments")
    c.quit()


def test_a_payment_that_spent_the_reward_of_a_lost_block_is_told(net):
    one, two = net.node(), net.node()
    one.create("CENTRAL_NODE", "-spacing", "0", "-maturity", "1")
    one.start()
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("it has joined", lambda: two.run("rpc", "getblockcount")[1] == "0\n")
    one.stop()
    two.stop()
    two.start("-connect", "0", "-listen", "0")
    two.generate(4)
    two.stop()
    c = Console(one, 80, 24)
    c.sees("n%d" % one.id)
    one.generate(2)
    one.rpc("getnewaddress", "bob")
    # More than the first block gave; then one with the change of it.
    paid = [one.rpc("sendtoaddress", "bob", 60), one.rpc("sendtoaddress", "bob", 60)]
    one.generate(1)
    c.sees("h3")
    two.start("-connect", "127.0.0.1:%d" % one.id)
    c.sees("reorganisation: 3 blocks undone")
    c.type("7")
    c.sees("reorganisation: 2 payments of this wallet are void now")
    c.type("6g")
    c.sees(" abandoned ")
    c.type("/" + paid[1] + "\r")
    c.sees("abandoned: it spends coins from a block that was reorganised away")
    c.type("\r")
    c.sees("void: no block on the best chain has it")
    c.sees(paid[0] + ":")
    c.type("q")
    c.quit()
    # As the database has it, too.
    one.start("-connect", "0")
    c = [t for t in one.rpc("listtransactions") if t["txid"] in paid]
    assert c and all(t["abandoned"] for t in c), c


def test_what_is_not_done_or_not_there_is_said(net):
    _, c = opened(net)
    c.sees("50.00")
    c.type(":send CENTRAL_NODE 1\r")
    c.sees("y/N")
    c.type("n")
    c.sees("cancelled: send CENTRAL_NODE 1")
    c.type(":send CENTRAL_NODE 2\r")
    c.sees("y/N")
    c.type("\x03")  # another question: the first is not forgotten without a word
    c.sees("Stop node? y/N")
    c.sees("cancelled: send CENTRAL_NODE 2")
    c.type("n")
    c.type(":sned CENTRAL_NODE 1\r")
    c.sees("did you mean send?")
    # Longer than the line: it is read whole.
    c.type(":send CENTRAL_NODE 51\r")
    c.sees("can be spent")
    c.sees("49.9999")
    # It stands there to be mended.
    c.sees(":send CENTRAL_NODE 51")
    c.type("\x7f\r")
    c.sees("send 5 to CENTRAL_NODE, tly1q")
    c.type("n")
    c.type(":send nobody 1\r")
    c.sees("neither an address nor a label")
    c.type("2.5")  # goes on with it, and is no key
    c.sees(":send nobody 12.5")
    c.type("\x7f\x7f\x7f\r")
    c.sees("neither an address nor a label")
    c.type(":7")  # as one begins
    c.sees(":7  ")
    c.type("\x1b")
    c.type("7\\")
    c.sees("fields: sub level")
    c.type("nowhere=1\r")
    c.sees("unknown field 'nowhere': the fields are sub level")
    c.type("\x1b")
    c.type("s")
    c.sees("cannot sort")
    c.quit()


def test_a_long_answer_is_a_page_whatever_lines_it_has(net):
    n, c = opened(net)
    c.sees("50.00")
    whole = n.rpc("getblock", n.rpc("getbestblockhash"), 0)
    assert len(whole) > 59 * 7
    c.resize(60, 8)
    c.sees("5:Msgs")
    c.type(":getblock 0 0\r")
    c.sees("Scroll")
    c.sees('"' + whole[:58])
    c.quit()


def test_what_is_under_way_is_told_until_its_answer(net):
    n, c = opened(net)
    n.generate(60)
    c.sees("h60")
    c.type(":printchain\r")
    c.sees("lines 1-")
    c.type("\x0c")
    time.sleep(0.2)
    assert "running:" not in c.read(), c.read()
    c.type("7")
    c.sees("printchain: answer of ")
    c.quit()


def test_what_is_pasted_acts_as_no_key(net):
    n, c = opened(net)
    c.sees("50.00")
    c.type("\x1b[200~mqy\rmm\x1b[201~")
    c.sees("press : before pasting")
    c.type(":\x1b[200~getnewaddress bob\r:quit\ry\x1b[201~")
    c.sees("only the first line was pasted; lines left out: 2")
    assert not any(a["label"] == "bob" for a in n.rpc("listaddresses"))
    c.type("\r")
    c.sees("tly1q")
    assert any(a["label"] == "bob" for a in n.rpc("listaddresses"))
    assert not n.rpc("getmininginfo")["generate"]
    c.type("q")
    c.sees("Stop node? y/N")
    c.type("\x1b[200~y\x1b[201~")
    c.type(":q")  # neither an answer
    c.sees("Stop node? y/N")
    c.type("n:q\r")
    c.sees("Stop node? y/N")
    c.type("n:tally rpc\r")
    c.sees("rpc is followed by a method: help lists them")
    c.type(":quit!\r")
    assert c.wait() == 0
    c.given_back()


def test_suspend_gives_the_terminal_back_and_resume_takes_it_again(net):
    _, c = opened(net)
    c.type("\x1a")
    wait_until("it stops", lambda: os.waitpid(c.pid, os.WNOHANG | os.WUNTRACED)[0] == c.pid)
    c.read()
    c.given_back()
    c.size(60, 15)  # the window is made smaller meanwhile
    c.screen.resize(15, 60)
    os.kill(c.pid, signal.SIGCONT)
    c.sees("5:Msgs")
    c.type("2")
    c.sees("2:Peers")
    os.kill(c.pid, signal.SIGTERM)
    assert c.wait() == 0
    c.given_back()


def test_escape_mouse_freeze_and_a_completed_command(net):
    n, c = opened(net)
    c.sees("[1 Dash]")
    c.type("?")
    c.sees("of ")
    c.type("\x1b")  # alone: nothing has to follow it
    c.sees("[1 Dash]")
    c.sees("Peers ─")
    c.type("\x1b[<0;22;2M\x1b[<0;22;2m")  # a click at "3 Chain"
    c.sees("[3 Chain]")
    c.type("\x1b[A\x1bOB ")
    c.sees("FROZEN")
    n.generate(2)
    c.sees("h2")
    assert "*0" in c.read(), c.read()  # the list stands still while the header goes on
    c.type(" ")
    c.sees("*2")
    c.type(":s\t\t")
    c.sees("Tab>")
    c.type("\x15getnewad\t bob\r")
    c.sees("tly1q")
    c.type("q")
    c.sees("[1 Dash]")
    c.type("\x03")
    c.sees("Stop node? y/N")
    c.type("\x03")
    assert c.wait() == 0
    c.given_back()


def test_an_opened_page_tells_what_is_so_now(net):
    n, c = opened(net)
    c.sees("50.00")
    c.type("3\r")
    c.sees("0 of 0, 1 confirmation")
    n.generate(2)
    c.sees("0 of 2, 3 confirmations")
    c.type("q")
    n.rpc("sendtoaddress", n.rpc("getnewaddress", "bob"), 1)
    c.type("4")
    c.sees("this wallet's payment")
    c.type("\r")
    c.sees("waiting for a block")
    c.sees("1 ancestor, 1 descendant (")
    n.generate(1)
    c.sees("3 of 3, 1 confirmation")
    other = net.node()
    other.start("-connect", "127.0.0.1:%d" % n.id)
    c.type("q2")
    c.sees(" 1 i ")
    c.type("\r")
    c.sees("connection   inbound")
    other.stop()
    c.sees("gone: this is its last state")
    c.quit()


def test_a_block_far_down_is_found_by_its_height(net):
    n, c = opened(net)
    n.generate(300)
    c.sees("h300")
    c.type("3/7\r")
    c.sees("match 1 of 1")
    c.sees("block 7, 294 confirmations")
    c.quit()


def test_resizes_one_after_the_other_never_end_it(net):
    _, c = opened(net)
    for i in range(60):
        c.resize(1 + i * 37 % 190, 1 + i * 23 % 61)
        c.type("12345?q7"[i % 8])
        c.read()
    c.resize(80, 24)
    c.type("\x1b\x1b1")
    c.sees("[1 Dash]")
    c.quit()


def test_crash_gives_the_terminal_back(net):
    _, c = opened(net)
    os.kill(c.pid, signal.SIGSEGV)
    status = c.wait()
    assert os.WIFSIGNALED(status) or status != 0
    c.given_back()


def test_a_terminal_nobody_reads_does_not_stop_the_node(net):
    n, c = opened(net)
    for _ in range(10):  # nothing is read from the terminal meanwhile
        n.generate(20)
    started = time.monotonic()
    assert n.rpc("getblockcount") == 200
    assert time.monotonic() - started < 1
    c.sees("h200")
    c.quit()


def test_dump_screen_of_a_running_node_and_without_one(net):
    n = chain(net)
    lines = n.cli("startnode", "--dump-screen", "60x15").splitlines()
    assert "h0" in lines[0] and len(lines) <= 15 and max(map(len, lines)) <= 60
    n.start("-connect", "127.0.0.1:1")
    n.generate(3)
    assert "h3" in n.cli("startnode", "--dump-screen", "80x24").splitlines()[0]


def test_a_terminal_that_can_do_nothing_gets_lines(net):
    n = chain(net)
    os.environ["TALLY_TEST_TERM"] = "dumb"
    try:
        c = Console(n, 80, 24)
    finally:
        del os.environ["TALLY_TEST_TERM"]
    c.sees("can't place a cursor")
    wait_until("it tells what it has done since the start", lambda: (c.read(), b"listening on" in c.raw)[1])
    assert b"\x1b" not in c.raw, c.raw
    os.kill(c.pid, signal.SIGTERM)
    assert c.wait() == 0
    assert b"stopping" in c.raw and b"\x1b" not in c.raw, c.raw


def test_hang_up_ends_the_node(net):
    """The terminal is closed, as by a dropped ssh or an ended tmux: with the signal and without."""
    for ignore in (False, True):
        node = net.node()
        node.create()
        c = Console(node, 80, 24)
        c.sees("h0")
        if ignore:  # the node hears of it from the terminal alone
            os.kill(c.pid, signal.SIGSTOP)
        os.close(c.slave)
        os.close(c.master)
        c.master = c.slave = os.open("/dev/null", os.O_RDWR)
        if ignore:
            os.kill(c.pid, signal.SIGCONT)
        assert c.wait() == 0
        with open(os.path.join(node.dir, "tally.log")) as log:
            assert "hung up" in log.read()


if __name__ == "__main__":
    main(globals())
