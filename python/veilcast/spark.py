"""Encrypted records and scores on a cluster: whatever runs Spark's DataFrames, such as Spark, Databricks or Sail.

>>> from veilcast import spark as vs                                                        # doctest: +SKIP
>>> requests = vs.encrypt(patients, card="card.json", key="/mnt/key.json", id="patient")    # the data owner
>>> requests.write.parquet("private"); requests = spark.read.parquet("private")
>>> answers = vs.score(requests.drop("ids"), model="/models/risk")                          # the model's owner
>>> scores = vs.decrypt(answers, card="card.json", key="/mnt/key.json")                     # the data owner

Each is lazy, and runs :mod:`veilcast.tables` in the workers by ``DataFrame.mapInArrow``; ``veilcast`` and ``pyarrow`` must
be installed there. A task that fails and is retried gives its groups once, since an engine keeps nothing of a task that
failed; and gives them the same names, which depend on the key and on what is in them.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from veilcast import _workers, tables
from veilcast._workers import Owner, Path
from veilcast.cards import Card
from veilcast.errors import MissingPackage, RecordError, TableError

__all__ = ["decrypt", "encrypt", "score"]

RECORDS_AT_ONCE = 4096
"""About as many are encrypted in one call, in whole groups, and so have one name."""

GROUPS_AT_ONCE = 64
"""About as many are scored or decrypted in one call: a group is large."""

REQUESTS = "`batch` string, `group` bigint, `records` bigint, `layout` string, `key_fingerprint` string, `card_digest` string, `request` binary"
ANSWERS = (
    "`batch` string, `group` bigint, `records` bigint, `layout` string, `key_fingerprint` string, `card_digest` string,"
    " `request_digest` binary, `response` binary, `error` string"
)


def encrypt(
    df: Any, *, card: Any, key: Path, id: Optional[str] = None, public_part: Optional[Path] = None  # noqa: A002
) -> Any:
    """Encrypts records into rows of requests.

    Written once and read from there: computed twice, the same records have other ciphertexts.

    Args:
        df: A DataFrame with the card's columns. Others are left out.
        card: The model's card, or the path of its file.
        key: The path of the key's file, where each worker reads it.
        id: The column of identifiers, which must be unique. The result has a column ``ids`` with those of each group: keep it, and give
            away the rest.
        public_part: The path of a hybrid model's public part.

    Raises:
        RecordError: if columns are missing.
        SecretError: if ``key`` isn't a path.
    """
    owner = _workers.owner(card, key, public_part)
    _check_pyspark()
    columns = _columns(Card(owner.card), df, id)
    schema = REQUESTS
    if id is not None:
        (field,) = [field for field in df.schema.fields if field.name == id]
        schema += f", `ids` array<{field.dataType.simpleString()}>"
    chosen = df.select(*[f"`{name.replace('`', '``')}`" for name in columns])
    return chosen.mapInArrow(functools.partial(_encrypt, owner, id), schema)


def score(df: Any, *, model: Path) -> Any:
    """Computes rows of answers to rows of requests.

    Args:
        df: Rows that :func:`encrypt` returned, all under one key.
        model: The model's folder, where each worker reads it.
    """
    _check_pyspark()
    directory = os.path.abspath(model)
    return df.mapInArrow(functools.partial(_score, directory, _workers.digest_in(directory)), ANSWERS)


def decrypt(df: Any, *, card: Any, key: Path) -> Any:
    """Decrypts rows of answers: a row for each record, as :func:`veilcast.tables.decrypt` returns them.

    Args:
        df: Rows that :func:`score` returned. If it has a column ``ids``, so has the result a column ``id``.
        card: The model's card, or the path of its file.
        key: The path of the key's file, where each worker reads it.
    """
    owner = _workers.owner(card, key, None)
    _check_pyspark()
    fields = [(field.name, _sql_type(field.type)) for field in tables.scores_schema(Card(owner.card))]
    for field in df.schema.fields:
        if field.name == tables.IDS:
            fields.insert(3, ("id", field.dataType.elementType.simpleString()))
    schema = ", ".join(f"`{name.replace('`', '``')}` {kind}" for name, kind in fields)
    return df.mapInArrow(functools.partial(_decrypt, owner), schema)


def _encrypt(owner: Owner, id: Optional[str], batches: Iterable[Any]) -> Iterator[Any]:  # noqa: A002
    session = owner.session()
    for some in tables.whole_groups(batches, tables.group_size(session), RECORDS_AT_ONCE):
        named = some if id is None else some.select([id])
        name = owner.name(repr([column.to_pylist() for column in named.columns]).encode())
        yield _signed(tables.encrypt(some, session, batch=name, id=id))


def _score(directory: str, digest: Optional[str], batches: Iterable[Any]) -> Iterator[Any]:
    for rows in _few(batches):
        yield _signed(tables.score(rows, _workers.model(directory, digest)))


def _decrypt(owner: Owner, batches: Iterable[Any]) -> Iterator[Any]:
    for rows in _few(batches):
        yield _signed(tables.decrypt(rows, owner.session()))


def _few(batches: Iterable[Any]) -> Iterator[Any]:
    for batch in batches:
        for start in range(0, batch.num_rows, GROUPS_AT_ONCE):
            yield batch.slice(start, GROUPS_AT_ONCE)


def _signed(rows: Any) -> Any:
    """The rows as Spark takes them: it knows no unsigned numbers."""
    pa = tables.pyarrow()
    columns = [
        column.cast(pa.int64()) if pa.types.is_unsigned_integer(column.type) else column for column in rows.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


def _sql_type(kind: Any) -> str:
    pa = tables.pyarrow()
    if pa.types.is_unsigned_integer(kind):
        return "bigint"
    return "double" if pa.types.is_floating(kind) else "string"


def _columns(card: Card, df: Any, id: Optional[str]) -> list[str]:  # noqa: A002
    """The columns that are needed, all of which must be there."""
    if card.columns is None:
        raise TableError(f"the model {card.name!r} takes no tables of columns: encrypt its records with veilcast.tables")
    wanted = [*card.columns, *([] if id is None else [id])]
    missing = [name for name in wanted if name not in df.columns]
    if missing:
        raise RecordError(f"the model {card.name!r} needs columns that aren't there: {', '.join(missing)}")
    if id in card.columns:
        raise RecordError(f"the column {id!r} is one that the model takes: it can't be the identifiers' column, too")
    return wanted


def _check_pyspark() -> None:
    try:
        import pyspark  # type: ignore[import-untyped, import-not-found, unused-ignore]  # noqa: F401
    except ImportError:
        raise MissingPackage(
            "DataFrames of a cluster need pyspark: pip install 'pyspark[connect]>=4' pysail 'pandas<3'"
        ) from None
