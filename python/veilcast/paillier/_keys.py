"""Keys with python-paillier's interface."""

from __future__ import annotations

import secrets
import warnings
import weakref
from collections.abc import Iterable, Iterator, Mapping
from json import loads
from typing import Any, NoReturn, Optional, Union

from veilcast import _native, _wire
from veilcast._plain import to_bytes
from veilcast.errors import InsecureKeyWarning, SecretError
from veilcast.paillier import util
from veilcast.paillier._numbers import EncryptedNumber
from veilcast.paillier.encoding import EncodedNumber, Scalar

__all__ = [
    "DEFAULT_KEYSIZE",
    "PaillierPrivateKey",
    "PaillierPrivateKeyring",
    "PaillierPublicKey",
    "generate_paillier_keypair",
]

DEFAULT_KEYSIZE = 3072
"""The usual size of n, in bits: 128 bits of security."""


def generate_paillier_keypair(
    private_keyring: Optional[PaillierPrivateKeyring] = None, n_length: int = DEFAULT_KEYSIZE
) -> tuple[PaillierPublicKey, PaillierPrivateKey]:
    """Makes a key pair.

    Args:
        private_keyring: The private key is added to it.
        n_length: Bits of n: 2048, 3072 or 4096, or 1024 for tests.

    Raises:
        ValueError: if the size is another.
    """
    size = n_length if 0 <= n_length < 2**31 else 0
    private_key = PaillierPrivateKey._wrap(_native.SecretKey.generate(size, True))
    if private_keyring is not None:
        private_keyring.add(private_key)
    return private_key.public_key, private_key


_checked_keys: dict[int, _native.PublicKey] = {}
"""The keys used of late: checking a modulus costs a power, and programs make a key again for each number that they
read."""


def _checked(n: int) -> _native.PublicKey:
    key = _checked_keys.get(n)
    if key is None:
        key = _native.PublicKey.from_modulus(to_bytes(n), True)
        if len(_checked_keys) >= 64:
            _checked_keys.clear()
        _checked_keys[n] = key
    return key


class PaillierPublicKey:
    """A modulus, under which anyone can encrypt and compute.

    Args:
        n: The modulus.

    Attributes:
        n: The modulus.
        g: n + 1.
        nsquare: n².
        max_int: The largest magnitude that is encoded and decoded. A larger value detects fewer overflows.

    Raises:
        TypeError: if n isn't an integer.
        ValueError: if n has another size than 1024, 2048, 3072 or 4096 bits, or can't be a product of two
            large primes.
    """

    def __init__(self, n: int) -> None:
        if not isinstance(n, int):
            raise TypeError(f"n must be an int, and is a {type(n).__name__}")
        self._native = _checked(max(n, 0))
        if self._native.bits == 1024:
            warnings.warn(
                "keys of 1024 bits can be broken: use them for tests only", InsecureKeyWarning, stacklevel=2
            )
        self.n = n
        self.g = n + 1
        self.nsquare = n * n
        self.max_int = n // 3 - 1
        # The owner's faster way to make randomness, as long as the private key is there.
        self._owner: Optional[weakref.ref[_native.SecretKey]] = None

    def encrypt(
        self,
        value: Union[Scalar, EncodedNumber],
        precision: Optional[float] = None,
        r_value: Optional[int] = None,
    ) -> EncryptedNumber:
        """Encodes and encrypts a number.

        Args:
            value: An int or a float, or a number that is encoded already.
            precision: As for :meth:`EncodedNumber.encode`.
            r_value: The randomness: leave it out. It is for tests, and slow.

        Raises:
            TypeError: if it is no number.
            ValueError: if it is too large for the key.
        """
        encoded = value if isinstance(value, EncodedNumber) else EncodedNumber.encode(self, value, precision)
        return self.encrypt_encoded(encoded, r_value)

    def encrypt_encoded(self, encoding: EncodedNumber, r_value: Optional[int]) -> EncryptedNumber:
        """Encrypts an encoded number; ``None`` is for fresh randomness."""
        if r_value is None:
            encrypted = self._encrypted(encoding.encoding)
            return EncryptedNumber._obfuscated(self, encrypted, encoding.exponent)
        return EncryptedNumber(self, self.raw_encrypt(encoding.encoding, r_value), encoding.exponent)

    def raw_encrypt(self, plaintext: int, r_value: Optional[int] = None) -> int:
        """Encrypts an integer modulo n, and returns the ciphertext.

        Args:
            plaintext: The integer.
            r_value: The randomness: leave it out. It is for tests, and slow.

        Raises:
            TypeError: if it isn't an integer.
        """
        if not isinstance(plaintext, int):
            raise TypeError(f"the plaintext must be an int, and is a {type(plaintext).__name__}")
        if r_value:
            nude = (1 + plaintext * self.n) % self.nsquare
            return nude * pow(r_value, self.n, self.nsquare) % self.nsquare
        return int.from_bytes(self._encrypted(plaintext).to_bytes(), "big")

    def get_random_lt_n(self) -> int:
        """A random number from 1 to n − 1, fit for secrets."""
        return secrets.randbelow(self.n - 1) + 1

    def _plaintexts(self, number: int) -> _native.Plaintexts:
        return _native.Plaintexts.raw(self._native, [to_bytes(number % self.n)])

    def _encrypted(self, number: int) -> _native.Ciphertexts:
        plaintexts = self._plaintexts(number)
        owner = self._owner() if self._owner is not None else None
        if owner is None:
            return _native.Ciphertexts.encrypt(self._native, plaintexts, False)
        return owner.encrypt(plaintexts)

    def _rerandomized(self, ciphertexts: _native.Ciphertexts) -> _native.Ciphertexts:
        if self._owner is None or self._owner() is None:
            return ciphertexts.rerandomize()
        return ciphertexts.add(self._encrypted(0))

    def _decode(self, ciphertext: int) -> _native.Ciphertexts:
        """A ciphertext from an integer, checked."""
        width = self._native.ciphertext_bytes
        data = (ciphertext % self.nsquare).to_bytes(width, "big")
        return _wire.ciphertexts(data, self._native)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaillierPublicKey) and self.n == other.n

    def __hash__(self) -> int:
        return hash(self.n)

    def __repr__(self) -> str:
        return f"<PaillierPublicKey {self._native.fingerprint.hex()[:10]}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return PaillierPublicKey, (self.n,), {"max_int": self.max_int}


class PaillierPrivateKey:
    """The primes of a key, which decrypt.

    Args:
        public_key: The public key.
        p, q: Its primes, secret.

    Raises:
        ValueError: if the primes aren't the public key's, or aren't fit for a key.
    """

    public_key: PaillierPublicKey

    def __init__(self, public_key: PaillierPublicKey, p: int, q: int) -> None:
        if p < 2 or q < 2 or p * q != public_key.n:
            raise ValueError("the public key's n isn't p times q")
        if p == q:
            raise ValueError("p and q must be different")
        self._native = _native.SecretKey.from_primes(to_bytes(abs(p)), to_bytes(abs(q)), True)
        self.public_key = public_key
        public_key._owner = weakref.ref(self._native)

    @classmethod
    def _wrap(cls, native: _native.SecretKey) -> PaillierPrivateKey:
        key = object.__new__(cls)
        key._native = native
        key.public_key = PaillierPublicKey(int.from_bytes(native.public_key.modulus, "big"))
        key.public_key._owner = weakref.ref(native)
        return key

    @staticmethod
    def from_totient(public_key: PaillierPublicKey, totient: int) -> PaillierPrivateKey:
        """The private key, from (p − 1)·(q − 1).

        Raises:
            ValueError: if that isn't the key's.
        """
        total = public_key.n - totient + 1
        square = total * total - 4 * public_key.n
        difference = util.isqrt(square) if square >= 0 else 0
        q = (total - difference) // 2
        p = total - q
        if p < 2 or q < 2 or p * q != public_key.n:
            raise ValueError("the totient isn't that of the public key's n")
        return PaillierPrivateKey(public_key, p, q)

    def decrypt(self, encrypted_number: EncryptedNumber) -> int | float:
        """Decrypts and decodes a number.

        Raises:
            TypeError: if it isn't an :class:`EncryptedNumber`.
            ValueError: if it is encrypted under another key.
            OverflowError: if a computation on it overflowed.
        """
        return self.decrypt_encoded(encrypted_number).decode()

    def decrypt_encoded(
        self, encrypted_number: EncryptedNumber, Encoding: Optional[type[EncodedNumber]] = None
    ) -> EncodedNumber:
        """Decrypts a number without decoding it.

        Args:
            encrypted_number: The number.
            Encoding: The class of the result, which has to be the one that encoded.

        Raises:
            TypeError: if it isn't an :class:`EncryptedNumber`.
            ValueError: if it is encrypted under another key.
        """
        if not isinstance(encrypted_number, EncryptedNumber):
            raise TypeError(
                f"only an EncryptedNumber can be decrypted, and this is a {type(encrypted_number).__name__}"
            )
        if encrypted_number.public_key != self.public_key:
            raise ValueError("the number is encrypted under another key, which alone can decrypt it")
        number = self._decrypted(encrypted_number._ciphertexts())
        return (Encoding or EncodedNumber)(self.public_key, number, encrypted_number.exponent)

    def raw_decrypt(self, ciphertext: int) -> int:
        """Decrypts a ciphertext to an integer below n.

        Raises:
            TypeError: if it isn't an integer.
            ValueError: if it isn't a ciphertext.
        """
        if not isinstance(ciphertext, int):
            raise TypeError(f"the ciphertext must be an int, and is a {type(ciphertext).__name__}")
        return self._decrypted(self.public_key._decode(ciphertext))

    def _decrypted(self, ciphertexts: _native.Ciphertexts) -> int:
        return int.from_bytes(self._native.decrypt(ciphertexts).to_raw(None)[0], "big")

    def _primes(self) -> tuple[int, int]:
        file = loads(self._native.to_json())
        p, q = util.base64_to_int(file["p"]), util.base64_to_int(file["q"])
        return (p, q) if p < q else (q, p)

    @property
    def p(self) -> int:
        """The smaller prime: secret."""
        return self._primes()[0]

    @property
    def q(self) -> int:
        """The larger prime: secret."""
        return self._primes()[1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaillierPrivateKey) and self.public_key == other.public_key

    def __hash__(self) -> int:
        return hash((PaillierPrivateKey, self.public_key))

    def __repr__(self) -> str:
        return f"<PaillierPrivateKey for {self.public_key!r}>"

    def __reduce__(self) -> NoReturn:
        raise SecretError("private keys are never pickled or copied: write p and q where only you can read them")


class PaillierPrivateKeyring(Mapping[PaillierPublicKey, PaillierPrivateKey]):
    """Several private keys, each found by its public key.

    Args:
        private_keys: The keys to begin with.
    """

    def __init__(self, private_keys: Optional[Iterable[PaillierPrivateKey]] = None) -> None:
        self.__keys = {key.public_key: key for key in private_keys or ()}

    def __getitem__(self, key: PaillierPublicKey) -> PaillierPrivateKey:
        return self.__keys[key]

    def __len__(self) -> int:
        return len(self.__keys)

    def __iter__(self) -> Iterator[PaillierPublicKey]:
        return iter(self.__keys)

    def __delitem__(self, public_key: PaillierPublicKey) -> None:
        del self.__keys[public_key]

    def add(self, private_key: PaillierPrivateKey) -> None:
        """Adds a key.

        Raises:
            TypeError: if it isn't a :class:`PaillierPrivateKey`.
        """
        if not isinstance(private_key, PaillierPrivateKey):
            raise TypeError(f"a keyring holds PaillierPrivateKey, and this is a {type(private_key).__name__}")
        self.__keys[private_key.public_key] = private_key

    def decrypt(self, encrypted_number: EncryptedNumber) -> int | float:
        """Decrypts a number with the key that it needs.

        Raises:
            KeyError: if the keyring doesn't have it.
        """
        return self.__keys[encrypted_number.public_key].decrypt(encrypted_number)
