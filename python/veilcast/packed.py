"""Arrays of which several numbers share a ciphertext."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from veilcast import _native, _wire
from veilcast._base import Encrypted, plain_only
from veilcast._plain import BASE, Plain, plain, to_bytes
from veilcast.errors import DtypeError, PlaintextOverflowError, ShapeError

if TYPE_CHECKING:
    from veilcast.keys import PublicKey

__all__ = ["PackedArray"]

Axis = Union[SupportsIndex, Sequence[SupportsIndex], None]


class PackedArray(Encrypted):
    """Encrypted numbers of which those along the last axis share ciphertexts, as many as have room.

    Made by ``Key.encrypt(values, packed=True)``. Arrays of the same shape add up, plain numbers can be added,
    all numbers can be multiplied by one plain number, and other axes than the last can be summed over: all of
    that at once for all the numbers in a ciphertext, in a fraction of the time and the bytes. Single numbers
    along the last axis can't be taken out or multiplied before :meth:`Key.decrypt`.

    Each number has a slot, with room for results up to ``room`` times as large as what was encrypted. A
    computation whose results might need more raises :class:`PlaintextOverflowError`.
    """

    __slots__ = ("_bits",)
    _bits: int

    @classmethod
    def _new(
        cls,
        key: _native.PublicKey,
        items: _native.Ciphertexts,
        shape: tuple[int, ...],
        is_float: bool,
        exponent: int,
        bound: int,
        bits: int,
    ) -> PackedArray:
        array = object.__new__(cls)
        array._key = key
        array._items = items
        array._shape = shape
        array._is_float = is_float
        array._exponent = exponent
        array._bound = bound
        array._fresh = True
        array._bits = bits
        return array

    # Where the numbers are.

    @property
    def slot_bits(self) -> int:
        """The most bits that a result may have in magnitude."""
        return self._bits

    @property
    def per_ciphertext(self) -> int:
        """How many numbers have room in a ciphertext."""
        return self._key.slots(self._bits)

    @property
    def ciphertexts(self) -> int:
        """How many ciphertexts there are."""
        return len(self._items)

    @property
    def _rows(self) -> tuple[int, ...]:
        return self._shape[:-1]

    @property
    def _per_row(self) -> int:
        return -(-self._shape[-1] // self.per_ciphertext)

    def _places(self) -> NDArray[np.int64]:
        """Where the ciphertexts of each row are, along a last axis."""
        return np.arange(len(self._items), dtype=np.int64).reshape(*self._rows, self._per_row)

    def __getitem__(self, index: Any) -> PackedArray:
        """Parts along all axes but the last."""
        rows = np.arange(int(np.prod(self._rows, dtype=np.int64))).reshape(self._rows)
        try:
            chosen = np.asarray(rows[index])
        except IndexError as error:
            raise IndexError(f"{error}: the last axis of a packed array can't be indexed") from None
        places = self._places().reshape(-1, self._per_row)[chosen]
        items = self._items.take(np.ascontiguousarray(places).reshape(-1))
        return self._like(items=items, shape=(*chosen.shape, self._shape[-1]))

    def __iter__(self) -> Iterator[PackedArray]:
        if not self._rows:
            raise TypeError("the numbers of a packed array without other axes can't be taken out one by one")
        return (self[i] for i in range(len(self)))

    def _check_slots(self, bound: int) -> None:
        if bound.bit_length() > self._bits:
            raise PlaintextOverflowError(
                f"the results might have up to {bound.bit_length()} bits, and their slots have {self._bits}: encrypt"
                " with more room, a smaller bound or a coarser precision"
            )

    def _computed(self, items: _native.Ciphertexts, bound: int, **changes: Any) -> PackedArray:
        return self._like(items=items, bound=bound, fresh=False, **changes)

    # Sums.

    def _times(self, factor: int) -> PackedArray:
        """The integers inside, multiplied."""
        self._check_slots(self._bound * factor)
        numbers = _native.Plaintexts.raw(self._key, [to_bytes(factor)] * len(self._items))
        return self._computed(self._items.multiply(numbers), self._bound * factor)

    def _lowered(self, exponent: int) -> PackedArray:
        """The same numbers as multiples of a smaller power of 16."""
        digits = self._exponent - exponent
        if digits == 0:
            return self
        if 4 * digits > self._bits:
            # Such powers aren't even computed.
            self._check_slots(1 << (self._bits + 1))
        return self._times(BASE**digits)._like(exponent=exponent)

    def _plus(self, other: PackedArray, *, negative: bool = False) -> PackedArray:
        self._check_key(other)
        if self._shape != other._shape:
            raise ShapeError(
                f"packed arrays are added if their shapes are equal, and these are {self._shape} and {other._shape}"
            )
        if self._bits != other._bits:
            raise ShapeError(
                f"the arrays' slots have {self._bits} and {other._bits} bits: encrypt both with the same bound,"
                " precision and room"
            )
        exponent = min(self._exponent, other._exponent)
        a, b = self._lowered(exponent), other._lowered(exponent)
        bound = a._bound + b._bound
        self._check_slots(bound)
        items = a._items.subtract(b._items) if negative else a._items.add(b._items)
        return a._computed(items, bound, is_float=a._is_float or b._is_float)

    def _plus_plain(self, numbers: Plain) -> PackedArray:
        try:
            values = np.broadcast_to(numbers.values, self._shape)
        except ValueError:
            raise ShapeError(
                f"numbers of the shape {numbers.values.shape} can't be added to a packed array of {self._shape}"
            ) from None
        exponent = min(self._exponent, numbers.exponent())
        a = self._lowered(exponent)
        bound = a._bound + numbers.bound(exponent)
        self._check_slots(bound)
        plaintexts = Plain(values, numbers.natural_bound).plaintexts(self._key, exponent)
        packed = plaintexts.packed(self._bits, self._shape[-1])
        is_float = a._is_float or numbers.is_float
        return a._computed(a._items.add_plaintexts(packed), bound, is_float=is_float)

    def __add__(self, other: PackedArray | ArrayLike) -> PackedArray:
        if isinstance(other, PackedArray):
            return self._plus(other)
        return self._plus_plain(plain(_not_single(other)))

    __radd__ = __add__

    def __sub__(self, other: PackedArray | ArrayLike) -> PackedArray:
        if isinstance(other, PackedArray):
            return self._plus(other, negative=True)
        return -((-self) + other)

    def __rsub__(self, other: ArrayLike) -> PackedArray:
        return (-self) + other

    def __neg__(self) -> PackedArray:
        return self._computed(self._items.negate(), self._bound)

    def __pos__(self) -> PackedArray:
        return self

    def sum(
        self, axis: Axis = None, dtype: None = None, out: None = None, *, keepdims: bool = False
    ) -> PackedArray:
        """The sum along one axis or several, but not along the last.

        Raises:
            ShapeError: if the last axis is among them.
            PlaintextOverflowError: if the sums might not fit their slots.
        """
        if dtype is not None or out is not None:
            raise DtypeError("encrypted sums keep their data type and are new arrays: leave out dtype and out")
        several = () if axis is None else axis if isinstance(axis, Sequence) else (axis,)
        axes = tuple(range(self.ndim)[one] for one in several)
        last = self.ndim - 1
        if axis is None or last in axes:
            raise ShapeError(
                "the numbers along the last axis share ciphertexts and can't be summed: name the other axes, and"
                " sum over the last one after decrypting"
            )
        kept = np.sum(np.zeros(self._shape, dtype=np.bool_), axis=axes, keepdims=keepdims).shape
        terms = int(np.prod([self._shape[i] for i in axes], dtype=np.int64))
        places = np.moveaxis(self._places(), axes, tuple(range(-len(axes), 0)))
        rows = np.ascontiguousarray(places.reshape(-1, terms) if terms else places.reshape(0, 1))
        count = int(np.prod(kept[:-1], dtype=np.int64)) * self._per_row
        if count == 0 or terms == 0:
            return self._computed(_native.Ciphertexts.zeros(self._key, count), 0, shape=kept)
        bound = self._bound * terms
        self._check_slots(bound)
        return self._computed(self._items.sums(rows), bound, shape=kept)

    # Products.

    def __mul__(self, other: ArrayLike) -> PackedArray:
        numbers = plain(plain_only(other))
        if numbers.values.size != 1:
            raise ShapeError(
                "numbers that share ciphertexts can only be multiplied by one plain number: encrypt without"
                " packed=True to multiply each by its own"
            )
        exponent = numbers.exponent()
        bound = self._bound * numbers.bound(exponent)
        self._check_slots(bound)
        self._check_room(self._key, 0, self._exponent + exponent)
        factors = Plain(numbers.values.reshape(1), 0).broadcast((len(self._items),))
        items = self._items.multiply(factors.plaintexts(self._key, exponent))
        is_float = self._is_float or numbers.is_float
        return self._computed(items, bound, is_float=is_float, exponent=self._exponent + exponent)

    __rmul__ = __mul__

    def __truediv__(self, other: ArrayLike) -> PackedArray:
        numbers = plain(plain_only(other))
        if not numbers.values.all():
            raise ZeroDivisionError("an encrypted number can't be divided by zero")
        return self * (1.0 / numbers.values)

    # What leaves the process.

    def with_bound(self, bound: float) -> PackedArray:
        """The same numbers with a larger bound, so that it reveals nothing of plain numbers computed with.

        Raises:
            ValueRangeError: if the array's own bound is larger.
            PlaintextOverflowError: if the slots have no room for it.
        """
        larger = self._with_bound(bound)
        self._check_slots(larger._bound)
        return larger

    def to_bytes(self, *, rerandomize: bool = True) -> bytes:
        """The array as bytes, for :meth:`from_bytes`, as :meth:`EncryptedArray.to_bytes` makes them."""
        return _wire.dump(self._fit_to_leave(rerandomize), self._bits)

    @classmethod
    def from_bytes(cls, data: Any, key: PublicKey) -> PackedArray:
        """The array of bytes made by :meth:`to_bytes`, after checks.

        Raises:
            CiphertextError: if the bytes aren't a packed array.
            OtherKeyError: if the array is another key's.
        """
        header = _wire.load(data, key._key, packed=True)
        return cls._new(
            key._key,
            header.items,
            header.shape,
            header.is_float,
            header.exponent,
            header.bound,
            header.slot_bits,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return PackedArray.from_bytes, (self.to_bytes(), self.public_key)


def encrypt(
    owner: _native.SecretKey | None,
    key: _native.PublicKey,
    numbers: Plain,
    exponent: int,
    bound: int,
    room: int,
    short_exponents: bool,
) -> PackedArray:
    """Encrypts checked numbers up to a bound, both as multiples of 16^exponent."""
    if numbers.values.ndim == 0:
        raise ShapeError("a single number can't be packed: packing needs an axis")
    if room < 1:
        raise ShapeError("the room must be at least 1: how many times as large results may be")
    bits = (bound * room).bit_length()
    if key.slots(bits) == 0:
        Encrypted._check_room(key, 1 << bits)
        raise PlaintextOverflowError(f"the key has no room for slots of {bits} bits: give less room")
    plaintexts = numbers.plaintexts(key, exponent).packed(bits, numbers.values.shape[-1])
    items = (
        owner.encrypt(plaintexts)
        if owner is not None
        else _native.Ciphertexts.encrypt(key, plaintexts, short_exponents)
    )
    return PackedArray._new(key, items, numbers.values.shape, numbers.is_float, exponent, bound, bits)


def _not_single(other: Any) -> Any:
    """Numbers to add, if they aren't encrypted one by one."""
    if isinstance(other, Encrypted):
        raise DtypeError("a packed array can only be added to packed ones and to plain numbers: encrypt both packed")
    return other
