"""Drives the real program: nodes in temporary homes at free ports, commands, the control port.

A test file holds functions named test_*, each taking a Net; main() runs them and speaks TAP. Nothing
is left behind: processes are ended by their own number, directories removed."""
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


CLAIMS = {}  # ids given out here: the socket whose name keeps an id from every other test


def free_id():
    """An id whose port and control port nobody uses, both below those that the system gives to outgoing
    connections (32768 and up). No id is given twice, here or to a test that runs beside this one: a name
    among the system's abstract sockets claims it until this process ends."""
    while True:
        node_id = random.randrange(11000, 22700)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind("\0tally-test-%d" % node_id)
            for port in (node_id, node_id + 10000):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port))
            CLAIMS[node_id] = claim
            return node_id
        except OSError:
            claim.close()


def wait_until(what, condition, seconds=20):
    """Waits until condition() is true; fails with `what` otherwise."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (OSError, RpcError, KeyError, ValueError):  # not up yet, or another cookie
            pass
        time.sleep(0.05)
    raise AssertionError("did not happen in %d s: %s" % (seconds, what))


class RpcError(Exception):
    def __init__(self, status, error):
        super().__init__("%s %s" % (status, error))
        self.status, self.error = status, error


# What a call ends with whose node is gone.
GONE = (OSError, RpcError, http.client.HTTPException, ValueError)


class Skip(Exception):
    """A test that can't be made here, and why."""


class Node:
    """One data directory, and the process that runs it, if one does."""

    def __init__(self, home, node_id):
        self.home, self.id = home, node_id
        self.dir = os.path.join(home, str(node_id))
        self.out = "%s.out.%d" % (home, node_id)  # what it prints: beside the home, whose disk may be full
        self.process = None
        self.env = {}  # besides what we have ourselves

    def command(self, *args):
        return [TALLY, *args]

    def environment(self):
        return dict(os.environ, TALLY_HOME=self.home, NODE_ID=str(self.id), **self.env)

    def run(self, *args, env=None):
        """A command. Returns (exit status, stdout, stderr)."""
        e = self.environment()
        e.update(env or {})
        p = subprocess.run(self.command(*args), env=e, stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=60)
        return p.returncode, p.stdout, p.stderr

    def ok(self, *args):
        """A command that must succeed; its output."""
        status, out, err = self.run(*args)
        assert status == 0, "%s: status %d: %s" % (" ".join(args), status, err)
        assert err == "", "%s: stderr: %s" % (" ".join(args), err)
        return out.strip()

    def create(self, address="CENTRAL_NODE", *options):
        return self.ok("createblockchain", "-address", address, *(options or ("-spacing", "0")))

    def start(self, *options, stdout=None):
        e = self.environment()
        self.log = open(self.out, "ab")
        self.process = subprocess.Popen(self.command("startnode", "-headless", *options), env=e,
                                        stdin=subprocess.DEVNULL, stdout=stdout or self.log,
                                        stderr=self.log)
        wait_until("node %d answers" % self.id, lambda: self.rpc("uptime") >= 0)

    def end(self, how=signal.SIGTERM):
        """Ends the process; its exit status."""
        if not self.process:
            return None
        self.process.send_signal(how)
        try:
            status = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("node %d did not end in 10 s" % self.id)
        finally:
            self.process = None
            self.log.close()
        return status

    def post(self, body, cookie=None):
        """Raw HTTP to the control port: (status, text)."""
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
        status, text = self.post(json.dumps({"method": method, "params": list(params), "id": 1}))
        answer = json.loads(text)
        if answer["error"]:
            raise RpcError(status, answer["error"])
        return answer["result"]

    def tip(self):
        return self.rpc("getbestblockhash")

    def generate(self, n, to="CENTRAL_NODE"):
        return self.rpc("generatetoaddress", n, to)

    def connect(self, other):
        self.rpc("addnode", "127.0.0.1:%d" % other.id, "add")


class Net:
    """The nodes of one test."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="tally-test.")
        self.nodes = []

    def node(self):
        n = Node(self.home, free_id())
        self.nodes.append(n)
        return n

    def chain_node(self, *options):
        """A running node with an instant chain."""
        n = self.node()
        n.create()
        n.start("-connect", "127.0.0.1:%d" % free_id(), *options)
        return n

    def joined(self, first, *options):
        """A running node that has joined first's chain."""
        n = self.node()
        n.start("-connect", "127.0.0.1:%d" % first.id, *options)
        wait_until("node joins", lambda: n.rpc("getblockcount") == first.rpc("getblockcount"))
        return n

    def logs(self):
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
    tests = [(name, f) for name, f in namespace.items() if name.startswith("test_") and callable(f)]
    failed = 0
    print("1..%d" % len(tests))
    for i, (name, f) in enumerate(tests, 1):
        net = Net()
        try:
            f(net)
            for n in net.nodes:
                if n.process:
                    assert n.end() == 0, "node %d ended badly" % n.id
            print("ok %d - %s" % (i, name))
        except Skip as why:
            print("ok %d - %s # SKIP %s" % (i, name, why))
        except Exception:
            failed += 1
            print("not ok %d - %s" % (i, name))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            net.logs()
        finally:
            net.close()
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
