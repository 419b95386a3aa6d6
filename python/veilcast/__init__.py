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
from veilcast.cards import Card
from veilcast.clients import AsyncClient, Client
from veilcast.compiling import compile
from veilcast.keys import Key, PublicKey
from veilcast.models import Model
from veilcast.packed import PackedArray
from veilcast.plans import Plan, plan
from veilcast.predictions import Exchange, Predictions
from veilcast.reports import Report
from veilcast.serving import Service, serve
from veilcast.sessions import DrawnVouchers, Opening, SealedModel, Session

__all__ = [
    "AsyncClient",
    "Card",
    "Client",
    "DrawnVouchers",
    "EncryptedArray",
    "Exchange",
    "Key",
    "Model",
    "Opening",
    "PackedArray",
    "Plan",
    "Predictions",
    "PublicKey",
    "Report",
    "SealedModel",
    "Service",
    "Session",
    "compile",
    "concatenate",
    "errors",
    "plan",
    "progress",
    "serve",
]
