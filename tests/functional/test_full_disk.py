"""A disk that fills up; the node's home is on a small file system of its own. Nothing that the node acknowledged is
lost. The node stops with a message, and starts again when there is room."""
import os
import random
import subprocess
import sys
import threading

from framework import NODE_STOPPED, Skip, main

MB = 1 << 20
SIZE = 110 * MB


def fill(net, free):
    """Grows or shrinks a file so that `free` bytes are left on the file system."""
    fs = os.statvfs(net.home)
    path = os.path.join(net.home, "filler")
    have = os.path.getsize(path) if os.path.exists(path) else 0
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        want = max(0, have + fs.f_bavail * fs.f_frsize - free)
        os.ftruncate(fd, min(have, want))
        while want > have:
            try:
                os.posix_fallocate(fd, 0, want)
                break
            except OSError:  # the node has used some of the space meanwhile: try a smaller size
                want -= 4096
    finally:
        os.close(fd)


def mount(net):
    if os.environ.get("TALLY_OWN_MOUNTS") != "1":
        raise Skip("mount namespaces are not permitted here")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % SIZE, "tmpfs", net.home], check=True)


def unmount(net):
    for n in net.nodes:
        n.log.close()
    subprocess.run(["umount", "-l", net.home], check=True)


def mine_until_the_node_stops(n):
    """Mines until the node ends. Returns the hashes of the blocks that it acknowledged, and its exit status."""
    hashes = []
    try:
        while True:
            hashes += n.generate(2)
    except NODE_STOPPED:
        pass
    status = n.process.wait(timeout=30)
    n.process = None
    n.log.close()
    return hashes, status


def error_lines(net, n):
    with open(n.out) as f:
        return [line for line in f.read().splitlines() if line.startswith("tally: ")]


def check(n, hashes):
    for h in hashes[-20:]:
        assert n.rpc("getblockheader", h)["confirmations"] > 0
    n.stop()
    coins = n.cli("rpc", "gettxoutsetinfo")
    n.cli("reindexutxo")
    assert n.cli("rpc", "gettxoutsetinfo") == coins


def test_the_node_stops_before_the_disk_is_full(net):
    mount(net)
    try:
        n = net.chain_node()
        hashes = n.generate(10)
        address = n.cli("createwallet")
        fill(net, 64 * MB + 200000)
        more, status = mine_until_the_node_stops(n)
        hashes += more
        free = os.statvfs(net.home)
        assert status == 1 and free.f_bavail * free.f_frsize > 50 * MB, (status, free)
        said = error_lines(net, n)
        assert len(said) == 1 and "MB are free" in said[0] and "make room" in said[0], said
        # A command refuses in the same way and leaves no partly written file.
        status, out, err = n.run("createwallet")
        assert status == 1 and out == "" and "make room" in err and err.count("\n") == 1, err
        fill(net, 8 * MB)
        status, out, err = n.run("startnode", "-headless")
        assert status == 1 and "make room" in err and err.count("\n") == 1, err
        fill(net, 100 * MB)
        n.start("-connect", "0")
        assert address in n.cli("listaddresses")
        hashes += n.generate(3)
        check(n, hashes)
    finally:
        unmount(net)


def test_nothing_acknowledged_is_lost_when_another_program_fills_the_disk(net):
    """The disk becomes completely full while the node may be writing."""
    mount(net)
    try:
        n = net.chain_node("-min-free", "16")
        hashes = n.generate(10)
        for _ in range(6):
            filler = threading.Timer(random.uniform(0.05, 0.3), fill, (net, 0))
            filler.start()
            more, status = mine_until_the_node_stops(n)
            filler.join()
            hashes += more
            assert status == 1, status
            said = error_lines(net, n)
            assert "make room" in said[-1], said
            fill(net, 100 * MB)
            n.start("-connect", "0", "-min-free", "16")
            for h in hashes[-10:]:
                assert n.rpc("getblockheader", h)["confirmations"] > 0
        check(n, hashes)
    finally:
        unmount(net)


def test_a_read_only_disk_is_reported(net):
    mount(net)
    try:
        n = net.chain_node()
        n.generate(3)
        n.stop()
        subprocess.run(["mount", "-o", "remount,ro", net.home], check=True)
        for command in (["startnode", "-headless"], ["getbalance"], ["createwallet"], ["reindex"], ["reindexutxo"],
                        ["createblockchain", "-address", "x"]):
            status, out, err = n.run(*command)
            assert status == 1 and out == "" and "Read-only file system" in err and err.count("\n") == 1, (command, err)
        subprocess.run(["mount", "-o", "remount,rw", net.home], check=True)
        assert n.cli("rpc", "getblockcount") == "3"
    finally:
        unmount(net)


if __name__ == "__main__":
    if os.environ.get("TALLY_OWN_MOUNTS") is None and os.geteuid() == 0:
        # The mounts of a private namespace end with its last process.
        ok = subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
        os.environ["TALLY_OWN_MOUNTS"] = "1" if ok else "0"
        if ok:
            os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])
    main(globals())
