"""The ciphertexts that a seed gives, by Python's standard library alone.

Written from the description of seeded uploads, apart from the Rust code: a + b·n for halves a and b
from SHAKE256, each of 128 bits more than n before it is reduced.
"""

import hashlib

DOMAIN = b"veilcast seeded upload v1"


def ciphertext(n, seed, number):
    """Ciphertext `number` of a seed of 32 bytes, under the modulus n."""
    length = (n.bit_length() + 7) // 8
    absorbed = DOMAIN + length.to_bytes(4, "big") + n.to_bytes(length, "big")
    absorbed += seed + number.to_bytes(8, "big")
    half = length + 16
    squeezed = hashlib.shake_256(absorbed).digest(2 * half)
    a, b = (int.from_bytes(part, "big") % n for part in (squeezed[:half], squeezed[half:]))
    return a + b * n
