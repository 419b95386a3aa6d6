"""What processes of a cluster keep between calls: models and sessions, opened once each; and how many threads they compute in."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sys
from typing import Any, NamedTuple, Optional, Union

from veilcast.cards import Card
from veilcast.errors import CardError, ModelError, SecretError
from veilcast.keys import Key
from veilcast.models import Model
from veilcast.sessions import SealedModel, Session

Path = Union[str, "os.PathLike[str]"]

_models: dict[tuple[str, Optional[str]], tuple[Any, Model]] = {}
_sessions: dict[tuple[str, bytes], tuple[Any, Union[Session, SealedModel]]] = {}
_secrets: dict[str, tuple[Any, bytes]] = {}


class Owner(NamedTuple):
    """What a data owner's task needs: a card, and where its worker finds the key, or a sealed model's weights."""

    card: bytes
    key: str
    public_part: Optional[bytes] = None
    is_sealed: bool = False

    def session(self) -> Union[Session, SealedModel]:
        """The session, or the sealed model, opened anew if the file has changed.

        Raises:
            FileNotFoundError: if the worker has no such file.
        """
        stamp, place = stamp_of(self.key), (self.key, self.card)
        known = _sessions.get(place)
        if known is None or known[0] != stamp:
            use_few_threads()
            known = _sessions[place] = (stamp, self._opened())
        return known[1]

    def _opened(self) -> Union[Session, SealedModel]:
        card = Card(self.card)
        if not self.is_sealed:
            return Session(card, Key.load(self.key), self.public_part)
        with open(self.key, "rb") as file:
            return SealedModel(card, file.read(), self.public_part)

    def name(self, content: bytes) -> str:
        """A name for a batch, which tells nobody else anything about what is in it.

        It depends on the content, so that a task that is retried gives the same name. Not for a sealed model: its records' owner has
        no secret for that, and what opens the answers differs with each try anyway, so the name is random.
        """
        if self.is_sealed:
            return secrets.token_hex(16)
        stamp = stamp_of(self.key)
        known = _secrets.get(self.key)
        if known is None or known[0] != stamp:
            with open(self.key, "rb") as file:
                secret = hashlib.sha256(b"names of veilcast's batches\0" + file.read()).digest()
            known = _secrets[self.key] = (stamp, secret)
        return hmac.new(known[1], content, "sha256").hexdigest()[:32]


def owner(
    card: Union[Card, Path], key: Optional[Path], public_part: Optional[Path] = None, sealed: Optional[Path] = None
) -> Owner:
    """What tasks need, by what a caller names: the path of a key, or of a sealed model's weights.

    Raises:
        SecretError: if the key itself is given, or the weights in place of their path.
        TypeError: if both are given, or neither.
    """
    path, is_sealed = (key, False) if sealed is None else (sealed, True)
    if path is None or (key is not None and is_sealed):
        raise TypeError("give the path of the key, key='/mnt/keys/key.json', or that of a sealed model's weights, sealed='/mnt/sealed.bin'")
    if not isinstance(path, (str, os.PathLike)):
        if is_sealed:
            raise SecretError("give the path of the sealed weights, sealed='/mnt/sealed.bin': each worker reads the file itself")
        raise SecretError(
            "give the path of the key's file, key='/mnt/keys/key.json': a key that is handed over here would be written into "
            "the job, and to the disks and logs of all machines that it passes; each worker reads the file itself"
        )
    card = card if isinstance(card, Card) else Card.load(card)
    if is_sealed and "sealed" not in card.ways:
        raise CardError(f"the model {card.name!r} isn't sealed: encrypt its records with a key")
    if not is_sealed and "direct" not in card.ways:
        ways = ", ".join(card.ways)
        raise CardError(
            f"the model {card.name!r} is offered by {ways} alone: tables hold encrypted records, since vouchers are good only "
            "once, and a task that is retried would use them twice"
        )
    part = None
    if public_part is not None:
        with open(public_part, "rb") as file:
            part = file.read()
    # Wrong ones are told now, and not by a worker.
    return Owner(card.json, os.path.abspath(path), part, is_sealed)


def model(directory: str, digest: Optional[str] = None, sealing_key: Optional[str] = None) -> Model:
    """The model of a directory, with the key at this path if it is sealed, opened anew if its files have changed.

    Raises:
        ModelError: if its card isn't the one with this digest any more.
    """
    stamp = (stamp_of(directory), sealing_key and stamp_of(sealing_key))
    known = _models.get((directory, sealing_key))
    if known is None or known[0] != stamp:
        use_few_threads()
        key = None if sealing_key is None else Key.load(sealing_key)
        known = _models[directory, sealing_key] = (stamp, Model.load(directory, sealing_key=key))
    if digest is not None and known[1].card.digest != digest:
        raise ModelError(
            f"the model in {directory} has changed since the job began: its card was {digest}, and is"
            f" {known[1].card.digest} now; begin again, or put the old model back"
        )
    return known[1]


def digest_in(directory: str) -> Optional[str]:
    """The digest of a model's card, if this machine has the model."""
    card = os.path.join(directory, "card.json")
    return Card.load(card).digest if os.path.exists(card) else None


def stamp_of(path: str) -> Any:
    """What changes when a file, or a file of a folder, does."""
    entries = sorted(os.scandir(path), key=lambda entry: entry.name) if os.path.isdir(path) else []
    states = [os.stat(path), *(entry.stat() for entry in entries if entry.is_file())]
    return [(state.st_mtime_ns, state.st_size, state.st_ino) for state in states]


def use_few_threads() -> None:
    """In a worker of Spark's, of which each core has one, computes in as many threads as its task has cores. Other processes
    use all."""
    if "RAYON_NUM_THREADS" in os.environ:
        return
    pyspark = sys.modules.get("pyspark")
    task = getattr(pyspark, "TaskContext", None)
    context = None if task is None else task.get()
    if context is not None:
        os.environ["RAYON_NUM_THREADS"] = str(max(context.cpus(), 1))
