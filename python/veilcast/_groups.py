"""What a task of an engine does with the batches that it is given: the same for all engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Optional

from veilcast import _workers, tables
from veilcast._workers import Owner
from veilcast.cards import Card
from veilcast.errors import RecordError, TableError

RECORDS_AT_ONCE = 4096
"""About as many are encrypted in one call, in whole groups, and so have one name."""

GROUPS_AT_ONCE = 64
"""About as many are scored or decrypted in one call: a group is large."""


def wanted(card: Card, id: Optional[str]) -> list[str]:  # noqa: A002
    """The columns that are needed: those that the model takes, and the identifiers'."""
    if card.columns is None:
        raise TableError(f"the model {card.name!r} takes no tables of columns: encrypt its records with veilcast.tables")
    if id in card.columns:
        raise RecordError(f"the column {id!r} is one that the model takes: it can't be the identifiers' column, too")
    return [*card.columns, *([] if id is None else [id])]


def columns(card: Card, given: list[str], id: Optional[str]) -> list[str]:  # noqa: A002
    """The columns that are needed, all of which must be there."""
    needed = wanted(card, id)
    missing = [name for name in needed if name not in given]
    if missing:
        raise RecordError(f"the model {card.name!r} needs columns that aren't there: {', '.join(missing)}")
    return needed


def encrypt(owner: Owner, id: Optional[str], batches: Iterable[Any]) -> Iterator[Any]:  # noqa: A002
    session = owner.session()
    for some in tables.whole_groups(batches, tables.group_size(session), RECORDS_AT_ONCE):
        named = some if id is None else some.select([id])
        name = owner.name(repr([column.to_pylist() for column in named.columns]).encode())
        yield _signed(tables.encrypt(some, session, batch=name, id=id))


def score(directory: str, digest: Optional[str], sealing_key: Optional[str], batches: Iterable[Any]) -> Iterator[Any]:
    for rows in _few(batches):
        yield _signed(tables.score(rows, _workers.model(directory, digest, sealing_key)))


def decrypt(owner: Owner, batches: Iterable[Any]) -> Iterator[Any]:
    for rows in _few(batches):
        yield _signed(tables.decrypt(rows, owner.session()))


def _few(batches: Iterable[Any]) -> Iterator[Any]:
    for batch in batches:
        for start in range(0, batch.num_rows, GROUPS_AT_ONCE):
            yield batch.slice(start, GROUPS_AT_ONCE)


def _signed(rows: Any) -> Any:
    """The rows as every engine takes them: Spark knows no unsigned numbers."""
    pa = tables.pyarrow()
    columns = [
        column.cast(pa.int64()) if pa.types.is_unsigned_integer(column.type) else column for column in rows.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)
