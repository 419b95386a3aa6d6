"""Keys: who has one decrypts, and whoever has its public part encrypts and computes."""

from __future__ import annotations

import math
import os
from fractions import Fraction
from typing import Any, Literal, NoReturn, Union, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from veilcast import _native
from veilcast import packed as packed_arrays
from veilcast._base import Encrypted
from veilcast._plain import plain, power, scaled, to_bytes
from veilcast._progress import Progress
from veilcast._progress import progress as _showing
from veilcast.arrays import EncryptedArray
from veilcast.errors import (
    DtypeError,
    OtherKeyError,
    PlaintextOverflowError,
    SecretError,
    ValueRangeError,
)
from veilcast.packed import PackedArray

__all__ = ["DEFAULT_BITS", "Key", "PublicKey"]

Path = Union[str, "os.PathLike[str]"]
Number = Union[float, Fraction]

DEFAULT_BITS = 3072
"""The usual size of new keys: 128 bits of security."""

DEFAULT_PRECISION = Fraction(1, 2**128)
"""Encrypted floats are multiples of this unless the caller says otherwise. Nothing is lost of a float from
2^-75 on."""

DEFAULT_BOUND = 2**64
"""The largest magnitude of encrypted floats unless the caller says otherwise."""


DEFAULT_ROOM = 1024
"""How many times their bound packed numbers may grow to unless the caller says otherwise."""


class PublicKey:
    """The public part of a key: encrypts, and computes on what is encrypted.

    Public keys are compared by their numbers, can be used in dicts, and pickled.
    """

    __slots__ = ("_key",)
    _key: _native.PublicKey

    def __init__(self, *_: object) -> None:
        raise TypeError("get a public key from Key.public, PublicKey.load or PublicKey.from_n")

    @classmethod
    def _wrap(cls, native: _native.PublicKey) -> PublicKey:
        key = object.__new__(cls)
        key._key = native
        return key

    @classmethod
    def load(cls, path: Path, *, allow_insecure_1024: bool = False) -> PublicKey:
        """Reads a key file: of a public key, or of a secret one, whose public part is taken.

        Raises:
            KeyFileError: if it isn't a key file.
            InvalidKeyError: if the key isn't acceptable.
            OSError: if the file can't be read.
        """
        return cls._wrap(_native.PublicKey.load(path, allow_insecure_1024))

    @classmethod
    def from_n(cls, n: int, *, allow_insecure_1024: bool = False) -> PublicKey:
        """The key of a modulus.

        Raises:
            InvalidKeyError: if n can't be a product of two large primes, or has an unusual size.
        """
        if n < 0:
            n = 0
        return cls._wrap(_native.PublicKey.from_modulus(to_bytes(n), allow_insecure_1024))

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Writes a key file, in python-paillier's format.

        Raises:
            FileExists: if there is a file, unless ``overwrite`` is true.
            OSError: if the file can't be written.
        """
        self._key.save(path, overwrite)

    @property
    def n(self) -> int:
        """The modulus."""
        return int.from_bytes(self._key.modulus, "big")

    @property
    def bits(self) -> int:
        """Bits of the modulus."""
        return self._key.bits

    @property
    def fingerprint(self) -> str:
        """A short name of the key: SHA-256 of the modulus, in hexadecimal digits."""
        return self._key.fingerprint.hex()

    @overload
    def encrypt(
        self,
        values: ArrayLike,
        *,
        precision: Number | None = None,
        bound: Number | None = None,
        packed: Literal[False] = False,
        short_exponents: bool = False,
        progress: Progress = None,
    ) -> EncryptedArray: ...

    @overload
    def encrypt(
        self,
        values: ArrayLike,
        *,
        precision: Number | None = None,
        bound: Number | None = None,
        packed: Literal[True],
        room: int = DEFAULT_ROOM,
        short_exponents: bool = False,
        progress: Progress = None,
    ) -> PackedArray: ...

    def encrypt(
        self,
        values: ArrayLike,
        *,
        precision: Number | None = None,
        bound: Number | None = None,
        packed: bool = False,
        room: int = DEFAULT_ROOM,
        short_exponents: bool = False,
        progress: Progress = None,
    ) -> EncryptedArray | PackedArray:
        """Encrypts numbers, each under fresh randomness.

        Integers (and booleans) are encrypted as they are, floats as multiples of a power of 16. Neither
        the precision nor the bound depends on the numbers: both are public.

        Args:
            values: Numbers of any shape: an array, a list, a Series, a DataFrame of numbers.
            precision: Floats are rounded to multiples of the largest power of 16 up to this. By default
                2^-128, which loses nothing of floats from 2^-75 on.
            bound: No number is larger in magnitude. It is kept with the array, so that no computation
                can overflow unnoticed. By default what the integers' data type can hold, and 2^64 for
                floats.
            packed: Several numbers along the last axis share a ciphertext: see :class:`PackedArray`.
            room: By how much packed numbers may grow beyond the bound, by sums and by factors: a multiple of it.
            short_exponents: Takes a tenth of the time for many numbers. The randomness is then a power of a
                number with an exponent of half the usual length (Damgard, Jurik and Nielsen 2010), which rests
                on a further assumption: that such powers can't be told from others, for primes that are 3
                modulo 4. Keys of :meth:`Key.generate` have such primes; others' can't be checked.
            progress: Shows a bar, or calls a function: see :func:`veilcast.progress`.

        Raises:
            DtypeError: if something isn't a real number of at most 64 bits.
            ValueRangeError: if a number is infinite, not a number, or beyond the bound.
            PlaintextOverflowError: if the key has no room for numbers up to the bound.
            ShapeError: if a single number is to be packed.
            InvalidKeyError: if the key's primes aren't fit for short exponents.
        """
        with _showing(progress):
            return _encrypt(
                None, self._key, values, precision, bound, room if packed else None, short_exponents
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"<PublicKey {self.fingerprint[:16]}, {self.bits} bits>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _public_key, (self._key.modulus, self.bits == 1024)


class Key:
    """A secret key: two primes. It encrypts several times faster than its public part, and decrypts.

    It is never pickled, copied or shown. Save it to a file, and let nobody else read that.
    """

    __slots__ = ("_secret", "_public")
    _secret: _native.SecretKey
    _public: PublicKey

    def __init__(self, *_: object) -> None:
        raise TypeError("make a key with Key.generate, or read one with Key.load")

    @classmethod
    def _wrap(cls, native: _native.SecretKey) -> Key:
        key = object.__new__(cls)
        key._secret = native
        key._public = PublicKey._wrap(native.public_key)
        return key

    @classmethod
    def generate(cls, bits: int = DEFAULT_BITS, *, allow_insecure_1024: bool = False) -> Key:
        """Makes a key of 2048, 3072 or 4096 bits.

        Args:
            bits: The size.
            allow_insecure_1024: Allows keys of 1024 bits too, which can be broken: for tests only.

        Raises:
            InvalidKeyError: if the size isn't one of these.
        """
        return cls._wrap(_native.SecretKey.generate(_size(bits), allow_insecure_1024))

    @classmethod
    def load(cls, path: Path, *, allow_insecure_1024: bool = False) -> Key:
        """Reads a key file: this package's, the program's, or python-paillier's.

        Raises:
            KeyFileError: if it isn't the file of a secret key, or it is damaged.
            InvalidKeyError: if the key isn't acceptable.
            OSError: if the file can't be read.
        """
        return cls._wrap(_native.SecretKey.load(path, allow_insecure_1024))

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Writes a key file that only its owner can read, in python-paillier's format.

        Raises:
            FileExists: if there is a file, unless ``overwrite`` is true.
            OSError: if the file can't be written.
        """
        self._secret.save(path, overwrite)

    @property
    def public(self) -> PublicKey:
        """The public part, for whoever is to encrypt or compute."""
        return self._public

    @property
    def bits(self) -> int:
        """Bits of the modulus."""
        return self._public.bits

    @overload
    def encrypt(
        self,
        values: ArrayLike,
        *,
        precision: Number | None = None,
        bound: Number | None = None,
        packed: Literal[False] = False,
        progress: Progress = None,
    ) -> EncryptedArray: ...

    @overload
    def encrypt(
        self,
        values: ArrayLike,
        *,
        precision: Number | None = None,
        bound: Number | None = None,
        packed: Literal[True],
        room: int = DEFAULT_ROOM,
        progress: Progress = None,
    ) -> PackedArray: ...

    def encrypt(
        self,
        values: ArrayLike,
        *,
        precision: Number | None = None,
        bound: Number | None = None,
        packed: bool = False,
        room: int = DEFAULT_ROOM,
        progress: Progress = None,
    ) -> EncryptedArray | PackedArray:
        """Encrypts numbers as :meth:`PublicKey.encrypt` does, several times faster."""
        with _showing(progress):
            return _encrypt(
                self._secret, self._public._key, values, precision, bound, room if packed else None, False
            )

    def decrypt(
        self,
        array: EncryptedArray | PackedArray,
        dtype: DTypeLike | None = None,
        *,
        progress: Progress = None,
    ) -> NDArray[Any]:
        """Decrypts an array. Don't send the result to whoever sent the ciphertexts.

        Args:
            array: An array that was encrypted under this key.
            dtype: ``object`` gives integers of any size, or exact fractions for floats. Otherwise the
                result is converted to this type as ``astype`` does, without loss: by default the array's
                own, ``int64`` or ``float64``.
            progress: Shows a bar, or calls a function: see :func:`veilcast.progress`.

        Raises:
            OtherKeyError: if it was encrypted under another key.
            PlaintextOverflowError: if a number doesn't fit the data type.
            DecryptionError: if a ciphertext holds a number beyond the array's bound, and so was changed.
        """
        if not isinstance(array, Encrypted):
            raise DtypeError(f"only an EncryptedArray can be decrypted, and this is a {type(array).__name__}")
        if array.public_key != self._public:
            raise OtherKeyError("the array was encrypted under another key, which alone can decrypt it")
        with _showing(progress):
            numbers = self._decrypted(array)
        bound = to_bytes(array._bound)
        if dtype is not None and np.dtype(dtype) == object:
            return _exact(numbers, self._public.n, bound, array)
        values: NDArray[Any]
        if array.dtype == np.float64:
            values = numbers.to_floats(array.exponent, bound)
        else:
            values = numbers.to_integers(bound)
        values = values.reshape(array.shape)
        return values if dtype is None else _converted(values, np.dtype(dtype))

    def _decrypted(self, array: EncryptedArray | PackedArray) -> _native.Plaintexts:
        if isinstance(array, EncryptedArray):
            return self._secret.decrypt(array._items, array._bound.bit_length())
        row = array.shape[-1]
        bits = (array.slot_bits + 1) * min(row, array.per_ciphertext)
        return self._secret.decrypt(array._items, bits).unpacked(array.slot_bits, row)

    def __repr__(self) -> str:
        return f"<Key for {self._public!r}>"

    def __reduce__(self) -> NoReturn:
        raise SecretError("secret keys are never pickled or copied: save them to a file with save()")


def _public_key(modulus: bytes, allow_insecure_1024: bool) -> PublicKey:
    return PublicKey._wrap(_native.PublicKey.from_modulus(modulus, allow_insecure_1024))


def _size(bits: int) -> int:
    # Anything else is no size of a key either, and would not fit the native number.
    return bits if 0 <= bits < 2**31 else 0


def _encrypt(
    owner: _native.SecretKey | None,
    key: _native.PublicKey,
    values: object,
    precision: Number | None,
    bound: Number | None,
    room: int | None,
    short_exponents: bool,
) -> EncryptedArray | PackedArray:
    if isinstance(values, Encrypted):
        raise DtypeError("the array is encrypted already")
    numbers = plain(values)
    exponent = 0
    if numbers.is_float:
        exponent = _exponent(DEFAULT_PRECISION if precision is None else precision)
    elif precision is not None:
        raise ValueRangeError("integers are encrypted exactly: a precision is for floats")
    largest: int | float | Fraction
    if bound is None:
        largest = DEFAULT_BOUND if numbers.is_float else numbers.natural_bound
    elif 0 <= bound < math.inf:
        largest = bound
    else:
        raise ValueRangeError("the bound must be a finite number from 0 on")
    if numbers.magnitude > largest:
        raise ValueRangeError(f"a number is larger than {largest} in magnitude: give a larger bound")
    mantissas = scaled(largest, exponent)
    # Before anything is encrypted.
    EncryptedArray._check_room(key, mantissas)
    if room is not None:
        return packed_arrays.encrypt(owner, key, numbers, exponent, mantissas, room, short_exponents)
    plaintexts = numbers.plaintexts(key, exponent)
    items = (
        owner.encrypt(plaintexts)
        if owner is not None
        else _native.Ciphertexts.encrypt(key, plaintexts, short_exponents)
    )
    return EncryptedArray._new(
        key, items, numbers.values.shape, numbers.is_float, exponent, mantissas, fresh=True
    )


def _exponent(precision: Number) -> int:
    """The largest exponent with 16^exponent ≤ precision."""
    if not 0 < precision < math.inf:
        raise ValueRangeError("the precision must be a positive finite number")
    exact = Fraction(precision)
    guess = (exact.numerator.bit_length() - exact.denominator.bit_length()) // 4 + 1
    while power(guess) > exact:
        guess -= 1
    return guess


def _exact(
    numbers: _native.Plaintexts, n: int, bound: bytes, array: Encrypted
) -> NDArray[Any]:
    result = np.empty(len(numbers), dtype=object)
    for i, raw in enumerate(numbers.to_raw(bound)):
        number = int.from_bytes(raw, "big")
        number = number - n if number > n // 2 else number
        result[i] = number * power(array.exponent) if array.dtype == np.float64 else number
    return result.reshape(array.shape)


def _converted(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind in "iu" and values.dtype.kind == "i" and values.size:
        limits = np.iinfo(dtype)
        if values.min() < limits.min or values.max() > limits.max:
            raise PlaintextOverflowError(f"a number does not fit {dtype}: decrypt without a dtype")
    elif dtype.kind not in "iuf" or (dtype.kind in "iu" and values.dtype.kind == "f"):
        raise DtypeError(f"{values.dtype} numbers can't be decrypted as {dtype}: use object, or no dtype")
    return values.astype(dtype)
