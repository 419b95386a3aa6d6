"""A model with its private weights: the model owner's side."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional, Union

from veilcast import _native
from veilcast._records import records
from veilcast.cards import Card
from veilcast.keys import DEFAULT_BITS, Key
from veilcast.predictions import Predictions, check_probabilities, predictions, probabilities

if TYPE_CHECKING:
    from veilcast.reports import Report

__all__ = ["Model"]

Path = Union[str, "os.PathLike[str]"]


class Model:
    """A model with its private weights, which computes on encrypted records without a key."""

    __slots__ = ("_model", "_original")
    _model: _native.Model
    _original: Any

    def __init__(self, *_: object) -> None:
        raise TypeError("get a model from veilcast.compile, or read one with Model.load")

    @classmethod
    def _wrap(cls, native: _native.Model, original: Any = None) -> Model:
        model = object.__new__(cls)
        model._model = native
        model._original = original
        return model

    @classmethod
    def load(
        cls, directory: Path, *, sealing_key: Optional[Key] = None, voucher_secret: Optional[Path] = None
    ) -> Model:
        """Reads a model's folder, as :meth:`save`, ``veilcast train`` and ``veilcast import`` write it.

        Args:
            directory: The folder.
            sealing_key: The key of a sealed model, which opens what its clients send.
            voucher_secret: The file of the secrets that vouchers are derived from, as ``veilcast serve`` takes it. Without
                it, vouchers are good for this object alone.

        Raises:
            ModelError: if it isn't a model's folder, or it is damaged.
            SealedError: if the model isn't sealed, or under another key.
            VoucherError: if the file can't be read, or holds no secrets.
        """
        key = None if sealing_key is None else sealing_key._secret
        return cls._wrap(_native.Model.load(directory, key, voucher_secret))

    def save(self, directory: Path, *, overwrite: bool = False) -> None:
        """Writes the model's folder: the public card, and the private weights.

        Raises:
            FileExists: if the folder is there, unless it is a model's and ``overwrite`` is true.
            ModelError: if it can't be written.
        """
        self._model.save(directory, overwrite)

    @property
    def card(self) -> Card:
        """The public card, for the data owner."""
        return Card(self._model.card.json)

    @property
    def public_part(self) -> Optional[bytes]:
        """What data owners run before they encrypt: a hybrid model's public network, in ONNX."""
        return self._model.public_part

    @property
    def sealed_weights(self) -> Optional[bytes]:
        """A sealed model's encrypted weights, for data owners."""
        return self._model.sealed_weights

    def seal(self, key: Key, *, only: bool = False) -> Model:
        """The same model, whose weights may also travel encrypted under a key, so that data owners need none.

        Args:
            key: A key for this model alone, which stays with the service.
            only: Offer the model in no other way.

        Raises:
            SealedError: if the model can't be sealed under this key.
        """
        return Model._wrap(self._model.sealed(key._secret, only), self._original)

    def predict(self, records_: Any) -> Predictions:
        """What the model says about records in the clear: exactly what it says about encrypted ones.

        Raises:
            RecordError: if a record isn't one that the model takes.
        """
        card = self._model.card
        numbers, texts, kind = records(card, card.name, records_)
        return predictions(card, self._model.predict(numbers, texts), kind)

    def predict_proba(self, records_: Any) -> Any:
        """The probability of each class for each record, in the clear.

        Raises:
            CardError: if the model gives no probabilities.
            RecordError: if a record isn't one that the model takes.
        """
        check_probabilities(self._model.card)
        return probabilities(self._model.card, self.predict(records_))

    def compute(self, request: bytes) -> bytes:
        """The encrypted or masked scores for a request that a :class:`Session` or :class:`SealedModel` made.

        Raises:
            MessageError: if it isn't a request that this model takes.
        """
        return self._model.compute(request)

    def report(self, records_: Any, truth: Any, *, key_bits: int = DEFAULT_BITS) -> Report:
        """How well the model does: agreement with the original, what rounding changes, accuracy and area under the ROC
        curve or errors, clipped values, and the planned bytes and times.

        Args:
            records_: Records to measure with.
            truth: The class of each, or the value of each quantity.
            key_bits: The size of the keys to plan with.

        Raises:
            RecordError: if a record isn't one that the model takes, or the model doesn't know a class.
        """
        from veilcast.reports import report

        return report(self, records_, truth, key_bits)

    def __repr__(self) -> str:
        return f"<Model of {self.card!r}>"
