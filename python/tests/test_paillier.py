"""What python-paillier's own tests don't say about its interface here."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

import veilcast as vc
from veilcast import errors, paillier

Pair = tuple[paillier.PaillierPublicKey, paillier.PaillierPrivateKey]


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.InsecureKeyWarning)
        yield paillier.generate_paillier_keypair(n_length=1024)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.InsecureKeyWarning)
        yield


def test_small_keys_warn_or_are_refused(pair: Pair) -> None:
    warnings.simplefilter("always")
    with pytest.warns(errors.InsecureKeyWarning, match="1024 bits can be broken"):
        paillier.PaillierPublicKey(pair[0].n)
    for size in (-1, 0, 128, 512, 1023, 2049, 2**40):
        with pytest.raises(ValueError, match="choose 2048, 3072 or 4096"):
            paillier.generate_paillier_keypair(n_length=size)
    for n in (-3, 0, 126869, 2**1024 - 1):
        with pytest.raises(errors.InvalidKeyError):
            paillier.PaillierPublicKey(n)


def test_the_owner_encrypts_and_anyone_can(pair: Pair) -> None:
    public, private = pair
    stranger = paillier.PaillierPublicKey(public.n)
    assert public._owner is not None and stranger._owner is None
    for key in (public, stranger):
        number = key.encrypt(-2.75)
        assert private.decrypt(number) == -2.75
        assert private.decrypt(number * 2 + 1) == -4.5
        doubled = number * 2
        before = doubled.ciphertext(be_secure=False)
        assert doubled.ciphertext() != before and private.decrypt(doubled) == -5.5
    # The public key does not keep the secret one.
    public, private = paillier.generate_paillier_keypair(n_length=1024)
    assert public._owner is not None and public._owner() is not None
    del private
    gc.collect()
    assert public._owner() is None
    assert public.encrypt(1).ciphertext() != 1


def test_ciphertexts_travel_as_integers(pair: Pair) -> None:
    public, private = pair
    number = public.encrypt(0.5)
    received = paillier.EncryptedNumber(public, number.ciphertext(), number.exponent)
    assert private.decrypt(received) == 0.5
    assert private.raw_decrypt(public.raw_encrypt(7)) == 7
    assert private.raw_decrypt(public.raw_encrypt(7, r_value=3)) == 7
    assert private.raw_decrypt(number._raw_add(public.raw_encrypt(3), public.raw_encrypt(4))) == 7
    assert private.raw_decrypt(public.encrypt(5)._raw_mul(public.n - 2)) == public.n - 10
    for bad in (0, public.n, public.nsquare):
        with pytest.raises(errors.CiphertextError):
            private.decrypt(paillier.EncryptedNumber(public, bad))
    for bad in ("5", 5.0, None):
        with pytest.raises(TypeError):
            paillier.EncryptedNumber(public, bad)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            paillier.EncryptedNumber(bad, 5)  # type: ignore[arg-type]
    for bad in (-1, public.n):
        with pytest.raises(ValueError, match="from 0 to"):
            number._raw_mul(bad)


def test_pickles(pair: Pair) -> None:
    public, private = pair
    assert pickle.loads(pickle.dumps(public)) == public
    product = public.encrypt(3) * 5
    bare = product.ciphertext(be_secure=False)
    received = pickle.loads(pickle.dumps(product))
    assert private.decrypt(received) == 15 and received.ciphertext(False) != bare
    for refuse in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(errors.SecretError, match="never pickled"):
            refuse(private)
    keyring = paillier.PaillierPrivateKeyring([private])
    with pytest.raises(errors.SecretError):
        pickle.dumps(keyring)
    assert str(private.p) not in repr(private) + repr(vars(private))


def test_numbers_of_numpy_and_what_is_none(pair: Pair) -> None:
    public, private = pair
    assert private.decrypt(public.encrypt(np.int64(-3))) == -3
    assert private.decrypt(public.encrypt(np.float64(0.25)) + np.int8(1)) == 1.25
    assert private.decrypt(np.dot([public.encrypt(2), public.encrypt(3)], [1.5, -1])) == 0.0
    for bad in ("1", None, [1], 1j, np.float32(1)):
        with pytest.raises(TypeError, match="only int and float"):
            public.encrypt(bad)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        public.encrypt(float("nan"))
    with pytest.raises(OverflowError):
        public.encrypt(float("inf"))
    with pytest.raises(ValueError, match="too large"):
        public.encrypt(public.max_int + 1)
    with pytest.raises(NotImplementedError, match="can't be multiplied"):
        public.encrypt(1) * public.encrypt(2)  # type: ignore[operator]
    encoded = paillier.EncodedNumber.encode(public, 2.5)
    assert private.decrypt(public.encrypt(1) - encoded) == -1.5


def test_keys_from_their_parts(pair: Pair) -> None:
    public, private = pair
    p, q = private.p, private.q
    assert p < q and p * q == public.n
    fresh = paillier.PaillierPublicKey(public.n)
    assert paillier.PaillierPrivateKey(fresh, q, p).decrypt(public.encrypt(9)) == 9
    assert paillier.PaillierPrivateKey.from_totient(fresh, (p - 1) * (q - 1)) == private
    for wrong_p, wrong_q in ((1, public.n), (-p, -q), (p, p)):
        with pytest.raises(ValueError):
            paillier.PaillierPrivateKey(fresh, wrong_p, wrong_q)
    for totient in (0, (p - 1) * (q - 1) + 1, public.n**2):
        with pytest.raises(ValueError, match="totient"):
            paillier.PaillierPrivateKey.from_totient(fresh, totient)


def test_the_arrays_read_the_same_numbers(pair: Pair) -> None:
    """A ciphertext and an exponent are a number in both."""
    public, private = pair
    array_key = vc.Key._wrap(private._native)
    array = array_key.encrypt([1.5, -2.0])
    data = array._items.to_bytes()
    first = int.from_bytes(data[: len(data) // 2], "big")
    assert private.decrypt(paillier.EncryptedNumber(public, first, array.exponent)) == 1.5
