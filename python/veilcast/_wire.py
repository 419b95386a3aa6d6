"""Encrypted arrays as bytes.

A header (the magic number ``VCEA``, the version, the data type, the exponent, the bits of the bound, the number
of axes, the key's fingerprint, all big-endian), the length of each axis in eight bytes, and the ciphertexts, each
of twice as many bytes as the modulus has.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from veilcast import _native
from veilcast._plain import LOWEST_EXPONENT, scaled
from veilcast.errors import CiphertextError, OtherKeyError, ValueRangeError

if TYPE_CHECKING:
    from veilcast.arrays import EncryptedArray

_HEADER = struct.Struct(">4sBBiIB32s")
_MAGIC = b"VCEA"
_VERSION = 1
_MOST_AXES = 32


def dump(array: EncryptedArray) -> bytes:
    shape = array.shape
    if len(shape) > _MOST_AXES:
        raise ValueRangeError(f"arrays with more than {_MOST_AXES} axes can't be written: reshape it first")
    header = _HEADER.pack(
        _MAGIC,
        _VERSION,
        int(array._is_float),
        array.exponent,
        array._bound.bit_length(),
        len(shape),
        array._key.fingerprint,
    )
    return header + struct.pack(f">{len(shape)}Q", *shape) + array._items.to_bytes()


def load(data: bytes, key: _native.PublicKey) -> EncryptedArray:
    from veilcast.arrays import EncryptedArray

    data = bytes(data)
    if len(data) < _HEADER.size or data[:4] != _MAGIC:
        raise CiphertextError("the bytes aren't an encrypted array: they don't begin like one")
    _, version, is_float, exponent, bits, axes, fingerprint = _HEADER.unpack_from(data)
    if version != _VERSION:
        raise CiphertextError(f"the encrypted array has version {version}, and this package reads {_VERSION}")
    if fingerprint != key.fingerprint:
        raise OtherKeyError("the array was encrypted under another key: give the key that it belongs to")
    start = _HEADER.size + 8 * axes
    if is_float > 1 or axes > _MOST_AXES or len(data) < start:
        raise CiphertextError("the bytes aren't an encrypted array: the header is damaged")
    if not LOWEST_EXPONENT <= exponent <= -LOWEST_EXPONENT or (exponent and not is_float):
        raise CiphertextError(f"an encrypted array can't have the exponent {exponent}")
    shape = struct.unpack_from(f">{axes}Q", data, _HEADER.size)
    expected = start + math.prod(shape) * key.ciphertext_bytes
    if len(data) != expected:
        raise CiphertextError(f"an encrypted array of shape {shape} has {expected} bytes, and these are {len(data)}")
    if any(length > 2**62 for length in shape):
        # Beside an axis of length 0.
        raise CiphertextError(f"there are no arrays of shape {shape}")
    if bits > key.bits:
        raise CiphertextError(f"the array's numbers have up to {bits} bits, and the key has room for {key.bits - 2}")
    items = _native.Ciphertexts.decode(key, data[start:])
    room = int.from_bytes(key.modulus, "big") // 3 - 1
    bound = min((1 << bits) - 1, room)
    return EncryptedArray._new(key, items, shape, bool(is_float), exponent, bound, fresh=True)


def with_bound(array: EncryptedArray, bound: float) -> EncryptedArray:
    if not 0 <= bound < math.inf:
        raise ValueRangeError("the bound must be a finite number from 0 on")
    mantissas = scaled(bound, array.exponent)
    if mantissas < array._bound:
        raise ValueRangeError(f"the array's own bound, {array.bound}, is larger")
    array._check_room(array._key, mantissas)
    return array._new(
        array._key,
        array._items,
        array.shape,
        array._is_float,
        array.exponent,
        mantissas,
        fresh=array._fresh,
    )
