"""The interface of Intel's ipcl_python, for programs that were written for it.

>>> import numpy as np
>>> from veilcast.ipcl import PaillierKeypair
>>> pk, sk = PaillierKeypair.generate_keypair(2048)
>>> numbers = pk.encrypt(np.array([1.5, 2.5])) * np.array([2, 4]) + 1
>>> sk.decrypt(numbers)
[4.0, 11.0]

Numbers of one object share an exponent. What might overflow is an error. Secret keys are never pickled.
:class:`veilcast.EncryptedArray` can do more.
"""

from __future__ import annotations

import warnings
import weakref
from typing import Any, NoReturn, Union

import numpy as np
from numpy.typing import NDArray

from veilcast import _native
from veilcast._plain import plain, to_bytes
from veilcast.arrays import EncryptedArray
from veilcast.errors import DtypeError, InsecureKeyWarning, OtherKeyError, SecretError, ShapeError
from veilcast.keys import DEFAULT_BITS, Key, PublicKey

__all__ = ["PaillierEncryptedNumber", "PaillierKeypair", "PaillierPrivateKey", "PaillierPublicKey"]

Numbers = Union[NDArray[Any], list[Any], int, float]


class PaillierKeypair:
    """Where keys come from."""

    @staticmethod
    def generate_keypair(
        n_length: int = DEFAULT_BITS, enable_DJN: bool = True
    ) -> tuple[PaillierPublicKey, PaillierPrivateKey]:
        """A new key of 2048, 3072 or 4096 bits; one of 1024 bits comes with a warning.

        Args:
            n_length: Bits of n.
            enable_DJN: Whoever has only the public key encrypts with short exponents: faster, but on a
                further assumption. See :meth:`veilcast.PublicKey.encrypt`.
        """
        key = Key.generate(n_length, allow_insecure_1024=True)
        public = PaillierPublicKey(key.public.n, n_length, enable_DJN)
        return public, PaillierPrivateKey._of(public, key)


class PaillierPublicKey:
    """Encrypts numbers."""

    _key: PublicKey
    _short: bool

    def __init__(
        self, key: Union[int, PaillierPublicKey], n_length: Union[int, None] = None, enable_DJN: bool = False
    ) -> None:
        """The key of a modulus, or a copy of a key."""
        if isinstance(key, PaillierPublicKey):
            self._key, self._short = key._key, key._short
        else:
            self._key, self._short = PublicKey.from_n(key, allow_insecure_1024=True), enable_DJN
            if n_length is not None and n_length != self._key.bits:
                raise ShapeError(f"the key has {self._key.bits} bits, not {n_length}")
        if self._key.bits == 1024:
            warnings.warn("a key of 1024 bits can be broken: use it for tests only", InsecureKeyWarning, stacklevel=3)
        self.n = self._key.n
        self.max_int = self.n // 3 - 1
        self.nsquare = self.n * self.n
        # The owner encrypts faster, as long as the key is in this process.
        self._owner: Union[weakref.ref[PaillierPrivateKey], None] = None

    def encrypt(
        self, value: Numbers, apply_obfuscator: bool = True, precision: Union[float, None] = None
    ) -> PaillierEncryptedNumber:
        """Encrypts a number, or an array or a list of numbers, into one object.

        Args:
            value: The numbers, along one axis.
            apply_obfuscator: Without it the numbers aren't hidden: for numbers that are computed with only.
            precision: Floats are rounded to multiples of the largest power of 16 up to this.
        """
        values = np.atleast_1d(np.asarray(value))
        if values.ndim != 1:
            raise ShapeError(f"numbers along one axis can be encrypted, and the shape is {values.shape}")
        if not apply_obfuscator:
            return PaillierEncryptedNumber(self, _unhidden(self._key, values))
        owner = None if self._owner is None else self._owner()
        if owner is not None:
            return PaillierEncryptedNumber(self, owner._key.encrypt(values, precision=precision))
        encrypted = self._key.encrypt(values, precision=precision, short_exponents=self._short)
        return PaillierEncryptedNumber(self, encrypted)

    def raw_encrypt(self, plaintext: Numbers) -> PaillierEncryptedNumber:
        """As :meth:`encrypt` without obfuscator."""
        return self.encrypt(plaintext, apply_obfuscator=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaillierPublicKey) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"<PaillierPublicKey {self._key.fingerprint[:16]}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return PaillierPublicKey, (self.n, self._key.bits, self._short)


class PaillierPrivateKey:
    """Decrypts numbers."""

    _key: Key

    def __init__(self, key: PaillierPublicKey, p: int, q: int) -> None:
        native = _native.SecretKey.from_primes(to_bytes(abs(p)), to_bytes(abs(q)), True)
        self._take(key, Key._wrap(native))

    @classmethod
    def _of(cls, public: PaillierPublicKey, key: Key) -> PaillierPrivateKey:
        private = object.__new__(cls)
        private._take(public, key)
        return private

    def _take(self, public: PaillierPublicKey, key: Key) -> None:
        if public._key != key.public:
            raise OtherKeyError("the primes are another key's: their product isn't the public key's n")
        self._key = key
        self.public_key = public
        public._owner = weakref.ref(self)

    def decrypt(self, encrypted_number: PaillierEncryptedNumber) -> Any:
        """The list of the numbers, or the number if there is one."""
        numbers = self._key.decrypt(_array(encrypted_number)).tolist()
        return numbers if len(numbers) > 1 else numbers[0]

    def raw_decrypt(self, ciphertext: PaillierEncryptedNumber) -> Any:
        """The integers modulo n inside, without the exponent."""
        exact = self._key.decrypt(_array(ciphertext), dtype=object)
        numbers = [int(number * 16 ** -ciphertext._array.exponent) % self.public_key.n for number in exact]
        return numbers if len(numbers) > 1 else numbers[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaillierPrivateKey) and self._key.public == other._key.public

    def __hash__(self) -> int:
        return hash(self._key.public)

    def __repr__(self) -> str:
        return f"<PaillierPrivateKey for {self.public_key!r}>"

    def __reduce__(self) -> NoReturn:
        raise SecretError("secret keys are never pickled or copied: keep them where they decrypt")


class PaillierEncryptedNumber:
    """Encrypted numbers, one or more. One is added to as many as the other has."""

    def __init__(self, public_key: PaillierPublicKey, array: EncryptedArray) -> None:
        if not isinstance(array, EncryptedArray):
            raise DtypeError(f"an EncryptedArray is needed, and this is a {type(array).__name__}")
        if array.public_key != public_key._key:
            raise OtherKeyError("the numbers are encrypted under another key")
        self.public_key = public_key
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    def length(self) -> int:
        """How many numbers there are."""
        return len(self)

    def array(self) -> EncryptedArray:
        """The numbers as an encrypted array."""
        return self._array

    def exponent(self, idx: Union[int, None] = None) -> Any:
        """The exponent of each number, or of one: all are the same."""
        exponents = [self._array.exponent] * len(self)
        return exponents if idx is None else exponents[self._place(idx)]

    def ciphertextBN(self, idx: Union[int, None] = None) -> Any:
        """The ciphertexts as integers, or one of them."""
        data, width = self._array._items.to_bytes(), self._array._key.ciphertext_bytes
        places = range(len(self)) if idx is None else [self._place(idx)]
        numbers = [int.from_bytes(data[width * i : width * (i + 1)], "big") for i in places]
        return numbers if idx is None else numbers[0]

    def _place(self, idx: int) -> int:
        if not 0 <= idx < len(self):
            raise IndexError(f"there is no number {idx} among {len(self)}")
        return idx

    def apply_obfuscator(self) -> None:
        """Gives the numbers fresh randomness."""
        self._array = self._array.rerandomized()

    def __add__(self, other: Union[PaillierEncryptedNumber, Numbers]) -> PaillierEncryptedNumber:
        return self._with(self._array + self._operand(other))

    __radd__ = __add__

    def __sub__(self, other: Union[PaillierEncryptedNumber, Numbers]) -> PaillierEncryptedNumber:
        return self._with(self._array - self._operand(other))

    def __rsub__(self, other: Numbers) -> PaillierEncryptedNumber:
        return self._with(self._operand(other) - self._array)

    def __mul__(self, other: Numbers) -> PaillierEncryptedNumber:
        return self._with(self._array * self._operand(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Numbers) -> PaillierEncryptedNumber:
        return self._with(self._array / self._operand(other))

    # NumPy's arrays on the left leave the work to the methods above.
    __array_ufunc__ = None

    def _operand(self, other: Any) -> Any:
        """Numbers, as many as these, or one."""
        array = other._array if isinstance(other, PaillierEncryptedNumber) else np.asarray(other)
        lengths = {1, len(self), *array.shape}
        if array.ndim > 1 or len(lengths) > 2:
            raise ShapeError(f"{len(self)} numbers and {array.shape} don't fit together")
        return array

    def sum(self) -> PaillierEncryptedNumber:
        """The sum of the numbers."""
        return self._with(self._array.sum(keepdims=True))

    def mean(self) -> PaillierEncryptedNumber:
        """The mean of the numbers."""
        return self._with(self._array.mean(keepdims=True))

    def dot(self, other: Union[NDArray[Any], list[Any]]) -> PaillierEncryptedNumber:
        """The sum of the numbers times as many plain ones."""
        return self._with((self._array @ np.asarray(other)).reshape(1))

    def _with(self, array: EncryptedArray) -> PaillierEncryptedNumber:
        return PaillierEncryptedNumber(self.public_key, array)

    def __repr__(self) -> str:
        return f"<{len(self)} encrypted numbers>"

    def __reduce__(self) -> tuple[Any, ...]:
        return PaillierEncryptedNumber, (self.public_key, self._array)


def _array(encrypted: PaillierEncryptedNumber) -> EncryptedArray:
    if not isinstance(encrypted, PaillierEncryptedNumber):
        raise DtypeError(f"only a PaillierEncryptedNumber can be decrypted, and this is a {type(encrypted).__name__}")
    return encrypted._array


def _unhidden(key: PublicKey, values: NDArray[Any]) -> EncryptedArray:
    """The numbers as ciphertexts without randomness."""
    zeros = _native.Ciphertexts.zeros(key._key, values.size)
    numbers = plain(values)
    empty = EncryptedArray._new(key._key, zeros, values.shape, numbers.is_float, 0, 0, fresh=False)
    return empty._plus_plain(numbers)
