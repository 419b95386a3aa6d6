"""Calls to a service, which block: :class:`Client` and :class:`AsyncClient` make them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Optional, Union

from veilcast import _native
from veilcast._progress import step
from veilcast.cards import Card
from veilcast.errors import CardError, ServiceError, VoucherError, WayError
from veilcast.keys import Key
from veilcast.predictions import Predictions, predictions
from veilcast.sessions import SealedModel, Session, some_records

Path = Union[str, "os.PathLike[str]"]
Progress = Optional[Callable[[int], object]]
Stop = Optional[_native.Stop]

WAYS = ("direct", "vouchers", "sealed")


class Calls:
    """A service, and what is known of its models."""

    def __init__(
        self,
        url: str,
        key: Optional[Key],
        token: Optional[str],
        vouchers: Optional[Path],
        authorities: Optional[Path],
    ) -> None:
        pem = None
        if authorities is not None:
            with open(authorities, "rb") as file:
                pem = file.read()
        self.service = _native.Service(url, token, pem)
        self.key = key
        self.store = None
        if vouchers is not None:
            if key is None:
                raise WayError("vouchers are made with a key: give it, too")
            self.store = _native.Vouchers(vouchers, key._secret)
        self.cards: dict[str, tuple[Card, Optional[bytes]]] = {}
        self.sessions: dict[str, Session] = {}
        self.sealed: dict[str, SealedModel] = {}

    def models(self, stop: Stop) -> list[str]:
        return self.service.models(stop)

    def card(self, name: str, stop: Stop) -> Card:
        return self._card(name, stop)[0]

    def session(self, name: str, stop: Stop) -> Session:
        if self.key is None:
            raise WayError(f"records for the model {name!r} are encrypted with a key: give the client one")
        if name not in self.sessions:
            card, part = self._card(name, stop)
            self.sessions[name] = Session(card, self.key, part)
        return self.sessions[name]

    def sealed_model(self, name: str, stop: Stop) -> SealedModel:
        if name not in self.sealed:
            card, part = self._card(name, stop)
            if "sealed" not in card.ways:
                offered = ", ".join(card.ways)
                raise WayError(f"the model {name!r} isn't offered sealed, but only: {offered}")
            native = self.service.sealed_model(card._card, part, stop)
            self.sealed[name] = SealedModel._wrap(card, native)
        return self.sealed[name]

    def predict(
        self, name: str, values: Any, way: Optional[str], in_flight: Optional[int], progress: Progress, stop: Stop
    ) -> Predictions:
        if in_flight is not None and in_flight < 1:
            raise ValueError("in_flight is how many requests may be under way: 1 at least")
        card = self.card(name, stop)
        numbers, texts, kind = some_records(card, values)
        way = self._way(card, way, len(numbers))
        through: Union[_native.Session, _native.SealedModel]
        through = self.sealed_model(name, stop)._sealed if way == "sealed" else self.session(name, stop)._session
        try:
            outcome = _native.predict(
                self.service,
                name,
                through,
                numbers,
                texts,
                vouchers=self.store if way == "vouchers" else None,
                in_flight=in_flight,
                progress=progress or _showing(len(numbers), "records"),
                stop=stop,
            )
        except (CardError, ServiceError):
            # The model may have been replaced: another call fetches its card.
            self._forget(name)
            raise
        if outcome.replaced:
            self._forget(name)
        return predictions(card._card, outcome, kind, by_service=True)

    def fill_vouchers(self, name: str, count: int, progress: Progress, stop: Stop) -> int:
        if count < 1:
            raise VoucherError("make one voucher at least")
        store = self._store()
        offered = self.card(name, stop).ways
        if "vouchers" not in offered:
            raise WayError(f"the model {name!r} isn't offered for vouchers, but: {', '.join(offered)}")
        session = self.session(name, stop)._session
        progress = progress or _showing(count, "vouchers")
        return _native.fill_vouchers(self.service, name, session, store, count, progress=progress, stop=stop)

    def vouchers(self, name: str, stop: Stop) -> int:
        return self._store().count(self.card(name, stop)._card)

    def _way(self, card: Card, way: Optional[str], count: int) -> str:
        """The way that a prediction takes."""
        offered = card.ways
        if way is not None and way not in WAYS:
            raise WayError(f"there is no way {way!r}: say {', '.join(WAYS)}")
        if way is not None and way not in offered:
            raise WayError(f"the model {card.name!r} isn't offered in the way {way!r}, but: {', '.join(offered)}")
        if way is None:
            if self.key is None or offered == ["sealed"]:
                if "sealed" not in offered:
                    raise WayError(f"the model {card.name!r} isn't offered sealed, so a key is needed: Client(url, key=…)")
                return "sealed"
            way = "vouchers" if "vouchers" in offered and self.store is not None else "direct"
            if way == "direct" and way not in offered:
                raise WayError(
                    f"the model {card.name!r} is offered only in the ways {', '.join(offered)}: name a folder of vouchers,"
                    " Client(url, key=…, vouchers=…), and fill it"
                )
            if "direct" in offered:
                return way  # What vouchers don't do, encryption does.
        if way == "vouchers" and self._store().count(card._card) < count:
            there = self._store().count(card._card)
            raise VoucherError(f"there are {there} vouchers for {count} records: make more with fill_vouchers")
        return way

    def _store(self) -> _native.Vouchers:
        if self.store is None:
            raise WayError("the client has no folder of vouchers: name one, Client(url, key=…, vouchers=…)")
        return self.store

    def _card(self, name: str, stop: Stop) -> tuple[Card, Optional[bytes]]:
        """A model's card, checked, and its public part: fetched once."""
        if name not in self.cards:
            card = Card(self.service.card(name, stop))
            if card.name != name:
                raise CardError(f"the service returned the card of {card.name!r} instead of {name!r}")
            most = card._card.public_part_bytes
            part = None if most is None else self.service.public_part(name, most, stop)
            self.cards[name] = card, part
        return self.cards[name]

    def _forget(self, name: str) -> None:
        self.cards.pop(name, None)
        self.sessions.pop(name, None)
        self.sealed.pop(name, None)


def _showing(total: int, unit: str) -> Progress:
    """What shows the progress of a call as ``vc.progress`` says."""
    return lambda done: step(done, total, unit)
