"""The data owner's side of a prediction, as bytes: for files, and transports of one's own."""

from __future__ import annotations

import os
from typing import Any, Optional, Union

from veilcast import _native
from veilcast._records import records
from veilcast._tables import Kind
from veilcast.cards import Card
from veilcast.errors import RecordError, WayError
from veilcast.keys import Key
from veilcast.predictions import Predictions, predictions

__all__ = ["DrawnVouchers", "Opening", "SealedModel", "Session"]

Path = Union[str, "os.PathLike[str]"]


class Session:
    """A key and a card: encrypts records for the card's model, and decrypts its answers.

    Args:
        card: The model's card.
        key: The data owner's key.
        public_part: A hybrid model's public part.
        vouchers: A folder for vouchers, the same as a :class:`Client`'s: as secret as the records.

    Raises:
        CardError: if the key has no room for the model, or the public part is missing or isn't the card's.
        VoucherError: if the folder can't be made.
    """

    __slots__ = ("_card", "_session", "_vouchers")

    def __init__(
        self, card: Card, key: Key, public_part: Optional[bytes] = None, *, vouchers: Optional[Path] = None
    ) -> None:
        self._card = card
        self._session = _native.Session(card._card, key._secret, public_part)
        self._vouchers = None if vouchers is None else _native.Vouchers(vouchers, key._secret)

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

    def draw_vouchers(self, count: int) -> tuple[bytes, DrawnVouchers]:
        """Draws vouchers: the request for them, which :meth:`Model.compute` or their service answers, and what
        :meth:`keep_vouchers` needs then.

        Raises:
            VoucherError: if the model isn't offered for vouchers, or a request can't ask for as many.
        """
        request, native = _native.draw_vouchers(self._session, count)
        drawn = object.__new__(DrawnVouchers)
        drawn._drawn = native
        return request, drawn

    def keep_vouchers(self, answer: bytes, drawn: DrawnVouchers) -> int:
        """Makes vouchers of drawn ones and the answer to the request for them, and keeps them in the session's folder;
        returns how many they are.

        Drawn vouchers are used up at the first call, even if it fails.

        Raises:
            MessageError: if it isn't the answer to the request for them.
            VoucherError: if they are used up, or can't be kept.
            WayError: if the session has no folder for them.
        """
        return _native.keep_vouchers(self._session, drawn._drawn, answer, self._store())

    @property
    def vouchers(self) -> int:
        """How many vouchers are left for the card.

        Raises:
            VoucherError: if the folder can't be read, or belongs to another key.
            WayError: if the session has no folder for them.
        """
        return self._store().count(self._card._card)

    def mask(self, records_: Any) -> tuple[bytes, Opening]:
        """Prepares and rounds records, and masks each by a voucher, which is spent: a request to the service that answered
        for the vouchers, and what opens its answer.

        Raises:
            RecordError: as for :meth:`encrypt`.
            VoucherError: if there aren't as many vouchers as records.
            WayError: if the session has no folder for them.
        """
        numbers, texts, _ = some_records(self._card, records_)
        request, native = _native.mask(self._session, numbers, texts, self._store())
        return request, Opening._wrap(native)

    def unmask(self, answer: bytes, opening: Opening) -> Predictions:
        """Opens the answer to a masked request.

        Raises:
            MessageError: if it isn't an answer to the request.
            TypeError: if the opening is of a request to a sealed model.
        """
        if not isinstance(opening._opening, _native.Unmasking):
            raise TypeError("the opening is of a request to a sealed model: SealedModel.decrypt takes it")
        return predictions(self._card._card, _native.unmask(self._session, answer, opening._opening), Kind())

    def _store(self) -> _native.Vouchers:
        if self._vouchers is None:
            raise WayError("the session has no folder of vouchers: name one, Session(card, key, vouchers=…)")
        return self._vouchers

    def __repr__(self) -> str:
        return f"<Session for {self._card!r}>"


class DrawnVouchers:
    """Vouchers that wait for the answer to the request for them. Secret; they can't be pickled."""

    __slots__ = ("_drawn",)
    _drawn: _native.Drawn

    def __init__(self, *_: object) -> None:
        raise TypeError("Session.draw_vouchers returns some")


class Opening:
    """What opens the answer to one masked request, or one to a sealed model. Secret; it can't be pickled."""

    __slots__ = ("_opening",)
    _opening: Union[_native.Opening, _native.Unmasking]

    def __init__(self, *_: object) -> None:
        raise TypeError("SealedModel.encrypt and Session.mask return one")

    @classmethod
    def _wrap(cls, native: Union[_native.Opening, _native.Unmasking]) -> Opening:
        opening = object.__new__(cls)
        opening._opening = native
        return opening

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
        return request, Opening._wrap(native)

    def decrypt(self, answer: bytes, opening: Opening) -> Predictions:
        """Opens an answer.

        Raises:
            MessageError: if it isn't an answer to the request.
            TypeError: if the opening is of a masked request.
        """
        if not isinstance(opening._opening, _native.Opening):
            raise TypeError("the opening is of a masked request: Session.unmask takes it")
        return predictions(self._card._card, self._sealed.decrypt(answer, opening._opening), Kind())

    def __repr__(self) -> str:
        return f"<SealedModel of {self._card!r}>"


def some_records(card: Card, values: Any) -> tuple[Any, Any, Kind]:
    """Records as the native module takes them, one at least."""
    numbers, texts, kind = records(card._card, card.name, values)
    if not len(numbers):
        raise RecordError("there are no records to predict")
    return numbers, texts, kind
