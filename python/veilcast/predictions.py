"""What a model says about records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from veilcast import _native
from veilcast._tables import Kind
from veilcast.errors import CardError, MessageError

__all__ = ["Exchange", "Predictions"]


@dataclass(frozen=True)
class Exchange:
    """What getting predictions from a service took."""

    requests: int
    by_vouchers: int
    """Records that were masked by vouchers."""
    retries: int
    """How often a request was sent again."""
    bytes_up: int
    bytes_down: int
    seconds: float
    replaced: tuple[tuple[int, str], ...] = ()
    """If the service replaced the model meanwhile: from which record on, and the new version."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about records. Everything in it is secret."""

    scores: NDArray[np.float64]
    """Of the shape (records, outputs), in the model's own units: exact integers times a scale."""

    labels: NDArray[Any]
    """The predicted class of each record; empty for quantities."""

    probabilities: Optional[NDArray[np.float64]]
    """Of the shape (records, classes); none if the model gives none."""

    faults: dict[int, str]
    """What is wrong with the answers to some records, whose scores are NaN: no record has the scores that the
    service returned. If you then ask again for these records, or complain, a service that changes answers on
    purpose learns what they hold."""

    clipped: int = 0
    """Values outside the range that the model knows, which were moved to its edge; 0 where that isn't known."""

    imputed: int = 0
    """Missing values that the model replaced."""

    unknown: int = 0
    """Cells of a category that the model doesn't know."""

    exchange: Optional[Exchange] = None
    """What getting them from a service took."""

    _names: tuple[str, ...] = field(default=(), repr=False)
    _kind: Kind = field(default_factory=Kind, repr=False)

    def __len__(self) -> int:
        return len(self.scores)

    def to_frame(self) -> Any:
        """A table of the kind that the records had (pandas, Polars or Arrow; for others a dict of arrays), with the
        columns ``label`` and ``score_<class>``, or one of each quantity."""
        names = self._names
        if not len(self.labels):
            return self._kind.table(dict(zip(names, self.scores.T)))
        # A single score is in favour of the last of two classes.
        scores = {f"score_{name}": column for name, column in zip(names[-self.scores.shape[1] :], self.scores.T)}
        return self._kind.table({"label": self.labels, **scores})

    def __repr__(self) -> str:
        return f"<Predictions of {len(self)} records>"


def predictions(card: _native.Card, outcome: _native.Outcome, kind: Kind, *, by_service: bool = False) -> Predictions:
    """From the native module's form."""
    names = card.labels
    faults = dict(outcome.faults)
    if card.task == "quantities":
        labels: NDArray[Any] = np.array([], dtype=np.str_)
    elif faults:
        labels = np.array([*names, None], dtype=object)[outcome.classes]
    else:
        labels = np.array(names)[outcome.classes]
    clipped, imputed, unknown = outcome.changed
    exchange = Exchange(
        outcome.requests,
        outcome.masked,
        outcome.retries,
        outcome.bytes_up,
        outcome.bytes_down,
        outcome.seconds,
        tuple(outcome.replaced),
    )
    return Predictions(
        outcome.scores,
        labels,
        outcome.probabilities,
        faults,
        clipped,
        imputed,
        unknown,
        exchange if by_service else None,
        tuple(names),
        kind,
    )


def probabilities(card: _native.Card, predicted: Predictions) -> Any:
    """The probabilities of predictions, of the kind that the records had, and all of them."""
    check_probabilities(card)
    if predicted.faults or predicted.probabilities is None:
        raise MessageError(
            "the service's answers to some records can't be right: predict() shows which, and what that reveals"
        )
    return predicted._kind.matrix(card.labels, predicted.probabilities)


def check_probabilities(card: _native.Card) -> None:
    """Raises an exception if a model gives none."""
    if not card.has_probabilities:
        raise CardError(f"the model {card.name!r} gives no probabilities: use predict")
