"""Programs for ipcl_python run: what its example and its documentation do."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from veilcast import errors, ipcl

Pair = tuple[ipcl.PaillierPublicKey, ipcl.PaillierPrivateKey]


@pytest.fixture(scope="module")
def pair() -> Pair:
    return ipcl.PaillierKeypair.generate_keypair(2048)


@pytest.fixture(scope="module")
def arrays() -> tuple[Any, Any, Any]:
    a, b, c = np.random.default_rng(3).random((3, 20)) * 1000
    return a, b, c


def test_the_examples_operations(pair: Pair, arrays: Any) -> None:
    (pk, sk), (a, b, c) = pair, arrays
    ct_a, ct_b = pk.encrypt(a), pk.encrypt(b)
    assert np.allclose(sk.decrypt(ct_a), a, rtol=1e-15)
    assert np.allclose(sk.decrypt(ct_a + ct_b), a + b)
    assert np.allclose(sk.decrypt(ct_a + b), a + b)
    assert np.allclose(sk.decrypt(b.tolist() + ct_a), a + b)
    assert np.allclose(sk.decrypt(ct_a * b), a * b)
    assert np.allclose(sk.decrypt(b * ct_a), a * b)
    assert np.allclose(sk.decrypt(ct_a / b.tolist()), a / b)
    assert np.allclose(sk.decrypt(1 - ct_a), 1 - a)
    result, expected = ct_a - ct_b * c, a - b * c
    for i in range(5):
        result, expected = result + pk.encrypt(i), expected + i
    assert np.allclose(sk.decrypt(result), expected)
    assert np.isclose(sk.decrypt(ct_a.sum()), a.sum())
    assert np.isclose(sk.decrypt(ct_a.mean()), a.mean())
    assert np.isclose(sk.decrypt(ct_a.dot(b)), a @ b)
    one = pk.encrypt(5) + ct_a
    assert len(one) == one.length() == 20 and np.allclose(sk.decrypt(one), a + 5)


def test_numbers_and_their_parts(pair: Pair) -> None:
    pk, sk = pair
    integers = pk.encrypt([1, -2, 3])
    assert sk.decrypt(integers) == [1, -2, 3] and sk.decrypt(pk.encrypt(7)) == 7
    assert sk.raw_decrypt(integers) == [1, pk.n - 2, 3] and sk.raw_decrypt(pk.encrypt(2.0) * 1) == 2 * 16**32
    assert integers.exponent() == [0, 0, 0] and integers.exponent(1) == 0
    assert (pk.max_int, pk.nsquare) == (pk.n // 3 - 1, pk.n**2)
    ciphertexts = integers.ciphertextBN()
    assert integers.ciphertextBN(2) == ciphertexts[2] < pk.nsquare
    integers.apply_obfuscator()
    assert integers.ciphertextBN(2) != ciphertexts[2] and sk.decrypt(integers) == [1, -2, 3]
    bare = pk.raw_encrypt([5])
    assert bare.ciphertextBN() == [5 * pk.n + 1] and sk.decrypt(bare) == 5
    assert sk.decrypt(pk.encrypt([0.126], precision=1 / 16)) == 0.125
    assert integers.array().shape == (3,)


def test_keys_travel(pair: Pair) -> None:
    pk, sk = pair
    copy = pickle.loads(pickle.dumps(pk))
    assert copy == pk == ipcl.PaillierPublicKey(pk) == ipcl.PaillierPublicKey(pk.n, 2048, True)
    assert hash(copy) == hash(pk) and len({copy, pk}) == 1
    # Without the owner at hand: with short exponents, and without.
    for key in (copy, ipcl.PaillierPublicKey(pk.n, 2048, False)):
        assert sk.decrypt(pickle.loads(pickle.dumps(key.encrypt([1.5, 2.5]) + 1))) == [2.5, 3.5]
    with pytest.raises(errors.SecretError):
        pickle.dumps(sk)
    assert "PrivateKey" in repr(sk) and "3 encrypted numbers" in repr(pk.encrypt([1, 2, 3]))


def test_what_doesnt_fit(pair: Pair) -> None:
    pk, sk = pair
    ct = pk.encrypt([1, 2, 3])
    with pytest.warns(errors.InsecureKeyWarning):
        other, other_sk = ipcl.PaillierKeypair.generate_keypair(1024)
    for wrong in (
        lambda: ct + [1, 2],
        lambda: ct * np.ones(4),
        lambda: ct + pk.encrypt([1, 2]),
        lambda: ct.dot([1, 2]),
        lambda: pk.encrypt([[1, 2]]),
        lambda: ipcl.PaillierPublicKey(pk.n, 3072),
    ):
        with pytest.raises(errors.ShapeError):
            wrong()
    for wrong in (
        lambda: ct + other.encrypt([1, 2, 3]),
        lambda: other_sk.decrypt(ct),
        lambda: ipcl.PaillierEncryptedNumber(other, ct.array()),
    ):
        with pytest.raises(errors.OtherKeyError):
            wrong()
    for wrong in (lambda: ct * ct, lambda: pk.encrypt("a"), lambda: sk.decrypt([1]), lambda: pk.encrypt(2**70)):  # type: ignore[arg-type]  # fmt: skip
        with pytest.raises(errors.DtypeError):
            wrong()
    with pytest.raises(errors.PlaintextOverflowError):
        for _ in range(100):
            ct = ct * 2**40
    with pytest.raises(IndexError):
        ct.ciphertextBN(3)
    with pytest.raises(errors.InvalidKeyError):
        ipcl.PaillierPrivateKey(pk, 15, 17)
