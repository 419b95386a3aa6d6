"""Arrays as bytes and pickles, also those that are no such thing."""

from __future__ import annotations

import copy
import pickle
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import veilcast as vc
from veilcast import errors

HEADER = 47


@pytest.mark.parametrize("values", [1, [], [0.5, -1.0], [[1, 2]], np.zeros((0, 3))])
def test_arrays_go_and_come_back(key: vc.Key, values: object) -> None:
    array = key.encrypt(values)  # type: ignore[arg-type]
    data = array.to_bytes()
    assert len(data) == HEADER + 8 * array.ndim + 256 * array.size
    for back in (
        vc.EncryptedArray.from_bytes(data, key.public),
        vc.EncryptedArray.from_bytes(bytearray(data), key.public),
        pickle.loads(pickle.dumps(array)),
        copy.deepcopy(array),
    ):
        assert (back.shape, back.dtype, back.exponent) == (array.shape, array.dtype, array.exponent)
        assert back.public_key == key.public and back._bound >= array._bound
        np.testing.assert_array_equal(key.decrypt(back), np.asarray(values))


def test_the_format_stays(key: vc.Key) -> None:
    array = key.encrypt([[0.5], [1.0]], precision=1 / 256, bound=3)
    data = array.to_bytes()
    assert data[:4] == b"VCEA"                                     # what it is
    assert data[4:6] == b"\x01\x01"                                # version 1, floats
    assert data[6:10] == b"\xff\xff\xff\xfe"                       # the exponent −2
    assert data[10:15] == b"\x00\x00\x00\x0a\x02"                  # a bound of 10 bits, 3·256; two axes
    assert data[15:47].hex() == key.public.fingerprint
    assert data[47:63] == b"\x00" * 7 + b"\x02" + b"\x00" * 7 + b"\x01"
    assert data[63:] == array._items.to_bytes()


def damaged(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def test_damaged_bytes_are_refused(key: vc.Key) -> None:
    data = key.encrypt([1.5, 2.5]).to_bytes()
    n_squared = key.public.n**2
    cases = {
        "begin like one": [b"", b"VCEA", b"x" * 1000, damaged(data, 0, b"V2")],
        "version 2": [damaged(data, 4, b"\x02")],
        "header is damaged": [damaged(data, 5, b"\x04"), damaged(data, 14, b"\xff"), data[: HEADER + 3]],
        "exponent": [damaged(data, 6, struct.pack(">i", -16385)), damaged(data, 5, b"\x00")],
        "bytes, and these are": [data[:-1], data + b"\x00", damaged(data, HEADER, struct.pack(">Q", 2**63))],
        "bits, and the key": [damaged(data, 10, struct.pack(">I", 2**32 - 1))],
        "not between 1": [
            damaged(data, HEADER + 8, bytes(256)),
            damaged(data, HEADER + 8 + 256, n_squared.to_bytes(256, "big")),
        ],
        "not coprime": [damaged(data, HEADER + 8, key.public.n.to_bytes(256, "big"))],
    }
    for text, cases_of_it in cases.items():
        for case in cases_of_it:
            with pytest.raises(errors.CiphertextError, match=text):
                vc.EncryptedArray.from_bytes(case, key.public)
    # As many bytes as no memory has are announced, and none are reserved.
    huge = damaged(data[: HEADER + 8], 14, b"\x02") + struct.pack(">Q", 2**63)
    for axes in (struct.pack(">QQ", 0, 2**63), struct.pack(">QQ", 2**63, 2**63)):
        with pytest.raises(errors.CiphertextError):
            vc.EncryptedArray.from_bytes(huge[:HEADER] + axes, key.public)
    with pytest.raises(errors.OtherKeyError, match="another key"):
        vc.EncryptedArray.from_bytes(damaged(data, 20, b"\x00\x00\x00\x00"), key.public)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_the_bytes_there_is_an_array_or_an_error(key: vc.Key, data: st.DataObject) -> None:
    good = key.public.encrypt([1.5]).to_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    changed = damaged(good, at, data.draw(st.binary(min_size=1, max_size=8)))
    changed = changed[: data.draw(st.integers(0, len(changed)) | st.just(len(changed)))]
    try:
        array = vc.EncryptedArray.from_bytes(changed, key.public)
    except (errors.CiphertextError, errors.OtherKeyError):
        return
    try:
        key.decrypt(array)
    except (errors.DecryptionError, errors.PlaintextOverflowError):
        pass


def test_a_bound_is_rounded_up_and_can_be_agreed(key: vc.Key) -> None:
    scores = key.encrypt([1], bound=1) * 1000
    assert vc.EncryptedArray.from_bytes(scores.to_bytes(), key.public).bound == 1024
    agreed = scores.with_bound(10**6)
    assert agreed.bound == 10**6 and key.decrypt(agreed).tolist() == [1000]
    for bound in (999, -1, float("nan")):
        with pytest.raises(errors.ValueRangeError):
            scores.with_bound(bound)
    with pytest.raises(errors.PlaintextOverflowError):
        scores.with_bound(key.public.n)


def test_pickles_that_are_no_such_thing(key: vc.Key) -> None:
    pickled = pickle.dumps(key.encrypt([1]))
    ciphertext = key.encrypt([1])._items.to_bytes()
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert key.decrypt(pickle.loads(pickle.dumps(key.encrypt([1]), protocol))).tolist() == [1]
    broken = pickled.replace(b"VCEA", b"VCEB")
    with pytest.raises(errors.CiphertextError):
        pickle.loads(broken)
    with pytest.raises(errors.InvalidKeyError):
        vc.keys._public_key(ciphertext, True)


def test_forged_pickles(key: vc.Key, other_key: vc.Key) -> None:
    array = key.encrypt([1, 2])
    for pickled in (pickle.dumps(array), pickle.dumps([1, 2])):
        with pytest.raises(errors.CiphertextError, match="are a pickle, not an encrypted array"):
            vc.EncryptedArray.from_bytes(pickled, key.public)
    function, (data, public) = array.__reduce__()

    class Forged:
        def __init__(self, *arguments: object) -> None:
            self.arguments = arguments

        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return function, self.arguments

    for arguments, error, text in (
        ((b"", public), errors.CiphertextError, "don't begin like one"),
        ((data[:-1], public), errors.CiphertextError, "and these are"),
        ((damaged(data, HEADER + 8, bytes(256)), public), errors.CiphertextError, "not between 1"),
        ((data, other_key.public), errors.OtherKeyError, "another key"),
        ((5, public), errors.CiphertextError, "and this is a int"),
    ):
        with pytest.raises(error, match=text):
            pickle.loads(pickle.dumps(Forged(*arguments)))
    cut = pickle.dumps(array)[:-1]
    with pytest.raises((EOFError, pickle.UnpicklingError)):
        pickle.loads(cut)
