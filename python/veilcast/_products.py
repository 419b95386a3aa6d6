"""Matrix products of encrypted and plain numbers."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from veilcast import _native
from veilcast._plain import Plain, scaled
from veilcast._progress import step
from veilcast.errors import ShapeError

if TYPE_CHECKING:
    from veilcast.arrays import EncryptedArray

_WEIGHTS_AT_ONCE = 2**16
"""Encoded for the key, each takes some hundred bytes."""


def matmul(encrypted: EncryptedArray, numbers: Plain, *, encrypted_is_left: bool) -> EncryptedArray:
    """The product of vectors and matrices as by NumPy's ``matmul``, exact."""
    values = numbers.values
    left, right = (encrypted.shape, values.shape) if encrypted_is_left else (values.shape, encrypted.shape)
    if not (1 <= len(left) <= 2 and 1 <= len(right) <= 2):
        raise ShapeError(f"@ takes vectors and matrices, and these shapes are {left} and {right}")
    terms = left[-1]
    if terms != right[0]:
        raise ShapeError(f"the shapes {left} and {right} don't fit together: {terms} isn't {right[0]}")

    rows, columns = math.prod(left[:-1]), math.prod(right[1:])
    # Each encrypted vector is multiplied by each vector of weights.
    places = encrypted._places()
    if encrypted_is_left:
        vectors, weights = places.reshape(rows, terms), values.reshape(terms, columns).T
    else:
        vectors, weights = places.reshape(terms, columns).T, values.reshape(rows, terms)
    shape = left[:-1] + right[1:]
    exponent = numbers.exponent()
    bound = encrypted._bound * _largest_sum(Plain(weights, 0), exponent)
    encrypted._check_room(
        encrypted._key, max(bound, numbers.bound(exponent)), encrypted._exponent + exponent
    )
    is_float = encrypted._is_float or numbers.is_float

    key, count = encrypted._key, len(weights)
    at_once = max(1, _WEIGHTS_AT_ONCE // max(1, terms))
    parts = []
    # Where the result of each vector and each row of weights will be among the parts.
    order = np.empty((len(vectors), count), dtype=np.int64)
    done = 0
    for start in range(0, count, at_once):
        some = Plain(weights[start : start + at_once], 0)
        encoded = some.plaintexts(key, exponent)
        width = len(some.values)
        for places_of, vector in zip(order, vectors):
            items = encrypted._items.take(np.ascontiguousarray(vector))
            parts.append(
                items.weighted_sums(encoded, width) if terms else _native.Ciphertexts.zeros(key, width)
            )
            places_of[start : start + width] = np.arange(done, done + width)
            done += width
            # Within a chunk nothing is reported: its signs would be counted, not its rows.
            if done < len(vectors) * count or len(parts) > 1:
                step(done, len(vectors) * count)
    items = _native.Ciphertexts.concatenate(key, parts)
    order = order if encrypted_is_left else order.T
    items = items.take(np.ascontiguousarray(order).reshape(-1))
    return encrypted._computed(
        items, shape, bound, is_float=is_float, exponent=encrypted._exponent + exponent
    )


def _largest_sum(weights: Plain, exponent: int) -> int:
    """A bound on the sum of the magnitudes in any row, as a multiple of 16^exponent."""
    count: int = weights.values.shape[-1]
    at_most: int = count * weights.bound(exponent)
    if weights.values.size == 0:
        return at_most
    sums = np.abs(weights.values.astype(np.float64)).sum(axis=-1)
    # Each addition and conversion rounds by a 2^53rd at most.
    largest: float = sums.max().item()
    if not np.isfinite(largest):
        return at_most
    total = Fraction(largest) * (1 + Fraction(count + 2, 2**52))
    return min(at_most, scaled(total, exponent))
