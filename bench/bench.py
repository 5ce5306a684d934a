"""make bench: measures speed, memory and CPU time. Usage: bench.py [WORD]; with WORD, only the benchmarks run that
have it in their name. Each line is `name value unit`, then the limit of the machine, measured in the same run, and
the aim.

First tally-bench runs the benchmarks of single functions. Then this script measures the real program: syncs over
loopback, starts, idle nodes, the console, rows of nodes. Chains are made once, in a temporary directory that is
removed at the end."""
import fcntl
import os
import pty
import resource
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.environ["TALLY_SRC"], "tests", "functional"))
from framework import TALLY, Net, wait_until  # noqa: E402

TALLY_BENCH = os.environ["TALLY_BENCH"]
TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()


# --- output --------------------------------------------------------------------------------

def number(v):
    return "%.0f" % v if v >= 100 else "%.1f" % v if v >= 10 else "%.2f" % v


def report(name, value, unit, limit=None, limit_is="", at_least=None, at_most=None):
    text = "%s %s %s" % (name, number(value), unit)
    if limit:
        text += "  limit %s (%s)  ratio %.2f" % (number(limit), limit_is, value / limit)
    if at_least is not None:
        text += "  aim %s  %s" % (number(at_least), "met" if value >= at_least else "missed")
    if at_most is not None:
        text += "  aim at most %s  %s" % (number(at_most), "met" if value <= at_most else "missed")
    print(text, flush=True)


def tally_bench(*args):
    """Runs tally-bench and returns its output."""
    return subprocess.run([TALLY_BENCH, *args], stdout=subprocess.PIPE, text=True, check=True).stdout


# --- processes ----------------------------------------------------------------------------

def status_kb(pid, field):
    """A field of /proc/PID/status in kB: VmRSS is the resident memory, VmHWM its peak."""
    with open("/proc/%d/status" % pid) as f:
        for text in f:
            if text.startswith(field + ":"):
                return int(text.split()[1])
    raise KeyError(field)


def cpu_seconds(pid):
    """CPU time of the process, with the resolution of the clock tick."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def cpu_seconds_exact(pid):
    """CPU time of the threads that run now, in nanoseconds' resolution, for processes that are almost idle."""
    total = 0
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, thread)) as f:
            total += int(f.read().split()[0])
    return total / 1e9


def machine_seconds():
    """CPU seconds of the whole machine, and of this script with its ended children."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, softirq = [int(v) for v in f.readline().split()[1:8]]
    own = sum(sum(resource.getrusage(usage)[:2])
               for usage in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (user + nice + system + irq + softirq) / TICK, own


class Chains:
    """Chains on disk, made when first needed. A longer chain of empty blocks extends a copy of the shorter one."""

    def __init__(self, home):
        self.home, self.empty, self.made = home, 0, {}

    def get(self, kind, n):
        """The directory and the height of a chain with n empty blocks or n payments."""
        path = os.path.join(self.home, "%s-%d" % (kind, n))
        if path not in self.made:
            if kind == "empty" and 0 < self.empty < n:
                shutil.copytree(os.path.join(self.home, "empty-%d" % self.empty), path)
            if kind == "empty":
                self.empty = n
            self.made[path] = int(tally_bench("make", kind, str(n), os.path.join(path, "chain")))
        return path, self.made[path]


class Bench:
    def __init__(self):
        self.net = Net()
        self.chains = Chains(self.net.home)

    def node_with_chain(self, kind, n):
        """A node with a copy of that chain, not started. Returns (node, height)."""
        node = self.net.node()
        path, height = self.chains.get(kind, n)
        shutil.copytree(path, node.dir)
        return node, height

    def remove(self, *nodes):
        """Stops the nodes and removes their directories."""
        for node in nodes:
            node.stop()
            shutil.rmtree(node.dir)
            self.net.nodes.remove(node)

    def raw_rate(self):
        """The limit for checking signatures, in checks/s: libsodium on one core, times cores."""
        for text in tally_bench("run", "signature_checks_raw").splitlines():
            words = text.split()
            if words[0] == "signature_checks_raw":
                return float(words[4])
        raise KeyError("signature_checks_raw")


def wait_height(node, height, seconds=120):
    wait_until("height %d" % height, lambda: node.rpc("getblockcount") == height, seconds)


# --- syncing ------------------------------------------------------------------------------

def sync_once(bench, senders, height):
    """Syncs a new node. Returns the duration and the CPU time in seconds, and the peak of resident memory in MB."""
    node = bench.net.node()
    begin = time.monotonic()
    node.start(*(word for s in senders for word in ("-connect", "127.0.0.1:%d" % s.id)))
    wait_height(node, height)
    duration = time.monotonic() - begin
    pid = node.process.pid
    figures = duration, cpu_seconds(pid), status_kb(pid, "VmHWM") / 1024
    bench.remove(node)
    return figures


def sync(bench, kind, n, unit, rounds, rate_aim=None, memory_aim=None, limit=None, limit_is="",
         peers=1):
    name = "sync_%s_%d" % (kind, n) + ("_of_%d" % peers if peers > 1 else "")
    senders, heights = zip(*[bench.node_with_chain(kind, n) for _ in range(peers)])
    for sender in senders:
        sender.start("-connect", "0")
    seconds, cpu, memory = zip(*[sync_once(bench, senders, heights[0]) for _ in range(rounds)])
    bench.remove(*senders)
    report(name, n / statistics.median(seconds), unit + "/s", limit, limit_is, at_least=rate_aim)
    report(name + "_cpu", statistics.median(cpu), "s")
    report(name + "_memory", statistics.median(memory), "MB", at_most=memory_aim)


def sync_empty_5000(bench):
    sync(bench, "empty", 5000, "blocks", 3)


def sync_empty_20000(bench):
    sync(bench, "empty", 20000, "blocks", 3, rate_aim=7520, memory_aim=32)


def sync_empty_20000_of_4(bench):
    """Syncs from four peers at the same time."""
    sync(bench, "empty", 20000, "blocks", 3, memory_aim=32, peers=4)


RAW = "libsodium on one core, times cores"


def sync_payments_20000(bench):
    sync(bench, "payments", 20000, "payments", 3, 24450, 35, bench.raw_rate(), RAW)


def sync_payments_50000(bench):
    sync(bench, "payments", 50000, "payments", 1, None, None, bench.raw_rate(), RAW)


# --- starting, idling ---------------------------------------------------------------------

def start_once(node):
    begin = time.monotonic()
    node.start("-connect", "0")
    duration = time.monotonic() - begin
    node.stop()
    return duration


def start(bench, n):
    node, _ = bench.node_with_chain("empty", n)
    start_once(node)  # the first start also creates the wallet
    report("start_%d" % n, statistics.median(start_once(node) for _ in range(3)), "s", at_most=1)
    bench.remove(node)


def start_20000(bench):
    start(bench, 20000)


def start_100000(bench):
    start(bench, 100000)


def idle(bench):
    """An idle node with a short chain and one peer."""
    first = bench.net.chain_node()
    first.generate(20)
    second = bench.net.synced_node(first)
    time.sleep(1)
    pid = second.process.pid
    before = cpu_seconds_exact(pid)
    time.sleep(10)
    report("idle_cpu", (cpu_seconds_exact(pid) - before) * 10, "%", at_most=0.5)
    report("idle_memory", status_kb(pid, "VmRSS") / 1024, "MB", at_most=20)
    bench.remove(second, first)


# --- the console----------------------------------------------------------------------------

class Terminal:
    """A node with its console on a pseudo-terminal."""

    def __init__(self, node, *options):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TALLY_HOME=node.home, NODE_ID=str(node.id), TERM="xterm-256color",
                              LC_ALL="C.UTF-8")
            os.execv(TALLY, [TALLY, "startnode", *options])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds):
        """The next output; nothing if none comes within `seconds`."""
        return os.read(self.fd, 1 << 16) if select.select([self.fd], [], [], seconds)[0] else b""

    def discard(self, seconds):
        """Reads and discards the output for `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(end - time.monotonic())

    def key_seconds(self, number):
        """Seconds from a key to the frame that shows it. The key is typed into the prompt."""
        text, seen = b"zq%d" % number, b""
        begin = time.monotonic()
        os.write(self.fd, b":" + text)
        while text not in seen:
            assert time.monotonic() < begin + 10, "no frame within 10 s"
            seen += self.read(10)
        duration = time.monotonic() - begin
        os.write(self.fd, b"\x1b")
        self.discard(0.06)
        return duration

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            try:
                self.read(0.05)
            except OSError:  # the terminal is closed
                time.sleep(0.05)
        os.close(self.fd)


def keys(bench):
    """How fast the console reacts to keys while its node syncs."""
    sender, height = bench.node_with_chain("payments", 50000)
    sender.start("-connect", "0")
    seconds = []
    while len(seconds) < 100:
        node = bench.net.node()
        terminal = Terminal(node, "-connect", "127.0.0.1:%d" % sender.id)
        wait_until("the node has connected its first block", lambda: node.rpc("getblockcount") > 0)
        # With ECHO the terminal driver would show the key before the node does.
        assert not termios.tcgetattr(terminal.fd)[3] & termios.ECHO
        while node.rpc("getblockcount") < height:
            seconds.append(terminal.key_seconds(len(seconds)))
        terminal.stop()
        bench.remove(node)
    bench.remove(sender)
    seconds.sort()
    report("keys_median", seconds[len(seconds) // 2] * 1000, "ms")
    report("keys_p99", seconds[len(seconds) * 99 // 100] * 1000, "ms", at_most=50)
    report("keys_worst", seconds[-1] * 1000, "ms")


# --- many nodes ----------------------------------------------------------------------------

def start_row(bench, n):
    """n nodes in a row: each dials the one before it."""
    nodes = [bench.net.chain_node()]
    while len(nodes) < n:
        node = bench.net.node()
        node.start("-connect", "127.0.0.1:%d" % nodes[-1].id)
        nodes.append(node)
    nodes[0].generate(20)
    for node in nodes:
        wait_height(node, 20)
    return nodes


def line_20(bench):
    """Seconds from mining a block at one end of a row of 20 nodes until the other end has it."""
    nodes, seconds = start_row(bench, 20), []
    for height in range(21, 26):
        begin = time.monotonic()
        nodes[0].generate(1)
        while nodes[-1].rpc("getblockcount") < height:
            pass
        seconds.append(time.monotonic() - begin)
    report("line_20", statistics.median(seconds), "s", at_most=1)
    bench.remove(*nodes)


def idle_50(bench):
    """50 idle nodes: CPU time of the average node and memory of the largest."""
    nodes = start_row(bench, 50)
    time.sleep(2)
    before = sum(cpu_seconds_exact(n.process.pid) for n in nodes)
    time.sleep(10)
    cpu = sum(cpu_seconds_exact(n.process.pid) for n in nodes) - before
    report("idle_50_cpu", cpu * 10 / len(nodes), "%", at_most=0.5)
    report("idle_50_memory", max(status_kb(n.process.pid, "VmRSS") for n in nodes) / 1024, "MB",
         at_most=20)
    bench.remove(*nodes)


BENCHES = (sync_empty_5000, sync_empty_20000, sync_empty_20000_of_4, sync_payments_20000,
           sync_payments_50000, start_20000, start_100000, idle, keys, line_20, idle_50)


def main(word=""):
    begin, (all_before, own_before) = time.monotonic(), machine_seconds()
    subprocess.run([TALLY_BENCH, "run", *([word] if word else [])], check=True)
    bench = Bench()
    try:
        for f in BENCHES:
            if word in f.__name__ or f.__name__ in word:
                f(bench)
    except BaseException:
        bench.net.print_output()
        raise
    finally:
        bench.net.close()
    all_after, own_after = machine_seconds()
    others = (all_after - all_before) - (own_after - own_before)
    # Other load on the machine lowers the rates of benchmarks that use every core.
    report("others_cpu", max(others, 0) / (time.monotonic() - begin) * 100, "% of a core")


if __name__ == "__main__":
    main(*sys.argv[1:2])
