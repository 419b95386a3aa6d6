"""Bad input has an exception of its own, with a text that helps."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

import veilcast as vc
from veilcast import errors


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ([1.0, np.nan], errors.ValueRangeError, "there is nan at 1, and only finite"),
        ([[1.0, 2.0], [np.inf, 0.0]], errors.ValueRangeError, r"there is inf at \(1, 0\)"),
        (-np.inf, errors.ValueRangeError, "there is -inf, and only finite"),
        (np.array([1, "a"], dtype=object), errors.DtypeError, "such as a str"),
        (np.array([1, None], dtype=object), errors.DtypeError, "such as a NoneType"),
        (np.array([1, 2], dtype=object), errors.DtypeError, "data type object: convert"),
        (2**63, errors.DtypeError, "64-bit signed"),
        ([2**64], errors.DtypeError, "use veilcast.paillier"),
        ([-(2**63) - 1], errors.DtypeError, "64 bits"),
        (np.uint64([2**63]), errors.DtypeError, "64-bit signed"),
        (["a"], errors.DtypeError, "arrays of <U1"),
        ([1j], errors.DtypeError, "complex128"),
        (np.array([datetime.date(2024, 1, 1)], dtype="datetime64[D]"), errors.DtypeError, "datetime64"),
        (np.zeros(2, dtype="i4,f8"), errors.DtypeError, "can't be encrypted"),
        (np.longdouble([1]), errors.DtypeError, "convert to int64 or float64"),
        (np.ma.array([1, 2], mask=[0, 1]), errors.ValueRangeError, "masked values"),
        (None, errors.DtypeError, "such as a NoneType"),
        ({"a": 1}, errors.DtypeError, "such as a dict"),
    ],
)
def test_what_isnt_numbers_is_refused(key: vc.Key, values: Any, error: type[Exception], text: str) -> None:
    encrypted = key.encrypt([1])
    for refuse in (key.encrypt, key.public.encrypt, encrypted.__add__, encrypted.__rsub__, encrypted.__mul__, encrypted.__matmul__):  # fmt: skip
        with pytest.raises(error, match=text):
            refuse(values)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"precision": 0}, errors.ValueRangeError, "positive finite"),
        ({"precision": -1.0}, errors.ValueRangeError, "positive finite"),
        ({"precision": float("nan")}, errors.ValueRangeError, "positive finite"),
        ({"precision": float("inf")}, errors.ValueRangeError, "positive finite"),
        ({"bound": -1}, errors.ValueRangeError, "from 0 on"),
        ({"bound": float("nan")}, errors.ValueRangeError, "from 0 on"),
        ({"bound": float("inf")}, errors.ValueRangeError, "from 0 on"),
        ({"bound": 1.25}, errors.ValueRangeError, "a number is larger than 1.25"),
        ({"bound": 2**1000}, errors.PlaintextOverflowError, "smaller bound"),
        ({"precision": 1e-300}, errors.PlaintextOverflowError, "coarser precision"),
    ],
)
def test_bad_precisions_and_bounds(
    key: vc.Key, options: dict[str, float], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        key.encrypt([1.5], **options)


def test_a_precision_is_for_floats(key: vc.Key) -> None:
    with pytest.raises(errors.ValueRangeError, match="for floats"):
        key.encrypt([1], precision=0.5)


def test_shapes_that_dont_fit(key: vc.Key) -> None:
    x = key.encrypt([[1, 2, 3]])
    for operation in (
        lambda: x + [1, 2],
        lambda: x * np.zeros((2, 2)),
        lambda: x - key.encrypt([1, 2]),
        lambda: x @ [1, 2],
        lambda: [1, 2] @ x,
        lambda: x @ 3,
        lambda: x @ np.zeros((1, 3, 1)),
        lambda: x.reshape(2, 2),
        lambda: x.reshape(-1, -1),
        lambda: vc.concatenate([x, x[:, :2]]),
        lambda: vc.concatenate([x, x[0]]),
        lambda: vc.concatenate([]),
    ):
        with pytest.raises(errors.ShapeError):
            operation()
    for index in (3, (0, 3), "a", (0, 0, 0)):
        with pytest.raises(IndexError):
            x[index]
    with pytest.raises(IndexError):
        x.sum(axis=2)
    with pytest.raises(TypeError):
        len(x[0, 0])


def test_other_keys_arrays(key: vc.Key, other_key: vc.Key) -> None:
    x, y = key.encrypt([1, 2]), other_key.encrypt([3, 4])
    for operation in (
        lambda: x + y,
        lambda: x - y,
        lambda: vc.concatenate([x, y]),
        lambda: key.decrypt(y),
        lambda: vc.EncryptedArray.from_bytes(y.to_bytes(), key.public),
    ):
        with pytest.raises(errors.OtherKeyError, match="key"):
            operation()


def test_encrypted_numbers_are_only_multiplied_by_plain_ones(key: vc.Key) -> None:
    x = key.encrypt([1, 2])
    for operation in (lambda: x * x, lambda: x @ x, lambda: x.dot(x), lambda: x / x):
        with pytest.raises(errors.DtypeError, match="by plain ones"):
            operation()
    with pytest.raises(errors.DtypeError, match="encrypted already"):
        key.encrypt(x)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError, match="by zero"):
        x / [1, 0]
    with pytest.raises(errors.ValueRangeError, match="no numbers"):
        x[:0].mean()
    for what in (5, np.array([1]), x._items):
        with pytest.raises(errors.DtypeError, match="only an EncryptedArray"):
            key.decrypt(what)  # type: ignore[arg-type]
    with pytest.raises(errors.DtypeError, match="there is a list"):
        vc.concatenate([x, [1]])  # type: ignore[list-item]


def test_nothing_encrypted_becomes_plain_by_accident(key: vc.Key) -> None:
    x = key.encrypt([1, 2])
    for accident in (
        lambda: np.asarray(x),
        lambda: np.array([x, x]),
        lambda: np.concatenate([x, x]),  # type: ignore[call-overload]
        lambda: bool(x[0]),
        lambda: x == x,
        lambda: x != 1,
        lambda: x < 3,
        lambda: 1 in x,
    ):
        with pytest.raises(errors.SecretError):
            accident()
    for accident in (lambda: float(x[0]), lambda: hash(x), lambda: np.exp(x), lambda: x**2, lambda: np.zeros(2).__iadd__(x)):  # type: ignore[arg-type, operator]  # fmt: skip
        with pytest.raises(TypeError):
            accident()
    assert "1, 2" not in repr(x)


def test_a_ciphertext_beyond_its_bound_is_noticed(key: vc.Key) -> None:
    x = key.encrypt([3, -3], bound=5)
    forged = vc.EncryptedArray._new(x._key, (x * 2)._items, x.shape, False, 0, 5, fresh=True)
    with pytest.raises(errors.DecryptionError, match="number 0 is larger than the array's bound"):
        key.decrypt(forged)


def test_flat_arrays_check_what_they_are_given(key: vc.Key, other_key: vc.Key) -> None:
    """The native module is private, and still nothing in it panics."""
    native = vc._native
    items, k = key.encrypt([1, 2])._items, key.public._key
    numbers = native.Plaintexts.integers(k, np.array([1, 2, 3]), 0)
    foreign = native.Plaintexts.integers(other_key.public._key, np.array([1, 2]), 0)
    for wrong in (
        lambda: items.take(np.array([2])),
        lambda: items.take(np.array([-1])),
        lambda: items.sums(np.array([[0, 5]])),
        lambda: items.sums(np.zeros((2, 0), np.int64)),
        lambda: items.add(items.take(np.array([0]))),
        lambda: items.add_plaintexts(numbers),
        lambda: items.multiply(numbers),
        lambda: items.weighted_sums(numbers, 2),
        lambda: items.weighted_sums(numbers, 2**63),
    ):
        with pytest.raises(errors.ShapeError):
            wrong()
    for wrong in (
        lambda: items.add_plaintexts(foreign),
        lambda: items.multiply(foreign),
        lambda: items.weighted_sums(foreign, 1),
        lambda: native.Ciphertexts.encrypt(k, foreign, False),
        lambda: items.add(other_key.encrypt([1, 2])._items),
        lambda: native.Ciphertexts.concatenate(other_key.public._key, [items]),
    ):
        with pytest.raises(errors.OtherKeyError):
            wrong()
    with pytest.raises(errors.PlaintextOverflowError):
        native.Plaintexts.raw(k, [b"\xff" * 128])
    with pytest.raises(errors.PlaintextOverflowError):
        numbers.to_integers(b"\1" * 129)
    with pytest.raises(errors.ValueRangeError):
        native.Plaintexts.integers(k, np.array([1]), 1)
    with pytest.raises(errors.PlaintextOverflowError):
        native.Plaintexts.integers(k, np.array([1]), -(2**31))
    for wrong in (lambda: items.take(np.array([0.5])), lambda: items.take([0]), lambda: items.sums(np.array([0]))):  # type: ignore[arg-type]  # fmt: skip
        with pytest.raises(TypeError):
            wrong()
    assert repr(numbers) == "<3 plaintexts, not shown>"
    with pytest.raises(TypeError, match="never pickled"):
        numbers.__reduce__()
