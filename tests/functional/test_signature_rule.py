"""The signature rule of tally-protocol(7), TRANSACTIONS, for signatures about which implementations of Ed25519
disagree. The node must follow the definitions, in its mempool and in blocks."""
import hashlib
import os

from chainlib import Chain, Key, Tx, spend
from ed25519 import BASE, IDENTITY, L, P, add, challenge, decode, encode, mul, small, torsion, verify
from framework import RpcError, main
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

VECTOR_KEY = bytes.fromhex("f2d100639614c6a6dd00b28f31127ad89655e2ad12da9063e0687f2b282dd773")
VECTORS = (  # (message, signature, valid). Source: tally-protocol(7), TRANSACTIONS
    (b"tally 0", "309dace591098967eba19b274a8f27f54f2bebdac549f82da580065a26cd9287"
                 "463a781f8ca5abb04e69fdd6edb95a4dd33d414a17792913b2fd493884e7ce01", False),
    (b"tally 6", "72e5803338daf1dbdec7d9789c866c98d347a70d4f277c226b1addc3d3f14d34"
                 "e6078c8b711ee73f28b39b1a61a61c132af383f17dc13782d412bbb525f90e09", True),
)


def number(n):
    """32 bytes, little-endian."""
    return n.to_bytes(32, "little")


class UnusualKey(Key):
    """A key pair whose public key is a B + extra, or the given bytes; a is the secret and B the base point."""

    def __init__(self, extra=IDENTITY, public=None, secret=None):
        super().__init__()
        self.a = int.from_bytes(os.urandom(32), "little") % L if secret is None else secret
        self.public = public or encode(add(mul(self.a, BASE), extra))
        self.hash = hashlib.blake2b(self.public, digest_size=20).digest()
        self.script = b"\x00\x14" + self.hash

    def signature(self, digest, fits=lambda k: True, extra=IDENTITY, r_bytes=None):
        """A signature (R, S) with R = r B + extra and S = r + k a, where k is the challenge. Tries random r until
        fits(k). With r_bytes, R is given and r = 0; returns None if its k doesn't fit."""
        while True:
            r = 0 if r_bytes else int.from_bytes(os.urandom(32), "little") % L
            R = r_bytes or encode(add(mul(r, BASE), extra))
            k = challenge(R, self.public, digest)
            if fits(k):
                return R + number((r + k * self.a) % L)
            if r_bytes:  # the caller must try another digest
                return None


def test_the_vectors_of_the_protocol_separate_the_two_rules(net):
    for message, signature, valid in VECTORS:
        signature, digest = bytes.fromhex(signature), hashlib.sha256(message).digest()
        assert verify(VECTOR_KEY, signature, digest) == valid
        assert verify(VECTOR_KEY, signature, digest, cofactor=True)
        try:
            VerifyKey(VECTOR_KEY).verify(digest, signature)
            sodium = True
        except BadSignatureError:
            sodium = False
        assert sodium == valid
    # The key has a component of small order.
    assert mul(8, decode(VECTOR_KEY)) != IDENTITY and mul(L, decode(VECTOR_KEY)) != IDENTITY


def cases():
    """Yields (name, key, function from digest to signature, valid, valid by the looser rule). The function returns
    None if it needs another digest."""
    t, plain = torsion(), UnusualKey()
    mixed = UnusualKey(extra=t[1])
    yield "a normal key and signature", plain, plain.signature, True, True
    yield "S + L instead of S", plain, lambda d: (
        lambda s: s[:32] + number(int.from_bytes(s[32:], "little") + L))(plain.signature(d)), False, False
    yield "S with its highest bit set", plain, lambda d: (
        lambda s: s[:63] + bytes([s[63] | 0x80]))(plain.signature(d)), False, False
    yield "a key of mixed order, 8 divides k", mixed, lambda d: mixed.signature(
        d, lambda k: k % 8 == 0), True, True
    yield "a key of mixed order, 8 does not divide k", mixed, lambda d: mixed.signature(
        d, lambda k: k % 8 != 0), False, True
    yield "R with a component of order 8", plain, lambda d: plain.signature(d, extra=t[3]), False, True
    yield "R with a component of order 2", plain, lambda d: plain.signature(d, extra=t[4]), False, True
    yield "R is the identity", plain, lambda d: plain.signature(d, r_bytes=encode(IDENTITY)), False, True
    yield "R is the identity, not canonically encoded", plain, lambda d: plain.signature(
        d, r_bytes=number(P + 1)), False, True
    for i in range(8):
        key = UnusualKey(public=encode(t[i]), secret=0)
        yield "a key of small order: point %d" % i, key, lambda d, key=key: key.signature(
            d, lambda k: k % 8 == 0), False, True
    for name, public in (("y = p", number(P)), ("y = p + 1", number(P + 1)),
                         ("the identity with its sign bit set", number(1 | 1 << 255))):
        key = UnusualKey(public=public, secret=0)
        yield "a key of small order, not canonically encoded: " + name, key, lambda d, key=key: key.signature(
            d, lambda k: k % 8 == 0), False, int.from_bytes(public, "little") % 2**255 < P
    y = next(n for n in range(2, 500) if decode(number(n)) is None)
    off = UnusualKey(public=number(y), secret=0)
    yield "a key that encodes no point of the curve", off, off.signature, False, False
    other = Key()
    yield "a signature by another key", plain, other.sign, False, False


def test_the_node_follows_the_strict_rule_in_mempool_and_blocks(net):
    node = net.chain_node()
    chain, key, all_cases = Chain.from_node(node), Key(), list(cases())
    share = chain.subsidy(1) // len(all_cases)
    funds = chain.add(chain.next_block(key, outputs=[(share, c[1].script) for c in all_cases]))
    chain.grow(key, chain.maturity - 1)
    for b in chain.blocks[1:]:
        assert node.rpc("submitblock", b.bytes().hex()) is None
    verdicts = []
    for i, (name, owner, sign, valid, valid_by_looser_rule) in enumerate(all_cases):
        signature = None
        fee = share // 2
        while signature is None:
            tx = Tx([[funds.txs[0].id(), i, b"", 0xffffffff]], [(share - fee, key.script)])
            digest = tx.signature_hash(0, share, owner.script, chain.genesis)
            signature = sign(digest)
            fee -= 1
        assert verify(owner.public, signature, digest) == valid, name
        assert verify(owner.public, signature, digest, cofactor=True) == valid_by_looser_rule, name
        tx.inputs[0][2] = b"\x40" + signature + b"\x20" + owner.public
        block = chain.next_block(key, [tx])
        if valid:
            assert node.rpc("sendrawtransaction", tx.bytes().hex()) == tx.id()[::-1].hex(), name
        else:
            try:
                node.rpc("sendrawtransaction", tx.bytes().hex())
                raise AssertionError("accepted by the mempool: " + name)
            except RpcError as e:
                assert "mandatory-script-verify-flag-failed" in e.error["message"], (name, e.error)
            assert node.rpc("submitblock", block.bytes().hex()) == "mandatory-script-verify-flag-failed", name
        verdicts.append(valid)
    assert verdicts.count(True) == 2 and verdicts.count(False) > 15
    valid = [bytes.fromhex(i)[::-1] for i in node.rpc("getrawmempool")]
    node.generate(1)
    mined = Chain.from_node(node).tip
    assert sorted(t.id() for t in mined.txs[1:]) == sorted(valid) and len(valid) == 2


def test_one_invalid_signature_among_300_makes_a_block_invalid(net):
    node = net.chain_node()
    chain, key = Chain.from_node(node), Key()
    n = 300
    funds = chain.add(chain.next_block(key, outputs=[(1000 + i, key.script) for i in range(n)]))
    chain.grow(key, chain.maturity - 1)
    for b in chain.blocks[1:]:
        assert node.rpc("submitblock", b.bytes().hex()) is None
    coins = [(funds.txs[0].id(), i, 1000 + i) for i in range(n)]
    txs = [spend(key, [c], [(c[2], key.script)], chain.genesis) for c in coins]
    for bad in (0, n // 2, n - 1):
        good_script = txs[bad].inputs[0][2]
        txs[bad].inputs[0][2] = good_script[:1] + os.urandom(32) + good_script[33:]
        block = chain.next_block(key, txs)
        assert node.rpc("submitblock", block.bytes().hex()) == "mandatory-script-verify-flag-failed", bad
        txs[bad].inputs[0][2] = good_script
    assert node.rpc("submitblock", chain.next_block(key, txs).bytes().hex()) is None
    assert small(encode(IDENTITY)) and not small(key.public)


if __name__ == "__main__":
    main(globals())
