"""What predictions will cost: bytes and times, by layout and by way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Optional, Union

from veilcast import _native
from veilcast.cards import Card
from veilcast.keys import DEFAULT_BITS
from veilcast.models import Model

__all__ = ["Effort", "LayoutPlan", "Plan", "WayPlan", "plan"]


@dataclass(frozen=True)
class LayoutPlan:
    """What is predicted for a layout: how numbers are packed into ciphertexts."""

    layout: str
    upload: str
    """``full``, or ``seeded``, whose entries are made ahead of time."""
    features_per_ciphertext: Optional[int]
    scores_per_answer: Optional[int]
    requests: int
    ciphertexts_up: int
    ciphertexts_down: int
    bytes_up: int
    bytes_down: int
    encrypt_ms: float
    service_ms: float
    decrypt_ms: float
    link_ms: float
    total_ms: float


@dataclass(frozen=True)
class Effort:
    """What the client, the service and the link have to do."""

    client_ms: float
    service_ms: float
    bytes_up: int
    bytes_down: int


@dataclass(frozen=True)
class WayPlan:
    """What a way of predicting takes, and what it rests on."""

    way: str
    ahead: Optional[Effort]
    """Before the records are known."""
    online: Effort
    """Once they are."""
    records_hidden_by: str
    weights_hidden_by: str


@dataclass(frozen=True, repr=False)
class Plan:
    """What predictions will cost. Printed, it is the table of ``veilcast inspect``."""

    key_bits: int
    records: int
    link_mbit_per_second: float
    products: str
    """``counted``, or ``estimated`` where only the card is known."""
    chosen: Optional[LayoutPlan]
    """The best layout with a full upload; none if the model isn't offered to encrypted records."""
    chosen_with_entries: Optional[LayoutPlan]
    """The best one if entries of a seeded upload were made ahead of time."""
    candidates: tuple[LayoutPlan, ...]
    """All layouts, the best first."""
    ways: tuple[WayPlan, ...]
    """The ways of predicting, side by side."""
    text: str
    """The same for people."""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def plan(
    what: Union[Model, Card],
    records: int = 1,
    *,
    key_bits: int = DEFAULT_BITS,
    link: Optional[float] = None,
) -> Plan:
    """Predicts what predictions of some records take, for a model, or for a card, whose products can only be estimated.

    Args:
        what: The model or its card.
        records: How many records.
        key_bits: The size of the key: 2048, 3072 or 4096.
        link: The speed of the link between client and service in Mbit/s; 100 if it isn't given.

    Raises:
        ValueRangeError: if there are no keys of that size, or the speed isn't a positive number.
    """
    if isinstance(what, Model):
        text, data = _native.plan_for_model(what._model, records, key_bits, link)
    else:
        text, data = _native.plan_for_card(what._card, records, key_bits, link)
    return _parsed(text, json.loads(data))


def _parsed(text: str, data: dict[str, Any]) -> Plan:
    def layout(line: dict[str, Any]) -> LayoutPlan:
        optional = {"features_per_ciphertext": None, "scores_per_answer": None}
        return LayoutPlan(**{**optional, **line})

    def way(line: dict[str, Any]) -> WayPlan:
        ahead = None if line["ahead"] is None else Effort(**line["ahead"])
        return WayPlan(**{**line, "ahead": ahead, "online": Effort(**line["online"])})

    chosen, with_entries = data["chosen"], data["chosen_with_entries"]
    return Plan(
        key_bits=data["key_bits"],
        records=data["records"],
        link_mbit_per_second=data["link_mbit_per_second"],
        products=data["products"],
        chosen=layout(chosen) if chosen else None,
        chosen_with_entries=layout(with_entries) if with_entries else None,
        candidates=tuple(map(layout, data["candidates"])),
        ways=tuple(map(way, data["ways"])),
        text=text,
    )
