"""Predictions on encrypted records: the data owner's side, the model owner's, and calls to a service."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import NDArray

from veilcast import _native
from veilcast._records import records
from veilcast.errors import CardError, MessageError, RecordError
from veilcast.keys import Key

__all__ = ["Card", "Client", "Model", "Predictions", "Session"]

Path = Union[str, "os.PathLike[str]"]


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

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        return f"<Predictions of {len(self)} records>"


class Card:
    """A model's public card: what a record is, how it is prepared, and what is predicted.

    Raises:
        CardError: if the text isn't a valid card.
    """

    __slots__ = ("_card",)

    def __init__(self, json: Union[str, bytes]) -> None:
        self._card = _native.Card.parse(json.encode() if isinstance(json, str) else bytes(json))

    @classmethod
    def load(cls, path: Path) -> Card:
        """Reads a card's file.

        Raises:
            CardError: if it isn't a valid card.
            OSError: if it can't be read.
        """
        with open(path, "rb") as file:
            return cls(file.read())

    @property
    def json(self) -> bytes:
        """The card's exact bytes."""
        return self._card.json

    @property
    def digest(self) -> str:
        """The card's digest in hexadecimal digits, which travels with every request."""
        return self._card.digest.hex()

    @property
    def name(self) -> str:
        """The model's name."""
        return self._card.name

    @property
    def version(self) -> str:
        """The model's version."""
        return self._card.version

    @property
    def columns(self) -> Optional[list[str]]:
        """The names of a table's columns, in order; none for images."""
        return self._card.columns

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes of one record."""
        return tuple(self._card.shape)

    @property
    def task(self) -> str:
        """``classes``, ``probability`` (of the second of two classes) or ``quantities``."""
        return self._card.task

    @property
    def labels(self) -> list[str]:
        """The names of the classes, or of the quantities."""
        return self._card.labels

    def __repr__(self) -> str:
        return f"<Card of {self.name!r}, version {self.version}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Card, (self.json,)


class Model:
    """A model with its private weights, which computes on encrypted records without a key."""

    __slots__ = ("_model",)
    _model: _native.Model

    def __init__(self, *_: object) -> None:
        raise TypeError("read a model with Model.load")

    @classmethod
    def load(cls, directory: Path) -> Model:
        """Reads a model's folder, as ``veilcast train`` and ``veilcast import`` write it.

        Raises:
            ModelError: if it isn't a model's folder, or it is damaged.
        """
        model = object.__new__(cls)
        model._model = _native.Model.load(directory)
        return model

    @property
    def card(self) -> Card:
        """The public card, for the data owner."""
        return Card(self._model.card.json)

    @property
    def public_part(self) -> Optional[bytes]:
        """What data owners run before they encrypt: a hybrid model's public network, in ONNX."""
        return self._model.public_part

    def compute(self, request: bytes) -> bytes:
        """The encrypted scores for a request that :meth:`Session.encrypt` made.

        Raises:
            MessageError: if it isn't a request that this model takes.
        """
        return self._model.compute(request)

    def __repr__(self) -> str:
        return f"<Model of {self.card!r}>"


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
            records_: A data frame with the card's columns in any order, or rows in the card's order: an array
                of the shape (records, *card.shape), or lists. NaN and None are missing values, which the card
                replaces or refuses.

        Raises:
            RecordError: if a record isn't one that the model takes, or there are none, or too many for one
                request.
        """
        numbers, texts = records(self._card._card, records_)
        return self._session.encrypt(numbers, texts)

    def decrypt(self, answer: bytes, request: Optional[bytes] = None) -> Predictions:
        """Decrypts an answer.

        Args:
            answer: What :meth:`Model.compute` or a service returned.
            request: The request that it must belong to.

        Raises:
            MessageError: if it isn't an answer of the model to this key, or to this request.
        """
        return _predictions(self._card, [self._session.decrypt(answer, request)])

    def _requests(self, records_: Any) -> list[bytes]:
        """Requests with any number of records."""
        numbers, texts = records(self._card._card, records_)
        if not len(numbers):
            raise RecordError("there are no records to predict")
        most = min(self._session.max_records(len(numbers)), _AT_ONCE)
        return [
            self._session.encrypt(
                numbers[start : start + most],
                [(place, column[start : start + most]) for place, column in texts],
            )
            for start in range(0, len(numbers), most)
        ]

    def __repr__(self) -> str:
        return f"<Session for {self._card!r}>"


_AT_ONCE = 4096
"""The most records of one request of ours."""

_Part = tuple[
    NDArray[np.float64], list[Optional[str]], Optional[NDArray[np.float64]], list[tuple[int, str]]
]


def _predictions(card: Card, parts: list[_Part]) -> Predictions:
    faults: dict[int, str] = {}
    done = 0
    for scores, _, _, wrong in parts:
        faults.update((done + record, text) for record, text in wrong)
        done += len(scores)
    labels = [label for part in parts for label in part[1]] if card.task != "quantities" else []
    probabilities = [part[2] for part in parts if part[2] is not None]
    return Predictions(
        np.concatenate([part[0] for part in parts]),
        np.array(labels, dtype=object if faults else None),
        np.concatenate(probabilities) if probabilities else None,
        faults,
    )


class Client:
    """Predictions by a service, which sees only encrypted records.

    Args:
        url: The service's address. Without TLS a token is only sent to this machine.
        key: The data owner's key, which stays here.
        token: Who asks, if the service wants to know: secret.

    Raises:
        ServiceError: if the address or the token can't be right.
    """

    __slots__ = ("_key", "_service", "_sessions")

    def __init__(self, url: str, *, key: Key, token: Optional[str] = None) -> None:
        self._service = _native.Service(url, token)
        self._key = key
        self._sessions: dict[str, Session] = {}

    def models(self) -> list[str]:
        """The names of the service's models.

        Raises:
            ServiceError: if the service can't be reached, or refuses.
        """
        return self._service.models()

    def session(self, name: str) -> Session:
        """The session for a model: its card is fetched once, and again when the model was replaced.

        Raises:
            ServiceError: if the service can't be reached, or has no such model.
            CardError: if its card can't be used with the key.
        """
        if name not in self._sessions:
            card = Card(self._service.card(name))
            most = card._card.public_part_bytes
            part = None if most is None else self._service.public_part(name, most)
            self._sessions[name] = Session(card, self._key, part)
        return self._sessions[name]

    def predict(self, name: str, records: Any) -> Predictions:
        """What a model says about records, however many: as for :meth:`Session.encrypt`.

        Everything is sent before anything is decrypted, so that what is sent does not depend on answers.

        Raises:
            RecordError: if a record isn't one that the model takes.
            ServiceError: if the service can't be reached, or refuses.
            MessageError: if an answer can't be used.
        """
        session = self.session(name)
        requests = session._requests(records)
        try:
            answers = self._service.infer(name, requests)
        except Exception:
            # The model may have been replaced: another call fetches its card.
            self._sessions.pop(name, None)
            raise
        return _predictions(session.card, [session._session.decrypt(answer) for answer in answers])

    def predict_proba(self, name: str, records: Any) -> NDArray[np.float64]:
        """The probability of each class for each record, of the shape (records, classes).

        Raises:
            CardError: if the model gives no probabilities.
            MessageError: if an answer can't be right.
        """
        if not self.session(name).card._card.has_probabilities:
            raise CardError(f"the model {name!r} gives no probabilities: use predict")
        predictions = self.predict(name, records)
        if predictions.faults or predictions.probabilities is None:
            raise MessageError(
                "the service's answers to some records can't be right: predict() shows which, and what that"
                " reveals"
            )
        return predictions.probabilities

    def __repr__(self) -> str:
        return f"<Client of {self._service!r}>"
