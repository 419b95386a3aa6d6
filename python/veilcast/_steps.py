"""What :mod:`veilcast.batch` does with a unit, in whatever process an engine chooses."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Optional

from veilcast import _workers, tables
from veilcast._groups import GROUPS_AT_ONCE, RECORDS_AT_ONCE
from veilcast._files import Folder, Output, Reading, Unit, records
from veilcast._workers import Owner
from veilcast.cards import Card
from veilcast.errors import TableError, VeilcastError

RESULTS = "`unit` bigint, `groups` bigint, `records` bigint, `faults` bigint, `seconds` double, `error` string, `said` string"


class Job(NamedTuple):
    """What all units have in common. It travels to the workers, and holds nothing secret."""

    step: str
    source: str
    target: str
    units: list[Unit]
    owner: Optional[Owner] = None
    identifiers: Optional[str] = None
    id: Optional[str] = None
    model: str = ""
    digest: Optional[str] = None
    reading: Reading = Reading()
    sealing_key: Optional[str] = None
    """Where a worker finds the key of a sealed model."""


class Done(NamedTuple):
    """What became of a unit."""

    groups: int = 0
    records: int = 0
    faults: int = 0
    """Groups, or records, that something is wrong with."""
    said: Optional[str] = None
    """What was found out about how its file is written."""


def run(job: Job, batches: Iterable[Any]) -> Iterator[Any]:
    """Does the units with these numbers, one after another: what ``mapInArrow`` calls."""
    pa = tables.pyarrow()
    step = {"encrypt": _encrypt, "score": _score, "decrypt": _decrypt, "verify": _verify}[job.step]
    for batch in batches:
        for number in batch.column(0).to_pylist():
            start, done, fault = time.monotonic(), Done(), None
            try:
                done = step(job, job.units[number])
            except (VeilcastError, FileNotFoundError) as error:
                # It would be the same again. What might not, the engine may try again.
                fault = _described(job, error)
            row = [number, done.groups, done.records, done.faults, time.monotonic() - start, fault, done.said]
            names = ["unit", "groups", "records", "faults", "seconds", "error", "said"]
            kinds = [pa.int64()] * 4 + [pa.float64(), pa.string(), pa.string()]
            yield pa.RecordBatch.from_arrays([pa.array([cell], kind) for cell, kind in zip(row, kinds)], names=names)


def _described(job: Job, error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and job.owner is not None and not os.path.exists(job.owner.key):
        what = "the sealed weights" if job.owner.is_sealed else "the secret key"
        return f"a worker has no file {job.owner.key}: {what} must be at the same path on all of them"
    return f"{type(error).__name__}: {error}"


def _encrypt(job: Job, unit: Unit) -> Done:
    pa = tables.pyarrow()
    assert job.owner is not None and job.identifiers is not None
    session = job.owner.session()
    size = tables.group_size(session)
    source, target, private = Folder(job.source), Folder(job.target), Folder(job.identifiers)
    said, batches = records(source, unit, session.card, job.id, job.reading)
    fields = [pa.field("batch", pa.string()), pa.field("group", pa.uint32()), pa.field("request_digest", pa.binary())]
    groups = count = 0
    kept: list[Any] = []
    file = f"{unit.name}.parquet"
    with Output(target, file, tables.requests_schema(), is_private=False, messages=("request",)) as output:
        for some in tables.whole_groups(batches, size, RECORDS_AT_ONCE):
            try:
                rows = tables.encrypt(some, session, batch=unit.name, first=groups, id=job.id)
            except VeilcastError as error:
                raise type(error)(f"{unit.name}, from its row {count} on: {error}") from None
            digests = [hashlib.sha256(request.as_buffer()).digest() for request in rows.column("request")]
            columns = [rows.column("batch"), rows.column("group"), pa.array(digests, pa.binary())]
            schema = pa.schema(fields)
            for name in _Known.PRIVATE:
                if name in rows.schema.names:
                    columns.append(rows.column(name))
                    schema = schema.append(rows.schema.field(name))
            rows = rows.select(tables.requests_schema().names)
            kept.append(pa.RecordBatch.from_arrays(columns, schema=schema))
            output.write(pa.RecordBatch.from_arrays(rows.columns, schema=tables.requests_schema()))
            groups += rows.num_rows
            count += some.num_rows
        # Before the requests: whoever finds those finds these.
        with Output(private, file, kept[0].schema if kept else pa.schema(fields), is_private=True) as beside:
            for part in kept:
                beside.write(part)
    return Done(groups, count, said="; ".join(said) or None)


def _score(job: Job, unit: Unit) -> Done:
    model = _workers.model(job.model, job.digest, job.sealing_key)
    groups = count = faults = 0
    schema = tables.answers_schema()
    target = Folder(job.target)
    with Output(target, unit.name, schema, is_private=False, messages=("request_digest", "response")) as output:
        for rows, origin in _rows(Folder(job.source), unit):
            answers = tables.score(rows, model, origin=origin)
            output.write(answers)
            groups += answers.num_rows
            count += sum(answers.column("records").to_pylist())
            faults += answers.num_rows - answers.column("error").null_count
    # It may have been replaced meanwhile.
    _workers.model(job.model, model.card.digest, job.sealing_key)
    return Done(groups, count, faults)


def _decrypt(job: Job, unit: Unit) -> Done:
    assert job.owner is not None
    session = job.owner.session()
    known = None if job.identifiers is None else _Known(Folder(job.identifiers), unit.name)
    groups = count = faults = 0
    output: Optional[Output] = None
    target = Folder(job.target)
    schema = tables.scores_schema(session.card)
    if known is not None:
        schema = known.schema(schema)
    with Output(target, unit.name, schema, is_private=True) as output:
        for rows, origin in _rows(Folder(job.source), unit):
            groups += rows.num_rows
            scores = tables.decrypt(rows if known is None else known.joined(rows, origin), session, origin=origin)
            output.write(scores)
            count += scores.num_rows
            faults += scores.num_rows - scores.column("error").null_count
        if known is not None and len(known) != groups:
            raise TableError(f"{unit.file}: it has {groups} groups, and {len(known)} were encrypted: score it again")
    return Done(groups, count, faults)


def _verify(job: Job, unit: Unit) -> Done:
    """Compares scores with those that the model computes in the clear."""
    model = _workers.model(job.model, job.digest)
    target = Folder(job.target)
    file = f"{unit.name}.parquet"
    if not target.has(file):
        raise TableError(f"{target.file(file)}: there are no scores of {unit.name}")
    names = [name for name in tables.scores_schema(model.card).names if name.startswith(("score_", "value_"))]
    scores = target.parquet(target.file(file)).iter_batches(batch_size=8192, columns=names)
    found: Iterator[Any] = (row for batch in scores for row in zip(*(column.to_pylist() for column in batch.columns)))
    count = faults = 0
    _, batches = records(Folder(job.source), unit, model.card, None, job.reading)
    for batch in batches:
        for row in model.predict(_table(batch)).scores.tolist():
            faults += tuple(row) != next(found, None)
            count += 1
    if next(found, None) is not None:
        raise TableError(f"{target.file(file)}: it has more scores than {unit.name} has records")
    return Done(0, count, faults)


def _table(batch: Any) -> Any:
    return tables.pyarrow().Table.from_batches([batch])


def _rows(source: Folder, unit: Unit) -> Iterator[tuple[Any, tables.Origin]]:
    """The rows of a table, some at a time, all of one key and one card."""
    pa = tables.pyarrow()
    file = source.parquet(unit.file)
    first: Optional[dict[str, Any]] = None
    names = ["key_fingerprint", "card_digest"]
    try:
        for row_group in range(file.num_row_groups):
            row = 0
            for rows in file.iter_batches(batch_size=GROUPS_AT_ONCE, row_groups=[row_group]):
                rows = rows.replace_schema_metadata(file.schema_arrow.metadata)
                if rows.num_rows and all(name in rows.schema.names for name in names):
                    says = {name: rows.column(name)[0].as_py() for name in names}
                    first = says if first is None else first
                    if says != first:
                        raise TableError(
                            f"{unit.file}, row group {row_group}, row {row}: it is of another key or another card than the "
                            "first row: keep a table for each"
                        )
                yield rows, tables.Origin(unit.file, row_group, row)
                row += rows.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise TableError(f"{unit.file}: it is damaged, or cut off ({error})") from None


class _Known:
    """What the owner kept of the requests of a unit: their digests, who is in them, and what opens a sealed model's answers."""

    PRIVATE = (tables.OPENING, tables.IDS)
    """The columns that are joined to the answers."""

    def __init__(self, folder: Folder, name: str) -> None:
        if not folder.has(name):
            raise TableError(
                f"{folder.file(name)}: the table of identifiers that was written with the requests isn't there; name the folder "
                "with --identifiers"
            )
        self._table = folder.parquet(folder.file(name)).read().combine_chunks()
        keys = zip(self._table["batch"].to_pylist(), self._table["group"].to_pylist())
        self._places = {key: place for place, key in enumerate(keys)}

    def __len__(self) -> int:
        return len(self._places)

    def schema(self, schema: Any) -> Any:
        pa = tables.pyarrow()
        if tables.IDS not in self._table.schema.names:
            return schema
        return schema.insert(3, pa.field("id", self._table.schema.field(tables.IDS).type.value_type))

    def joined(self, rows: Any, origin: tables.Origin) -> Any:
        """The rows with their identifiers, after a check that they answer the requests that were made."""
        pa = tables.pyarrow()
        places = []
        names = ("batch", "group", "request_digest", "response")
        if all(name in rows.schema.names for name in names):
            digests = self._table["request_digest"]
            answered = rows.column("response").is_valid().to_pylist()
            for row, (batch, group, digest) in enumerate(zip(*(rows.column(name).to_pylist() for name in names[:3]))):
                place = self._places.get((batch, group))
                # A request that was damaged on the way has another digest, and its row says what is wrong.
                if place is None or (answered[row] and digests[place].as_py() != digest):
                    raise TableError(
                        f"{origin.file}, row group {origin.row_group}, row {origin.first_row + row} (batch {batch!r}, group"
                        f" {group}): it answers a request that isn't the one that was kept: encrypt and score this batch again"
                    )
                places.append(place)
        for name in self.PRIVATE:
            if name in self._table.schema.names:
                column = self._table[name].take(pa.array(places, pa.int64())).combine_chunks()
                rows = (rows if hasattr(rows, "append_column") else _table(rows)).append_column(name, column)
        return rows
