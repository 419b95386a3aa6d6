"""Encrypted arrays travel as Arrow's, in memory, in files and in chunks."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import veilcast as vc
from veilcast import errors

F = np.array([[0.5, -2.25], [1e6, 3e-9], [7.0, 0.0]])


def read_back(table: Any) -> Any:
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return pa.ipc.open_stream(stream.getvalue()).read_all()


def test_there_and_back(key: vc.Key) -> None:
    encrypted = key.encrypt(F)
    for array, values in ((encrypted, F), (encrypted[:, 0], F[:, 0]), (key.encrypt([1, 2])[::-1], [2, 1])):
        arrow = array.to_arrow()
        assert len(arrow) == len(array) and pa.types.is_fixed_size_binary(arrow.storage.type)
        read = vc.EncryptedArray.from_arrow(arrow, key.public)
        assert (read.exponent, read.dtype, read.shape) == (array.exponent, array.dtype, array.shape)
        np.testing.assert_array_equal(key.decrypt(read), values)


def test_the_bytes_are_not_copied(key: vc.Key) -> None:
    arrow = key.encrypt(F).to_arrow()
    before = pa.total_allocated_bytes()
    again = key.encrypt(F).to_arrow()
    assert pa.total_allocated_bytes() == before, "Arrow has memory of its own"
    assert again.storage.buffers()[1].size == arrow.storage.buffers()[1].size == 6 * 256


def test_parts_files_and_chunks(key: vc.Key) -> None:
    arrow = key.encrypt(F).to_arrow()
    table = pa.table({"id": [1, 2, 3], "secret": arrow})
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    for received in (read_back(table), pyarrow.parquet.read_table(io.BytesIO(file.getvalue()))):
        read = vc.EncryptedArray.from_arrow(received["secret"], key.public)
        np.testing.assert_array_equal(key.decrypt(read), F)
    sliced = vc.EncryptedArray.from_arrow(arrow[1:], key.public)
    np.testing.assert_array_equal(key.decrypt(sliced.sum(axis=0)), F[1:].sum(axis=0))
    chunks = pa.chunked_array([arrow[2:], arrow[:0], arrow[:2]])
    np.testing.assert_array_equal(
        key.decrypt(vc.EncryptedArray.from_arrow(chunks, key.public)), F[[2, 0, 1]]
    )
    assert vc.EncryptedArray.from_arrow(arrow[:0], key.public).shape == (0, 2)


def test_computed_arrays_are_rerandomised(key: vc.Key) -> None:
    doubled = key.encrypt([1, 2]) * 2
    assert doubled.to_arrow().storage != doubled.to_arrow().storage
    assert doubled.to_arrow(rerandomize=False).storage == doubled.to_arrow(rerandomize=False).storage


def test_what_isnt_an_encrypted_array(key: vc.Key, other_key: vc.Key) -> None:
    arrow = key.encrypt(F).to_arrow()
    width = arrow.storage.type.byte_width
    kind = type(arrow.type)

    def typed(width: int = width, **changes: Any) -> Any:
        metadata = json.dumps({**json.loads(arrow.type.metadata), **changes})
        storage = pa.array([b"\1" * width], pa.binary(width))
        return pa.ExtensionArray.from_storage(kind(width, metadata), storage)

    missing = pa.ExtensionArray.from_storage(arrow.type, pa.array([None], pa.binary(width)))
    cases = {
        "is a list": [[1, 2]],
        "isn't an encrypted one": [pa.array([1, 2]), arrow.storage],
        "1 rows .* are missing": [missing],
        "doesn't fit the key": [typed(width - 1), typed(shape=[3]), typed(bound_bits=5000)],
        "metadata can't be read": [
            typed(exponent="1"), typed(exponent=2**40), typed(dtype="int8"), typed(shape=[-1]), typed(shape=5),
            typed(dtype="int64"), typed(bound_bits=True), pa.ExtensionArray.from_storage(kind(1, "x"), pa.array([b"1"], pa.binary(1))),
        ],
        "not between 1": [pa.ExtensionArray.from_storage(arrow.type, pa.array([bytes(width)], pa.binary(width)))],
    }  # fmt: skip
    for text, wrong in cases.items():
        for array in wrong:
            with pytest.raises(errors.CiphertextError, match=text):
                vc.EncryptedArray.from_arrow(array, key.public)
    with pytest.raises(errors.OtherKeyError):
        vc.EncryptedArray.from_arrow(arrow, other_key.public)
    for shapeless in (key.encrypt(1), key.encrypt(np.zeros((2, 0)))):
        with pytest.raises(errors.ShapeError, match="reshape it"):
            shapeless.to_arrow()


def test_any_buffer_is_read(key: vc.Key) -> None:
    data = key.encrypt(F).to_bytes()
    for buffer in (bytearray(data), memoryview(data), np.frombuffer(data, np.uint8), pa.py_buffer(data)):
        np.testing.assert_array_equal(key.decrypt(vc.EncryptedArray.from_bytes(buffer, key.public)), F)
    for wrong in ("VCEA", 5, None, [1], memoryview(data)[::2]):
        with pytest.raises(errors.CiphertextError):
            vc.EncryptedArray.from_bytes(wrong, key.public)
