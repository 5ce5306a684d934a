"""Makes the first inputs of all fuzz targets from a chain that the program makes. Usage: make_corpus.py DIR"""
import os
import shutil
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "functional"))

from chainlib import compact_size  # noqa: E402
from framework import Node, free_id  # noqa: E402
import p2p  # noqa: E402

PAGE = 4096  # ENV_PAGE_BYTES in src/store/env_priv.h
# In the order of enum msg_kind.
KINDS = ("version verack getblocks getheaders inv getdata notfound block tx headers ping pong addr getaddr mempool "
         "sendheaders").split()


def make_chain(home):
    """Makes a chain with a few blocks and payments. Returns the stopped node and samples of its data."""
    n = Node(home, free_id())
    n.create()
    n.start("-connect", "0")
    n.generate(8)
    to = n.cli("createwallet")
    n.cli("send", "-from", "CENTRAL_NODE", "-to", to, "-amount", "1.5", "-memo", "for the corpus", "-mine")
    invite = n.cli("invite", "-address", "10.0.0.5:3000")
    invite6 = n.cli("invite", "-address", "[2001:db8::5]:3000")
    blocks = [bytes.fromhex(n.rpc("getblock", n.rpc("getblockhash", h), 0)) for h in (0, 1, 9)]
    tip = n.rpc("getblock", n.tip(), 2)
    txs = [bytes.fromhex(n.rpc("getrawtransaction", t["txid"], False, n.tip())) for t in tip["tx"]]
    n.stop()
    return n, to, invite, invite6, blocks, txs


def salvage_input(file):
    """The start and the end of the file's first pages. The salvage target expects its input in this form."""
    piece, out = 160, b""
    with open(file, "rb") as f:
        data = f.read()
    for at in range(0, min(len(data), 4 * PAGE), PAGE):
        page = data[at:at + PAGE].ljust(PAGE, b"\0")
        out += page[:piece] + page[-piece:]
    return out


def messages(blocks, txs):
    """A payload for each message."""
    genesis = blocks[0][:80]
    h = b"\x11" * 32
    headers = compact_size(2) + b"".join(b[:80] + b"\0" for b in blocks[:2])
    address = struct.pack("<I", 1700000000) + p2p.net_addr("192.168.1.7", 3000)
    v = p2p.version(genesis=h, nonce=b"\1" * 8)
    return {
        "version": v, "version-old": v[:46], "verack": b"", "getblocks": p2p.locator([h, h]),
        "getheaders": p2p.locator([], genesis[4:36]), "inv": p2p.inv((1, h), (2, h)), "getdata": p2p.inv((2, h)),
        "notfound": p2p.inv((1, h)), "block": blocks[1], "tx": txs[-1], "headers": headers, "ping": b"\2" * 8,
        "pong": b"\2" * 8, "addr": compact_size(1) + address, "getaddr": b"", "mempool": b"", "sendheaders": b"",
    }


def peer_inputs(msgs):
    """Inputs of the peer target: flags and messages, see fuzz_peer.h."""
    def peer_input(flags, *names):
        out = bytes([flags])
        for name in names:
            payload = msgs[name]
            out += bytes([KINDS.index(name.split("-")[0])]) + struct.pack("<H", len(payload)) + payload
        return out
    yield peer_input(0, "verack", "getblocks", "getheaders", "ping", "getaddr", "mempool", "sendheaders")
    yield peer_input(0, "inv", "getdata", "headers", "block", "tx", "addr")
    yield peer_input(2, "verack", "headers", "addr", "pong", "notfound")
    yield peer_input(1, "version", "verack", "version")
    yield peer_input(4, "headers", "block", "getblocks")
    yield peer_input(8, "inv", "block", "getblocks")
    yield peer_input(1, "version-old", "inv", "tx")


def corpus(home):
    """Yields (target, list of inputs)."""
    n, to, invite, invite6, blocks, txs = make_chain(home)
    msgs = messages(blocks, txs)
    header = blocks[1][:80]
    yield "compact", [compact_size(v) for v in (0, 252, 253, 65535, 65536, 1 << 32)] + [b"\xfd\x01\x00"]
    yield "tx", txs
    yield "block", blocks
    yield "genesis", [blocks[0], blocks[0][blocks[0].index(b"TLY"):][:30]]
    yield "header", [header]
    yield "bits", [struct.pack("<I", b) for b in (0x1f00ffff, 0x207fffff, 0x03123456, 0x04923456, 0x01003456)]
    yield "script", [b"\0\x14" + b"\7" * 20, b"\x6a\x05hello", b"\x40" + b"\1" * 64 + b"\x20" + b"\2" * 32, b"\x51"]
    yield "address", [to.encode(), to.upper().encode(), to[:-1].encode() + b"q"]
    yield "bech32", [to.encode(), b"A12UEL5L", b"a1lqfn3a", b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
                     b"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx"]
    yield "amount", [b"0", b"12.5", b"21000000", b"0.00000001", b"1.123456789", b"00012.50"]
    yield "host", [b"127.0.0.1:3000", b"[::1]:3000", b"10.1.0.0/16", b"2001:db8::/32", b"localhost", b"::ffff:1.2.3.4",
                   b"10.0.0.0/255.0.0.0"]
    yield "invite", [invite.encode(), invite6.upper().encode()]
    yield "utf8", ["grüße \u20ac \U0001f600".encode(), b"a\xc3(\xed\xa0\x80\xf4\x90\x80\x80", b"00ffABab"]
    yield "conf", [b"port=4000\n# a note\n\nconnect=127.0.0.1:3000\nconnect = [::1]:2\nlisten=0\n",
                   b"sync=classic\nminer=me\nthreads=2\ndbcache=16\nminfree=64\nbind=127.0.0.1\n", b"nonsense\n"]
    yield "frame", [p2p.frame("ping", b"\3" * 8) + p2p.frame("verack", b""), p2p.frame("tx", txs[-1])]
    yield "message", [bytes([KINDS.index(name.split("-")[0])]) + payload for name, payload in msgs.items()]
    yield "agent", [b"/tally:0.1.0(chain=" + b"0f" * 32 + b")/", b"/a(b; chain=00)/", b"/x/"]
    yield "peer", list(peer_inputs(msgs))
    yield "undo", [struct.pack("<q", 5000000000) + b"\7" * 20 + struct.pack("<I", 3), b""]
    yield "header-record", [header + b"\3", header]
    yield "peer-record", [bytes([18]) + b"\0" * 10 + b"\xff\xff\x0a\0\0\1\x0b\xb8" + bytes(40),
                          b"\x12b" + b"\0" * 10 + b"\xff\xff\x0a\0\0\1\x80" + bytes(17)]
    yield "salvage", [salvage_input(os.path.join(n.dir, "chain", t + ".db")) for t in ("blocks", "headers", "meta")]
    yield "rpc", [b'{"method":"getblockchaininfo","params":[],"id":1}',
                  b'[{"method":"getblockhash","params":{"height":0}}]',
                  b'{"method":"getblock","params":["%s",2]}' % (b"0" * 64),
                  b'{"method":"sendrawtransaction","params":["%s"]}' % txs[-1].hex().encode(),
                  b'{"method":"help","params":["send"]}', b'{"method":"gettxoutsetinfo"}',
                  b'{"method":"getbalance"}', b'{"method":"listtransactions","params":["*",5]}',
                  b'{"method":"sendtoaddress","params":["%s",0.5]}' % to.encode(), b'{"method":7}',
                  b'{"method":"submitblock","params":["%s"]}' % blocks[1].hex().encode()]
    yield "line", [b"help", b"send " + to.encode() + b" 1.5 memo=\"a b\" fee=2", b"balance",
                   b'ban 10.1.0.0/16 60', b'"open', b"connect 127.0.0.1:9", b"send! x 1"]


def main(out):
    temporary = tempfile.mkdtemp(prefix="tally-corpus.")
    home = os.path.join(temporary, "home")  # the node's output is written beside it
    os.mkdir(home)
    try:
        for name, inputs in corpus(home):
            os.makedirs(os.path.join(out, name), exist_ok=True)
            for i, data in enumerate(inputs):
                with open(os.path.join(out, name, "seed-%02d" % i), "wb") as f:
                    f.write(data)
    finally:
        shutil.rmtree(temporary)


if __name__ == "__main__":
    main(sys.argv[1])
