#!/usr/bin/env python3
"""Makes docs/screen.svg: a picture of the console of a real node.

usage: python3 scripts/screenshot.py [PROGRAM [FILE]]    (default: build/tally docs/screen.svg)

Four nodes run on this machine. One has its console in tmux and mines; the others send payments, and one of
them mines a branch that replaces a block. The script reads the screen with its colours from tmux and writes
it as SVG. Box and block characters become shapes, so that they join in every font.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import unicodedata
from xml.sax.saxutils import escape

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "build", "tally"))
FILE = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "..", "docs", "screen.svg"))
os.environ["TALLY"] = PROGRAM
sys.path.insert(0, os.path.join(HERE, "..", "tests", "functional"))
from framework import Net, wait_until  # noqa: E402

COLS, ROWS = 120, 38
SPACING = 4      # seconds between blocks of the chain in the picture
BLOCKS = 14      # mined before anything else happens

# --- the scene --------------------------------------------------------------------------------


class Terminal:
    """A tmux server of its own with one window of COLS x ROWS."""

    def __init__(self, node, *options):
        self.socket = "tally-screenshot-%d" % os.getpid()
        env = dict(node.environment(), TERM="xterm-256color", LC_ALL="C.UTF-8", COLORTERM="")
        env.pop("TMUX", None)
        env.pop("NO_COLOR", None)
        self.env = env
        self.tmux("-f", os.devnull, "new-session", "-d", "-x", str(COLS), "-y", str(ROWS),
                  " ".join(["'%s'" % PROGRAM, "startnode", *options]), ";", "set", "-g", "status", "off",
                  ";", "resize-window", "-x", str(COLS), "-y", str(ROWS))

    def tmux(self, *args):
        return subprocess.run(["tmux", "-L", self.socket, *args], env=self.env, check=True,
                              capture_output=True, text=True).stdout

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def screen(self):
        """The rows of the screen with their escape sequences."""
        return self.tmux("capture-pane", "-p", "-e").split("\n")[:ROWS]

    def close(self):
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], env=self.env, capture_output=True)


def use_lesson_ids(nodes):
    """Gives the nodes the ids 3000, 3001, ... if all their ports are free."""
    ids = range(3000, 3000 + len(nodes))
    try:
        for port in [p for i in ids for p in (i, i + 10000)]:
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
    except OSError:
        return
    for node, node_id in zip(nodes, ids):
        node.__init__(node.home, node_id)


def play(net):
    """Plays the scene and returns the screen."""
    everybody = [net.node() for _ in range(4)]
    use_lesson_ids(everybody)
    anna, ben, chloe, dora = everybody
    anna.cli("createblockchain", "-address", "anna", "-name", "physics-101", "-spacing", str(SPACING))
    anna.start("-connect", "0", "-miner", "anna")
    wait_until("the first blocks", lambda: anna.rpc("getblockcount") >= BLOCKS, 600)
    anna.stop()

    terminal = Terminal(anna, "-connect", "0", "-miner", "anna")
    try:
        wait_until("the console's node answers", lambda: anna.rpc("uptime") >= 0)
        at_anna = "127.0.0.1:%d" % anna.id
        for node in (ben, chloe, dora):
            node.start("-connect", at_anna)
        wait_until("all nodes are in sync", lambda: len({n.tip() for n in everybody}) == 1, 60)

        # The others get coins, so that they can pay.
        to = {n: n.rpc("getnewaddress", name) for n, name in ((ben, "ben"), (chloe, "chloe"), (dora, "dora"))}
        anna.rpc("send", to[ben], 40)
        anna.rpc("send", to[chloe], 25)
        wait_until("the payments are confirmed", lambda: all(n.rpc("getbalance") > 0 for n in (ben, chloe)), 120)

        # Dora mines two blocks without a connection, anna one: a reorganisation when dora is back.
        dora.stop()
        dora.start("-connect", "0", "-listen", "0")
        anna.rpc("mine", False)
        before = anna.rpc("getblockcount")
        dora.generate(2, to[dora])
        anna.generate(1, "anna")
        dora.stop()
        dora.start("-connect", at_anna)
        wait_until("the branch has been replaced", lambda: anna.rpc("getblockcount") == before + 2)
        anna.rpc("mine", True, "anna")
        wait_until("three blocks on it", lambda: anna.rpc("getblockcount") >= before + 5, 300)

        # A payment to anna that dora confirms, and one of anna's that stays in the mempool.
        chloe.rpc("send", anna.rpc("getnewaddress", "from chloe"), 7.5)
        time.sleep(1.5)
        height = anna.rpc("getblockcount")
        dora.generate(1, to[dora])
        wait_until("dora's block", lambda: anna.rpc("getblockcount") > height)
        anna.rpc("send", to[dora], 12.5)
        time.sleep(0.5)
        return terminal.screen()
    finally:
        terminal.keys("C-c", "C-c")
        time.sleep(0.5)
        terminal.close()


# --- from the terminal's bytes to cells --------------------------------------------------------

BASIC = ["#2b3038", "#ff6b62", "#6fcf7c", "#e5b95c", "#6aa5ff", "#d58fe0", "#54c8d4", "#cfd6e0",
         "#6b7684", "#ff8d85", "#93e29d", "#f3d384", "#93bdff", "#e6b3ee", "#86dfe8", "#ffffff"]
BACKGROUND, FOREGROUND = "#12161c", "#d7dde6"
# The console's 256 colours suit light and dark backgrounds alike. On this dark one they are lifted
# towards white.
LIFT = 0.22


def colour(n):
    """The RGB of one of the 256 colours."""
    if n < 16:
        return BASIC[n]
    if n < 232:
        n -= 16
        rgb = [0 if v == 0 else 55 + 40 * v for v in (n // 36, n // 6 % 6, n % 6)]
    else:
        rgb = [8 + 10 * (n - 232)] * 3
    return "#%02x%02x%02x" % tuple(round(v + (255 - v) * LIFT) for v in rgb)


class Style:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.reverse = self.underline = False

    def apply(self, codes):
        """Select Graphic Rendition: the numbers of one escape sequence."""
        codes = [int(c or 0) for c in codes]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.reset()
            elif c in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "underline", 7: "reverse"}[c], True)
            elif c == 22:
                self.bold = self.dim = False
            elif c in (24, 27):
                setattr(self, {24: "underline", 27: "reverse"}[c], False)
            elif c in (38, 48) and codes[:1] == [5]:
                setattr(self, "fg" if c == 38 else "bg", colour(codes[1]))
                del codes[:2]
            elif 30 <= c <= 37 or 90 <= c <= 97:
                self.fg = BASIC[c - 30 if c < 90 else c - 82]
            elif 40 <= c <= 47 or 100 <= c <= 107:
                self.bg = BASIC[c - 40 if c < 100 else c - 92]
            elif c == 39:
                self.fg = None
            elif c == 49:
                self.bg = None

    def cell(self):
        """(text colour, background colour or None, bold)."""
        fg, bg = self.fg or FOREGROUND, self.bg
        if self.dim:
            fg = BASIC[8]
        if self.reverse:
            fg, bg = bg or BACKGROUND, fg
        return fg, bg, self.bold


def cells(rows):
    """A list of rows of (character, text colour, background, bold), COLS each."""
    style, out = Style(), []
    for row in rows:
        line = []
        for part in re.split(r"(\x1b\[[0-9;]*m)", row.replace("\x0e", "").replace("\x0f", "")):
            if part.startswith("\x1b["):
                style.apply(part[2:-1].split(";"))
                continue
            for ch in part:
                line.append((ch, *style.cell()))
                if unicodedata.east_asian_width(ch) in "WF":
                    line.append(("", *style.cell()))
        line += [(" ", FOREGROUND, None, False)] * (COLS - len(line))
        out.append(line[:COLS])
    return out


# --- from cells to SVG ---------------------------------------------------------------------------

W, H, SIZE = 8.4, 17.5, 14      # of a cell, and of the letters, in pixels
PAD, BAR = 14, 34               # around the text, and the window's title bar
ARMS = {"─": "lr", "│": "ud", "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu", "├": "udr", "┤": "udl",
        "┬": "lrd", "┴": "lru", "┼": "lrud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu"}
ROUND = "╭╮╰╯"
LEVELS = "▁▂▃▄▅▆▇█"


def box(ch, x, y):
    """The path of a box character in the cell whose corner is at x, y."""
    mx, my, r = x + W / 2, y + H / 2, W / 2
    ends = {"l": (x, my), "r": (x + W, my), "u": (mx, y), "d": (mx, y + H)}
    if ch in ROUND:
        a, b = (ends[k] for k in ARMS[ch])
        side = r if a[0] > mx else -r
        turn = r if b[1] > my else -r
        return "M%.1f %.1fH%.1fQ%.1f %.1f %.1f %.1fV%.1f" % (a[0], my, mx + side, mx, my, mx, my + turn, b[1])
    return "".join("M%.1f %.1fL%.1f %.1f" % (mx, my, *ends[k]) for k in ARMS[ch])


def runs(line, key):
    """Cuts a row into runs of equal key: (first column, cells)."""
    at = 0
    while at < len(line):
        end = at
        while end < len(line) and key(line[end]) == key(line[at]):
            end += 1
        yield at, line[at:end]
        at = end


def svg(rows, title):
    width, height = COLS * W + 2 * PAD, ROWS * H + 2 * PAD + BAR
    back, paths, text = [], {}, []
    for i, line in enumerate(cells(rows)):
        y = BAR + PAD + i * H
        for at, run in runs(line, lambda c: c[2]):
            if run[0][2]:
                back.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>'
                            % (PAD + at * W, y, len(run) * W, H, run[0][2]))
        for at, (ch, fg, _, _) in enumerate(line):
            x = PAD + at * W
            if ch in ARMS:
                paths.setdefault(fg, []).append(box(ch, x, y))
            elif ch in LEVELS:
                tall = H * (LEVELS.index(ch) + 1) / 8
                back.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>'
                            % (x, y + H - tall, W + 0.2, tall, fg))
        plain = [(" " if c[0] in ARMS or c[0] in LEVELS else c[0], *c[1:]) for c in line]
        for at, run in runs(plain, lambda c: (c[1], c[3], c[0] in (" ", ""))):
            chars = "".join(c[0] for c in run)
            if not chars.strip():
                continue
            text.append('<text x="%.1f" y="%.1f" textLength="%.1f" fill="%s"%s>%s</text>'
                        % (PAD + at * W, y + H * 0.74, len(run) * W, run[0][1],
                           ' font-weight="bold"' if run[0][3] else "", escape(chars)))
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s"'
           % (width, height, escape(title)),
           ' font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace"',
           ' font-size="%d">' % SIZE,
           '<rect width="100%%" height="100%%" rx="10" fill="%s"/>' % BACKGROUND,
           '<path d="M0 %d V10 a10 10 0 0 1 10 -10 H%.0f a10 10 0 0 1 10 10 V%d Z" fill="#232a33"/>'
           % (BAR, width - 10, BAR)]
    for i, fill in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        out.append('<circle cx="%d" cy="%d" r="6" fill="%s"/>' % (PAD + 6 + 20 * i, BAR // 2, fill))
    out.append('<text x="50%%" y="%d" text-anchor="middle" fill="#9aa5b1" font-size="13">%s</text>'
               % (BAR // 2 + 5, escape(title)))
    out += back
    out += ['<path d="%s" stroke="%s" fill="none" stroke-width="1.2"/>' % ("".join(p), c) for c, p in paths.items()]
    return "\n".join(out + text + ["</svg>"]) + "\n"


def main():
    if not shutil.which("tmux"):
        sys.exit("screenshot.py: tmux is missing: sh scripts/packages.sh run installs it")
    net = Net()
    try:
        rows = play(net)
    finally:
        net.close()
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w") as f:
            f.write("\n".join(rows))
    with open(FILE, "w") as f:
        f.write(svg(rows, "tally startnode"))
    print("wrote %s" % FILE)


if __name__ == "__main__":
    main()
