"""The package's exceptions. Each is also the built-in exception that fits, so that ``except ValueError``
works where one would expect it to."""

from __future__ import annotations

__all__ = [
    "CardError",
    "CiphertextError",
    "CompileError",
    "DecryptionError",
    "DtypeError",
    "FileExists",
    "InsecureKeyWarning",
    "InvalidKeyError",
    "KeyFileError",
    "MessageError",
    "MissingPackage",
    "ModelError",
    "OtherKeyError",
    "PlaintextOverflowError",
    "RecordError",
    "SealedError",
    "SecretError",
    "ServeError",
    "ServiceError",
    "ShapeError",
    "TableError",
    "ValueRangeError",
    "VeilcastError",
    "VoucherError",
    "WayError",
]


class VeilcastError(Exception):
    """What all exceptions of this package are."""


class InvalidKeyError(VeilcastError, ValueError):
    """A number isn't an acceptable key, or a key of this size isn't."""


class KeyFileError(VeilcastError, ValueError):
    """A file isn't a key file, or holds another kind of key."""


class FileExists(VeilcastError, FileExistsError):
    """A file is there already, and wasn't to be replaced."""


class OtherKeyError(VeilcastError, ValueError):
    """Values of different keys can't be computed with, and a key decrypts only its own."""


class CiphertextError(VeilcastError, ValueError):
    """Bytes or numbers aren't ciphertexts under this key."""


class DecryptionError(VeilcastError):
    """A ciphertext can't be decrypted, or holds a number that it can't hold by what is known of it."""


class PlaintextOverflowError(VeilcastError, OverflowError):
    """A result might not fit the key, or a decrypted number doesn't fit the data type."""


class ValueRangeError(VeilcastError, ValueError):
    """A number is not finite, or beyond what was announced."""


class DtypeError(VeilcastError, TypeError):
    """An array holds something that isn't a number of at most 64 bits."""


class ShapeError(VeilcastError, ValueError):
    """Shapes don't fit together."""


class SecretError(VeilcastError, TypeError):
    """Something secret or encrypted was about to be given away, or read, by accident."""


class CardError(VeilcastError, ValueError):
    """A model's card, or its public part, can't be used, or not with this key."""


class ModelError(VeilcastError, ValueError):
    """A folder isn't a model's, or it is damaged."""


class RecordError(VeilcastError, ValueError):
    """A record isn't one that the model takes."""


class MessageError(VeilcastError, ValueError):
    """Bytes aren't a request or an answer of this model, key and card."""


class ServiceError(VeilcastError, OSError):
    """A service can't be reached or refuses, or what is there isn't one."""


class WayError(VeilcastError, ValueError):
    """A model isn't offered in a way, or the client lacks what the way needs: a key, or a folder of vouchers."""


class VoucherError(VeilcastError):
    """There are too few vouchers, or they can't be made or kept."""


class SealedError(VeilcastError, ValueError):
    """A sealed model could betray records, or isn't the card's; or a model can't be sealed."""


class CompileError(VeilcastError, ValueError):
    """A model of another library can't become one that predicts on encrypted records."""


class TableError(VeilcastError, ValueError):
    """A table of encrypted records or of answers isn't one, or not of this model and key."""


class MissingPackage(VeilcastError, ImportError):
    """A package that is only needed for this isn't installed."""


class ServeError(VeilcastError, OSError):
    """A service can't start."""


class InsecureKeyWarning(UserWarning):
    """A key of 1024 bits is in use, which can be broken: it is for tests only."""
