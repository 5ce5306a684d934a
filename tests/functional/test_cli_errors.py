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
    refused(n, 2, "getbalance", "-address", says="needs a value: -address ADDR")
    refused(n, 2, "startnode", "-miner", "-connect", "0", says="needs a value: -miner ADDR")
    refused(n, 2, "createblockchain", says="needs -address")
    refused(n, 2, "createblockchain", "-address", "a", "-address", "b", says="twice")
    for bad in ("0", "55536", "-1", "x", ""):
        refused(n, 2, "getbalance", env={"NODE_ID": bad}, says="NODE_ID")
    refused(n, 2, "startnode", "-role", "x", says="see tally startnode --help")  # nothing is near
    refused(n, 2, "createwallet", "-colour", "x", says="createwallet --help")
    refused(n, 2, "createwallet", "bob", says="did you mean -label bob?")
    refused(n, 2, "send", "bob", "5", says="did you mean -to bob?")
    refused(n, 2, "send", "-to", "bob", "5", says="did you mean -amount 5?")
    refused(n, 2, "getbalance", env={"NODE_ID": "abc"}, says="no whole number")
    refused(n, 2, "getbalance", "-miner", "x", says="startnode")
    refused(n, 2, "rpc", says="method")
    status, out, err = n.run()
    assert status == 2 and out == "" and "usage" in err
    assert not os.path.exists(n.dir)


def test_every_command_has_help_and_takes_no_more_than_it_says(net):
    n = net.node()
    listed = n.cli("--help").split("commands:")[1].split("options of")[0].strip().splitlines()
    names = [line.split()[0] for line in listed]
    assert names[:2] == ["createblockchain", "startnode"] and len(names) >= 10, names
    for name in names:
        text = n.cli(name, "--help")
        assert text.startswith("usage: tally " + name), text
        if name != "rpc":
            status, out, err = n.run(name, "surplus")
            assert status == 2 and out == "" and err.count("\n") == 1 and "surplus" in err, err
    assert not os.path.exists(n.dir)


def test_help_is_there_however_one_asks(net):
    n = net.node()
    assert n.cli("help") == n.cli("--help") == n.cli("-h")
    assert n.cli("help", "send") == n.cli("send", "--help")
    assert n.run("help", "nosuch")[0] == 2


def test_bad_parameters_make_no_directory(net):
    n = net.node()
    for option, value in (("spacing", "86401"), ("spacing", "-1"), ("reward", "x"), ("maturity", "0"),
                          ("maturity", "1001"), ("max-block-bytes", "9999"), ("max-block-bytes", "4000001"),
                          ("name", ""), ("name", "x" * 41), ("pow-limit", "0x2100ffff"),
                          ("reward", "21000000")):
        refused(n, 2, "createblockchain", "-address", "me", "-" + option, value)
    refused(n, 2, "createblockchain", "-address", "me", "-reward", "1000000",
            says="reward 1000000: at most 50 coins with a halving of 210000 blocks")
    refused(n, 2, "createblockchain", "-address", "me", "-reward", "21.5", "-halving", "0",
            says="reward 21.5: at most 21 coins a block that never halves")
    for label in BAD_LABELS:
        refused(n, 2, "createblockchain", "-address", label)
    assert not os.path.exists(n.dir)


BAD_LABELS = ("", " ", " a", "a ", "@", "@@a", "x" * 65, "é" * 32 + "x", "a\nb", "a\x1b[2Jb", "a\u202eb",
              os.fsdecode(b"\xff"), "tly1qqqq", "TLY1QQQQ")


def test_bad_settings_of_startnode_are_found_before_anything_is_made(net):
    n = net.node()
    for option, value in (("port", "0"), ("port", "65536"), ("port", "x"), ("control-port", "0"),
                          ("bind", "nowhere"), ("bind", "127.0.0.1:3000"), ("connect", ""),
                          ("connect", "::::"), ("connect", "host:0"), ("connect", "host:65536"),
                          ("connect", ":3000"), ("addnode", "1.2.3"), ("addnode", "x y"), ("chain", "ab"),
                          ("chain", "g" * 64), ("join", "x"), ("sync", "no"), ("threads", "0"),
                          ("threads", "65"), ("listen", "2"), ("headless", "maybe"),
                          ("dump-screen", "0x0"), ("dump-screen", "80"), ("dbcache", "3"),
                          ("maxmempool", "0"), ("maxinbound", "0"), ("min-free", "15"),
                          *(("miner", label) for label in BAD_LABELS)):
        status, out, err = n.run("startnode", "-" + option, value)
        assert (status, out) == (2, "") and err.startswith("tally: ") and err.count("\n") == 1, (
            option, value, status, out, err)
        assert option in err, (option, value, err)
    refused(n, 2, "startnode", "-port", "5000", "-control-port", "5000", says="both 5000")
    assert not os.path.exists(n.dir)


def test_only_what_makes_something_makes_a_directory(net):
    n = net.node()
    for command in (("getbalance",), ("getbalance", "-address", "bob"), ("listaddresses",), ("printchain",), ("reindex",),
                    ("reindexutxo",), ("invite",), ("send", "-to", "bob", "-amount", "1"), ("rpc", "getblockcount"),
                    ("rpc", "getnewaddress"), ("rpc", "stop"), ("startnode", "-dump-screen", "80x24")):
        makes = "startnode without it makes one" if "startnode" in command else \
            ": createblockchain, createwallet or startnode makes one"
        refused(n, 1, *command, says="there is no data directory %s: " % n.dir)
        refused(n, 1, *command, says=makes)
        typo = os.path.join(net.home, "typo", "deep")
        refused(n, 1, *command, env={"TALLY_HOME": typo}, says="there is no data directory %s/%d: " % (typo, n.id))
    refused(n, 2, "send", "-to", "bob", "-amount", "x")  # the words come first
    assert "getblockcount" in n.cli("rpc", "help")
    assert n.cli("rpc", "help", "getblock").startswith("getblock ")
    refused(n, 1, "rpc", "help", "nosuch", says="unknown command: nosuch")
    assert os.listdir(net.home) == []
    listed = n.cli("rpc", "help")
    n.cli("createwallet")
    assert n.cli("rpc", "help") == listed
    assert n.cli("listaddresses").startswith("tly1")
    other = net.node()
    other.create()
    assert other.cli("getbalance") == "Balance: 50"


def test_what_a_method_wants_is_told_for_the_shell(net):
    n = net.node()
    n.create()
    for start in (True, False):
        refused(n, 2, "rpc", "getblock", says=": see tally rpc help getblock\n")
        refused(n, 2, "rpc", "getblockhash", "1", "2", says=" at most 1 argument: see tally rpc help getblockhash\n")
        if start:
            n.start("-connect", "0")


def test_no_chain_yet(net):
    n = net.node()
    n.cli("createwallet")
    refused(n, 1, "send", "-to", "bob", "-amount", "1", says="no chain")
    refused(n, 1, "getbalance", "-address", "bob")
    refused(n, 1, "printchain", says="no chain")


def test_payments_that_cannot_be(net):
    n = net.node()
    n.create()
    address = n.cli("createwallet")
    before = n.cli("getbalance")
    for amount in ("0", "-1", "1.123456789", "x", "", "1e3", "21000000.00000001"):
        refused(n, 2, "send", "-to", address, "-amount", amount)
    refused(n, 1, "send", "-to", address, "-amount", "50.1", says="50.1")
    refused(n, 1, "send", "-to", "nobody", "-amount", "1", says="nobody")
    refused(n, 2, "send", "-to", address[:-1] + ("q" if address[-1] != "q" else "p"), "-amount", "1")
    refused(n, 2, "send", "-to", address, "-amount", "1", "-memo", "m" * 76)
    refused(n, 2, "send", "-to", address, "-amount", "1", "-fee", "0")
    assert n.cli("getbalance") == before


def test_labels_may_be_anything_a_person_writes(net):
    n = net.node()
    labels = ("a", "two words", "Ünï cöde 🙂", "x" * 64, "é" * 32, "5", "null and void", "=", "it's \"quoted\"")
    n.create(labels[0])
    for label in labels[1:]:
        n.cli("rpc", "generatetoaddress", "1", label)
    n.cli("rpc", "generatetoaddress", "5", "a")
    for label in labels[1:]:
        assert n.cli("getbalance", "-address", label) == "Balance of '%s': 50" % label
        assert n.cli("getbalance", "-address", "@" + label).endswith(": 50")
        n.cli("send", "-from", label, "-to", "@" + label, "-amount", "1")
    listed = [line[45:] for line in n.cli("listaddresses").splitlines()]
    assert listed == list(labels), listed


def test_bad_labels_and_words_are_refused_where_a_label_is_looked_up(net):
    n = net.node()
    n.create()
    before = n.cli("listaddresses")
    for label in BAD_LABELS:
        refused(n, 2, "getbalance", "-address", label)
        refused(n, 2, "send", "-to", label, "-amount", "1")
        refused(n, 2, "send", "-from", label, "-to", "CENTRAL_NODE", "-amount", "1")
        refused(n, 2, "rpc", "generatetoaddress", "1", label)
        if label:  # "": an address without one
            refused(n, 2, "rpc", "getnewaddress", label)
    refused(n, 2, "send", "-to", "CENTRAL_NODE", "-amount", "1", "-memo", os.fsdecode(b"\xff"))
    refused(n, 2, "invite", "-address", os.fsdecode(b"\xff"))
    assert n.cli("listaddresses") == before and n.cli("rpc", "getblockcount") == "0"


def test_a_refusal_has_the_same_status_with_and_without_a_running_node(net):
    n = net.node()
    n.create()
    stranger = net.node().cli("createwallet")
    cases = ((2, "rpc", "nosuch"), (2, "rpc", "getblock"), (2, "rpc", "getblock", "x"),
             (1, "rpc", "getblock", "a" * 64), (1, "rpc", "getblockhash", "9"), (2, "rpc", "getblockhash", "x"),
             (2, "rpc", "getblockhash", "0", "1"), (2, "rpc", "uptime", "1"), (1, "getbalance", "-address", "nobody"),
             (1, "send", "-to", "nobody", "-amount", "1"), (1, "send", "-to", stranger, "-amount", "51"),
             (2, "send", "-from", stranger, "-to", stranger, "-amount", "1"),
             (2, "send", "-to", stranger, "-amount", "1", "-mine", "maybe"),
             (2, "send", "-to", stranger, "-amount", "1", "-fee", "x"))
    without = [n.run(*case[1:]) for case in cases]
    n.start("-connect", "0")
    for case, before in zip(cases, without):
        refused(n, *case)
        assert n.run(*case[1:]) == before, (case, before)
    assert n.rpc("getrawmempool") == []


def test_home_that_cannot_be(net):
    n = net.node()
    blocked = os.path.join(net.home, "file")
    with open(blocked, "w") as f:
        f.write("mine\n")
    for home in (blocked, blocked + "/below"):
        refused(n, 1, "createwallet", env={"TALLY_HOME": home}, says=blocked + " is no directory")
    refused(n, 1, "createwallet", env={"TALLY_HOME": "/proc/nosuch"}, says="/proc/nosuch")
    refused(n, 2, "createwallet", env={"TALLY_HOME": ""}, says="TALLY_HOME")
    refused(n, 2, "createwallet", env={"TALLY_HOME": "/" + "x" * 600}, says="too long")
    with open(blocked) as f:
        assert f.read() == "mine\n"
    if os.getuid() != 0:  # who may do anything
        locked = os.path.join(net.home, "locked")
        os.mkdir(locked, 0)
        refused(n, 1, "createwallet", env={"TALLY_HOME": locked}, says="Permission denied")
        os.chmod(locked, 0o700)


def test_chain_exists(net):
    n = net.node()
    genesis = n.create()
    refused(n, 1, "createblockchain", "-address", "x", says="already")
    assert n.cli("rpc", "getbestblockhash") == genesis
    assert "x" not in n.cli("listaddresses").split()


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
    for text, says in (("port\n", "line 1"), ("port=x\n", "port"), ("miner=tly1q\n", "miner"),
                       ("\n\nconnect=::::\n", "line 3"), ("home=/tmp\n", "home"), ("dump-screen=80x24\n", "line 1")):
        with open(path, "w") as f:
            f.write(text)
        refused(n, 2, "getbalance", says=says)
    os.unlink(path)
    os.mkdir(path)
    refused(n, 1, "getbalance", says="must be a file")
    os.rmdir(path)
    os.mkfifo(path)  # nobody waits for what might come
    refused(n, 1, "getbalance", says="must be a file")
    os.unlink(path)
    os.symlink("/dev/zero", path)
    refused(n, 1, "getbalance", says="must be a file")
    os.unlink(path)
    with open(path, "w") as f:
        f.write("#" * (1 << 20) + "\n")
    refused(n, 1, "getbalance", says="at most 1048576")
    other = os.path.join(net.home, "elsewhere.conf")
    with open(other, "w") as f:
        f.write("nonsense=1\n")
    os.unlink(path)
    os.symlink(other, path)  # a link to a file is read
    refused(n, 2, "getbalance", says="line 1")


if __name__ == "__main__":
    main(globals())
