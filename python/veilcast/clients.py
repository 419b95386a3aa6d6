"""Predictions by a service, which sees only encrypted records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional, TypeVar

from veilcast import _native
from veilcast._calls import Calls, Path, Progress, Stop
from veilcast.cards import Card
from veilcast.keys import Key
from veilcast.predictions import Predictions, check_probabilities, probabilities
from veilcast.sessions import SealedModel, Session

__all__ = ["AsyncClient", "Client"]

T = TypeVar("T")


class Client:
    """Predictions by a service, which sees only encrypted records.

    Args:
        url: The service's address. Without TLS a token is only sent to this machine.
        key: The data owner's key, which stays here. Sealed models need none.
        token: Who asks, if the service wants to know: secret.
        vouchers: A folder for vouchers, made ahead of time by :meth:`fill_vouchers`: as secret as the records.
        authorities: A file of certificates, in PEM, of authorities to trust beside this machine's own.

    Raises:
        ServiceError: if the address or the token can't be right.
    """

    __slots__ = ("_calls",)

    def __init__(
        self,
        url: str,
        *,
        key: Optional[Key] = None,
        token: Optional[str] = None,
        vouchers: Optional[Path] = None,
        authorities: Optional[Path] = None,
    ) -> None:
        self._calls = Calls(url, key, token, vouchers, authorities)

    def models(self) -> list[str]:
        """The names of the service's models.

        Raises:
            ServiceError: if the service can't be reached, or refuses.
        """
        return self._calls.models(None)

    def card(self, name: str) -> Card:
        """A model's card: it is fetched once, and again when the model was replaced.

        Raises:
            ServiceError: if the service can't be reached, or has no such model.
            CardError: if the card isn't valid.
        """
        return self._calls.card(name, None)

    def session(self, name: str) -> Session:
        """The session for a model, with the client's key.

        Raises:
            ServiceError: if the service can't be reached, or has no such model.
            CardError: if its card can't be used with the key.
            WayError: if the client has no key.
        """
        return self._calls.session(name, None)

    def sealed_model(self, name: str) -> SealedModel:
        """A sealed model, whose encrypted weights are fetched once, and kept with the system's other cached files.

        Raises:
            ServiceError: if the service can't be reached, or has no such model.
            WayError: if the model isn't offered sealed.
            SealedError: if its weights can't be used.
        """
        return self._calls.sealed_model(name, None)

    def predict(
        self,
        name: str,
        records: Any,
        *,
        way: Optional[str] = None,
        in_flight: Optional[int] = None,
        progress: Progress = None,
    ) -> Predictions:
        """What a model says about records, however many: as for :meth:`Session.encrypt`.

        They are sent in requests of a few thousand ciphertexts, several at a time. A service that is busy or restarts is
        asked again, what is refused as too large is sent in halves, and if the service replaces the model meanwhile, the
        rest goes to the new one if that takes the same records. What is sent does not depend on answers.

        Args:
            name: The model's name.
            records: The records.
            way: ``direct`` encrypts the records; ``vouchers`` masks them by vouchers made before; ``sealed`` computes on
                the model's encrypted weights. If it isn't given: vouchers as long as there are enough for a request
                where the client has a folder of them, ``sealed`` where there is no key or no other way is offered, and
                ``direct`` otherwise.
            in_flight: The requests under way at a time; 3 if it isn't given.
            progress: Called with the number of records that are done; an exception in it ends the call. If it isn't
                given, :func:`veilcast.progress` decides.

        Raises:
            RecordError: if a record isn't one that the model takes.
            WayError: if the model isn't offered in that way, or the client has no key or folder for it.
            VoucherError: if there aren't as many vouchers as records.
            ServiceError: if the service can't be reached, or refuses.
        """
        return self._calls.predict(name, records, way, in_flight, progress, None)

    def predict_proba(
        self,
        name: str,
        records: Any,
        *,
        way: Optional[str] = None,
        in_flight: Optional[int] = None,
        progress: Progress = None,
    ) -> Any:
        """The probability of each class for each record: a table of the kind that the records came in, with a column for
        each class, or an array of the shape (records, classes).

        Raises:
            CardError: if the model gives no probabilities.
            MessageError: if an answer can't be right.
            RecordError: and all others as for :meth:`predict`.
        """
        card = self._calls.card(name, None)._card
        check_probabilities(card)
        return probabilities(card, self.predict(name, records, way=way, in_flight=in_flight, progress=progress))

    def fill_vouchers(self, name: str, count: int, *, progress: Progress = None) -> int:
        """Makes vouchers for a model, and keeps them in the client's folder; returns how many were made.

        A voucher is for one record. Making it takes what the encryption and the service's work would take; the record
        itself is then sent masked, and answered at once.

        Raises:
            VoucherError: if they can't be made or kept.
            WayError: if the model isn't offered for vouchers, or the client has no folder for them.
            ServiceError: if the service can't be reached, or refuses.
        """
        return self._calls.fill_vouchers(name, count, progress, None)

    def vouchers(self, name: str) -> int:
        """How many vouchers are left for a model.

        Raises:
            VoucherError: if the folder can't be read, or belongs to another key.
            WayError: if the client has no folder for them.
        """
        return self._calls.vouchers(name, None)

    def __repr__(self) -> str:
        return f"<Client of {self._calls.service!r}>"


class AsyncClient:
    """The same for asyncio: every method is awaited. A task that is cancelled ends its requests.

    Args:
        url: As for :class:`Client`, like all others.

    Raises:
        ServiceError: if the address or the token can't be right.
    """

    __slots__ = ("_calls",)

    def __init__(
        self,
        url: str,
        *,
        key: Optional[Key] = None,
        token: Optional[str] = None,
        vouchers: Optional[Path] = None,
        authorities: Optional[Path] = None,
    ) -> None:
        self._calls = Calls(url, key, token, vouchers, authorities)

    async def models(self) -> list[str]:
        """As :meth:`Client.models`."""
        return await _off_the_loop(self._calls.models)

    async def card(self, name: str) -> Card:
        """As :meth:`Client.card`."""
        return await _off_the_loop(lambda stop: self._calls.card(name, stop))

    async def session(self, name: str) -> Session:
        """As :meth:`Client.session`."""
        return await _off_the_loop(lambda stop: self._calls.session(name, stop))

    async def sealed_model(self, name: str) -> SealedModel:
        """As :meth:`Client.sealed_model`."""
        return await _off_the_loop(lambda stop: self._calls.sealed_model(name, stop))

    async def predict(
        self,
        name: str,
        records: Any,
        *,
        way: Optional[str] = None,
        in_flight: Optional[int] = None,
        progress: Progress = None,
    ) -> Predictions:
        """As :meth:`Client.predict`; ``progress`` is called in the event loop."""
        told = _in_the_loop(progress)
        return await _off_the_loop(lambda stop: self._calls.predict(name, records, way, in_flight, told, stop))

    async def predict_proba(
        self,
        name: str,
        records: Any,
        *,
        way: Optional[str] = None,
        in_flight: Optional[int] = None,
        progress: Progress = None,
    ) -> Any:
        """As :meth:`Client.predict_proba`; ``progress`` is called in the event loop."""
        card = (await self.card(name))._card
        check_probabilities(card)
        predicted = await self.predict(name, records, way=way, in_flight=in_flight, progress=progress)
        return probabilities(card, predicted)

    async def fill_vouchers(self, name: str, count: int, *, progress: Progress = None) -> int:
        """As :meth:`Client.fill_vouchers`; ``progress`` is called in the event loop."""
        told = _in_the_loop(progress)
        return await _off_the_loop(lambda stop: self._calls.fill_vouchers(name, count, told, stop))

    async def vouchers(self, name: str) -> int:
        """As :meth:`Client.vouchers`."""
        return await _off_the_loop(lambda stop: self._calls.vouchers(name, stop))

    def __repr__(self) -> str:
        return f"<AsyncClient of {self._calls.service!r}>"


async def _off_the_loop(call: Callable[[Stop], T]) -> T:
    """A call in another thread, which ends when the task is cancelled."""
    # Loading it takes a fifth of the package's time.
    import asyncio

    stop = _native.Stop()
    try:
        return await asyncio.to_thread(call, stop)
    except asyncio.CancelledError:
        stop.set()
        raise


def _in_the_loop(progress: Progress) -> Progress:
    """A function that has another called in the event loop, from any thread."""
    if progress is None:
        return None
    import asyncio

    loop = asyncio.get_running_loop()
    return lambda done: loop.call_soon_threadsafe(progress, done)
