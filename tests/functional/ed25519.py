"""The curve of RFC 8032 and the signature rule of tally-protocol(7), TRANSACTIONS, in plain Python. It follows the
definitions literally and is slow. Points are pairs (x, y) on the curve -x² + y² = 1 + d x² y²."""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # a square root of -1
IDENTITY = (0, 1)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    m = D * x1 * x2 * y1 * y2 % P
    # One inversion serves both denominators, 1 + m and 1 - m: inversions take most of the time.
    i = pow((1 + m) * (1 - m), -1, P)
    return (x1 * y2 + x2 * y1) * (1 - m) * i % P, (y1 * y2 + x1 * x2) * (1 + m) * i % P


def mul(n, a):
    out = IDENTITY
    while n:
        if n & 1:
            out = add(out, a)
        a = add(a, a)
        n >>= 1
    return out


def neg(a):
    return -a[0] % P, a[1]


def encode(a):
    return (a[1] | (a[0] & 1) << 255).to_bytes(32, "little")


def x_of(y, sign):
    """The x coordinate with that sign bit for y; None: no point of the curve has this y. Source: RFC 8032, 5.1.3."""
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT % P
        if (v * x * x - u) % P:
            return None
    return P - x if x and x & 1 != sign else x


def decode(data):
    """Decodes a point, canonically encoded or not; None: the bytes encode no point."""
    n = int.from_bytes(data, "little")
    y = n % 2**255 % P
    x = x_of(y, n >> 255)
    return None if x is None else (x, y)


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def small(data):
    """Reports whether the bytes encode a point whose order divides 8, canonically or not, whatever the sign bit."""
    point = decode(data[:31] + bytes([data[31] & 0x7f]))
    return point is not None and mul(8, point) == IDENTITY


def torsion():
    """The eight points whose order divides 8: item i is i times a point of order 8."""
    for y in range(2, 100):
        x = x_of(y, 0)
        point = mul(L, (x, y)) if x is not None else IDENTITY
        if mul(4, point) != IDENTITY:
            return [mul(i, point) for i in range(8)]
    raise AssertionError("no point of order 8")


def challenge(r, a, message):
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def verify(public, signature, message, cofactor=False):
    """Reports whether the signature is valid by the chain's rule, which is strict. With cofactor=True, by the looser
    rule of libraries that multiply both sides by 8 and accept points of small order."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    a = decode(public)
    if s >= L or a is None or int.from_bytes(public, "little") % 2**255 >= P:
        return False
    k = challenge(r, public, message)
    got = add(mul(s, BASE), neg(mul(k, a)))
    if cofactor:
        at = decode(r)
        return at is not None and mul(8, got) == mul(8, at)
    return not small(public) and not small(r) and encode(got) == r
