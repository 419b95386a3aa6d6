"""python-paillier's interface: ``from veilcast import paillier`` in place of ``from phe import paillier``.

Numbers one by one, as that library has them; :class:`veilcast.EncryptedArray` computes with many at once, and
is much faster. Keys, exponents, ciphertexts and exceptions are python-paillier's, with these differences:

- Keys have 2048, 3072 or 4096 bits. 1024 bits work for tests, with an :class:`InsecureKeyWarning`. Other keys
  raise ``ValueError``.
- A ciphertext is checked when it is first used, and ``ValueError`` is raised for a number that can't be one.
- Private keys aren't pickled. Encrypted numbers are pickled as ``ciphertext()`` gives them: obfuscated.
- There is no command-line tool of its own: ``veilcast keygen`` makes key files in the same format.
"""

from veilcast.paillier import encoding, util
from veilcast.paillier._keys import (
    DEFAULT_KEYSIZE,
    PaillierPrivateKey,
    PaillierPrivateKeyring,
    PaillierPublicKey,
    generate_paillier_keypair,
)
from veilcast.paillier._numbers import EncryptedNumber
from veilcast.paillier.encoding import EncodedNumber

__all__ = [
    "DEFAULT_KEYSIZE",
    "EncodedNumber",
    "EncryptedNumber",
    "PaillierPrivateKey",
    "PaillierPrivateKeyring",
    "PaillierPublicKey",
    "encoding",
    "generate_paillier_keypair",
    "util",
]
