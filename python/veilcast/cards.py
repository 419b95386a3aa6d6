"""A model's public card."""

from __future__ import annotations

import os
from typing import Any, Optional, Union

from veilcast import _native

__all__ = ["Card"]

Path = Union[str, "os.PathLike[str]"]


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

    @property
    def ways(self) -> list[str]:
        """The ways in which the model is offered: ``direct``, ``vouchers``, ``sealed``."""
        return self._card.ways

    def __repr__(self) -> str:
        return f"<Card of {self.name!r}, version {self.version}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Card, (self.json,)
