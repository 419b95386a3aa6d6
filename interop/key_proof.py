"""A key's proof that gcd(n, φ(n)) = 1, by Python's standard library alone.

Written from the description of key proofs, apart from the Rust code: n-th roots modulo n of eight
numbers that SHAKE256 makes of n, each of 128 bits more than n before it is reduced.
"""

import base64
import hashlib

DOMAIN = b"veilcast key proof v1"
ROOTS = 8


def challenge(n, number):
    """Number `number` of those whose roots prove n."""
    length = (n.bit_length() + 7) // 8
    absorbed = DOMAIN + length.to_bytes(4, "big") + n.to_bytes(length, "big")
    absorbed += number.to_bytes(8, "big")
    return int.from_bytes(hashlib.shake_256(absorbed).digest(length + 16), "big") % n


def prove(p, q):
    """The proof for n = p·q: eight roots, one after another, each of n's bytes."""
    n = p * q
    exponent = pow(n, -1, (p - 1) * (q - 1))
    length = (n.bit_length() + 7) // 8
    roots = (pow(challenge(n, number), exponent, n) for number in range(ROOTS))
    return b"".join(root.to_bytes(length, "big") for root in roots)


def text(proof):
    """A proof as requests and key files hold it: base64url without padding."""
    return base64.urlsafe_b64encode(proof).rstrip(b"=").decode()


if __name__ == "__main__":
    # The vectors that all clients are tested with; run from the repository's root.
    import json
    from pathlib import Path

    def number(text):
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    fixtures = Path("crates/paillier/tests/fixtures")
    cases = []
    for name in ("insecure-1024.json", "good-2048.json"):
        key = json.loads((fixtures / "keys" / name).read_text())
        n = number(key["pub"]["n"])
        proof = prove(number(key["p"]), number(key["q"]))
        cases.append({"key": name, "challenge": f"{challenge(n, 7):x}", "proof": text(proof)})
    source = "interop/key_proof.py; `challenge` is the last one, in hexadecimal"
    content = json.dumps({"source": source, "cases": cases}, indent=1)
    (fixtures / "key-proof.json").write_text(content + "\n")
