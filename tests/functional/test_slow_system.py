"""A disk that takes 0.2 s to have something for good, and names that are looked up for seconds: nobody waits but who
was promised that."""
import json
import os
import threading
import time

from framework import main, wait_until

SLOW_S = 0.2


def slow(node):
    """From its next start on."""
    node.env = {"LD_PRELOAD": os.environ["TALLY_SLOW_SYSTEM"], "SLOW_DISK_US": str(int(SLOW_S * 1e6)),
                "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
    return node


def answers(node, seconds, meanwhile):
    """How long it takes to answer, again and again, for so long; meanwhile() is called every second. The longest last."""
    took, end, due = [], time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        if time.monotonic() >= due:
            meanwhile()
            due += 1
        begin = time.monotonic()
        node.rpc("uptime")
        took.append(time.monotonic() - begin)
        time.sleep(0.005)
    return sorted(took)


def test_the_loop_does_not_wait_for_a_name(net):
    node = slow(net.node())
    node.create()
    node.env["SLOW_NAMES_US"] = str(2000000)
    node.start("-connect", "0")
    answer = []
    asker = threading.Thread(target=lambda: answer.append(node.rpc("tally_command", "connect nowhere.invalid:9")))
    asker.start()
    took = answers(node, 1, lambda: None)
    assert held_up(took) <= 2, took[-8:]
    assert not answer
    asker.join(20)
    assert answer[0]["kind"] == "failed" and "nowhere.invalid" in answer[0]["text"], answer
    # Names that lead somewhere are found, and an address needs no time.
    begin = time.monotonic()
    assert node.rpc("tally_command", "connect 127.0.0.1:4")["kind"] == "done"
    assert time.monotonic() - begin < 1
    assert node.rpc("invite", "localhost").startswith("tally1")
    # It stops while one is looked up.
    late = threading.Thread(target=lambda: node.post(json.dumps(
        {"method": "addnode", "params": ["nowhere.invalid", "add"], "id": 1})), daemon=True)
    late.start()
    time.sleep(0.3)
    begin = time.monotonic()
    assert node.stop() == 0
    assert time.monotonic() - begin < 8
    late.join(20)


def held_up(took):
    """How many answers waited for the disk. A busy machine may hold up one or two; a node that waits, one a block."""
    return sum(t > SLOW_S / 2 for t in took)


def test_the_loop_does_not_wait_for_the_disk_when_blocks_come(net):
    first = net.chain_node()
    second = slow(net.node())
    second.start("-connect", "127.0.0.1:%d" % first.id)
    wait_until("it has joined", lambda: second.rpc("getblockcount") == 0)
    took = answers(second, 6, lambda: first.generate(1))
    assert second.rpc("getblockcount") >= 6
    assert held_up(took) <= 2, took[-8:]
    wait_until("it has all of them", lambda: second.tip() == first.tip())


def test_nor_for_blocks_of_our_own(net):
    node = net.node()
    node.create()
    slow(node).start("-connect", "0")
    node.rpc("setgenerate", True)
    took = answers(node, 7, lambda: None)
    assert node.rpc("getblockcount") >= 5
    assert held_up(took) <= 2, took[-8:]


def test_what_is_acknowledged_is_on_the_disk(net):
    node = net.node()
    node.create()
    slow(node).start("-connect", "0")
    for n in range(1, 4):
        begin = time.monotonic()
        node.generate(1)
        assert time.monotonic() - begin >= SLOW_S
        node.stop(9)
        node.start("-connect", "0")
        assert node.rpc("getblockcount") == n


if __name__ == "__main__":
    main(globals())
