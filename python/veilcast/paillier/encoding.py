"""Numbers as multiples of powers of a base: :class:`EncodedNumber`."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Optional, TypeVar, Union

import numpy as np

if TYPE_CHECKING:
    from veilcast.paillier._keys import PaillierPublicKey

__all__ = ["EncodedNumber"]

Scalar = Union[int, float, "np.integer[np.typing.NBitBase]"]
Self = TypeVar("Self", bound="EncodedNumber")


class EncodedNumber:
    """A number that a key can encrypt: ``encoding``·:attr:`BASE`^``exponent``.

    Negative numbers are encoded as n minus their magnitude. Encodings between n/3 and 2n/3 represent
    nothing: most computations that overflow end there. The exponent is public, also once the number is
    encrypted.

    Subclasses may have another :attr:`BASE`, together with its :attr:`LOG2_BASE`.

    Args:
        public_key: The key to encode for.
        encoding: The encoded number, below n. It isn't checked before it is decoded.
        exponent: The exponent.
    """

    BASE: ClassVar[int] = 16
    LOG2_BASE: ClassVar[float] = math.log(BASE, 2)
    FLOAT_MANTISSA_BITS: ClassVar[int] = sys.float_info.mant_dig

    public_key: PaillierPublicKey
    encoding: int
    exponent: int

    def __init__(self, public_key: PaillierPublicKey, encoding: int, exponent: int) -> None:
        self.public_key = public_key
        self.encoding = encoding
        self.exponent = exponent

    @classmethod
    def encode(
        cls: type[Self],
        public_key: PaillierPublicKey,
        scalar: Scalar,
        precision: Optional[float] = None,
        max_exponent: Optional[int] = None,
    ) -> Self:
        """Encodes an integer or a float.

        Args:
            public_key: The key to encode for.
            scalar: The number.
            precision: It is rounded to a multiple of the largest power of the base up to this. Without
                it integers have the exponent 0, and floats one that keeps all their bits and so reveals
                their magnitude.
            max_exponent: The exponent is not larger.

        Raises:
            TypeError: if it isn't an integer or a float.
            ValueError: if it is not a number, or too large for the key.
            OverflowError: if it is infinite.
        """
        if isinstance(scalar, np.integer):
            scalar = int(scalar)
        if precision is not None:
            exponent = math.floor(math.log(precision, cls.BASE))
        elif isinstance(scalar, int):
            exponent = 0
        elif isinstance(scalar, float):
            lowest_bit = math.frexp(scalar)[1] - cls.FLOAT_MANTISSA_BITS
            exponent = math.floor(lowest_bit / cls.LOG2_BASE)
        else:
            raise TypeError(f"only int and float can be encoded, and this is a {type(scalar).__name__}")
        if max_exponent is not None:
            exponent = min(exponent, max_exponent)

        mantissa = round(Fraction(scalar) * Fraction(cls.BASE) ** -exponent)
        if abs(mantissa) > public_key.max_int:
            raise ValueError(
                f"the number is too large for the key at the exponent {exponent}: use a coarser precision"
            )
        return cls(public_key, mantissa % public_key.n, exponent)

    def decode(self) -> int | float:
        """The number: an integer if the exponent is 0 or more, and the nearest float otherwise.

        Raises:
            ValueError: if the encoding isn't below n.
            OverflowError: if a computation overflowed, or the number is too large for a float.
        """
        n, largest = self.public_key.n, self.public_key.max_int
        if self.encoding >= n:
            raise ValueError("the encoding isn't below the key's modulus: it is damaged")
        if self.encoding <= largest:
            mantissa = self.encoding
        elif self.encoding >= n - largest:
            mantissa = self.encoding - n
        else:
            raise OverflowError("the number is beyond the key's range: a computation on it overflowed")
        if self.exponent >= 0:
            return int(mantissa * self.BASE**self.exponent)
        try:
            # The quotient of two integers is rounded once.
            return float(mantissa / self.BASE**-self.exponent)
        except OverflowError:
            raise OverflowError("the number is too large for a float") from None

    def decrease_exponent_to(self: Self, new_exp: int) -> Self:
        """The same number with a smaller exponent.

        Raises:
            ValueError: if the new exponent is larger.
        """
        if new_exp > self.exponent:
            raise ValueError(f"the exponent {self.exponent} can't be raised to {new_exp}: digits would be lost")
        factor = self.BASE ** (self.exponent - new_exp)
        return self.__class__(self.public_key, self.encoding * factor % self.public_key.n, new_exp)
