"""How far long calls have come: bars by tqdm where it is installed, or a function of the caller's."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Union

__all__ = ["Progress", "progress"]

Progress = Union[bool, Callable[[int, int], object], None]
"""Whether to show a bar, or what to call with the numbers done and in total. ``None`` shows one where somebody sees it."""

_DELAY = 1.0
"""Calls that take fewer seconds show nothing, unless a bar was asked for."""

_chosen: ContextVar[Progress] = ContextVar("veilcast_progress", default=None)
_shown = threading.local()


@contextmanager
def progress(show: Progress = True) -> Iterator[None]:
    """Within ``with``, how long calls show their progress: operators, which take no options, and clients, too.

    >>> import veilcast as vc
    >>> steps = []
    >>> with vc.progress(lambda done, total: steps.append((done, total))):
    ...     pass  # encrypted = key.encrypt(numbers)

    Args:
        show: ``True`` for tqdm's bar, ``False`` for none, or a function of two integers: how many numbers
            (a client's records or vouchers) are done, and how many there are. It is called a few times a second. ``None``, the default
            otherwise, shows a bar for calls of more than a second if tqdm is installed and the standard
            error stream is a terminal or a notebook.

    Raises:
        ImportError: if a bar is asked for and tqdm isn't installed.
    """
    if show is True:
        _bars()
    token = _chosen.set(show)
    try:
        yield
    finally:
        _chosen.reset(token)
        _close()


def step(done: int, total: int, unit: str = "numbers") -> None:
    """Called between the slices of a call that has more than one, and as a service answers."""
    show = _chosen.get()
    if callable(show):
        show(done, total)
    elif show or (show is None and _is_seen()):
        _advance(done, total, unit, 0.0 if show else _DELAY)


def _advance(done: int, total: int, unit: str, delay: float) -> None:
    bar = getattr(_shown, "bar", None)
    if bar is not None and (bar.total != total or bar.n > done):
        # Of a call that ended with an exception.
        _close()
        bar = None
    if bar is None:
        bar = _shown.bar = _bars()(total=total, delay=delay, leave=False, unit=f" {unit}", unit_scale=True)
    bar.update(done - bar.n)
    if done >= total:
        _close()


def _close() -> None:
    bar = getattr(_shown, "bar", None)
    if bar is not None:
        _shown.bar = None
        bar.close()


def _bars() -> Any:
    from tqdm import tqdm  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return tqdm


def _is_seen() -> bool:
    """Whether somebody would see a bar, and there can be one."""
    stream = sys.stderr
    if "ipykernel" not in sys.modules and not (stream is not None and stream.isatty()):
        return False
    try:
        _bars()
    except ImportError:
        return False
    return True
