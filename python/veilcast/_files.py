"""Files of records and tables, on disks and in object stores: what there is, rows in, and rows out, whole or not at all."""

from __future__ import annotations

import os
import posixpath
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from veilcast import _native, tables
from veilcast.cards import Card
from veilcast.errors import RecordError, TableError

ROW_GROUP_BYTES = 64 << 20
"""About how many bytes a row group of a table has."""

ROWS_AT_ONCE = 8192
"""Records are read in batches of as many."""

BEGINNING, ENDING = ".veilcast-", ".tmp"
"""What files are called before they are whole."""


class Unit(NamedTuple):
    """What is done as a whole, or not at all."""

    name: str
    """What its batch and its files are called: the path of its input below the folder, and the row group."""
    file: str
    row_group: Optional[int] = None


def absolute(address: str) -> str:
    """An address that means the same to all processes."""
    return address if "://" in address else os.path.abspath(address)


class Folder:
    """A folder of files, or a file, by its path or its address: ``s3://…``, ``gs://…`` or ``abfs://…``."""

    def __init__(self, address: str) -> None:
        from pyarrow import fs  # type: ignore[import-untyped, import-not-found, unused-ignore]

        self.address = absolute(address)
        self._fs = fs
        self.system, self.path = fs.FileSystem.from_uri(self.address)
        self.is_local = isinstance(self.system, fs.LocalFileSystem)

    def files(self, endings: tuple[str, ...]) -> dict[str, str]:
        """The paths of the files with one of these endings, by their names below the folder."""
        info = self.system.get_file_info(self.path)
        if info.type == self._fs.FileType.File:
            return {posixpath.basename(self.path): self.path}
        selector = self._fs.FileSelector(self.path, recursive=True, allow_not_found=True)
        found = {}
        for info in self.system.get_file_info(selector):
            name = posixpath.relpath(info.path, self.path)
            is_hidden = any(part.startswith((".", "_")) for part in name.split("/"))
            if info.type == self._fs.FileType.File and not is_hidden and name.endswith(endings):
                found[name] = info.path
        return dict(sorted(found.items()))

    def remove_remains(self) -> None:
        """Removes what processes that were killed have begun. Nothing else may be writing into the folder."""
        if self.is_local:
            for folder, _, names in os.walk(self.path):
                for name in names:
                    if name.startswith(BEGINNING) and name.endswith(ENDING):
                        os.unlink(os.path.join(folder, name))

    def file(self, name: str) -> str:
        """The path of a file below the folder."""
        return posixpath.join(self.path, name)

    def has(self, name: str) -> bool:
        return bool(self.system.get_file_info(self.file(name)).type == self._fs.FileType.File)

    def parquet(self, path: str) -> Any:
        """A Parquet file.

        Raises:
            TableError: if it isn't one, or is cut off.
        """
        import pyarrow.parquet  # type: ignore[import-untyped, import-not-found, unused-ignore]

        file = self.system.open_input_file(path)
        try:
            return pyarrow.parquet.ParquetFile(file)
        except pyarrow.ArrowInvalid as error:
            raise TableError(f"{path}: it is damaged, or cut off ({error})") from None


class Reading(NamedTuple):
    """How text files are written, as far as it isn't to be found out."""

    encoding: Optional[str] = None
    decimal: Optional[str] = None


TEXTS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""What text files are called."""


def units(source: Folder) -> list[Unit]:
    """The row groups of Parquet files, and whole text files.

    Raises:
        RecordError: if there are none.
    """
    found = []
    for name, path in source.files((".parquet", *TEXTS)).items():
        if name.endswith(TEXTS):
            found.append(Unit(name, path))
            continue
        for row_group in range(source.parquet(path).num_row_groups):
            found.append(Unit(f"{name}-{row_group:05}", path, row_group))
    if not found:
        raise RecordError(f"{source.address} has no records: give a folder of .parquet or .csv files, or one such file")
    return found


def records(
    source: Folder, unit: Unit, card: Card, id: Optional[str], reading: Reading  # noqa: A002
) -> tuple[list[str], Iterator[Any]]:
    """What was found out about how a unit is written; and its records, batch by batch, in the columns that the card and the
    identifiers take."""
    if unit.row_group is None:
        return _of_text(source, unit, card, id, reading)
    return [], _of_parquet(source, unit, [*(card.columns or []), *([] if id is None else [id])])


def _of_parquet(source: Folder, unit: Unit, columns: list[str]) -> Iterator[Any]:
    pa = tables.pyarrow()
    try:
        file = source.parquet(unit.file)
        missing = [name for name in columns if name not in file.schema_arrow.names]
        if missing:
            raise RecordError(f"{unit.file}: columns aren't there that are needed: {', '.join(missing)}")
        for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[unit.row_group], columns=columns):
            # pyarrow gives them in the file's order.
            yield batch.select(columns)
    except pa.ArrowInvalid as error:
        raise RecordError(f"{unit.name}: it is damaged, cut off, or not what its columns hold elsewhere ({error})") from None


def _of_text(
    source: Folder, unit: Unit, card: Card, id: Optional[str], reading: Reading  # noqa: A002
) -> tuple[list[str], Iterator[Any]]:
    """As the program reads it: whatever its separator, its encoding and its decimal marks are. Identifiers are texts."""
    pa = tables.pyarrow()
    # An object is read from this machine's disk, where only its owner can read it: how it is written is found out first.
    path = unit.file if source.is_local else _copied(source, unit.file)

    def named(error: RecordError) -> RecordError:
        return error if source.is_local else RecordError(str(error).replace(path, unit.file))

    try:
        comma = None if reading.decimal is None else reading.decimal == "comma"
        file = _native.RecordFile(card._card, path, [] if id is None else [id], reading.encoding, comma)
    except RecordError as error:
        raise named(error) from None
    finally:
        if not source.is_local:
            # It stays readable to whom it is open.
            os.unlink(path)
    names = card.columns or []

    def batches() -> Iterator[Any]:
        while True:
            try:
                some = file.read(ROWS_AT_ONCE)
            except RecordError as error:
                raise named(error) from None
            if some is None:
                return
            numbers, texts, kept = some
            columns = [pa.array(numbers[:, place]) for place in range(len(names))]
            for place, column in texts:
                columns[place] = pa.array(column, pa.string())
            columns += [pa.array(column, pa.string()) for column in kept]
            yield pa.RecordBatch.from_arrays(columns, names=[*names, *([] if id is None else [id])])

    return file.said, batches()


def _copied(source: Folder, path: str) -> str:
    """The path of a copy of an object on this machine's disk."""
    descriptor, copy = tempfile.mkstemp(ENDING, BEGINNING)
    try:
        with os.fdopen(descriptor, "wb") as file, source.system.open_input_stream(path, compression=None) as stream:
            while some := stream.read(8 << 20):
                file.write(some)
    except BaseException:
        os.unlink(copy)
        raise
    return copy


class Output:
    """A Parquet file that is written beside its place, or on this machine's disk if that is in an object store, and gets
    its name when it is whole. Use it with ``with``: an exception leaves nothing behind."""

    def __init__(self, folder: Folder, name: str, schema: Any, *, is_private: bool, messages: tuple[str, ...] = ()) -> None:
        import pyarrow.parquet

        self._folder, self._path = folder, folder.file(name)
        self.name = name
        beside = None
        if folder.is_local:
            beside = os.path.dirname(self._path)
            # Its parents have the usual mode.
            os.makedirs(folder.path, mode=0o700 if is_private else 0o777, exist_ok=True)
            os.makedirs(beside, exist_ok=True)
        # Only its owner can read it.
        descriptor, self._temporary = tempfile.mkstemp(ENDING, BEGINNING, beside)
        os.close(descriptor)
        self._is_private = is_private
        # Ciphertexts don't compress, no two are the same, and their order means nothing.
        options = {"compression": "none", "write_statistics": False} if messages else {"compression": "zstd"}
        small = [name for name in schema.names if name not in messages] if messages else True
        self._writer = pyarrow.parquet.ParquetWriter(self._temporary, schema, use_dictionary=small, **options)
        self._schema = schema
        self._rows: list[Any] = []
        self._bytes = 0

    def write(self, rows: Any) -> None:
        """Adds a batch of rows."""
        self._rows.append(rows)
        self._bytes += rows.nbytes
        if self._bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            table = tables.pyarrow().Table.from_batches(self._rows, self._schema)
            self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._rows, self._bytes = [], 0

    def __enter__(self) -> Output:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        try:
            if kind is None:
                self._flush()
            self._writer.close()
            if kind is None:
                self._finish()
        finally:
            if os.path.exists(self._temporary):
                os.unlink(self._temporary)

    def _finish(self) -> None:
        if self._folder.is_local:
            if not self._is_private:
                umask = os.umask(0)
                os.umask(umask)
                os.chmod(self._temporary, 0o666 & ~umask)
            # Whoever finds the file finds it whole, after a power cut, too.
            with open(self._temporary, "rb") as file:
                os.fsync(file.fileno())
            os.replace(self._temporary, self._path)
            return
        system, size = self._folder.system, os.path.getsize(self._temporary)
        try:
            with open(self._temporary, "rb") as file, system.open_output_stream(self._path) as stream:
                while some := file.read(8 << 20):
                    stream.write(some)
        finally:
            # Closing a stream ends an upload, even of a part.
            info = system.get_file_info(self._path)
            if info.type != self._folder._fs.FileType.NotFound and info.size != size:
                system.delete_file(self._path)
