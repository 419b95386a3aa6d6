"""What encrypted arrays have in common, however their numbers lie in ciphertexts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np

from veilcast import _native
from veilcast._plain import LOWEST_EXPONENT, power, scaled
from veilcast._progress import Progress, progress
from veilcast.errors import DtypeError, OtherKeyError, PlaintextOverflowError, SecretError, ValueRangeError

if TYPE_CHECKING:
    from veilcast.keys import PublicKey

Self = TypeVar("Self", bound="Encrypted")


class Encrypted:
    """Encrypted numbers under one key, with a shape, a data type, an exponent and a bound, all public."""

    __slots__ = ("_bound", "_exponent", "_fresh", "_is_float", "_items", "_key", "_shape")
    _key: _native.PublicKey
    _items: _native.Ciphertexts
    _shape: tuple[int, ...]
    _is_float: bool
    _exponent: int
    _bound: int
    _fresh: bool

    # Operators with NumPy's arrays on their left come here.
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *_: object) -> None:
        raise TypeError("encrypt numbers with Key.encrypt or PublicKey.encrypt")

    def _like(self: Self, **changes: Any) -> Self:
        """A copy with some attributes changed."""
        copy = object.__new__(type(self))
        for kind in type(self).__mro__:
            for name in getattr(kind, "__slots__", ()):
                setattr(copy, name, getattr(self, name))
        for name, value in changes.items():
            setattr(copy, f"_{name}", value)
        return copy

    @staticmethod
    def _check_room(key: _native.PublicKey, bound: int, exponent: int = 0) -> None:
        """Raises an exception if the key has no room for numbers up to the bound."""
        if bound > int.from_bytes(key.modulus, "big") // 3 - 1 or exponent < LOWEST_EXPONENT:
            raise PlaintextOverflowError(
                f"the result might have up to {bound.bit_length()} bits, and the key has room for"
                f" {key.bits - 2}: encrypt with a smaller bound or a coarser precision, round the plain"
                " numbers, or use a larger key"
            )

    def _check_key(self, other: Encrypted) -> None:
        if self._key != other._key:
            raise OtherKeyError(
                "the arrays were encrypted under different keys: compute only with arrays of one key"
            )

    @property
    def public_key(self) -> PublicKey:
        """The key that the numbers are encrypted under."""
        # Keys make arrays: their module needs this one first.
        from veilcast.keys import PublicKey

        return PublicKey._wrap(self._key)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """The number of encrypted numbers."""
        return int(np.prod(self._shape, dtype=np.int64))

    @property
    def dtype(self) -> np.dtype[Any]:
        """``int64`` or ``float64``: the type of the numbers when they are decrypted."""
        return np.dtype(np.float64 if self._is_float else np.int64)

    @property
    def exponent(self) -> int:
        """The numbers are whole multiples of 16^exponent; 0 for integers."""
        return self._exponent

    @property
    def bound(self) -> int | float:
        """No number is larger in magnitude."""
        if not self._is_float:
            return self._bound
        try:
            return float(Fraction(self._bound) * power(self._exponent))
        except OverflowError:
            return float("inf")

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("an array without axes has no length")
        return self._shape[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.dtype}, shape {self._shape}, under {self.public_key!r}>"

    # What leaves the process.

    def rerandomized(self: Self, *, progress: Progress = None) -> Self:
        """The same numbers under fresh randomness: the ciphertexts reveal nothing any more about how they
        were computed, not even to the key's owner. Takes as long as encrypting with the public key."""
        with _showing(progress):
            return self._like(items=self._items.rerandomize(), fresh=True)

    def _with_bound(self: Self, bound: float) -> Self:
        if not 0 <= bound < np.inf:
            raise ValueRangeError("the bound must be a finite number from 0 on")
        mantissas = scaled(bound, self._exponent)
        if mantissas < self._bound:
            raise ValueRangeError(f"the array's own bound, {self.bound}, is larger")
        return self._like(bound=mantissas)

    def _fit_to_leave(self: Self, rerandomize: bool) -> Self:
        return self if self._fresh or not rerandomize else self.rerandomized()

    # What would be an accident.

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise SecretError(
            "an encrypted array doesn't become NumPy's array by itself: decrypt it with Key.decrypt"
        )

    def __bool__(self) -> NoReturn:
        raise SecretError("whether an encrypted number is zero shows only after Key.decrypt")

    def __eq__(self, other: object) -> NoReturn:
        raise SecretError("encrypted numbers can't be compared: decrypt them with Key.decrypt")

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__


_showing = progress
"""Under another name where an option is called so."""


def plain_only(other: Any) -> Any:
    """A factor, if it isn't encrypted."""
    if isinstance(other, Encrypted):
        raise DtypeError("encrypted numbers can only be multiplied and divided by plain ones")
    return other
