"""Tables of other libraries: what they hold, and more of the same kind. None of them is needed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from veilcast.errors import RecordError


class Kind:
    """The kind of table that records came in: ``pandas``, ``polars``, ``pyarrow``, or an array if ``None``."""

    __slots__ = ("_index", "_library")

    def __init__(self, library: Optional[str] = None, index: Any = None) -> None:
        self._library = library
        self._index = index

    def table(self, columns: Mapping[str, NDArray[Any]]) -> Any:
        """A table with columns."""
        module = sys.modules.get(self._library or "")
        if self._library == "pandas" and module is not None:
            return module.DataFrame(dict(columns), index=self._index)
        if self._library == "polars" and module is not None:
            return module.DataFrame(dict(columns))
        if self._library == "pyarrow" and module is not None:
            return module.table({name: module.array(column) for name, column in columns.items()})
        return dict(columns)

    def matrix(self, names: list[str], values: NDArray[np.float64]) -> Any:
        """A table with a column for each name, or the array itself."""
        if self._library is None:
            return values
        return self.table(dict(zip(names, values.T)))


class Table:
    """The columns of a table, by their names."""

    __slots__ = ("columns", "kind", "rows")

    def __init__(self, columns: dict[str, Any], rows: int, kind: Kind) -> None:
        self.columns = columns
        self.rows = rows
        self.kind = kind


def table(values: Any) -> Optional[Table]:
    """The table that something is; none if it is an array, or a list of rows.

    Raises:
        RecordError: if two columns have the same name.
    """
    if library(values) == "pyarrow" and hasattr(values, "column_names"):
        names = list(values.column_names)
        return Table(_named(names, values.columns), values.num_rows, Kind("pyarrow"))
    if library(values) == "polars" and hasattr(values, "collect"):
        raise RecordError("the table is lazy: call collect() first")
    columns = getattr(values, "columns", None)
    if columns is not None:
        kind = Kind("polars") if library(values) == "polars" else Kind("pandas", getattr(values, "index", None))
        names = [str(name) for name in columns]
        _check_unique(names)
        return Table({str(name): values[name] for name in columns}, len(values), kind)
    # A column alone may have this method, too.
    if hasattr(values, "__arrow_c_stream__") and not hasattr(values, "dtype") and "pyarrow" in sys.modules:
        return table(sys.modules["pyarrow"].table(values))
    return None


def library(values: Any) -> str:
    """The name of the library that something is of."""
    return type(values).__module__.partition(".")[0]


def cells(column: Any) -> list[Any]:
    """The cells of a column."""
    to_list = getattr(column, "to_pylist", None) or getattr(column, "tolist", None)
    return list(column if to_list is None else to_list())


def texts(column: Any) -> list[Optional[str]]:
    """The cells of a column as texts, those of missing ones ``None``."""
    if library(column) == "pyarrow":
        types = sys.modules["pyarrow"].types
        if types.is_string(column.type) or types.is_large_string(column.type):
            return list(column.to_pylist())
    return [None if is_missing(cell) else str(cell) for cell in cells(column)]


def is_missing(cell: Any) -> bool:
    """Whether a cell holds nothing, in any library's way to say so."""
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or bool(cell != cell)


def numbers(column: Any) -> Optional[NDArray[np.float64]]:
    """A column of numbers with NaN where there is none; nothing if it isn't one by its data type."""
    of = library(column)
    if of == "pyarrow":
        pyarrow = sys.modules["pyarrow"]
        types = pyarrow.types
        if not (types.is_integer(column.type) or types.is_floating(column.type) or types.is_boolean(column.type)):
            return None
        kind = column.cast(pyarrow.float64(), safe=False)
        return np.asarray(kind.to_numpy() if hasattr(kind, "chunks") else kind.to_numpy(zero_copy_only=False))
    if of == "polars":
        dtype = column.dtype
        polars = sys.modules["polars"]
        if not (dtype.is_numeric() or dtype == polars.Boolean):
            return None
        return np.asarray(column.cast(polars.Float64).to_numpy())
    to_numpy = getattr(column, "to_numpy", None)
    if to_numpy is None or str(getattr(column, "dtype", "object")) in ("object", "str", "string"):
        return None
    return np.asarray(to_numpy(dtype=np.float64, na_value=np.nan))


def chosen(values: Any, names: list[str]) -> Any:
    """A table with some of its columns."""
    return values.select(names) if hasattr(values, "select") else values[names]


def _named(names: list[str], columns: list[Any]) -> dict[str, Any]:
    _check_unique(names)
    return dict(zip(names, columns))


def _check_unique(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecordError(f"the table has two columns with the same name: {', '.join(twice)}")
