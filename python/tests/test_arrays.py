"""Encrypted arrays do what NumPy's do."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import veilcast as vc

X = np.array([[1, -2, 3], [40, 50, -60]])
Y = np.array([7, -8, 9])
F = np.array([[0.1, -2.5, 3e-9], [1e6, -0.3, 0.0]])

Operation = Callable[[Any], Any]


@pytest.mark.parametrize(
    "values",
    [5, -5, [1, 2], [], [[1], [2]], np.zeros((2, 0, 3), int), True, [[True, False]], np.int8([-128, 127]),
     np.uint64([2**63 - 1]), np.int64([-(2**63), 2**63 - 1]), 0.1, [0.1, -1e-20, 1e15], np.float32([0.1]), np.ma.array([1, 2])],
)  # fmt: skip
def test_what_is_encrypted_is_decrypted(key: vc.Key, values: Any) -> None:
    array = np.asarray(values)
    for encrypted in (key.encrypt(values), key.public.encrypt(values)):
        assert encrypted.shape == array.shape and encrypted.size == array.size
        decrypted = key.decrypt(encrypted)
        assert decrypted.dtype == encrypted.dtype == (np.float64 if array.dtype.kind == "f" else np.int64)
        assert decrypted.shape == array.shape and (decrypted == array).all()


INTEGERS: list[Operation] = [
    lambda x: x + 5,
    lambda x: 5 + x,
    lambda x: x + Y,
    lambda x: Y + x,
    lambda x: x - Y,
    lambda x: Y - x,
    lambda x: np.int64(3) - x,
    lambda x: x - np.array([[[-(2**63) + 100]]]),
    lambda x: x * -3,
    lambda x: Y * x,
    lambda x: x * np.array([[2], [0]]),
    lambda x: -x,
    lambda x: +x,
    lambda x: x[1],
    lambda x: x[1, 2],
    lambda x: x[:, ::-1],
    lambda x: x[..., None, 1],
    lambda x: x[[1, 0, 1]],
    lambda x: x[X > 0],
    lambda x: x.T,
    lambda x: x.reshape(3, 2),
    lambda x: x.reshape((-1,)),
    lambda x: x.ravel(),
    lambda x: x.sum(),
    lambda x: x.sum(axis=0),
    lambda x: x.sum(axis=-1, keepdims=True),
    lambda x: x.sum(axis=(0, 1)),
    lambda x: np.sum(x, axis=1),
    lambda x: x[:, :0].sum(axis=1),
    lambda x: x[:0].sum(axis=1),
    lambda x: sum(x),
    lambda x: x @ Y,
    lambda x: x @ np.arange(12).reshape(3, 4),
    lambda x: np.array([3, -1]) @ x,
    lambda x: np.arange(-4, 4).reshape(4, 2) @ x,
    lambda x: x.dot(Y),
    lambda x: x.dot(4),
    lambda x: x[:, :0] @ np.zeros((0, 2), int),
    lambda x: x + x[0],
    lambda x: x - x[:, :1],
    lambda x: x[0] - x,
    lambda x: [1, 2, 3] * x,
]


@pytest.mark.parametrize("operation", INTEGERS)
def test_integers_are_exact(key: vc.Key, operation: Operation) -> None:
    expected = np.asarray(operation(X))
    result = key.decrypt(operation(key.public.encrypt(X)))
    assert result.dtype == np.int64 and result.shape == expected.shape
    assert (result == expected).all()


FLOATS: list[Operation] = [
    lambda x: x + 0.1,
    lambda x: x - F[::-1],
    lambda x: 3 - x,
    lambda x: x * 0.1,
    lambda x: x * -F,
    lambda x: x * X,
    lambda x: x / 7,
    lambda x: x / Y,
    lambda x: x.mean(axis=1),
    lambda x: np.mean(x),
    lambda x: x @ F.T,
    lambda x: F.T @ x,
    lambda x: x.sum(axis=0),
    lambda x: x * 2.0**40,
]


@pytest.mark.parametrize("operation", FLOATS)
def test_floats_are_as_exact_as_floats_can_be(key: vc.Key, operation: Operation) -> None:
    exact = np.vectorize(Fraction, otypes=[object])(F)
    expected = operation(exact) if operation is not FLOATS[9] else np.mean(exact)
    result = key.decrypt(operation(key.encrypt(F)))
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, np.asarray(expected, dtype=np.float64), rtol=1e-15, atol=1e-38)


def test_sums_of_floats_are_rounded_once(key: vc.Key) -> None:
    encrypted = key.encrypt([1e16, 1.0, -1e16, 2.0**-60])
    assert key.decrypt(encrypted.sum()).item() == 1.0
    assert key.decrypt(encrypted.sum(), dtype=object).item() == 1 + Fraction(1, 2**60)


def test_integers_and_floats_mix(key: vc.Key) -> None:
    x, f = key.encrypt(X), key.encrypt(F)
    for result in (x + f, f + x, x + F, f + X):
        assert result.dtype == np.float64
        np.testing.assert_allclose(key.decrypt(result), X + F, rtol=1e-15)
    joined = vc.concatenate([x, f], axis=1)
    np.testing.assert_array_equal(key.decrypt(joined), np.concatenate([X, F], axis=1))
    np.testing.assert_array_equal(key.decrypt(vc.concatenate([x, x[:1]])), np.concatenate([X, X[:1]]))


def test_exponents_are_known_and_independent_of_the_numbers(key: vc.Key) -> None:
    small, large = key.encrypt([1e-30]), key.encrypt([1e10])
    assert small.exponent == large.exponent == -32 and small.bound == large.bound == 2**64
    coarse = key.encrypt([0.126], precision=1 / 16, bound=1)
    assert coarse.exponent == -1 and coarse.bound == 1
    assert key.decrypt(coarse).item() == 0.125
    assert key.encrypt([20.0], precision=20).exponent == 1
    assert key.encrypt([1.0], precision=Fraction(1, 16) - Fraction(1, 10**30)).exponent == -2
    assert key.encrypt(np.int8([1])).bound == 128 and key.encrypt([1], bound=9).bound == 9


def test_dtypes_on_decryption(key: vc.Key) -> None:
    x = key.encrypt([1, -128])
    assert key.decrypt(x, dtype=np.int8).dtype == np.int8
    assert key.decrypt(x, dtype=float).tolist() == [1.0, -128.0]
    large = key.encrypt([2**62]) * 4
    with pytest.raises(vc.errors.PlaintextOverflowError, match="dtype=object"):
        key.decrypt(large)
    assert key.decrypt(large, dtype=object).tolist() == [2**64]
    with pytest.raises(vc.errors.PlaintextOverflowError, match="uint8"):
        key.decrypt(x, dtype=np.uint8)
    with pytest.raises(vc.errors.DtypeError, match="float64 numbers"):
        key.decrypt(key.encrypt([0.5]), dtype=int)


def test_computed_ciphertexts_are_rerandomised_before_they_leave(key: vc.Key) -> None:
    x = key.encrypt([3])
    assert x.to_bytes() == x.to_bytes()
    doubled = x * 2
    assert doubled.to_bytes() != doubled.to_bytes()
    assert doubled.to_bytes(rerandomize=False) == doubled.to_bytes(rerandomize=False)
    assert (x * 0)._items.to_bytes() != (x * 0).rerandomized()._items.to_bytes()


def test_many_numbers_take_the_ways_of_many(key: vc.Key) -> None:
    generator = np.random.default_rng(1)
    x = generator.integers(-(2**30), 2**30, 5000)
    w = generator.integers(-(2**10), 2**10, (3, 5000))
    encrypted = key.encrypt(x)
    assert key.decrypt(encrypted.sum()).item() == x.sum()
    assert (key.decrypt(w @ encrypted) == w @ x).all()
    assert (key.decrypt(encrypted * w[0]) == x * w[0]).all()
    assert (key.decrypt(x - encrypted) == 0).all()
    assert (key.decrypt(encrypted - encrypted[::-1]) == x - x[::-1]).all()
    wide = generator.integers(-1000, 1000, (3, 70_000))
    narrow = key.encrypt(np.ones(3, int))
    assert (key.decrypt(narrow @ wide[:, :700]) == wide[:, :700].sum(axis=0)).all()
