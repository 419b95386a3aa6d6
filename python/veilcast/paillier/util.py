"""Number theory on Python's integers, with python-paillier's names: for small numbers and old programs. Keys are
made and used without it."""

from __future__ import annotations

import math
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Union

__all__ = [
    "HAVE_CRYPTO",
    "HAVE_GMP",
    "base64_to_int",
    "base64url_decode",
    "base64url_encode",
    "extended_euclidean_algorithm",
    "first_primes",
    "getprimeover",
    "improved_i_sqrt",
    "int_to_base64",
    "invert",
    "is_prime",
    "isqrt",
    "miller_rabin",
    "mulmod",
    "powmod",
]

HAVE_GMP = False
"""Python's own integers are enough here."""

HAVE_CRYPTO = False


def powmod(a: int, b: int, c: int) -> int:
    """a^b modulo c."""
    return pow(a, b, c)


def mulmod(a: int, b: int, c: int) -> int:
    """a·b modulo c."""
    return a * b % c


def extended_euclidean_algorithm(a: int, b: int) -> tuple[int, int, int]:
    """r, s and t with r = gcd(a, b) = s·a + t·b."""
    (r, s, t), (next_r, next_s, next_t) = (a, 1, 0), (b, 0, 1)
    while next_r:
        quotient = r // next_r
        r, next_r = next_r, r - quotient * next_r
        s, next_s = next_s, s - quotient * next_s
        t, next_t = next_t, t - quotient * next_t
    return r, s, t


def invert(a: int, b: int) -> int:
    """The inverse of a modulo b.

    Raises:
        ZeroDivisionError: if there is none.
    """
    try:
        return pow(a, -1, b)
    except ValueError:
        raise ZeroDivisionError(f"the number has no inverse modulo {b}") from None


def getprimeover(N: int) -> int:
    """A random prime of at least N bits, fit for secrets."""
    number = secrets.randbits(N) | 1 << (N - 1) | 1
    while not is_prime(number):
        number += 2
    return number


def isqrt(N: int) -> int:
    """The integer square root."""
    return math.isqrt(N)


def improved_i_sqrt(n: int) -> int:
    """The integer square root."""
    return math.isqrt(n)


def base64url_encode(payload: Union[bytes, str]) -> str:
    """Base64 for addresses, without padding."""
    data = payload if isinstance(payload, bytes) else payload.encode()
    return urlsafe_b64encode(data).decode().rstrip("=")


def base64url_decode(payload: str) -> bytes:
    """Bytes from base64 for addresses, without padding.

    Raises:
        ValueError: if it isn't that.
    """
    if len(payload) % 4 == 1:
        raise ValueError("the text isn't base64: its length is impossible")
    return urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


def base64_to_int(source: str) -> int:
    """A number from its big-endian bytes in base64."""
    return int.from_bytes(base64url_decode(source), "big")


def int_to_base64(source: int) -> str:
    """A positive number's big-endian bytes in base64."""
    assert source != 0
    return base64url_encode(source.to_bytes((source.bit_length() + 7) // 8, "big"))


def _primes_below(limit: int) -> list[int]:
    is_composite = bytearray(limit)
    primes = []
    for number in range(2, limit):
        if not is_composite[number]:
            primes.append(number)
            is_composite[number * number :: number] = b"\1" * len(range(number * number, limit, number))
    return primes


first_primes = _primes_below(17881)
"""The primes by which :func:`is_prime` divides first."""


def miller_rabin(n: int, k: int) -> bool:
    """Whether n > 3 passes Miller and Rabin's test for k random bases. Composites do with a probability of
    at most 4^-k."""
    assert n > 3
    twos = ((n - 1) & -(n - 1)).bit_length() - 1
    odd = (n - 1) >> twos
    for _ in range(k):
        power = pow(secrets.randbelow(n - 3) + 2, odd, n)
        if power in (1, n - 1):
            continue
        for _ in range(1, twos):
            power = power * power % n
            if power == n - 1:
                break
        else:
            return False
    return True


def is_prime(n: int, mr_rounds: int = 25) -> bool:
    """Whether n is a prime, but for a composite with a probability of at most 4^-mr_rounds."""
    if n <= first_primes[-1]:
        return n in first_primes
    return all(n % prime for prime in first_primes) and miller_rabin(n, mr_rounds)
