"""Encrypted records and scores in Ray's datasets.

>>> from veilcast import ray as vr                                                          # doctest: +SKIP
>>> requests = vr.encrypt(patients, card="card.json", key="/mnt/key.json", id="patient")    # the data owner
>>> requests.write_parquet("private"); requests = ray.data.read_parquet("private")
>>> answers = vr.score(requests.drop_columns(["ids"]), model="/models/risk")                # the model's owner
>>> scores = vr.decrypt(answers, card="card.json", key="/mnt/key.json")                     # the data owner

Each is lazy, and runs :mod:`veilcast.tables` in Ray's tasks; ``veilcast`` and ``pyarrow`` must be installed where they run. A
task that is run again gives its groups once, and with the same names, as in :mod:`veilcast.spark`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional

from veilcast import _groups, _workers, tables
from veilcast._workers import Path
from veilcast.cards import Card

__all__ = ["decrypt", "encrypt", "score"]

Work = Callable[[Iterable[Any]], Iterator[Any]]


def encrypt(
    ds: Any,
    *,
    card: Any,
    key: Optional[Path] = None,
    id: Optional[str] = None,  # noqa: A002
    public_part: Optional[Path] = None,
    sealed: Optional[Path] = None,
) -> Any:
    """Encrypts records into rows of requests.

    Written once and read from there: computed twice, the same records have other ciphertexts.

    Args:
        ds: A dataset with the card's columns. Others are left out.
        card: The model's card, or the path of its file.
        key: The path of the key's file, where each worker reads it.
        id: The column of identifiers, which must be unique. The result has a column ``ids`` with those of each group: keep it, and give
            away the rest.
        public_part: The path of a hybrid model's public part.
        sealed: In place of a key, the path of a sealed model's weights, where each worker reads it. The result then has a column
            ``opening``, by which :func:`decrypt` reads the answers: keep it, too.

    Raises:
        RecordError: if columns are missing.
        SecretError: if ``key`` isn't a path.
        TypeError: if there are both a key and sealed weights, or neither.
    """
    owner = _workers.owner(card, key, public_part, sealed)
    columns = _groups.columns(Card(owner.card), ds.schema().names, id)
    work = functools.partial(_groups.encrypt, owner, id)
    return _mapped(ds.select_columns(columns), work, _groups.RECORDS_AT_ONCE)


def score(ds: Any, *, model: Path, sealing_key: Optional[Path] = None) -> Any:
    """Computes rows of answers to rows of requests.

    Args:
        ds: Rows that :func:`encrypt` returned, all under one key.
        model: The model's folder, where each worker reads it.
        sealing_key: The path of a sealed model's key, where each worker reads it.
    """
    directory, key = os.path.abspath(model), None if sealing_key is None else os.path.abspath(sealing_key)
    work = functools.partial(_groups.score, directory, _workers.digest_in(directory), key)
    return _mapped(ds, work, _groups.GROUPS_AT_ONCE)


def decrypt(ds: Any, *, card: Any, key: Optional[Path] = None, sealed: Optional[Path] = None) -> Any:
    """Decrypts rows of answers: a row for each record, as :func:`veilcast.tables.decrypt` returns them.

    Args:
        ds: Rows that :func:`score` returned. If it has a column ``ids``, so has the result a column ``id``. Those of a sealed
            model have the column ``opening`` of their requests.
        card: The model's card, or the path of its file.
        key: The path of the key's file, where each worker reads it.
        sealed: In place of a key, the path of a sealed model's weights.
    """
    work = functools.partial(_groups.decrypt, _workers.owner(card, key, sealed=sealed))
    return _mapped(ds, work, _groups.GROUPS_AT_ONCE)


def _mapped(ds: Any, work: Work, size: int) -> Any:
    return ds.map_batches(functools.partial(_tables, work), batch_format="pyarrow", batch_size=size, zero_copy_batch=True)


def _tables(work: Work, table: Any) -> Iterator[Any]:
    pa = tables.pyarrow()
    for rows in work(table.combine_chunks().to_batches()):
        yield pa.Table.from_batches([rows])
