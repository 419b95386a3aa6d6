"""Estimators for scikit-learn whose predictions come from a service that never sees the records.

>>> from sklearn.model_selection import cross_val_score  # doctest: +SKIP
>>> risk = PrivateClassifier(client, "risk")             # doctest: +SKIP
>>> cross_val_score(risk, frame, labels)                 # doctest: +SKIP

The model was trained where it is served. ``fit`` only checks that the records and the labels are the model's: so a
score in cross-validation is that of one model on each part of the records, not of models trained on the others.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
)
from sklearn.utils.multiclass import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    check_classification_targets,
)
from sklearn.utils.validation import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    check_array,
    check_consistent_length,
    column_or_1d,
)

from veilcast import Card, Client, Predictions
from veilcast.errors import CardError, MessageError, RecordError

__all__ = ["PrivateClassifier", "PrivateRegressor"]


class _Private(BaseEstimator):  # type: ignore[misc]
    """A model of a service."""

    def __init__(self, client: Optional[Client] = None, model: Optional[str] = None) -> None:
        self.client = client
        self.model = model

    # The client holds a secret key, and is never copied.
    def __sklearn_clone__(self) -> Any:
        return type(self)(self.client, self.model)

    def __sklearn_is_fitted__(self) -> bool:
        return self.client is not None and self.model is not None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.requires_fit = False
        return tags

    @property
    def card_(self) -> Card:
        """The model's card."""
        if self.client is None or self.model is None:
            raise ValueError(
                f"{type(self).__name__} needs a client and a model's name: {type(self).__name__}(client, \"risk\")"
            )
        return self.client.card(self.model)

    @property
    def n_features_in_(self) -> int:
        """How many columns a record has."""
        return int(np.prod(self.card_.shape))

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """The names of the columns, in the card's order."""
        columns = self.card_.columns
        if columns is None:
            raise AttributeError("the model's records have no columns with names")
        return np.array(columns, dtype=object)

    def _records(self, X: Any) -> Any:
        """Data frames as they are, and anything else as an array with the card's columns."""
        if hasattr(X, "columns"):
            return X
        card = self.card_
        array = check_array(
            X, dtype=None, ensure_all_finite=False, allow_nd=True, ensure_2d=False, ensure_min_samples=0
        )
        if array.ndim < 2:
            raise ValueError(
                f"Expected 2D array, got {array.ndim}D array instead. Reshape your data with"
                " array.reshape(1, -1) if it is a single record"
            )
        if array.shape[0] == 0:
            raise RecordError("Found array with 0 sample(s): there are no records to predict")
        if array.shape[1:] != tuple(card.shape):
            if array.ndim != 2 or array.shape[1] != self.n_features_in_:
                raise RecordError(
                    f"X has {int(np.prod(array.shape[1:]))} features, but {type(self).__name__} is expecting"
                    f" {self.n_features_in_} features as input"
                )
            array = array.reshape(-1, *card.shape)
        return array

    def _predictions(self, X: Any) -> Predictions:
        records = self._records(X)
        assert self.client is not None and self.model is not None
        predictions = self.client.predict(self.model, records)
        if predictions.faults:
            raise MessageError(
                "the service's answers to some records can't be right: the client's predict() shows which, and what"
                " that reveals"
            )
        return predictions

    def _check(self, X: Any, y: Any) -> None:
        self._records(X)
        check_consistent_length(X, y)

    def _required(self, y: Any) -> Any:
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        return y


class PrivateClassifier(ClassifierMixin, _Private):  # type: ignore[misc]
    """A classifier that a service computes on encrypted records.

    Args:
        client: The client of the service, with the data owner's key.
        model: The model's name.
    """

    def fit(self, X: Any, y: Any = None) -> PrivateClassifier:
        """Checks that records and labels are the model's, and takes over the labels' data type. Nothing is
        trained, and nothing leaves this machine.

        Raises:
            RecordError: if the records have other columns.
            ValueError: if a label is none of the model's, or there are none.
        """
        labels = self._labels()
        y = column_or_1d(self._required(y), warn=True)
        check_array(y, dtype=None, ensure_2d=False, input_name="y")
        check_classification_targets(y)
        self._check(X, y)
        values = {str(value): value for value in np.unique(y).tolist()}
        if y.dtype.kind in "iu" and not set(values) & set(labels):
            # cross_val_predict passes the classes' numbers in their sorted order.
            values = {label: number for number, label in enumerate(sorted(labels)) if number in y}
            values.update({str(value): value for value in y.tolist() if not 0 <= value < len(labels)})
        unknown = sorted(set(values) - set(labels))
        if unknown:
            raise ValueError(
                f"Unknown label type: {unknown[0]!r} is none of the model's labels, which are {', '.join(labels)}"
            )
        self._values = np.array([_like(label, values, y.dtype) for label in labels])
        return self

    def _labels(self) -> list[str]:
        card = self.card_
        if card.task == "quantities":
            raise CardError(f"the model {self.model!r} predicts quantities: use PrivateRegressor")
        return card.labels

    def _classes(self) -> NDArray[Any]:
        """The classes in the card's order."""
        values: Optional[NDArray[Any]] = self.__dict__.get("_values")
        return np.array(self._labels()) if values is None else values

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, sorted: of the type of the labels that ``fit`` saw, or strings."""
        return np.sort(self._classes())

    def predict(self, X: Any) -> NDArray[Any]:
        """The class of each record.

        Raises:
            RecordError: if a record isn't one that the model takes.
            ServiceError: if the service can't be reached, or refuses.
            MessageError: if an answer can't be right.
        """
        place = {label: place for place, label in enumerate(self._labels())}
        labels = self._predictions(X).labels
        return self._classes()[[place[label] for label in labels]]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of each class for each record, in the order of ``classes_``.

        Raises:
            CardError: if the model gives no probabilities.
        """
        order = np.argsort(self._classes())
        probabilities = self._predictions(X).probabilities
        if probabilities is None:
            raise CardError(f"the model {self.model!r} gives no probabilities: use predict")
        return probabilities[:, order]


class PrivateRegressor(RegressorMixin, _Private):  # type: ignore[misc]
    """A regressor that a service computes on encrypted records.

    Args:
        client: The client of the service, with the data owner's key.
        model: The model's name.
    """

    def fit(self, X: Any, y: Any = None) -> PrivateRegressor:
        """Checks that the records are the model's. Nothing is trained, and nothing leaves this machine.

        Raises:
            RecordError: if the records have other columns.
            ValueError: if there are no quantities to compare with, or they aren't finite numbers.
        """
        self._quantities()
        check_array(self._required(y), ensure_2d=False, input_name="y")
        self._check(X, y)
        return self

    def _quantities(self) -> None:
        if self.card_.task != "quantities":
            raise CardError(f"the model {self.model!r} predicts classes: use PrivateClassifier")

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The quantities for each record: of the shape (records,) if there is one.

        Raises:
            RecordError: if a record isn't one that the model takes.
            ServiceError: if the service can't be reached, or refuses.
            MessageError: if an answer can't be right.
        """
        self._quantities()
        scores = self._predictions(X).scores
        return scores[:, 0] if scores.shape[1] == 1 else scores


def _like(label: str, values: dict[str, Any], dtype: np.dtype[Any]) -> Any:
    """A label as the value of this type that it was made from, or would be."""
    if label in values:
        return values[label]
    try:
        return dtype.type(label)
    except (TypeError, ValueError):
        return label
