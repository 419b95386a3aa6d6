"""Single encrypted numbers: :class:`EncryptedNumber`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

from veilcast import _native
from veilcast.paillier.encoding import EncodedNumber, Scalar

if TYPE_CHECKING:
    from veilcast.paillier._keys import PaillierPublicKey

__all__ = ["EncryptedNumber"]

Operand = Union[Scalar, EncodedNumber]


class EncryptedNumber:
    """An encrypted integer or float, of python-paillier's format.

    Usually made by :meth:`PaillierPublicKey.encrypt`; by hand, from a ciphertext and an exponent that
    somebody sent.

    Args:
        public_key: The key that it is encrypted under.
        ciphertext: The ciphertext, an integer below n².
        exponent: The exponent, which isn't encrypted.

    Raises:
        TypeError: if an argument has another type.
    """

    public_key: PaillierPublicKey
    exponent: int

    def __init__(
        self,
        public_key: PaillierPublicKey,
        ciphertext: Union[int, _native.Ciphertexts],
        exponent: int = 0,
    ) -> None:
        from veilcast.paillier._keys import PaillierPublicKey

        if not isinstance(public_key, PaillierPublicKey):
            raise TypeError(f"the public key must be a PaillierPublicKey, and is a {type(public_key).__name__}")
        if not isinstance(ciphertext, (int, _native.Ciphertexts)):
            raise TypeError(f"the ciphertext must be an int, and is a {type(ciphertext).__name__}")
        self.public_key = public_key
        self.exponent = exponent
        self.__is_obfuscated = False
        # One of the two, and the other when it is needed.
        self.__integer: Optional[int] = ciphertext if isinstance(ciphertext, int) else None
        self.__native = None if isinstance(ciphertext, int) else ciphertext

    @classmethod
    def _obfuscated(
        cls, public_key: PaillierPublicKey, ciphertext: Union[int, _native.Ciphertexts], exponent: int
    ) -> EncryptedNumber:
        """A number whose ciphertext reveals nothing of how it came about."""
        number = cls(public_key, ciphertext, exponent)
        number.__is_obfuscated = True
        return number

    def _ciphertexts(self) -> _native.Ciphertexts:
        """The ciphertext, checked."""
        if self.__native is None:
            assert self.__integer is not None
            self.__native = self.public_key._decode(self.__integer)
        return self.__native

    def ciphertext(self, be_secure: bool = True) -> int:
        """The ciphertext as an integer.

        Args:
            be_secure: Give it fresh randomness first, if it was computed since it had some. Without it,
                the ciphertext may reveal the plain numbers that it was computed with.
        """
        if be_secure and not self.__is_obfuscated:
            self.obfuscate()
        if self.__integer is None:
            assert self.__native is not None
            self.__integer = int.from_bytes(self.__native.to_bytes(), "big")
        return self.__integer

    def obfuscate(self) -> None:
        """Gives the ciphertext fresh randomness: nobody can tell any more how it was computed."""
        self.__native = self.public_key._rerandomized(self._ciphertexts())
        self.__integer = None
        self.__is_obfuscated = True

    def decrease_exponent_to(self, new_exp: int) -> EncryptedNumber:
        """The same number with a smaller exponent.

        Raises:
            ValueError: if the new exponent is larger, or so small that the key has no room.
        """
        if new_exp > self.exponent:
            raise ValueError(f"the exponent {self.exponent} can't be raised to {new_exp}: digits would be lost")
        factor: int = EncodedNumber.BASE ** (self.exponent - new_exp)
        lowered = self * factor
        lowered.exponent = new_exp
        return lowered

    def __add__(self, other: Union[Operand, EncryptedNumber]) -> EncryptedNumber:
        if isinstance(other, EncryptedNumber):
            if self.public_key != other.public_key:
                raise ValueError("the numbers are encrypted under different keys, and can't be added")
            exponent = min(self.exponent, other.exponent)
            a, b = self._lowered(exponent), other._lowered(exponent)
            return EncryptedNumber(self.public_key, a._ciphertexts().add(b._ciphertexts()), exponent)
        if isinstance(other, EncodedNumber):
            if self.public_key != other.public_key:
                raise ValueError("the number is encoded for another key, and can't be added")
            encoded = other
        else:
            encoded = EncodedNumber.encode(self.public_key, other, max_exponent=self.exponent)
        exponent = min(self.exponent, encoded.exponent)
        if encoded.exponent > exponent:
            encoded = encoded.decrease_exponent_to(exponent)
        plaintexts = self.public_key._plaintexts(encoded.encoding)
        total = self._lowered(exponent)._ciphertexts().add_plaintexts(plaintexts)
        return EncryptedNumber(self.public_key, total, exponent)

    def _lowered(self, exponent: int) -> EncryptedNumber:
        return self if exponent == self.exponent else self.decrease_exponent_to(exponent)

    def __radd__(self, other: Operand) -> EncryptedNumber:
        return self + other

    def __sub__(self, other: Union[Operand, EncryptedNumber]) -> EncryptedNumber:
        if isinstance(other, EncodedNumber):
            negative = -other.encoding % self.public_key.n
            return self + other.__class__(other.public_key, negative, other.exponent)
        return self + other * -1

    def __rsub__(self, other: Operand) -> EncryptedNumber:
        return self * -1 + other

    def __mul__(self, other: Operand) -> EncryptedNumber:
        if isinstance(other, EncryptedNumber):
            raise NotImplementedError("two encrypted numbers can't be multiplied: one must be plain")
        encoded = other if isinstance(other, EncodedNumber) else EncodedNumber.encode(self.public_key, other)
        plaintexts = self.public_key._plaintexts(encoded.encoding)
        product = self._ciphertexts().multiply(plaintexts)
        return EncryptedNumber(self.public_key, product, self.exponent + encoded.exponent)

    __rmul__ = __mul__

    def __truediv__(self, scalar: Scalar) -> EncryptedNumber:
        return self * (1 / scalar)

    def _raw_add(self, e_a: int, e_b: int) -> int:
        """The ciphertext of the sum of two ciphertexts' numbers."""
        return e_a * e_b % self.public_key.nsquare

    def _raw_mul(self, plaintext: int) -> int:
        """The ciphertext of the product with an encoded number.

        Raises:
            TypeError: if it isn't an integer.
            ValueError: if it isn't below n.
        """
        if not isinstance(plaintext, int):
            raise TypeError(f"the factor must be an int, and is a {type(plaintext).__name__}")
        if not 0 <= plaintext < self.public_key.n:
            raise ValueError("the factor must be from 0 to n − 1")
        product = self._ciphertexts().multiply(self.public_key._plaintexts(plaintext))
        return int.from_bytes(product.to_bytes(), "big")

    def __reduce__(self) -> tuple[Any, ...]:
        return EncryptedNumber._obfuscated, (self.public_key, self.ciphertext(), self.exponent)
