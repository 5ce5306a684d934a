"""Limits of the process (ulimit): too few files or too little memory is reported as that, with the limit and a value
that is enough. It is never reported as damage, and nothing is changed."""
import os
import resource
import shutil
import signal
import subprocess

from framework import Skip, main


def killed_node(net):
    """A node that was killed, so that the next start has to recover, and its balance."""
    node = net.chain_node()
    node.generate(30)
    node.stop(signal.SIGKILL)
    return node


def run_limited(node, limits, *args):
    """Runs a command of tally with these limits: {resource: value}. Returns (exit status, stdout, stderr)."""
    def lower():
        for which, value in limits.items():
            resource.setrlimit(which, (value, value))
    p = subprocess.run(node.command(*args), env=node.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=60, preexec_fn=lower)
    return p.returncode, p.stdout, p.stderr


def check_each_limit(net, which, values, named):
    """Runs getbalance on a fresh copy of a killed node's directory with each value of the limit."""
    node = killed_node(net)
    saved = node.dir + ".saved"
    shutil.copytree(node.dir, saved)
    balance = node.cli("getbalance")
    refused = 0
    for value in values:
        shutil.rmtree(node.dir)
        shutil.copytree(saved, node.dir)
        status, out, err = run_limited(node, {which: value}, "getbalance")
        if status == 0:
            assert out.strip() == balance, (value, out)
            continue
        refused += 1
        assert status == 1 and out == "" and err.count("\n") == 1, (value, status, out, err)
        assert named in err, (value, err)
        assert "damage" not in err and "reindex" not in err and "copy" not in err, (value, err)
        assert node.cli("getbalance") == balance, value
    assert refused >= 3, refused


def test_too_few_files_are_not_damage(net):
    check_each_limit(net, resource.RLIMIT_NOFILE, range(8, 30), "ulimit -n")


def test_too_little_memory_is_not_damage(net):
    if "libasan" in subprocess.run(["ldd", os.environ["TALLY"]], capture_output=True, text=True).stdout:
        raise Skip("a program with AddressSanitizer needs terabytes of address space")
    check_each_limit(net, resource.RLIMIT_AS, range(18 << 20, 46 << 20, 2 << 20), "ulimit -v")


def test_a_node_with_too_few_files_does_not_start(net):
    node = killed_node(net)
    status, _, err = run_limited(node, {resource.RLIMIT_NOFILE: 21}, "startnode", "-headless", "-connect", "0")
    assert status == 1 and "ulimit -n" in err and "256 are enough" in err, (status, err)
    assert node.cli("getbalance")


if __name__ == "__main__":
    main(globals())
