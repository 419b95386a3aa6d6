"""What users write, for mypy --strict to check."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import veilcast as vc
from veilcast import paillier


def arrays(folder: Path, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    key: vc.Key = vc.Key.generate(2048)
    key.save(folder / "key.json", overwrite=True)
    key = vc.Key.load(str(folder / "key.json"))
    public: vc.PublicKey = key.public
    encrypted: vc.EncryptedArray = public.encrypt([1.0, 2.0], precision=Fraction(1, 256), bound=10)
    rows: vc.EncryptedArray = weights @ encrypted + weights.sum(axis=1)
    total: vc.EncryptedArray = vc.concatenate([rows * 2, -rows / 3]).sum(axis=0, keepdims=True)
    data: bytes = total.to_bytes()
    received = vc.EncryptedArray.from_bytes(data, public)[0].reshape(1)
    shape: tuple[int, ...] = received.shape
    try:
        decrypted: NDArray[np.float64] = key.decrypt(received).reshape(shape)
    except (vc.errors.DecryptionError, vc.errors.PlaintextOverflowError):
        raise
    return decrypted


def numbers() -> float:
    public, private = paillier.generate_paillier_keypair(n_length=2048)
    number: paillier.EncryptedNumber = public.encrypt(1.5, precision=0.01) * 2 + 1
    sent: int = number.ciphertext()
    return private.decrypt(paillier.EncryptedNumber(public, sent, number.exponent))
