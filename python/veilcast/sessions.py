"""The data owner's side of a prediction, as bytes: for files, and transports of one's own."""

from __future__ import annotations

from typing import Any, Optional

from veilcast import _native
from veilcast._records import records
from veilcast._tables import Kind
from veilcast.cards import Card
from veilcast.errors import RecordError
from veilcast.keys import Key
from veilcast.predictions import Predictions, predictions

__all__ = ["Opening", "SealedModel", "Session"]


class Session:
    """A key and a card: encrypts records for the card's model, and decrypts its answers.

    Args:
        card: The model's card.
        key: The data owner's key.
        public_part: A hybrid model's public part.

    Raises:
        CardError: if the key has no room for the model, or the public part is missing or isn't the card's.
    """

    __slots__ = ("_card", "_session")

    def __init__(self, card: Card, key: Key, public_part: Optional[bytes] = None) -> None:
        self._card = card
        self._session = _native.Session(card._card, key._secret, public_part)

    @property
    def card(self) -> Card:
        """The model's card."""
        return self._card

    def encrypt(self, records_: Any) -> bytes:
        """Prepares, rounds and encrypts records into a request.

        Args:
            records_: A table (pandas, Polars or Arrow) with the card's columns in any order, or rows in the card's
                order: an array of the shape (records, *card.shape), or lists. NaN and None are missing values, which
                the card replaces or refuses.

        Raises:
            RecordError: if a record isn't one that the model takes, or there are none, or too many for one
                request.
        """
        numbers, texts, _ = some_records(self._card, records_)
        return self._session.encrypt(numbers, texts)

    def decrypt(self, answer: bytes, request: Optional[bytes] = None) -> Predictions:
        """Decrypts an answer.

        Args:
            answer: What :meth:`Model.compute` or a service returned.
            request: The request that it must belong to.

        Raises:
            MessageError: if it isn't an answer of the model to this key, or to this request.
        """
        return predictions(self._card._card, self._session.decrypt(answer, request), Kind())

    def __repr__(self) -> str:
        return f"<Session for {self._card!r}>"


class Opening:
    """What opens the answer to one request to a sealed model. Secret; it can't be pickled."""

    __slots__ = ("_opening",)
    _opening: _native.Opening

    def __init__(self, *_: object) -> None:
        raise TypeError("SealedModel.encrypt returns one")

    def __len__(self) -> int:
        return len(self._opening)

    def __repr__(self) -> str:
        return f"<Opening of the answer for {len(self)} records>"


class SealedModel:
    """A card and its model's encrypted weights: the data owner computes on them, and needs no key.

    What could betray records is found when the weights are opened.

    Args:
        card: The model's card, which must offer the way ``sealed``.
        weights: Its encrypted weights: ``sealed.bin``, or :attr:`Model.sealed_weights`.
        public_part: A hybrid model's public part.

    Raises:
        SealedError: if the card names no such weights, or they could betray records.
        CardError: if the public part is missing or isn't the card's.
    """

    __slots__ = ("_card", "_sealed")

    def __init__(self, card: Card, weights: bytes, public_part: Optional[bytes] = None) -> None:
        self._card = card
        self._sealed = _native.SealedModel(card._card, weights, public_part)

    @classmethod
    def _wrap(cls, card: Card, native: _native.SealedModel) -> SealedModel:
        model = object.__new__(cls)
        model._card = card
        model._sealed = native
        return model

    @property
    def card(self) -> Card:
        """The model's card."""
        return self._card

    def encrypt(self, records_: Any) -> tuple[bytes, Opening]:
        """Puts records into the encrypted weights: a request, and what opens its answer.

        Raises:
            RecordError: as for :meth:`Session.encrypt`.
        """
        numbers, texts, _ = some_records(self._card, records_)
        request, native = self._sealed.encrypt(numbers, texts)
        opening = object.__new__(Opening)
        opening._opening = native
        return request, opening

    def decrypt(self, answer: bytes, opening: Opening) -> Predictions:
        """Opens an answer.

        Raises:
            MessageError: if it isn't an answer to the request.
        """
        return predictions(self._card._card, self._sealed.decrypt(answer, opening._opening), Kind())

    def __repr__(self) -> str:
        return f"<SealedModel of {self._card!r}>"


def some_records(card: Card, values: Any) -> tuple[Any, Any, Kind]:
    """Records as the native module takes them, one at least."""
    numbers, texts, kind = records(card._card, card.name, values)
    if not len(numbers):
        raise RecordError("there are no records to predict")
    return numbers, texts, kind
