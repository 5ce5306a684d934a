"""Runs the real program: starts nodes in a temporary home at free ports, runs commands, calls the control port.

A test file defines functions named test_*. Each takes a Net, the set of nodes of that test. main() runs them and
prints the results as TAP. After each test, Net.close() kills every process that the test started and removes its
files."""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import base64
import http.client

TALLY = os.environ.get("TALLY", "./tally")


CLAIMED_IDS = {}  # node id -> the abstract socket whose name reserves the id among all running tests


def free_id():
    """Returns an id whose port (the id) and control port (the id + 10000) are free.

    Both are below 32768, so that the system doesn't use them for outgoing connections. Tests run in parallel: binding
    an abstract Unix socket named after the id reserves it until this process ends."""
    while True:
        node_id = random.randrange(11000, 22700)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind("\0tally-test-%d" % node_id)
            for port in (node_id, node_id + 10000):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port))
            CLAIMED_IDS[node_id] = claim
            return node_id
        except OSError:
            claim.close()


def wait_until(claim, condition, seconds=20):
    """Waits until condition() is true. If it is not within `seconds`, the test fails with `claim` in the message.
    An error of the control port counts as "not yet true": the node may still be starting."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (OSError, RpcError, KeyError, ValueError):
            pass
        time.sleep(0.05)
    raise AssertionError("timed out after %d s: %s" % (seconds, claim))


class RpcError(Exception):
    """The control port answered with an error: the HTTP status and the JSON error object."""

    def __init__(self, status, error):
        super().__init__("%s %s" % (status, error))
        self.status, self.error = status, error


# What Node.rpc() may raise when the node ends before it has answered.
NODE_STOPPED = (OSError, RpcError, http.client.HTTPException, ValueError)


class Skip(Exception):
    """Raised by a test that this machine can't run. The message says why."""


class Node:
    """A data directory and, while the node runs, its process."""

    def __init__(self, home, node_id):
        self.home, self.id = home, node_id
        self.dir = os.path.join(home, str(node_id))
        # The node's output is written outside the home: one test fills the home's file system.
        self.out = "%s.out.%d" % (home, node_id)
        self.process = None
        self.env = {}  # environment variables for this node, added to those of the test

    def command(self, *args):
        return [TALLY, *args]

    def environment(self):
        return dict(os.environ, TALLY_HOME=self.home, NODE_ID=str(self.id), **self.env)

    def run(self, *args, env=None):
        """Runs a command of tally on this node's directory. Returns (exit status, stdout, stderr)."""
        e = self.environment()
        e.update(env or {})
        p = subprocess.run(self.command(*args), env=e, stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=60)
        return p.returncode, p.stdout, p.stderr

    def cli(self, *args):
        """Runs a command that must succeed and print nothing to stderr. Returns its output without the line end."""
        status, out, err = self.run(*args)
        assert status == 0, "%s: status %d: %s" % (" ".join(args), status, err)
        assert err == "", "%s: stderr: %s" % (" ".join(args), err)
        return out.strip()

    def create(self, address="CENTRAL_NODE", *options):
        """Creates a chain. Without options its spacing is 0: blocks have almost no work and can be mined at once."""
        return self.cli("createblockchain", "-address", address, *(options or ("-spacing", "0")))

    def start(self, *options, stdout=None):
        """Starts the node and waits until its control port answers."""
        e = self.environment()
        self.log = open(self.out, "ab")
        self.process = subprocess.Popen(self.command("startnode", "-headless", *options), env=e,
                                        stdin=subprocess.DEVNULL, stdout=stdout or self.log,
                                        stderr=self.log)
        wait_until("node %d answers" % self.id, lambda: self.rpc("uptime") >= 0)

    def stop(self, how=signal.SIGTERM):
        """Sends the signal to the process and waits until it ends. Returns its exit status; None: it didn't run."""
        if not self.process:
            return None
        self.process.send_signal(how)
        try:
            status = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("node %d did not end within 10 s" % self.id)
        finally:
            self.process = None
            self.log.close()
        return status

    def post(self, body, cookie=None):
        """Posts a body to the control port. Returns (HTTP status, body of the answer)."""
        if cookie is None:
            with open(os.path.join(self.dir, ".cookie")) as f:
                cookie = f.read()
        c = http.client.HTTPConnection("127.0.0.1", self.id + 10000, timeout=60)
        auth = base64.b64encode(cookie.encode()).decode()
        c.request("POST", "/", body, {"Authorization": "Basic " + auth})
        r = c.getresponse()
        text = r.read().decode()
        c.close()
        return r.status, text

    def rpc(self, method, *params):
        """Calls a command through the control port and returns its result. Raises RpcError."""
        status, text = self.post(json.dumps({"method": method, "params": list(params), "id": 1}))
        answer = json.loads(text)
        if answer["error"]:
            raise RpcError(status, answer["error"])
        return answer["result"]

    def tip(self):
        """The hash of the best block, in hex."""
        return self.rpc("getbestblockhash")

    def generate(self, n, to="CENTRAL_NODE"):
        """Mines n blocks that pay to a label or an address. Returns their hashes in hex."""
        return self.rpc("generatetoaddress", n, to)

    def connect(self, other):
        """Adds the other node as a manual peer. Returns before the connection exists."""
        self.rpc("addnode", "127.0.0.1:%d" % other.id, "add")


class Net:
    """The nodes of one test, in a temporary home of their own."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="tally-test.")
        self.nodes = []

    def node(self):
        """A node without a directory, not started."""
        n = Node(self.home, free_id())
        self.nodes.append(n)
        return n

    def chain_node(self, *options):
        """A running node with a new chain of spacing 0 and no peers: nothing listens at its -connect address."""
        n = self.node()
        n.create()
        n.start("-connect", "127.0.0.1:%d" % free_id(), *options)
        return n

    def synced_node(self, first, *options):
        """A new running node that has dialled `first` and synced to its tip."""
        n = self.node()
        n.start("-connect", "127.0.0.1:%d" % first.id, *options)
        wait_until("the new node has synced", lambda: n.rpc("getblockcount") == first.rpc("getblockcount"))
        return n

    def print_output(self):
        """Prints the last lines of each node's output as TAP comments."""
        for n in self.nodes:
            if os.path.exists(n.out):
                with open(n.out, errors="replace") as f:
                    for line in f.readlines()[-25:]:
                        print("# %d %s" % (n.id, line.rstrip()))

    def close(self):
        for n in self.nodes:
            if n.process:
                n.process.kill()
                n.process.wait()
                n.log.close()
            if os.path.exists(n.out):
                os.unlink(n.out)
        shutil.rmtree(self.home)


def main(namespace):
    """Runs the functions named test_* in the namespace, in their order, and exits: status 1 if one failed. A test
    also fails if a node that it left running doesn't stop with exit status 0."""
    tests = [(name, f) for name, f in namespace.items() if name.startswith("test_") and callable(f)]
    failed = 0
    print("1..%d" % len(tests))
    for i, (name, f) in enumerate(tests, 1):
        net = Net()
        try:
            f(net)
            for n in net.nodes:
                if n.process:
                    assert n.stop() == 0, "node %d: exit status is not 0" % n.id
            print("ok %d - %s" % (i, name))
        except Skip as reason:
            print("ok %d - %s # SKIP %s" % (i, name, reason))
        except Exception:
            failed += 1
            print("not ok %d - %s" % (i, name))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            net.print_output()
        finally:
            net.close()
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
