"""How well a model does, beside the network that it was made of."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

import numpy as np
from numpy.typing import NDArray

from veilcast import _native, _tables
from veilcast._records import records
from veilcast.errors import RecordError
from veilcast.plans import Plan, plan

if TYPE_CHECKING:
    from veilcast.models import Model

__all__ = ["Report"]


@dataclass(frozen=True, repr=False)
class Report:
    """A model's figures on a test set. They show the model's weights, and are as private as they are.

    Printed it is text; in notebooks, and by :meth:`html`, a page with charts.
    """

    records: int
    agreement: Optional[float]
    """The share of records, 0 to 1, for which the model predicts the class that the original does; none for
    quantities. The original is what :func:`veilcast.compile` was given, if it can predict, or else the network in
    floating point."""
    compared_with: str
    """What the original is."""
    accuracy: Optional[float]
    auc: Optional[float]
    """The area under the ROC curve, for two classes."""
    largest_change: float
    """By how much rounding changes a probability at most; a score where there are none; or a quantity."""
    clipped: int
    """Values outside the range that the model knows."""
    imputed: int
    unknown: int
    plan: Plan
    """What predictions of all records cost."""
    figures: dict[str, Any] = field(repr=False)
    """All figures, as ``veilcast evaluate --json`` prints them."""
    _text: str = field(repr=False)
    _page: str = field(repr=False)

    def __str__(self) -> str:
        lines = [self._text]
        if self.agreement is not None:
            lines.append(f"the same class as {self.compared_with} for {100 * self.agreement:.2f} % of the records")
        if self.clipped or self.imputed or self.unknown:
            lines.append(
                f"{self.clipped} values clipped, {self.imputed} missing values imputed, {self.unknown} cells of"
                " unknown categories"
            )
        chosen = self.plan.chosen
        if chosen is not None:
            lines.append(
                f"planned for all records: {chosen.bytes_up / 1e3:.0f} kB up, {chosen.bytes_down / 1e3:.0f} kB down,"
                f" {chosen.total_ms / 1e3:.2f} s on one core each, under a key of {self.plan.key_bits} bits"
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def html(self) -> str:
        """The whole page, with charts: no scripts, and nothing is loaded."""
        return self._page

    def _repr_html_(self) -> str:
        # A page of its own: its style sheet doesn't touch the notebook's.
        page = html.escape(self._page, quote=True)
        return f'<iframe srcdoc="{page}" sandbox style="width: 100%; height: 40em; border: 0"></iframe>'


def report(model: Model, values: Any, truth: Any, key_bits: int) -> Report:
    native = model._model
    card = native.card
    numbers, texts, _ = records(card, card.name, values)
    if not len(numbers):
        raise RecordError("there are no records to measure with")
    predicted = model.predict(values)
    if card.task == "quantities":
        text, data, page = _native.evaluate(native, numbers, texts, _values(card, truth, len(numbers)), key_bits)
        figures = json.loads(data)
        quantities = figures["quantities"]
        largest = max(quantity["largest_change"] for quantity in quantities)
        agreement, compared_with, accuracy, auc = None, "", None, None
    else:
        classes = _classes(card, truth, len(numbers))
        text, data, page = _native.evaluate(native, numbers, texts, classes, key_bits)
        figures = json.loads(data)
        rounding = figures["quantization_error"]
        largest = rounding["largest_probability_change"]
        if largest is None:
            largest = rounding["largest_score_change"]
        accuracy, auc = figures["quantized"]["accuracy"], figures["quantized"].get("auc")
        agreement = 1 - rounding["changed_predictions"] / len(numbers)
        compared_with = "the network in floating point"
        original = _original_labels(model, values)
        if original is not None:
            same = [str(a) == str(b) for a, b in zip(predicted.labels, original)]
            agreement, compared_with = float(np.mean(same)), type(model._original).__name__
    return Report(
        records=len(numbers),
        agreement=agreement,
        compared_with=compared_with,
        accuracy=accuracy,
        auc=auc,
        largest_change=largest,
        clipped=predicted.clipped,
        imputed=predicted.imputed,
        unknown=predicted.unknown,
        plan=plan(model, len(numbers), key_bits=key_bits),
        figures=figures,
        _text=text,
        _page=page,
    )


def _classes(card: _native.Card, truth: Any, count: int) -> list[int]:
    """The index of each record's class."""
    given = [str(label) for label in _tables.cells(truth)]
    if len(given) != count:
        raise RecordError(f"there are {count} records and {len(given)} classes")
    places = {label: place for place, label in enumerate(card.labels)}
    unknown = next((label for label in given if label not in places), None)
    if unknown is not None:
        raise RecordError(f"the model knows no class {unknown!r}, but: {', '.join(card.labels)}")
    return [places[label] for label in given]


def _values(card: _native.Card, truth: Any, count: int) -> list[list[float]]:
    """The values of each quantity."""
    table = _tables.table(truth)
    if table is not None:
        columns = list(table.columns.values())
        array: NDArray[np.float64] = np.array([_tables.cells(column) for column in columns], dtype=np.float64).T
    else:
        array = np.asarray(truth, dtype=np.float64)
    array = array.reshape(len(array), -1)
    if array.shape != (count, card.outputs):
        raise RecordError(
            f"there are {count} records and {card.outputs} quantities, and the true values have the shape {array.shape}"
        )
    return [column.tolist() for column in array.T]


def _original_labels(model: Model, values: Any) -> Optional[list[Any]]:
    """The classes that the original predicts; none if it can't say."""
    predict = getattr(model._original, "predict", None)
    if predict is None or not hasattr(model._original, "classes_"):
        return None
    try:
        return list(predict(values))
    except Exception:
        # It may have been fitted on something else than the model takes, such as arrays.
        return None
