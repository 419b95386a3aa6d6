"""Encrypted arrays as Arrow's: an extension type over fixed-size binaries.

Row i of the array is one binary: the ciphertexts along the other axes, one after another. What else belongs to the
array is in the type's metadata, which files and streams keep. Programs that don't know the type see binaries.
"""

from __future__ import annotations

import json
import math
from typing import Any

from veilcast import _native, _wire
from veilcast._base import Encrypted
from veilcast._plain import LOWEST_EXPONENT
from veilcast.errors import CiphertextError, OtherKeyError, ShapeError

NAME = "veilcast.encrypted"

_type: Any = None


def dump(array: Encrypted) -> Any:
    """The array's rows as an ``ExtensionArray``: the bytes are written once, and Arrow refers to them."""
    if array.ndim == 0 or math.prod(array.shape[1:]) == 0:
        raise ShapeError(
            f"an array of shape {array.shape} has no rows of ciphertexts for Arrow: reshape it, to (1,) for instance"
        )
    pa, kind = _pyarrow()
    width = array._key.ciphertext_bytes * math.prod(array.shape[1:])
    metadata = {
        "dtype": str(array.dtype),
        "exponent": array.exponent,
        "bound_bits": _wire.bound_bits(array),
        "shape": array.shape[1:],
        "key": array._key.fingerprint.hex(),
    }
    data = pa.py_buffer(array._items.to_bytes())
    storage = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(array), [None, data])
    return pa.ExtensionArray.from_storage(kind(width, json.dumps(metadata)), storage)


def load(array: Any, key: _native.PublicKey) -> _wire.Loaded:
    """Reads such an array, or one of several chunks, after checks; the ciphertexts aren't copied first."""
    pa, kind = _pyarrow()
    if not isinstance(array, (pa.Array, pa.ChunkedArray)):
        raise CiphertextError(f"an Arrow array is needed, and this is a {type(array).__name__}")
    if not isinstance(array.type, kind):
        raise CiphertextError(
            f"an array of the type {array.type} isn't an encrypted one: EncryptedArray.to_arrow makes those"
        )
    if array.null_count:
        raise CiphertextError(f"{array.null_count} rows of the encrypted array are missing: drop or fill them first")
    is_float, exponent, bits, rest, fingerprint = _metadata(array.type.metadata)
    if fingerprint != key.fingerprint.hex():
        raise OtherKeyError("the array was encrypted under another key: give the key that it belongs to")
    width = key.ciphertext_bytes * math.prod(rest)
    if array.type.storage_type.byte_width != width or bits > key.bits:
        raise CiphertextError("the encrypted array's type is damaged: it doesn't fit the key")
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    parts = [_rows(chunk.storage, width, key) for chunk in chunks if len(chunk)]
    items = _native.Ciphertexts.concatenate(key, parts) if len(parts) != 1 else parts[0]
    return _wire.Loaded(items, (len(array), *rest), is_float, exponent, _wire.bound_of(bits, key), 0)


def _rows(storage: Any, width: int, key: _native.PublicKey) -> _native.Ciphertexts:
    data = memoryview(storage.buffers()[1])
    start = storage.offset * width
    return _wire.ciphertexts(data[start : start + len(storage) * width], key)


def _metadata(text: str) -> tuple[bool, int, int, tuple[int, ...], str]:
    try:
        found = json.loads(text)
        kinds = {"int64": False, "float64": True}
        is_float, exponent, bits = kinds[found["dtype"]], found["exponent"], found["bound_bits"]
        shape, fingerprint = tuple(found["shape"]), found["key"]
        numbers = [exponent, bits, *shape]
        if not all(type(number) is int for number in numbers) or min([bits, *shape]) < 0:
            raise ValueError
        if not LOWEST_EXPONENT <= exponent <= -LOWEST_EXPONENT or (exponent and not is_float):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise CiphertextError("the encrypted array's type is damaged: its metadata can't be read") from None
    return is_float, exponent, bits, shape, str(fingerprint)


def _pyarrow() -> tuple[Any, Any]:
    """The library, and the type, registered with it at the first call."""
    global _type
    try:
        import pyarrow  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise ImportError("Arrow's arrays need pyarrow: pip install pyarrow") from None
    if _type is None:
        _type = _extension_type(pyarrow)
        pyarrow.register_extension_type(_type(1, "{}"))
    return pyarrow, _type


def _extension_type(pa: Any) -> Any:
    class EncryptedType(pa.ExtensionType):  # type: ignore[misc]
        """Rows of ciphertexts."""

        def __init__(self, width: int, metadata: str) -> None:
            self.metadata = metadata
            super().__init__(pa.binary(width), NAME)

        def __arrow_ext_serialize__(self) -> bytes:
            return self.metadata.encode()

        @classmethod
        def __arrow_ext_deserialize__(cls, storage_type: Any, serialized: bytes) -> Any:
            return cls(storage_type.byte_width, serialized.decode(errors="replace"))

    return EncryptedType
