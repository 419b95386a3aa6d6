"""Arrays of encrypted numbers, which add up and are multiplied by plain ones as NumPy's do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from veilcast import _arrow, _native, _products, _wire
from veilcast._base import Encrypted, plain_only
from veilcast._plain import BASE, Plain, plain, to_bytes
from veilcast.errors import DtypeError, OtherKeyError, ShapeError, ValueRangeError

if TYPE_CHECKING:
    from veilcast.keys import PublicKey

__all__ = ["EncryptedArray", "concatenate"]

Axis = Union[SupportsIndex, Sequence[SupportsIndex], None]


class EncryptedArray(Encrypted):
    """Encrypted numbers under one key, in an array of any shape.

    Made by :meth:`Key.encrypt` and :meth:`PublicKey.encrypt`. Integers have the data type ``int64``; floats
    are ``float64``, and fixed-point numbers inside: whole multiples of 16^``exponent``.

    ``+`` and ``-`` take other arrays of the key and plain numbers, ``*``, ``@`` and ``/`` plain ones only,
    all with NumPy's broadcasting. Results are exact, but for ``/`` and :meth:`mean`, which multiply by a
    rounded reciprocal. An array knows a bound on the magnitude of its numbers, and a computation whose
    result might not fit the key raises :class:`PlaintextOverflowError` instead of being carried out.

    The shape, the data type, the exponent and the bound are public, and so are the ciphertexts. But
    whoever has the secret key could learn from computed ciphertexts how they were computed, the plain
    factors above all: :meth:`to_bytes` and pickling give them fresh randomness first.
    """

    __slots__ = ()

    @classmethod
    def _new(
        cls,
        key: _native.PublicKey,
        items: _native.Ciphertexts,
        shape: tuple[int, ...],
        is_float: bool,
        exponent: int,
        bound: int,
        *,
        fresh: bool,
    ) -> EncryptedArray:
        array = object.__new__(cls)
        array._key = key
        array._items = items
        array._shape = shape
        array._is_float = is_float
        array._exponent = exponent
        array._bound = bound
        array._fresh = fresh
        return array

    def _computed(
        self,
        items: _native.Ciphertexts,
        shape: tuple[int, ...],
        bound: int,
        *,
        is_float: bool | None = None,
        exponent: int | None = None,
    ) -> EncryptedArray:
        """An array that was computed from this one, and isn't fresh therefore."""
        return self._new(
            self._key,
            items,
            shape,
            self._is_float if is_float is None else is_float,
            self._exponent if exponent is None else exponent,
            bound,
            fresh=False,
        )

    @property
    def T(self) -> EncryptedArray:
        """The array with its axes reversed."""
        return self._at(self._places().T)

    # Parts and shapes.

    def _places(self) -> NDArray[np.int64]:
        """Where each number is in the flat array: NumPy works out shapes on these."""
        return np.arange(self.size, dtype=np.int64).reshape(self._shape)

    def _at(self, places: NDArray[np.int64]) -> EncryptedArray:
        """The numbers at these places, in their shape."""
        items = self._items.take(np.ascontiguousarray(places).reshape(-1))
        return self._new(
            self._key, items, places.shape, self._is_float, self._exponent, self._bound, fresh=self._fresh
        )

    def __getitem__(self, index: Any) -> EncryptedArray:
        return self._at(np.asarray(self._places()[index]))

    def __iter__(self) -> Iterator[EncryptedArray]:
        return (self[i] for i in range(len(self)))

    def reshape(self, *shape: Any) -> EncryptedArray:
        """The same numbers in another shape; one length may be -1.

        Raises:
            ShapeError: if the shape is for another number of numbers.
        """
        try:
            places = self._places().reshape(*shape)
        except ValueError as error:
            raise ShapeError(str(error)) from None
        return self._at(places)

    def ravel(self) -> EncryptedArray:
        """The same numbers along one axis."""
        return self.reshape(-1)

    def _broadcast(self, shape: tuple[int, ...]) -> EncryptedArray:
        if shape == self._shape:
            return self
        return self._at(np.broadcast_to(self._places(), shape))

    def _common_shape(self, other: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return np.broadcast_shapes(self._shape, other)
        except ValueError:
            raise ShapeError(f"the shapes {self._shape} and {other} don't fit together") from None

    # Sums.

    def _lowered(self, exponent: int) -> EncryptedArray:
        """The same numbers as multiples of a smaller power of 16."""
        digits = self._exponent - exponent
        if digits == 0:
            return self
        # Powers that can't fit aren't even computed.
        bits = self._bound.bit_length() + 4 * digits
        if bits > self._key.bits + 4:
            self._check_room(self._key, 1 << (bits - 1), exponent)
        factor = BASE**digits
        self._check_room(self._key, self._bound * factor, exponent)
        numbers = _native.Plaintexts.raw(self._key, [to_bytes(factor)] * self.size)
        items = self._items.multiply(numbers)
        return self._computed(items, self._shape, self._bound * factor, exponent=exponent)

    def _aligned(self, other: EncryptedArray) -> tuple[EncryptedArray, EncryptedArray]:
        """Both arrays in one shape, with one exponent."""
        self._check_key(other)
        shape = self._common_shape(other._shape)
        exponent = min(self._exponent, other._exponent)
        return self._lowered(exponent)._broadcast(shape), other._lowered(exponent)._broadcast(shape)

    def _plus(self, other: EncryptedArray, *, negative: bool = False) -> EncryptedArray:
        a, b = self._aligned(other)
        bound = a._bound + b._bound
        self._check_room(self._key, bound)
        items = a._items.subtract(b._items) if negative else a._items.add(b._items)
        return a._computed(items, a._shape, bound, is_float=a._is_float or b._is_float)

    def _plus_plain(self, numbers: Plain) -> EncryptedArray:
        shape = self._common_shape(numbers.values.shape)
        exponent = min(self._exponent, numbers.exponent())
        bound = numbers.bound(exponent)
        self._check_room(self._key, bound, exponent)
        a = self._lowered(exponent)._broadcast(shape)
        self._check_room(self._key, a._bound + bound)
        items = a._items.add_plaintexts(numbers.broadcast(shape).plaintexts(self._key, exponent))
        return a._computed(items, shape, a._bound + bound, is_float=a._is_float or numbers.is_float)

    def __add__(self, other: EncryptedArray | ArrayLike) -> EncryptedArray:
        if isinstance(other, EncryptedArray):
            return self._plus(other)
        return self._plus_plain(plain(other))

    __radd__ = __add__

    def __sub__(self, other: EncryptedArray | ArrayLike) -> EncryptedArray:
        if isinstance(other, EncryptedArray):
            return self._plus(other, negative=True)
        numbers = plain(other)
        if numbers.magnitude == 2**63 and not numbers.is_float:
            # The negative of the smallest integer of 64 bits has no room there.
            return -((-self)._plus_plain(numbers))
        return self._plus_plain(Plain(-numbers.values, numbers.natural_bound))

    def __rsub__(self, other: ArrayLike) -> EncryptedArray:
        return (-self)._plus_plain(plain(other))

    def __neg__(self) -> EncryptedArray:
        return self._computed(self._items.negate(), self._shape, self._bound)

    def __pos__(self) -> EncryptedArray:
        return self

    def sum(
        self, axis: Axis = None, dtype: None = None, out: None = None, *, keepdims: bool = False
    ) -> EncryptedArray:
        """The sum of all numbers, or of those along one axis or several.

        Raises:
            PlaintextOverflowError: if the sum might not fit the key.
        """
        if dtype is not None or out is not None:
            raise DtypeError("encrypted sums keep their data type and are new arrays: leave out dtype and out")
        places = self._places()
        if axis is None:
            axes = tuple(range(self.ndim))
        else:
            several = axis if isinstance(axis, Sequence) else (axis,)
            axes = tuple(range(self.ndim)[one] for one in several)
        kept = np.sum(np.zeros(self._shape, dtype=np.bool_), axis=axes, keepdims=keepdims).shape
        terms = int(np.prod([self._shape[i] for i in axes], dtype=np.int64))
        count = int(np.prod(kept, dtype=np.int64))
        if count == 0 or terms == 0:
            return self._computed(_native.Ciphertexts.zeros(self._key, count), kept, 0)
        bound = self._bound * terms
        self._check_room(self._key, bound)
        rows = np.moveaxis(places, axes, tuple(range(-len(axes), 0))).reshape(count, terms)
        return self._computed(self._items.sums(np.ascontiguousarray(rows)), kept, bound)

    def mean(
        self, axis: Axis = None, dtype: None = None, out: None = None, *, keepdims: bool = False
    ) -> EncryptedArray:
        """The mean of all numbers, or of those along one axis or several: the sum times a reciprocal.

        Raises:
            PlaintextOverflowError: if the result might not fit the key.
            ValueRangeError: if there is nothing to take the mean of.
        """
        total = self.sum(axis, dtype, out, keepdims=keepdims)
        if self.size == 0 or total.size == 0:
            raise ValueRangeError("there are no numbers to take the mean of")
        return total * (total.size / self.size)

    # Products.

    def __mul__(self, other: ArrayLike) -> EncryptedArray:
        numbers = self._factors(other)
        shape = self._common_shape(numbers.values.shape)
        exponent = numbers.exponent()
        bound = self._bound * numbers.bound(exponent)
        self._check_room(self._key, max(bound, numbers.bound(exponent)), self._exponent + exponent)
        factors = numbers.broadcast(shape).plaintexts(self._key, exponent)
        items = self._broadcast(shape)._items.multiply(factors)
        is_float = self._is_float or numbers.is_float
        return self._computed(
            items, shape, bound, is_float=is_float, exponent=self._exponent + exponent
        )

    __rmul__ = __mul__

    def __truediv__(self, other: ArrayLike) -> EncryptedArray:
        numbers = self._factors(other)
        if not numbers.values.all():
            raise ZeroDivisionError("an encrypted number can't be divided by zero")
        return self * (1.0 / numbers.values)

    def __matmul__(self, other: ArrayLike) -> EncryptedArray:
        return _products.matmul(self, self._factors(other), encrypted_is_left=True)

    def __rmatmul__(self, other: ArrayLike) -> EncryptedArray:
        return _products.matmul(self, self._factors(other), encrypted_is_left=False)

    def dot(self, other: ArrayLike) -> EncryptedArray:
        """The product with a plain vector or matrix, as ``@``, or with a plain number, as ``*``.

        Raises:
            ShapeError: if the shapes don't fit together.
            PlaintextOverflowError: if the result might not fit the key.
        """
        if self.ndim == 0 or np.ndim(plain_only(other)) == 0:
            return self * other
        return self @ other

    def _factors(self, other: ArrayLike) -> Plain:
        return plain(plain_only(other))

    # What leaves the process.

    def with_bound(self, bound: float) -> EncryptedArray:
        """The same numbers with a larger bound, so that it reveals nothing of plain numbers computed with.

        Raises:
            ValueRangeError: if the array's own bound is larger.
            PlaintextOverflowError: if the key has no room for it.
        """
        larger = self._with_bound(bound)
        self._check_room(self._key, larger._bound)
        return larger

    def to_bytes(self, *, rerandomize: bool = True) -> bytes:
        """The array as bytes, for :meth:`from_bytes`. They hold the key's fingerprint, but not the key.

        They reveal the number of bits of the bound: see :meth:`with_bound`.

        Args:
            rerandomize: Give computed ciphertexts fresh randomness first, as :meth:`rerandomized` does.
                Without it the key's owner can learn about the plain numbers that were computed with.
        """
        return _wire.dump(self._fit_to_leave(rerandomize))

    @classmethod
    def from_bytes(cls, data: Any, key: PublicKey) -> EncryptedArray:
        """The array of bytes made by :meth:`to_bytes`, after checks.

        Args:
            data: The bytes, or anything with the buffer protocol: a ``memoryview``, an ``mmap``, Arrow's buffer.
            key: The key that the array belongs to.

        Raises:
            CiphertextError: if the bytes aren't an array.
            OtherKeyError: if the array is another key's.
        """
        return cls._loaded(_wire.load(data, key._key, packed=False), key)

    def to_arrow(self, *, rerandomize: bool = True) -> Any:
        """The array as Arrow's: a row is a binary of fixed size, which holds the ciphertexts along the other
        axes. The data type, the exponent and the bound are in the type's metadata. Nothing is copied.

        Args:
            rerandomize: As for :meth:`to_bytes`.

        Raises:
            ShapeError: if there are no axes, or nothing in a row.
            ImportError: if pyarrow isn't installed.
        """
        return _arrow.dump(self._fit_to_leave(rerandomize))

    @classmethod
    def from_arrow(cls, array: Any, key: PublicKey) -> EncryptedArray:
        """The array of one made by :meth:`to_arrow`, or of a column with several chunks, after checks.

        Raises:
            CiphertextError: if it isn't one.
            OtherKeyError: if it is another key's.
            ImportError: if pyarrow isn't installed.
        """
        return cls._loaded(_arrow.load(array, key._key), key)

    @classmethod
    def _loaded(cls, loaded: _wire.Loaded, key: PublicKey) -> EncryptedArray:
        return cls._new(
            key._key,
            loaded.items,
            loaded.shape,
            loaded.is_float,
            loaded.exponent,
            loaded.bound,
            fresh=True,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return EncryptedArray.from_bytes, (self.to_bytes(), self.public_key)


def concatenate(arrays: Sequence[EncryptedArray], axis: SupportsIndex = 0) -> EncryptedArray:
    """Arrays of one key joined along an axis, as by ``numpy.concatenate``.

    Raises:
        DtypeError: if something isn't an encrypted array.
        OtherKeyError: if the arrays are of different keys.
        ShapeError: if the shapes don't fit together.
    """
    parts = list(arrays)
    if not parts:
        raise ShapeError("there is nothing to concatenate")
    for part in parts:
        if not isinstance(part, EncryptedArray):
            raise DtypeError(f"only encrypted arrays can be joined, and there is a {type(part).__name__}")
        if part._key != parts[0]._key:
            raise OtherKeyError("the arrays were encrypted under different keys")
    exponent = min(part._exponent for part in parts)
    parts = [part._lowered(exponent) for part in parts]
    starts = np.cumsum([0, *(part.size for part in parts)])
    try:
        places = np.concatenate(
            [part._places() + start for part, start in zip(parts, starts.tolist())], axis=axis
        )
    except ValueError as error:
        raise ShapeError(str(error)) from None
    first = parts[0]
    joined = EncryptedArray._new(
        first._key,
        _native.Ciphertexts.concatenate(first._key, [part._items for part in parts]),
        (int(starts[-1]),),
        any(part._is_float for part in parts),
        exponent,
        max(part._bound for part in parts),
        fresh=all(part._fresh for part in parts),
    )
    return joined._at(places)
