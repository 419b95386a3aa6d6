"""Packed arrays do what NumPy's do, as long as their slots have room, and say so before they have not."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import veilcast as vc
from veilcast import errors

X = np.arange(-30, 30).reshape(3, 4, 5) ** 3
F = X[0] / 7 + 0.1

Operation = Callable[[Any], Any]

OPERATIONS: list[Operation] = [
    lambda x: x + x,
    lambda x: x - x[::-1],
    lambda x: x + 5,
    lambda x: -3 + x,
    lambda x: X.astype(int)[0] - x,
    lambda x: x - np.arange(5),
    lambda x: x * 7,
    lambda x: -9 * x,
    lambda x: x * 0,
    lambda x: x * np.int64(3),
    lambda x: -x,
    lambda x: +x,
    lambda x: x.sum(axis=0),
    lambda x: x.sum(axis=-2, keepdims=True),
    lambda x: x.sum(axis=(0, 1)),
    lambda x: np.sum(x, axis=1),
    lambda x: x[1],
    lambda x: x[:, ::2],
    lambda x: x[[2, 0, 2]],
    lambda x: x[1, 2],
    lambda x: x[:0].sum(axis=0),
    lambda x: sum(x),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_are_numpys(key: vc.Key, operation: Operation) -> None:
    expected = np.asarray(operation(X))
    for packed in (key.encrypt(X, packed=True, bound=10**6), key.public.encrypt(X, packed=True, bound=10**6)):
        result = operation(packed)
        assert isinstance(result, vc.PackedArray)
        assert result.shape == expected.shape and result.dtype == np.int64
        assert (key.decrypt(result) == expected).all()


def test_many_numbers_share_a_ciphertext(key: vc.Key) -> None:
    packed = key.encrypt(X, packed=True, bound=10**6)
    # 10^6·1024 has 30 bits, and each slot one for the sign.
    assert packed.slot_bits == 30 and packed.per_ciphertext == 1022 // 31 == 32
    assert (packed.size, packed.ciphertexts, len(packed), packed.ndim) == (60, 12, 3, 3)
    flat = key.encrypt(X.ravel(), packed=True, bound=10**6)
    assert flat.ciphertexts == 2 and (key.decrypt(flat) == X.ravel()).all()
    assert "PackedArray int64, shape (60,)" in repr(flat) and "-27000" not in repr(flat)
    assert len(flat.to_bytes()) < len(key.encrypt(X.ravel()).to_bytes()) / 20


@pytest.mark.parametrize("shape", [(1,), (0,), (3, 0), (0, 3), (33,), (64,), (2, 65)])
def test_any_shape(key: vc.Key, shape: tuple[int, ...]) -> None:
    values = np.arange(int(np.prod(shape))).reshape(shape)
    packed = key.encrypt(values, packed=True, bound=10**6)
    assert (key.decrypt(packed + packed) == 2 * values).all()
    assert key.decrypt(packed).shape == shape
    read = vc.PackedArray.from_bytes(packed.to_bytes(), key.public)
    assert (key.decrypt(read) == values).all() and read.shape == shape


def test_floats_are_exact_fixed_point_numbers(key: vc.Key) -> None:
    packed = key.encrypt(F, packed=True, precision=2**-40, bound=2**16, room=2**40)
    assert packed.dtype == np.float64 and packed.per_ciphertext > 5
    rounded = key.decrypt(packed)
    np.testing.assert_allclose(rounded, F, atol=2**-41)
    for operation in (lambda x: x + x, lambda x: x * 0.25, lambda x: 1.5 - x, lambda x: x.sum(axis=0), lambda x: x / 4):
        np.testing.assert_allclose(key.decrypt(operation(packed)), operation(rounded), rtol=1e-15, atol=1e-15)
    mixed = key.encrypt(X[0], packed=True, bound=2**56, room=2**40)
    assert mixed.slot_bits == packed.slot_bits
    np.testing.assert_allclose(key.decrypt(mixed[:, ] + packed), X[0] + rounded, rtol=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_sums_at_the_bound(key: vc.Key, data: st.DataObject) -> None:
    bound = data.draw(st.integers(1, 2**62))
    room = data.draw(st.integers(1, 9))
    values = data.draw(
        st.lists(st.sampled_from([bound, -bound, 0]) | st.integers(-bound, bound), min_size=1, max_size=20)
    )
    packed = key.encrypt(values, packed=True, bound=bound, room=room)
    total = packed
    for _ in range(room - 1):
        total = total + packed
    expected = [room * value for value in values]
    assert key.decrypt(total, dtype=object).tolist() == expected
    assert key.decrypt(-(packed * room), dtype=object).tolist() == [-value for value in expected]
    # What has no room is refused, and not computed.
    times = (2**packed.slot_bits - 1) // bound + 1
    for refused in (lambda: packed * times, lambda: packed * -times, lambda: packed + times * bound):
        with pytest.raises((errors.PlaintextOverflowError, errors.DtypeError)):
            refused()


def test_overflow_is_an_error_before_it_happens(key: vc.Key) -> None:
    packed = key.encrypt([[3, -3], [1, 2]], packed=True, bound=3, room=2)
    for operation in (
        lambda: packed + packed + packed,
        lambda: packed * 3,
        lambda: packed + 5,
        lambda: packed * 0.1,
        lambda: packed - 2**62,
        lambda: packed[[0, 0, 0]].sum(axis=0),
        lambda: packed.with_bound(8),
    ):
        with pytest.raises(errors.PlaintextOverflowError, match="their slots have 3: encrypt with more room"):
            operation()
    assert packed.with_bound(7).bound == 7
    with pytest.raises(errors.PlaintextOverflowError, match="smaller bound"):
        key.encrypt([1], packed=True, room=2**1000)
    with pytest.raises(errors.PlaintextOverflowError):
        key.encrypt([0.5], packed=True, precision=2**-300, bound=2**100, room=2**900)


def test_what_cant_be_packed_or_computed(key: vc.Key, other_key: vc.Key) -> None:
    packed = key.encrypt([[1, 2], [3, 4]], packed=True)
    for wrong in (
        lambda: key.encrypt(5, packed=True),
        lambda: key.encrypt([5], packed=True, room=0),
        lambda: packed + packed[0],
        lambda: packed + [1, 2, 3],
        lambda: packed * [1, 2],
        lambda: packed.sum(),
        lambda: packed.sum(axis=-1),
        lambda: packed.sum(axis=(0, 1)),
        lambda: packed + key.encrypt([[1, 2], [3, 4]], packed=True, room=1),
    ):
        with pytest.raises(errors.ShapeError):
            wrong()
    for wrong in (
        lambda: packed + key.encrypt([1, 2]),
        lambda: packed * packed,
        lambda: packed / packed,
        lambda: packed.sum(axis=0, dtype=int),
    ):
        with pytest.raises(errors.DtypeError):
            wrong()
    for wrong in (lambda: packed + other_key.encrypt([[1, 2], [3, 4]], packed=True), lambda: other_key.decrypt(packed)):
        with pytest.raises(errors.OtherKeyError):
            wrong()
    for index in ((0, 0), 2, "a"):
        with pytest.raises(IndexError, match="last axis"):
            packed[index]
    with pytest.raises(TypeError, match="one by one"):
        list(packed[0])
    with pytest.raises(ZeroDivisionError):
        packed / 0
    for accident in (lambda: np.asarray(packed), lambda: bool(packed), lambda: packed == packed):
        with pytest.raises(errors.SecretError):
            accident()


def test_a_number_beyond_its_slot_is_noticed(key: vc.Key) -> None:
    packed = key.encrypt([3, -3], packed=True, bound=3, room=1)
    with pytest.raises(errors.DecryptionError, match="larger than the array's bound"):
        key.decrypt(packed._like(bound=1))
    with pytest.raises(errors.DecryptionError, match="holds more than its slots"):
        key.decrypt(packed._like(items=key.encrypt([2**40])._items))


def test_bytes(key: vc.Key, other_key: vc.Key) -> None:
    packed = key.encrypt(X, packed=True, bound=10**6)
    doubled = packed * 2
    assert packed.to_bytes() == packed.to_bytes() and doubled.to_bytes() != doubled.to_bytes()
    assert doubled.to_bytes(rerandomize=False) == doubled.to_bytes(rerandomize=False)
    for read in (vc.PackedArray.from_bytes(doubled.to_bytes(), key.public), pickle.loads(pickle.dumps(doubled))):
        assert (key.decrypt(read) == 2 * X).all()
        assert (read.slot_bits, read.shape, read.bound) == (30, X.shape, 2**21)
    data = packed.to_bytes()
    header = struct.calcsize(">4sBBiIB32s") + 3 * 8
    slot = lambda bits: data[:header] + struct.pack(">I", bits) + data[header + 4 :]  # noqa: E731
    for damaged in (slot(0), slot(19), slot(1022), slot(2**32 - 1), data[:-1], data[:header], data[:-256]):  # fmt: skip
        with pytest.raises(errors.CiphertextError):
            vc.PackedArray.from_bytes(damaged, key.public)
    with pytest.raises(errors.OtherKeyError):
        vc.PackedArray.from_bytes(data, other_key.public)
    with pytest.raises(errors.CiphertextError, match=r"PackedArray\.from_bytes"):
        vc.EncryptedArray.from_bytes(data, key.public)
    with pytest.raises(errors.CiphertextError, match=r"EncryptedArray\.from_bytes"):
        vc.PackedArray.from_bytes(key.encrypt([1]).to_bytes(), key.public)
