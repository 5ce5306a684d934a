"""Bad input: one line that says what was wrong, the right exit status, nothing changed."""
import os
import socket

from framework import free_id, main


def refused(node, status, *args, says="", env=None):
    got, out, err = node.run(*args, env=env)
    assert got == status, "%s: status %d, not %d: %s" % (args, got, status, err)
    assert out == "" or args[0] == "startnode", out  # which logs there until it fails
    assert err.startswith("tally: ") and err.count("\n") == 1, err
    assert says in err, err


def test_wrong_words(net):
    n = net.node()
    refused(n, 2, "startnod", says="did you mean startnode")
    refused(n, 2, "startnode", "-mner", "x", says="did you mean -miner")
    refused(n, 2, "getbalance", "extra")
    refused(n, 2, "getbalance", "-address", says="needs a value")
    refused(n, 2, "createblockchain", says="needs -address")
    refused(n, 2, "createblockchain", "-address", "a", "-address", "b", says="twice")
    for bad in ("0", "55536", "-1", "x", ""):
        refused(n, 2, "getbalance", env={"NODE_ID": bad}, says="NODE_ID")
    status, out, err = n.run()
    assert status == 2 and out == "" and "usage" in err
    assert not os.path.exists(n.dir)


def test_help_is_there_however_one_asks(net):
    n = net.node()
    assert n.ok("help") == n.ok("--help") == n.ok("-h")
    assert n.ok("help", "send") == n.ok("send", "--help")
    assert n.run("help", "nosuch")[0] == 2


def test_bad_parameters_make_no_directory(net):
    n = net.node()
    for option, value in (("spacing", "86401"), ("spacing", "-1"), ("reward", "x"), ("maturity", "0"),
                          ("maturity", "1001"), ("max-block-bytes", "9999"), ("max-block-bytes", "4000001"),
                          ("name", ""), ("name", "x" * 41), ("pow-limit", "0x2100ffff"),
                          ("reward", "21000000")):
        refused(n, 2, "createblockchain", "-address", "me", "-" + option, value)
    refused(n, 2, "createblockchain", "-address", "tly1qqqq")
    assert not os.path.exists(n.dir)


def test_no_chain_yet(net):
    n = net.node()
    refused(n, 1, "send", "-to", "bob", "-amount", "1", says="no chain")
    refused(n, 1, "getbalance", "-address", "bob")
    refused(n, 1, "printchain", says="no chain")


def test_payments_that_cannot_be(net):
    n = net.node()
    n.create()
    address = n.ok("createwallet")
    before = n.ok("getbalance")
    for amount in ("0", "-1", "1.123456789", "x", "", "1e3", "21000000.00000001"):
        refused(n, 2, "send", "-to", address, "-amount", amount)
    refused(n, 1, "send", "-to", address, "-amount", "50.1", says="50.1")
    refused(n, 1, "send", "-to", "nobody", "-amount", "1", says="nobody")
    refused(n, 2, "send", "-to", address[:-1] + ("q" if address[-1] != "q" else "p"), "-amount", "1")
    refused(n, 2, "send", "-to", address, "-amount", "1", "-memo", "m" * 76)
    refused(n, 2, "send", "-to", address, "-amount", "1", "-fee", "0")
    assert n.ok("getbalance") == before


def test_chain_exists(net):
    n = net.node()
    genesis = n.create()
    refused(n, 1, "createblockchain", "-address", "x", says="already")
    assert n.ok("rpc", "getbestblockhash") == genesis
    assert "x" not in n.ok("listaddresses").split()


def test_ports_in_use(net):
    n = net.node()
    n.create()
    other = free_id()
    with socket.socket() as s:
        s.bind(("127.0.0.1", other))
        s.listen()
        refused(n, 1, "startnode", "-headless", "-control-port", str(other), says=str(other))
        got, out, err = n.run("startnode", "-headless", "-port", str(other), "-bind", "127.0.0.1")
        assert got == 1 and err.startswith("tally: ") and str(other) in err, err


def test_bad_conf_file(net):
    n = net.node()
    n.create()
    path = os.path.join(n.dir, "tally.conf")
    with open(path, "w") as f:
        f.write("# fine\nminer=me\nnonsense=1\n")
    refused(n, 2, "getbalance", says="line 3")


if __name__ == "__main__":
    main(globals())
