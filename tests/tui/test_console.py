"""The console on a pseudo-terminal, whose output pyte interprets, with real nodes."""
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
    """A process of startnode on a pseudo-terminal of its own."""

    def __init__(self, node, cols, rows, *options):
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.master, self.slave = pty.openpty()
        self.set_size(cols, rows)
        self.before = termios.tcgetattr(self.slave)
        os.set_blocking(self.master, False)
        self.raw = b""
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.environ.update(TALLY_HOME=node.home, NODE_ID=str(node.id), LC_ALL="C.UTF-8",
                              TERM=os.environ.get("TALLY_TEST_TERM", "xterm-256color"))
            os.execv(TALLY, [TALLY, "startnode", "-connect", "127.0.0.1:1", *options])

    def set_size(self, cols, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, cols, rows):
        """Changes the size while the console runs, as a window manager does."""
        self.set_size(cols, rows)
        self.screen.resize(rows, cols)
        os.kill(self.pid, signal.SIGWINCH)

    def read(self):
        """Reads all output so far. Returns the screen's rows."""
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

    def expect(self, text, seconds=10):
        """Waits until the screen shows the text."""
        try:
            wait_until("screen shows %r" % text, lambda: text in self.read(), seconds)
        except AssertionError as e:
            raise AssertionError("%s:\n%s" % (e, self.read())) from None

    def type(self, text):
        """Presses the keys of the text."""
        os.write(self.master, text.encode())

    def wait(self):
        """Waits until the process has ended. Returns its status as waitpid() gives it."""
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

    def assert_terminal_restored(self):
        """The console must have restored the terminal's modes, the normal screen and the cursor."""
        after = termios.tcgetattr(self.slave)
        assert after[:4] == self.before[:4], "terminal modes differ"
        assert self.raw.rstrip().endswith(b"\x1b[?1049l") or b"\x1b[?1049l" in self.raw[-200:], self.raw[-200:]
        assert self.raw.rfind(b"\x1b[?2004l") > self.raw.rfind(b"\x1b[?2004h") >= 0, "bracketed paste stays on"
        assert self.raw.rfind(b"\x1b[?25h") > self.raw.rfind(b"\x1b[?25l"), "the cursor stays hidden"

    def quit(self):
        self.type("\x03\x03")
        assert self.wait() == 0
        self.assert_terminal_restored()


def node_with_chain(net):
    n = net.node()
    n.create()
    return n


def open_console(net, cols=80, rows=24):
    """A node with a chain, and its console, which shows the node already."""
    n = node_with_chain(net)
    c = Console(n, cols, rows)
    c.expect("n%d" % n.id)
    return n, c


def test_a_list_of_large_blocks_is_complete_within_5_s(net):
    n, blocks, key, p = owned_chain(net, 8)
    coin = coin_of(blocks.blocks[1])
    for _ in range(24):
        txs = []
        for _ in range(10):
            rest = coin[2] - 2000 * 1000
            txs.append(spend(key, [coin], [(1000, key.script)] * 2000 + [(rest, key.script)], blocks.genesis))
            coin = (txs[-1].id(), 2000, rest)
        p.send_block(blocks.add(blocks.next_block(key, txs)))
    wait_until("the node has connected the blocks", lambda: n.rpc("getblockcount") == 32, 60)
    assert n.stop() == 0
    c = Console(n, 120, 110)
    c.expect("n%d" % n.id)
    begin = time.monotonic()
    wait_until("the list shows all blocks", lambda: c.read().count(" 11tx ") == 24)
    assert time.monotonic() - begin < 5  # the list is drawn again when a block is read, not once a second only
    c.quit()


def test_panels_keys_payment_mining_and_quit_at_80x24(net):
    n, c = open_console(net)
    for text in ("Peers", "Chain", "Msgs", "no peers yet", "h0", "50.00"):
        c.expect(text)
    c.type("?")
    c.expect("Display")
    c.type("q7")
    c.expect("[7 Log]")
    c.expect("peer port")
    c.type("1q")
    c.expect("Stop node? y/N")
    c.type("n")
    c.type(":getnewaddress bob\r")
    c.expect("tly1q")
    c.type(":  tally send -amount 5 -to @bob\r")
    c.expect("y/N")
    c.type("y")
    wait_until("the payment is in the mempool", lambda: len(n.rpc("getrawmempool")) == 1)
    c.type("m")
    c.expect("h1")
    c.type("qy")
    assert c.wait() == 0
    c.assert_terminal_restored()


def test_a_payment_with_mining_shows_its_progress_and_can_be_cancelled(net):
    n = net.node()
    n.create("CENTRAL_NODE", "-spacing", "3600")
    c = Console(n, 120, 40)
    c.expect("h0")
    c.type(":send CENTRAL_NODE 1 mine=true\r")
    c.expect(", and mine a block with it? y/N")
    c.type("y")
    c.expect("running: send CENTRAL_NODE 1 mine=true")
    assert len(n.rpc("getrawmempool")) == 1 and n.rpc("getblockcount") == 0
    c.type("7n")  # another message replaces it, but only until the next key
    c.expect("no search yet")
    c.type("g")
    c.expect("running: send CENTRAL_NODE 1 mine=true")
    c.type("1")
    # The console shows that it mines and how to stop it.
    c.expect("requested   0 of 1 blocks")
    c.expect(" MINER ")
    c.expect("m Mine off")
    c.type("m")
    c.expect("off: m starts")
    c.expect(" FULL ")
    c.expect("mining is off")
    c.type("7")
    c.expect("mining was switched off: 0 of 1 blocks mined")
    assert len(n.rpc("getrawmempool")) == 1 and n.rpc("getblockcount") == 0
    c.quit()


def test_very_small_and_large_sizes_do_not_end_the_console(net):
    _, c = open_console(net, 60, 15)
    c.expect("5:Msgs")
    for cols, rows in ((1, 1), (20, 3), (30, 6), (200, 60), (2, 100), (120, 40)):
        c.resize(cols, rows)
        time.sleep(0.15)
        c.read()
    c.expect("Wallet")
    c.expect("Miner")
    os.kill(c.pid, signal.SIGTERM)
    assert c.wait() == 0
    c.assert_terminal_restored()


def test_joining_a_chain_and_refusing_another_are_reported(net):
    central, other = node_with_chain(net), node_with_chain(net)
    central.start()
    address = "127.0.0.1:%d" % central.id
    c = Console(net.node(), 80, 24, "-connect", address)
    c.expect("joined chain tally")
    c.expect("offered by " + address)
    c.quit()
    for cols, rows in ((80, 24), (60, 15)):
        c = Console(other, cols, rows, "-connect", address)
        c.expect("%s has another chain: stop and remove chain/" % address)
        c.type("2")
        c.expect("no peers: %s has another chain" % address)
        c.quit()


def test_a_reorganisation_is_reported(net):
    one, two = node_with_chain(net), net.node()
    one.start()
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("the second node has joined", lambda: two.run("rpc", "getblockcount")[1] == "0\n")
    one.stop()
    two.stop()
    two.start("-connect", "0", "-listen", "0")
    two.generate(3)
    two.stop()
    c = Console(one, 80, 24)
    c.expect("n%d" % one.id)
    one.generate(2)
    c.expect("h2")
    two.start("-connect", "127.0.0.1:%d" % one.id)
    c.expect("reorganisation: 2 blocks undone; the new tip, block 3, has more work")
    c.type("3")
    c.expect("stale")
    c.type("jj")
    c.expect("block 2 is stale: it has no payments")
    c.quit()


def test_a_payment_that_spent_the_reward_of_a_block_reorganised_away_is_reported(net):
    one, two = net.node(), net.node()
    one.create("CENTRAL_NODE", "-spacing", "0", "-maturity", "1")
    one.start()
    two.start("-connect", "127.0.0.1:%d" % one.id)
    wait_until("the second node has joined", lambda: two.run("rpc", "getblockcount")[1] == "0\n")
    one.stop()
    two.stop()
    two.start("-connect", "0", "-listen", "0")
    two.generate(4)
    two.stop()
    c = Console(one, 80, 24)
    c.expect("n%d" % one.id)
    one.generate(2)
    one.rpc("getnewaddress", "bob")
    # The first payment spends a block's reward; the second one spends the change of the first.
    payments = [one.rpc("sendtoaddress", "bob", 60), one.rpc("sendtoaddress", "bob", 60)]
    one.generate(1)
    c.expect("h3")
    two.start("-connect", "127.0.0.1:%d" % one.id)
    c.expect("reorganisation: 3 blocks undone")
    c.type("7")
    c.expect("reorganisation: 2 payments of this wallet abandoned")
    c.type("6g")
    c.expect(" abandoned ")
    c.type("/" + payments[1] + "\r")
    c.expect("abandoned: it spends coins from a block that was reorganised away")
    c.type("\r")
    c.expect("abandoned: not in any block of the best chain")
    c.expect(payments[0] + ":")
    c.type("q")
    c.quit()
    # The wallet's database has the same state.
    one.start("-connect", "0")
    c = [t for t in one.rpc("listtransactions") if t["txid"] in payments]
    assert c and all(t["abandoned"] for t in c), c


def test_cancelled_and_wrong_commands_are_reported(net):
    _, c = open_console(net)
    c.expect("50.00")
    c.type(":send CENTRAL_NODE 1\r")
    c.expect("y/N")
    c.type("n")
    c.expect("cancelled: send CENTRAL_NODE 1")
    c.type(":send CENTRAL_NODE 2\r")
    c.expect("y/N")
    c.type("\x03")  # another question cancels the first one, with a message
    c.expect("Stop node? y/N")
    c.expect("cancelled: send CENTRAL_NODE 2")
    c.type("n")
    c.type(":sned CENTRAL_NODE 1\r")
    c.expect("did you mean send?")
    # A message that is longer than the line is shown completely.
    c.type(":send CENTRAL_NODE 51\r")
    c.expect("can be spent")
    c.expect("49.9999")
    # The rejected command line stays in the prompt, so that the user can correct it.
    c.expect(":send CENTRAL_NODE 51")
    c.type("\x7f\r")
    c.expect("send 5 to CENTRAL_NODE, tly1q")
    c.type("n")
    c.type(":send nobody 1\r")
    c.expect("neither an address nor a label")
    c.type("2.5")  # these keys edit the rejected line; they are not taken as keys of the view
    c.expect(":send nobody 12.5")
    c.type("\x7f\x7f\x7f\r")
    c.expect("neither an address nor a label")
    c.type(":7")  # starts a new command line
    c.expect(":7  ")
    c.type("\x1b")
    c.type("7\\")
    c.expect("fields: sub level")
    c.type("nowhere=1\r")
    c.expect("unknown field 'nowhere': the fields are sub level")
    c.type("\x1b")
    c.type("s")
    c.expect("cannot sort")
    c.quit()


def test_an_answer_of_one_long_line_is_shown_as_a_page(net):
    n, c = open_console(net)
    c.expect("50.00")
    raw_block = n.rpc("getblock", n.rpc("getbestblockhash"), 0)
    assert len(raw_block) > 59 * 7
    c.resize(60, 8)
    c.expect("5:Msgs")
    c.type(":getblock 0 0\r")
    c.expect("Scroll")
    c.expect('"' + raw_block[:58])
    c.quit()


def test_a_command_in_progress_is_shown_until_its_answer_comes(net):
    n, c = open_console(net)
    n.generate(60)
    c.expect("h60")
    c.type(":printchain\r")
    c.expect("lines 1-")
    c.type("\x0c")
    time.sleep(0.2)
    assert "running:" not in c.read(), c.read()
    c.type("7")
    c.expect("printchain: answer of ")
    c.quit()


def test_pasted_text_is_never_taken_as_keys(net):
    n, c = open_console(net)
    c.expect("50.00")
    c.type("\x1b[200~mqy\rmm\x1b[201~")
    c.expect("press : before pasting")
    c.type(":\x1b[200~getnewaddress bob\r:quit\ry\x1b[201~")
    c.expect("only the first line was pasted; lines left out: 2")
    assert not any(a["label"] == "bob" for a in n.rpc("listaddresses"))
    c.type("\r")
    c.expect("tly1q")
    assert any(a["label"] == "bob" for a in n.rpc("listaddresses"))
    assert not n.rpc("getmininginfo")["generate"]
    c.type("q")
    c.expect("Stop node? y/N")
    c.type("\x1b[200~y\x1b[201~")
    c.type(":q")  # a typed command does not answer the question, either
    c.expect("Stop node? y/N")
    c.type("n:q\r")
    c.expect("Stop node? y/N")
    c.type("n:tally rpc\r")
    c.expect("rpc needs the name of a command: help lists them")
    c.type(":quit!\r")
    assert c.wait() == 0
    c.assert_terminal_restored()


def test_suspending_restores_the_terminal_and_resuming_draws_the_console_again(net):
    _, c = open_console(net)
    c.type("\x1a")
    wait_until("the process is suspended", lambda: os.waitpid(c.pid, os.WNOHANG | os.WUNTRACED)[0] == c.pid)
    c.read()
    c.assert_terminal_restored()
    c.set_size(60, 15)  # the window becomes smaller while the console is suspended
    c.screen.resize(15, 60)
    os.kill(c.pid, signal.SIGCONT)
    c.expect("5:Msgs")
    c.type("2")
    c.expect("2:Peers")
    os.kill(c.pid, signal.SIGTERM)
    assert c.wait() == 0
    c.assert_terminal_restored()


def test_escape_mouse_freeze_and_completion(net):
    n, c = open_console(net)
    c.expect("[1 Dash]")
    c.type("?")
    c.expect("of ")
    c.type("\x1b")  # a single Escape works without a following key
    c.expect("[1 Dash]")
    c.expect("Peers ─")
    c.type("\x1b[<0;22;2M\x1b[<0;22;2m")  # a mouse click on "3 Chain"
    c.expect("[3 Chain]")
    c.type("\x1b[A\x1bOB ")
    c.expect("FROZEN")
    n.generate(2)
    c.expect("h2")
    assert "*0" in c.read(), c.read()  # the list is frozen while the header shows the new height
    c.type(" ")
    c.expect("*2")
    c.type(":s\t\t")
    c.expect("Tab>")
    c.type("\x15getnewad\t bob\r")
    c.expect("tly1q")
    c.type("q")
    c.expect("[1 Dash]")
    c.type("\x03")
    c.expect("Stop node? y/N")
    c.type("\x03")
    assert c.wait() == 0
    c.assert_terminal_restored()


def test_a_detail_page_follows_changes(net):
    n, c = open_console(net)
    c.expect("50.00")
    c.type("3\r")
    c.expect("0 of 0, 1 confirmation")
    n.generate(2)
    c.expect("0 of 2, 3 confirmations")
    c.type("q")
    n.rpc("sendtoaddress", n.rpc("getnewaddress", "bob"), 1)
    c.type("4")
    c.expect("this wallet's payment")
    c.type("\r")
    c.expect("unconfirmed: in the mempool")
    c.expect("1 ancestor, 1 descendant, itself included")
    n.generate(1)
    c.expect("3 of 3, 1 confirmation")
    other = net.node()
    other.start("-connect", "127.0.0.1:%d" % n.id)
    c.type("q2")
    c.expect(" 1 i ")
    c.type("\r")
    c.expect("connection   inbound")
    other.stop()
    c.expect("gone: this is its last state")
    c.quit()


def test_a_search_for_a_height_finds_a_block_far_down_the_list(net):
    n, c = open_console(net)
    n.generate(300)
    c.expect("h300")
    c.type("3/7\r")
    c.expect("match 1 of 1")
    c.expect("block 7, 294 confirmations")
    c.quit()


def test_many_fast_resizes_do_not_end_the_console(net):
    _, c = open_console(net)
    for i in range(60):
        c.resize(1 + i * 37 % 190, 1 + i * 23 % 61)
        c.type("12345?q7"[i % 8])
        c.read()
    c.resize(80, 24)
    c.type("\x1b\x1b1")
    c.expect("[1 Dash]")
    c.quit()


def test_a_crash_restores_the_terminal(net):
    _, c = open_console(net)
    os.kill(c.pid, signal.SIGSEGV)
    status = c.wait()
    assert os.WIFSIGNALED(status) or status != 0
    c.assert_terminal_restored()


def test_a_terminal_that_is_not_read_does_not_stop_the_node(net):
    n, c = open_console(net)
    for _ in range(10):  # the test reads nothing from the terminal meanwhile
        n.generate(20)
    begin = time.monotonic()
    assert n.rpc("getblockcount") == 200
    assert time.monotonic() - begin < 1
    c.expect("h200")
    c.quit()


def test_dump_screen_works_with_and_without_a_running_node(net):
    n = node_with_chain(net)
    lines = n.cli("startnode", "--dump-screen", "60x15").splitlines()
    assert "h0" in lines[0] and len(lines) <= 15 and max(map(len, lines)) <= 60
    n.start("-connect", "127.0.0.1:1")
    n.generate(3)
    assert "h3" in n.cli("startnode", "--dump-screen", "80x24").splitlines()[0]


def test_a_terminal_without_cursor_movement_gets_log_lines(net):
    n = node_with_chain(net)
    os.environ["TALLY_TEST_TERM"] = "dumb"
    try:
        c = Console(n, 80, 24)
    finally:
        del os.environ["TALLY_TEST_TERM"]
    c.expect("can't place a cursor")
    wait_until("the log lines since the start are printed", lambda: (c.read(), b"listening on" in c.raw)[1])
    assert b"\x1b" not in c.raw, c.raw
    os.kill(c.pid, signal.SIGTERM)
    assert c.wait() == 0
    assert b"stopping" in c.raw and b"\x1b" not in c.raw, c.raw


def test_closing_the_terminal_stops_the_node(net):
    """A dropped ssh connection or an ended tmux closes the terminal. The node may be suspended at that moment."""
    for suspended in (False, True):
        node = net.node()
        node.create()
        c = Console(node, 80, 24)
        c.expect("h0")
        if suspended:
            os.kill(c.pid, signal.SIGSTOP)
        os.close(c.slave)
        os.close(c.master)
        c.master = c.slave = os.open("/dev/null", os.O_RDWR)
        if suspended:
            os.kill(c.pid, signal.SIGCONT)
        assert c.wait() == 0
        with open(os.path.join(node.dir, "tally.log")) as log:
            assert "terminal closed" in log.read()


if __name__ == "__main__":
    main(globals())
