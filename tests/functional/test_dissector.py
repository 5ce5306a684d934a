"""Wireshark's dissector for Bitcoin reads every message between nodes without a malformed packet."""
import os
import shutil
import signal
import subprocess
import time

from framework import Skip, main, wait_until


def start_capture(net, port):
    """Starts tshark on the port. Returns a function that stops it and returns the path of the capture file."""
    if not shutil.which("tshark"):
        raise Skip("tshark is not installed")
    path = os.path.join(net.home, "capture.pcapng")
    p = subprocess.Popen(["tshark", "-q", "-i", "lo", "-f", "tcp port %d" % port, "-w", path],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + 20
    output = b""
    os.set_blocking(p.stderr.fileno(), False)
    while b"Capturing on" not in output or not os.path.exists(path):
        output += p.stderr.read() or b""
        if p.poll() is not None or time.monotonic() > end:
            p.kill()
            p.wait()
            raise Skip("tshark is not permitted to capture here: %s" % output.decode(errors="replace").strip()[-120:])
        time.sleep(0.05)

    def stop():
        time.sleep(0.5)  # the last packets reach the file
        p.send_signal(signal.SIGINT)
        p.wait(timeout=20)
        return path
    return stop


def run_tshark(path, port, *more):
    p = subprocess.run(["tshark", "-r", path, "-d", "tcp.port==%d,bitcoin" % port, *more], capture_output=True,
                       text=True, check=True)
    return p.stdout.split()


def test_no_message_of_a_sync_and_a_payment_is_malformed(net):
    one = net.chain_node()
    stop = start_capture(net, one.id)
    one.generate(60)
    to = one.cli("createwallet")
    two = net.synced_node(one)
    three = net.synced_node(one, "-sync", "classic")
    one.rpc("sendtoaddress", to, 1.5)
    wait_until("the payment is in all mempools", lambda: two.rpc("getrawmempool") and three.rpc("getrawmempool"))
    one.generate(1)
    wait_until("all nodes have its block", lambda: two.tip() == one.tip() == three.tip())
    for n in (two, three):
        assert n.stop() == 0
    path = stop()
    packets = run_tshark(path, one.id, "-Y", "bitcoin", "-T", "fields", "-e", "bitcoin.command")
    seen = {name for names in packets for name in names.split(",")}
    for name in ("version", "verack", "getheaders", "headers", "sendheaders", "getblocks", "inv", "getdata",
                    "block", "tx", "getaddr", "ping"):
        assert name in seen, (name, seen)
    bad = run_tshark(path, one.id, "-Y", "_ws.malformed || _ws.expert.severity == error", "-T", "fields",
                     "-e", "frame.number", "-e", "bitcoin.command")
    assert bad == [], bad
    commands = run_tshark(path, one.id, "-Y", "bitcoin.block", "-T", "fields", "-e", "bitcoin.command")
    assert sum(c.split(",").count("block") for c in commands) >= 122, commands


if __name__ == "__main__":
    main(globals())
