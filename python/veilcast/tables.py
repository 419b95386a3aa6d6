"""Tables of encrypted records and of answers, as Arrow's: for more records than one process has room for.

A row is a group of records that share ciphertexts, with the request for their scores; a table of answers has the answer,
or what is wrong with the request, in its place. The three functions take and return pyarrow's batches or tables of many
rows, and keep no state: :mod:`veilcast.spark` calls them on a cluster, :mod:`veilcast.batch` on files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from veilcast import _native
from veilcast._records import records as as_records
from veilcast._tables import Kind
from veilcast.cards import Card
from veilcast.errors import MissingPackage, RecordError, TableError
from veilcast.models import Model
from veilcast.predictions import predictions
from veilcast.sessions import SealedModel, Session

__all__ = ["Origin", "answers_schema", "decrypt", "encrypt", "group_size", "requests_schema", "score", "scores_schema"]

IDS = "ids"
"""The column of a group's identifiers, which is for its owner alone."""

OPENING = "opening"
"""The column of what opens the answers of a sealed model, which is for the owner of the records alone."""


class Origin(NamedTuple):
    """Where rows are from, for messages."""

    file: Optional[str] = None
    row_group: Optional[int] = None
    first_row: int = 0


def group_size(session: Union[Session, SealedModel]) -> int:
    """How many records a group has: as many as share ciphertexts under the session's key; of a sealed model, as many as a request
    may hold in full ciphertexts.

    Raises:
        CardError: if the model takes no such groups, or the key has no room for them.
    """
    if isinstance(session, SealedModel):
        return _native.sealed_table_group_size(session._sealed)
    return _native.table_group_size(session._session)


def encrypt(
    records: Any,
    session: Union[Session, SealedModel],
    *,
    batch: str,
    first: int = 0,
    id: Optional[str] = None,  # noqa: A002
) -> Any:
    """Encrypts records into rows of requests.

    Args:
        records: A table with the card's columns, or rows, as :meth:`Session.encrypt` takes them.
        session: The owner's key, and the model's card; or a sealed model, into whose weights the records are put. The rows then
            have a column ``opening``, by which :func:`decrypt` reads the answers. It stays with their owner, too.
        batch: The name that the rows have. Together with the groups' numbers it must be unique.
        first: The number of the first group, for batches that are encrypted in several calls. Each call but the last should
            have a multiple of :func:`group_size` records.
        id: The column of identifiers, which isn't encrypted: the rows have a column ``ids`` with those of each group. It
            stays with their owner.

    Returns:
        A ``pyarrow.RecordBatch``.

    Raises:
        RecordError: if a record isn't one that the model takes.
        CardError: if the model takes no such groups.
    """
    pa = pyarrow()
    ids = None
    if id is not None:
        records, ids = _split(pa, records, id)
    card = session.card
    numbers, texts, _ = as_records(card._card, card.name, records)
    if isinstance(session, SealedModel):
        stream, openings = _native.encrypt_sealed_table(session._sealed, numbers, texts, batch, first)
        rows = _with_column(pa, _read(pa, stream), OPENING, pa.array(openings, pa.binary()))
    else:
        rows = _read(pa, _native.encrypt_table(session._session, numbers, texts, batch, first))
    if ids is None:
        return rows
    ends = np.cumsum(rows.column("records").to_numpy())
    offsets = pa.array([0, *ends], pa.int32())
    return _with_column(pa, rows, IDS, pa.ListArray.from_arrays(offsets, ids))


def score(requests: Any, model: Model, *, origin: Origin = Origin()) -> Any:
    """Computes the answers to rows of requests.

    What is wrong with one group becomes its ``error``, and the others are computed. Other columns are dropped.

    Args:
        requests: A ``pyarrow.RecordBatch`` or ``pyarrow.Table``.
        model: The model that they were encrypted for; with its key, if they were put into its sealed weights.
        origin: Where they are from, for messages.

    Returns:
        The answers, of the same type.

    Raises:
        TableError: if it isn't a table of requests to this model, all under one key.
    """
    pa = pyarrow()
    rows = _batches(pa, requests)
    return _like(pa, requests, _read_all(pa, _native.score_table(model._model, _stream(pa, rows), origin)))


def decrypt(answers: Any, session: Union[Session, SealedModel], *, origin: Origin = Origin()) -> Any:
    """Decrypts rows of answers: a row for each record, with what the model says of it.

    Args:
        answers: A ``pyarrow.RecordBatch`` or ``pyarrow.Table``. If it has a column ``ids``, so has the result a column ``id``.
            Those of a sealed model have the column ``opening`` of their requests.
        session: The key that the requests were encrypted with, and the model's card; or the sealed model.
        origin: Where they are from, for messages.

    Returns:
        Rows of the columns ``batch``, ``group``, ``index`` (the record's place in its group), those of
        :func:`scores_schema`, and ``error``: what is wrong with a record or its group, which then has no scores.

    Raises:
        TableError: if it isn't a table of answers of this model under this key.
    """
    pa = pyarrow()
    rows = _batches(pa, answers)
    if isinstance(session, SealedModel):
        if OPENING not in answers.schema.names:
            raise TableError(f"the column {OPENING!r} of the requests is missing, without which a sealed model's answers can't be read")
        openings = [b"" if cell is None else cell for cell in answers.column(OPENING).to_pylist()]
        sealed = _native.decrypt_sealed_table(session._sealed, _stream(pa, rows), openings, origin)
        batches, groups, sizes, outcome = sealed
    else:
        batches, groups, sizes, outcome = _native.decrypt_table(session._session, _stream(pa, rows), origin)
    names = np.array(batches, dtype=object).repeat(sizes)
    columns = [
        pa.array(names, pa.string()),
        pa.array(np.array(groups, dtype=np.uint32).repeat(sizes)),
        pa.array(np.concatenate([np.arange(size, dtype=np.uint32) for size in sizes] or [np.array([], np.uint32)])),
    ]
    schema = scores_schema(session.card)
    if IDS in answers.schema.names:
        ids = pa.chunked_array(answers.column(IDS)) if isinstance(answers, pa.RecordBatch) else answers.column(IDS)
        ids = ids.combine_chunks()
        if ids.null_count or [len(some) for some in ids] != sizes:
            raise TableError("the column 'ids' doesn't have an identifier for each record of each group")
        columns.append(ids.flatten())
        schema = schema.insert(3, pa.field("id", ids.type.value_type))
    predicted = predictions(session.card._card, outcome, Kind())
    has_failed = np.zeros(len(predicted), dtype=bool)
    faults: list[Optional[str]] = [None] * len(predicted)
    for place, fault in predicted.faults.items():
        faults[place], has_failed[place] = fault, True
    if len(predicted.labels):
        columns.append(pa.array(predicted.labels, pa.string()))
    elif session.card.task != "quantities":
        columns.append(pa.array([], pa.string()))
    numbers = [predicted.scores] if predicted.probabilities is None else [predicted.scores, predicted.probabilities]
    columns += [pa.array(column, pa.float64(), mask=has_failed) for matrix in numbers for column in matrix.T]
    columns.append(pa.array(faults, pa.string()))
    return _like(pa, answers, [pa.RecordBatch.from_arrays(columns, schema=schema)])


def requests_schema() -> Any:
    """The columns of a table of requests."""
    pa = pyarrow()
    return _schema(pa, "requests", [pa.field("request", pa.binary(), False)])


def answers_schema() -> Any:
    """The columns of a table of answers."""
    pa = pyarrow()
    own = [pa.field("request_digest", pa.binary(), False), pa.field("response", pa.binary()), pa.field("error", pa.string())]
    return _schema(pa, "answers", own)


def scores_schema(card: Card) -> Any:
    """The columns that :func:`decrypt` returns: for classes ``label``, ``score_…`` of each score and ``probability_…`` of each
    class, if the model gives them; for quantities ``value_…``."""
    pa = pyarrow()
    native, names = card._card, card.labels
    fields = [
        pa.field("batch", pa.string(), False),
        pa.field("group", pa.uint32(), False),
        pa.field("index", pa.uint32(), False),
    ]
    if card.task == "quantities":
        fields += [pa.field(f"value_{name}", pa.float64()) for name in names]
    else:
        # A single score is in favour of the last of two classes.
        scores = [pa.field(f"score_{name}", pa.float64()) for name in names[-native.outputs :]]
        shares = [pa.field(f"probability_{name}", pa.float64()) for name in names if native.has_probabilities]
        fields += [pa.field("label", pa.string()), *scores, *shares]
    return pa.schema([*fields, pa.field("error", pa.string())])


def whole_groups(batches: Iterable[Any], size: int, at_once: int) -> Iterator[Any]:
    """The same rows as tables of a multiple of ``size`` each, about ``at_once``; only the last has what is left."""
    pa = pyarrow()
    some: list[Any] = []
    count = 0
    at_once = max(at_once // size, 1) * size
    for batch in batches:
        if not batch.num_rows:
            continue
        some.append(batch)
        count += batch.num_rows
        if count < at_once:
            continue
        table = pa.Table.from_batches(some)
        whole = count // at_once * at_once
        for start in range(0, whole, at_once):
            yield table.slice(start, at_once)
        rest = table.slice(whole)
        some, count = rest.to_batches(), rest.num_rows
    if count:
        yield pa.Table.from_batches(some)


def pyarrow() -> Any:
    """The library."""
    try:
        import pyarrow  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise MissingPackage("tables of encrypted records need pyarrow: pip install pyarrow") from None
    return pyarrow


def _schema(pa: Any, kind: str, own: list[Any]) -> Any:
    """As the native module writes it."""
    texts = {name: pa.string() for name in ("batch", "layout", "key_fingerprint", "card_digest")}
    names = ("batch", "group", "records", "layout", "key_fingerprint", "card_digest")
    common = [pa.field(name, texts.get(name, pa.uint32()), False) for name in names]
    return pa.schema([*common, *own], {"veilcast.version": "1", "veilcast.table": kind})


def _batches(pa: Any, rows: Any) -> list[Any]:
    """The rows as batches, without columns that no table has: what is missing or wrong is for the native module to tell."""
    if not isinstance(rows, (pa.RecordBatch, pa.Table)):
        raise TableError(f"a pyarrow.Table or pyarrow.RecordBatch is needed, and this is a {type(rows).__name__}")
    known = {*requests_schema().names, *answers_schema().names}
    chosen = rows.select([name for name in rows.schema.names if name in known])
    if isinstance(rows, pa.RecordBatch):
        return [chosen]
    # One batch where possible, so that its keys and cards are compared. Without rows there is none.
    batches = chosen.combine_chunks().to_batches()
    return batches or [pa.RecordBatch.from_arrays([pa.array([], f.type) for f in chosen.schema], schema=chosen.schema)]


def _like(pa: Any, rows: Any, batches: list[Any]) -> Any:
    return batches[0] if isinstance(rows, pa.RecordBatch) else pa.Table.from_batches(batches)


def _stream(pa: Any, batches: list[Any]) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _read_all(pa: Any, stream: bytes) -> list[Any]:
    return list(pa.ipc.open_stream(stream))


def _read(pa: Any, stream: bytes) -> Any:
    return _read_all(pa, stream)[0]


def _split(pa: Any, records: Any, column: str) -> tuple[Any, Any]:
    """The records without their identifiers, and these."""
    if not isinstance(records, (pa.RecordBatch, pa.Table)):
        raise RecordError(f"records with a column of identifiers are a pyarrow table, and this is a {type(records).__name__}")
    if column not in records.schema.names:
        raise RecordError(f"there is no column {column!r} of identifiers: name one that the table has")
    ids = records.column(column)
    if ids.null_count:
        raise RecordError(f"{ids.null_count} records have no identifier in the column {column!r}")
    rest = records.select([name for name in records.schema.names if name != column])
    return rest, ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids


def _with_column(pa: Any, rows: Any, name: str, column: Any) -> Any:
    schema = rows.schema.append(pa.field(name, column.type))
    return pa.RecordBatch.from_arrays([*rows.columns, column], schema=schema)
