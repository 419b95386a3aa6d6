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
from typing import Any, Optional

from veilcast import _groups, _workers, tables
from veilcast._workers import Path
from veilcast.cards import Card
from veilcast.errors import MissingPackage

__all__ = ["decrypt", "encrypt", "score"]

REQUESTS = "`batch` string, `group` bigint, `records` bigint, `layout` string, `key_fingerprint` string, `card_digest` string, `request` binary"
ANSWERS = (
    "`batch` string, `group` bigint, `records` bigint, `layout` string, `key_fingerprint` string, `card_digest` string,"
    " `request_digest` binary, `response` binary, `error` string"
)


def encrypt(
    df: Any,
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
        df: A DataFrame with the card's columns. Others are left out.
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
    _check_pyspark()
    columns = _groups.columns(Card(owner.card), df.columns, id)
    schema = REQUESTS
    if owner.is_sealed:
        schema += ", `opening` binary"
    if id is not None:
        (field,) = [field for field in df.schema.fields if field.name == id]
        schema += f", `ids` array<{field.dataType.simpleString()}>"
    chosen = df.select(*[f"`{name.replace('`', '``')}`" for name in columns])
    return chosen.mapInArrow(functools.partial(_groups.encrypt, owner, id), schema)


def score(df: Any, *, model: Path, sealing_key: Optional[Path] = None) -> Any:
    """Computes rows of answers to rows of requests.

    Args:
        df: Rows that :func:`encrypt` returned, all under one key.
        model: The model's folder, where each worker reads it.
        sealing_key: The path of a sealed model's key, where each worker reads it.
    """
    _check_pyspark()
    directory, key = os.path.abspath(model), None if sealing_key is None else os.path.abspath(sealing_key)
    return df.mapInArrow(functools.partial(_groups.score, directory, _workers.digest_in(directory), key), ANSWERS)


def decrypt(df: Any, *, card: Any, key: Optional[Path] = None, sealed: Optional[Path] = None) -> Any:
    """Decrypts rows of answers: a row for each record, as :func:`veilcast.tables.decrypt` returns them.

    Args:
        df: Rows that :func:`score` returned. If it has a column ``ids``, so has the result a column ``id``. Those of a sealed
            model have the column ``opening`` of their requests.
        card: The model's card, or the path of its file.
        key: The path of the key's file, where each worker reads it.
        sealed: In place of a key, the path of a sealed model's weights.
    """
    owner = _workers.owner(card, key, sealed=sealed)
    _check_pyspark()
    fields = [(field.name, _sql_type(field.type)) for field in tables.scores_schema(Card(owner.card))]
    for field in df.schema.fields:
        if field.name == tables.IDS:
            fields.insert(3, ("id", field.dataType.elementType.simpleString()))
    schema = ", ".join(f"`{name.replace('`', '``')}` {kind}" for name, kind in fields)
    return df.mapInArrow(functools.partial(_groups.decrypt, owner), schema)


def _sql_type(kind: Any) -> str:
    pa = tables.pyarrow()
    if pa.types.is_unsigned_integer(kind):
        return "bigint"
    return "double" if pa.types.is_floating(kind) else "string"


def _check_pyspark() -> None:
    try:
        import pyspark  # type: ignore[import-untyped, import-not-found, unused-ignore]  # noqa: F401
    except ImportError:
        raise MissingPackage(
            "DataFrames of a cluster need pyspark: pip install 'pyspark-client>=4,<4.2' pysail 'pandas<3'"
        ) from None
