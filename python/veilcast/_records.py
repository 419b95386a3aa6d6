"""Records from arrays and tables, in the order that a card wants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Optional, Protocol

import numpy as np
from numpy.typing import NDArray

from veilcast import _tables
from veilcast._tables import Kind
from veilcast.errors import RecordError

Texts = list[tuple[int, list[Optional[str]]]]


class Input(Protocol):
    """What a record is."""

    @property
    def columns(self) -> Optional[list[str]]: ...
    @property
    def text_columns(self) -> list[int]: ...
    @property
    def kind(self) -> str: ...
    @property
    def shape(self) -> list[int]: ...


def records(card: Input, name: str, values: Any) -> tuple[NDArray[np.float64], Texts, Kind]:
    """Rows of numbers, where NaN is no value, and the columns of texts, as the native module takes them; and the kind
    of table that they were.

    Tables are taken by their columns' names, in any order; arrays and lists of rows by position.

    Raises:
        RecordError: if columns are missing or unknown, or a cell is neither a number nor what its column holds.
    """
    width = math.prod(card.shape)
    table = _tables.table(values)
    if table is not None and card.columns is not None:
        numbers, texts = _from_columns(card, name, table.columns, table.rows)
        return numbers, texts, table.kind
    kind = Kind() if table is None else table.kind
    if card.text_columns:
        rows = [list(row) for row in values]
        if any(len(row) != width for row in rows):
            raise RecordError(f"each record of the model {name!r} has {width} cells")
        columns = card.columns or []
        named = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
        return *_from_columns(card, name, named, len(rows)), kind
    array = np.asarray(values)
    if array.dtype.kind == "O":
        array = _from_objects(name, array)
    if array.dtype.kind not in "biuf":
        raise RecordError(f"records of the model {name!r} are numbers, and these are {array.dtype}")
    if card.kind == "image":
        array = with_colours_last(array, card.shape)
    if array.ndim > 1 and card.columns is None and _without_ones(array.shape[1:]) == _without_ones(card.shape):
        array = array.reshape(len(array), width)
    if array.dtype.kind == "b" and card.kind == "image":
        # A true pixel is a bright one.
        array = array * 255
    if array.ndim != 2 or array.shape[1] != width:
        shape = " × ".join(str(length) for length in card.shape)
        raise RecordError(
            f"records of the model {name!r} are rows of {shape} numbers, and this array has the shape"
            f" {np.shape(values)}"
        )
    return np.ascontiguousarray(array, dtype=np.float64), [], kind


def with_colours_last(array: NDArray[Any], shape: list[int]) -> NDArray[Any]:
    """Images as cards have them, with the colours last, where PyTorch has them first."""
    if array.ndim == 4 and len(shape) == 3 and list(array.shape[1:]) == [shape[2], *shape[:2]] != shape:
        return np.moveaxis(array, 1, -1)
    return array


def _without_ones(shape: Sequence[int]) -> list[int]:
    """The sides that matter: (1, 28, 28) is as good as (28, 28)."""
    return [side for side in shape if side != 1]


def _from_objects(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Numbers of an array of objects, where None is no value."""
    try:
        flat = [math.nan if _tables.is_missing(cell) else float(_no_text(cell)) for cell in array.reshape(-1)]
    except (TypeError, ValueError):
        raise RecordError(f"records of the model {name!r} are numbers, and there is something else in these") from None
    return np.array(flat, dtype=np.float64).reshape(array.shape)


def _from_columns(
    card: Input, model: str, given: dict[str, Any], count: int
) -> tuple[NDArray[np.float64], Texts]:
    names = card.columns or []
    missing = [name for name in names if name not in given]
    extra = [name for name in given if name not in names]
    if missing:
        raise RecordError(f"the model {model!r} needs columns that aren't there: {', '.join(missing)}")
    if extra:
        raise RecordError(f"the model {model!r} doesn't take these columns, so drop them first: {', '.join(extra)}")
    numbers = np.full((count, len(names)), np.nan)
    texts: Texts = []
    for place, name in enumerate(names):
        if place in card.text_columns:
            texts.append((place, _tables.texts(given[name])))
        else:
            numbers[:, place] = _numbers(name, given[name])
    return numbers, texts


def _numbers(name: str, column: Any) -> NDArray[np.float64]:
    try:
        # None and the libraries' own missing values become NaN.
        numbers = _tables.numbers(column)
        if numbers is None:
            given = _tables.cells(column)
            numbers = np.array([np.nan if _tables.is_missing(cell) else float(_no_text(cell)) for cell in given])
    except (TypeError, ValueError):
        raise RecordError(f"the column {name!r} holds numbers, and there is something else in it") from None
    return numbers.astype(np.float64)


def _no_text(cell: Any) -> Any:
    if isinstance(cell, (str, bytes)):
        raise TypeError
    return cell
