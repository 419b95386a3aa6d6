"""Keys and their files."""

from __future__ import annotations

import copy
import json
import os
import pickle
import stat
from pathlib import Path

import numpy as np
import pytest

import veilcast as vc
from veilcast import errors

FIXTURES = Path(__file__).parents[2] / "crates" / "paillier" / "tests" / "fixtures" / "keys"


def test_a_saved_key_is_readable_by_its_owner_alone_and_the_same_when_loaded(key: vc.Key, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    key.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = vc.Key.load(path, allow_insecure_1024=True)
    assert loaded.public == key.public
    assert loaded.decrypt(key.encrypt([7])).tolist() == [7]
    assert os.listdir(tmp_path) == ["key.json"]


def test_nothing_is_overwritten_unless_told(key: vc.Key, other_key: vc.Key, tmp_path: Path) -> None:
    path = str(tmp_path / "key.json")
    key.save(path)
    for save in (other_key.save, other_key.public.save):
        with pytest.raises(errors.FileExists, match="exists already"):
            save(path)
    assert vc.Key.load(path, allow_insecure_1024=True).public == key.public
    other_key.save(path, overwrite=True)
    assert vc.Key.load(path, allow_insecure_1024=True).public == other_key.public
    with pytest.raises(FileExistsError, match="isn't a regular file"):
        key.save(tmp_path, overwrite=True)


def test_files_are_python_pailliers(key: vc.Key, tmp_path: Path) -> None:
    key.save(tmp_path / "key.json")
    content = json.loads((tmp_path / "key.json").read_text())
    assert content["kty"] == "DAJ" and content["pub"]["alg"] == "PAI-GN1"
    key.public.save(tmp_path / "public.json")
    public = json.loads((tmp_path / "public.json").read_text())
    assert public["n"] == content["pub"]["n"] and "p" not in public
    for name in ("key.json", "public.json"):
        loaded = vc.PublicKey.load(tmp_path / name, allow_insecure_1024=True)
        assert loaded == key.public and hash(loaded) == hash(key.public)


def test_a_key_of_the_usual_kind_is_read() -> None:
    key = vc.Key.load(FIXTURES / "good-2048.json")
    assert key.bits == 2048 and key.public.n.bit_length() == 2048
    assert key.decrypt(key.public.encrypt(np.array(-1.5))).item() == -1.5


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("not-json", errors.KeyFileError, "not a Paillier key file"),
        ("truncated", errors.KeyFileError, "not a Paillier key file"),
        ("other-type", errors.KeyFileError, "where a Paillier key has"),
        ("other-modulus", errors.KeyFileError, "the file is damaged"),
        ("public-good", errors.KeyFileError, "a secret one is needed"),
        ("composite-p", errors.KeyFileError, "not a prime number"),
        ("insecure-1024", errors.KeyFileError, "1024"),
    ],
)
def test_bad_key_files_are_refused(name: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        vc.Key.load(FIXTURES / f"{name}.json")


def test_files_that_are_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "long").write_text("x" * 100_000)
    for name in ("binary", "long"):
        for load in (vc.Key.load, vc.PublicKey.load):
            with pytest.raises(errors.KeyFileError, match="isn't a key file"):
                load(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        vc.Key.load(tmp_path / "nothing.json")


@pytest.mark.parametrize("bits", [-1, 0, 512, 1024, 2047, 2**40])
def test_other_sizes_are_refused(bits: int) -> None:
    with pytest.raises(errors.InvalidKeyError, match="choose 2048, 3072 or 4096"):
        vc.Key.generate(bits)


@pytest.mark.parametrize("n", [-5, 0, 1, 15, 2**2048 - 1, 2**2047, 2**3071 + 1])
def test_other_numbers_are_no_keys(n: int) -> None:
    with pytest.raises(errors.InvalidKeyError, match="modulus"):
        vc.PublicKey.from_n(n)


def test_secret_keys_are_never_shown_pickled_or_copied(key: vc.Key, tmp_path: Path) -> None:
    key.save(tmp_path / "key.json")
    secret = json.loads((tmp_path / "key.json").read_text())["p"]
    assert secret not in repr(key) + str(key) + repr(key._secret)
    for refuse in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(errors.SecretError, match="never pickled"):
            refuse(key)
        with pytest.raises(TypeError, match="never pickled"):
            refuse(key._secret)


def test_public_keys_are_pickled_and_compared(key: vc.Key, other_key: vc.Key) -> None:
    assert pickle.loads(pickle.dumps(key.public)) == key.public
    assert key.public != other_key.public and key.public != key
    assert {key.public: 1}[vc.PublicKey.from_n(key.public.n, allow_insecure_1024=True)] == 1


def test_keys_are_made_by_their_own_functions_only() -> None:
    for make in (vc.Key, vc.PublicKey, vc.EncryptedArray):
        with pytest.raises(TypeError, match="with|from"):
            make()
