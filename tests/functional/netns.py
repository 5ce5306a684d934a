"""Hosts, each in a network namespace of its own, connected by a switch in this process. The switch delays frames,
loses some of them and can split the network in two. A namespace ends with the process that holds it, so nothing has
to be cleaned up."""
import ctypes
import fcntl
import heapq
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 0x0002, 0x1000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891c
IFF_UP = 1
FRAME_MAX = 2048

INSIDE = "TALLY_TEST_NAMESPACE"


class NotPermitted(Exception):
    """This process may not create a network namespace or an interface in it."""


def run_in_namespace(file):
    """Starts the test file again in a new network namespace, which has only a loopback interface. In that second run
    it returns at once. If namespaces are not available, it skips the whole file and exits."""
    if os.environ.get(INSIDE) == file:
        return
    for command in (["unshare", "-rn"], ["unshare", "-n"]):
        if shutil.which("unshare") and shutil.which("ip") and subprocess.run(
                command + ["ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0:
            os.environ[INSIDE] = file
            os.execvp("unshare", command + ["sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, file])
    print("1..0 # SKIP network namespaces are not available")
    sys.exit(0)


def interface_up(name, address=None):
    with socket.socket() as s:
        req = name.encode().ljust(16, b"\0")
        if address:
            for request, value in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.0")):
                sin = struct.pack("<HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
                fcntl.ioctl(s, request, req + sin.ljust(24, b"\0"))
        flags = struct.unpack_from("<H", fcntl.ioctl(s, SIOCGIFFLAGS, req + bytes(24)), 16)[0]
        fcntl.ioctl(s, SIOCSIFFLAGS, req + struct.pack("<H", flags | IFF_UP).ljust(24, b"\0"))


def make_host(address):
    """Moves the calling process into a new namespace with loopback and one TAP interface. Returns the descriptor at
    which the frames of that interface are read and written."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("<16sH22x", b"tap0", IFF_TAP | IFF_NO_PI))
    interface_up("lo")
    interface_up("tap0", address)
    return tap


class Host:
    """A network namespace, held by a child process, and the descriptor of its TAP interface."""

    def __init__(self, address):
        self.address = address
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                ours.close()
                tap = make_host(address)
                socket.send_fds(theirs, [b"ok"], [tap])
                theirs.recv(1)  # returns when the parent closes its end or ends
            except OSError as e:
                theirs.send(str(e).encode())
            os._exit(0)
        theirs.close()
        self.link = ours
        message, fds, _, _ = socket.recv_fds(ours, 200, 1)
        if not fds:
            self.close()
            raise NotPermitted(message.decode())
        self.tap = fds[0]
        os.set_blocking(self.tap, False)

    def in_namespace(self, *command):
        """The command line that runs the command in this host's namespace."""
        return ["nsenter", "-t", str(self.pid), "-n", "--", *command]

    def close(self):
        self.link.close()
        if hasattr(self, "tap"):
            os.close(self.tap)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Switch(threading.Thread):
    """Forwards each frame to every other host on the same side of the split, about `delay` seconds later. One frame
    in `lose` is dropped."""

    def __init__(self, hosts, delay, lose):
        super().__init__(daemon=True)
        self.hosts, self.delay, self.lose = hosts, delay, lose
        self.side = {h: 0 for h in hosts}
        self.frames = self.lost = 0
        self.stopping = False
        self.start()

    def split(self, *apart):
        """Cuts the network in two: these hosts on one side, all others on the other."""
        self.side = {h: int(h in apart) for h in self.hosts}

    def heal(self):
        self.split()

    def close(self):
        self.stopping = True
        self.join()

    def read_frame(self, host, queue):
        """Reads one frame of the host and queues it for its receivers, or drops it."""
        try:
            frame = os.read(host.tap, FRAME_MAX)
        except BlockingIOError:
            return
        side = self.side
        self.frames += 1
        if random.random() * self.lose < 1:
            self.lost += 1
            return
        due = time.monotonic() + self.delay * random.uniform(0.8, 1.2)
        for other in self.hosts:
            if other is not host and side[other] == side[host]:
                heapq.heappush(queue, (due, self.frames, other.tap, frame))

    def run(self):
        queue = []
        taps = {h.tap: h for h in self.hosts}
        while not self.stopping:
            wait = min(0.1, max(0, queue[0][0] - time.monotonic())) if queue else 0.1
            for fd in select.select(list(taps), [], [], wait)[0]:
                self.read_frame(taps[fd], queue)
            while queue and queue[0][0] <= time.monotonic():
                _, _, fd, frame = heapq.heappop(queue)
                try:
                    os.write(fd, frame)
                except OSError:
                    pass  # the receiver's queue is full: the frame is lost, as on a real network
