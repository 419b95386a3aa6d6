"""Encrypted arrays as bytes.

A header (the magic number ``VCEA``, the version, the data type, the exponent, the bound's logarithm to base 2
rounded up, the number of axes, the key's fingerprint, all big-endian), the length of each axis in eight bytes, the
bits of a slot in four bytes if the numbers are packed, and the ciphertexts, each of twice as many bytes as the
modulus has.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from veilcast import _native
from veilcast._base import Encrypted
from veilcast._plain import LOWEST_EXPONENT
from veilcast.errors import CiphertextError, OtherKeyError, ValueRangeError

_HEADER = struct.Struct(">4sBBiIB32s")
_SLOT = struct.Struct(">I")
_MAGIC = b"VCEA"
_PICKLE = b"\x80"
"""What pickles begin with."""
_VERSION = 1
_MOST_AXES = 32

_FLOAT = 1
_PACKED = 2
"""What the byte of the data type is made of."""


@dataclass(frozen=True)
class Loaded:
    """What the bytes hold, checked."""

    items: _native.Ciphertexts
    shape: tuple[int, ...]
    is_float: bool
    exponent: int
    bound: int
    slot_bits: int


def dump(array: Encrypted, slot_bits: int | None = None) -> bytes:
    shape = array.shape
    if len(shape) > _MOST_AXES:
        raise ValueRangeError(f"arrays with more than {_MOST_AXES} axes can't be written: reshape it first")
    header = _HEADER.pack(
        _MAGIC,
        _VERSION,
        _FLOAT * array._is_float + _PACKED * (slot_bits is not None),
        array.exponent,
        bound_bits(array),
        len(shape),
        array._key.fingerprint,
    )
    slot = b"" if slot_bits is None else _SLOT.pack(slot_bits)
    return b"".join((header, struct.pack(f">{len(shape)}Q", *shape), slot, array._items.to_bytes()))


def load(data: Any, key: _native.PublicKey, *, packed: bool) -> Loaded:
    """Reads an array from bytes, or anything with the buffer protocol, without copying it."""
    try:
        view = memoryview(data).cast("B")
    except TypeError:
        raise CiphertextError(
            f"an encrypted array is read from bytes, and this is a {type(data).__name__}"
        ) from None
    if view[:1] == _PICKLE:
        raise CiphertextError(
            "the bytes are a pickle, not an encrypted array: unpickle them if you trust whoever made them, or ask for"
            " what to_bytes() makes"
        )
    if len(view) < _HEADER.size or view[:4] != _MAGIC:
        raise CiphertextError("the bytes aren't an encrypted array: they don't begin like one")
    _, version, kind, exponent, bits, axes, fingerprint = _HEADER.unpack_from(view)
    if version != _VERSION:
        raise CiphertextError(f"the encrypted array has version {version}, and this package reads {_VERSION}")
    if fingerprint != key.fingerprint:
        raise OtherKeyError("the array was encrypted under another key: give the key that it belongs to")
    is_float, is_packed = bool(kind & _FLOAT), bool(kind & _PACKED)
    start = _HEADER.size + 8 * axes + _SLOT.size * is_packed
    if kind > _FLOAT + _PACKED or axes > _MOST_AXES or len(view) < start or (is_packed and axes == 0):
        raise CiphertextError("the bytes aren't an encrypted array: the header is damaged")
    if is_packed != packed:
        right = "PackedArray" if is_packed else "EncryptedArray"
        raise CiphertextError(f"the bytes are another kind of array: read them with {right}.from_bytes")
    if not LOWEST_EXPONENT <= exponent <= -LOWEST_EXPONENT or (exponent and not is_float):
        raise CiphertextError(f"an encrypted array can't have the exponent {exponent}")
    shape = struct.unpack_from(f">{axes}Q", view, _HEADER.size)
    if bits > key.bits:
        raise CiphertextError(f"the array's numbers have up to {bits} bits, and the key has room for {key.bits - 2}")
    bound = bound_of(bits, key)
    count, slot_bits = math.prod(shape), 0
    if is_packed:
        (slot_bits,) = _SLOT.unpack_from(view, start - _SLOT.size)
        per_ciphertext = key.slots(slot_bits)
        if per_ciphertext == 0 or bits > slot_bits:
            raise CiphertextError(f"packed numbers of {bits} bits can't have slots of {slot_bits} bits under this key")
        bound = min(bound, (1 << slot_bits) - 1)
        count = math.prod(shape[:-1]) * -(-shape[-1] // per_ciphertext)
    expected = start + count * key.ciphertext_bytes
    if len(view) != expected:
        raise CiphertextError(f"an encrypted array of shape {shape} has {expected} bytes, and these are {len(view)}")
    if any(length > 2**62 for length in shape):
        # Beside an axis of length 0.
        raise CiphertextError(f"there are no arrays of shape {shape}")
    items = ciphertexts(view[start:], key)
    return Loaded(items, shape, is_float, exponent, bound, slot_bits)


def bound_bits(array: Encrypted) -> int:
    """What is told of the bound: the power of two from it on."""
    return max(array._bound - 1, 0).bit_length()


def bound_of(bits: int, key: _native.PublicKey) -> int:
    """The bound that is known then."""
    return min(1 << bits, int.from_bytes(key.modulus, "big") // 3 - 1)


def ciphertexts(data: Any, key: _native.PublicKey) -> _native.Ciphertexts:
    """The ciphertexts in a buffer, one after another."""
    bytes_ = np.frombuffer(data, dtype=np.uint8) if len(data) else np.zeros(0, dtype=np.uint8)
    return _native.Ciphertexts.decode(key, bytes_)
