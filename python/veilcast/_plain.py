"""Plain numbers, as NumPy's arrays, on their way into ciphertexts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from veilcast import _native
from veilcast.errors import DtypeError, PlaintextOverflowError, ValueRangeError

BASE = 16
"""Fixed-point numbers are multiples of powers of this, as in python-paillier."""

LOWEST_EXPONENT = -16384
"""Numbers beyond have no use, and their powers of 16 would only take memory."""

_INT64 = np.iinfo(np.int64)


@dataclass(frozen=True)
class Plain:
    """Numbers of one shape, of 64 bits: integers or floats."""

    values: NDArray[Any]
    """Of the data type ``int64`` or ``float64``."""

    natural_bound: int
    """The largest magnitude that the original integers could have had, by their data type."""

    @property
    def is_float(self) -> bool:
        return self.values.dtype == np.float64

    @property
    def magnitude(self) -> int | float:
        """The largest magnitude of the numbers."""
        if self.values.size == 0:
            return 0
        low: int | float = self.values.min().item()
        high: int | float = self.values.max().item()
        return max(-low, high, 0)

    def exponent(self) -> int:
        """The largest exponent up to 0 at which all numbers are integers times 16^exponent, exactly."""
        if not self.is_float:
            return 0
        numbers = self.values[self.values != 0]
        if numbers.size == 0:
            return 0
        significand, exponent = np.frexp(numbers)
        integer = (significand * 2.0**53).astype(np.int64)
        # The lowest bit that is set, as a power of two, has an exact logarithm.
        trailing = np.log2((integer & -integer).astype(np.float64)).astype(np.int64)
        lowest = int((exponent.astype(np.int64) - 53 + trailing).min())
        return min(lowest // 4, 0)

    def bound(self, exponent: int) -> int:
        """The largest magnitude of the numbers as multiples of 16^exponent, rounded up."""
        return scaled(self.magnitude, exponent)

    def plaintexts(self, key: _native.PublicKey, exponent: int) -> _native.Plaintexts:
        """The numbers rounded to multiples of 16^exponent, encoded for a key."""
        flat = np.ascontiguousarray(self.values).reshape(-1)
        if self.is_float:
            return _native.Plaintexts.floats(key, flat, exponent)
        return _native.Plaintexts.integers(key, flat, exponent)

    def broadcast(self, shape: tuple[int, ...]) -> Plain:
        return Plain(np.broadcast_to(self.values, shape), self.natural_bound)


def plain(values: object) -> Plain:
    """Checks numbers, or arrays of numbers.

    Raises:
        DtypeError: if something isn't a real number, or an integer doesn't fit 64 bits.
        ValueRangeError: if a number is infinite or not a number.
    """
    array: NDArray[Any] = np.asarray(values)
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueRangeError("the array has masked values: fill them first")
    kind = array.dtype.kind
    if kind in "bi":
        bound = 1 if kind == "b" else -int(np.iinfo(array.dtype).min)
        return Plain(array.astype(np.int64), bound)
    if kind == "u":
        if array.size and int(array.max()) > _INT64.max:
            raise DtypeError(
                f"an integer is above {_INT64.max}: only 64-bit signed integers can be encrypted in arrays"
            )
        return Plain(array.astype(np.int64), min(int(np.iinfo(array.dtype).max), _INT64.max))
    if kind == "f" and array.dtype.itemsize <= 8:
        floats = array.astype(np.float64)
        bad = ~np.isfinite(floats)
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            place = f" at {first[0] if len(first) == 1 else first}" if first else ""
            raise ValueRangeError(
                f"there is {floats[first]}{place}, and only finite numbers can be encrypted: fill or drop"
                " missing values first"
            )
        return Plain(floats, 0)
    raise DtypeError(_not_numbers(array))


def _not_numbers(array: NDArray[Any]) -> str:
    if array.dtype != object:
        return f"arrays of {array.dtype} can't be encrypted: convert to int64 or float64 first"
    for item in array.reshape(-1):
        if isinstance(item, int) and not isinstance(item, bool):
            if not _INT64.min <= item <= _INT64.max:
                return "an integer doesn't fit 64 bits: use veilcast.paillier for larger ones"
        elif not isinstance(item, (float, np.number)):
            return (
                f"the array has objects in it, such as a {type(item).__name__}: convert it to numbers first,"
                " with astype(float) for instance"
            )
    return "the array has the data type object: convert it to int64 or float64 first"


def scaled(magnitude: int | float | Fraction, exponent: int) -> int:
    """A magnitude as a multiple of 16^exponent, rounded up."""
    return math.ceil(Fraction(magnitude) * power(-exponent))


def power(exponent: int) -> Fraction:
    """16^exponent."""
    if not LOWEST_EXPONENT <= exponent <= -LOWEST_EXPONENT:
        raise PlaintextOverflowError(f"16^{exponent} is beyond what fixed-point numbers can be")
    return Fraction(BASE) ** exponent


def to_bytes(number: int) -> bytes:
    """A number from 0 on as big-endian bytes."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
