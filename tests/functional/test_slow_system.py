"""A slow system: the disk takes 0.2 s to make data durable, and name lookups take 2 s. Only a caller that was
promised durable data waits for the disk."""
import json
import os
import threading
import time

from framework import main, wait_until

SLOW_S = 0.2


def use_slow_system(node):
    """Makes fsync and name lookups of the node slow, from its next start on."""
    node.env = {"LD_PRELOAD": os.environ["TALLY_SLOW_SYSTEM"], "SLOW_DISK_US": str(int(SLOW_S * 1e6)),
                "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
    return node


def measure_answers(node, seconds, action):
    """For `seconds`, calls the node every 5 ms, and action() once per second. Returns how long the calls took, in
    seconds, shortest first."""
    durations, end, next_action = [], time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        if time.monotonic() >= next_action:
            action()
            next_action += 1
        begin = time.monotonic()
        node.rpc("uptime")
        durations.append(time.monotonic() - begin)
        time.sleep(0.005)
    return sorted(durations)


def test_a_name_lookup_does_not_block_the_node(net):
    node = use_slow_system(net.node())
    node.create()
    node.env["SLOW_NAMES_US"] = str(2000000)
    node.start("-connect", "0")
    answer = []
    caller = threading.Thread(target=lambda: answer.append(node.rpc("tally_command", "connect nowhere.invalid:9")))
    caller.start()
    durations = measure_answers(node, 1, lambda: None)
    assert slow_count(durations) <= 2, durations[-8:]
    assert not answer
    caller.join(20)
    assert answer[0]["kind"] == "failed" and "nowhere.invalid" in answer[0]["text"], answer
    # Names that exist are resolved, and an address needs no lookup.
    begin = time.monotonic()
    assert node.rpc("tally_command", "connect 127.0.0.1:4")["kind"] == "done"
    assert time.monotonic() - begin < 1
    assert node.rpc("invite", "localhost").startswith("tally1")
    # The node stops although a lookup is running.
    late_call = threading.Thread(target=lambda: node.post(json.dumps(
        {"method": "addnode", "params": ["nowhere.invalid", "add"], "id": 1})), daemon=True)
    late_call.start()
    time.sleep(0.3)
    begin = time.monotonic()
    assert node.stop() == 0
    assert time.monotonic() - begin < 8
    late_call.join(20)


def slow_count(durations):
    """How many calls took longer than half of the disk's delay. Up to two may be slow on a busy machine; if the node
    waited for the disk, at least one per block would be."""
    return sum(t > SLOW_S / 2 for t in durations)


def test_blocks_from_peers_are_stored_without_blocking_the_node(net):
    first = net.chain_node()
    second = use_slow_system(net.node())
    second.start("-connect", "127.0.0.1:%d" % first.id)
    wait_until("the second node has joined", lambda: second.rpc("getblockcount") == 0)
    durations = measure_answers(second, 6, lambda: first.generate(1))
    assert second.rpc("getblockcount") >= 6
    assert slow_count(durations) <= 2, durations[-8:]
    wait_until("the second node has all blocks", lambda: second.tip() == first.tip())


def test_own_blocks_are_stored_without_blocking_the_node(net):
    node = net.node()
    node.create()
    use_slow_system(node).start("-connect", "0")
    node.rpc("setgenerate", True)
    durations = measure_answers(node, 7, lambda: None)
    assert node.rpc("getblockcount") >= 5
    assert slow_count(durations) <= 2, durations[-8:]


def test_acknowledged_blocks_survive_a_kill(net):
    node = net.node()
    node.create()
    use_slow_system(node).start("-connect", "0")
    for n in range(1, 4):
        begin = time.monotonic()
        node.generate(1)
        assert time.monotonic() - begin >= SLOW_S
        node.stop(9)
        node.start("-connect", "0")
        assert node.rpc("getblockcount") == n


if __name__ == "__main__":
    main(globals())
