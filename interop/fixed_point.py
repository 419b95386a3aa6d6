"""Fractions as python-paillier encodes, decodes and computes with them: vectors for other programs.

Run from the repository's root with `phe` installed (see requirements.txt). Floating-point numbers
are written as the hexadecimal digits of their bits, integers as hexadecimal or decimal text.
"""

import base64
import itertools
import json
import random
import struct
from pathlib import Path

from phe.encoding import EncodedNumber
from phe.paillier import PaillierPrivateKey, PaillierPublicKey

FIXTURES = Path("crates/paillier/tests/fixtures")
KEY = "insecure-1024.json"

# Ends and middles, and what rounds up, down and to even.
VALUES = [0.0, -0.0, 1.0, -1.0, 0.1, -0.1, 1 / 3, 2.5, -3.5, 0.5, 123456.789, -1e-12, 1e22]
VALUES += [2.0**52 + 1, 2.0**-60, -(2.0**100), 1.7976931348623157e308, 2.2250738585072014e-308]
VALUES += [5e-324, -5e-324, 1e300, 1e-300, 6.5e-4]
PRECISIONS = [1.0, 0.01, 1e-6, 0.0625, 0.06, 1000.0, 1e-30]
MAX_EXPONENTS = [0, -5, -14, -20, -60, 10]


def number(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def bits(value):
    return struct.pack(">d", value).hex()


def paired(items, others, each):
    """Pairs of each item with `each` of the others, which take turns."""
    others = itertools.cycle(others)
    return [(item, next(others)) for item in items for _ in range(each)]


def encoded(encoding):
    return {"encoding": f"{encoding.encoding:x}", "exponent": encoding.exponent}


def encode(key, value, precision=None, max_exponent=None):
    """A case: what is encoded and how, and the encoding, or that there is none."""
    case = {"value": bits(value)}
    if precision is not None:
        case["precision"] = bits(precision)
    if max_exponent is not None:
        case["max_exponent"] = max_exponent
    try:
        return case | encoded(EncodedNumber.encode(key, value, precision, max_exponent))
    except ValueError:
        return case | {"error": "too large"}


def decode(key, mantissa, exponent):
    """A case: an encoding, and the nearest floating-point number, or that there is none."""
    encoding = EncodedNumber(key, mantissa % key.n, exponent)
    case = encoded(encoding)
    try:
        value = float(encoding.decode())
    except OverflowError as error:
        is_mantissa = -key.max_int <= mantissa <= key.max_int
        return case | {"error": "no float" if is_mantissa else "overflow"}
    return case | {"value": bits(value)}


def computed(public, private, result):
    """A case: a ciphertext that was computed, and what is in it."""
    value = float(private.decrypt(result))
    return {
        "ciphertext": f"{result.ciphertext(be_secure=False):x}",
        "exponent": result.exponent,
        "value": bits(value),
    }


def vectors(public, private):
    top = public.max_int
    generator = random.Random("fixed point")
    mantissas = [0, 1, -1, top, -top, top + 1, -top - 1, public.n // 2, 2**53 + 1, 2**54 + 2]
    # Halves between neighbouring floating-point numbers, and just above and below them.
    mantissas += [(2**53 + 1) * 2**200 + 1, (2**53 + 1) * 2**200, -(2**53 + 3) * 2**64 + 1]
    mantissas += [2**53 - 1, 2**1024 // 5, -(10**50)]
    mantissas += [generator.getrandbits(bits) * sign for bits in (60, 300, 900) for sign in (1, -1)]
    # Down to where floating-point numbers lose bits and become 0, up to where there are none.
    exponents = [0, -1, -14, -100, -255, -269, -275, -300, 5, 240]
    decreased = []
    for value in (1.25, -0.1, 3.0):
        encoding = EncodedNumber.encode(public, value)
        for less in (0, 1, 16, 40):
            to = encoding.exponent - less
            smaller = encoding.decrease_exponent_to(to)
            decreased.append(
                encoded(encoding) | {"to": to, "decreased": f"{smaller.encoding:x}"}
            )
    # Fixed randomness and nothing re-randomised: the vectors are the same each time.
    a, b = public.encrypt(3.25, r_value=2), public.encrypt(-0.1, precision=1e-9, r_value=3)
    results = [a, b, a + b, a - b, a * -1.5, b * 7, (a + 1e-3) * 0.1, a + b * 2.75]
    return {
        "encode": [encode(public, value) for value in VALUES]
        + [encode(public, *pair) for pair in paired(VALUES, PRECISIONS, 2)]
        + [encode(public, v, max_exponent=most) for v, most in paired(VALUES, MAX_EXPONENTS, 2)],
        "integers": [
            {"value": str(value)} | encoded(EncodedNumber.encode(public, value))
            for value in (0, 1, -1, 2**127 - 1, -(2**127), 10**30)
        ],
        "decode": [decode(public, *pair) for pair in paired(mantissas, exponents, 3)],
        "decrease": decreased,
        "computed": [computed(public, private, result) for result in results],
    }


if __name__ == "__main__":
    file = json.loads((FIXTURES / "keys" / KEY).read_text())
    public = PaillierPublicKey(number(file["pub"]["n"]))
    private = PaillierPrivateKey(public, number(file["p"]), number(file["q"]))
    source = "interop/fixed_point.py, with python-paillier (phe) 1.5.0; floats as their bits"
    content = {"source": source, "key": KEY} | vectors(public, private)
    # One case a line.
    lists = [
        f' "{name}": [\n' + ",\n".join(f"  {json.dumps(case)}" for case in cases) + "\n ]"
        for name, cases in content.items()
        if isinstance(cases, list)
    ]
    head = [f' "{name}": {json.dumps(content[name])}' for name in ("source", "key")]
    text = "{\n" + ",\n".join(head + lists) + "\n}\n"
    (FIXTURES / "fixed-point.json").write_text(text)
