"""Records from arrays and data frames, in the order that a card wants."""

from __future__ import annotations

import math
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from veilcast import _native
from veilcast.errors import RecordError

Texts = list[tuple[int, list[Optional[str]]]]


def records(card: _native.Card, values: Any) -> tuple[NDArray[np.float64], Texts]:
    """Rows of numbers, where NaN is no value, and the columns of texts, as the native session takes them.

    Data frames are taken by their columns' names, in any order; arrays and lists of rows by position.

    Raises:
        RecordError: if columns are missing or unknown, or a cell is neither a number nor what its column holds.
    """
    width = math.prod(card.shape)
    columns = getattr(values, "columns", None)
    if columns is not None and card.columns is not None:
        return _from_columns(card, {str(name): values[name] for name in columns}, len(values))
    if card.text_columns:
        rows = [list(row) for row in values]
        if any(len(row) != width for row in rows):
            raise RecordError(f"each record of the model {card.name!r} has {width} cells")
        assert card.columns is not None
        named = {name: [row[i] for row in rows] for i, name in enumerate(card.columns)}
        return _from_columns(card, named, len(rows))
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise RecordError(f"records of the model {card.name!r} are numbers, and these are {array.dtype}")
    if array.ndim > 2 and list(array.shape[1:]) == card.shape:
        array = array.reshape(len(array), width)
    if array.dtype.kind == "b" and card.kind == "image":
        # A true pixel is a bright one.
        array = array * 255
    if array.ndim != 2 or array.shape[1] != width:
        shape = " × ".join(str(length) for length in card.shape)
        raise RecordError(
            f"records of the model {card.name!r} are rows of {shape} numbers, and this array has the shape"
            f" {np.shape(values)}"
        )
    return np.ascontiguousarray(array, dtype=np.float64), []


def _from_columns(card: _native.Card, given: dict[str, Any], count: int) -> tuple[NDArray[np.float64], Texts]:
    names = card.columns or []
    missing = [name for name in names if name not in given]
    extra = [name for name in given if name not in names]
    if missing:
        raise RecordError(f"the model {card.name!r} needs columns that aren't there: {', '.join(missing)}")
    if extra:
        raise RecordError(
            f"the model {card.name!r} doesn't take these columns, so drop them first: {', '.join(extra)}"
        )
    numbers = np.full((count, len(names)), np.nan)
    texts: Texts = []
    for place, name in enumerate(names):
        if place in card.text_columns:
            texts.append((place, [_text(cell) for cell in given[name]]))
        else:
            numbers[:, place] = _numbers(name, given[name])
    return numbers, texts


def _numbers(name: str, column: Any) -> NDArray[np.float64]:
    try:
        # None and pandas' own missing values become NaN.
        to_numpy = getattr(column, "to_numpy", None)
        if to_numpy is not None and str(getattr(column, "dtype", "")) != "object":
            array = np.asarray(to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            array = np.array([np.nan if _is_missing(cell) else float(_no_text(cell)) for cell in column])
    except (TypeError, ValueError):
        raise RecordError(f"the column {name!r} holds numbers, and there is something else in it") from None
    return array.astype(np.float64)


def _no_text(cell: Any) -> Any:
    if isinstance(cell, (str, bytes)):
        raise TypeError
    return cell


def _is_missing(cell: Any) -> bool:
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or bool(cell != cell)


def _text(cell: Any) -> Optional[str]:
    return None if _is_missing(cell) else str(cell)
