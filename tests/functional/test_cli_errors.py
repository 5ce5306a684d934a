"""Wrong input on the command line: tally prints one line that says what is wrong, exits with the right status and
changes nothing."""
import os
import socket

from framework import free_id, main


def assert_error(node, status, *args, contains="", env=None):
    """The command must fail and print one line that contains the text. status: 1 for a failure, 2 for wrong usage."""
    got, out, err = node.run(*args, env=env)
    assert got == status, "%s: status %d, not %d: %s" % (args, got, status, err)
    assert out == "" or args[0] == "startnode", out  # startnode writes its log to stdout until it fails
    assert err.startswith("tally: ") and err.count("\n") == 1, err
    assert contains in err, err


def test_usage_errors_suggest_what_was_meant(net):
    n = net.node()
    assert_error(n, 2, "startnod", contains="did you mean startnode")
    assert_error(n, 2, "startnode", "-mner", "x", contains="did you mean -miner")
    assert_error(n, 2, "getbalance", "extra")
    assert_error(n, 2, "getbalance", "-address", contains="needs a value: -address ADDR")
    assert_error(n, 2, "startnode", "-miner", "-connect", "0", contains="needs a value: -miner ADDR")
    assert_error(n, 2, "createblockchain", contains="needs -address")
    assert_error(n, 2, "createblockchain", "-address", "a", "-address", "b", contains="twice")
    for bad in ("0", "55536", "-1", "x", ""):
        assert_error(n, 2, "getbalance", env={"NODE_ID": bad}, contains="NODE_ID")
    # No option has a similar name.
    assert_error(n, 2, "startnode", "-role", "x", contains="see tally startnode --help")
    assert_error(n, 2, "createwallet", "-colour", "x", contains="createwallet --help")
    assert_error(n, 2, "createwallet", "bob", contains="did you mean -label bob?")
    assert_error(n, 2, "send", "bob", "5", contains="did you mean -to bob?")
    assert_error(n, 2, "send", "-to", "bob", "5", contains="did you mean -amount 5?")
    assert_error(n, 2, "getbalance", env={"NODE_ID": "abc"}, contains="not a whole number")
    assert_error(n, 2, "getbalance", "-miner", "x", contains="startnode")
    assert_error(n, 2, "rpc", contains="needs a command")
    status, out, err = n.run()
    assert status == 2 and out == "" and "usage" in err
    assert not os.path.exists(n.dir)


def test_every_command_has_help_and_rejects_a_surplus_argument(net):
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


def test_help_h_and_help_command_print_the_same(net):
    n = net.node()
    assert n.cli("help") == n.cli("--help") == n.cli("-h")
    assert n.cli("help", "send") == n.cli("send", "--help")
    assert n.run("help", "nosuch")[0] == 2


def test_invalid_chain_parameters_create_no_directory(net):
    n = net.node()
    for option, value in (("spacing", "86401"), ("spacing", "-1"), ("reward", "x"), ("maturity", "0"),
                          ("maturity", "1001"), ("max-block-bytes", "9999"), ("max-block-bytes", "4000001"),
                          ("name", ""), ("name", "x" * 41), ("pow-limit", "0x2100ffff"),
                          ("reward", "21000000")):
        assert_error(n, 2, "createblockchain", "-address", "me", "-" + option, value)
    assert_error(n, 2, "createblockchain", "-address", "me", "-reward", "1000000",
                 contains="reward 1000000: at most 50 coins with a halving of 210000 blocks")
    assert_error(n, 2, "createblockchain", "-address", "me", "-reward", "21.5", "-halving", "0",
                 contains="reward 21.5: at most 21 coins a block that never halves")
    for label in BAD_LABELS:
        assert_error(n, 2, "createblockchain", "-address", label)
    assert not os.path.exists(n.dir)


BAD_LABELS = ("", " ", " a", "a ", "@", "@@a", "x" * 65, "é" * 32 + "x", "a\nb", "a\x1b[2Jb", "a\u202eb",
              os.fsdecode(b"\xff"), "tly1qqqq", "TLY1QQQQ")


def test_invalid_options_of_startnode_create_no_directory(net):
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
    assert_error(n, 2, "startnode", "-port", "5000", "-control-port", "5000", contains="both 5000")
    assert not os.path.exists(n.dir)


def test_only_createblockchain_createwallet_and_startnode_create_a_directory(net):
    n = net.node()
    for command in (("getbalance",), ("getbalance", "-address", "bob"), ("listaddresses",), ("printchain",),
                    ("reindex",), ("reindexutxo",), ("invite",), ("send", "-to", "bob", "-amount", "1"),
                    ("rpc", "getblockcount"),
                    ("rpc", "getnewaddress"), ("rpc", "stop"), ("startnode", "-dump-screen", "80x24")):
        makes = "startnode without -dump-screen makes one" if "startnode" in command else \
            ": createblockchain, createwallet or startnode makes one"
        assert_error(n, 1, *command, contains="there is no data directory %s: " % n.dir)
        assert_error(n, 1, *command, contains=makes)
        typo = os.path.join(net.home, "typo", "deep")
        assert_error(n, 1, *command, env={"TALLY_HOME": typo},
                     contains="there is no data directory %s/%d: " % (typo, n.id))
    assert_error(n, 2, "send", "-to", "bob", "-amount", "x")  # options are checked before the directory
    assert "getblockcount" in n.cli("rpc", "help")
    assert n.cli("rpc", "help", "getblock").startswith("getblock ")
    assert_error(n, 1, "rpc", "help", "nosuch", contains="there is no command 'nosuch': help")
    assert os.listdir(net.home) == []
    listed = n.cli("rpc", "help")
    n.cli("createwallet")
    assert n.cli("rpc", "help") == listed
    assert n.cli("listaddresses").startswith("tly1")
    other = net.node()
    other.create()
    assert other.cli("getbalance") == "Balance: 50"


def test_wrong_rpc_arguments_point_to_the_help_of_the_command(net):
    n = net.node()
    n.create()
    for start in (True, False):
        assert_error(n, 2, "rpc", "getblock", contains=": see tally rpc help getblock\n")
        assert_error(n, 2, "rpc", "getblockhash", "1", "2",
                     contains=" at most 1 argument: see tally rpc help getblockhash\n")
        if start:
            n.start("-connect", "0")


def test_commands_report_that_there_is_no_chain_yet(net):
    n = net.node()
    n.cli("createwallet")
    assert_error(n, 1, "send", "-to", "bob", "-amount", "1", contains="no chain")
    assert_error(n, 1, "getbalance", "-address", "bob")
    assert_error(n, 1, "printchain", contains="no chain")


def test_impossible_payments_are_rejected_and_cost_nothing(net):
    n = net.node()
    n.create()
    address = n.cli("createwallet")
    before = n.cli("getbalance")
    for amount in ("0", "-1", "1.123456789", "x", "", "1e3", "21000000.00000001"):
        assert_error(n, 2, "send", "-to", address, "-amount", amount)
    assert_error(n, 1, "send", "-to", address, "-amount", "50.1", contains="50.1")
    assert_error(n, 1, "send", "-to", "nobody", "-amount", "1", contains="nobody")
    assert_error(n, 2, "send", "-to", address[:-1] + ("q" if address[-1] != "q" else "p"), "-amount", "1")
    assert_error(n, 2, "send", "-to", address, "-amount", "1", "-memo", "m" * 76)
    assert_error(n, 2, "send", "-to", address, "-amount", "1", "-fee", "0")
    assert n.cli("getbalance") == before


def test_labels_may_hold_any_printable_text(net):
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


def test_invalid_labels_are_rejected_by_every_command(net):
    n = net.node()
    n.create()
    before = n.cli("listaddresses")
    for label in BAD_LABELS:
        assert_error(n, 2, "getbalance", "-address", label)
        assert_error(n, 2, "send", "-to", label, "-amount", "1")
        assert_error(n, 2, "send", "-from", label, "-to", "CENTRAL_NODE", "-amount", "1")
        assert_error(n, 2, "rpc", "generatetoaddress", "1", label)
        if label:  # "" asks for an address without a label
            assert_error(n, 2, "rpc", "getnewaddress", label)
    assert_error(n, 2, "send", "-to", "CENTRAL_NODE", "-amount", "1", "-memo", os.fsdecode(b"\xff"))
    assert_error(n, 2, "invite", "-address", os.fsdecode(b"\xff"))
    assert n.cli("listaddresses") == before and n.cli("rpc", "getblockcount") == "0"


def test_errors_are_the_same_with_and_without_a_running_node(net):
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
        assert_error(n, *case)
        assert n.run(*case[1:]) == before, (case, before)
    assert n.rpc("getrawmempool") == []


def test_an_unusable_home_is_reported(net):
    n = net.node()
    blocked = os.path.join(net.home, "file")
    with open(blocked, "w") as f:
        f.write("mine\n")
    for home in (blocked, blocked + "/below"):
        assert_error(n, 1, "createwallet", env={"TALLY_HOME": home}, contains=blocked + " is not a directory")
    assert_error(n, 1, "createwallet", env={"TALLY_HOME": "/proc/nosuch"}, contains="/proc/nosuch")
    assert_error(n, 2, "createwallet", env={"TALLY_HOME": ""}, contains="TALLY_HOME")
    assert_error(n, 2, "createwallet", env={"TALLY_HOME": "/" + "x" * 600}, contains="too long")
    with open(blocked) as f:
        assert f.read() == "mine\n"
    if os.getuid() != 0:  # root may read and write everything
        locked = os.path.join(net.home, "locked")
        os.mkdir(locked, 0)
        assert_error(n, 1, "createwallet", env={"TALLY_HOME": locked}, contains="Permission denied")
        os.chmod(locked, 0o700)


def test_createblockchain_never_replaces_a_chain(net):
    n = net.node()
    genesis = n.create()
    assert_error(n, 1, "createblockchain", "-address", "x", contains="already")
    assert n.cli("rpc", "getbestblockhash") == genesis
    assert "x" not in n.cli("listaddresses").split()


def test_a_port_in_use_is_reported(net):
    n = net.node()
    n.create()
    other = free_id()
    with socket.socket() as s:
        s.bind(("127.0.0.1", other))
        s.listen()
        assert_error(n, 1, "startnode", "-headless", "-control-port", str(other), contains=str(other))
        got, out, err = n.run("startnode", "-headless", "-port", str(other), "-bind", "127.0.0.1")
        assert got == 1 and err.startswith("tally: ") and str(other) in err, err


def test_an_invalid_conf_file_is_reported_with_its_line(net):
    n = net.node()
    n.create()
    path = os.path.join(n.dir, "tally.conf")
    with open(path, "w") as f:
        f.write("# fine\nminer=me\nnonsense=1\n")
    assert_error(n, 2, "getbalance", contains="line 3")
    for text, contains in (("port\n", "line 1"), ("port=x\n", "port"), ("miner=tly1q\n", "miner"),
                       ("\n\nconnect=::::\n", "line 3"), ("home=/tmp\n", "home"), ("dump-screen=80x24\n", "line 1")):
        with open(path, "w") as f:
            f.write(text)
        assert_error(n, 2, "getbalance", contains=contains)
    os.unlink(path)
    os.mkdir(path)
    assert_error(n, 1, "getbalance", contains="must be a file")
    os.rmdir(path)
    os.mkfifo(path)  # opening it must not block until somebody writes to it
    assert_error(n, 1, "getbalance", contains="must be a file")
    os.unlink(path)
    os.symlink("/dev/zero", path)
    assert_error(n, 1, "getbalance", contains="must be a file")
    os.unlink(path)
    with open(path, "w") as f:
        f.write("#" * (1 << 20) + "\n")
    assert_error(n, 1, "getbalance", contains="at most 1048576")
    other = os.path.join(net.home, "elsewhere.conf")
    with open(other, "w") as f:
        f.write("nonsense=1\n")
    os.unlink(path)
    os.symlink(other, path)  # a symbolic link to a regular file is accepted
    assert_error(n, 2, "getbalance", contains="line 1")


if __name__ == "__main__":
    main(globals())
