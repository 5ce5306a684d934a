"""Wireshark's dissector reads what nodes say to each other: every message, not one malformed packet."""
import os
import shutil
import signal
import subprocess
import time

from framework import Skip, main, wait_until


def capture(net, port):
    """Starts to capture; a function that ends it and returns the file."""
    if not shutil.which("tshark"):
        raise Skip("tshark is not installed")
    path = os.path.join(net.home, "capture.pcapng")
    p = subprocess.Popen(["tshark", "-q", "-i", "lo", "-f", "tcp port %d" % port, "-w", path],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + 20
    said = b""
    os.set_blocking(p.stderr.fileno(), False)
    while b"Capturing on" not in said or not os.path.exists(path):
        said += p.stderr.read() or b""
        if p.poll() is not None or time.monotonic() > end:
            p.kill()
            p.wait()
            raise Skip("tshark may not capture here: %s" % said.decode(errors="replace").strip()[-120:])
        time.sleep(0.05)

    def stop():
        time.sleep(0.5)  # what was sent reaches the file
        p.send_signal(signal.SIGINT)
        p.wait(timeout=20)
        return path
    return stop


def read(path, port, *more):
    p = subprocess.run(["tshark", "-r", path, "-d", "tcp.port==%d,bitcoin" % port, *more], capture_output=True,
                       text=True, check=True)
    return p.stdout.split()


def test_every_message_of_a_sync_and_a_payment(net):
    one = net.chain_node()
    stop = capture(net, one.id)
    one.generate(60)
    to = one.cli("createwallet")
    two = net.synced_node(one)
    three = net.synced_node(one, "-sync", "classic")
    one.rpc("sendtoaddress", to, 1.5)
    wait_until("the payment is everywhere", lambda: two.rpc("getrawmempool") and three.rpc("getrawmempool"))
    one.generate(1)
    wait_until("and its block", lambda: two.tip() == one.tip() == three.tip())
    for n in (two, three):
        assert n.stop() == 0
    path = stop()
    seen = {c for cs in read(path, one.id, "-Y", "bitcoin", "-T", "fields", "-e", "bitcoin.command") for c in cs.split(",")}
    for command in ("version", "verack", "getheaders", "headers", "sendheaders", "getblocks", "inv", "getdata",
                    "block", "tx", "getaddr", "ping"):
        assert command in seen, (command, seen)
    bad = read(path, one.id, "-Y", "_ws.malformed || _ws.expert.severity == error", "-T", "fields", "-e", "frame.number",
               "-e", "bitcoin.command")
    assert bad == [], bad
    commands = read(path, one.id, "-Y", "bitcoin.block", "-T", "fields", "-e", "bitcoin.command")
    assert sum(c.split(",").count("block") for c in commands) >= 122, commands


if __name__ == "__main__":
    main(globals())
