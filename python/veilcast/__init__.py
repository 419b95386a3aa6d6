"""Predictions and sums on encrypted numbers.

>>> import numpy as np, veilcast as vc
>>> key = vc.Key.generate()
>>> encrypted = key.encrypt(np.array([1.5, 2.5]))     # the key's owner encrypts,
>>> total = (encrypted * [2.0, 4.0]).sum()            # anyone computes,
>>> float(key.decrypt(total))                         # and the owner decrypts
13.0

:mod:`veilcast.paillier` has python-paillier's interface.
"""

from veilcast import errors
from veilcast.arrays import EncryptedArray, concatenate
from veilcast._progress import progress
from veilcast.keys import Key, PublicKey
from veilcast.packed import PackedArray
from veilcast.predictions import Card, Client, Model, Predictions, Session

__all__ = [
    "Card",
    "Client",
    "EncryptedArray",
    "Key",
    "Model",
    "PackedArray",
    "Predictions",
    "PublicKey",
    "Session",
    "concatenate",
    "errors",
    "progress",
]
