"""Properties of encrypted arithmetic, at the bounds of the numbers above all."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import veilcast as vc
from veilcast.paillier import EncodedNumber

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

LEAST, MOST = -(2**63), 2**63 - 1
int64 = st.integers(LEAST, MOST) | st.sampled_from([LEAST, LEAST + 1, -1, 0, 1, MOST])
# What the usual precision and bound keep.
kept = st.floats(2.0**-75, 2.0**64) | st.sampled_from([2.0**64, 2.0**-75])
floats = kept | kept.map(lambda x: -x) | st.just(0.0)
factors = st.floats(-1e9, 1e9, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-9)


@SETTINGS
@given(st.lists(st.tuples(int64, int64), min_size=1, max_size=6))
@example([(LEAST, LEAST), (MOST, LEAST), (LEAST, -1)])
def test_integers_of_all_sizes(key: vc.Key, pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs, dtype=np.int64).T
    x = key.encrypt(a)
    for result, operation in [
        (x + b, int.__add__),
        (x - b, int.__sub__),
        (b - x, lambda a, b: b - a),
        (x * b, int.__mul__),
        (x + key.public.encrypt(b), int.__add__),
        (x - key.public.encrypt(b), int.__sub__),
    ]:
        assert key.decrypt(result, dtype=object).tolist() == [operation(a, b) for a, b in pairs]
    assert key.decrypt(x @ b, dtype=object).item() == sum(a * b for a, b in pairs)
    assert key.decrypt(x.sum(), dtype=object).item() == sum(a for a, _ in pairs)


@SETTINGS
@given(st.lists(st.tuples(floats, factors), min_size=1, max_size=5))
def test_floats_are_computed_with_exactly(key: vc.Key, pairs: list[tuple[float, float]]) -> None:
    a, b = np.array(pairs).T
    x = key.encrypt(a)
    assert key.decrypt(x).tolist() == a.tolist()
    exact = [(Fraction(a), Fraction(b)) for a, b in pairs]
    assert key.decrypt(x + b, dtype=object).tolist() == [a + b for a, b in exact]
    assert key.decrypt(x * b, dtype=object).tolist() == [a * b for a, b in exact]
    assert key.decrypt(x * b).tolist() == [float(a * b) for a, b in exact]
    assert key.decrypt(b @ x, dtype=object).item() == sum(a * b for a, b in exact)


@SETTINGS
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-80, 3))
def test_any_precision_rounds_to_the_nearest(key: vc.Key, number: float, exponent: int) -> None:
    precision = Fraction(16) ** exponent
    try:
        encrypted = key.encrypt([number], precision=precision, bound=abs(number))
    except vc.errors.PlaintextOverflowError:
        assert abs(number) / precision > key.public.n // 3 - 2
        return
    assert encrypted.exponent == exponent
    expected = round(Fraction(number) / precision) * precision
    assert key.decrypt(encrypted, dtype=object).item() == expected
    try:
        assert key.decrypt(encrypted).item() == float(expected)
    except vc.errors.PlaintextOverflowError:
        # Rounding may go beyond the largest float.
        assert expected > Fraction(np.finfo(float).max)


def test_results_up_to_the_bound_are_right_and_beyond_are_refused(key: vc.Key) -> None:
    room = key.public.n // 3 - 1
    x = key.encrypt([1, -1], bound=1)
    value = 1
    while x.bound * 1000003 <= room:
        x, value = x * 1000003, value * 1000003
    assert key.decrypt(x, dtype=object).tolist() == [value, -value]
    with pytest.raises(vc.errors.PlaintextOverflowError, match="larger key"):
        x * 1000003
    rest = room // x.bound
    y = x * min(rest, MOST)
    with pytest.raises(vc.errors.PlaintextOverflowError):
        y * 3 + y * MOST
    full = key.public.encrypt([1]).with_bound(room)
    too_much = [lambda: full + 1, lambda: full - full, lambda: full * 2, lambda: full @ [-2]]
    for overflow in too_much:
        with pytest.raises(vc.errors.PlaintextOverflowError):
            overflow()
    assert key.decrypt(-full).tolist() == [-1]


@SETTINGS
@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: abs(x) < 1e150) | st.integers(-(2**300), 2**300))
def test_encodings_are_python_pailliers(key: vc.Key, number: int | float) -> None:
    from veilcast.paillier import PaillierPublicKey

    public = PaillierPublicKey.__new__(PaillierPublicKey)
    public.n, public.max_int = key.public.n, key.public.n // 3 - 1
    try:
        encoded = EncodedNumber.encode(public, number)
    except ValueError:
        assert isinstance(number, float)
        return
    assert encoded.decode() == number
    if isinstance(number, float) and number:
        # 53 bits and up to three of a hexadecimal digit.
        mantissa = min(encoded.encoding, public.n - encoded.encoding)
        assert 2**52 <= mantissa < 2**56
        assert encoded.exponent == math.floor((math.frexp(number)[1] - 53) / 4)
